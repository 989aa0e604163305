"""Joins: tokens counted per incoming flow; inclusive joins wait for all that can still arrive (BPMN 2.0.2, 13.4)."""

from engine.runtime.expressions import ElementFailure
from engine.runtime.gateways import ComplexGateway, InclusiveGateway, ParallelGateway
from engine.runtime.nodes import Flow, NodeSpec
from engine.runtime.tokens import Token


def is_join(node: NodeSpec) -> bool:
    return isinstance(node, (ParallelGateway, InclusiveGateway))


def arrive(instance, flow: Flow, scope: Token) -> None:
    """Count a token at a join; a parallel join opens at once when every flow has one."""
    node = flow.target
    if scope.joins is None:
        scope.joins = {}
    arrived = scope.joins.setdefault(node.element.id, {})
    arrived[flow.id] = arrived.get(flow.id, 0) + 1
    if isinstance(node, InclusiveGateway):
        instance.joining[scope.id] = scope
    elif _is_complete(node, arrived):
        _open(instance, node, scope, arrived)


def open_complete(instance, scope: Token) -> None:
    """Open the parallel joins that have a token on every flow: a new version may ask for fewer."""
    for name in list(scope.joins or ()):
        node = scope.inner.nodes[name]
        while isinstance(node, ParallelGateway) and _is_complete(node, scope.joins.get(name, {})):
            _open(instance, node, scope, scope.joins[name])


def starving(scope: Token) -> dict[NodeSpec, set[str]]:
    """Parallel joins that tokens can still reach, with the flows on which none can come any more."""
    arrived = scope.joins or {}
    places = {child.element.id for child in scope._children.values()} | set(arrived)
    found: dict[NodeSpec, set[str]] = {}
    for node in scope.inner.nodes.values():
        if not isinstance(node, ParallelGateway) or len(node.element.incoming) < 2:
            continue
        reach, here = scope.inner.reach(node), arrived.get(node.element.id, {})
        missing = {
            flow_id for flow_id in node.element.incoming if not here.get(flow_id) and not places & reach[flow_id]
        }
        if missing and len(missing) < len(node.element.incoming):
            found[node] = missing
    return found


def _is_complete(node: NodeSpec, arrived: dict[str, int]) -> bool:
    return all(arrived.get(flow_id) for flow_id in node.element.incoming)


def _open(instance, node: NodeSpec, scope: Token, arrived: dict[str, int]) -> None:
    """Consume one token per flow that has one and visit the gateway."""
    left = {flow_id: count - 1 for flow_id, count in arrived.items() if count > 1}
    if left:
        scope.joins[node.element.id] = left
    else:
        del scope.joins[node.element.id]
    instance.spawn(node, scope)


def release(instance) -> bool:
    """At rest: open what can no longer receive tokens. True: something moves again."""
    moved = False
    for scope in list(instance.joining.values()):
        if not scope.is_open or not scope.joins:
            instance.joining.pop(scope.id, None)
        elif _inclusive_waits(scope):
            moved = _release_in(instance, scope) or moved
    return moved or _report_stuck(instance)


def _inclusive_waits(scope: Token) -> list[NodeSpec]:
    if not scope.joins:
        return []
    nodes = scope.inner.nodes
    return [nodes[name] for name in scope.joins if isinstance(nodes[name], InclusiveGateway)]


def _release_in(instance, scope: Token) -> bool:
    waiting = _inclusive_waits(scope)
    ready = [node for node in waiting if _is_ready(instance, node, scope)]
    if not ready and not scope._children and len(scope.joins) == len(waiting):
        ready = [node for node in waiting if not isinstance(node, ComplexGateway)][:1]  # they wait for each other
    for node in ready[:1]:
        arrived = scope.joins[node.element.id]
        if isinstance(node, ComplexGateway):
            _activate_complex(instance, node, scope, arrived)
        else:
            _open(instance, node, scope, arrived)
        return True
    return False


def _is_ready(instance, node: NodeSpec, scope: Token) -> bool:
    arrived = scope.joins[node.element.id]
    if isinstance(node, ComplexGateway):
        expected = (scope.reset or {}).get(node.element.id)
        if expected is not None:
            return any(flow_id in arrived for flow_id in expected)
        probe = Token.__new__(Token)
        probe.workflow, probe.scope, probe.local = instance, scope, None
        try:
            return node.is_activated(probe, arrived)
        except ElementFailure as failure:
            token = instance.spawn(node, scope, queue=False)
            del scope.joins[node.element.id]
            instance.raise_incident(token, failure)
            return False
    return not _may_still_arrive(node, scope, arrived)


def _may_still_arrive(node: NodeSpec, scope: Token, arrived: dict[str, int]) -> bool:
    """Some token can reach an empty incoming flow, and no filled one, without passing the gateway."""
    reach = scope.inner.reach(node)
    empty = [reach[flow_id] for flow_id in node.element.incoming if not arrived.get(flow_id)]
    filled = [reach[flow_id] for flow_id in node.element.incoming if arrived.get(flow_id)]
    places = {child.element.id for child in scope._children.values() if child.task_spec is not node}
    places.update(name for name in scope.joins if name != node.element.id)
    return any(
        any(place in region for region in empty) and not any(place in region for region in filled) for place in places
    )


def _activate_complex(instance, node: ComplexGateway, scope: Token, arrived: dict[str, int]) -> None:
    """First activation visits the gateway; later arrivals of the same round are absorbed."""
    name = node.element.id
    if scope.reset is None:
        scope.reset = {}
    expected = scope.reset.get(name)
    if expected is None:
        scope.reset[name] = [flow_id for flow_id in node.element.incoming if flow_id not in arrived]
        _open(instance, node, scope, arrived)
    else:
        absorbed = [flow_id for flow_id in expected if flow_id in arrived]
        for flow_id in absorbed:
            arrived[flow_id] -= 1
            if not arrived[flow_id]:
                del arrived[flow_id]
        if not arrived:
            del scope.joins[name]
        scope.reset[name] = [flow_id for flow_id in expected if flow_id not in absorbed]
    if not scope.reset[name]:
        del scope.reset[name]
    instance.settle(scope)  # what was absorbed may have been the last that moved


def still_possible(instance, scope: Token) -> bool:
    """Tokens wait at joins of this scope, so it is not over."""
    if not scope.joins:
        return False
    instance.joining[scope.id] = scope
    return True


def _report_stuck(instance) -> bool:
    """A parallel join whose missing tokens can never come is an incident, not a silent wait for ever."""
    for scope in list(instance.joining.values()):
        if scope._children or not scope.joins:
            continue
        for name, arrived in list(scope.joins.items()):
            node = scope.inner.nodes[name]
            if isinstance(node, ComplexGateway):
                _raise_stuck(
                    instance, scope, node, f"The activation condition of {node.label} can no longer become true."
                )
                continue
            missing = ", ".join(flow_id for flow_id in node.element.incoming if not arrived.get(flow_id))
            _raise_stuck(
                instance,
                scope,
                node,
                f"The join {node.label} waits for a token on {missing}, which can no longer arrive.",
            )
        instance.joining.pop(scope.id, None)
    return False


def _raise_stuck(instance, scope: Token, node: NodeSpec, what: str) -> None:
    del scope.joins[node.element.id]
    failure = ElementFailure(
        "join",
        f"{what} Resolve the incident to let the waiting token pass, and correct the model: a split that takes only"
        " some of its flows needs an inclusive or exclusive join.",
    )
    instance.raise_incident(instance.spawn(node, scope, queue=False), failure)
