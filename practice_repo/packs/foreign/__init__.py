"""Models of other tools as practices, with a report of what was mapped, dropped, and must be decided."""

from practice_repo.packs.foreign.conversion import convert
from practice_repo.packs.foreign.importing import import_foreign
from practice_repo.packs.foreign.report import ForeignImport, ImportReport, Item

__all__ = ["ForeignImport", "ImportReport", "Item", "convert", "import_foreign"]
