"""Every scenario of the shipped pack passes with the real handlers."""

from tests.processes.packs import assert_same_reloaded, assert_well_described, every_scenario

PACK = "service/ticket_to_dispatch"


def test_the_pack_is_well_described():
    assert_well_described(PACK)


@every_scenario(PACK)
def test_scenario(scenario):
    assert_same_reloaded(PACK, scenario)
