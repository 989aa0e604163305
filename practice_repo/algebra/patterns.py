"""Patterns of change: what a person did to the flow, told from what is different.

The change patterns of Weber, Reichert and Rinderle-Ma (Data & Knowledge Engineering 66, 2008) are recognised by taking
them out one at a time. What only the base has is taken out of the base (Delete, RemoveBoundary, InlineSubprocess,
Sequentialise), what only the changed document has is taken out of that (the insertions, backwards), until both hold the
same elements; what then is connected differently was moved or swapped. Every step is a whole edit of a valid model: its
operation holds exactly the record changes of the step, so that operations replay one after the other, and each can be
taken back for itself. Later operations may set again what earlier ones set.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.names import EVENTS, SUB_PROCESSES
from practice_repo.algebra.document import Document, Record, same
from practice_repo.algebra.flow_state import FLOW, FlowState
from practice_repo.algebra.grouping import group, layout_of, name_of
from practice_repo.algebra.operations import Change, Operation
from practice_repo.algebra.pattern_moves import Rearrangement, move_in_the_way, rearrange
from practice_repo.algebra.pattern_rules import Found, own_nodes, take_one_out

CONTROL = frozenset({"control"})
REMOVALS = {  # an insertion that was undone is a removal
    "InsertSerial": "Delete",
    "InsertParallel": "Delete",
    "InsertConditional": "Delete",
    "WrapLoop": "Delete",
    "AddBoundary": "RemoveBoundary",
    "ExtractSubprocess": "InlineSubprocess",
    "Parallelise": "Sequentialise",
    "AddDependency": "RemoveDependency",
}


def fold(base: Document, changed: Document, changes: Sequence[Change]) -> tuple[tuple[Operation, ...], list[Change]]:
    """Operations for the changes of control flow, in the order to apply them, and the changes that are left.

    The documents have common keys, and `changes` lead from one to the other. When there is a pattern at all, the
    operations hold every change (what is no control flow by subject, in its place among them) and none is left.
    """
    if base.kind != "bpmn" or not any(_is_flow(change, base, changed) for change in changes):
        return (), list(changes)
    return _Folding(base, changed).operations(), []


def _is_flow(change: Change, base: Document, changed: Document) -> bool:
    if change.action != "set":
        return True
    return change.field in {"source", "target", "parent", "default", "attached_to"}


@dataclass
class _Step:
    """One operation: what was found, and how the touched records were before and after it."""

    found: Found
    before: Mapping[str, Record | None]
    after: Mapping[str, Record | None]


class _Folding:
    def __init__(self, base: Document, changed: Document):
        self.base = base
        self.changed = changed
        self.old = FlowState(base)
        self.new = FlowState(changed)
        self.removed: list[_Step] = []
        self.moved: list[_Step] = []
        self.added: list[_Step] = []

    def operations(self) -> tuple[Operation, ...]:
        self.removed += self.replaced_places()
        self.reduce()
        for arranged in rearrange(self.old, self.new):
            self.moved.append(self.rearranged(arranged))
        self.added.reverse()
        kinds, rest = self.rest()
        before = [self.operation(step) for step in self.removed + self.moved]
        return (*before, *kinds, *rest, *(self.operation(step) for step in self.added))

    # steps

    def reduce(self) -> None:
        """Take out all that only one side has; what was moved to between such elements is put back where it hinders."""
        while True:
            self.removed += self.taken_out(self.old, self.new, is_removal=True)
            self.added += self.taken_out(self.new, self.old, is_removal=False)
            if any(own_nodes(self.new, self.old)) and (back := move_in_the_way(self.new, self.old)):
                self.added.append(_Step(Found("Move", back.target, back.details), back.after, back.before))
            elif any(own_nodes(self.old, self.new)) and (moved := move_in_the_way(self.old, self.new)):
                place = self.new.into(moved.target) + self.new.out(moved.target)
                between = [self.new.source(place[0]), self.new.target(place[-1])]
                self.removed.append(_Step(Found("Move", moved.target, {"between": between}), moved.before, moved.after))
            else:
                return

    def taken_out(self, state: FlowState, other: FlowState, *, is_removal: bool) -> list[_Step]:
        steps = []
        while True:
            state.begin()
            found = take_one_out(state, other)
            if found is None:
                return steps
            before = dict(state.before)
            after = {key: state.records.get(key) for key in before}
            if is_removal:
                found.type = REMOVALS.get(found.type, found.type)
                steps.append(_Step(found, before, after))
            else:
                steps.append(_Step(found, after, before))

    def rearranged(self, arranged: Rearrangement) -> _Step:
        return _Step(Found(arranged.type, arranged.target, arranged.details), arranged.before, arranged.after)

    def replaced_places(self) -> list[_Step]:
        """An activity that gave way to another one at the same place."""
        steps = []
        for record in list(self.old.nodes()):
            new = self.successor_of(record)
            if new is not None:
                self.old.begin()
                self.replace_node(record, new)
                before = dict(self.old.before)
                found = Found("Replace", record.key, {"after": name_of(new, self.changed)})
                steps.append(_Step(found, before, {key: self.old.records.get(key) for key in before}))
        return steps

    def successor_of(self, record: Record) -> Record | None:
        """What only the changed document has, where only the base has this."""
        old, new = self.old, self.new
        if record.key in new.records or not old.is_serial(record.key) or not _is_replaceable(record, old):
            return None
        source, target = old.source(old.into(record.key)[0]), old.target(old.out(record.key)[0])
        for flow in new.out(source):
            key = new.target(flow)
            found = new.records.get(key)
            if found is None or key in old.records or not new.is_serial(key) or found.parent != record.parent:
                continue
            if new.target(new.out(key)[0]) == target and _is_replaceable(found, new):
                return found
        return None

    def replace_node(self, record: Record, new: Record) -> None:
        old = self.old
        way_in, way_out = old.into(record.key)[0], old.out(record.key)[0]
        old.put(Record(new.key, new.kind, new.id, {**new.fields}))
        flows = (old.records[way_in].with_fields(target=new.key), old.records[way_out].with_fields(source=new.key))
        for flow in flows:
            old.put(flow)
        old.drop_nodes([record.key])

    # what is no pattern

    def rest(self) -> tuple[list[Operation], tuple[Operation, ...]]:
        """Elements that became another kind, and all other changes by subject."""
        base, changed = (
            document.with_records(state.records)
            for document, state in ((self.base, self.old), (self.changed, self.new))
        )
        changes = list(_compared(base, changed))
        operations = list(self.new_kinds(base, changed, changes))
        operations += self.new_defaults(base, changed, changes)
        self.settle_moves(changes)
        return operations, group(base, changed, changes)

    def new_kinds(self, base: Document, changed: Document, changes: list[Change]) -> Iterator[Operation]:
        both = [change.key for change in changes if change.action == "remove" and change.key in changed.records]
        for key in both:
            mine = [change for change in changes if change.key == key]
            for change in mine:
                changes.remove(change)
            details = {"after": changed.records[key].kind, "before": base.records[key].kind}
            yield self.told("Replace", key, mine, details)

    def new_defaults(self, base: Document, changed: Document, changes: list[Change]) -> Iterator[Operation]:
        """A default that changes takes along the conditions of the flows that become it, or no longer are it."""
        for chosen in [change for change in changes if change.field == "default"]:
            flows = {chosen.before, chosen.after}
            mine = [
                change
                for change in changes
                if change is chosen
                or (change.key == chosen.key and change.field == "flows")
                or (change.key in flows and change.action == "set" and str(change.field).startswith("condition"))
            ]
            for change in mine:
                changes.remove(change)
            texts = {
                name: name_of(document.records[key], document)
                for name, key, document in (("before", chosen.before, base), ("after", chosen.after, changed))
                if key in document.records
            }
            yield self.told("ChangeDefault", chosen.key, mine, texts)

    def settle_moves(self, changes: list[Change]) -> None:
        """What is still connected differently near something that moved belongs to its move."""
        for change in [each for each in changes if _is_connection(each)]:
            for step in reversed(self.moved):
                if change.key in step.after and step.after[change.key] is not None and change.action == "set":
                    if self.settled(change, step):
                        changes.remove(change)
                    break

    def settled(self, change: Change, step: _Step) -> bool:
        """Let the move set the final value, unless a later one sets something else."""
        record = step.after[change.key]
        later = self.moved[self.moved.index(step) + 1 :]
        if record is None or any(change.key in each.after for each in later):
            return False
        if not same(record.fields.get(str(change.field)), change.before):
            return False
        before = step.before[change.key]
        is_condition = str(change.field).startswith("condition")
        if is_condition and before is not None and same(before.fields.get(str(change.field)), change.before):
            return False  # changed for itself
        after = record.having({str(change.field): change.after})
        step.after = {**step.after, change.key: after}
        return True

    # operations

    def operation(self, step: _Step) -> Operation:
        changes = _changes(step.before, step.after)
        return self.told(step.found.type, step.found.target, changes, step.found.details)

    def told(self, type_: str, target: str, changes: Sequence[Change], details: Mapping[str, Any]) -> Operation:
        """The operation with what people and the diagram need."""
        document = self.base if target in self.base.records else self.changed
        record = document.records[target]
        said = {"name": name_of(record, document), "kind": record.kind, **self.named(details)}
        if chinese := record.get("extensionElements/praxis:property[name:zh]@value"):
            said["name:zh"] = chinese
        flows = {change.key for change in changes if self.kind_of(change.key) == FLOW}
        for name, action, drawn in (("layout", "add", self.changed), ("layout_before", "remove", self.base)):
            keys = flows | {change.key for change in changes if change.action == action}
            if layout := layout_of(drawn, keys):
                said[name] = layout
        spelling = {
            change.key: dict(texts)
            for change in changes
            if change.action == "add" and (texts := (self.changed.extras.get("spelling") or {}).get(change.key))
        }
        if spelling:
            said["spelling"] = spelling
        return Operation(type_, self.base.name, target, tuple(changes), CONTROL, said)

    def kind_of(self, key: str) -> str:
        found = self.base.records.get(key) or self.changed.records.get(key)
        return found.kind if found else ""

    def named(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """The details with names in place of keys."""
        said: dict[str, Any] = {}
        for name, value in details.items():
            if name in {"between", "members", "around", "branch_of"}:
                said[name] = [self.name_at(key) for key in value]
                said[f"{name}_keys"] = list(value)
            elif name in {"other", "in"}:
                said[name] = self.name_at(value)
                said[f"{name}_key"] = value
            else:
                said[name] = value
        return said

    def name_at(self, key: str) -> str:
        for document in (self.changed, self.base):
            if key in document.records:
                return name_of(document.records[key], document)
        return key


def _is_replaceable(record: Record, state: FlowState) -> bool:
    """An activity or event with nothing inside of it and nothing attached."""
    return (
        not state.is_gateway(record.key)
        and record.kind not in SUB_PROCESSES
        and record.kind not in EVENTS - {"intermediateCatchEvent", "intermediateThrowEvent"}
        and not state.boundary_events(record.key)
    )


def _is_connection(change: Change) -> bool:
    return change.field in {"source", "target", "flows", "parent"} or str(change.field).startswith("condition")


def _changes(before: Mapping[str, Record | None], after: Mapping[str, Record | None]) -> list[Change]:
    """What leads from the records before to those after: removals, additions, then fields."""
    removed, added, fields = [], [], []
    for key in before:
        one, other = before[key], after[key]
        if one is not None and (other is None or other.kind != one.kind):
            removed.append(Change.removing(one))
        if other is not None and (one is None or one.kind != other.kind):
            added.append(Change.adding(other))
        if one is not None and other is not None and one.kind == other.kind:
            fields.extend(_field_changes(one, other))
    return removed + added + fields


def _field_changes(before: Record, after: Record) -> Iterator[Change]:
    for name in sorted(before.fields.keys() | after.fields.keys()):
        one, other = before.fields.get(name), after.fields.get(name)
        if not same(one, other):
            yield Change("set", before.key, name, one, other)


def _compared(base: Document, changed: Document) -> list[Change]:
    keys = dict.fromkeys([*base.records, *changed.records])
    return _changes({key: base.records.get(key) for key in keys}, {key: changed.records.get(key) for key in keys})
