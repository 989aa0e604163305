"""A construct that Praxis reads but does not run would be a silent wrong answer; each message names what to use."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.errors import Finding

RULE = "unsupported-construct"


def check(context: Context) -> Iterator[Finding]:
    for problem in context.model.problems:
        yield context.finding(RULE, None, _sentence(problem))
    for process in context.model.processes:
        for problem in process.problems:
            yield context.finding(RULE, process, _sentence(problem))
    for element, _scope in context.every_element():
        for problem in element.problems:
            yield context.finding(RULE, element, _sentence(problem))


def _sentence(problem: str) -> str:
    return f"{problem[:1].upper()}{problem[1:].rstrip('.')}."
