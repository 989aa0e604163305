"""The merge of one file: conflicts between the operations of both sides, and the result for given answers."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from engine.errors import InvalidInput
from practice_repo.algebra import clashes as kinds
from practice_repo.algebra.alignment import Alignment, align, rekeyed
from practice_repo.algebra.clashes import Clash, Side, clashes, closed, dependencies, is_list, is_version
from practice_repo.algebra.conflicts import DOES_NOT_FIT, Conflict, Resolution
from practice_repo.algebra.difference import apply, difference, field_changes
from practice_repo.algebra.document import Document, Record, is_reference, same
from practice_repo.algebra.grouping import name_of
from practice_repo.algebra.operations import CannotApply, Change, Operation, spliced
from practice_repo.algebra.ordered_lists import merge_lists
from practice_repo.algebra.same_additions import content_colours, unified
from practice_repo.algebra.serialising import comes_first, is_order_free, serialised

SEVERITY = (  # which clash names a conflict that has several
    kinds.DELETE_CHANGE, kinds.DANGLING, kinds.SAME_KEY, kinds.GATEWAY_TYPE, kinds.MOVED, kinds.CONTRACT,
    kinds.INSERT_SAME_PLACE, kinds.ORDER, kinds.SAME_FIELD,
)  # fmt: skip


@dataclass(frozen=True)
class FileResult:
    """The merged file, and the operations of theirs that are in it (as they were, or because ours did the same)."""

    document: Document
    ours: tuple[Operation, ...]
    theirs: tuple[Operation, ...]


class FileMerge:
    """One document in three versions. `conflicts` are all questions, answered or not."""

    def __init__(self, base: Document, ours: Document, theirs: Document):
        self.base = base
        self.original, self.their_original = ours, theirs
        self.ours = _in_keys_of(base, ours)
        self.theirs = unified(base, self.ours, _in_keys_of(base, theirs))
        self.our_operations = _operations(base, self.ours)
        self.their_operations = _operations(base, self.theirs)
        self.mine = Side.of(self.our_operations)
        self.yours = Side.of(self.their_operations)
        self.serial: dict[str, Clash] = {}  # theirs' operations that come in line with ours without asking
        self.unfit: list[Conflict] = []
        self.by_id = {each.id: each for each in (*self.our_operations, *self.their_operations)}

    @cached_property
    def our_needs(self) -> Mapping[str, set[str]]:
        return dependencies(self.mine)

    @cached_property
    def their_needs(self) -> Mapping[str, set[str]]:
        return dependencies(self.yours)

    # --- conflicts --------------------------------------------------------------------------------------------------

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        taken = {each.id for conflict in self.unfit for each in conflict.theirs}
        return (*(each for each in self.clashing if not taken & {one.id for one in each.theirs}), *self.unfit)

    @cached_property
    def clashing(self) -> tuple[Conflict, ...]:
        """Groups of operations that clash or hang together with such; what has the same effect is left out."""
        if not self.our_operations or not self.their_operations:
            return ()
        found = list(clashes(self.base, self.mine, self.yours, (self.ours, self.theirs)))
        groups = _Groups()
        for clash in found:
            groups.join(("ours", clash.ours.id), ("theirs", clash.theirs.id))
        self._widen(groups)
        conflicts = []
        for members in groups.all():
            ours = [each for each in self.our_operations if ("ours", each.id) in members]
            theirs = [each for each in self.their_operations if ("theirs", each.id) in members]
            inside = [clash for clash in found if ("ours", clash.ours.id) in members]
            if not self._have_one_effect(ours, theirs) and not self._come_in_line(inside, ours, theirs):
                conflicts.append(self._conflict(inside, ours, theirs))
        return tuple(conflicts)

    def _widen(self, groups: "_Groups") -> None:
        """What depends on an operation in a group, or does the same on the other side, is decided with it."""
        links = [(("ours", one), ("ours", need)) for one, needs in dependencies(self.mine).items() for need in needs]
        links += [
            (("theirs", one), ("theirs", need)) for one, needs in dependencies(self.yours).items() for need in needs
        ]
        links += [(("theirs", theirs), ("ours", ours)) for ours, theirs in self._shared()]
        links += [(("ours", ours), ("theirs", theirs)) for ours, theirs in self._shared()]
        growing = True
        while growing:
            growing = False
            for member, reason in links:
                if reason in groups and groups.join(member, reason):
                    growing = True

    def _shared(self) -> list[tuple[str, str]]:
        """Ids of operations of ours and theirs that have a change in common."""
        mine = {_mark(change): each.id for each in self.our_operations for change in each.changes}
        return [
            (mine[_mark(change)], each.id)
            for each in self.their_operations
            for change in each.changes
            if _mark(change) in mine
        ]

    def _have_one_effect(self, ours: Sequence[Operation], theirs: Sequence[Operation]) -> bool:
        """Both sides reach the same, by different ways; only when nothing else builds on how theirs did it."""
        try:
            is_same = apply(self.base, ours).digest == apply(self.base, theirs).digest
        except CannotApply:
            return False
        if is_same:
            self.same_effect.update(each.id for each in theirs)
            self.same_effect_of_ours.update(each.id for each in ours)
        return is_same

    @cached_property
    def same_effect(self) -> set[str]:
        return set()

    @cached_property
    def same_effect_of_ours(self) -> set[str]:
        return set()

    def _come_in_line(self, found: Sequence[Clash], ours: Sequence[Operation], theirs: Sequence[Operation]) -> bool:
        """Both inserted at one place, and the order makes no difference."""
        if len(found) != 1 or found[0].kind != kinds.INSERT_SAME_PLACE or found[0].field not in kinds.FLOW_ENDS:
            return False
        if len(ours) != 1 or len(theirs) != 1 or not is_order_free(ours[0], theirs[0]):
            return False
        self.serial[theirs[0].id] = found[0]
        return True

    def _conflict(self, found: Sequence[Clash], ours: Sequence[Operation], theirs: Sequence[Operation]) -> Conflict:
        first = min(found, key=lambda clash: (SEVERITY.index(clash.kind), clash.key, clash.field))
        return Conflict(
            first.kind,
            self.base.name,
            first.key,
            first.field,
            self.name_of(first.key),
            tuple(ours),
            tuple(theirs),
            tuple(found),
        )

    def name_of(self, key: str) -> str:
        for document in (self.base, self.ours, self.theirs):
            if key in document.records:
                return name_of(document.records[key], document)
        return key

    # --- result -----------------------------------------------------------------------------------------------------

    def result(
        self,
        resolutions: Mapping[str, Resolution],
        *,
        without: Collection[str] = (),
        dropping: Collection[str] = (),
        trying: bool = False,
    ) -> FileResult:
        """The file for these answers, without some operations of theirs, and with some of ours dropped.

        An operation of theirs that does not fit after all becomes a conflict of its own (see `conflicts`); with
        `trying` CannotApply is raised for it.
        """
        while True:
            try:
                return self._attempt(resolutions, set(without), set(dropping))
            except CannotApply as refusal:
                if trying or not self._note_unfit(refusal):
                    raise

    def _note_unfit(self, refusal: CannotApply) -> bool:
        operation = self._original_of(refusal.operation)
        if operation is None:
            return False
        group = closed(self.their_needs, {operation.id})
        known = {each.id for conflict in self.unfit for each in conflict.theirs}
        if group <= known:
            return False
        theirs = tuple(each for each in self.their_operations if each.id in group - known)
        keys = {change.key for each in theirs for change in each.changes}
        ours = tuple(each for each in self.our_operations if keys & {change.key for change in each.changes})
        target = operation.target
        self.unfit.append(Conflict(DOES_NOT_FIT, self.base.name, target, "", self.name_of(target), ours, theirs))
        return True

    def _original_of(self, operation: Operation | None) -> Operation | None:
        if operation is None:
            return None
        return self.by_id.get(str(operation.details.get("origin") or operation.id))

    def _attempt(self, resolutions: Mapping[str, Resolution], without: set[str], dropping: set[str]) -> FileResult:
        edits: list[Operation] = []
        conflicts = self.conflicts
        combining: dict[str, tuple[Clash, ...]] = {key: (clash,) for key, clash in self.serial.items()}
        for conflict in conflicts:
            answer = resolutions.get(conflict.id)
            choice = answer.choice if answer else "ours"
            if choice == "combine" and not conflict.can_be_combined:
                raise InvalidInput(f"{conflict.describe()} These changes cannot be combined: keep one, or edit.")
            theirs = {each.id for each in conflict.theirs}
            if choice == "combine":
                combining.update(dict.fromkeys(theirs, conflict.clashes))
                dropping |= _removals(conflict.clashes, "ours")
                without |= _removals(conflict.clashes, "theirs")
            elif choice != "theirs":
                without |= theirs
            if choice in {"theirs", "edit"}:
                dropping |= {each.id for each in conflict.ours}
            edits += answer.operations if answer and choice == "edit" else ()
        accepted = [each for each in self.their_operations if each.id not in without]
        kept = [each for each in self.our_operations if each.id not in dropping]
        return FileResult(self._made(kept, accepted, combining, edits), tuple(kept), tuple(accepted))

    def _made(
        self,
        kept: Sequence[Operation],
        accepted: Sequence[Operation],
        combining: Mapping[str, tuple[Clash, ...]],
        edits: Sequence[Operation],
    ) -> Document:
        dropped = [each for each in self.our_operations if each not in kept]
        new = [each for each in accepted if each.id not in self.same_effect or self._lost_effect(kept)]
        if not dropped and not new and not edits:
            return self.original
        if self._only_theirs_changed() and len(accepted) == len(self.their_operations) and not edits:
            return self.their_original
        document = apply(self.ours, [each.inverse() for each in reversed(dropped)]) if dropped else self.ours
        adapting = _Adapting(self, document, kept, combining)
        operations = [adapted for each in new if (adapted := adapting.adapted(each)) is not None]
        if not operations and not dropped and not edits and not adapting.lists(new):
            return self.original
        merged = apply(document, operations)
        merged = merged.with_records(adapting.with_lists(merged.records, new))
        return apply(merged, edits) if edits else merged

    def _only_theirs_changed(self) -> bool:
        """Ours is the base still, drawing and all, and theirs kept its ids: then theirs is the result as it is."""
        mine, yours = self.original.records, self.their_original.records
        if mine != self.base.records or self.original.layout != self.base.layout:
            return False
        if self.base.kind == "bpmn" and self.base.layout and not self.their_original.layout:
            return False
        return all(mine[key].id == yours[key].id for key in mine.keys() & yours.keys())

    @property
    def done_by_both(self) -> set[str]:
        """Ids of ours' operations whose every change theirs made too."""
        theirs = {_mark(change) for each in self.their_operations for change in each.changes}
        whole = {each.id for each in self.our_operations if all(_mark(change) in theirs for change in each.changes)}
        return whole | self.same_effect_of_ours

    def _lost_effect(self, kept: Sequence[Operation]) -> bool:
        return not self.same_effect_of_ours <= {each.id for each in kept}


