"""Only a transaction can be cancelled: a cancel end event stands directly inside one."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.errors import Finding

RULE = "cancel-event"


def check(context: Context) -> Iterator[Finding]:
    for scope in context.scopes:
        if getattr(scope.owner, "type", "process") == "transaction":
            continue
        for event in scope.events("endEvent"):
            if any(definition.kind == "cancel" for definition in event.definitions):
                message = "A cancel end event can stand in a transaction only; use an error end event instead."
                yield context.finding(RULE, event, message)
