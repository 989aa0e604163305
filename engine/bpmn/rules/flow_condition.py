"""A condition counts only behind activities and deciding gateways; elsewhere the standard forbids it."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow
from engine.errors import Finding

RULE = "flow-condition"
UNDECIDING = {"parallelGateway": "parallel gateway", "eventBasedGateway": "event-based gateway"}


def check(context: Context) -> Iterator[Finding]:
    for element, scope in context.every_element():
        title = "event" if isinstance(element, CatchOrThrow) else UNDECIDING.get(element.type)
        if title is None:
            continue
        for flow_id in element.outgoing:
            if scope.flows[flow_id].condition is not None:
                message = (
                    f"A flow leaving the {title} {element.label} cannot have a condition; "
                    "put an exclusive or inclusive gateway in between."
                )
                yield context.finding(RULE, scope.flows[flow_id], message)
