"""A timer needs a time that can be read: ISO 8601 text, cron text for a cycle, or FEEL with a leading "="."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow, TimerDefinition
from engine.bpmn.time_expressions import check_timer
from engine.errors import Finding, InvalidInput

RULE = "timer"


def check(context: Context) -> Iterator[Finding]:
    for event, _scope in context.elements(CatchOrThrow):
        for definition in event.definitions:
            message = _problem(definition.timer) if definition.kind == "timer" else None
            if message:
                yield context.finding(RULE, event, message)


def _problem(timer: TimerDefinition | None) -> str | None:
    if timer is None:
        return "The timer has no time; write a timeDuration such as PT4H, a timeDate or a timeCycle."
    if timer.value.expression is not None:
        return None
    text = (timer.value.text or "").strip()
    if not text:
        return f"The {timer.kind} of the timer is empty; write one such as PT4H, 2026-03-01T09:00:00Z or R3/PT1H."
    try:
        check_timer(timer.kind, text)
    except InvalidInput as error:
        return str(error)
    return None
