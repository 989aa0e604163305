"""A practice of ours on screen: answers, changes, bindings, checks, release, and what is refused."""

import time

import pytest

from practice_repo.tables import PracticeCandidate, PracticeCommit, PracticeMove, PracticeValidation
from tests.support.office import counted_statements

TABS = ("overview", "questions", "changes", "enterprise", "checks", "history")
FORMS = {  # address below the practice → values
    "options": {"point.approval": "none"},
    "operations/x/undo": {},
    "commits": {"message": "ours"},
    "draft/discard": {},
    "bindings": {"role.clerk": "inside_sales"},
    "validations": {},
    "availability": {},
    "title": {"title": "Another name"},
    "state": {"state": "aborted", "reason": "not needed"},
}


@pytest.fixture
def candidate_id(practices) -> str:
    return practices.acquired()


@pytest.fixture
def anna(visit, candidate_id):
    return visit("anna")


def checked(visitor, app, candidate_id: str) -> str:
    """Check, wait for the end, and show the report."""
    visitor.post(f"/practices/{candidate_id}/validations")
    deadline = time.monotonic() + 30
    while app.extensions["praxis_checks"].by_candidate[candidate_id].is_running:
        assert time.monotonic() < deadline, "the checks do not end"
    progress = visitor.get(f"/practices/{candidate_id}/validations/progress")
    assert progress.headers["HX-Redirect"].endswith("tab=checks")
    return visitor.get(f"/practices/{candidate_id}?tab=checks").text


def undo_address(page: str) -> str:
    return page.split("/undo")[0].rsplit('action="', 1)[1] + "/undo"


def test_without_practices_the_list_leads_to_the_library(visit, practices):
    assert "You have no practice yet." in visit("ines").get("/practices").text


def test_the_list_is_narrowed_by_words_and_state(visit, candidate_id):
    ines = visit("ines")

    assert candidate_id in ines.get("/practices?text=tri&state=acquired").text
    for query in ("state=available", "text=nothing", "state=nonsense"):
        assert "No practice fits." in ines.get(f"/practices?{query}").text


def test_the_number_of_statements_does_not_grow_with_the_practices(visit, practices):
    def statements() -> int:
        with counted_statements(practices.store) as sent:
            ines.get("/practices")
        return len(sent)

    ines = visit("ines")
    practices.acquired()
    few = statements()
    for _each in range(6):
        practices.acquired()

    assert statements() == few


def test_every_tab_can_be_read_by_everybody_of_the_enterprise(visit, candidate_id):
    for name in ("ines", "anna"):
        visitor = visit(name)
        for tab in TABS:
            assert visitor.get(f"/practices/{candidate_id}?tab={tab}").status_code == 200, tab
    assert visitor.get(f"/practices/{candidate_id}?tab=nonsense").status_code == 404


def test_every_tab_speaks_chinese(anna, candidate_id):
    anna.post("/language/zh_Hans")

    for tab in TABS:
        page = anna.get(f"/practices/{candidate_id}?tab={tab}").text
        assert "分诊" in page
        assert "已采集" in page


@pytest.mark.parametrize("form", FORMS)
def test_people_without_the_role_change_nothing(visit, practices, candidate_id, form):
    before = practices.row(PracticeCandidate), practices.rows(PracticeCommit)

    assert visit("ines").post(f"/practices/{candidate_id}/{form}", FORMS[form]).status_code == 403
    assert (practices.row(PracticeCandidate), practices.rows(PracticeCommit)) == before


@pytest.mark.parametrize("form", FORMS)
def test_another_enterprise_finds_nothing(visit, practices, candidate_id, form):
    before = practices.row(PracticeCandidate), practices.rows(PracticeCommit)

    assert visit("otto").post(f"/practices/{candidate_id}/{form}", FORMS[form]).status_code == 404
    assert (practices.row(PracticeCandidate), practices.rows(PracticeCommit)) == before


def test_another_enterprise_sees_nothing(visit, candidate_id):
    otto = visit("otto")

    for path in ("", "?tab=history", "/files/process.bpmn", "/validations/progress"):
        assert otto.get(f"/practices/{candidate_id}{path}").status_code == 404
    assert candidate_id not in otto.get("/practices").text


