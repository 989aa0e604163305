"""When timers are due: ISO 8601 and cron texts, or FEEL that gives a temporal value or such a text."""

from datetime import datetime
from typing import Any

from engine.bpmn.elements import TimerDefinition
from engine.bpmn.time_expressions import due_moment, parse_duration, parse_moment
from engine.errors import InvalidInput
from engine.feel import display
from engine.runtime.expressions import ElementFailure, Evaluator


def due(node, caught, seen: dict[str, Any], armed_at: datetime, now: datetime, index: int) -> datetime | None:
    """When a waiting timer fires (again); None: its cycle is over."""
    kind = caught.definition.timer.kind
    text = _text(caught.timer.value(seen, now))
    try:
        return _due(kind, text, armed_at, index)
    except InvalidInput as error:
        raise ElementFailure("expression", f"The timer of {node.label} cannot be used: {error}") from error


def _due(kind: str, text: str, armed_at: datetime, index: int) -> datetime | None:
    """A FEEL expression may give a date where the model says duration, and the other way round: both are clear."""
    if kind == "duration" and text[:1].isdigit():
        kind = "date"
    elif kind == "date" and text.startswith("P"):
        kind = "duration"
    return due_moment(kind, text, armed_at, index)


def _text(value: Any) -> str:
    if value is None:
        raise ElementFailure("expression", "A timer needs a time, but its expression gives null. Correct it and retry.")
    return value if isinstance(value, str) else display(value)


def moment(value: Any, now: datetime) -> datetime:
    """A due date: a duration counts from now, anything else is a moment. Raises InvalidInput."""
    text = value if isinstance(value, str) else display(value)
    return parse_duration(text).add_to(now) if text.startswith("P") else parse_moment(text)


def start_due(timer: TimerDefinition, armed_at: datetime, index: int) -> datetime | None:
    """When a timer start event is due for the index-th time since its process was deployed. Raises InvalidInput."""
    if timer.value.expression is not None:
        text = _text(Evaluator(timer.value.expression).value({}, armed_at))
    else:
        text = timer.value.text or ""
    return _due(timer.kind, text, armed_at, index)
