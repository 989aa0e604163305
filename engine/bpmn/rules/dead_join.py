"""A parallel join behind an exclusive split waits for a token that never comes, and the case stands still for ever."""

from collections.abc import Iterator

from engine.bpmn.context import Context, Scope
from engine.bpmn.elements import Element
from engine.errors import Finding

RULE = "dead-join"
EXCLUSIVE = {"exclusiveGateway", "eventBasedGateway"}


def check(context: Context) -> Iterator[Finding]:
    for scope in context.scopes:
        for join in scope.elements.values():
            if join.type == "parallelGateway" and len(join.incoming) > 1:
                yield from _of_join(context, scope, join)


def _of_join(context: Context, scope: Scope, join: Element) -> Iterator[Finding]:
    split = scope.elements.get(scope.graph.dominators.get(join.id, ""))
    if split is None or split.type not in EXCLUSIVE or len(split.outgoing) < 2:
        return
    branches = [_branches(scope, split, join, flow_id) for flow_id in join.incoming]
    if any(left and right and not left & right for left in branches for right in branches):
        message = (
            f"The parallel join waits for flows of which the split {split.label} takes only one, so it waits for ever; "
            "join with an exclusive gateway, or split with a parallel one."
        )
        yield context.warning(RULE, join, message)


def _branches(scope: Scope, split: Element, join: Element, flow_id: str) -> set[str]:
    """The outgoing flows of the split from which the join's incoming flow can be reached."""
    source = scope.flows[flow_id].source_id
    if source == split.id:
        return {flow_id}
    before = scope.graph.can_reach(source, avoiding=split.id) | {source}
    if join.id in before:
        return set()  # lies in a loop: tokens of an earlier round can arrive
    return {outgoing for outgoing in split.outgoing if scope.flows[outgoing].target_id in before}
