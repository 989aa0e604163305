"""Nameless gateways of models without common ids, found again when what was inserted or deleted is out of the way."""

from collections import Counter
from collections.abc import Mapping

from practice_repo.algebra.document import Document
from practice_repo.algebra.flow_state import FlowState
from practice_repo.algebra.pattern_rules import close, hanging_at, is_branch, own_nodes, remove, serial_nodes

LEAST_SHARE = 0.3  # of the neighbours that must be the same


def gateways_again(base: Document, changed: Document) -> dict[str, str]:
    """Keys of gateways that only the changed document has → those of the base that they are.

    Both documents have the keys that are known so far. Steps that only one of them has are taken out, then gateways of
    one kind in one scope are paired by their neighbours, the most alike first.
    """
    old, new = FlowState(base), FlowState(changed)
    if not (own_gateways(old, new) and own_gateways(new, old)):
        return {}
    take_steps_out(old, new)
    take_steps_out(new, old)
    found: dict[str, str] = {}
    while best := best_pair(old, new, found):
        found[best[0]] = best[1]
    return found


def own_gateways(state: FlowState, other: FlowState) -> list[str]:
    return [key for key in own_nodes(state, other) if state.is_gateway(key)]


def take_steps_out(state: FlowState, other: FlowState) -> None:
    """Single steps that only this state has, and the gateways that then neither split nor join."""
    while True:
        own = list(own_nodes(state, other))
        node = next(serial_nodes(state, other, own), None)
        if node is None:
            node = next((key for key in own if state.is_gateway(key) and state.is_serial(key)), None)
        if node is None:
            return
        gone = {node} | hanging_at(state, {node}, set(own))
        if not is_branch(state, other, node):
            close(state, other, node)
        remove(state, other, gone)


def best_pair(old: FlowState, new: FlowState, found: Mapping[str, str]) -> tuple[str, str] | None:
    best, most = None, 0.0
    for key in own_gateways(new, old):
        for other in own_gateways(old, new):
            is_open = key not in found and other not in found.values()
            one, two = new.records[key], old.records[other]
            if not is_open or one.kind != two.kind or found.get(one.parent, one.parent) != two.parent:
                continue
            share = common_share(neighbours(new, key, found), neighbours(old, other, {}))
            if share >= LEAST_SHARE and share > most:
                best, most = (key, other), share
    return best


def neighbours(state: FlowState, gateway: str, names: Mapping[str, str]) -> Counter:
    before = [("from", state.source(flow)) for flow in state.into(gateway)]
    after = [("to", state.target(flow)) for flow in state.out(gateway)]
    return Counter((way, names.get(key, key)) for way, key in before + after)


def common_share(one: Counter, other: Counter) -> float:
    return (one & other).total() / max(one.total(), other.total(), 1)
