"""The names that are known: of the enterprise's dictionary, and those learnt from the package itself.

A name is known by its aliases, too: "Brightwater Pumps Ltd" as "Brightwater Pumps" and "Brightwater", "Anna Meier" as
"a.meier", 上海蓝鲸科技有限公司 as 蓝鲸. In identifiers a name is found as a part between "_", "-", "." and capitals.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from practice_repo.screening.dictionaries import (
    AMBIGUOUS_GIVEN_NAMES,
    CHINESE_COMPANY_SUFFIXES,
    CHINESE_PLACES,
    CHINESE_TRADES,
    COMPANY_SUFFIXES,
    ORDINARY_WORDS,
)
from practice_repo.screening.finding import CERTAIN, KnownNames, Span

SHORTEST = 4  # letters of a first word that may stand for a company
LETTER = "A-Za-z0-9À-ÿ"
WORD = re.compile(f"[{LETTER}]+")
HAN = re.compile("[㐀-䶿一-鿿]")
HAN_ONLY = re.compile("[㐀-䶿一-鿿]+")
RUN = re.compile(r"\w+")
PIECE = re.compile(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|\d+|[㐀-䶿一-鿿]+")
CODED = frozenset({"organisation", "product", "system", "role"})  # kinds that may consist of ordinary words in a code
SUFFIX_WORDS = frozenset(suffix.strip("& .").lower() for suffix in COMPANY_SUFFIXES)


@dataclass(frozen=True)
class Name:
    """One name: everything that stands for it gets the same replacement."""

    text: str
    kind: str
    replacement: str = ""  # given for roles
    certainty: float = CERTAIN


@dataclass
class Dictionary:
    """Finds names in texts and in identifiers."""

    _by_alias: dict[str, Name] = field(default_factory=dict)  # alias in lower case → name
    _by_words: dict[tuple[str, ...], tuple[Name, str]] = field(default_factory=dict)  # Latin words → name, alias
    _by_pieces: dict[tuple[str, ...], Name] = field(default_factory=dict)  # in identifiers
    _literal: list[str] = field(default_factory=list)  # aliases of neither words nor Chinese alone, as "C&A"
    _most_words: int = 1
    _most_characters: int = 1
    _longest: int = 1

    @classmethod
    def of(cls, known: KnownNames) -> "Dictionary":
        dictionary = cls()
        for kind, names in (
            ("organisation", known.organisations),
            ("person", known.persons),
            ("product", known.products),
            ("system", known.systems),
            ("place", known.places),
            ("name", known.others),
        ):
            for text in names:
                dictionary.learn(Name(text.strip(), kind))
        for house, role in known.roles.items():
            dictionary.learn(Name(house.strip(), "role", role))
        return dictionary

    def learn(self, name: Name) -> None:
        """Add a name with its aliases; what is known already stays as it is."""
        if not name.text:
            return
        for alias in _aliases(name):
            self._by_alias.setdefault(alias.lower(), name)
            words = tuple(word.lower() for word in WORD.findall(alias))
            if HAN_ONLY.fullmatch(alias):
                self._most_characters = max(self._most_characters, len(alias))
            elif not words or HAN.search(alias) or all(len(word) == 1 for word in words):
                self._literal.append(alias)
            else:
                self._by_words.setdefault(words, (name, alias))
                self._most_words = max(self._most_words, len(words))
        for pieces in _pieces_of(name):
            self._by_pieces.setdefault(pieces, name)
            self._longest = max(self._longest, len(pieces))

    def __contains__(self, text: str) -> bool:
        return text.lower() in self._by_alias

    def name_of(self, text: str) -> Name | None:
        """The name that this text is an alias of."""
        return self._by_alias.get(text.lower())

    def find(self, text: str) -> Iterator[Span]:
        """Where a text for people has a known name. One that is written with a capital, or is made of ordinary words,
        must stand there so; of several that begin at one place the longest counts."""
        yield from self._find_words(text)
        if self._most_characters > 1 and not text.isascii():
            yield from self._find_chinese(text)
        for alias in self._literal:
            for match in re.finditer(re.escape(alias), text, re.IGNORECASE):
                yield self._span(*match.span(), self._by_alias[alias.lower()])

    def _find_words(self, text: str) -> Iterator[Span]:
        words = list(WORD.finditer(text)) if self._by_words else []
        at = 0
        while at < len(words):
            for size in range(min(self._most_words, len(words) - at), 0, -1):
                chosen = words[at : at + size]
                found = self._by_words.get(tuple(word[0].lower() for word in chosen))
                start, end = chosen[0].start(), chosen[-1].end()
                if found and _is_written_so(text[start:end], *found) and _are_together(text, chosen):
                    yield self._span(start, end, found[0])
                    at += size - 1
                    break
            at += 1

    def _find_chinese(self, text: str) -> Iterator[Span]:
        at = 0
        while at < len(text) - 1:
            sizes = range(min(self._most_characters, len(text) - at), 1, -1)
            size = next((size for size in sizes if text[at : at + size] in self._by_alias), 0)
            if size and HAN.match(text[at]):
                yield self._span(at, at + size, self._by_alias[text[at : at + size]])
            at += size or 1

    @staticmethod
    def _span(start: int, end: int, name: Name) -> Span:
        return Span(start, end, name.kind, name.certainty)

    def find_in_identifier(self, run: str) -> list[tuple[int, int, Name]]:
        """Start, end and name of every known name in a run of word characters."""
        if not self._by_pieces:
            return []
        pieces = [(match.start(), match.end(), match[0].lower()) for match in PIECE.finditer(run)]
        found, at = [], 0
        while at < len(pieces):
            size = next(
                (
                    size
                    for size in range(min(self._longest, len(pieces) - at), 0, -1)
                    if tuple(piece for _, _, piece in pieces[at : at + size]) in self._by_pieces
                ),
                0,
            )
            if size:
                name = self._by_pieces[tuple(piece for _, _, piece in pieces[at : at + size])]
                found.append((pieces[at][0], pieces[at + size - 1][1], name))
            at += size or 1
        return found


def _is_written_so(found: str, name: Name, alias: str) -> bool:
    if name.kind == "role":
        return True
    if all(word.lower() in ORDINARY_WORDS for word in WORD.findall(alias)):
        return found == alias
    return not (found.islower() and alias[0].isupper() and " " not in alias and "." not in alias)


def _are_together(text: str, words: list[re.Match]) -> bool:
    gaps = (text[one.end() : other.start()] for one, other in pairwise(words))
    return all(len(gap) <= 3 and not gap.strip(" .,&'’_-/()") for gap in gaps)


def _aliases(name: Name) -> Iterable[str]:
    aliases = [name.text]
    if name.kind == "organisation":
        aliases += _company_aliases(name.text)
    elif name.kind == "person":
        aliases += _person_aliases(name.text)
    return dict.fromkeys(alias for alias in aliases if len(alias) > 1)


def _company_aliases(text: str) -> Iterator[str]:
    if not text.isascii() and re.search("[一-鿿]", text):
        yield from _chinese_company_aliases(text)
        return
    words = re.split(r"[ ,]+", text)
    while len(words) > 1 and words[-1].strip("& .").lower() in SUFFIX_WORDS:
        words.pop()
    yield " ".join(words)
    if words and len(words[0]) >= SHORTEST and words[0].lower() not in ORDINARY_WORDS:
        yield words[0]


def _chinese_company_aliases(text: str) -> Iterator[str]:
    core = text
    suffix = next((each for each in sorted(CHINESE_COMPANY_SUFFIXES, key=len, reverse=True) if core.endswith(each)), "")
    core = re.sub(r"[((].*?[))]", "", core.removesuffix(suffix))
    yield core
    place = next((each for each in CHINESE_PLACES if core.startswith(each)), "")
    core = core.removeprefix(place).lstrip("省市区")
    yield core
    trimmed = True
    while trimmed:
        trade = next((trade for trade in CHINESE_TRADES if core.endswith(trade) and len(core) > len(trade) + 1), None)
        trimmed = trade is not None
        if trade:
            core = core.removesuffix(trade)
    if len(core) >= 2 and core not in CHINESE_TRADES and core not in CHINESE_PLACES:
        yield core


def _person_aliases(text: str) -> Iterator[str]:
    words = [word for word in re.split(r"[ ,.]+", text) if word]
    if re.search("[一-鿿]", text) or len(words) < 2:
        return
    first, last = words[0], words[-1]
    yield from (f"{last}, {first}", f"{last} {first}", f"{first}.{last}", f"{first[0]}.{last}", f"{first[0]}. {last}")
    yield from (f"{first}{last}", f"{first}_{last}", f"{first[0]}{last}", f"{last}.{first}", f"{last}{first[0]}")
    yield from (name for name in (first, last) if len(name) > 2 and _is_distinct(name))


def _is_distinct(word: str) -> bool:
    return word.lower() not in ORDINARY_WORDS and word not in AMBIGUOUS_GIVEN_NAMES


def _pieces_of(name: Name) -> Iterator[tuple[str, ...]]:
    """How the name looks in an identifier: in pieces, and all pieces written as one."""
    for alias in _aliases(name):
        pieces = tuple(match[0].lower() for match in PIECE.finditer(alias))
        if not pieces or (len(pieces) == 1 and (len(pieces[0]) < 2 or pieces[0] in ORDINARY_WORDS)):
            continue
        if all(piece in ORDINARY_WORDS for piece in pieces) and name.kind not in CODED:
            continue
        yield pieces
        yield ("".join(pieces),)
