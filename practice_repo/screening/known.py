"""The names that are known: of the enterprise's dictionary, and those learnt from the package itself.

A name is known by its aliases, too: "Brightwater Pumps Ltd" as "Brightwater Pumps" and "Brightwater", "Anna Meier" as
"a.meier", 上海蓝鲸科技有限公司 as 蓝鲸. In identifiers a name is found as a part between "_", "-", "." and capitals.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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

    _by_alias: dict[str, Name] = field(default_factory=dict)  # lower-case alias → name
    _by_pieces: dict[tuple[str, ...], Name] = field(default_factory=dict)
    _pattern: re.Pattern | None = None
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
        for pieces in _pieces_of(name):
            self._by_pieces.setdefault(pieces, name)
            self._longest = max(self._longest, len(pieces))
        self._pattern = None

    def __contains__(self, text: str) -> bool:
        return text.lower() in self._by_alias

    def name_of(self, text: str) -> Name | None:
        """The name that this text is an alias of."""
        return self._by_alias.get(text.lower())

    def find(self, text: str) -> Iterator[Span]:
        """Where a text for people has a known name. A name that is also an ordinary word must be capitalised."""
        if not self._by_alias:
            return
        if self._pattern is None:
            aliases = sorted(self._by_alias, key=lambda alias: (-len(alias), alias))
            self._pattern = re.compile("|".join(_bounded(alias) for alias in aliases), re.IGNORECASE)
        for match in self._pattern.finditer(text):
            name = self._by_alias[match[0].lower()]
            if match[0].lower() in ORDINARY_WORDS and match[0].islower() and name.kind != "role":
                continue
            yield Span(*match.span(), name.kind, name.certainty)

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


def _bounded(alias: str) -> str:
    before = f"(?<![{LETTER}])" if alias[0].isascii() or alias[0] < "⺀" else ""
    after = f"(?![{LETTER}])" if alias[-1].isascii() or alias[-1] < "⺀" else ""
    return before + re.escape(alias) + after


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
