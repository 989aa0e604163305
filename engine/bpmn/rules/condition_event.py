"""A conditional event waits until its condition becomes true, so it needs one."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow
from engine.errors import Finding

RULE = "condition-event"


def check(context: Context) -> Iterator[Finding]:
    for event, _scope in context.elements(CatchOrThrow):
        for definition in event.definitions:
            if definition.kind == "conditional" and definition.condition is None:
                yield context.finding(RULE, event, "The conditional event has no condition; write one in FEEL.")
