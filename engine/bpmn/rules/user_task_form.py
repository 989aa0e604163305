"""A user task without a form shows a person nothing to fill in but a button."""

from collections.abc import Iterator
from difflib import get_close_matches

from engine.bpmn.context import Context
from engine.bpmn.elements import Task
from engine.errors import Finding

RULE = "user-task-form"


def check(context: Context) -> Iterator[Finding]:
    for task, _scope in context.elements(Task):
        if task.type != "userTask":
            continue
        key = task.assignment.form_key if task.assignment else None
        if key is None:
            yield context.warning(RULE, task, "The user task has no form; give praxis:formKey.")
        elif key.text and context.forms is not None and key.text not in context.forms:
            near = get_close_matches(key.text, context.forms, 1)
            remedy = f"did you mean '{near[0]}'?" if near else "deploy it together with the model."
            yield context.warning(RULE, task, f"There is no form '{key.text}'; {remedy}")
