"""What was inserted, found and taken out again: one rule per pattern, tried in their order.

A rule gets a state and the other one, finds something that only its state has, takes it out (closing the flow over
it) and tells what it was, as if it had been inserted. The caller knows which way the change went.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from engine.bpmn.names import SUB_PROCESSES
from practice_repo.algebra.document import Record
from practice_repo.algebra.flow_state import FlowState, Way

HANGING = frozenset({"association", "messageFlow"})
PARALLEL = frozenset({"parallelGateway", "inclusiveGateway"})


@dataclass
class Found:
    type: str
    target: str
    details: dict[str, Any] = field(default_factory=dict)


Rule = Callable[[FlowState, FlowState, list[str]], Found | None]


def take_one_out(state: FlowState, other: FlowState) -> Found | None:
    """The next pattern, taken out of the state; None when no rule finds one."""
    own = list(own_nodes(state, other))
    if not own and not any(True for _ in own_flows(state, other)):
        return None
    for rule in RULES:
        found = rule(state, other, own)
        if found is not None:
            return found
    return None


def own_nodes(state: FlowState, other: FlowState) -> Iterator[str]:
    """Flow nodes that only this state has, and that lie in no sub-process that goes as a whole."""
    wholes = {
        record.key
        for record in state.nodes()
        if record.kind in SUB_PROCESSES
        and record.key not in other.records
        and not any(key in other.records for key in state.inside(record.key))
    }
    inner = {key for whole in wholes for key in state.inside(whole)}
    return (record.key for record in state.nodes() if record.key not in other.records and record.key not in inner)


def own_flows(state: FlowState, other: FlowState) -> Iterator[Record]:
    return (each for each in state.records.values() if each.kind == "sequenceFlow" and each.key not in other.records)


# Rules


def boundary_event(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    """An event at an activity that stays, with all that only it leads to."""
    for event in own:
        host = str(state.records[event].get("attached_to"))
        if state.kind(event) != "boundaryEvent" or host not in other.records:
            continue
        gone = only_behind(state, {event}, set(own))
        if any(not leads_on_without(state, key, gone) for key in gone):
            continue
        remove(state, other, gone)
        return Found("AddBoundary", event, {"in": host, "members": sorted(gone - {event})})
    return None


def serial(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    """A single activity or event in a line, or as a branch of its own.

    One between two own gateways waits: what of the two goes, and with it, is seen when nothing else lies there.
    """
    for node in serial_nodes(state, other, own):
        ends = {state.source(state.into(node)[0]), state.target(state.out(node)[0])}
        is_between = all(key in own and state.is_gateway(key) for key in ends)
        if not is_between or is_branch(state, other, node):
            return taken_from_line(state, other, node, own)
    return None


def serial_between_gateways(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    for node in serial_nodes(state, other, own):
        return taken_from_line(state, other, node, own)
    return None


def serial_nodes(state: FlowState, other: FlowState, own: list[str]) -> Iterator[str]:
    for node in own:
        is_single = not state.is_gateway(node) and state.kind(node) != "boundaryEvent"
        if is_single and state.is_serial(node) and goes_as_a_whole(state, other, node):
            yield node


def sub_process_around(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    """A sub-process around what the other state has outside of it."""
    for around in own:
        members = [key for key in state.children(around) if state.is_node(key) and key in other.records]
        if state.kind(around) not in SUB_PROCESSES or not members or not state.is_serial(around):
            continue
        if all(other.records[key].parent == around for key in members):
            continue
        if dissolve(state, other, around):
            return Found("ExtractSubprocess", around, {"members": members})
    return None


def dead_end(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    """A branch to an end of its own, or another start of the flow."""
    mine = set(own)
    for node in own:
        if state.kind(node) == "boundaryEvent" or (state.out(node) and state.into(node)):
            continue
        if not goes_as_a_whole(state, other, node):
            continue
        chain = {node}
        at = node
        while len(state.into(at)) == 1 and (before := state.source(state.into(at)[0])) in mine - chain:
            if len(state.out(before)) > 1 or len(state.into(before)) > 1 or not goes_as_a_whole(state, other, before):
                break
            chain.add(before)
            at = before
        sources = [state.source(flow) for flow in state.into(at)]
        target = at
        if any(len(state.out(key)) == 1 and key in other.records and other.out(key) for key in sources):
            continue  # what stays must not end here
        remove(state, other, chain | hanging_at(state, chain, mine))
        collapse(state, other, sources)
        kind = "InsertParallel" if any(state.kind(key) in PARALLEL for key in sources) else "InsertConditional"
        return Found(kind, target, {"between": sources[:1], "members": sorted(chain - {target})})
    return None


def bypass_or_loop(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    """A flow of an own gateway past what stays: back (a loop) or ahead (a part that can be left out)."""
    mine = set(own)
    for gateway in own:
        if not state.is_gateway(gateway):
            continue
        default = state.records[gateway].get("default")
        for flow in sorted(state.out(gateway), key=lambda each: (state.target(each) not in mine, each == default)):
            found = past(state, other, gateway, flow, mine)
            if found is not None:
                return found
    return None


def past(state: FlowState, other: FlowState, gateway: str, flow: str, mine: set[str]) -> Found | None:
    target = state.target(flow)
    if len(state.out(gateway)) < 2 or len(state.into(target)) < 2 or flow in other.records:
        return None
    is_loop = gateway == target or gateway in state.behind(target)
    if target not in mine and not is_loop:
        return None
    condition = str(state.records[flow].get("condition") or "")
    body = [key for key in between(state, target, gateway) if is_loop and key not in mine]
    state.drop_flow(flow)
    closed = collapse(state, other, [gateway, target])
    if gateway not in closed:
        return Found("AddDependency", flow, {"between": [gateway, target]})
    kind = "WrapLoop" if is_loop else "InsertConditional"
    return Found(kind, gateway, {"around": body, "condition": condition.lstrip("= ")})


def block(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    """Two own gateways around branches that are one line in the other state."""
    mine = set(own)
    for split in own:
        if state.is_gateway(split) and len(state.out(split)) > 1 and len(state.into(split)) == 1:
            found = in_one_line(state, other, split, mine)
            if found is not None:
                return found
    return None


def in_one_line(state: FlowState, other: FlowState, split: str, mine: set[str]) -> Found | None:
    branches = []
    for flow in state.out(split):
        line = line_from(state, state.target(flow))
        branches.append((flow, line, state.out(line[-1])[0] if state.out(line[-1]) else ""))
    ends = {state.target(last) if last else "" for _flow, _line, last in branches}
    join = ends.pop()
    is_block = not ends and join in mine and state.is_gateway(join) and len(state.out(join)) == 1
    if not is_block or len(state.into(join)) != len(branches):
        return None
    place = {record.key: at for at, record in enumerate(order_of(other))}
    if any(line[0] not in place or line[-1] not in place for _flow, line, _last in branches):
        return None
    branches.sort(key=lambda each: place[each[1][0]])
    way_in, way_out = state.into(split)[0], state.out(join)[0]
    stops = [line for _flow, line, _last in branches]
    ways = [Way(state.source(way_in), stops[0][0], state.says(way_in), way_in, way_in)]
    for number, (before, after) in enumerate(pairwise(stops), 1):
        ways.append(Way(before[-1], after[0], {}, branches[number][0]))
    ways.append(Way(stops[-1][-1], state.target(way_out), state.says(way_out), way_out))
    kind = state.kind(split)
    state.rewire(other, [*state.into(split), *state.out(split), *state.into(join), *state.out(join)], ways)
    remove(state, other, {split, join})
    members = [key for line in stops for key in line]
    type_ = "Parallelise" if kind in PARALLEL else "InsertConditional"
    return Found(type_, members[0], {"members": members, "other": stops[1][0]})


def gateway_in_line(state: FlowState, other: FlowState, own: list[str]) -> Found | None:
    """A gateway that neither splits nor joins."""
    for node in own:
        if state.is_gateway(node) and state.is_serial(node):
            return taken_from_line(state, other, node, own)
    return None


RULES: tuple[Rule, ...] = (
    boundary_event,
    serial,
    sub_process_around,
    dead_end,
    bypass_or_loop,
    block,
    gateway_in_line,
    serial_between_gateways,
)


# Taking out


def taken_from_line(state: FlowState, other: FlowState, node: str, own: list[str]) -> Found:
    way_in, way_out = state.into(node)[0], state.out(node)[0]
    source, target = state.source(way_in), state.target(way_out)
    condition = str(state.records[way_in].get("condition") or "").lstrip("= ")
    gone = {node} | hanging_at(state, {node}, set(own))
    source_kind = state.kind(source)
    if is_branch(state, other, node):
        sides = [state.target(flow) for flow in state.out(source) if state.target(flow) != node]
        remove(state, other, gone)
        collapse(state, other, [source, target])
        if source_kind == "parallelGateway" or (source_kind == "inclusiveGateway" and not condition):
            beside = [key for key in sides if key != target]
            return Found("InsertParallel", node, {"branch_of": [source, target], "between": beside[:1]})
        return Found("InsertConditional", node, {"between": [source, target], "condition": condition})
    close(state, other, node)
    remove(state, other, gone)
    return Found("InsertSerial", node, {"between": [source, target]})


def is_branch(state: FlowState, other: FlowState, node: str) -> bool:
    """Whether the node's way can go as a whole, because others lead from its source and to its target."""
    way_in, way_out = state.into(node)[0], state.out(node)[0]
    source, target = state.source(way_in), state.target(way_out)
    if source == target:
        return True
    if way_in in other.records or way_out in other.records:
        return False
    if any(flow not in state.records for flow in other.between(source, target)):
        return False
    return len(state.out(source)) > 1 and len(state.into(target)) > 1


