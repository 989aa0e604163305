"""An exclusive gateway decides by conditions: a flow without one would always win over those behind it."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import Gateway
from engine.errors import Finding

RULE = "gateway-condition"


def check(context: Context) -> Iterator[Finding]:
    for gateway, scope in context.elements(Gateway):
        if gateway.type not in {"exclusiveGateway", "inclusiveGateway"} or len(gateway.outgoing) < 2:
            continue
        flows = [scope.flows[flow_id] for flow_id in gateway.outgoing]
        bare = [flow for flow in flows if flow.condition is None and flow.id != gateway.default]
        if not bare:
            continue
        listed = ", ".join(f"'{flow.name or flow.id}'" for flow in bare)
        if gateway.type == "exclusiveGateway":
            message = f"The outgoing flow {listed} needs a condition, or must be the default flow of the gateway."
            yield context.finding(RULE, gateway, message)
        else:
            message = f"The outgoing flow {listed} has no condition, so it is always taken; write one."
            yield context.warning(RULE, gateway, message)
