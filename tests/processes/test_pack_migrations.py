"""A case of a shipped pack goes to a new version with renamed tasks between any two steps, and ends the same."""

import re
from functools import cache
from pathlib import Path

import pytest

from engine.play import read_decisions
from engine.runtime import Definition
from practice_repo.practice import shipped_practices
from processes.handlers import all_handlers
from processes.handlers.resources import Resources
from tests.engine.runtime.migrating import MigratingPlayer, compiled
from tests.processes import packs

PACKS = sorted(
    str(folder.relative_to(packs.ROOT))
    for folder in shipped_practices()
    if list(folder.glob("*.bpmn")) and (folder / "scenarios.toml").exists()
)
LONGEST = 3  # scenarios of each pack: what they pass covers the rest, and every step is migrated
SCENARIOS = [
    (name, scenario)
    for name in PACKS
    for scenario in sorted(packs.scenarios(name), key=lambda each: -len(each.steps))[:LONGEST]
]
USER_TASK_NAME = re.compile(r'(<bpmn:userTask [^>]*?\bname=")([^"]*)')


@cache
def with_renamed_tasks(name: str) -> Definition:
    models, decisions = packs.files(name)
    changed = [USER_TASK_NAME.sub(r"\g<1>New: \g<2>", model.decode()).encode() for model in models]
    assert changed != models
    return compiled(*changed, decisions=read_decisions(decisions))


def played(name: str, scenario, *versions: Definition, **options) -> MigratingPlayer:
    player = MigratingPlayer(
        versions,
        scenario,
        process_id=scenario.process or Path(name).name,
        handlers=all_handlers,
        resources=Resources.in_memory,
        **options,
    )
    player.run()
    return player


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS, ids=[f"{name} {each.name}" for name, each in SCENARIOS])
def test_a_case_goes_to_a_version_with_renamed_tasks_and_back(name: str, scenario):
    plain = packs.played(name, scenario)

    migrating = played(name, scenario, packs.definition(name), with_renamed_tasks(name), same_ids=True)

    assert migrating.migrations > 0
    assert (migrating.trace, migrating.state) == (plain.trace, plain.state)
    assert [(row["element"], row["kind"]) for row in migrating.waiting()] == [
        (row["element"], row["kind"]) for row in plain.waiting()
    ]
    assert set(migrating.variables) == set(plain.variables)  # ids of new parties differ