def test_an_answer_changes_the_practice(anna, practices, candidate_id):
    page = anna.post(f"/practices/{candidate_id}/options", {"point.approval": "none"}).text

    assert "Your answers are built into the practice." in page
    assert "Approved by rule" in practices.draft(candidate_id)
    assert practices.row(PracticeCandidate).choices == {"approval": "none"}
    anna.post(f"/practices/{candidate_id}/options", {"point.approval": "manager"})
    assert 'name="Approve"' in practices.draft(candidate_id)


@pytest.mark.parametrize("values", [{"point.approval": "everybody"}, {"point.weather": "fine"}])
def test_an_unknown_answer_is_refused(anna, practices, candidate_id, values):
    answer = anna.post(f"/practices/{candidate_id}/options", values)

    assert answer.status_code == 400
    assert "known are" in answer.text
    assert practices.row(PracticeCandidate).choices == {}


def test_an_answer_that_clashes_with_an_edit_is_refused(anna, practices, candidate_id):
    practices.edit(candidate_id, 'name="Approve"', 'name="Sign"')

    answer = anna.post(f"/practices/{candidate_id}/options", {"point.approval": "none"})

    assert answer.status_code == 409
    assert "take them back first" in answer.text
    assert 'name="Sign"' in practices.draft(candidate_id)


def test_answers_wait_until_changes_are_kept(anna, practices, candidate_id):
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"', keep=False)

    assert anna.post(f"/practices/{candidate_id}/options", {"point.approval": "none"}).status_code == 409
    assert 'name="Rate"' in practices.draft(candidate_id)


def test_one_change_is_taken_back_and_the_others_stay(anna, practices, candidate_id):
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"')
    practices.edit(candidate_id, "&lt; 1000", "&lt; 2000", name="level.dmn")
    page = anna.get(f"/practices/{candidate_id}?tab=changes").text
    assert "2 changes against version 1.0.0 of the library" in page

    anna.post(undo_address(page))

    assert "Taken back; everything else stays." in anna.page
    assert "1 change against version 1.0.0" in anna.page
    kept = practices.draft(candidate_id), practices.draft(candidate_id, "level.dmn")
    assert ('name="Rate"' in kept[0]) != ("2000" in kept[1])


def test_a_change_that_is_gone_is_told_kindly(anna, candidate_id):
    answer = anna.post(f"/practices/{candidate_id}/operations/nothing/undo")

    assert answer.status_code == 404
    assert "reload the list" in answer.text


def test_changes_are_kept_with_words(anna, practices, candidate_id):
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"', keep=False)
    assert "There are changes that are not kept yet." in anna.get(f"/practices/{candidate_id}").text

    anna.post(f"/practices/{candidate_id}/commits", {"message": " "})
    assert "Say in a few words" in anna.page
    assert len(practices.rows(PracticeCommit)) == 1
    anna.post(f"/practices/{candidate_id}/commits", {"message": "We rate"})

    assert "We rate" in anna.page
    assert [row.message for row in practices.rows(PracticeCommit, author="anna") if row.number > 1] == ["We rate"]


def test_changes_that_are_not_kept_can_be_discarded(anna, practices, candidate_id):
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"', keep=False)

    anna.post(f"/practices/{candidate_id}/draft/discard")

    assert "Back to the last kept state." in anna.page
    assert "Nothing is changed." in anna.page
    assert 'name="Level"' in practices.draft(candidate_id)


def test_an_older_state_is_restored_and_nothing_is_lost(anna, practices, candidate_id):
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"')
    first = min(practices.rows(PracticeCommit), key=lambda row: row.number)
    address = f"/practices/{candidate_id}/commits/{first.id}/restore"
    assert address in anna.get(f"/practices/{candidate_id}?tab=history").text

    anna.post(address)

    assert "The older state is the newest now; nothing was lost." in anna.page
    assert 'name="Level"' in practices.draft(candidate_id)
    assert len(practices.rows(PracticeCommit)) == 3
    assert anna.post(f"/practices/{candidate_id}/commits/nothing/restore").status_code == 404


def test_a_card_that_cannot_be_read_leaves_the_page_usable(anna, practices, candidate_id):
    practices.edit(candidate_id, "[practice]", "[practice", keep=False, name="practice.toml")

    for tab in TABS:
        page = anna.get(f"/practices/{candidate_id}?tab={tab}")
        assert page.status_code == 200, tab
        assert "cannot be read" in page.text


