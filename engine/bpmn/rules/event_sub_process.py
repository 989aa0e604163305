"""An event sub-process waits beside the flow: exactly one start event with a trigger, and no flows to or from it."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow, SubProcess
from engine.errors import Finding

RULE = "event-sub-process"


def check(context: Context) -> Iterator[Finding]:
    for element, _scope in context.elements(SubProcess):
        if element.triggered_by_event:
            yield from (context.finding(RULE, element, message) for message in _problems(element))


def _problems(element: SubProcess) -> Iterator[str]:
    if element.type != "subProcess":
        yield f"A {element.type} cannot be started by an event; use an ordinary sub-process."
    if element.incoming or element.outgoing:
        yield "An event sub-process is started by its event, not by flows; remove its incoming and outgoing flows."
    if element.loop is not None:
        yield "An event sub-process cannot repeat; put a repeated sub-process into it."
    starts = [
        inner for inner in element.elements.values() if isinstance(inner, CatchOrThrow) and inner.type == "startEvent"
    ]
    if len(starts) != 1:
        yield f"An event sub-process needs one start event, but has {len(starts)}; use one sub-process per event."
        return
    start = starts[0]
    kinds = {definition.kind for definition in start.definitions}
    if not kinds:
        yield f"The start event {start.label} needs a trigger such as a message, timer or error."
    if "error" in kinds and not start.interrupting:
        yield f"The error start event {start.label} always interrupts; set isInterrupting, or use an escalation."
