"""From one document to another as operations, and back again by replay."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from practice_repo.algebra.alignment import Alignment, align, rekeyed
from practice_repo.algebra.document import Document, Record, owner_of, same
from practice_repo.algebra.grouping import group, name_of, with_looks
from practice_repo.algebra.operations import CannotApply, Change, Operation, spliced

PATTERNS = "practice_repo.algebra.patterns"


def difference(
    base: Document, changed: Document, *, alignment: Alignment | None = None, with_layout: bool = False
) -> tuple[Operation, ...]:
    """The operations that lead from base to changed: as few and as telling as could be found.

    Promise: `apply(base, difference(base, changed)).digest == changed.digest`, proved by replay before they are given
    back; operations that would not replay are given as plain changes instead.
    """
    target = rekeyed(changed, alignment or align(base, changed))
    redrawn = relayout(base, target) if with_layout else ()
    changes = compare(base, target)
    if not changes:
        return redrawn
    fold = _fold()
    if fold is not None:
        found, rest = fold(base, target, changes)
        operations = tuple(with_looks(each, base, target) for each in found) + group(base, target, rest)
        if _replays(base, target, operations):
            return operations + redrawn
    return group(base, target, changes) + redrawn


def relayout(base: Document, changed: Document) -> tuple[Operation, ...]:
    """One operation that draws what both documents have as the changed one does; none when nothing moved."""
    moved = {
        key: place
        for key, place in changed.layout.items()
        if owner_of(key) in base.records and base.layout.get(key) != place
    }
    if not moved:
        return ()
    before = {key: base.layout[key] for key in moved if key in base.layout}
    target = base.records[owner_of(next(iter(moved)))]
    details = {"name": name_of(target, base), "kind": target.kind, "layout": moved, "layout_before": before}
    return (Operation("Relayout", base.name, target.key, (), frozenset({"doc"}), details),)


def compare(base: Document, changed: Document) -> list[Change]:
    """The primitive changes between two documents with common keys: removals, additions, then fields."""
    removed = [Change.removing(record) for key, record in base.records.items() if changed_kind(record, changed)]
    added = [Change.adding(record) for key, record in changed.records.items() if changed_kind(record, base)]
    gone = {change.key for change in removed}
    fields = [
        change
        for key, record in base.records.items()
        if key not in gone
        for change in field_changes(record, changed.records[key])
    ]
    return removed + added + fields


def changed_kind(record: Record, other: Document) -> bool:
    """Whether the record is not in the other document, or is something else there."""
    found = other.records.get(record.key)
    return found is None or found.kind != record.kind


def field_changes(before: Record, after: Record) -> Iterator[Change]:
    for name in sorted(before.fields.keys() | after.fields.keys()):
        one, other = before.fields.get(name), after.fields.get(name)
        if not same(one, other):
            yield Change("set", before.key, name, one, other)


def apply(document: Document, operations: Sequence[Operation]) -> Document:
    """The document after the operations, in their order.

    Raises CannotApply when one expects what is not there; it says which, what it expected and what it found.
    """
    replay = _Replay(document)
    for operation in operations:
        replay.perform(operation)
    replay.check_references(operations)
    return replay.document()


def undo(document: Document, operations: Sequence[Operation], operation_id: str) -> Document:
    """The document after the operations, without one of them.

    Raises CannotApply (with `others`) when later operations need what that one created or changed.
    """
    position = next((at for at, each in enumerate(operations) if each.id == operation_id), None)
    if position is None:
        raise CannotApply(f"There is no operation '{operation_id}' to take back; reload the list of changes.")
    operation = operations[position]
    others = [each for each in operations[position + 1 :] if _builds_on(each, operation)]
    if others:
        names = ", ".join(f"{each.type} of '{each.details.get('name') or each.target}'" for each in others)
        raise CannotApply(
            f"{operation.type} of '{operation.details.get('name') or operation.target}' cannot be taken back alone: "
            f"{names} built on it. Take those back first.",
            operation,
            others,
        )
    return apply(document, [operation.inverse()])


def _builds_on(later: Operation, earlier: Operation) -> bool:
    if later.requires & earlier.creates or later.creates & earlier.removes:
        return True
    return any(written in earlier.writes and not _is_list(later, written) for written in later.writes if written[1])


def _is_list(operation: Operation, written: tuple[str, str]) -> bool:
    return all(
        isinstance(change.before, tuple) or isinstance(change.after, tuple)
        for change in operation.changes
        if (change.key, change.field or "") == written
    )


class _Replay:
    """A document while operations are performed on it."""

    def __init__(self, document: Document):
        self.start = document
        self.records: dict[str, Record] = dict(document.records)
        self.layout: dict[str, Any] = dict(document.layout)
        self.spelling: dict[str, dict[str, str]] = dict(document.extras.get("spelling") or {})
        self.ids = {record.id for record in document.records.values()}

    def perform(self, operation: Operation) -> None:
        for change in operation.changes:
            {"add": self.add, "remove": self.remove, "set": self.set}[change.action](change, operation)
        for key, place in (operation.details.get("layout") or {}).items():
            if owner_of(key) in self.records:
                self.layout[key] = place
        for key, texts in (operation.details.get("spelling") or {}).items():
            self.spelling[key] = {**self.spelling.get(key, {}), **texts}

    def add(self, change: Change, operation: Operation) -> None:
        record = change.record
        if record.key in self.records:
            raise self.refusal(operation, f"expected no element '{record.key}'", "found one with that key")
        identifier = record.id
        number = 2
        while identifier and identifier in self.ids:
            identifier = f"{record.id}_{number}"
            number += 1
        self.ids.add(identifier)
        self.records[record.key] = Record(record.key, record.kind, identifier, record.fields)

    def remove(self, change: Change, operation: Operation) -> None:
        found = self.records.get(change.key)
        if found is None:
            raise self.refusal(operation, f"expected the element '{change.key}' to remove", "found none")
        wanted = change.record
        unlike = [each for each in field_changes(wanted, found) if not isinstance(each.before or each.after, tuple)]
        if found.kind != wanted.kind or unlike:
            what = f"{unlike[0].field} = {unlike[0].after!r}" if unlike else f"a {found.kind}"
            was = f"{unlike[0].before!r}" if unlike else f"a {wanted.kind}"
            raise self.refusal(operation, f"expected '{change.key}' unchanged ({was})", f"found {what}")
        del self.records[change.key]
        self.ids.discard(found.id)
        self.layout.pop(change.key, None)

    def set(self, change: Change, operation: Operation) -> None:
        record = self.records.get(change.key)
        name = str(change.field)
        if record is None:
            raise self.refusal(operation, f"expected the element '{change.key}' to set its {name}", "found none")
        current, after = record.fields.get(name), change.after
        if not same(current, change.before):
            after = self.reconciled(change, current)
            if after is NotImplemented:
                raise self.refusal(
                    operation, f"expected {name} = {change.before!r} at '{change.key}'", f"found {current!r}"
                )
        self.records[change.key] = record.having({name: after})

    @staticmethod
    def reconciled(change: Change, current: Any) -> Any:
        """The value after a change of a list that is not quite as the change knew it; NotImplemented: no way."""
        lists = [value for value in (change.before, change.after, current) if value is not None]
        if not all(isinstance(value, tuple) for value in lists):
            return NotImplemented
        result = spliced(change.before or (), change.after or (), current or ())
        return NotImplemented if result is None else (result or None)

    def check_references(self, operations: Sequence[Operation]) -> None:
        """What the operations refer to must be there in the end."""
        for operation in operations:
            for change in operation.changes:
                record = self.records.get(change.key)
                if record is None or change.action == "remove":
                    continue
                for name, key in record.references():
                    if key not in self.records and (change.action == "add" or change.field == name):
                        raise self.refusal(
                            operation, f"expected the element '{key}', the {name} of '{change.key}'", "found none"
                        )

    def refusal(self, operation: Operation, expected: str, found: str) -> CannotApply:
        what = operation.details.get("name") or operation.target
        return CannotApply(
            f"{operation.type} of '{what}' does not fit {self.start.name}: {expected}, {found}. "
            "Compare the two versions again, or merge them.",
            operation,
        )

    def document(self) -> Document:
        spelling = {key: texts for key, texts in self.spelling.items() if key in self.records}
        return self.start.with_records(self.records, layout=self.layout, spelling=spelling)


def _replays(base: Document, target: Document, operations: Sequence[Operation]) -> bool:
    try:
        return apply(base, operations).fingerprint == target.fingerprint
    except CannotApply:
        return False


def _fold() -> Any:
    """`patterns.fold`, where there is one."""
    if find_spec(PATTERNS) is None:
        return None
    return getattr(import_module(PATTERNS), "fold", None)
