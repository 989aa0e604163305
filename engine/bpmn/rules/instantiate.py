"""A receive task that starts the process stands at its beginning."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import Task
from engine.errors import Finding

RULE = "instantiate"


def check(context: Context) -> Iterator[Finding]:
    for task, scope in context.elements(Task):
        if not task.instantiate:
            continue
        if task.incoming:
            message = "A receive task that starts the process can have no incoming flow; set instantiate to false."
            yield context.finding(RULE, task, message)
        elif not scope.is_process:
            message = "A receive task in a sub-process cannot start the process; set instantiate to false."
            yield context.finding(RULE, task, message)