def close(state: FlowState, other: FlowState, node: str) -> None:
    """Lead the flow past a node of a line."""
    way_in, way_out = state.into(node)[0], state.out(node)[0]
    says = state.says(way_in)
    if not says and not state.is_gateway(state.source(way_in)):
        says = state.says(way_out)
    way = Way(state.source(way_in), state.target(way_out), says, way_in, way_in)
    state.rewire(other, [way_in, way_out], [way])


def collapse(state: FlowState, other: FlowState, nodes: Iterable[str]) -> set[str]:
    """Take out those of the nodes that are own gateways and have become needless; the keys of these."""
    gone = set()
    for node in dict.fromkeys(nodes):
        is_own = state.is_gateway(node) and node not in other.records
        if is_own and state.is_serial(node):
            close(state, other, node)
            remove(state, other, {node})
            gone.add(node)
    return gone


def remove(state: FlowState, other: FlowState, nodes: Iterable[str]) -> None:
    """Drop nodes, and what hangs at them and only this state has."""
    nodes = set(nodes)
    for record in list(state.records.values()):
        is_own = record.kind in HANGING and record.key not in other.records
        if is_own and nodes & {record.get("source"), record.get("target")}:
            state.drop(record.key)
    state.drop_nodes(sorted(nodes, key=list(state.records).index))


