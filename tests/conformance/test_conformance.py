"""Every promise of the coverage page holds, also when the execution is dumped and reloaded between any two steps."""

import pytest

from engine.bpmn import read_model
from engine.feel import to_json
from engine.play import Player, Scenario
from engine.runtime import compile_definition
from tests.conformance.catalogue import CASES, Case


def played(case: Case, reload: bool) -> Player:
    definition = compile_definition([read_model(case.model)])
    player = Player(definition, Scenario(variables=case.given, steps=list(case.steps)), process_id="p", reload=reload)
    player.run()
    return player


@pytest.mark.parametrize("reload", [False, True], ids=["", "reloaded"])
@pytest.mark.parametrize("case", CASES, ids=[f"{case.construct}: {case.promise}" for case in CASES])
def test_bpmn(case: Case, reload: bool):
    player = played(case, reload)

    trace, wanted = player.trace, case.trace.split()
    assert (sorted(trace) if case.any_order else trace) == (sorted(wanted) if case.any_order else wanted)
    assert player.state == case.state, player.incidents()
    for name, value in case.variables.items():
        assert to_json(player.variables[name]) == value
    if case.waiting is not None:
        assert [row["element"] for row in player.waiting()] == case.waiting.split()
