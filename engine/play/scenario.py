"""What a scenario file says."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.bpmn.time_expressions import parse_duration
from engine.errors import InvalidInput

MONDAY_MORNING = datetime(2026, 1, 5, 9, tzinfo=UTC)

STEPS = {
    "complete": "a waiting user task, by element id; with variables",
    "message": "publish a message by name; with correlation, variables",
    "signal": "broadcast a signal by name; with variables",
    "advance": "move the clock by an ISO 8601 duration; due timers fire in order",
    "job": "complete a waiting job, by element id; with result, or error (a code) and text, or fail (a text)",
    "set": "change variables",
    "resolve": "resolve the incident on an element",
    "expect": "state, waiting, trace, never, variables, incidents",
}
EXTRAS = {
    "complete": {"variables", "error", "text"},
    "message": {"correlation", "variables"},
    "signal": {"variables"},
    "job": {"result", "variables", "error", "text", "fail"},
}
NOTES = {"name", "description"}
EXPECTATIONS = {"state", "waiting", "trace", "never", "variables", "incidents"}
STATES = ("completed", "waiting", "failed")
TEXT, TABLE, TEXTS = "a text", "a table", "a list of texts"
TYPES = {
    **dict.fromkeys(("complete", "message", "signal", "advance", "job", "resolve"), TEXT),
    **dict.fromkeys(("name", "description", "process", "error", "text", "fail", "state"), TEXT),
    **dict.fromkeys(("set", "expect", "variables", "correlation", "result", "simulators"), TABLE),
    **dict.fromkeys(("waiting", "trace", "never", "models"), TEXTS),
    "incidents": "a whole number",
    "start": "true or false",
    "step": "a list of tables ([[step]])",
}
FITS = {
    TEXT: lambda value: isinstance(value, str),
    TABLE: lambda value: isinstance(value, dict),
    TEXTS: lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "a whole number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "true or false": lambda value: isinstance(value, bool),
    "a list of tables ([[step]])": lambda value: isinstance(value, list) and all(isinstance(i, dict) for i in value),
}


@dataclass
class Scenario:
    """What is done to a model, step by step."""

    name: str = ""
    description: str = ""
    process: str | None = None
    start: bool = True  # False: the first steps start it, by message, signal or timer
    now: datetime = MONDAY_MORNING
    variables: dict[str, Any] = field(default_factory=dict)
    simulators: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    models: tuple[str, ...] = ()


def read_scenarios(text: str) -> list[Scenario]:
    """The scenarios of a TOML file; what stands on top holds for each. Raises InvalidInput naming the mistake."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The scenario is not valid TOML: {error}.") from error
    single = "scenario" not in document
    tables = [document] if single else document["scenario"]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InvalidInput("Several scenarios stand as [[scenario]] tables with [[scenario.step]] inside.")
    return [_scenario(table, {} if single else document, number) for number, table in enumerate(tables, start=1)]


def _scenario(table: Mapping[str, Any], common: Mapping[str, Any], number: int) -> Scenario:
    allowed = {"name", "description", "process", "start", "now", "variables", "simulators", "step", "models"}
    _check_keys(table, allowed, f"Scenario {number}")
    _check_keys(common, allowed | {"scenario"}, "The scenario file")
    _check_types(common, "The scenario file")
    _check_types(table, f"Scenario {number}")
    steps = table.get("step", [])
    for position, step in enumerate(steps, start=1):
        check_step(step, position)
    return Scenario(
        name=table.get("name", common.get("name", f"scenario {number}")),
        description=table.get("description", ""),
        process=table.get("process", common.get("process")),
        start=table.get("start", common.get("start", True)),
        now=_moment(table.get("now", common.get("now", MONDAY_MORNING))),
        variables={**common.get("variables", {}), **table.get("variables", {})},
        simulators={**common.get("simulators", {}), **table.get("simulators", {})},
        steps=list(steps),
        models=tuple(table.get("models", common.get("models", ()))),
    )


def _check_keys(table: Mapping[str, Any], allowed: set[str], what: str) -> None:
    unknown = set(table) - allowed
    if unknown:
        raise InvalidInput(f"{what} has the unknown key '{min(unknown)}'; known keys are {', '.join(sorted(allowed))}.")


def _check_types(table: Mapping[str, Any], what: str) -> None:
    for name, value in table.items():
        wanted = TYPES.get(name)
        if wanted is not None and not FITS[wanted](value):
            raise InvalidInput(f"{what}: '{name}' should be {wanted}, but is {value!r}.")


def _moment(value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"'now' should be a date and time such as 2026-01-05T09:00:00Z, but is {value}.") from error


def check_step(step: Mapping[str, Any], position: int) -> None:
    """Raise InvalidInput unless it is one step as the format wants it."""
    verbs = [verb for verb in STEPS if verb in step]
    if len(verbs) != 1:
        found = ", ".join(verbs) or ", ".join(step) or "nothing"
        raise InvalidInput(f"Step {position} should have exactly one of {', '.join(STEPS)}, but has {found}.")
    verb, what = verbs[0], f"Step {position} ({verbs[0]})"
    _check_keys(step, {verb} | EXTRAS.get(verb, set()) | NOTES, what)
    _check_types(step, what)
    if verb == "advance":
        _check_duration(step["advance"], what)
    if verb == "expect":
        _check_keys(step["expect"], EXPECTATIONS, what)
        _check_types(step["expect"], what)
        state = step["expect"].get("state", "completed")
        if state not in STATES:
            raise InvalidInput(f"{what}: 'state' should be one of {', '.join(STATES)}, but is '{state}'.")


def _check_duration(text: str, what: str) -> None:
    try:
        parse_duration(text)
    except InvalidInput as error:
        raise InvalidInput(f"{what}: {error}") from error
