"""Every scenario of the shipped pack passes, also reloaded between any two steps.

With the real handlers: tests/practice_repo/nba.
"""

import json

import pytest

from engine.bpmn import read_model
from practice_repo.algebra.options import apply_options
from practice_repo.algebra.package import Package
from practice_repo.practice import practice_of_files
from practice_repo.practice_check import check_practice
from tests.processes.packs import ROOT, assert_same_reloaded, assert_well_described, every_scenario

PACK = "method/rollout"


def test_the_pack_is_well_described():
    assert_well_described(PACK)


@every_scenario(PACK)
def test_scenario(scenario):
    assert_same_reloaded(PACK, scenario)


def with_answer(point: str, option: str):
    """The practice with this answer, which passes the checks."""
    found = practice_of_files(apply_options(Package.from_folder(ROOT / PACK), {point: option}).files)
    assert [str(each) for each in check_practice(found) if each.severity == "error"] == []
    return found


@pytest.mark.parametrize("option", ["direct", "experiment"])
def test_the_plan_begins_with_the_way_that_the_enterprise_prefers(option):
    form = json.loads(with_answer("beginning", option).forms["plan_rollout"])
    assert next(each for each in form["components"] if each.get("key") == "way")["defaultValue"] == option


def test_the_head_of_the_department_may_decide_after_the_pilot():
    [process] = read_model(with_answer("decider", "department_head").main_model).processes
    roles = {element: lane.role for lane in process.lanes for element in lane.element_ids}
    assert roles["go_no_go"] == "department_head"
