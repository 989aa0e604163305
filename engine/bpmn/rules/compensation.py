"""Compensation undoes an activity by the one that its compensation boundary event points to, outside of the flow."""

from collections.abc import Iterator

from engine.bpmn.context import Context, Scope
from engine.bpmn.elements import Activity, CatchOrThrow
from engine.errors import Finding

RULE = "compensation"


def check(context: Context) -> Iterator[Finding]:
    for scope in context.scopes:
        handlers = set()
        for event in scope.events("boundaryEvent"):
            if any(definition.kind == "compensation" for definition in event.definitions):
                handlers.add(event.compensation_handler)
                yield from _of_boundary(context, event, scope)
        yield from _of_handlers(context, scope, handlers)
        yield from _of_throws(context, scope)


def _of_boundary(context: Context, event: CatchOrThrow, scope: Scope) -> Iterator[Finding]:
    handler = scope.elements.get(event.compensation_handler or "")
    if handler is None:
        message = "The compensation event points to no activity; draw an association to the one that compensates."
        yield context.finding(RULE, event, message)
    elif not isinstance(handler, Activity):
        yield context.finding(RULE, event, f"{handler.label} is a {handler.type}; only an activity can compensate.")
    elif not handler.is_for_compensation:
        message = f"The compensating activity {handler.label} must be marked isForCompensation; mark it."
        yield context.finding(RULE, event, message)


def _of_handlers(context: Context, scope: Scope, handlers: set[str | None]) -> Iterator[Finding]:
    for activity in scope.elements.values():
        if not isinstance(activity, Activity) or not activity.is_for_compensation:
            continue
        if activity.incoming or activity.outgoing:
            message = "An activity for compensation stands outside of the flow; remove its incoming and outgoing flows."
            yield context.finding(RULE, activity, message)
        elif activity.id not in handlers:
            message = "No compensation boundary event points to this activity; it never runs."
            yield context.warning(RULE, activity, message)


def _of_throws(context: Context, scope: Scope) -> Iterator[Finding]:
    around: Scope | None = scope
    known: set[str] = set()
    while around is not None:
        known |= set(around.elements)
        around = around.parent
    for event in scope.events("intermediateThrowEvent", "endEvent"):
        for definition in event.definitions:
            if definition.kind == "compensation" and definition.activity_ref and definition.activity_ref not in known:
                message = f"'{definition.activity_ref}' is no activity that can be compensated from here; correct it."
                yield context.finding(RULE, event, message)
