"""A new version of what we acquired: what it would change, decisions, taking it over or declining it."""

import pytest

from practice_repo.tables import PracticeCandidate, PracticeNotice, PracticeUpgrade


@pytest.fixture
def candidate_id(practices) -> str:
    """A variant with a name of its own for one step."""
    candidate_id = practices.acquired()
    practices.edit(candidate_id, 'name="Approve"', 'name="Sign"')
    return candidate_id


@pytest.fixture
def upgrade_id(practices, candidate_id) -> str:
    """Version 1.1.0 changes something else."""
    practices.ship_next("1.1.0")
    return practices.row(PracticeUpgrade).id


@pytest.fixture
def disputed_id(practices, candidate_id) -> str:
    """Version 1.1.0 names the same step otherwise."""
    practices.ship_next("1.1.0", "Approve", "Decide")
    return practices.row(PracticeUpgrade).id


def test_without_new_versions_everything_is_up_to_date(visit, practices):
    assert "Everything is up to date." in visit("ines").get("/upgrades").text


def test_a_new_version_is_announced(visit, practices, upgrade_id, candidate_id):
    anna = visit("anna")

    assert "1.0.0 → 1.1.0" in anna.get("/upgrades").text
    assert "1.1.0 is there" in anna.get("/practices").text
    assert f"/upgrades/{upgrade_id}" in anna.get(f"/practices/{candidate_id}").text
    assert 'title="Unread notices"' in anna.page


def test_a_notice_is_read(visit, practices, upgrade_id):
    ines, notice = visit("ines"), practices.row(PracticeNotice)

    ines.post(f"/upgrades/notices/{notice.id}/reading")

    assert practices.row(PracticeNotice).read_at is not None
    assert 'title="Unread notices"' not in ines.page
    assert visit("otto").post(f"/upgrades/notices/{notice.id}/reading").status_code == 404
    assert ines.post("/upgrades/notices/nothing/reading").status_code == 404


def test_the_page_shows_what_comes_by_itself(visit, upgrade_id):
    ines = visit("ines")

    page = ines.get(f"/upgrades/{upgrade_id}").text

    assert "Nothing is disputed" in page
    assert "Look closely" in page
    assert "Take it over" not in page
    assert b"Look closely" in ines.get(f"/upgrades/{upgrade_id}/diagram.bpmn?file=process.bpmn").data
    assert ines.get(f"/upgrades/{upgrade_id}/diagram.bpmn?file=none.bpmn").status_code == 404


def test_the_page_speaks_chinese(visit, disputed_id):
    ines = visit("ines")
    ines.post("/language/zh_Hans")

    page = ines.get(f"/upgrades/{disputed_id}").text + ines.get("/upgrades").text

    assert "分诊" in page
    assert "需要您" in page or "决定" in page


def test_an_undisputed_version_is_taken_over(visit, practices, upgrade_id, candidate_id):
    answer = visit("anna").post(f"/upgrades/{upgrade_id}/finish")

    assert answer.request.path == f"/practices/{candidate_id}"
    assert "The new version is merged in." in answer.text
    assert 'name="Sign"' in practices.draft(candidate_id)
    assert 'name="Look closely"' in practices.draft(candidate_id)
    assert practices.row(PracticeUpgrade).state == "finished"
    assert visit("anna").post(f"/upgrades/{upgrade_id}/finish").status_code == 409


def test_a_change_of_the_new_version_is_left_out(visit, practices, upgrade_id, candidate_id):
    anna = visit("anna")
    page = anna.get(f"/upgrades/{upgrade_id}").text
    boxes = [each.split('"')[0] for each in page.split('name="without" value="')[1:]]

    anna.post(f"/upgrades/{upgrade_id}/finish", {"without": boxes})

    assert boxes
    assert 'name="Sign"' in practices.draft(candidate_id)
    assert 'name="Look closely"' not in practices.draft(candidate_id)


