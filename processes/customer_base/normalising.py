"""One way to write an e-mail address, a phone number, a company name and a country (pure functions).

clean_contact({"email": " Ann@Example.COM ", "phone": "010 6552 9988", "country": "中国"})
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers
from babel import Locale
from email_validator import EmailNotValidError, validate_email

from engine.errors import InvalidInput

COUNTRY_ALIASES = {
    "uk": "GB", "great britain": "GB", "england": "GB", "usa": "US", "u.s.": "US", "u.s.a.": "US", "america": "US",
    "prc": "CN", "p.r. china": "CN", "mainland china": "CN", "中华人民共和国": "CN", "大陆": "CN", "hong kong": "HK",
    "香港": "HK", "taiwan": "TW", "台湾": "TW", "korea": "KR", "holland": "NL", "deutschland": "DE",
}  # fmt: skip
LEGAL_FORMS = (
    "股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "集团公司", "分公司", "公司", "集团",
    "incorporated", "corporation", "aktiengesellschaft", "limited", "gmbh", "corp", "inc", "llc", "ltd", "plc", "ag",
    "kg", "kgaa", "sa", "bv", "nv", "srl", "spa", "sas", "oy", "oyj", "ab", "as", "pty", "pte", "bhd", "sdn", "company",
    "co", "group", "&",
)  # fmt: skip
_LATIN_FORMS = {form for form in LEGAL_FORMS if form.isascii()}
_CHINESE_FORMS = tuple(form for form in LEGAL_FORMS if not form.isascii())
_BRACKETS = str.maketrans("（）【】［］", "()[][]")


def normalise_email(text: str) -> str:
    """The address in lower case, checked for syntax (not for delivery).

    >>> normalise_email(" Ann.Lee@Example.COM ")
    'ann.lee@example.com'
    """
    cleaned = unicodedata.normalize("NFKC", text).strip().strip("<>;,").removeprefix("mailto:")
    try:
        return validate_email(cleaned, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInput(f"An e-mail address like name@company.com was expected, found '{text}': {error}") from error


def normalise_phone(text: str, country: str | None = None) -> str:
    """The number in E.164; `country` (ISO alpha-2) reads national numbers, China by default.

    >>> normalise_phone("138 0013 8000", "CN")
    '+8613800138000'
    """
    cleaned = unicodedata.normalize("NFKC", text).strip()
    international = "+" + cleaned[2:] if cleaned.startswith("00") else cleaned
    try:
        number = phonenumbers.parse(international, (country or "CN").upper())
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        pass
    raise InvalidInput(
        f"A phone number was expected, found '{text}': write it with its country code, such as +86 10 6552 9988."
    )


def normalise_country(text: str) -> str:
    """The ISO 3166 alpha-2 code for a code or an English or Chinese name.

    >>> normalise_country("德国"), normalise_country("de"), normalise_country("Germany")
    ('DE', 'DE', 'DE')
    """
    cleaned = " ".join(unicodedata.normalize("NFKC", text).split())
    code = _country_names().get(cleaned.casefold())
    if code is None:
        raise InvalidInput(f"A country was expected, found '{text}': write its name or two-letter code, such as CN.")
    return code


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    names = dict(COUNTRY_ALIASES)
    for language in ("en", "zh"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"):
                names[name.casefold()] = names[code.casefold()] = code
    return names


def normalise_company(text: str) -> str:
    """The name as it is shown: one kind of brackets and spaces, shouting undone.

    >>> normalise_company("  ACME   VALVES  LTD ")
    'Acme Valves Ltd'
    """
    cleaned = " ".join(unicodedata.normalize("NFKC", text.translate(_BRACKETS)).split())
    if cleaned.isascii() and cleaned.isupper() and len(cleaned) > 6 and " " in cleaned:
        return cleaned.title()
    return cleaned


def name_core(text: str) -> str:
    """What makes a name this name: lower case, no legal form, no punctuation. Two spellings of one company meet here.

    >>> name_core("Acme Valves Co., Ltd."), name_core("上海华东机械有限公司")
    ('acme valves', '上海华东机械')
    """
    cleaned = unicodedata.normalize("NFKC", text.translate(_BRACKETS)).casefold()
    cleaned = "".join(letter for letter in unicodedata.normalize("NFD", cleaned) if not unicodedata.combining(letter))
    for form in _CHINESE_FORMS:
        cleaned = cleaned.replace(form, "")
    words = re.sub(r"[^\w&]+", " ", cleaned.replace(".", "").replace("'", "")).split()
    while len(words) > 1 and words[-1] in _LATIN_FORMS:
        words.pop()
    return " ".join(words).replace("_", " ").strip()


@dataclass(frozen=True)
class CleanContact:
    """Values in their one form, and what could not be read (`problems`: field → why)."""

    values: dict[str, Any]
    problems: dict[str, str]

    @property
    def is_usable(self) -> bool:
        """One can reach this contact: it has a name or company, and an e-mail address or phone number."""
        named = self.values.get("company") or self.values.get("contact_name") or self.values.get("name")
        return bool(named and (self.values.get("email") or self.values.get("phone")))


def clean_contact(raw: Mapping[str, Any]) -> CleanContact:
    """The contact fields of a lead, ticket or form (`email phone company contact_name name country city language …`).

    A field that cannot be read is left out and named in `problems`; nothing raises.
    """
    values = {key: value.strip() if isinstance(value, str) else value for key, value in raw.items()}
    values = {key: value for key, value in values.items() if value not in ("", None)}
    problems: dict[str, str] = {}
    _apply(values, problems, "country", normalise_country)
    _apply(values, problems, "email", normalise_email)
    _apply(values, problems, "phone", lambda text: normalise_phone(text, values.get("country")))
    for field in ("company", "name", "contact_name"):
        _apply(values, problems, field, normalise_company)
    if "country" not in values and "phone" in values:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(values["phone"]))
        if region:
            values["country"] = region
    return CleanContact(values, problems)


def _apply(values: dict[str, Any], problems: dict[str, str], field: str, normalise: Any) -> None:
    if field not in values:
        return
    try:
        values[field] = normalise(str(values[field]))
    except InvalidInput as error:
        problems[field] = str(error)
        del values[field]
