"""Every scenario of the shipped pack passes, also reloaded between any two steps.

With the real handlers: tests/practice_repo/nba.
"""

from practice_repo.algebra.options import apply_options
from practice_repo.algebra.package import Package
from practice_repo.practice import practice_of_files
from practice_repo.practice_check import check_practice
from tests.processes.packs import ROOT, assert_same_reloaded, assert_well_described, every_scenario

PACK = "method/next_best_activity"


def test_the_pack_is_well_described():
    assert_well_described(PACK)


@every_scenario(PACK)
def test_scenario(scenario):
    assert_same_reloaded(PACK, scenario)


def test_kpis_may_be_watched_every_four_weeks():
    found = practice_of_files(apply_options(Package.from_folder(ROOT / PACK), {"watch": "monthly"}).files)
    assert [str(each) for each in check_practice(found) if each.severity == "error"] == []
    assert b"R/P4W" in found.main_model