class _Adapting:
    """Operations of theirs as they must be to be done on ours."""

    def __init__(
        self,
        merge: FileMerge,
        document: Document,
        kept: Sequence[Operation],
        combining: Mapping[str, tuple[Clash, ...]],
    ):
        self.merge = merge
        self.document = document
        self.done = {_mark(change) for each in kept for change in each.changes}
        self.combining = combining
        our_lists = {place for place, steps in merge.mine.lists.items() if any(step[0] in kept for step in steps)}
        both_add = merge.mine.adds.keys() & merge.yours.adds.keys() & document.records.keys()
        their_lists = set(merge.yours.lists)
        for key in both_add:
            fields = {**merge.yours.adds[key][1].fields, **document.records[key].fields}
            their_lists |= {(key, name) for name, value in fields.items() if isinstance(value, tuple)}
        self.shared_lists = {place for place in their_lists if place in our_lists or place[0] in both_add}

    def adapted(self, operation: Operation) -> Operation | None:
        """Without what ours did too, and without lists that both changed (see `with_lists`)."""
        changes: list[Change] = []
        for change in operation.changes:
            changes += self._change(change, operation)
        for clash in self.combining.get(operation.id, ()):
            if clash.theirs.id == operation.id:
                first = comes_first(clash) if operation.id in self.merge.serial else "ours"
                changes = serialised(changes, clash, self.document, self.merge.base, first)
        if not changes:
            return None
        layout = operation.details.get("layout") or {}
        layout = {key: place for key, place in layout.items() if key.partition("#")[0] not in self.document.layout}
        details = {**operation.details, "layout": layout, "origin": operation.id}
        return replace(operation, changes=tuple(changes), details=details)

    def _change(self, change: Change, operation: Operation) -> list[Change]:
        records, key = self.document.records, change.key
        if key in self.merge.yours.replaces:
            return self._replacement(change, operation)
        is_step = len(self.merge.yours.chains.get((key, str(change.field)), ())) > 1
        if _mark(change) in self.done and not is_list(change) and not is_step:
            return []
        if change.action == "add":
            return [] if key in records else [change]
        if key not in records:
            return [] if change.action == "remove" else [change]
        if change.action == "remove":
            return [Change.removing(records[key])] if self._is_combined(operation, key, "") else [change]
        place = (key, str(change.field))
        if place in self.shared_lists:
            return []
        current = records[key].fields.get(place[1])
        if is_step:
            return [] if same(current, self.merge.yours.sets[place][1].after) else [change]
        if is_version(self.document, place) and not same(current, change.before):
            is_higher = _version(change.after) > _version(current)
            return [replace(change, before=current)] if is_higher else []
        if not is_list(change) and not same(current, change.before) and self._is_combined(operation, *place):
            return self._together(change, current)
        return [] if same(current, change.after) else [change]

    def _is_combined(self, operation: Operation, key: str, name: str) -> bool:
        return any(clash.key == key and clash.field in {name, ""} for clash in self.combining.get(operation.id, ()))

    def _together(self, change: Change, current: Any) -> list[Change]:
        """Two texts one after the other; the ends of flows are left to `serialised`."""
        if str(change.field).startswith(("documentation", "description")):
            return [replace(change, before=current, after=f"{current}\n\n{change.after}" if current else change.after)]
        return [change] if change.field in kinds.FLOW_ENDS else []

    def _replacement(self, change: Change, operation: Operation) -> list[Change]:
        """An element that became another kind, with what ours changed on it."""
        if change.action == "set":
            return [] if (operation.id, change.key) in self.merge.yours.swallowed else [change]
        if change.action == "remove":
            return []
        found = self.document.records.get(change.key)
        _, before, after = self.merge.yours.replaces[change.key]
        if found is None:
            return [change]
        changed = {str(each.field): each.after for each in field_changes(before, after) if not is_list(each)}
        record = replace(found, kind=after.kind, fields={})
        fields = {name: value for name, value in {**found.fields, **changed}.items() if value is not None}
        record = replace(record, fields=fields)
        if record == found:
            return []
        return [Change.removing(found), Change.adding(record)]

    def lists(self, accepted: Sequence[Operation]) -> bool:
        touched = {(change.key, change.field) for each in accepted for change in each.changes}
        return bool(touched & self.shared_lists)

    def with_lists(self, records: Mapping[str, Record], accepted: Sequence[Operation]) -> dict[str, Record]:
        """The records with the ordered lists that both sides changed merged as lists."""
        result = dict(records)
        if not self.shared_lists:
            return result
        base = self.merge.base.records
        colours = content_colours({key: record for key, record in records.items() if key not in base})
        for key, name in sorted(self.shared_lists):
            if key not in result:
                continue
            before = base[key].get(name) or () if key in base else ()
            mine, yours = result[key].get(name) or (), self._their_list(key, name, before, accepted)
            items = merge_lists(before, mine, yours, lambda item: colours.get(item, item)).items
            if items is None:
                items = spliced(mine, (*mine, *(item for item in yours if item not in {*mine, *before})), mine) or mine
            if is_reference(name):
                items = tuple(item for item in items if item.partition("#")[0] in result or item in before)
            result[key] = result[key].having({name: items or None})
        return result

    def _their_list(
        self, key: str, name: str, before: tuple[str, ...], accepted: Sequence[Operation]
    ) -> tuple[str, ...]:
        steps = [(each, change) for each, change in self.merge.yours.lists.get((key, name), ()) if each in accepted]
        if len(steps) == len(self.merge.yours.lists.get((key, name), ())):
            return self.merge.theirs.records[key].get(name) or () if key in self.merge.theirs.records else before
        current = before
        for _, change in steps:
            stepped = spliced(change.before or (), change.after or (), current)
            current = current if stepped is None else stepped
        return current


