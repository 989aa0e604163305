"""Finds names of persons, organisations, places and systems in plain text, English and Chinese.

There is no model behind it: dictionaries, forms of names and what stands around them. What a text shares with ordinary
words ("Sales rep", "高级") is no name; what only looks like one is of low certainty and waits for a decision.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from practice_repo.screening.dictionaries import (
    AMBIGUOUS_GIVEN_NAMES,
    CHINESE_COMPANY_SUFFIXES,
    CHINESE_HONORIFICS,
    CHINESE_PLACES,
    CHINESE_TRADES,
    COMMON_SURNAMES,
    COMPANIES,
    COMPANY_SUFFIXES,
    COUNTRIES,
    ENGLISH_CITIES,
    GIVEN_CHARACTERS,
    GIVEN_NAMES,
    HONORIFICS,
    NO_CHINESE_COMPANIES,
    NO_CHINESE_NAMES,
    ORDINARY_WORDS,
    PINYIN_SURNAMES,
    STREETS,
    SURNAMES,
    SYSTEMS,
    word_list,
)
from practice_repo.screening.finding import CERTAIN, LIKELY, POSSIBLE, Span


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


LETTER = "A-Za-z0-9_À-ÿ"
EDGE, END = f"(?<![{LETTER}])", f"(?![{LETTER}])"
WORD = rf"[A-ZÀ-ÖØ-Þ][{LETTER}'’]*(?:-[A-ZÀ-ÖØ-Þ]?[{LETTER}'’]+)*"
HAN = "[㐀-䶿一-鿿]"
PART = rf"(?:{WORD}|&|and|und|\d+)"
SUFFIXED = re.compile(rf"((?:{WORD}|\d+[A-Z]\w*)(?:[ ,]+{PART})*?),?[ ]+({_any_of(COMPANY_SUFFIXES)}){END}\.?")
TITLED = re.compile(rf"{EDGE}(?:{_any_of(HONORIFICS)})\.? ((?:[A-Z]\. ?)*{WORD}(?: {WORD}){{0,2}})")
BETWEEN = "(?: (?:van|von|de|der|den|da|di|del|la|le|bin|al)){0,2}"
TWO_NAMES = re.compile(rf"(?<![{LETTER}@.-])(?=({WORD})((?: [A-Z]\.)?{BETWEEN} {WORD}))")
ONE_NAME = re.compile(rf"(?<![{LETTER}@.-])({WORD})(?![{LETTER}@-])")
INITIAL = re.compile(rf"(?<![{LETTER}.])(?:[A-Z]\. ?){{1,2}}([A-Z][a-zß-ÿ]{{2,}}(?:-[A-Z][a-z]+)?){END}")
ROAD = r"(?:straße|strasse|str\.|weg|platz|allee|gasse) ?\d{1,4}[a-z]?"
ADDRESS = re.compile(
    rf"{EDGE}\d{{1,5}}[A-Za-z]?,? (?:{WORD} ){{1,4}}(?:{_any_of(STREETS)}){END}|"
    rf"{EDGE}{WORD} ?{ROAD}{END}|{EDGE}[A-ZÄÖÜ][a-zäöüß]+{ROAD}{END}"
)
LATIN_SYSTEMS = [name for name in SYSTEMS if name.isascii()]
CHINESE_SYSTEMS = set(SYSTEMS) - set(LATIN_SYSTEMS)
SYSTEM = re.compile(rf"(?<![{LETTER}-])(?:{_any_of(LATIN_SYSTEMS)}){END}|(?:{_any_of(CHINESE_SYSTEMS)})")
LATIN_COMPANIES = [name for name in COMPANIES if name[0] < "⺀"]
CHINESE_COMPANIES = set(COMPANIES) - set(LATIN_COMPANIES)
COMPANY = re.compile(rf"(?<![{LETTER}-])(?:{_any_of(LATIN_COMPANIES)}){END}|(?:{_any_of(CHINESE_COMPANIES)})")
KIND_OF_COMPANY = (
    "Bank|University|Hospital|Airlines|Airways|Motors|Electronics|Technologies|Pharma|Logistics|Foods|Steel"
)
DESCRIBED = re.compile(rf"{EDGE}({WORD}) (?:{WORD} )?(?:{KIND_OF_COMPANY}){END}")
INITIALS = r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
FINALS = r"(?:iang|iong|uang|ang|eng|ong|iao|ian|ing|uai|uan|ai|ei|ao|ou|an|en|er|ia|ie|iu|in|ua|uo|ui|un|ue|a|o|e|i|u)"
PINYIN = re.compile(rf"(?:{INITIALS}{FINALS}[-']?){{1,2}}", re.IGNORECASE)
LOGIN = re.compile(rf"(?<![{LETTER}@.-])([a-z]{{3,}})[._][a-z]{{3,}}(?![{LETTER}@]|\.[a-z])")
HANDLE = re.compile(rf"(?<![{LETTER}.\]/])@[A-Za-z][A-Za-z0-9_.-]{{2,}}")
CITY = re.compile(rf"(?<![{LETTER}@.-])(?:{_any_of(ENGLISH_CITIES)})(?![{LETTER}-])")
COUNTRY = re.compile(rf"(?<![{LETTER}@.-])(?:{_any_of(COUNTRIES)})(?![{LETTER}-])")
CHINESE_COMPANY = re.compile(rf"[一-鿿()()A-Za-z0-9·]{{0,24}}?(?:{_any_of(CHINESE_COMPANY_SUFFIXES)})")
CHINESE_PLACE = re.compile(rf"(?:{_any_of(CHINESE_PLACES)})(?:特别行政区|自治区|自治州|省|市)?")
CHINESE_DISTRICT = re.compile(
    rf"(?:(?:{_any_of(CHINESE_PLACES)})(?:省|市)?)*(?:{HAN}{{1,6}}?(?:新区|区|县|镇|乡|村|开发区|工业园|产业园|科技园))?"
    rf"{HAN}{{1,8}}?(?:路|街|大道|大街|巷|弄|胡同)[甲乙丙]?(?:\d+|[一二三四五六七八九十百]+)(?:号|弄)(?:\d*{HAN}?(?:楼|栋|幢|座|室|层|单元)?\d*(?:室|层)?)*"
)
CHINESE_ADMINISTRATIVE = re.compile(
    rf"(?:{_any_of(CHINESE_PLACES)})(?:省|市)?{HAN}{{1,4}}?(?:新区|区|县|镇|开发区|工业园|产业园|科技园)"
)
SURNAME = rf"(?:{_any_of(SURNAMES)})"
HONORED = re.compile(rf"({SURNAME}{HAN}{{0,2}}?)({_any_of(CHINESE_HONORIFICS)})")
AFTER_WORDS = word_list("before_chinese_names")
CALLED = re.compile(rf"(?:{_any_of(AFTER_WORDS)})[::\s]{{0,2}}({SURNAME}{HAN}{{1,2}})")
ACTING = word_list("after_chinese_names")
ACTED = re.compile(rf"({SURNAME}{HAN}{{1,2}}?)(?={_any_of(ACTING)})")
ALONE = re.compile(rf"(?<!{HAN}){SURNAME}{HAN}{{1,2}}(?!{HAN})")
BODIES = frozenset({"集团", "银行", "大学", "医院", "研究院", "研究所", "事务所"})
CHINESE_LEADS = re.compile(
    r".*(?:给|向|由|与|和|在|到|从|(?<!华)为|是|请|找|对|同|及|或|于|至|发往|寄往|通知|联系|询问|客户|供应商|厂家|承运商|服务商|的|我司|即|如|比如|例如|"
    r"购买|采购|收到|需要|使用|选择|等于|属于|来自|交|称|名|、)"
)
SENTENCE = re.compile(r"(?:^|[.!?:;|/(\[\"“>*#—–-]\s*|\n\s*)$")


def find_names(text: str) -> Iterator[Span]:
    """Names in a text for people. What overlaps is given several times: the caller takes the most certain."""
    if not text.isascii():
        yield from _chinese(text)
    if re.search("[A-Z]", text):
        yield from _organisations(text)
        yield from _persons(text)
        yield from _places(text)
    for match in SYSTEM.finditer(text):
        yield Span(*match.span(), "system", LIKELY)
    for match in COMPANY.finditer(text):
        yield Span(*match.span(), "organisation", LIKELY)
    for match in LOGIN.finditer(text):
        first = match[1].capitalize()
        if first in GIVEN_NAMES - AMBIGUOUS_GIVEN_NAMES and match[1] not in ORDINARY_WORDS:
            yield Span(*match.span(), "person", LIKELY)
    for match in HANDLE.finditer(text):
        yield Span(*match.span(), "person", LIKELY - 0.1)


def _organisations(text: str) -> Iterator[Span]:
    for match in SUFFIXED.finditer(text):
        start = match.start()
        words = re.split(r"[ ,]+", match[1])
        while words and (words[0].lower() in ORDINARY_WORDS or words[0] in ("&",)) and _is_first(text, start):
            # "Send Brightwater Ltd": a verb at the beginning of a sentence is no part of the name …
            if len(words) == 1:
                break
            start = text.index(words[1], start + len(words[0]))
            words = words[1:]
        if all(word.lower() in ORDINARY_WORDS for word in words):
            # … and a name of nothing but ordinary words must have a legal form behind it: "Working Group" is none.
            if match[2] in ("Group", "Holding", "Holdings", "Industries", "SE", "AB", "AG", "UG", "NV", "BV"):
                continue
            start = match.start()
        yield Span(start, match.end(), "organisation", LIKELY + 0.1)
    for match in DESCRIBED.finditer(text):
        if match[1].lower() not in ORDINARY_WORDS:
            yield Span(*match.span(), "organisation", LIKELY)


def _is_first(text: str, start: int) -> bool:
    return SENTENCE.search(text[:start]) is not None


def _persons(text: str) -> Iterator[Span]:
    for match in TITLED.finditer(text):
        yield Span(match.start(1), match.start(1) + len(_without_ordinary_end(match[1])), "person", LIKELY + 0.1)
    for match in TWO_NAMES.finditer(text):
        certainty = _certainty_of_pair(match[1], match[2].split()[-1], _is_first(text, match.start(1)))
        if certainty:
            yield Span(match.start(1), match.end(2), "person", certainty)
    for match in ONE_NAME.finditer(text):
        word = match[1].removesuffix("'s").removesuffix("’s")
        span = match.start(1), match.start(1) + len(word)
        if {word.split("-")[0], _without_accents(word)} & (GIVEN_NAMES - AMBIGUOUS_GIVEN_NAMES):
            yield Span(*span, "person", LIKELY - 0.1)
        elif not _is_first(text, match.start()) and _is_unknown(word):
            yield Span(*span, "name", POSSIBLE)
    for match in INITIAL.finditer(text):
        if match[1].lower() not in ORDINARY_WORDS:
            yield Span(*match.span(), "person", LIKELY)


def _certainty_of_pair(first: str, last: str, is_first: bool) -> float:
    """How sure two capitalised words are given name and surname (or, of Chinese people, the other way round)."""
    plain, plain_last = _without_accents(first.split("-")[0]), _without_accents(last)
    is_word, is_last_word = first.lower() in ORDINARY_WORDS, last.lower() in ORDINARY_WORDS
    if (plain in GIVEN_NAMES or plain in AMBIGUOUS_GIVEN_NAMES) and not is_last_word and last not in COUNTRIES:
        return LIKELY + 0.1
    if plain_last in GIVEN_NAMES - AMBIGUOUS_GIVEN_NAMES and not is_word:
        return LIKELY
    for surname, given in ((first, last), (last, first)):
        if surname in PINYIN_SURNAMES and PINYIN.fullmatch(given) and given.lower() not in ORDINARY_WORDS:
            return LIKELY
    if not is_first and _is_unknown(first) and (_is_unknown(last) or last in AMBIGUOUS_GIVEN_NAMES):
        return LIKELY - 0.1
    return 0.0


def _without_accents(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))


def _is_unknown(word: str) -> bool:
    """A capitalised word in the middle of a sentence that no list knows; codes and abbreviations are none."""
    stem = word.lower()
    known = (stem, stem.removesuffix("s"), stem.removesuffix("es"), stem.removesuffix("ed"), stem.removesuffix("ing"))
    parts = re.split("[-_’']", stem)
    return (
        len(word) > 3
        and word[1:].islower()
        and not any(each in ORDINARY_WORDS for each in known)
        and not all(part in ORDINARY_WORDS or len(part) < 3 for part in parts)
        and word not in COUNTRIES
        and word not in ENGLISH_CITIES
    )


def _without_ordinary_end(name: str) -> str:
    words = name.split()
    while len(words) > 1 and words[-1].lower() in ORDINARY_WORDS:
        words.pop()
    return " ".join(words)


def _places(text: str) -> Iterator[Span]:
    for match in ADDRESS.finditer(text):
        yield Span(*match.span(), "place", LIKELY + 0.1)
    for match in CITY.finditer(text):
        yield Span(*match.span(), "place", LIKELY)
    for match in COUNTRY.finditer(text):
        yield Span(*match.span(), "place", POSSIBLE)


def _chinese(text: str) -> Iterator[Span]:
    yield from _chinese_organisations(text)
    yield from _chinese_persons(text)
    for pattern, certainty in ((CHINESE_DISTRICT, CERTAIN), (CHINESE_ADMINISTRATIVE, LIKELY), (CHINESE_PLACE, LIKELY)):
        for match in pattern.finditer(text):
            yield Span(match.start() + _lead(match[0]), match.end(), "place", certainty)


def _lead(name: str) -> int:
    """The length of what stands before a name without belonging to it: "发送给上海…" → 3."""
    match = CHINESE_LEADS.match(name)
    place = CHINESE_PLACE.search(name)
    if place and (match is None or place.start() <= match.end()):
        return place.start() if place.start() else 0
    return match.end() if match else 0


def _chinese_organisations(text: str) -> Iterator[Span]:
    for match in CHINESE_COMPANY.finditer(text):
        suffix = next(
            each for each in sorted(CHINESE_COMPANY_SUFFIXES, key=len, reverse=True) if match[0].endswith(each)
        )
        whole = match[0]
        start = _lead(whole[: -len(suffix)])
        name = whole[start:]
        own = name.removesuffix(suffix)
        if not own or name in NO_CHINESE_COMPANIES or own in NO_CHINESE_COMPANIES or own in CHINESE_TRADES:
            continue
        is_legal = suffix.endswith(("有限公司", "责任公司"))
        if is_legal and len(own) >= 2:
            yield Span(match.start() + start, match.end(), "organisation", CERTAIN)
        elif len(own) >= 2 and (suffix in BODIES or CHINESE_PLACE.match(own) or own.endswith(tuple(CHINESE_TRADES))):
            certainty = LIKELY if suffix != "工厂" and own not in CHINESE_TRADES else POSSIBLE
            if _is_of_trades(own):
                continue
            yield Span(match.start() + start, match.end(), "organisation", certainty)


def _is_of_trades(own: str) -> bool:
    """Whether nothing is left of a name without its trades: 物流服务公司 is any of its kind."""
    while own:
        trade = next((trade for trade in CHINESE_TRADES if own.endswith(trade)), None)
        if trade is None:
            return False
        own = own.removesuffix(trade)
    return True


def _chinese_persons(text: str) -> Iterator[Span]:
    for match in HONORED.finditer(text):
        name, title = match[1], match[2]
        given = name[1:]
        follows = text[match.start() - 1] if match.start() else ""
        is_free = not re.match(HAN, follows) or any(text[: match.start()].endswith(word) for word in AFTER_WORDS)
        if _is_word(name + title) or (given and not _is_given(given)):
            continue
        rest = text[match.end() :]
        if title in ("总", "工") and (not is_free or (re.match(HAN, rest) and not rest.startswith(tuple(ACTING)))):
            continue
        if not given and not is_free:
            continue
        yield Span(match.start(1), match.end(1) if given else match.end(), "person", LIKELY + 0.1)
    for match in CALLED.finditer(text):
        yield from _called(text, match.start(1), match[1])
    for match in ACTED.finditer(text):
        follows = text[match.start() - 1] if match.start() else ""
        is_name = len(match[1]) == 3 or match[1][0] in COMMON_SURNAMES
        if not re.match(HAN, follows) and is_name and _is_name(match[1]):
            yield Span(*match.span(1), "person", LIKELY)
    for match in ALONE.finditer(text):
        if _is_name(match[0]):
            yield Span(*match.span(), "person", LIKELY - 0.1 if len(match[0]) == 3 else POSSIBLE + 0.2)


def _called(text: str, start: int, name: str) -> Iterator[Span]:
    """A name behind a word that calls for one: three characters, else two, and then something that is no name."""
    for candidate in (name, name[:-1]):
        rest = text[start + len(candidate) :]
        ends = not re.match(HAN, rest) or rest.startswith(tuple(ACTING)) or rest.startswith(CHINESE_HONORIFIC_STARTS)
        if len(candidate) > 1 and _is_name(candidate) and ends:
            yield Span(start, start + len(candidate), "person", LIKELY)
            return


CHINESE_HONORIFIC_STARTS = tuple(CHINESE_HONORIFICS)


def _is_name(name: str) -> bool:
    surname = 2 if name[:2] in SURNAMES and len(name) > 2 else 1
    return _is_given(name[surname:]) and not _is_word(name)


def _is_given(given: str) -> bool:
    return bool(given) and all(character in GIVEN_CHARACTERS for character in given)


def _is_word(text: str) -> bool:
    return any(text[:size] in NO_CHINESE_NAMES for size in (2, 3, 4)) or text[1:3] in NO_CHINESE_NAMES
