"""Finds what has a form of its own: addresses of mail and web, telephone, tax, account, card and order numbers.

Where a number has a check digit it is checked, so that a lookalike is no finding.
"""

import re
from collections.abc import Iterator
from datetime import date

import phonenumbers

from practice_repo.screening.dictionaries import PUBLIC_CODES, RESERVED_DOMAINS, TOP_LEVEL_DOMAINS, VENDOR_DOMAINS
from practice_repo.screening.finding import CERTAIN, LIKELY, Span

MAIL = re.compile(r"[A-Za-z0-9_.+%-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
URL = re.compile(
    r"(?:https?|ftp|sftp|ldaps?|jdbc:\w+)://(?:[^\s/@\"'<>]*@)?([A-Za-z0-9.-]+)(?::\d+)?[^\s\"'<>)\]},;,。;)》]*"
)
DOMAIN = re.compile(
    r"(?<![A-Za-z0-9_À-ÿ@.-])(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:"
    + "|".join(TOP_LEVEL_DOMAINS)
    + r")(?![A-Za-z0-9_À-ÿ-]|\.[A-Za-z0-9_À-ÿ])"
)
ADDRESS = re.compile(r"(?<![A-Za-z0-9_À-ÿ.])(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9_À-ÿ.])")
PATH = re.compile(
    r"(?<![A-Za-z0-9_À-ÿ])"
    r"(?:[A-Za-z]:\\(?:[\w .-]+\\)*[\w .-]+|\\\\[\w.-]+\\[\w .\\-]+|/(?:home|Users|mnt|srv)/[\w./-]+)"
)
PHONE_REGIONS = ("CN", "DE", "US", "GB")
INTERNATIONAL = re.compile(r"(?<![A-Za-z0-9_À-ÿ+])(?:\+|00)[1-9](?:[ ()/.-]{0,2}\d){6,14}(?!\d)")
CHINESE_MOBILE = re.compile(r"(?<![A-Za-z0-9_À-ÿ.+-])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![A-Za-z0-9_À-ÿ-])")
CHINESE_LANDLINE = re.compile(
    r"(?<![A-Za-z0-9_À-ÿ.+-])(?:0\d{2,3}-\d{7,8}|[48]00-\d{3}-?\d{4})(?:-\d{1,5})?(?![A-Za-z0-9_À-ÿ-])"
)
PHONE_WORD = re.compile(
    r"(?i)(?<![A-Za-z])(?:phone|tel|telephone|mobile|fax|hotline|call|ext)(?![A-Za-z])\.?:?|电话|手机|传真|热线|致电|联系方式"
)
GROUPED = re.compile(r"(?<![A-Za-z0-9_À-ÿ.])\(?\d{2,5}\)?[ ./-]\d{2,4}(?:[ ./-]?\d{2,5}){1,3}(?![A-Za-z0-9_À-ÿ])")
CREDIT_CODE = re.compile(r"(?<![A-Za-z0-9])[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![A-Za-z0-9])")
CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
IDENTITY_CARD = re.compile(r"(?<![A-Za-z0-9])\d{17}[\dXx](?![A-Za-z0-9])")
VAT = re.compile(
    r"(?<![A-Za-z0-9])(?:ATU\d{8}|BE[01]\d{9}|BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}|DE ?\d{9}|DK\d{8}|EE\d{9}|EL\d{9}|"
    r"ES[A-Z0-9]\d{7}[A-Z0-9]|FI\d{8}|FR[A-Z0-9]{2}\d{9}|GB\d{9}(?:\d{3})?|HR\d{11}|HU\d{8}|IE\d[A-Z0-9+*]\d{5}[A-Z]{1,2}|"
    r"IT\d{11}|LT(?:\d{9}|\d{12})|LU\d{8}|LV\d{11}|MT\d{8}|NL\d{9}B\d{2}|PL\d{10}|PT\d{9}|RO\d{6,10}|SE\d{12}|SI\d{8}|"
    r"SK\d{10}|CHE-?\d{3}\.?\d{3}\.?\d{3}(?: ?MWST)?)(?![A-Za-z0-9])"
)
EMPLOYER = re.compile(r"(?<![A-Za-z0-9_À-ÿ-])\d{2}-\d{7}(?![A-Za-z0-9_À-ÿ-])")
SOCIAL_SECURITY = re.compile(r"(?<![A-Za-z0-9_À-ÿ-])\d{3}-\d{2}-\d{4}(?![A-Za-z0-9_À-ÿ-])")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])")
BIC_WORD = re.compile(
    r"(?i)(?<![A-Za-z])(?:BIC|SWIFT)(?![A-Za-z])[^A-Z0-9]{0,6}([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)(?![A-Za-z0-9])"
)
CARD = re.compile(r"(?<![A-Za-z0-9_À-ÿ-])(?:\d[ -]?){12,18}\d(?![A-Za-z0-9_À-ÿ-])")
CARD_BEGINNINGS = ("4", "51", "52", "53", "54", "55", "2221", "34", "37", "62", "6011", "65", "35", "30", "36", "38")
FEWEST_DIGITS = {"tax_number": 5, "account": 5}  # "tax 0.19" is a rate
NUMBER = r"[A-Za-z0-9][A-Za-z0-9/._-]*\d[A-Za-z0-9/_-]*"
THING = (
    "order|customer|contract|invoice|quote|purchase order|case|ticket|serial|policy|employee|staff|project|PO|SO|"
    "article|part|delivery|RMA"
)
CHINESE_THING = "订单|客户|合同|发票|报价单|工单|序列|保单|员工|工|项目|采购单|单|发货单|批"
LABELLED = (
    ("tax_number", "(?:VAT|tax|EIN|TIN|USt-?Id(?:Nr)?|Steuernummer|SIRET|SIREN|GST)(?: ?(?:no|number|id|code|reg))*"),
    ("tax_number", "(?:税号|纳税人识别号|统一社会信用代码|信用代码|组织机构代码|营业执照(?:号|编号)?)"),
    ("account", "(?:bank )?(?:account|acct|a/c|Konto(?:nummer)?|sort code|routing)(?: ?(?:no|number|nr))*"),
    ("account", "(?:银行账号|银行帐号|账号|帐号|收款账户|付款账户|开户行及账号|卡号)"),
    ("number", f"(?:{THING})(?: ?(?:no|number|nr|id|#))+"),
    ("number", f"(?:{CHINESE_THING})(?:编?号|号码)"),
    ("number", "(?:Kunden|Auftrags|Bestell|Rechnungs|Vertrags|Liefer|Personal|Serien)-?(?:nummer|nr\\.?)"),
    ("number", "(?:微信号?|QQ号?|WeChat(?: ID)?|Skype|Telegram|WhatsApp|LINE ID|支付宝账号)"),
    ("identity_card", "(?:passport|identity card|ID card|driving licen[cs]e)(?: ?(?:no|number|nr))*"),
    ("identity_card", "(?:身份证(?:号码?)?|护照(?:号码?)?|证件号码?)"),
)
CODE = re.compile(
    r"(?<![A-Za-z0-9_À-ÿ./#-])"
    r"([A-Z]{2,6})[-/ ]?(?:\d{4,}(?:[-/]\d+)*|(?:19|20)\d{2}[-/]\d{2,})(?![A-Za-z0-9_À-ÿ-]|\.\d)"
)


