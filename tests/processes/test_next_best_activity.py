"""Every scenario of the shipped pack passes, also reloaded between any two steps.

With the real handlers: tests/practice_repo/nba."""

from tests.processes.packs import assert_same_reloaded, assert_well_described, every_scenario

PACK = "method/next_best_activity"


def test_the_pack_is_well_described():
    assert_well_described(PACK)


@every_scenario(PACK)
def test_scenario(scenario):
    assert_same_reloaded(PACK, scenario)
