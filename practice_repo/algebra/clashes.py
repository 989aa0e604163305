"""Which operations of two sides cannot both be done as they are, and which depend on each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.bpmn.names import FLOW_NODES
from practice_repo.algebra.difference import field_changes
from practice_repo.algebra.document import KEYED_FIELDS, Document, Record, same
from practice_repo.algebra.operations import Change, Operation
from practice_repo.algebra.ordered_lists import merge_lists

SAME_FIELD = "same_field"
DELETE_CHANGE = "delete_change"
DANGLING = "dangling"
INSERT_SAME_PLACE = "insert_same_place"
ORDER = "order"
GATEWAY_TYPE = "gateway_type"
SAME_KEY = "same_key"
MOVED = "moved"
CONTRACT = "contract"

BOTH_ENDS = "ends"
CONNECTING = frozenset({"source", "target", "attached_to"})
FLOW_ENDS = frozenset({"source", "target"})
CONTRACT_KINDS = frozenset({"message", "signal", "error", "escalation", "input", "output"})
WORDS = ("name", "label", "documentation", "description", "annotation", "extensionElements/praxis:property")
ORDER_COUNTS = frozenset({"exclusiveGateway"})
HIT_POLICIES_BY_ORDER = frozenset({"FIRST", "RULE ORDER"})


@dataclass(frozen=True)
class Clash:
    """Two operations, and the record (and field) over which they clash."""

    kind: str
    ours: Operation
    theirs: Operation
    key: str
    field: str = ""


@dataclass
class Side:
    """The operations of one side by what they touch. `sets` has the last operation, from first to last value."""

    operations: Sequence[Operation]
    sets: dict[tuple[str, str], tuple[Operation, Change]] = field(default_factory=dict)
    chains: dict[tuple[str, str], list[Operation]] = field(default_factory=dict)  # all that set it, one after the other
    lists: dict[tuple[str, str], list[tuple[Operation, Change]]] = field(default_factory=dict)
    adds: dict[str, tuple[Operation, Record]] = field(default_factory=dict)
    removes: dict[str, tuple[Operation, Record]] = field(default_factory=dict)
    replaces: dict[str, tuple[Operation, Record, Record]] = field(default_factory=dict)  # before, after
    swallowed: set[tuple[str, str]] = field(default_factory=set)  # operation and key: its sets are in a replacement
    refers: dict[str, list[tuple[Operation, str, str]]] = field(default_factory=dict)  # key → operation, from, field
    lets_go: dict[str, list[tuple[Operation, str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, operations: Sequence[Operation]) -> "Side":
        side = cls(operations)
        for operation in operations:
            for change in operation.changes:
                side._note(operation, change)
        for key in [key for key in side.removes if key in side.adds]:
            side._note_replacement(key)
        return side

    def _note(self, operation: Operation, change: Change) -> None:
        if change.action == "set":
            place = (change.key, str(change.field))
            if is_list(change):
                self.lists.setdefault(place, []).append((operation, change))
            else:
                first = self.sets[place][1].before if place in self.sets else change.before
                self.sets[place] = (operation, replace(change, before=first))
                self.chains.setdefault(place, []).append(operation)
            old = set(_references(change.key, place[1], change.before))
            new = set(_references(change.key, place[1], change.after))
            self._refer(operation, change.key, new - old, old - new)
        else:
            found = set(change.record.references())
            is_new = change.action == "add"
            (self.adds if is_new else self.removes)[change.key] = (operation, change.record)
            self._refer(operation, change.key, found if is_new else set(), set() if is_new else found)

    def _note_replacement(self, key: str) -> None:
        """An element is taken out and another put in under its key, by one operation or by several."""
        remover, before = self.removes.pop(key)
        adder, after = self.adds.pop(key)
        earlier = [(name, found) for (owner, name), found in self.sets.items() if owner == key]
        before = before.having({name: change.before for name, (_, change) in earlier if change.after is not None})
        self.replaces[key] = (adder, before, after)
        self.swallowed |= {(operation.id, key) for _, (operation, _) in earlier}
        involved = [remover, adder, *(operation for _, (operation, _) in earlier)]
        if len({operation.id for operation in involved}) > 1:
            self.chains[key, ""] = involved
        for change in field_changes(before, after):
            if not is_list(change):
                self.sets.pop((key, str(change.field)), None)
            self._note(adder, change)

    def _refer(self, operation: Operation, source: str, new: set, old: set) -> None:
        for name, key in new:
            self.refers.setdefault(key, []).append((operation, source, name))
        for name, key in old:
            self.lets_go.setdefault(key, []).append((operation, source, name))

    def touching(self, key: str) -> Iterator[tuple[Operation, str]]:
        """Operation and field of every change of a record that stays."""
        for places in (self.sets, self.lists):
            for (owner, name), found in places.items():
                if owner == key:
                    yield (found[0][0] if isinstance(found, list) else found[0]), name


def is_list(change: Change) -> bool:
    return isinstance(change.before, tuple) or isinstance(change.after, tuple)


def _references(key: str, name: str, value: Any) -> Iterator[tuple[str, str]]:
    return Record(key, "", "", {name: value}).references() if value is not None else iter(())


def clashes(base: Document, ours: Side, theirs: Side, documents: tuple[Document, Document]) -> Iterator[Clash]:
    """Every clash between the operations of the two sides; `documents` are the two sides as they are."""
    search = _Search(base, documents)
    yield from search.same_fields(ours, theirs)
    yield from search.same_keys(ours, theirs)
    yield from search.lists(ours, theirs)
    for one, other, turned in ((ours, theirs, False), (theirs, ours, True)):
        for clash in search.one_way(one, other):
            yield clash if not turned else Clash(clash.kind, clash.theirs, clash.ours, clash.key, clash.field)


class _Search:
    def __init__(self, base: Document, documents: tuple[Document, Document]):
        self.base = base
        self.documents = documents

    def kind_of(self, key: str) -> str:
        record = self.base.records.get(key)
        return record.kind if record else ""

    def same_fields(self, ours: Side, theirs: Side) -> Iterator[Clash]:
        for place in ours.sets.keys() & theirs.sets.keys():
            (one, mine), (other, yours) = ours.sets[place], theirs.sets[place]
            if same(mine.after, yours.after) or is_version(self.base, place):
                continue
            key, name = place
            is_insert = name in FLOW_ENDS and mine.after in ours.adds and yours.after in theirs.adds
            yield Clash(INSERT_SAME_PLACE if is_insert else SAME_FIELD, one, other, key, name)
        yield from self.both_ends(ours, theirs)
        for place in ours.lists.keys() & theirs.sets.keys():
            yield Clash(SAME_FIELD, ours.lists[place][0][0], theirs.sets[place][0], *place)
        for place in ours.sets.keys() & theirs.lists.keys():
            yield Clash(SAME_FIELD, ours.sets[place][0], theirs.lists[place][0][0], *place)

    def both_ends(self, ours: Side, theirs: Side) -> Iterator[Clash]:
        """One side inserts at the beginning of a flow, the other at its end: the same place."""
        for (key, name), (one, mine) in ours.sets.items():
            other_end = {"source": "target", "target": "source"}.get(name)
            found = theirs.sets.get((key, other_end)) if other_end else None
            if found and mine.after in ours.adds and found[1].after in theirs.adds:
                yield Clash(INSERT_SAME_PLACE, one, found[0], key, BOTH_ENDS)

    def same_keys(self, ours: Side, theirs: Side) -> Iterator[Clash]:
        for key in ours.adds.keys() & theirs.adds.keys():
            (one, mine), (other, yours) = ours.adds[key], theirs.adds[key]
            if mine.kind != yours.kind or any(not is_list(change) for change in field_changes(mine, yours)):
                yield Clash(SAME_KEY, one, other, key)
        for key in ours.replaces.keys() & theirs.replaces.keys():
            if ours.replaces[key][2].kind != theirs.replaces[key][2].kind:
                yield Clash(SAME_FIELD, ours.replaces[key][0], theirs.replaces[key][0], key, "kind")

    def lists(self, ours: Side, theirs: Side) -> Iterator[Clash]:
        for place in ours.lists.keys() & theirs.lists.keys():
            key, name = place
            if key not in self.base.records:
                continue
            sides = [document.records[key].get(name) or () for document in self.documents if key in document.records]
            if len(sides) < 2 or sides[0] == sides[1]:
                continue
            merged = merge_lists(self.base.records[key].get(name) or (), *sides)
            if merged.items is None:
                yield Clash(ORDER, ours.lists[place][0][0], theirs.lists[place][0][0], key, name)
            elif merged.crowded and self.order_counts(key, name):
                for mine in _putting_in(ours.lists[place], merged.crowded):
                    for yours in _putting_in(theirs.lists[place], merged.crowded):
                        yield Clash(INSERT_SAME_PLACE, mine, yours, key, name)

    def order_counts(self, key: str, name: str) -> bool:
        record = self.documents[0].records[key]
        if name == "flows":
            return record.kind in ORDER_COUNTS
        return name == "rules" and str(record.get("hit_policy")).upper() in HIT_POLICIES_BY_ORDER

    def one_way(self, one: Side, other: Side) -> Iterator[Clash]:
        """What one side removes, replaces, moves or redefines, and the other counts on."""
        for key, (operation, _) in one.removes.items():
            if key in other.replaces:
                yield Clash(DELETE_CHANGE, operation, other.replaces[key][0], key)
            elif key not in other.removes:
                for touching, name in other.touching(key):
                    yield Clash(DELETE_CHANGE, operation, touching, key, name)
                for referring, _source, name in other.refers.get(key, ()):
                    yield Clash(DANGLING, operation, referring, key, name)
        for key, (operation, before, after) in one.replaces.items():
            if before.kind.endswith("Gateway") or after.kind.endswith("Gateway"):
                yield from self._branches(GATEWAY_TYPE, key, operation, other)
        for (key, name), (operation, _) in one.sets.items():
            if name == "parent":
                yield from self._moved(key, operation, other)
            elif self.kind_of(key) in CONTRACT_KINDS and not name.startswith(WORDS[1:]):
                yield from self._contract(key, name, operation, other)

    def _branches(self, kind: str, key: str, operation: Operation, other: Side) -> Iterator[Clash]:
        for references in (other.refers, other.lets_go):
            for touching, _source, name in references.get(key, ()):
                if name in FLOW_ENDS:
                    yield Clash(kind, operation, touching, key, name)

    def _moved(self, key: str, operation: Operation, other: Side) -> Iterator[Clash]:
        """An element goes to another scope, while the other side connects it where it was."""
        for touching, source, name in other.refers.get(key, ()):
            if (name in FLOW_ENDS or name == "attached_to") and self.kind_of(source) != "messageFlow":
                yield Clash(MOVED, operation, touching, key, name)
        for name in FLOW_ENDS:
            if (key, name) in other.sets:
                yield Clash(MOVED, operation, other.sets[key, name][0], key, name)

    def _contract(self, key: str, name: str, operation: Operation, other: Side) -> Iterator[Clash]:
        """A message or a column means something else now, and the other side has just begun to count on it."""
        for referring, source, at in other.refers.get(key, ()):
            if source != key and at != "parent":
                yield Clash(CONTRACT, operation, referring, key, name)
        for (_owner, cell), (changing, _) in other.sets.items():
            if any(cell == f"{prefix}{key}" for prefix in KEYED_FIELDS):
                yield Clash(CONTRACT, operation, changing, key, name)


def _putting_in(steps: Sequence[tuple[Operation, Change]], items: frozenset[str]) -> list[Operation]:
    found = [operation for operation, change in steps if items & (set(change.after or ()) - set(change.before or ()))]
    return list({operation.id: operation for operation in found}.values())


def is_version(document: Document, place: tuple[str, str]) -> bool:
    """The version of a card grows on both sides; the higher one is right."""
    return document.kind == "card" and place[1] == "version"


def dependencies(side: Side) -> Mapping[str, set[str]]:
    """Operation id → ids of the side's operations that it needs.

    They add what it uses, or let go what it removes. What connects an element that is added or removed belongs to it,
    so such operations need each other: half an insertion would leave loose ends.
    """
    needs: dict[str, set[str]] = {operation.id: set() for operation in side.operations}
    creator = {key: operation.id for key, (operation, _) in side.adds.items()}
    creator.update({key: found[0].id for key, found in side.replaces.items()})
    for operation in side.operations:
        needs[operation.id] |= {creator[key] for key in operation.requires if key in creator}
        for key in operation.removes - set(side.replaces):
            needs[operation.id] |= {each.id for each, _source, _name in side.lets_go.get(key, ())}
    for chain in side.chains.values():  # each begins where the one before has ended
        for operation in chain:
            needs[operation.id] |= {each.id for each in chain}
    for operation, key in _connected(side):
        connecting = [*side.refers.get(key, ()), *side.lets_go.get(key, ())]
        for other, _source, name in connecting:
            if name in CONNECTING:
                needs[operation.id].add(other.id)
                needs[other.id].add(operation.id)
    for identifier, needed in needs.items():
        needed.discard(identifier)
    return needs


def _connected(side: Side) -> Iterator[tuple[Operation, str]]:
    for whole in (side.adds, side.removes):
        for key, (operation, record) in whole.items():
            if record.kind in FLOW_NODES or record.kind == "sequenceFlow":
                yield operation, key


def closed(needs: Mapping[str, set[str]], ids: set[str]) -> set[str]:
    """These operations and all that cannot be done without them."""
    found = set(ids)
    growing = True
    while growing:
        more = {operation for operation, needed in needs.items() if operation not in found and needed & found}
        found |= more
        growing = bool(more)
    return found
