"""The flow of a document while patterns of change are taken out of it: records, their neighbours, what was touched."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.bpmn.names import FLOW_NODES, GATEWAYS, SUB_PROCESSES
from practice_repo.algebra.bpmn_document import ORDERED_GATEWAYS
from practice_repo.algebra.document import Document, FieldValue, Record

FLOW = "sequenceFlow"
ENDS = frozenset({"parent", "source", "target"})


@dataclass(frozen=True)
class Way:
    """A flow that shall be there: its ends, what it says (condition, name …), and whose place it takes.

    `natural` is the flow that becomes it when nothing else tells which; `slot` the one whose place among the flows of
    its source, and whose part as default, it takes.
    """

    source: str
    target: str
    says: Mapping[str, FieldValue] = field(default_factory=dict)
    natural: str | None = None
    slot: str | None = None


class FlowState:
    """Records that change, with their neighbours. What was touched since `begin` is what an operation changes."""

    def __init__(self, document: Document):
        self.records: dict[str, Record] = dict(document.records)
        self.before: dict[str, Record | None] = {}
        self._out: dict[str, list[str]] = {}
        self._into: dict[str, list[str]] = {}
        self._children: dict[str, list[str]] = {}
        self._boundary: dict[str, list[str]] = {}
        for record in self.records.values():
            self._link(record)

    # asking

    def out(self, node: str) -> list[str]:
        """The flows that leave a node."""
        return list(self._out.get(node, ()))

    def into(self, node: str) -> list[str]:
        return list(self._into.get(node, ()))

    def children(self, key: str) -> list[str]:
        return list(self._children.get(key, ()))

    def boundary_events(self, host: str) -> list[str]:
        return list(self._boundary.get(host, ()))

    def kind(self, key: str) -> str:
        record = self.records.get(key)
        return record.kind if record else ""

    def source(self, flow: str) -> str:
        return str(self.records[flow].get("source"))

    def target(self, flow: str) -> str:
        return str(self.records[flow].get("target"))

    def ends(self, flow: str) -> tuple[str, str]:
        return self.source(flow), self.target(flow)

    def says(self, flow: str) -> dict[str, FieldValue]:
        """What a flow says besides its ends."""
        return {name: value for name, value in self.records[flow].fields.items() if name not in ENDS}

    def between(self, source: str, target: str) -> list[str]:
        return [flow for flow in self._out.get(source, ()) if self.target(flow) == target]

    def nodes(self) -> Iterator[Record]:
        return (record for record in self.records.values() if record.kind in FLOW_NODES)

    def is_node(self, key: str) -> bool:
        return self.kind(key) in FLOW_NODES

    def is_gateway(self, key: str) -> bool:
        return self.kind(key) in GATEWAYS

    def is_serial(self, node: str) -> bool:
        """One flow in, one flow out, to other nodes."""
        into, out = self._into.get(node, ()), self._out.get(node, ())
        return len(into) == len(out) == 1 and node not in (self.source(into[0]), self.target(out[0]))

    def behind(self, start: str, without: Iterable[str] = ()) -> set[str]:
        """Nodes that a token can come to from here, the start itself only on a loop."""
        seen: set[str] = set()
        stop = set(without)
        ahead = [self.target(flow) for flow in self.out(start)]
        while ahead:
            key = ahead.pop()
            if key in seen or key in stop:
                continue
            seen.add(key)
            ahead.extend(self.target(flow) for flow in self.out(key))
            ahead.extend(self.boundary_events(key))
        return seen

    def inside(self, key: str) -> list[str]:
        """Everything that lies in a sub-process, at any depth."""
        found = []
        for child in self.children(key):
            found.append(child)
            if self.kind(child) in SUB_PROCESSES | {"laneSet", "lane"}:
                found.extend(self.inside(child))
        return found

    # changing

    def begin(self) -> None:
        self.before = {}

    def put(self, record: Record) -> None:
        current = self.records.get(record.key)
        if current == record:
            return
        self.before.setdefault(record.key, current)
        links = ("source", "target", "attached_to", "parent")
        if current is None:
            self._link(record)
        elif current.kind != record.kind or any(current.get(name) != record.get(name) for name in links):
            place = self._out.get(str(current.get("source")), []).copy()
            self._unlink(current)
            self._link(record)
            if current.get("source") == record.get("source") and record.key in place:
                self._out[str(record.get("source"))] = place
        self.records[record.key] = record

    def drop(self, key: str) -> None:
        current = self.records.pop(key)
        self.before.setdefault(key, current)
        self._unlink(current)

    def set(self, key: str, **fields: FieldValue) -> None:
        self.put(self.records[key].with_fields(**fields))

    def drop_flow(self, flow: str) -> None:
        """Remove a flow, and its mention at its source."""
        source = self.source(flow)
        order = self.flow_order(source)
        self.drop(flow)
        self._note_order(source, [each for each in order if each != flow], {})

    def drop_nodes(self, nodes: Iterable[str]) -> None:
        """Remove nodes with their flows and all that lies in them."""
        for node in nodes:
            for flow in {*self.out(node), *self.into(node)}:
                self.drop_flow(flow)
            for inner in reversed(self.inside(node)):
                self.drop(inner)
            self.drop(node)

    def flow_order(self, node: str) -> list[str]:
        """The flows that leave a node, as it evaluates them; the default among them."""
        if node not in self.records:
            return []
        told = [flow for flow in self.records[node].get("flows", ()) if flow in self._out.get(node, ())]
        return told + [flow for flow in self._out.get(node, ()) if flow not in told]

    def rewire(self, other: "FlowState", pool: Sequence[str], ways: Sequence[Way]) -> bool:
        """Let these flows (pool) become these ways; flows that are left over go.

        Which flow becomes which way follows the other document, so that the two come to say the same. False, and
        nothing is done, when there are too few flows and the other document has none to lend.
        """
        keys = self._assigned(other, pool, ways)
        if keys is None:
            return False
        sources = dict.fromkeys([self.source(flow) for flow in pool] + [way.source for way in ways])
        orders = {source: self.flow_order(source) for source in sources}
        records = []
        for way, key in zip(ways, keys, strict=True):
            known = self.records.get(key) or other.records[key]
            ends = {"parent": self.records[way.source].parent, "source": way.source, "target": way.target}
            records.append(replace(known, fields={**way.says, **ends}))
        for flow in pool:
            if flow not in keys:
                self.drop(flow)
        for record in records:
            self.put(record)
        renamed = {way.slot: key for way, key in zip(ways, keys, strict=True) if way.slot}
        for source in sources:
            self._note_order(source, orders[source], renamed)
        return True

    def _assigned(self, other: "FlowState", pool: Sequence[str], ways: Sequence[Way]) -> list[str] | None:
        """The key of each way."""
        chosen: dict[int, str] = {}
        for number, way in enumerate(ways):
            for key in other.between(way.source, way.target):
                if key not in chosen.values() and (key in pool or key not in self.records):
                    chosen[number] = key
                    break
        for number, way in enumerate(ways):
            if number in chosen:
                continue
            free = [key for key in pool if key not in chosen.values()]
            if way.natural in free:
                free.remove(way.natural)
                free.insert(0, way.natural)
            free.sort(key=lambda key: key not in other.records)
            if not free:
                return None
            chosen[number] = free[0]
        return [chosen[number] for number in range(len(ways))]

    def _note_order(self, node: str, order: Sequence[str], renamed: Mapping[str, str]) -> None:
        """Bring `flows` and `default` of a node in line with the flows that it has."""
        record = self.records.get(node)
        if record is None:
            return
        out = self._out.get(node, [])
        default = str(record.get("default"))
        default = renamed.get(default, default)
        if default not in out:
            default = ""
        kept = [renamed.get(flow, flow) for flow in order]
        ordered = [flow for flow in dict.fromkeys([*kept, *out]) if flow in out and flow != default]
        says_order = len(ordered) > 1 and any(self.records[flow].get("condition") for flow in ordered)
        flows = tuple(ordered) if record.kind in ORDERED_GATEWAYS and says_order else None
        if record.get("default") or default:
            record = record.with_fields(default=default or None)
        self.put(record.with_fields(flows=flows))

    def _link(self, record: Record) -> None:
        if record.kind == FLOW:
            self._out.setdefault(str(record.get("source")), []).append(record.key)
            self._into.setdefault(str(record.get("target")), []).append(record.key)
        if record.get("attached_to"):
            self._boundary.setdefault(str(record.get("attached_to")), []).append(record.key)
        if record.parent:
            self._children.setdefault(record.parent, []).append(record.key)

    def _unlink(self, record: Record) -> None:
        if record.kind == FLOW:
            self._out[str(record.get("source"))].remove(record.key)
            self._into[str(record.get("target"))].remove(record.key)
        if record.get("attached_to"):
            self._boundary[str(record.get("attached_to"))].remove(record.key)
        if record.parent:
            self._children[record.parent].remove(record.key)
