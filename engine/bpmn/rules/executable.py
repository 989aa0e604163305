"""A process that is not marked executable describes work; that it can be run is by luck."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.errors import Finding

RULE = "executable"


def check(context: Context) -> Iterator[Finding]:
    for process in context.model.processes:
        if not process.executable and process.elements:
            message = 'The process is not marked executable; set isExecutable="true" when it is meant to be run.'
            yield context.warning(RULE, process, message)
        if not process.elements:
            yield context.warning(RULE, process, "The process is empty and ends as soon as it starts; add elements.")
