"""Trying a practice: a case in memory, step by step, as the scenario says or otherwise; nothing is kept."""

import html
import json
import re

import pytest

from engine.store.tables import ProcessInstance
from practice_repo.tables import PracticeCandidate
from tests.support.practice_office import ITEM

ADDRESS = f"/sandbox?item_id={ITEM}"


class Trial:
    def __init__(self, visitor, address: str = ADDRESS):
        self.visitor, self.address = visitor, address
        self.answer = visitor.get(address)

    @property
    def page(self) -> str:
        return self.answer.text

    @property
    def story(self) -> str:
        return html.unescape(re.search(r'name="story" value="([^"]*)"', self.page)[1])

    def act(self, action: str, **values: str):
        story = values.pop("story", None) or self.story
        self.answer = self.visitor.post(self.address, {"story": story, "action": action} | values)
        return self.answer


@pytest.fixture
def trial(visit, practices):
    return Trial(visit("ines"))


def test_a_practice_waits_at_its_first_task_with_an_example_filled_in(trial):
    assert "The case waits." in trial.page
    assert "Look at it" in trial.page
    assert re.search(r'type="checkbox"[^>]*checked', trial.page)
    assert "nothing you do here is kept" in trial.page


def test_the_scenario_is_followed_step_by_step_and_back(trial):
    trial.act("next")
    assert "The case has ended." in trial.page

    trial.act("back")

    assert "The case waits." in trial.page


def test_the_scenario_is_followed_to_its_end(trial):
    trial.act("again", scenario="large request")
    assert "5000" in trial.page or "5,000" in trial.page

    trial.act("end")

    assert "The case has ended." in trial.page


def test_a_task_is_completed_otherwise_than_the_scenario_says(trial):
    trial.act("again", scenario="large request")
    trial.act("complete", element="look", **{"f.note": "by hand"})

    assert "Approve" in trial.page
    assert "by hand" in trial.page


def test_a_practice_of_ours_is_tried_with_its_changes(visit, practices):
    candidate_id = practices.acquired()
    practices.edit(candidate_id, 'name="Look at it"', 'name="Look closely"', keep=False)

    assert "Look closely" in Trial(visit("ines"), f"/sandbox?candidate={candidate_id}").page
    assert visit("otto").get(f"/sandbox?candidate={candidate_id}").status_code == 404
    assert visit("otto").get(f"/sandbox/model.bpmn?candidate={candidate_id}&process=triage").status_code == 404


def test_nothing_is_kept(trial, practices):
    trial.act("end")

    assert practices.rows(ProcessInstance) == []
    assert practices.rows(PracticeCandidate) == []


def test_the_diagram_is_served(trial):
    assert trial.visitor.get(f"/sandbox/model.bpmn?item_id={ITEM}&process=triage").mimetype == "application/xml"
    assert trial.visitor.get(f"/sandbox/model.bpmn?item_id={ITEM}&process=none").status_code == 404
    assert trial.visitor.get(f"/sandbox/model.bpmn?item_id={ITEM}").status_code == 404


@pytest.mark.parametrize("address", ["/sandbox", "/sandbox?item_id=none", f"/sandbox?item_id={ITEM}&version=9.0.0"])
def test_what_cannot_be_tried_is_not_found(visit, practices, address):
    assert visit("ines").get(address).status_code == 404


def test_a_step_that_is_no_longer_possible_is_told_kindly(trial):
    for action, values in (
        ("complete", {"element": "approve"}),
        ("message", {"element": "look"}),
        ("advance", {}),
        ("fly", {}),
    ):
        story = trial.story
        answer = trial.visitor.post(ADDRESS, {"story": story, "action": action} | values)
        assert answer.status_code == 400, action
        assert "go on from what the page shows" in answer.text


FORGED = (
    "nonsense",
    "[]",
    "{}",
    "null",
    "7",
    '["a", 0]',
    '["a", "x", "[]"]',
    '["a", null, "[]"]',
    '["a", 0, 5]',
    '["a", 0, "{}"]',
    '["a", 0, "[1]"]',
    '["a", 0, "[null]"]',
    '["a", "x", []]',
    '["a", -1, []]',
    '["a", 0, [1]]',
    '["a", 0, {}]',
    "[" * 2000,
    json.dumps(["a", 0, [{"advance": "PT1H"}] * 201]),
)


@pytest.mark.parametrize("story", FORGED, ids=lambda story: story[:16])
def test_a_forged_story_is_refused(trial, story):
    answer = trial.act("next", story=story)

    assert answer.status_code == 400
    assert "start it again" in answer.text


@pytest.mark.parametrize(
    "step",
    [
        {"complete": "none", "variables": {}},
        {"complete": 7},
        {"complete": "look", "variables": 7},
        {"advance": "soon"},
        {"advance": "P9999999Y"},
        {"message": None},
        {"nonsense": 1},
        {},
    ],
    ids=str,
)
def test_steps_that_cannot_happen_end_the_story_with_words(trial, step):
    answer = trial.act("look", story=json.dumps(["small request", 0, [step]]))

    assert answer.status_code in (200, 400), step
    assert "went wrong on our side" not in answer.text


def test_a_position_behind_the_end_does_no_harm(trial):
    assert trial.act("next", story=json.dumps(["small request", 10**9, []])).status_code == 200


def test_the_page_speaks_chinese(visit, practices):
    ines = visit("ines")
    ines.post("/language/zh_Hans")

    page = Trial(ines).page

    assert "分诊" in page
    assert "可以" in page
    assert "下一步" in page
