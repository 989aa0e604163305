"""Changes to BPMN files as a person makes them in a modeler, each drawn by chance; see mutations for who uses them."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from engine.bpmn import names
from tests.support.random_models import THINGS, VERBS

B = names.bpmn
SINGLE_ACTIVITIES = names.ACTIVITIES - names.SUB_PROCESSES
PLAIN_TASKS = ("task", "manualTask", "userTask")
NOT_ALONE = frozenset({"boundaryEvent", "startEvent", "endEvent"})
NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
CONDITIONS = ("amount > 100", "priority >= 3", "urgent", 'region = "north"')
CHINESE_NAME = "name:zh"


@dataclass
class Drawn:
    """What a mutation did: its type and target, and where. None of a mutator means that it found no place."""

    type: str
    target: str
    details: dict[str, Any] = field(default_factory=dict)


class Diagram:
    """One BPMN tree with what mutations ask of it."""

    def __init__(self, content: bytes, chance: random.Random):
        self.root = etree.fromstring(content, etree.XMLParser(remove_blank_text=False, resolve_entities=False))
        self.chance = chance
        self.scan()

    def content(self) -> bytes:
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")

    def scan(self) -> None:
        self.by_id: dict[str, etree._Element] = {}
        self.outgoing: dict[str, list[str]] = {}
        self.incoming: dict[str, list[str]] = {}
        self.lane_of: dict[str, etree._Element] = {}
        for node in self.root.iter(f"{{{names.BPMN}}}*"):
            if node.get("id"):
                self.by_id[node.get("id")] = node
        for flow in self.root.iter(B("sequenceFlow")):
            self.outgoing.setdefault(flow.get("sourceRef"), []).append(flow.get("id"))
            self.incoming.setdefault(flow.get("targetRef"), []).append(flow.get("id"))
        for reference in self.root.iter(B("flowNodeRef")):
            self.lane_of[(reference.text or "").strip()] = reference

    # asking

    def kind(self, identifier: str) -> str:
        return names.split(self.by_id[identifier].tag)[1]

    def flow_nodes(self) -> list[str]:
        return [key for key in self.by_id if self.kind(key) in names.FLOW_NODES]

    def flows(self) -> list[str]:
        return [key for key in self.by_id if self.kind(key) == "sequenceFlow"]

    def scope(self, identifier: str) -> str:
        return self.by_id[identifier].getparent().get("id")

    def source(self, flow: str) -> str:
        return self.by_id[flow].get("sourceRef")

    def target(self, flow: str) -> str:
        return self.by_id[flow].get("targetRef")

    def before(self, node: str) -> str:
        """The only element before a node."""
        return self.source(self.incoming[node][0])

    def after(self, node: str) -> str:
        return self.target(self.outgoing[node][0])

    def condition(self, flow: str) -> etree._Element | None:
        return self.by_id[flow].find(B("conditionExpression"))

    def boundary_events(self, node: str) -> list[str]:
        return [event.get("id") for event in self.root.iter(B("boundaryEvent")) if event.get("attachedToRef") == node]

    def is_serial(self, node: str) -> bool:
        """One way in and one way out, so that it can be taken out of its line."""
        return (
            self.kind(node) not in NOT_ALONE
            and len(self.incoming.get(node, ())) == 1
            and len(self.outgoing.get(node, ())) == 1
            and self.before(node) not in (node, self.after(node))
            and self.kind(self.before(node)) != "eventBasedGateway"
            and self.condition(self.outgoing[node][0]) is None
        )

    def movable(self) -> list[str]:
        """Activities that can be taken out of their line."""
        return [
            key
            for key in self.flow_nodes()
            if self.kind(key) in names.ACTIVITIES - names.SUB_PROCESSES
            and self.is_serial(key)
            and self.stands_free(key)
        ]

    def stands_free(self, node: str) -> bool:
        """Nothing hangs at it but its flows."""
        ends = ("sourceRef", "targetRef", "attachedToRef", "activityRef")
        uses = [
            each
            for each in self.root.iter(f"{{{names.BPMN}}}*")
            if names.split(each.tag)[1] != "sequenceFlow" and node in (each.get(end) for end in ends)
        ]
        return not uses

    def places(self) -> list[str]:
        """Flows on which an activity can be put."""
        return [flow for flow in self.flows() if self.kind(self.source(flow)) != "eventBasedGateway"]

    def pick(self, found: Any) -> Any:
        found = list(found)
        return self.chance.choice(found) if found else None

    # changing

    def new_id(self, kind: str) -> str:
        return f"{kind}_{self.chance.getrandbits(40):010x}"

    def new_name(self) -> str:
        return f"{self.chance.choice(VERBS)} {self.chance.choice(THINGS)} again"

    def add_node(self, kind: str, scope: str, name: str = "", lane_of: str = "", **attributes: str) -> str:
        identifier = self.new_id(kind)
        node = etree.Element(B(kind), id=identifier, **({"name": name} if name else {}), **attributes)
        flow_nodes = [at for at, child in enumerate(self.by_id[scope]) if self.is_flow_element(child)]
        self.by_id[scope].insert(flow_nodes[-1] + 1 if flow_nodes else len(self.by_id[scope]), node)
        lane = self.lane_of.get(lane_of)
        if lane is not None:
            self.put_in_lane(identifier, lane.getparent())
        self.scan()
        return identifier

    @staticmethod
    def is_flow_element(child: etree._Element) -> bool:
        local = names.split(child.tag)[1] if isinstance(child.tag, str) else ""
        return local in names.FLOW_NODES or local == "sequenceFlow"

    def put_in_lane(self, node: str, lane: etree._Element) -> None:
        reference = etree.SubElement(lane, B("flowNodeRef"))
        reference.text = node
        inner = lane.find(B("childLaneSet"))
        if inner is not None:
            lane.append(inner)

    def add_flow(self, source: str, target: str, condition: str | None = None) -> str:
        identifier = self.new_id("flow")
        flow = etree.SubElement(
            self.by_id[self.scope(source)], B("sequenceFlow"), id=identifier, sourceRef=source, targetRef=target
        )
        self.refer(source, "outgoing", identifier)
        self.refer(target, "incoming", identifier)
        if condition:
            self.set_condition(flow, condition)
        self.scan()
        return identifier

    @staticmethod
    def set_condition(flow: etree._Element, text: str) -> None:
        expression = flow.find(B("conditionExpression"))
        if expression is None:
            expression = etree.SubElement(flow, B("conditionExpression"))
        expression.text = text

    def refer(self, node: str, local: str, flow: str) -> None:
        """`<incoming>` and `<outgoing>` behind the documentation, extensions and what is there of them."""
        ahead = {"documentation", "extensionElements", "incoming"} | ({"outgoing"} if local == "outgoing" else set())
        at = 0
        for number, child in enumerate(self.by_id[node], 1):
            if isinstance(child.tag, str) and names.split(child.tag)[1] in ahead:
                at = number
        reference = etree.Element(B(local))
        reference.text = flow
        self.by_id[node].insert(at, reference)

    def unrefer(self, node: str, local: str, flow: str) -> None:
        for reference in self.by_id[node].findall(B(local)):
            if (reference.text or "").strip() == flow:
                self.by_id[node].remove(reference)

    def redirect(self, flow: str, *, source: str | None = None, target: str | None = None) -> None:
        """Let a flow begin or end elsewhere."""
        for end, local, new in (("sourceRef", "outgoing", source), ("targetRef", "incoming", target)):
            if new is not None:
                self.unrefer(self.by_id[flow].get(end), local, flow)
                self.by_id[flow].set(end, new)
                self.refer(new, local, flow)
        self.scan()

    def remove_flow(self, flow: str) -> None:
        source, target = self.source(flow), self.target(flow)
        self.unrefer(source, "outgoing", flow)
        self.unrefer(target, "incoming", flow)
        if self.by_id[source].get("default") == flow:
            del self.by_id[source].attrib["default"]
        self.drop(flow)

    def remove_node(self, node: str) -> None:
        """A node whose flows are gone already, with all that lies in it."""
        inside = [each.get("id") for each in self.by_id[node].iter() if isinstance(each.tag, str) and each.get("id")]
        for key in inside:
            reference = self.lane_of.get(key)
            if reference is not None:
                reference.getparent().remove(reference)
            if key != node:
                self.undraw(key)
        self.drop(node)

    def drop(self, identifier: str) -> None:
        self.undraw(identifier)
        self.cut(self.by_id[identifier])
        self.scan()

    @staticmethod
    def cut(node: etree._Element) -> None:
        node.getparent().remove(node)

    def undraw(self, identifier: str) -> None:
        for drawn in self.root.xpath("//*[@bpmnElement=$id]", id=identifier):
            self.cut(drawn)

    def take_out(self, node: str, *, keeps_way_out: bool = False) -> None:
        """Close the line over a serial node, whose flows are gone then."""
        way_in, way_out = self.incoming[node][0], self.outgoing[node][0]
        if keeps_way_out:
            self.redirect(way_out, source=self.source(way_in))
            self.remove_flow(way_in)
        else:
            self.redirect(way_in, target=self.target(way_out))
            self.remove_flow(way_out)

    def put_on(self, flow: str, entry: str, exit_: str | None = None, *, keeps_way_out: bool = False) -> None:
        """Lead a flow into the entry, and the exit to where the flow led."""
        exit_ = exit_ or entry
        if keeps_way_out:
            source = self.source(flow)
            self.redirect(flow, source=exit_)
            self.add_flow(source, entry)
        else:
            target = self.target(flow)
            self.redirect(flow, target=entry)
            self.add_flow(exit_, target)

    def may_keep_way_out(self, flow: str) -> bool:
        """Whether the flow can begin elsewhere: it is neither conditional nor a default nor one of several."""
        source = self.source(flow)
        return (
            len(self.outgoing[source]) == 1
            and self.condition(flow) is None
            and self.by_id[source].get("default") != flow
            and self.chance.random() < 0.3
        )

    def around(self, node: str) -> list[str]:
        return [self.before(node), self.after(node)]


Mutator = Callable[[Diagram, frozenset[str]], Drawn | None]


def insert_serial(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    flow = diagram.pick(diagram.places())
    if flow is None:
        return None
    source, target = diagram.source(flow), diagram.target(flow)
    kind = diagram.chance.choice(PLAIN_TASKS)
    node = diagram.add_node(kind, diagram.scope(flow), diagram.new_name(), lane_of=source)
    diagram.put_on(flow, node, keeps_way_out=diagram.may_keep_way_out(flow))
    return Drawn("InsertSerial", node, {"between": [source, target]})


def insert_parallel(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """A new task beside an existing one: in the block that is there, or in a new one."""
    beside = diagram.pick(key for key in diagram.movable() if key not in spent)
    if beside is None:
        return None
    before, after = diagram.around(beside)
    node = diagram.add_node(
        diagram.chance.choice(PLAIN_TASKS), diagram.scope(beside), diagram.new_name(), lane_of=beside
    )
    if diagram.kind(before) == diagram.kind(after) == "parallelGateway":
        diagram.add_flow(before, node)
        diagram.add_flow(node, after)
        return Drawn("InsertParallel", node, {"beside": beside})
    split = diagram.add_node("parallelGateway", diagram.scope(beside), lane_of=beside)
    join = diagram.add_node("parallelGateway", diagram.scope(beside), lane_of=beside)
    way_in, way_out = diagram.incoming[beside][0], diagram.outgoing[beside][0]
    diagram.put_on(way_in, split)
    diagram.put_on(way_out, join)
    assert diagram.after(split) == beside
    diagram.add_flow(split, node)
    diagram.add_flow(node, join)
    return Drawn("InsertParallel", node, {"beside": beside})


def insert_conditional(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """A new task that is only done under a condition, between two new gateways."""
    flow = diagram.pick(diagram.places())
    if flow is None:
        return None
    source, target, scope = diagram.source(flow), diagram.target(flow), diagram.scope(flow)
    node = diagram.add_node(diagram.chance.choice(PLAIN_TASKS), scope, diagram.new_name(), lane_of=source)
    split = diagram.add_node("exclusiveGateway", scope, lane_of=source)
    join = diagram.add_node("exclusiveGateway", scope, lane_of=source)
    diagram.put_on(flow, split, join)
    diagram.add_flow(split, node, diagram.chance.choice(CONDITIONS))
    diagram.add_flow(node, join)
    diagram.by_id[split].set("default", diagram.add_flow(split, join))
    return Drawn("InsertConditional", node, {"between": [source, target]})


def delete(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    node = diagram.pick(key for key in diagram.movable() if key not in spent)
    if node is None:
        return None
    around = diagram.around(node)
    way_in = diagram.incoming[node][0]
    if {diagram.kind(each) for each in around} == {"parallelGateway"} and len(diagram.outgoing[around[0]]) > 2:
        diagram.remove_flow(diagram.outgoing[node][0])  # the branch goes with its only task
        diagram.remove_flow(way_in)
    else:
        diagram.take_out(node, keeps_way_out=diagram.may_keep_way_out(way_in))
    diagram.remove_node(node)
    return Drawn("Delete", node, {"between": around})


def move(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    node = diagram.pick(key for key in diagram.movable() if key not in spent)
    if node is None:
        return None
    own = {diagram.incoming[node][0], diagram.outgoing[node][0]}
    places = [flow for flow in diagram.places() if diagram.scope(flow) == diagram.scope(node) and flow not in own]
    flow = diagram.pick(places)
    if flow is None:
        return None
    before = diagram.around(node)
    diagram.take_out(node)
    between = [diagram.source(flow), diagram.target(flow)]
    diagram.put_on(flow, node)
    return Drawn("Move", node, {"from": before, "between": between})


def swap(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """Two tasks that are no neighbours change places."""
    free = [key for key in diagram.movable() if key not in spent]
    pairs = [
        (one, other)
        for at, one in enumerate(free)
        for other in free[at + 1 :]
        if diagram.scope(one) == diagram.scope(other)
        and not {one, other} & {*diagram.around(one), *diagram.around(other)}
        and not set(diagram.around(one)) & set(diagram.around(other))
    ]
    pair = diagram.pick(pairs)
    if pair is None:
        return None
    one, other = pair
    ways = [(diagram.incoming[each][0], diagram.outgoing[each][0]) for each in pair]
    for (way_in, way_out), comes in zip(ways, (other, one), strict=True):
        diagram.redirect(way_in, target=comes)
        diagram.redirect(way_out, source=comes)
    return Drawn("Swap", one, {"other": other})


def replace(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """A task becomes another kind of task; its name and place stay."""
    kinds = ("task", "userTask", "manualTask")
    node = diagram.pick(key for key in diagram.flow_nodes() if diagram.kind(key) in kinds and key not in spent)
    if node is None:
        return None
    before = diagram.kind(node)
    kind = diagram.chance.choice([each for each in kinds if each != before])
    diagram.by_id[node].tag = B(kind)
    return Drawn("Replace", node, {"before": before, "after": kind})


def wrap_loop(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    body = diagram.pick(key for key in diagram.movable() if key not in spent)
    if body is None:
        return None
    scope = diagram.scope(body)
    way_in, way_out = diagram.incoming[body][0], diagram.outgoing[body][0]
    merge = diagram.add_node("exclusiveGateway", scope, lane_of=body)
    again = diagram.add_node("exclusiveGateway", scope, "Again?", lane_of=body)
    diagram.put_on(way_in, merge)
    diagram.put_on(way_out, again)
    diagram.by_id[again].set("default", diagram.outgoing[again][0])
    diagram.add_flow(again, merge, diagram.chance.choice(CONDITIONS))
    return Drawn("WrapLoop", again, {"around": [body]})


def parallelise(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """Two tasks in a row are done side by side."""
    free = {key for key in diagram.movable() if key not in spent}
    first = diagram.pick(sorted(key for key in free if diagram.after(key) in free))
    if first is None:
        return None
    second, scope = diagram.after(first), diagram.scope(first)
    way_in, between, way_out = diagram.incoming[first][0], diagram.outgoing[first][0], diagram.outgoing[second][0]
    split = diagram.add_node("parallelGateway", scope, lane_of=first)
    join = diagram.add_node("parallelGateway", scope, lane_of=first)
    after = diagram.target(way_out)
    diagram.redirect(way_in, target=split)
    diagram.redirect(between, source=split)
    diagram.add_flow(split, first)
    diagram.add_flow(first, join)
    diagram.redirect(way_out, target=join)
    diagram.add_flow(join, after)
    return Drawn("Parallelise", first, {"members": [first, second]})


def sequentialise(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """A block of two tasks side by side becomes a row."""
    found = []
    for split in diagram.flow_nodes():
        if diagram.kind(split) != "parallelGateway" or len(diagram.outgoing.get(split, ())) != 2:
            continue
        branches = [diagram.target(flow) for flow in diagram.outgoing[split]]
        free = set(diagram.movable())
        joins = {diagram.after(key) for key in branches if key in free}
        if len(set(branches) & free) == 2 and len(joins) == 1 and not set(branches) & spent:
            join = joins.pop()
            is_block = diagram.kind(join) == "parallelGateway" and len(diagram.incoming[join]) == 2
            if is_block and len(diagram.incoming.get(split, ())) == len(diagram.outgoing.get(join, ())) == 1:
                found.append((split, join, branches))
    block = diagram.pick(found)
    if block is None:
        return None
    split, join, (first, second) = block
    way_in, way_out, after = diagram.incoming[split][0], diagram.outgoing[join][0], diagram.after(join)
    diagram.redirect(way_in, target=first)
    diagram.redirect(diagram.outgoing[first][0], target=second)
    diagram.redirect(diagram.outgoing[second][0], target=after)
    diagram.remove_flow(way_out)
    for flow in list(diagram.outgoing[split]):
        diagram.remove_flow(flow)
    diagram.remove_node(split)
    diagram.remove_node(join)
    return Drawn("Sequentialise", first, {"members": [first, second]})


def extract_subprocess(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """One to three tasks in a row become a sub-process."""
    free = {key for key in diagram.movable() if key not in spent}
    first = diagram.pick(sorted(free))
    if first is None:
        return None
    members = [first]
    while len(members) < 3 and diagram.after(members[-1]) in free and diagram.chance.random() < 0.7:
        members.append(diagram.after(members[-1]))
    scope = diagram.scope(first)
    way_in, way_out = diagram.incoming[first][0], diagram.outgoing[members[-1]][0]
    inner = [diagram.outgoing[key][0] for key in members[:-1]]
    around = diagram.add_node("subProcess", scope, diagram.new_name(), lane_of=first)
    start = diagram.add_node("startEvent", around)
    end = diagram.add_node("endEvent", around)
    diagram.redirect(way_in, target=around)
    diagram.redirect(way_out, source=around)
    for key in members + inner:
        reference = diagram.lane_of.get(key)
        if reference is not None:
            diagram.cut(reference)
        diagram.by_id[around].append(diagram.by_id[key])
    diagram.scan()
    diagram.add_flow(start, first)
    diagram.add_flow(members[-1], end)
    return Drawn("ExtractSubprocess", around, {"members": members})


def inline_subprocess(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """A sub-process with nothing of its own is dissolved."""
    found = [each for key in diagram.flow_nodes() if (each := _plain_sub_process(diagram, key, spent)) is not None]
    chosen = diagram.pick(found)
    if chosen is None:
        return None
    key, start, end = chosen
    entry, exit_ = start, end
    if diagram.kind(start) == "startEvent":
        if len(diagram.by_id[start].findall(f"{{{names.BPMN}}}*")) > len(diagram.outgoing[start]):
            return None
        entry = diagram.after(start)
    if diagram.kind(end) == "endEvent":
        if len(diagram.incoming[end]) != 1 or len(diagram.by_id[end].findall(f"{{{names.BPMN}}}*")) > 1:
            return None
        exit_ = diagram.before(end)
    if entry == end or exit_ == start:
        return None
    for extra in {start, end} - {entry, exit_}:
        for flow in diagram.outgoing.get(extra, []) + diagram.incoming.get(extra, []):
            diagram.remove_flow(flow)
        diagram.remove_node(extra)
    way_in, way_out = diagram.incoming[key][0], diagram.outgoing[key][0]
    outer = diagram.by_id[key].getparent()
    lane = diagram.lane_of.get(key)
    members = []
    for child in [child for child in diagram.by_id[key] if diagram.is_flow_element(child)]:
        outer.append(child)
        if child.tag != B("sequenceFlow"):
            members.append(child.get("id"))
            if lane is not None:
                diagram.put_in_lane(child.get("id"), lane.getparent())
    diagram.scan()
    diagram.redirect(way_in, target=entry)
    diagram.redirect(way_out, source=exit_)
    diagram.remove_node(key)
    return Drawn("InlineSubprocess", key, {"members": members})


def _plain_sub_process(diagram: Diagram, key: str, spent: frozenset[str]) -> tuple[str, str, str] | None:
    """The sub-process with its first and last element, when it holds one line of flow and nothing else."""
    node = diagram.by_id[key]
    if diagram.kind(key) != "subProcess" or key in spent or not diagram.is_serial(key) or not diagram.stands_free(key):
        return None
    inside = [child for child in node if diagram.is_flow_element(child)]
    ids = {child.get("id") for child in inside}
    plain = {"incoming", "outgoing", "documentation", "extensionElements"}
    if node.get("triggeredByEvent") or ids & spent or any(
        child not in inside and names.split(child.tag)[1] not in plain for child in node
    ):  # fmt: skip
        return None
    nodes = [each for each in sorted(ids) if diagram.kind(each) not in ("sequenceFlow", "boundaryEvent")]
    starts = [each for each in nodes if not diagram.incoming.get(each)]
    ends = [each for each in nodes if not diagram.outgoing.get(each)]
    return (key, starts[0], ends[0]) if len(starts) == len(ends) == 1 and starts != ends else None


def add_boundary(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    hosts = [
        key
        for key in diagram.flow_nodes()
        if diagram.kind(key) in names.ACTIVITIES and diagram.incoming.get(key) and not diagram.boundary_events(key)
    ]
    host = diagram.pick(key for key in hosts if key not in spent)
    if host is None:
        return None
    scope = diagram.scope(host)
    event = diagram.add_node("boundaryEvent", scope, "Too late", lane_of=host, attachedToRef=host)
    if diagram.chance.random() < 0.5:
        diagram.by_id[event].set("cancelActivity", "false")
    definition = etree.SubElement(diagram.by_id[event], B("timerEventDefinition"))
    etree.SubElement(definition, B("timeDuration")).text = f"P{diagram.chance.randint(1, 30)}D"
    end = diagram.add_node("endEvent", scope, "Given up", lane_of=host)
    diagram.add_flow(event, end)
    return Drawn("AddBoundary", event, {"attached_to": host})


def remove_boundary(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """A boundary event with what only it leads to."""
    found = []
    for event in (key for key in diagram.flow_nodes() if diagram.kind(key) == "boundaryEvent" and key not in spent):
        gone = only_behind(diagram, event)
        if len(gone) <= 4 and not gone & spent and all(
            diagram.stands_free(key) or key == event for key in gone
        ) and not any(diagram.kind(key) in names.SUB_PROCESSES for key in gone):  # fmt: skip
            found.append((event, gone))
    chosen = diagram.pick(found)
    if chosen is None or not diagram.outgoing.get(chosen[0]):
        return None
    event, gone = chosen
    host = diagram.by_id[event].get("attachedToRef")
    for key in sorted(gone):
        for flow in diagram.outgoing.get(key, []) + diagram.incoming.get(key, []):
            if flow in diagram.by_id:
                diagram.remove_flow(flow)
    for key in sorted(gone):
        diagram.remove_node(key)
    return Drawn("RemoveBoundary", event, {"attached_to": host, "with": sorted(gone - {event})})


def only_behind(diagram: Diagram, event: str) -> set[str]:
    """The event and what can be reached through it alone."""
    gone = {event}
    grows = True
    while grows:
        grows = False
        for key in [diagram.target(flow) for each in gone for flow in diagram.outgoing.get(each, ())]:
            if key not in gone and all(diagram.source(flow) in gone for flow in diagram.incoming[key]):
                gone.add(key)
                grows = True
                break
    return gone


def rename(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    node = diagram.pick(key for key in diagram.flow_nodes() if diagram.by_id[key].get("name") and key not in spent)
    if node is None:
        return None
    before = diagram.by_id[node].get("name")
    after = f"{before} {diagram.chance.choice(('soon', 'carefully', 'again', 'first', 'by phone'))}"
    diagram.by_id[node].set("name", after)
    return Drawn("Rename", node, {"before": before, "after": after})


def redocument(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    node = diagram.pick(key for key in diagram.flow_nodes() if key not in spent)
    if node is None:
        return None
    documentation = diagram.by_id[node].find(B("documentation"))
    if documentation is None:
        documentation = etree.Element(B("documentation"))
        diagram.by_id[node].insert(0, documentation)
    documentation.text = f"{diagram.new_name()} as agreed with the team."
    return Drawn("Redocument", node)


def change_condition(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    flow = diagram.pick(key for key in diagram.flows() if diagram.condition(key) is not None and key not in spent)
    if flow is None:
        return None
    expression = diagram.condition(flow)
    before = (expression.text or "").strip()
    if before.startswith("${"):
        return None
    is_marked = before.startswith("=")
    inner = before.lstrip("= ")
    after = changed_number(diagram, inner) or f"({inner}) and {diagram.chance.choice(CONDITIONS[:3])}"
    expression.text = f"={after}" if is_marked else after
    return Drawn("ChangeCondition", flow, {"before": before, "after": expression.text})


def change_default(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    """The default and a conditional flow of a gateway change their parts."""
    found = [
        (key, flow)
        for key in diagram.flow_nodes()
        if diagram.by_id[key].get("default") and key not in spent and diagram.kind(key) == "exclusiveGateway"
        for flow in diagram.outgoing.get(key, ())
        if diagram.condition(flow) is not None and flow not in spent and diagram.by_id[key].get("default") not in spent
    ]
    chosen = diagram.pick(found)
    if chosen is None:
        return None
    gateway, flow = chosen
    before = diagram.by_id[gateway].get("default")
    expression = diagram.condition(flow)
    text = (expression.text or "").strip().lstrip("= ")
    diagram.by_id[flow].remove(expression)
    diagram.set_condition(diagram.by_id[before], f"not({text})")
    diagram.by_id[gateway].set("default", flow)
    return Drawn("ChangeDefault", gateway, {"before": before, "after": flow, "also": [before, flow]})


def changed_number(diagram: Diagram, text: str) -> str | None:
    """The text with one of its whole numbers changed."""
    found = list(NUMBER.finditer(text))
    if not found:
        return None
    chosen = diagram.chance.choice(found)
    return f"{text[: chosen.start()]}{int(chosen.group()) + diagram.chance.randint(1, 9)}{text[chosen.end() :]}"


def change_timer(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    tags = [B(local) for local in ("timeDuration", "timeCycle", "timeDate")]
    found = [
        node
        for node in diagram.root.iter(*tags)
        if node.getparent().getparent().get("id") not in spent and re.search(r"P.*\d", node.text or "")
    ]
    chosen = diagram.pick(found)
    if chosen is None:
        return None
    before = chosen.text.strip()
    after = re.sub(r"\d+", lambda number: str(int(number.group()) + diagram.chance.randint(1, 9)), before, count=1)
    chosen.text = after
    return Drawn("ChangeTimer", chosen.getparent().getparent().get("id"), {"before": before, "after": after})


def change_assignment(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    node = diagram.pick(key for key in diagram.flow_nodes() if diagram.kind(key) == "userTask" and key not in spent)
    if node is None:
        return None
    name = names.qualified(names.PRAXIS, "candidateGroups")
    before = diagram.by_id[node].get(name)
    after = diagram.chance.choice([each for each in ("back_office", "field_team", "controllers") if each != before])
    diagram.by_id[node].set(name, after)
    return Drawn("ChangeAssignment", node, {"before": before, "after": after})


def move_to_lane(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    node = diagram.pick(key for key in sorted(diagram.lane_of) if key not in spent)
    if node is None:
        return None
    reference = diagram.lane_of[node]
    lane = reference.getparent()
    other = diagram.pick(each for each in lane.getparent() if each.tag == B("lane") and each is not lane)
    if other is None:
        return None
    diagram.cut(reference)
    diagram.put_in_lane(node, other)
    return Drawn("MoveToLane", node, {"before": lane.get("id"), "after": other.get("id")})


def add_lane(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    lanes = diagram.pick(diagram.root.iter(B("laneSet")))
    if lanes is None:
        return None
    lane = etree.SubElement(lanes, B("lane"), id=diagram.new_id("lane"), name=f"Team of {diagram.new_name()}")
    lane.set(names.qualified(names.PRAXIS, "role"), diagram.new_id("role"))
    return Drawn("AddLane", lane.get("id"))


def rename_lane(diagram: Diagram, spent: frozenset[str]) -> Drawn | None:
    lane = diagram.pick(each for each in diagram.root.iter(B("lane")) if each.get("id") not in spent)
    if lane is None or lane.get(names.qualified(names.PRAXIS, "role")) is None:
        return None
    before = lane.get("name", "")
    lane.set("name", f"{before} (new)")
    return Drawn("RenameLane", lane.get("id"), {"before": before, "after": lane.get("name")})


MUTATORS: dict[str, Mutator] = {
    "InsertSerial": insert_serial,
    "InsertParallel": insert_parallel,
    "InsertConditional": insert_conditional,
    "Delete": delete,
    "Move": move,
    "Swap": swap,
    "Replace": replace,
    "WrapLoop": wrap_loop,
    "Parallelise": parallelise,
    "Sequentialise": sequentialise,
    "ExtractSubprocess": extract_subprocess,
    "InlineSubprocess": inline_subprocess,
    "AddBoundary": add_boundary,
    "RemoveBoundary": remove_boundary,
    "Rename": rename,
    "Redocument": redocument,
    "ChangeCondition": change_condition,
    "ChangeDefault": change_default,
    "ChangeTimer": change_timer,
    "ChangeAssignment": change_assignment,
    "MoveToLane": move_to_lane,
    "AddLane": add_lane,
    "RenameLane": rename_lane,
}


def shallow(content: bytes) -> Iterator[tuple[str, str]]:
    """Id and text of every element without what only mirrors flows and lanes: to see what a mutation touched."""
    root = etree.fromstring(content)
    said: dict[str, list[Any]] = {}
    for node in root.iter(f"{{{names.BPMN}}}*"):
        if node.get("id"):
            parent = node.getparent()
            said[node.get("id")] = [node.tag, dict(node.attrib), parent.get("id") if parent is not None else ""]
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        text = (node.text or "").strip()
        if node.tag == B("flowNodeRef") and text in said:
            said[text].append(node.getparent().get("id"))
        owner = _nearest(node)
        if owner is not None and owner is not node and _local(node) not in {"incoming", "outgoing", "flowNodeRef"}:
            said.get(owner.get("id"), []).append((node.tag, dict(node.attrib), text))
    return ((identifier, repr(each)) for identifier, each in said.items())


def _local(node: etree._Element) -> str:
    return names.split(node.tag)[1]


def _nearest(node: etree._Element) -> etree._Element | None:
    """The nearest element around it that has an id and is no part of a definition."""
    around = node if node.get("id") else node.getparent()
    while around is not None and not around.get("id"):
        around = around.getparent()
    return around