def dissolve(state: FlowState, other: FlowState, around: str) -> bool:
    """Put what lies in a sub-process in its place; False when that is not one line."""
    nodes = [key for key in state.children(around) if state.is_node(key) and state.kind(key) != "boundaryEvent"]
    starts = [key for key in nodes if not state.into(key) and not state.records[key].get("triggeredByEvent")]
    ends = [key for key in nodes if not state.out(key)]
    if len(starts) != 1 or len(ends) != 1 or any(key not in other.records for key in set(nodes) - {*starts, *ends}):
        return False
    helpers = {key for key in (*starts, *ends) if key not in other.records}
    way_in, way_out = state.into(around)[0], state.out(around)[0]
    before, after = state.source(way_in), state.target(way_out)
    pool = [way_in, way_out]
    entry, exit_ = starts[0], ends[0]
    says, slot = state.says(way_out), None
    if entry in helpers:
        if len(state.out(entry)) != 1:
            return False
        pool += state.out(entry)
        entry = state.target(state.out(entry)[0])
    if exit_ in helpers:
        if len(state.into(exit_)) != 1:
            return False
        last = state.into(exit_)[0]
        pool.append(last)
        exit_, slot = state.source(last), last
        says = state.says(last) or says
    if entry in helpers or exit_ in helpers:
        return False
    parent = state.records[around].parent
    lane = state.records[around].get("lane") or None
    for key in state.children(around):
        state.set(key, parent=parent)
        if state.is_node(key) and key in other.records and not state.records[key].get("lane"):
            outer = other.records[key].get("lane") or None
            state.set(key, lane=outer if outer in state.records else lane)
    way = Way(before, entry, state.says(way_in), way_in, way_in)
    state.rewire(other, pool, [way, Way(exit_, after, says, way_out, slot)])
    remove(state, other, helpers | {around})
    return True


# Looking around


def goes_as_a_whole(state: FlowState, other: FlowState, node: str) -> bool:
    return not any(key in other.records for key in state.inside(node))


def only_behind(state: FlowState, start: set[str], mine: set[str]) -> set[str]:
    """The start and those of mine that can only be reached through it."""
    gone = set(start)
    grows = True
    while grows:
        ahead = {state.target(flow) for key in gone for flow in state.out(key)}
        ahead |= {event for key in gone for event in state.boundary_events(key)}
        new = {key for key in (ahead & mine) - gone if all(state.source(flow) in gone for flow in state.into(key))}
        grows = bool(new)
        gone |= new
    return gone


def leads_on_without(state: FlowState, node: str, gone: set[str]) -> bool:
    """Whether what the node leads to can still be reached when these are gone."""
    following = {state.target(flow) for flow in state.out(node)} - gone
    return all(any(state.source(flow) not in gone for flow in state.into(key)) for key in following)


def hanging_at(state: FlowState, nodes: set[str], mine: set[str]) -> set[str]:
    """Boundary events of the nodes, with what only they lead to."""
    events = {event for node in nodes for event in state.boundary_events(node)}
    return only_behind(state, events, mine) if events else set()


def between(state: FlowState, start: str, end: str) -> list[str]:
    """Nodes on the ways from start to end, in the order of the document."""
    ahead = state.behind(start, without=[end]) | {start}
    return [record.key for record in state.nodes() if record.key in ahead - {end}]


def line_from(state: FlowState, node: str) -> list[str]:
    """The node and those behind it as long as the flow neither splits nor joins."""
    line = [node]
    while len(state.out(line[-1])) == 1:
        following = state.target(state.out(line[-1])[0])
        if len(state.into(following)) != 1 or following in line:
            break
        line.append(following)
    return line


def order_of(state: FlowState) -> list[Record]:
    """Nodes in the order of the flow, breadth first; what nothing leads to first."""
    seen: dict[str, Record] = {}
    nodes = list(state.nodes())
    ahead = [record.key for record in nodes if not state.into(record.key)] + [record.key for record in nodes]
    at = 0
    while at < len(ahead):
        key = ahead[at]
        at += 1
        if key in seen or not state.is_node(key):
            continue
        seen[key] = state.records[key]
        following = [state.target(flow) for flow in state.out(key)]
        ahead[at:at] = following
    return list(seen.values())
