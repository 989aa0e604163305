"""What stands elsewhere: elements that were moved or swapped, between two states that hold the same elements."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from practice_repo.algebra.document import Record
from practice_repo.algebra.flow_state import FLOW, FlowState, Way

Edges = Counter  # of (source, target)
LEAST_GAIN = 4  # edges that a move must explain; a flow that only leads elsewhere is no move
MOST_CANDIDATES = 60


@dataclass
class Rearrangement:
    """A move or swap, with the touched records before and after it."""

    type: str
    target: str
    details: dict[str, Any] = field(default_factory=dict)
    before: Mapping[str, Record | None] = field(default_factory=dict)
    after: Mapping[str, Record | None] = field(default_factory=dict)


def rearrange(old: FlowState, new: FlowState) -> Iterator[Rearrangement]:
    """Moves and swaps that make the flow of the old state that of the new one, as far as they can.

    The old state is changed step by step.
    """
    planned = plan(old, new)
    swaps = [each for each in planned if len(each) == 2]
    moves = {each[0] for each in planned if len(each) == 1}
    for one, other in swaps:
        old.begin()
        if swap(old, new, one, other):
            yield told(old, Rearrangement("Swap", one, {"other": other}))
    for node in in_flow_order(new, moves):
        old.begin()
        if move(old, new, node):
            place = [new.source(new.into(node)[0]), new.target(new.out(node)[0])]
            yield told(old, Rearrangement("Move", node, {"between": place}))


def told(state: FlowState, arranged: Rearrangement) -> Rearrangement:
    arranged.before = dict(state.before)
    arranged.after = {key: state.records.get(key) for key in state.before}
    return arranged


def plan(old: FlowState, new: FlowState) -> list[tuple[str, ...]]:
    """Single elements to move and pairs to swap: always the one that explains most of what is connected differently."""
    before, after = edges_of(old), edges_of(new)
    chosen: list[tuple[str, ...]] = []
    while True:
        unlike = mismatch(before, after)
        if unlike < LEAST_GAIN:
            return chosen
        best: tuple[float, tuple[str, ...], Edges, Edges] | None = None
        for candidate, changed_before, changed_after in attempts(old, new, before, after):
            gain = unlike - mismatch(changed_before, changed_after) - 0.1 * steadiness(old, new, candidate)
            if gain >= LEAST_GAIN - 0.5 and (best is None or gain > best[0]):
                best = (gain, candidate, changed_before, changed_after)
        if best is None:
            return chosen
        chosen.append(best[1])
        before, after = best[2], best[3]


def move_in_the_way(state: FlowState, other: FlowState) -> Rearrangement | None:
    """An element moved to between elements that the other state has not, put back to where that one has it."""
    before, after = edges_of(state), edges_of(other)
    unlike = mismatch(before, after)
    for (node, *rest), *out in attempts(state, other, before, after):
        if rest or unlike - mismatch(*out) < LEAST_GAIN or not (state.is_serial(node) and other.is_serial(node)):
            continue
        place = [state.source(state.into(node)[0]), state.target(state.out(node)[0])]
        state.begin()
        if any(not other.is_node(key) for key in place) and move(state, other, node):
            return told(state, Rearrangement("Move", node, {"between": place}))
    return None


def edges_of(state: FlowState) -> Edges:
    return Counter(state.ends(record.key) for record in state.records.values() if record.kind == FLOW)


def steadiness(old: FlowState, new: FlowState, candidate: tuple[str, ...]) -> int:
    """How many flows are still at the elements: what was moved past a neighbour has lost its own, the neighbour not."""
    return sum(len({*old.into(key)} & {*new.into(key)}) + len({*old.out(key)} & {*new.out(key)}) for key in candidate)


def mismatch(one: Edges, other: Edges) -> int:
    return sum((one - other).values()) + sum((other - one).values())


def attempts(
    old: FlowState, new: FlowState, before: Edges, after: Edges
) -> Iterator[tuple[tuple[str, ...], Edges, Edges]]:
    """Every candidate with the edges that were left if it were out of the way; moves first, they win a tie."""
    differing = {node for edge in [*(before - after), *(after - before)] for node in edge}
    candidates = [
        record.key
        for record in old.nodes()
        if record.key in differing and new.is_node(record.key) and not old.is_gateway(record.key)
    ]
    candidates = [key for key in candidates if is_serial(before, key) and is_serial(after, key)][:MOST_CANDIDATES]
    for key in candidates:
        for one in without(before, key):
            for other in without(after, key):
                yield (key,), one, other
    for at, one_key in enumerate(candidates):
        for other_key in candidates[at + 1 :]:
            if old.records[one_key].parent == old.records[other_key].parent:
                yield (one_key, other_key), exchanged(before, one_key, other_key), after


def is_serial(edges: Edges, node: str) -> bool:
    into = [edge for edge in edges.elements() if edge[1] == node]
    out = [edge for edge in edges.elements() if edge[0] == node]
    return len(into) == len(out) == 1 and into != out


def without(edges: Edges, node: str) -> list[Edges]:
    """The edges with the line closed over the node, and with its branch gone."""
    (source,) = (edge[0] for edge in edges if edge[1] == node)
    (target,) = (edge[1] for edge in edges if edge[0] == node)
    gone = edges.copy()
    for edge in ((source, node), (node, target)):
        del gone[edge]
    closed = gone.copy()
    closed[source, target] += 1
    return [closed, gone]


def exchanged(edges: Edges, one: str, other: str) -> Edges:
    names = {one: other, other: one}
    found: Edges = Counter()
    for (source, target), count in edges.items():
        found[names.get(source, source), names.get(target, target)] += count
    return found


def swap(old: FlowState, new: FlowState, one: str, other: str) -> bool:
    """Let two elements change places; the flows stay where they are and lead to the other one."""
    if not (old.is_serial(one) and old.is_serial(other)):
        return False
    pool, ways = [], []
    for here, comes in ((one, other), (other, one)):
        way_in, way_out = old.into(here)[0], old.out(here)[0]
        names = {one: other, other: one}
        source, target = old.source(way_in), old.target(way_out)
        pool += [way_in, way_out]
        ways += [
            Way(names.get(source, source), comes, old.says(way_in), way_in, way_in),
            Way(comes, names.get(target, target), old.says(way_out), way_out, way_out),
        ]
    if len(set(pool)) != len(pool):
        return False
    return old.rewire(new, pool, ways)


def in_flow_order(state: FlowState, nodes: set[str]) -> list[str]:
    """The nodes so that one comes behind those that lead to it."""
    order: list[str] = []
    ahead = [key for key in (record.key for record in state.nodes()) if key in nodes]
    while ahead:
        ready = next((key for key in ahead if state.source(state.into(key)[0]) not in set(ahead) - {key}), ahead[0])
        ahead.remove(ready)
        order.append(ready)
    return order


def move(old: FlowState, new: FlowState, node: str) -> bool:
    """Take an element out of its line and put it where the new state has it."""
    if not (old.is_serial(node) and new.is_serial(node)):
        return False
    way_in, way_out = old.into(node)[0], old.out(node)[0]
    source, target = old.source(way_in), old.target(way_out)
    place_in, place_out = new.into(node)[0], new.out(node)[0]
    before, after = new.source(place_in), new.target(place_out)
    if (source, target) == (before, after) or not (old.is_node(before) and old.is_node(after)):
        return False
    opens_branch = goes_as_branch(new, old, node)
    pool, ways = [way_in, way_out], []
    if not goes_as_branch(old, new, node):
        ways.append(Way(source, target, old.says(way_in), way_in, way_in))
    if opens_branch:
        ways += [Way(before, node, new.says(place_in), place_in), Way(node, after, new.says(place_out), place_out)]
        parent = old.records[before].parent
    else:
        split = flow_to_split(old, new, node, before, after)
        if split is None:
            return False
        behind = old.target(split)
        parent = old.records[old.source(split)].parent
        pool.append(split)
        ways += [Way(old.source(split), node, old.says(split), split, split), Way(node, behind, {}, way_out)]
    old.set(node, parent=parent)
    return old.rewire(new, pool, ways)


def goes_as_branch(state: FlowState, other: FlowState, node: str) -> bool:
    """Whether the node is a whole branch, which the other state has not at all."""
    source, target = state.source(state.into(node)[0]), state.target(state.out(node)[0])
    if other.between(source, target):
        return False
    return len(state.out(source)) > 1 and len(state.into(target)) > 1


def flow_to_split(old: FlowState, new: FlowState, node: str, before: str, after: str) -> str | None:
    """The flow of the old state on which the node has to go."""
    own = {*old.into(node), *old.out(node)}
    for flow in old.between(before, after):
        if flow not in own:
            return flow
    for flow in (*new.into(node), *new.out(node)):
        if flow in old.records and flow not in own and before == old.source(flow):
            return flow
    leaving = [flow for flow in old.out(before) if flow not in own]
    if len(leaving) == 1:
        return leaving[0]
    entering = [flow for flow in old.into(after) if flow not in own]
    if len(entering) == 1:
        return entering[0]
    told_by_key = [flow for flow in leaving if flow in new.records and new.target(flow) == node]
    return told_by_key[0] if told_by_key else None
