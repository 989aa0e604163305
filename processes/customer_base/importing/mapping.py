"""Which column means which field: guessed from English and Chinese header words, or read from a TOML file.

    kind = "leads"
    [columns]
    "Company Name" = "company"
    "Internal remark" = ""        # left out
    [defaults]
    source = "trade fair"

Columns that are not named are kept as further characteristics where the kind has them (leads, customers, tickets).
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rapidfuzz import fuzz

from engine.errors import InvalidInput

LEFT_OUT = ""
FUZZY_FROM = 0.86

# kind → field → words that stand over such a column
WORDS: dict[str, dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parent / "header_words.toml").read_text(encoding="utf-8")
)
KINDS = tuple(WORDS)
KEEP_EXTRA = ("leads", "customers", "tickets")


@dataclass(frozen=True)
class ColumnMapping:
    """Header → field: a field's name, `LEFT_OUT`, or None for a column that is kept as it is (or cannot be used)."""

    kind: str
    columns: Mapping[str, str | None]
    scores: Mapping[str, float] = field(default_factory=dict)  # how sure the guess is, 0 to 1
    defaults: Mapping[str, str] = field(default_factory=dict)  # field → value where the file has none

    @property
    def unmapped(self) -> list[str]:
        """The columns without a field."""
        return [header for header, name in self.columns.items() if name is None]


def guess_mapping(headers: Sequence[str], kind: str) -> ColumnMapping:
    """The likeliest field of every column; each field once, the surest column first (pure)."""
    known = fields_of(kind)
    guesses = []
    for position, header in enumerate(headers):
        for name, words in known.items():
            score = max(_likeness(header, word) for word in (*words, name.replace("_", " ")))
            if score >= FUZZY_FROM:
                guesses.append((-score, position, header, name))
    columns: dict[str, str | None] = dict.fromkeys(headers)
    scores: dict[str, float] = {}
    taken: set[str] = set()
    for negative, _, header, name in sorted(guesses):
        if columns[header] is None and name not in taken:
            columns[header] = name
            scores[header] = round(-negative, 2)
            taken.add(name)
    return ColumnMapping(kind, columns, scores)


def read_mapping(text: str, headers: Sequence[str], kind: str) -> ColumnMapping:
    """A mapping file's mapping for these headers; columns it does not name are guessed.

    InvalidInput for another kind, unknown fields, or columns that the file does not have.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The mapping is not valid TOML: {error}.") from error
    if content.get("kind", kind) != kind:
        raise InvalidInput(f"The mapping is for {content['kind']}, {kind} are imported: use the right one.")
    known, named = fields_of(kind), content.get("columns", {})
    missing = sorted(set(named) - set(headers))
    if missing:
        raise InvalidInput(f"The file has no column {', '.join(missing)}; it has {', '.join(headers)}.")
    unknown = sorted(
        str(name) for name in (*named.values(), *content.get("defaults", {})) if name and name not in known
    )
    if unknown:
        raise InvalidInput(f"{kind} have no field {', '.join(unknown)}; known are {', '.join(known)}.")
    rest = guess_mapping([header for header in headers if header not in named], kind)
    taken = set(named.values())
    columns = {
        header: named[header] if header in named else None if rest.columns[header] in taken else rest.columns[header]
        for header in headers
    }
    defaults = {name: str(value) for name, value in content.get("defaults", {}).items()}
    return ColumnMapping(kind, columns, {**rest.scores, **dict.fromkeys(named, 1.0)}, defaults)


def write_mapping(mapping: ColumnMapping) -> str:
    """The mapping as a TOML file that `read_mapping` reads."""
    lines = [f'kind = "{mapping.kind}"', "", "[columns]"]
    lines += [
        f"{json.dumps(header, ensure_ascii=False)} = {json.dumps(name)}"
        for header, name in mapping.columns.items()
        if name is not None
    ]
    if mapping.defaults:
        lines += ["", "[defaults]"]
        lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in mapping.defaults.items()]
    return "\n".join(lines) + "\n"


def fields_of(kind: str) -> dict[str, list[str]]:
    """The fields of a kind with the words that stand for them."""
    if kind not in WORDS:
        raise InvalidInput(f"One of {', '.join(KINDS)} can be imported, found '{kind}'.")
    return WORDS[kind]


def _likeness(header: str, word: str) -> float:
    ours, theirs = _plain(header), _plain(word)
    if ours == theirs:
        return 1.0
    if len(ours) < 4 or len(theirs) < 4:  # short words are alike by accident
        return 0.0
    return fuzz.ratio(ours, theirs) / 100 * 0.99


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", re.sub(r"\(.*?\)", " ", folded)).split())
