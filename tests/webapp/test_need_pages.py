"""What the enterprise needs is written down, matched with practices, and seen as a matrix."""

import pytest

from practice_repo.commands.add_need import add_need
from practice_repo.tables import PracticeNeed, PracticeNeedCover
from tests.support.office import counted_statements
from tests.support.practice_office import ITEM

VALUES = {
    "title": "Answer requests within a day",
    "goal": "From 60 % to 90 % until summer",
    "kpi": "answered",
    "pcf": "10182",
    "area": "service",
    "priority": "must",
    "note": "The board asks for it",
}


@pytest.fixture
def need_id(practices) -> str:
    return practices.do(add_need, title="Answer requests", kpi="answered", area="service", priority="must")


def test_without_needs_the_pages_say_what_to_do(visit, practices):
    ines = visit("ines")

    assert "No needs yet." in ines.get("/needs").text
    assert "Nothing to compare yet." in ines.get("/needs/coverage").text


def test_an_analyst_writes_a_need_down(visit, practices):
    answer = visit("anna").post("/needs", VALUES)

    row = practices.row(PracticeNeed)
    assert answer.request.path == f"/needs/{row.id}"
    kept = {name: getattr(row, name) for name in VALUES}
    assert kept == VALUES | {"pcf": 10182}
    assert (row.enterprise_id, row.number, row.state, row.created_by) == ("acme", 1, "open", "anna")
    assert "60 % to 90 %" in answer.text


def test_the_library_suggests_practices_with_reasons(visit, need_id):
    anna = visit("anna")

    page = anna.get(f"/needs/{need_id}").text

    assert f"/library/{ITEM}?need={need_id}" in page
    assert "measures Answered · is of the same area" in page
    anna.post("/language/zh_Hans")
    assert "衡量已答复 · 属于同一领域" in anna.get(f"/needs/{need_id}").text


def test_acquiring_for_a_need_notes_that_it_is_covered(visit, practices, need_id):
    anna = visit("anna")
    assert f'name="need" value="{need_id}"' in anna.get(f"/library/{ITEM}?need={need_id}").text

    anna.post(f"/library/{ITEM}/candidates", {"need": need_id})

    assert practices.row(PracticeNeedCover).need_id == need_id


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"pcf": "ten"}, "whole number"),
        ({"pcf": "-3"}, "whole number"),
        ({"pcf": "9" * 30}, "PCF"),
        ({"priority": "urgent"}, "must, should, could"),
        ({"area": "kitchen"}, "area"),
    ],
)
def test_what_does_not_fit_is_told(visit, practices, values, told):
    answer = visit("anna").post("/needs", VALUES | values)

    assert answer.status_code == 400
    assert told in answer.text
    assert practices.rows(PracticeNeed) == []


def test_a_need_is_changed(visit, practices, need_id):
    answer = visit("anna").post(f"/needs/{need_id}", VALUES | {"title": "Answer faster", "state": "met", "pcf": ""})

    row = practices.row(PracticeNeed)
    assert (row.title, row.state, row.pcf) == ("Answer faster", "met", None)
    assert "Saved." in answer.text
    assert visit("anna").post(f"/needs/{need_id}", VALUES | {"state": "done"}).status_code == 400


def test_others_look_but_do_not_change(visit, practices, need_id):
    ines = visit("ines")

    assert "Answer requests" in ines.get(f"/needs/{need_id}").text
    assert "Save" not in ines.page
    assert ines.post("/needs", VALUES).status_code == 403
    assert ines.post(f"/needs/{need_id}", VALUES).status_code == 403
    assert ines.post(f"/needs/{need_id}/coverage", {"target": f"item:{ITEM}", "degree": "full"}).status_code == 403
    assert len(practices.rows(PracticeNeed)) == 1


def test_other_enterprises_do_not_know_the_need(visit, need_id):
    otto = visit("otto")

    assert "No needs yet." in otto.get("/needs").text
    assert otto.get(f"/needs/{need_id}").status_code == 404
    assert otto.post(f"/needs/{need_id}", VALUES).status_code == 404
    assert otto.get("/needs/unknown").status_code == 404


def test_needs_are_found_by_words_area_and_state(visit, need_id):
    ines = visit("ines")

    assert "Answer requests" in ines.get("/needs?text=ANSWER&area=service&state=open").text
    for query in ("text=nothing", "area=sales", "state=met", "text=%25"):
        assert "No need fits." in ines.get(f"/needs?{query}").text


def test_a_practice_of_ours_covers_the_need_and_no_longer(visit, practices, need_id):
    anna, candidate_id = visit("anna"), practices.acquired()
    target = f"candidate:{candidate_id}"

    anna.post(f"/needs/{need_id}/coverage", {"target": target, "degree": "partial", "note": "But not by phone"})
    assert "But not by phone" in anna.page
    assert (practices.row(PracticeNeedCover).degree, practices.row(PracticeNeed).state) == ("partial", "in_work")
    anna.post(f"/needs/{need_id}/coverage", {"target": target})

    assert practices.rows(PracticeNeedCover) == []


@pytest.mark.parametrize(
    ("target", "degree", "status"),
    [("item:nothing", "full", 404), ("table:x", "full", 400), ("", "full", 400), (f"item:{ITEM}", "very", 400)],
)
def test_an_odd_cover_is_refused(visit, practices, need_id, target, degree, status):
    assert visit("anna").post(f"/needs/{need_id}/coverage", {"target": target, "degree": degree}).status_code == status
    assert practices.rows(PracticeNeedCover) == []


def test_the_matrix_shows_cover_gaps_and_suggestions(visit, practices, need_id):
    other = practices.do(add_need, title="A loyalty card")
    candidate_id = practices.acquired()
    anna = visit("anna")

    page = anna.get("/needs/coverage").text
    assert "2 needs are not covered by any practice." in page
    assert "perhaps" in page
    anna.post(f"/needs/{need_id}/coverage", {"target": f"candidate:{candidate_id}", "degree": "full"})

    page = anna.get("/needs/coverage").text
    assert "1 need is not covered by any practice." in page
    assert "full" in page
    assert f"/needs/{other}" in page


def test_the_number_of_statements_does_not_grow_with_needs(visit, practices):
    def statements(address: str) -> int:
        with counted_statements(practices.store) as sent:
            assert ines.get(address).status_code == 200
        return len(sent)

    def fill(count: int) -> None:
        for number in range(count):
            need = practices.do(add_need, title=f"Need {number}", area="service", kpi="answered")
            practices.acquired(need_id=need)

    ines = visit("ines")
    fill(1)
    few = [statements("/needs"), statements("/needs/coverage")]
    fill(6)

    assert [statements("/needs"), statements("/needs/coverage")] == few


def test_needs_speak_chinese(visit, need_id):
    ines = visit("ines")
    ines.post("/language/zh_Hans")

    page = ines.get("/needs").text + ines.get("/needs/coverage").text + ines.get(f"/needs/{need_id}").text

    for text in ("需求", "必须", "服务"):
        assert text in page
