"""A call activity runs another process, which must be named and deployed."""

from collections.abc import Iterator
from difflib import get_close_matches

from engine.bpmn.context import Context
from engine.bpmn.elements import CallActivity
from engine.errors import Finding

RULE = "called-element"
BINDINGS = ("latest", "deployment", "version", "versionTag")


def check(context: Context) -> Iterator[Finding]:
    own = {process.id for process in context.model.processes}
    for call, _scope in context.elements(CallActivity):
        if call.binding not in BINDINGS:
            message = f"The binding '{call.binding}' is none of {', '.join(BINDINGS)}; correct it."
            yield context.finding(RULE, call, message)
        if call.called_element is None:
            message = "The call activity calls nothing; name the process that it runs (calledElement)."
            yield context.finding(RULE, call, message)
        elif call.called_element.text and context.called is not None:
            known = own | set(context.called)
            if call.called_element.text not in known:
                near = get_close_matches(call.called_element.text, known, 1)
                remedy = f"did you mean '{near[0]}'?" if near else "deploy it first, or together with this model."
                yield context.finding(RULE, call, f"There is no process '{call.called_element.text}'; {remedy}")