class _Groups:
    """Things that belong together (union-find)."""

    def __init__(self) -> None:
        self.parent: dict[tuple[str, str], tuple[str, str]] = {}

    def __contains__(self, item: tuple[str, str]) -> bool:
        return item in self.parent

    def find(self, item: tuple[str, str]) -> tuple[str, str]:
        self.parent.setdefault(item, item)
        while self.parent[item] != item:
            self.parent[item] = self.parent[self.parent[item]]
            item = self.parent[item]
        return item

    def join(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """True when they were apart."""
        one, other = self.find(one), self.find(other)
        self.parent[one] = other
        return one != other

    def all(self) -> list[set[tuple[str, str]]]:
        found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for item in self.parent:
            found.setdefault(self.find(item), set()).add(item)
        return list(found.values())


def _in_keys_of(base: Document, document: Document) -> Document:
    return document if document.records == base.records else rekeyed(document, align(base, document))


def _operations(base: Document, changed: Document) -> tuple[Operation, ...]:
    """The difference between documents that have their keys in common already."""
    if changed.records == base.records:
        return ()
    return difference(base, changed, alignment=Alignment({key: key for key in changed.records}))


def _removals(found: Iterable[Clash], side: str) -> set[str]:
    """Operations that remove what the other side goes on using: to have both is to keep it."""
    ids = set()
    for clash in found:
        operation = clash.ours if side == "ours" else clash.theirs
        if clash.kind in {kinds.DELETE_CHANGE, kinds.DANGLING} and clash.key in operation.removes:
            ids.add(operation.id)
    return ids


def _mark(change: Change) -> tuple[str, str, str, str]:
    """What a change does, whatever was there before and whatever id it gives."""
    if change.action == "remove":
        return "remove", change.key, "", ""
    if change.action == "add":
        return "add", change.key, change.record.kind, repr(sorted(change.record.fields.items(), key=repr))
    return "set", change.key, str(change.field), repr(change.after)


def _version(text: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(text or "")))
