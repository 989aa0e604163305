"""How a process or sub-process begins must be clear: errors and escalations start event sub-processes only."""

from collections.abc import Iterator

from engine.bpmn.context import Context, Scope
from engine.errors import Finding

RULE = "start-event"
ONLY_IN_EVENT_SUB_PROCESS = {"error", "escalation", "compensation"}


def check(context: Context) -> Iterator[Finding]:
    for scope in context.scopes:
        if scope.is_event_sub_process:
            continue
        yield from _triggers(context, scope)
        yield from _number(context, scope)


def _triggers(context: Context, scope: Scope) -> Iterator[Finding]:
    for event in scope.events("startEvent"):
        kinds = {definition.kind for definition in event.definitions}
        for kind in sorted(kinds & ONLY_IN_EVENT_SUB_PROCESS):
            message = f"A start event of kind {kind} can stand in an event sub-process only; put it into one."
            yield context.finding(RULE, event, message)
        if kinds - ONLY_IN_EVENT_SUB_PROCESS and not scope.is_process:
            message = (
                "A sub-process is started by its incoming flow, not by an event; remove the trigger, "
                "or make it an event sub-process."
            )
            yield context.finding(RULE, event, message)


def _number(context: Context, scope: Scope) -> Iterator[Finding]:
    none = [event for event in scope.events("startEvent") if not event.definitions]
    if len(none) > 1 and scope.is_process:
        message = "The process has several start events without a trigger; the first is taken unless one is chosen."
        yield context.warning(RULE, none[1], message)
    elif len(none) > 1:
        yield context.finding(RULE, none[1], "A sub-process can begin at one start event only; join them behind one.")
    if scope.elements and not scope.graph.entries:
        place = scope.owner
        yield context.finding(
            RULE, place, "Nothing starts here, as every element has an incoming flow; add a start event."
        )