def _compiled(words: str) -> re.Pattern:
    return re.compile(rf"(?i)(?<![A-Za-z]){words}[\s.::#=是为]{{0,4}}({NUMBER})")


SPACED = r"(?:[A-Z]{2,3} ?)?\d{2,4}(?:[ ./-]\d{2,5}){1,5}"
LABELLED_PATTERNS = (
    *((kind, _compiled(words)) for kind, words in LABELLED),
    *((kind, re.compile(_compiled(words).pattern.replace(NUMBER, SPACED))) for kind, words in LABELLED[:4]),
    ("number", re.compile(rf"(?i)(?<![A-Za-z])(?:{THING}|{CHINESE_THING}) ?[#:：]? ?(\d{{5,}})(?![\w.])")),
    (
        "number",
        re.compile(
            r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·.]?[A-Z0-9]{5,6})(?![A-Za-z0-9])"
        ),
    ),
)


def find_addresses(text: str) -> Iterator[Span]:
    """Mail addresses, web addresses, domains, network addresses and paths of a file system."""
    for match in MAIL.finditer(text):
        if not _is_reserved(match[1]):
            yield Span(*match.span(), "mail", CERTAIN)
    for match in URL.finditer(text):
        if not _is_public(match[1]):
            start, end = match.span()
            yield Span(start, start + len(text[start:end].rstrip(".,;:!?")), "url", CERTAIN)
    for match in DOMAIN.finditer(text):
        if not _is_public(match[0]) and not _looks_like_code(match[0]):
            yield Span(*match.span(), "url", LIKELY)
    for match in ADDRESS.finditer(text):
        if all(int(part) < 256 for part in match[0].split(".")):
            yield Span(*match.span(), "url", LIKELY)
    for match in PATH.finditer(text):
        yield Span(*match.span(), "path", LIKELY)


