"""A business rule task evaluates a decision that is deployed with the model."""

from collections.abc import Iterator
from difflib import get_close_matches

from engine.bpmn.context import Context
from engine.bpmn.elements import Task
from engine.errors import Finding

RULE = "decision"


def check(context: Context) -> Iterator[Finding]:
    for task, _scope in context.elements(Task):
        if task.type != "businessRuleTask" or task.topic is not None:
            continue
        if task.decision is None:
            message = "Nothing says which decision the task evaluates; give praxis:decision, or it parks as a job."
            yield context.warning(RULE, task, message)
        elif task.decision.text and context.decisions is not None and task.decision.text not in context.decisions:
            near = get_close_matches(task.decision.text, context.decisions, 1)
            remedy = f"did you mean '{near[0]}'?" if near else "deploy its DMN file together with the model."
            yield context.finding(RULE, task, f"There is no decision '{task.decision.text}'; {remedy}")
