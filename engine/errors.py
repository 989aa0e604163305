"""What can go wrong, sorted by what the caller can do about it.

Every text says what was expected, what was found and what to do, and names a BPMN element by name and id.
Other packages subclass these categories, so that the web layer maps categories only.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class EngineError(Exception):
    """The root of everything Praxis raises on purpose."""


class InvalidInput(EngineError):
    """A value does not fit: correct it and try again."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (or doubtful) in a model, with its place and its remedy."""

    rule: str
    message: str
    element_id: str | None = None
    element_name: str | None = None
    line: int | None = None
    severity: str = "error"  # error | warning

    def __str__(self) -> str:
        place = f"{self.element_name or ''} ({self.element_id})".strip() if self.element_id else ""
        line = f"line {self.line}" if self.line else ""
        where = ", ".join(part for part in (place, line) if part)
        return f"{where}: {self.message}" if where else self.message


class InvalidModel(InvalidInput):
    """A BPMN, DMN or form document cannot be read or run: fix the model. `findings` names each place."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()):
        super().__init__(message)
        self.findings = tuple(findings)


class NotFound(EngineError):
    """The id names nothing: look again."""


class NotPermitted(EngineError):
    """Someone else's work: ask for access."""


class AlreadyExists(EngineError):
    """The name is taken: choose another."""


class InvalidState(EngineError):
    """The right thing at the wrong moment: refresh and look again."""


class StaleInstance(InvalidState):
    """Someone else moved the process instance first: the unit of work is retried for the caller."""
