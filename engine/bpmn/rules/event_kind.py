"""Each kind of event has its triggers; another trigger there has no meaning in BPMN and would be passed over."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow
from engine.errors import Finding

RULE = "event-kind"
ALLOWED = {
    "startEvent": {"message", "signal", "timer", "conditional", "error", "escalation", "compensation"},
    "endEvent": {"message", "signal", "error", "escalation", "compensation", "terminate", "cancel"},
    "intermediateCatchEvent": {"message", "signal", "timer", "conditional", "link"},
    "intermediateThrowEvent": {"message", "signal", "escalation", "compensation", "link"},
    "boundaryEvent": {"message", "signal", "timer", "conditional", "error", "escalation", "compensation", "cancel"},
}
NEED_TRIGGER = {"intermediateCatchEvent": "waits for nothing", "boundaryEvent": "catches nothing"}
TITLES = {
    "startEvent": "start event",
    "endEvent": "end event",
    "intermediateCatchEvent": "intermediate catch event",
    "intermediateThrowEvent": "intermediate throw event",
    "boundaryEvent": "boundary event",
}


def check(context: Context) -> Iterator[Finding]:
    for event, _scope in context.elements(CatchOrThrow):
        kinds = [definition.kind for definition in event.definitions]
        for kind in kinds:
            if kind not in ALLOWED[event.type]:
                possible = ", ".join(sorted(ALLOWED[event.type]))
                article = "An" if event.type.startswith(("e", "i")) else "A"
                message = f"{article} {TITLES[event.type]} cannot be of kind {kind}; it can be one of: {possible}."
                yield context.finding(RULE, event, message)
        if not kinds and event.type in NEED_TRIGGER:
            message = f"The {TITLES[event.type]} {NEED_TRIGGER[event.type]}; give it a message, timer or signal."
            yield context.finding(RULE, event, message)
        if "link" in kinds and len(kinds) > 1:
            yield context.finding(RULE, event, "A link event cannot have other triggers; split it into two events.")
