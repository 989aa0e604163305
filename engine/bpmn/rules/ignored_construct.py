"""Listeners and the like of other engines are read over: who relies on them should model their work as a task."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.errors import Finding

RULE = "ignored-construct"


def check(context: Context) -> Iterator[Finding]:
    for process in context.model.processes:
        for note in process.notes:
            yield context.warning(RULE, process, _sentence(note))
    for element, _scope in context.every_element():
        for note in element.notes:
            yield context.warning(RULE, element, _sentence(note))


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."