@pytest.mark.parametrize(("choice", "expected"), [("ours", "Sign"), ("theirs", "Decide")])
def test_a_disputed_place_is_decided(visit, practices, disputed_id, candidate_id, choice, expected):
    anna = visit("anna")
    page = anna.get(f"/upgrades/{disputed_id}").text
    assert "1 place needs your decision" in page
    assert anna.post(f"/upgrades/{disputed_id}/finish").status_code == 409
    conflict = page.split('id="conflict-')[1].split('"')[0]

    anna.post(f"/upgrades/{disputed_id}/conflicts/{conflict}", {"choice": choice})
    assert "Decided, and remembered for the next time." in anna.page
    assert "Everything is decided." in anna.page
    anna.post(f"/upgrades/{disputed_id}/finish")

    assert f'name="{expected}"' in practices.draft(candidate_id)


def test_odd_decisions_are_refused(visit, practices, disputed_id):
    anna = visit("anna")
    conflict = anna.get(f"/upgrades/{disputed_id}").text.split('id="conflict-')[1].split('"')[0]

    assert anna.post(f"/upgrades/{disputed_id}/conflicts/{conflict}", {"choice": "nobody"}).status_code == 404
    assert anna.post(f"/upgrades/{disputed_id}/conflicts/other", {"choice": "ours"}).status_code == 400
    assert anna.post("/upgrades/other/finish").status_code == 404


def test_changes_that_are_not_kept_are_not_lost(visit, practices, upgrade_id, candidate_id):
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"', keep=False)

    assert visit("anna").post(f"/upgrades/{upgrade_id}/finish").status_code == 409
    assert 'name="Rate"' in practices.draft(candidate_id)
    assert practices.row(PracticeUpgrade).state == "open"


def test_a_version_is_declined_with_a_reason(visit, practices, upgrade_id, candidate_id):
    anna = visit("anna")

    anna.post(f"/upgrades/{upgrade_id}/decline", {"reason": "We look as before"})

    assert "Declined; the next version is offered again." in anna.page
    assert practices.row(PracticeUpgrade).state == "declined"
    assert "Look closely" not in practices.draft(candidate_id)
    assert anna.get(f"/upgrades/{upgrade_id}").status_code == 200


@pytest.mark.parametrize("form", ["finish", "decline", "conflicts/x"])
def test_only_analysts_decide(visit, practices, upgrade_id, form):
    values = {"choice": "ours", "reason": "no"}

    assert visit("ines").post(f"/upgrades/{upgrade_id}/{form}", values).status_code == 403
    assert visit("otto").post(f"/upgrades/{upgrade_id}/{form}", values).status_code == 404
    assert practices.row(PracticeUpgrade).state == "open"
    assert practices.row(PracticeCandidate).state != "aborted"


def test_other_enterprises_do_not_see_it(visit, upgrade_id):
    otto = visit("otto")

    assert otto.get(f"/upgrades/{upgrade_id}").status_code == 404
    assert otto.get(f"/upgrades/{upgrade_id}/diagram.bpmn?file=process.bpmn").status_code == 404
    assert upgrade_id not in otto.get("/upgrades").text


def test_running_cases_of_the_old_version_are_named(visit, practices):
    candidate_id = practices.acquired()
    practices.without_wrong_scenario(candidate_id)
    practices.made_available(candidate_id)
    practices.office.start("triage", {"amount": 10}, business_key="R-77")
    practices.ship_next("1.1.0")
    upgrade_id = practices.row(PracticeUpgrade).id
    anna = visit("anna")
    anna.post(f"/upgrades/{upgrade_id}/finish")
    practices.made_available(candidate_id)

    page = visit("olga").get(f"/upgrades/{upgrade_id}").text

    assert "Cases that still run on an older version" in page
    assert "R-77" in page
    assert "/operations/processes/triage/migration" in page


def test_what_has_just_happened_was_just_now(visit, upgrade_id):
    assert "just now" in visit("ines").get("/upgrades").text
