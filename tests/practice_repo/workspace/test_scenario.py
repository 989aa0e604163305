"""Choosing a scenario pre-fills the tailoring of what it bundles."""

import pytest

from engine.errors import InvalidState, NotFound
from practice_repo.algebra.package import Package
from practice_repo.commands.acquire_scenario import acquire_scenario
from practice_repo.commands.make_available import make_available
from practice_repo.contents import get_files
from practice_repo.practice import shipped_practices
from practice_repo.queries.library import newest_versions
from practice_repo.tables import PracticeCandidate
from practice_repo.validation import validate

SHIPPED = {folder.name: folder for folder in shipped_practices()}


def shipped(name):
    return Package.from_folder(SHIPPED[name])


def test_a_scenario_brings_its_practices_with_its_answers(sqlite_desk):
    sqlite_desk.ship(shipped("reverse_logistics"), shipped("online_returns"))

    found = sqlite_desk.do(acquire_scenario, item_id="online_returns")

    [candidate_id] = found.candidates.values()
    with sqlite_desk.store.reading() as work:
        candidate = work.session.get(PracticeCandidate, candidate_id)
        assert (candidate.item_id, candidate.state) == ("reverse_logistics", "tailored")
        assert candidate.choices["r7"] == "never"
        assert candidate.title == "Reverse logistics (Online shop takes goods back)"


def test_the_answers_change_the_practice(sqlite_desk):
    sqlite_desk.ship(shipped("reverse_logistics"), shipped("online_returns"))

    found = sqlite_desk.do(acquire_scenario, item_id="online_returns")

    with sqlite_desk.store.reading() as work:
        candidate = work.session.get(PracticeCandidate, found.candidates["reverse_logistics"])
        files = get_files(work, candidate.draft)
    assert b"restocking_share: 0.15" in files["settlement.dmn"]
    assert b'id="hold_deposit"' not in files["authorise_return.bpmn"]


def test_a_scenario_without_its_practice_says_what_is_missing(sqlite_desk):
    sqlite_desk.ship(shipped("online_returns"))

    with pytest.raises(NotFound, match="'reverse_logistics' from"):
        sqlite_desk.do(acquire_scenario, item_id="online_returns")


def test_a_scenario_is_not_deployed_but_its_practices_are(sqlite_desk):
    sqlite_desk.ship(shipped("reverse_logistics"), shipped("online_returns"))
    candidate_id = sqlite_desk.acquired(item_id="online_returns")
    desk = sqlite_desk
    validate(desk.store, candidate_id=candidate_id, actor=desk.nora, now=desk.now, bench=None)

    with pytest.raises(InvalidState, match="make the practices that it names available"):
        sqlite_desk.do(make_available, candidate_id=candidate_id)


def test_only_scenarios_are_taken_so(sqlite_desk):
    [name] = sqlite_desk.ask(newest_versions)

    with pytest.raises(InvalidState, match="acquire it as it is"):
        sqlite_desk.do(acquire_scenario, item_id=name)
