"""A running instance that goes to another version goes on as if it had always been there, or says why it cannot."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from engine import events
from engine.errors import InvalidInput
from engine.play import Player, Scenario
from engine.runtime import Definition, Execution
from engine.runtime.correspondence import Correspondence
from engine.runtime.migration import Migration, migrate
from engine.runtime.obstacles import SENTENCES
from tests.conformance.catalogue import CASES, Case
from tests.conformance.notation import *
from tests.engine.runtime.migrating import MigratingPlayer, compiled, renamed, with_lineage
from tests.support.random_models import Writer, make

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=3)


# ---------------------------------------------------------------------------------- the identity


def steps_of(case: Case) -> list:
    return [step for step in case.steps if "expect" not in step]


def named(case: Case) -> str:
    return f"{case.construct}: {case.promise}"


def same_ending(plain: Player, migrating: MigratingPlayer, any_order: bool = False) -> None:
    """Both came to the same end, by the same way."""
    told, wanted = migrating.told, plain.trace
    assert (sorted(told) if any_order else told) == (sorted(wanted) if any_order else wanted)
    assert (migrating.state, migrating.variables) == (plain.state, plain.variables)
    assert len(migrating.waiting()) == len(plain.waiting())


@pytest.mark.parametrize("case", CASES, ids=named)
def test_going_to_an_identical_version_changes_nothing(case: Case):
    def scenario():
        return Scenario(variables=case.given, steps=steps_of(case))

    plain = Player(compiled(case.model), scenario(), process_id="p")
    plain.run()

    migrating = MigratingPlayer([compiled(case.model), compiled(case.model)], scenario(), process_id="p")
    migrating.run()

    same_ending(plain, migrating)
    assert migrating.waiting() == plain.waiting()
    assert migrating.incidents() == plain.incidents()


# Flow ids are variables in an activation condition; an expression that names an element's topic or result is its id.
NAMED_BY_ID = ("activationCondition", "adHoc")


@pytest.mark.parametrize("case", CASES, ids=named)
def test_going_to_a_version_with_other_ids_and_back_changes_nothing(case: Case):
    if any(word in case.model.decode() for word in NAMED_BY_ID):
        pytest.skip("its expressions name flows by id")

    def scenario():
        return Scenario(variables=case.given, steps=steps_of(case))

    plain = Player(compiled(case.model), scenario(), process_id="p")
    plain.run()

    versions = [compiled(with_lineage(case.model)), compiled(renamed(case.model))]
    migrating = MigratingPlayer(versions, scenario(), process_id="p")
    migrating.run()

    same_ending(plain, migrating, case.any_order)


class PeopleWriter(Writer):
    """Random blocks in which every task waits for a person."""

    def write_task(self, block):
        self.add(user(block.id))
        return block.id, block.id


def random_model(seed: int) -> tuple[bytes, dict]:
    writer = PeopleWriter()
    entry, exit_ = writer.write(make(random.Random(seed), [0], 3))
    writer.flow("s", entry)
    writer.flow(exit_, "e")
    return document(errors("E"), process(start(), end(), *writer.parts)), writer.given


def work_off(player: Player, seed: int, *, migrates: bool) -> None:
    """Complete open tasks in an order that depends on the seed only."""
    chance = random.Random(seed)
    player.run()
    for _ in range(500):
        waiting = sorted({row["element"].removesuffix("_v2") for row in player.waiting()})
        if not waiting:
            return
        if migrates:
            player._reload()
        player._do_complete({"complete": chance.choice(waiting)})


@pytest.mark.parametrize("seed", range(40))
def test_a_random_process_migrates_at_every_wait(seed: int):
    model, given = random_model(seed)
    plain = Player(compiled(model), Scenario(variables=given), process_id="p")
    work_off(plain, seed, migrates=False)
    versions = [compiled(with_lineage(model)), compiled(renamed(model))]
    migrating = MigratingPlayer(versions, Scenario(variables=given), process_id="p")
    work_off(migrating, seed, migrates=True)

    assert plain.state == "completed"
    assert migrating.told == plain.trace
    assert migrating.migrations > 0
