"""What the library holds, as the search sees it: a name, its models and the facets to narrow by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import InvalidInput, NotFound
from practice_repo.card import CARD, Card, Text
from practice_repo.practice import Practice, read_practice

FACETS = ("area", "pcf", "industry", "kind", "type", "evidence_level", "kpi")
NO_TEXT = Text("", "")
MODEL_ENDINGS = (".bpmn", ".bpmn20.xml")


@dataclass(frozen=True)
class Facets:
    """What a card says that results can be narrowed by."""

    area: str = ""
    pcf: tuple[int, ...] = ()
    industries: tuple[str, ...] = ()
    kind: str = ""
    type: str = ""
    evidence_level: int = 0  # 0 to 3; asked for as "at least"
    kpis: tuple[str, ...] = ()

    def values(self, facet: str) -> tuple[Any, ...]:
        """The values of one of FACETS; without those that are not known."""
        one = {"area": self.area, "kind": self.kind, "type": self.type}
        if facet in one:
            return (one[facet],) if one[facet] else ()
        many = {"pcf": self.pcf, "industry": self.industries, "kpi": self.kpis}
        if facet in many:
            return many[facet]
        if facet == "evidence_level":
            return (self.evidence_level,)
        raise InvalidInput(f"'{facet}' is no facet; known are {', '.join(FACETS)}.")

    def fits(self, wanted: Mapping[str, Any]) -> bool:
        """Whether every wanted facet (one value, or several of which one is enough) is met."""
        return all(self._meets(facet, value) for facet, value in wanted.items() if value not in (None, "", (), []))

    def _meets(self, facet: str, wanted: Any) -> bool:
        if facet == "evidence_level":
            return self.evidence_level >= int(wanted)
        alternatives = wanted if isinstance(wanted, list | tuple | set | frozenset) else (wanted,)
        return bool({str(value) for value in self.values(facet)} & {str(value) for value in alternatives})


@dataclass(frozen=True)
class LibraryEntry:
    """One published item. `models`: file name → BPMN; `words` are texts of the card to be found by (both languages)."""

    id: str
    version: str
    name: Text
    models: Mapping[str, bytes]
    facets: Facets = Facets()
    summary: Text = NO_TEXT
    roles: tuple[str, ...] = ()
    data_objects: tuple[str, ...] = ()
    words: tuple[str, ...] = field(default=())  # names of KPIs and whatever else it should be found by

    @classmethod
    def of(cls, practice: Practice) -> "LibraryEntry":
        card = practice.card
        return cls(
            id=card.id,
            version=card.version,
            name=card.name,
            models=practice.models,
            facets=facets_of(card),
            summary=card.summary,
            roles=tuple(text for role in card.roles for text in (role.key, role.name.en, role.name.zh)),
            data_objects=tuple(each.name for each in card.data_objects),
            words=tuple(text for kpi in card.kpis for text in (kpi.key, kpi.name.en, kpi.name.zh)),
        )


def facets_of(card: Card) -> Facets:
    """The facets of a practice card."""
    return Facets(
        area=card.area,
        pcf=tuple(each.number for each in card.pcf),
        industries=card.industries,
        kind=card.kind,
        type=card.type,
        evidence_level=card.evidence_level,
        kpis=tuple(kpi.key for kpi in card.kpis),
    )


def entries_in(folders: Iterable[Path]) -> list[LibraryEntry]:
    """The practices in these folders, and every BPMN file that belongs to none, as an entry of its own.

    Folders are searched in depth; a BPMN file may be named directly. Raises NotFound for a path that is not there.
    """
    entries: list[LibraryEntry] = []
    for folder in map(Path, folders):
        if not folder.exists():
            raise NotFound(f"There is no folder or file {folder}; name one that holds practices or BPMN files.")
        entries += _entries(folder)
    return entries


def _entries(folder: Path) -> Iterable[LibraryEntry]:
    if folder.is_file():
        yield _loose_model(folder, folder.name)
        return
    practices = {card.parent for card in folder.rglob(CARD)}
    yield from (LibraryEntry.of(read_practice(path)) for path in sorted(practices))
    for path in sorted(path for path in folder.rglob("*") if path.name.endswith(MODEL_ENDINGS)):
        if path.parent not in practices:
            yield _loose_model(path, str(path.relative_to(folder)))


def _loose_model(path: Path, identifier: str) -> LibraryEntry:
    return LibraryEntry(identifier, "", Text(path.stem, path.stem), {path.name: path.read_bytes()})
