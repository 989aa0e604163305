"""An event-based gateway waits for the first of the events right behind it: only events and receive tasks fit there."""

from collections.abc import Iterator

from engine.bpmn.context import Context, Scope
from engine.bpmn.elements import CatchOrThrow, Element, Gateway
from engine.errors import Finding

RULE = "event-gateway"
CAUGHT = {"message", "signal", "timer", "conditional"}


def check(context: Context) -> Iterator[Finding]:
    for gateway, scope in context.elements(Gateway):
        if gateway.type != "eventBasedGateway":
            continue
        if gateway.event_gateway_type.lower() == "parallel":
            message = "A parallel event-based gateway is not run; start by one event and wait for the others behind it."
            yield context.finding(RULE, gateway, message)
        if gateway.instantiate and gateway.incoming:
            message = "A gateway that starts the process can have no incoming flow; remove the flow or instantiate."
            yield context.finding(RULE, gateway, message)
        if not gateway.outgoing:
            yield context.finding(RULE, gateway, "No event follows the gateway; connect the events it should wait for.")
        for flow_id in gateway.outgoing:
            target = scope.elements[scope.flows[flow_id].target_id]
            reason = _unfit(target, scope)
            if reason:
                yield context.finding(RULE, gateway, f"{target.label} {reason}")


def _unfit(target: Element, scope: Scope) -> str | None:
    if not _waits(target):
        return "follows the gateway, but only catch events and receive tasks can; put one in between."
    if len(target.incoming) > 1:
        return "has other incoming flows too; lead them to the element behind it."
    if any(event.attached_to == target.id for event in scope.events("boundaryEvent")):
        return "has boundary events, which cannot be behind the gateway; wait by further events instead."
    return None


def _waits(target: Element) -> bool:
    if isinstance(target, CatchOrThrow) and target.type == "intermediateCatchEvent":
        return bool(target.definitions) and all(definition.kind in CAUGHT for definition in target.definitions)
    return target.type == "receiveTask"
