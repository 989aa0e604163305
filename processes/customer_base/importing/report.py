"""What an import did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LineProblem:
    """A line that did not go in (`is_error`), or went in without something."""

    line: int
    reason: str
    is_error: bool = True


@dataclass(frozen=True)
class Start:
    """A process to start: the message, its correlation keys, and the variables it brings."""

    message: str
    correlation: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass
class ImportReport:
    """Counts of lines, the problems by line, and the processes that the caller starts now."""

    kind: str
    total: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[LineProblem] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[LineProblem]:
        return [problem for problem in self.problems if problem.is_error]

    @property
    def failed(self) -> int:
        """How many lines did not go in."""
        return len({problem.line for problem in self.errors})

    def summary(self) -> str:
        """One sentence for people."""
        return (
            f"{self.total} lines of {self.kind}: {self.created} new, {self.updated} updated, "
            f"{self.unchanged} unchanged, {self.failed} with errors."
        )
