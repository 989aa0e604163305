"""A script is a FEEL context whose entries become variables; any other value needs a variable to go to."""

from collections.abc import Iterator

from engine.bpmn.context import Context, Placed, compiled
from engine.bpmn.elements import Task
from engine.errors import Finding

RULE = "script-result"


def check(context: Context) -> Iterator[Finding]:
    for task, scope in context.elements(Task):
        if task.type != "scriptTask" or task.topic is not None:
            continue
        if task.script is None:
            yield context.warning(RULE, task, "The script is empty, so the task does nothing; write a FEEL context.")
            continue
        script = compiled(Placed(task.script, task, scope, "script"))
        if script is not None and not script.is_context and not task.result_variable:
            message = (
                f"The script '{task.script.source}' gives a value that no variable takes; write a context such as "
                "{total: quantity * price}, or name a praxis:resultVariable."
            )
            yield context.finding(RULE, task, message)
