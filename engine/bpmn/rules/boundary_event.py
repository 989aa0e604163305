"""A boundary event belongs to an activity of the same process or sub-process and catches what happens in it."""

from collections import Counter
from collections.abc import Iterator

from engine.bpmn.context import Context, Scope
from engine.bpmn.elements import Activity, CatchOrThrow, SubProcess
from engine.errors import Finding

RULE = "boundary-event"


def check(context: Context) -> Iterator[Finding]:
    for scope in context.scopes:
        for event in scope.events("boundaryEvent"):
            yield from (context.finding(RULE, event, message) for message in _problems(event, scope))
        yield from _ambiguous(context, scope)


def _problems(event: CatchOrThrow, scope: Scope) -> Iterator[str]:
    host = scope.elements.get(event.attached_to or "")
    kinds = {definition.kind for definition in event.definitions}
    if not event.attached_to:
        yield "The boundary event is attached to no activity; attach it (attachedToRef)."
    elif host is None:
        yield f"'{event.attached_to}' is no activity of the same process or sub-process; attach the event to one."
    elif not isinstance(host, Activity):
        yield f"{host.label} is a {host.type}; boundary events can be attached to activities only."
    elif isinstance(host, SubProcess) and host.triggered_by_event:
        yield f"{host.label} is an event sub-process, which can have none; attach the event to what is around it."
    elif "cancel" in kinds and host.type != "transaction":
        yield f"A cancel event can be attached to a transaction only, but {host.label} is a {host.type}; use an error."
    if not event.interrupting and kinds & {"error", "cancel"}:
        yield "An error or cancel always interrupts the activity; set cancelActivity to true, or use an escalation."
    if "compensation" in kinds and event.outgoing:
        yield "A compensation event has no outgoing flow; connect its activity by an association."


def _ambiguous(context: Context, scope: Scope) -> Iterator[Finding]:
    """Two boundary events of one activity that catch the same error."""
    caught = Counter(key for event in scope.events("boundaryEvent") for key in _codes(event))
    for event in scope.events("boundaryEvent"):
        for key in _codes(event):
            if caught[key] > 1:
                _host, kind, code = key
                message = f"Another boundary event of the activity catches {kind} {code or '(any)'} too; keep one."
                yield context.finding(RULE, event, message)


def _codes(event: CatchOrThrow) -> Iterator[tuple[str | None, str, str | None]]:
    for definition in event.definitions:
        if definition.kind == "error":
            yield event.attached_to, definition.kind, definition.code