def find_numbers(text: str) -> Iterator[Span]:
    """Numbers that belong to one person, enterprise or case."""
    if not any(character.isdigit() for character in text):
        return
    yield from _phones(text)
    yield from _checked(text)
    for kind, pattern in LABELLED_PATTERNS:
        for match in pattern.finditer(text):
            if sum(character.isdigit() for character in match[1]) >= FEWEST_DIGITS.get(kind, 3):
                yield Span(*match.span(1), kind, LIKELY)
    for match in CODE.finditer(text):
        if match[1] not in PUBLIC_CODES:
            yield Span(*match.span(), "number", LIKELY)


def _phones(text: str) -> Iterator[Span]:
    for match in INTERNATIONAL.finditer(text):
        if 8 <= sum(character.isdigit() for character in match[0]) <= 15:
            yield Span(*match.span(), "phone", CERTAIN)
    for pattern in (CHINESE_MOBILE, CHINESE_LANDLINE):
        for match in pattern.finditer(text):
            yield Span(*match.span(), "phone", CERTAIN)
    if PHONE_WORD.search(text):
        for region in PHONE_REGIONS:
            for found in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE):
                if sum(character.isdigit() for character in found.raw_string) >= 6:
                    yield Span(found.start, found.end, "phone", LIKELY)
    elif GROUPED.search(text):
        for region in PHONE_REGIONS:
            for found in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
                if GROUPED.search(found.raw_string):
                    yield Span(found.start, found.end, "phone", LIKELY)


def _checked(text: str) -> Iterator[Span]:
    checks = (
        (CREDIT_CODE, "tax_number", is_credit_code),
        (IDENTITY_CARD, "identity_card", is_identity_card),
        (IBAN, "account", is_iban),
        (CARD, "card_number", is_card),
    )
    for pattern, kind, is_valid in checks:
        for match in pattern.finditer(text):
            if is_valid(match[0]):
                yield Span(*match.span(), kind, CERTAIN)
    for match in VAT.finditer(text):
        yield Span(*match.span(), "tax_number", CERTAIN)
    for match in EMPLOYER.finditer(text):
        yield Span(*match.span(), "tax_number", LIKELY)
    for match in SOCIAL_SECURITY.finditer(text):
        yield Span(*match.span(), "identity_card", LIKELY)
    for match in BIC_WORD.finditer(text):
        yield Span(*match.span(1), "account", CERTAIN)


def is_credit_code(text: str) -> bool:
    """Whether the check character of a unified social credit code (GB 32100-2015) is right.

    >>> is_credit_code("91310000MA1K30AB1X")
    False
    """
    total = sum(
        CREDIT_CHARACTERS.index(character) * pow(3, at, 31)
        for at, character in enumerate(text[:17])
        if character in CREDIT_CHARACTERS
    )
    return len(text) == 18 and CREDIT_CHARACTERS[-total % 31] == text[17]


def is_identity_card(text: str) -> bool:
    """Whether the date of birth and the check digit of a Chinese identity card (GB 11643-1999) are right."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, text, strict=False))
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return born.year >= 1900 and "10X98765432"[total % 11] == text[17].upper()


def is_iban(text: str) -> bool:
    """Whether the two check digits of an IBAN (ISO 13616) are right."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def is_card(text: str) -> bool:
    """Whether the digits are those of a payment card: a known beginning, and the sum of Luhn (ISO/IEC 7812)."""
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or not "".join(map(str, digits)).startswith(CARD_BEGINNINGS):
        return False
    doubled = [digit if at % 2 == 0 else digit * 2 - 9 * (digit > 4) for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_reserved(domain: str) -> bool:
    labels = domain.lower().rstrip(".").split(".")
    return ".".join(labels[-2:]) in RESERVED_DOMAINS or labels[-1] in RESERVED_DOMAINS


def _is_public(domain: str) -> bool:
    labels = domain.lower().rstrip(".").split(".")
    return _is_reserved(domain) or ".".join(labels[-2:]) in VENDOR_DOMAINS


def _looks_like_code(text: str) -> bool:
    """`order.no` and `item.in` are paths of variables; a domain in a text has a longer ending, or www before it."""
    labels = text.split(".")
    return len(labels) == 2 and labels[-1] in {"no", "in", "at", "it", "us", "be", "info", "site", "app"}
