"""Signals are broadcast by name: without one nobody hears them."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow
from engine.errors import Finding

RULE = "signal-name"


def check(context: Context) -> Iterator[Finding]:
    for event, scope in context.elements(CatchOrThrow):
        for definition in event.definitions:
            if definition.kind != "signal":
                continue
            if not (definition.name or definition.name_expression):
                message = "The signal event has no signal name; refer to a signal of the model (signalRef) with a name."
                yield context.finding(RULE, event, message)
            elif event.type == "startEvent" and scope.is_process and definition.name_expression:
                message = "The name of a signal that starts a process must be a text, as no variable is there yet."
                yield context.finding(RULE, event, message)
