"""The words of the screening: what is found, what the enterprise knows of itself, what is decided."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "person", "organisation", "system", "product", "place", "mail", "phone", "url", "tax_number", "account",
    "card_number", "number", "identity_card", "metadata", "role", "threshold", "path", "name", "unreadable",
)  # fmt: skip
CERTAIN, LIKELY, POSSIBLE = 1.0, 0.8, 0.4
REPLACED_FROM = 0.6  # a finding less certain waits for a decision and stays as it is until then


@dataclass(frozen=True)
class KnownNames:
    """The enterprise's own dictionary: what it knows to be names. `roles`: house name → role of the dictionary."""

    organisations: Sequence[str] = ()  # itself, its customers and suppliers
    persons: Sequence[str] = ()  # its users and contacts, also as login names
    products: Sequence[str] = ()
    systems: Sequence[str] = ()
    places: Sequence[str] = ()
    others: Sequence[str] = ()
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """A stretch of a text that names something: what a detector gives."""

    start: int
    end: int
    kind: str
    certainty: float

    @property
    def rank(self) -> tuple[float, int]:
        """What overlaps is decided for the more certain, then the longer."""
        return self.certainty, self.end - self.start


@dataclass(frozen=True)
class Finding:
    """One place where the package names something. `id` stays the same as long as the text and its place do."""

    id: str
    file: str
    element: str  # id of the BPMN or DMN element, key of the form field, section of the card; "" for the file
    place: str  # attribute, tag or key: where in the element
    text: str  # never leaves the enterprise
    start: int  # in the text of the place
    end: int
    kind: str
    replacement: str
    certainty: float  # 0 to 1
    context: str  # the place's text around it, for people
    decision: str = ""  # replace | keep | edit; empty when nobody decided
    reason: str = ""  # why it is kept

    @property
    def is_replaced(self) -> bool:
        return self.decision in ("replace", "edit") or (not self.decision and self.certainty >= REPLACED_FROM)

    @property
    def is_open(self) -> bool:
        """Too uncertain to be replaced without a word of the contributor."""
        return not self.decision and self.certainty < REPLACED_FROM

    def to_json(self) -> dict[str, Any]:
        names = (
            "id",
            "file",
            "element",
            "place",
            "text",
            "start",
            "end",
            "kind",
            "replacement",
            "certainty",
            "context",
        )
        more = {"decision": self.decision, "reason": self.reason, "is_replaced": self.is_replaced}
        return {name: getattr(self, name) for name in names} | more


@dataclass(frozen=True)
class Decision:
    """What the contributor says to a finding; it holds for the same text of the same kind everywhere, so that
    conditions and what they compare stay together."""

    finding_id: str
    choice: str  # replace | keep | edit
    text: str = ""  # of an edit: what shall stand there
    reason: str = ""  # of keeping: needed


@dataclass(frozen=True)
class Screening:
    """`cleaned`: file name → content as it may leave the house. `problems`: what the contributor must look at."""

    findings: tuple[Finding, ...]
    cleaned: Mapping[str, bytes]
    problems: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_open)

    def to_json(self) -> dict[str, Any]:
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "open": len(self.open),
            "problems": list(self.problems),
        }


def finding_id(file: str, element: str, place: str, text: str, occurrence: int) -> str:
    content = "\0".join((file, element, place, text, str(occurrence)))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
