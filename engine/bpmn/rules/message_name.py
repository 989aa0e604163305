"""Messages find each other by name: without one nobody can send or wait."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow, EventDefinition, Task
from engine.errors import Finding

RULE = "message-name"
REMEDY = "refer to a message of the model (messageRef) that has a name"


def check(context: Context) -> Iterator[Finding]:
    for task, _scope in context.elements(Task):
        if task.type in {"sendTask", "receiveTask"} and _by_message(task) and _nameless(task.message):
            verb = "sends" if task.type == "sendTask" else "waits for"
            yield context.finding(RULE, task, f"Nothing says which message the task {verb}; {REMEDY}.")
    for event, scope in context.elements(CatchOrThrow):
        for definition in event.definitions:
            if definition.kind != "message" or event.topic is not None:
                continue
            if _nameless(definition):
                yield context.finding(RULE, event, f"The message event has no message name; {REMEDY}.")
            elif event.type == "startEvent" and scope.is_process and definition.name_expression:
                message = "The name of a message that starts a process must be a text, as no variable is there yet."
                yield context.finding(RULE, event, message)


def _by_message(task: Task) -> bool:
    """Whether a message does the task's work, and no handler or expression."""
    return task.topic is None and task.script is None


def _nameless(definition: EventDefinition | None) -> bool:
    return definition is None or not (definition.name or definition.name_expression)
