"""Two versions of a model as one diagram: what was added, removed, changed, moved, and what is disputed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.bpmn import names
from practice_repo.algebra.alignment import align, rekeyed
from practice_repo.algebra.document import Document, Record, read_document
from practice_repo.algebra.operations import Operation, in_file

MOVES = frozenset({"Move", "MoveToLane", "Swap"})
DRAWN = names.FLOW_NODES | {"sequenceFlow", "messageFlow", "lane", "participant", "textAnnotation", "association"}
STRONGER = {"changed": 0, "moved": 1, "added": 2, "removed": 2, "conflict": 3}


@dataclass(frozen=True)
class Annotated:
    """A BPMN file that holds the elements of both versions, and what happened to which element.

    `marks`: BPMN id → added | removed | changed | moved | conflict.
    """

    source: bytes
    marks: Mapping[str, str]


def annotated(
    before: Document, after: Document, operations: Sequence[Operation], *, disputed: Iterable[Operation] = ()
) -> Annotated:
    """The version after the operations, with what it no longer has, as one diagram.

    Removed elements stand where they stood before; what is drawn nowhere has no mark.
    """
    later = rekeyed(after, align(before, after))
    gone = {key: record for key, record in before.records.items() if key not in later.records}
    taken = {record.id for record in later.records.values()}
    records = {**later.records, **{key: _apart(record, taken) for key, record in gone.items()}}
    whole = later.with_records(records, layout={**before.layout, **later.layout})
    ids = {key: record.id for key, record in records.items()}
    marks: dict[str, str] = {}
    for operation in operations:
        for key, mark in _marks_of(operation, records):
            _mark(marks, ids[key], mark)
    for operation in disputed:
        for key in {operation.target, *(change.key for change in operation.changes)} & records.keys():
            if records[key].kind in DRAWN:
                _mark(marks, ids[key], "conflict")
    return Annotated(whole.write(), marks)


def annotated_file(
    name: str,
    before: bytes | None,
    after: bytes | None,
    operations: Sequence[Operation],
    *,
    disputed: Iterable[Operation] = (),
) -> Annotated | None:
    """The model of this name as two packages have it; one that lacks it is taken to have the other's.

    None when neither has it, or when it is no model. Of the `operations` those of this file count.
    """
    here = before or after
    if not here or not name.endswith(".bpmn"):
        return None
    one, other = (read_document(name, content or here) for content in (before, after))
    return annotated(one, other, in_file(operations, name), disputed=disputed)


def _apart(record: Record, taken: set[str]) -> Record:
    """A removed record under an id that the later version does not use."""
    identifier = record.id
    while identifier in taken:
        identifier = f"removed_{identifier}"
    return replace(record, id=identifier)


def _marks_of(operation: Operation, records: Mapping[str, Record]) -> Iterable[tuple[str, str]]:
    for change in operation.changes:
        if change.key not in records or records[change.key].kind not in DRAWN:
            continue
        if change.action == "set":
            yield change.key, "moved" if operation.type in MOVES else "changed"
        else:
            yield change.key, "added" if change.action == "add" else "removed"


def _mark(marks: dict[str, str], identifier: str, mark: str) -> None:
    if identifier not in marks or STRONGER[mark] > STRONGER[marks[identifier]]:
        marks[identifier] = mark
