"""A repetition must say how often: a collection or a number, or a condition or a maximum."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import Activity, Loop
from engine.errors import Finding

RULE = "loop"


def check(context: Context) -> Iterator[Finding]:
    for activity, _scope in context.elements(Activity):
        message = _problem(activity.loop) if activity.loop is not None else None
        if message:
            yield context.finding(RULE, activity, message)


def _problem(loop: Loop) -> str | None:
    if loop.kind == "standard":
        if loop.condition is None and loop.maximum is None:
            return "The loop never ends: it has neither a loopCondition nor a loopMaximum; give it one."
        return None
    if loop.collection is None and loop.cardinality is None:
        return "The multi-instance repeats over nothing; give it an input collection or a loopCardinality."
    if loop.output_collection and loop.output_element is None:
        return f"Nothing says what is collected into '{loop.output_collection}'; give an outputElement."
    return None
