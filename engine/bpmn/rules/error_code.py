"""An error that carries no code can be told from no other: only a catch of any error gets it."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import CatchOrThrow
from engine.errors import Finding

RULE = "error-code"


def check(context: Context) -> Iterator[Finding]:
    for event, _scope in context.elements(CatchOrThrow):
        if event.type not in {"endEvent", "intermediateThrowEvent"}:
            continue
        for definition in event.definitions:
            if definition.kind not in {"error", "escalation"}:
                continue
            codes = context.model.errors if definition.kind == "error" else context.model.escalations
            if not codes.get(definition.ref or ""):
                message = (
                    f"The {definition.kind} thrown here has no code; refer to a {definition.kind} of the model with "
                    f"an {definition.kind}Code, so that a catch event can name it."
                )
                yield context.warning(RULE, event, message)