def test_the_practice_is_bound_to_groups_of_the_enterprise(anna, practices, candidate_id):
    page = anna.get(f"/practices/{candidate_id}?tab=enterprise").text
    assert "your enterprise has no such group" in page

    values = {
        "role.clerk": "inside_sales",
        "role.manager": "",
        "language": "zh",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
    }
    anna.post(f"/practices/{candidate_id}/bindings", values)

    kept = practices.row(PracticeCandidate).bindings
    assert kept["roles"] == {"clerk": "inside_sales"}
    assert (kept["language"], kept["currency"], kept["time_zone"]) == ("zh", "EUR", "Europe/Berlin")
    assert "Bound to your enterprise." in anna.page


def test_checks_run_in_the_background_and_say_what_fails(anna, app, practices, candidate_id):
    page = checked(anna, app, candidate_id)

    assert "Some checks failed" in page
    assert "wrong expectation" in page
    assert not practices.row(PracticeValidation).passed
    answer = anna.post(f"/practices/{candidate_id}/availability")
    assert answer.status_code == 422
    assert "did not pass the checks" in answer.text


def test_a_checked_practice_becomes_available_and_can_be_started(anna, app, practices, candidate_id):
    practices.without_wrong_scenario(candidate_id)
    anna.post(f"/practices/{candidate_id}/bindings", {"role.clerk": "inside_sales"})
    assert anna.post(f"/practices/{candidate_id}/availability").status_code == 422

    assert "All checks passed." in checked(anna, app, candidate_id)
    anna.post(f"/practices/{candidate_id}/availability")

    assert "Available: 1 processes are deployed." in anna.page or "1 process is deployed" in anna.page
    assert practices.row(PracticeCandidate).state == "available"
    practices.office.start("triage", {"amount": 10})
    assert practices.office.task("look").role == "inside_sales"
    assert "1 running case" in anna.get("/practices").text


def test_a_practice_gets_another_name(anna, practices, candidate_id):
    anna.post(f"/practices/{candidate_id}/title", {"title": "Sorting", "title_zh": "分类"})

    row = practices.row(PracticeCandidate)
    assert (row.title, row.title_zh) == ("Sorting", "分类")
    assert anna.post(f"/practices/{candidate_id}/title", {"title": " "}).status_code == 400
    assert anna.post(f"/practices/{candidate_id}/title", {"title": "x" * 300}).status_code == 400
    assert practices.row(PracticeCandidate).title == "Sorting"


def test_giving_up_needs_a_reason_and_can_be_taken_back(anna, practices, candidate_id):
    assert anna.post(f"/practices/{candidate_id}/state", {"state": "aborted", "reason": " "}).status_code == 400

    anna.post(f"/practices/{candidate_id}/state", {"state": "aborted", "reason": "We outsource it"})

    assert practices.row(PracticeCandidate).state == "aborted"
    assert "We outsource it" in {row.reason for row in practices.rows(PracticeMove)}


@pytest.mark.parametrize("state", ["completed", "nonsense", ""])
def test_a_step_that_its_life_does_not_know_is_refused(anna, practices, candidate_id, state):
    assert anna.post(f"/practices/{candidate_id}/state", {"state": state}).status_code == 409
    assert practices.row(PracticeCandidate).state == "acquired"


def test_files_of_the_draft_can_be_looked_at(anna, candidate_id):
    assert b'id="look"' in anna.get(f"/practices/{candidate_id}/files/process.bpmn").data
    assert anna.get(f"/practices/{candidate_id}/files/nothing.bpmn").status_code == 404


def test_the_comparison_with_the_origin_offers_to_take_changes_back(anna, practices, candidate_id):
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"')

    page = anna.get(f"/compare?before=origin:{candidate_id}&after=draft:{candidate_id}").text

    assert "Rate" in page
    assert undo_address(page).startswith(f"/practices/{candidate_id}/operations/")


def test_a_name_with_markup_is_shown_as_text(anna, candidate_id):
    anna.post(f"/practices/{candidate_id}/title", {"title": "<script>alert(1)</script>"})

    assert "<script>alert(1)" not in anna.page
    assert "&lt;script&gt;alert(1)" in anna.page
