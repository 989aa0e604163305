"""What every shipped pack promises: its card holds, its scenarios pass, also when reloaded between any two steps."""

from functools import cache
from pathlib import Path

import pytest

from engine.bpmn import read_model
from engine.play import Player, Scenario, read_decisions, read_scenarios
from engine.runtime import Definition, compile_definition
from practice_repo.practice import Practice, read_practice
from practice_repo.practice_check import check_practice
from processes.handlers import all_handlers
from processes.handlers.resources import Resources

ROOT = Path(__file__).parents[2] / "processes"


@cache
def practice(name: str) -> Practice:
    """A shipped practice, by `area/name`."""
    return read_practice(ROOT / name)


@cache
def definition(name: str) -> Definition:
    """The compiled processes and decisions of a practice, with the models of others that its scenarios name."""
    models, decisions = files(name)
    return compile_definition([read_model(model) for model in models], read_decisions(decisions))


@cache
def files(name: str) -> tuple[list[bytes], list[bytes]]:
    """The models and decisions of a practice, with the models of others that its scenarios name."""
    folder = (ROOT / name).resolve()
    named = {(folder / model).resolve() for scenario in scenarios(name) for model in scenario.models}
    models = [path.read_bytes() for path in sorted({*folder.glob("*.bpmn"), *named})]
    return models, [path.read_bytes() for path in sorted(folder.glob("*.dmn"))]


@cache
def scenarios(name: str) -> tuple[Scenario, ...]:
    """The scenarios of a practice."""
    return tuple(read_scenarios((ROOT / name / "scenarios.toml").read_text(encoding="utf-8")))


def every_scenario(name: str) -> pytest.MarkDecorator:
    """Parametrise a test over `scenario`."""
    return pytest.mark.parametrize("scenario", scenarios(name), ids=lambda scenario: scenario.name)


def played(name: str, scenario: Scenario, *, reload: bool = False, resources=Resources.in_memory) -> Player:
    """Play a scenario with the real handlers on a fresh demo customer base. Raises CannotPlay where it fails."""
    player = Player(
        definition(name),
        scenario,
        process_id=scenario.process or Path(name).name,
        handlers=all_handlers,
        resources=resources,
        reload=reload,
    )
    player.run()
    return player


def assert_same_reloaded(name: str, scenario: Scenario) -> None:
    """The scenario passes, and again with every execution dumped and reloaded between any two steps."""
    plain, reloaded = played(name, scenario), played(name, scenario, reload=True)
    assert reloaded.trace == plain.trace
    assert (reloaded.state, reloaded.waiting()) == (plain.state, plain.waiting())


def assert_well_described(name: str) -> None:
    """Card, forms, decisions, roles, touchpoints and variation points fit the models."""
    assert [str(finding) for finding in check_practice(practice(name)) if finding.severity == "error"] == []
