"""What stands in place of a name: the same for the same name in the whole package, and no finding itself."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

NOUNS = {
    "person": ("Person", "人员"),
    "organisation": ("Company", "公司"),
    "system": ("System", "系统"),
    "product": ("Product", "产品"),
    "place": ("Place", "地点"),
    "name": ("Name", "名称"),
}
STEMS = ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸")
NUMBERED = {
    "mail": "mail{}@example.com",
    "tax_number": "tax-{}",
    "account": "account-{}",
    "card_number": "card-{}",
    "identity_card": "identity-{}",
    "number": "number-{}",
    "path": "path-{}",
}
OWN = re.compile(
    r"\b(?:Person|Company|System|Product|Place|Name) ?[A-Z]{1,2}\b|"
    rf"(?:人员|公司|系统|产品|地点|名称)[{''.join(STEMS)}]\d*|"
    r"(?:tax|account|card|identity|number|path)-\d+|mail\d+@example\.com|\+1 \d{3} 555 01\d\d|https://example\.com/\d+|"
    r"site\d+\.example\.com|10{4,}\d{1,3}"
)
HAN = re.compile("[一-鿿]")


@dataclass
class Replacements:
    """Numbers the names of one package by kind, in the order in which they are met."""

    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _met: dict[str, int] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _runs: dict[str, str] = field(default_factory=dict)

    def reserve(self, runs: Collection[str]) -> None:
        """Identifiers that the package has already: none of them may come out of a replacement."""
        self._taken.update(runs)

    def number(self, kind: str, name: str) -> int:
        """1, 2, … for the names of a kind."""
        key = kind, name.casefold()
        if key not in self._numbers:
            self._met[kind] = self._met.get(kind, 0) + 1
            self._numbers[key] = self._met[kind]
        return self._numbers[key]

    def in_text(self, kind: str, name: str, written: str) -> str:
        """For a text: in Chinese where a Chinese name stood."""
        number = self.number(kind, name)
        if kind in NOUNS:
            english, chinese = NOUNS[kind]
            return f"{chinese}{_stem(number)}" if HAN.search(written) else f"{english} {_letter(number)}"
        if kind == "url":
            return f"https://example.com/{number}" if "://" in written else f"site{number}.example.com"
        if kind == "phone":  # numbers that are kept for fiction, so that what checks the form is content
            return f"+1 {202 + (number - 1) // 100} 555 {100 + (number - 1) % 100:04}"
        return NUMBERED.get(kind, kind + "-{}").format(number)

    def in_digits(self, kind: str, name: str, written: str) -> str:
        """For a number that must stay one, of as many digits."""
        digits = max(sum(character.isdigit() for character in written), 6)
        return str(10 ** (digits - 1) + self.number(kind, name))

    def in_identifier(self, kind: str, name: str, written: str) -> str:
        """For a piece of an identifier, in its style: company_a, CompanyA, COMPANY_A."""
        noun = NOUNS.get(kind, (kind.replace("_", " ").title().replace(" ", ""), ""))[0]
        letter = _letter(self.number(kind, name))
        if written.isupper() and len(written) > 1:
            return f"{noun}_{letter}".upper()
        return f"{noun}{letter}" if written[:1].isupper() else f"{noun}_{letter}".lower()

    def run(self, old: str, new: str) -> str:
        """The new text of a whole identifier: always the same, and never one that something else has."""
        if old not in self._runs:
            free, number = new, 2
            while free in self._taken:
                free, number = f"{new}_{number}", number + 1
            self._taken.add(free)
            self._runs[old] = free
        return self._runs[old]


def is_own(text: str) -> bool:
    """Whether the text is a replacement of an earlier screening."""
    return OWN.fullmatch(text) is not None


def _letter(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _stem(number: int) -> str:
    turn, rest = divmod(number - 1, len(STEMS))
    return STEMS[rest] + (str(turn + 1) if turn else "")
