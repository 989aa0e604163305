"""What a scenario file says."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

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
EXTRAS = {"variables", "correlation", "result", "error", "text", "fail", "name", "description"}


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
    unknown = set(table) - allowed
    if unknown:
        raise InvalidInput(
            f"Scenario {number} has the unknown key '{min(unknown)}'; known keys are {', '.join(sorted(allowed))}."
        )
    steps = table.get("step", [])
    for position, step in enumerate(steps, start=1):
        _check_step(step, position)
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


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_step(step: Mapping[str, Any], position: int) -> None:
    verbs = [verb for verb in STEPS if verb in step]
    if len(verbs) != 1:
        found = ", ".join(verbs) or ", ".join(step) or "nothing"
        raise InvalidInput(f"Step {position} should have exactly one of {', '.join(STEPS)}, but has {found}.")
    unknown = set(step) - EXTRAS - {verbs[0]}
    if unknown:
        raise InvalidInput(f"Step {position} ({verbs[0]}) has the unknown key '{min(unknown)}'.")
