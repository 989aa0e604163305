"""What an import did to a foreign model: mapped, dropped, and what a person must decide."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """One line of the report; `remedy` says what to do, empty where nothing is left to do."""

    what: str
    remedy: str = ""
    element_id: str | None = None
    element_name: str | None = None
    count: int = 1  # how often, where places are not worth a line each

    def __str__(self) -> str:
        place = f"{self.element_name or ''} ({self.element_id})".strip() if self.element_id else ""
        text = f"{place}: {self.what}" if place else self.what
        times = f" ({self.count} times)" if self.count > 1 else ""
        return f"{text}{times}{f' → {self.remedy}' if self.remedy else ''}"


@dataclass
class ImportReport:
    tool: str  # as people call what wrote the file
    exporter: str = ""  # as the file says
    mapped: list[Item] = field(default_factory=list)
    dropped: list[Item] = field(default_factory=list)
    decisions: list[Item] = field(default_factory=list)  # what must be decided before it can run

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ForeignImport:
    """A foreign model as a practice folder (path → content), and the report about it."""

    files: Mapping[str, bytes]
    report: ImportReport

    @property
    def models(self) -> dict[str, bytes]:
        """The BPMN files in our dialect, by file name."""
        return {path: content for path, content in self.files.items() if path.endswith(".bpmn")}
