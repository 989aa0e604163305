"""Giving back: what would leave is shown, names stay at home, others review, editors settle, contributors are named."""

import pytest

from practice_repo.tables import PracticeContribution, PracticeReview, PracticeVersion

TEXTS = {"title": "Sign with care", "title_zh": "审慎签署", "summary": "Fewer mistakes", "names": "Huber\n\n  "}


class Desk:
    """One contribution, and the worker that does the library's service tasks."""

    def __init__(self, visit, practices):
        self.visit, self.practices = visit, practices
        self.worker = practices.open_the_review()
        self.candidate_id = practices.contributable()
        self.anna = visit("anna")

    def offer(self) -> str:
        self.anna.post(f"/contributions/new/{self.candidate_id}", TEXTS)
        self.go_on()
        return self.row.id

    def offered_and_confirmed(self) -> str:
        contribution_id = self.offer()
        self.anna.post(f"/contributions/{contribution_id}/confirmation", {"agrees": "yes", "licence": "Apache-2.0"})
        self.go_on()
        return contribution_id

    def review(self, name: str, **values: str):
        values = {"decision": "accept", "class": "patch"} | values
        answer = self.visit(name).post(f"/contributions/{self.row.id}/reviews", values)
        self.go_on()
        return answer

    def go_on(self) -> None:
        self.worker.run_due(self.practices.office.now)

    @property
    def row(self):
        return self.practices.row(PracticeContribution)


@pytest.fixture
def desk(visit, practices):
    return Desk(visit, practices)


def test_nothing_was_given_yet(visit, practices):
    page = visit("ines").get("/contributions").text

    assert "Nothing yet." in page
    assert "Waits for a review" not in page
    assert "Nothing waits." in visit("rita").get("/contributions").text


def test_what_differs_is_offered(desk):
    page = desk.anna.get(f"/contributions/new/{desk.candidate_id}").text

    assert "Sign with Mr Huber" in page
    assert "New against the library" in page


def test_an_unchanged_practice_has_nothing_to_give(visit, practices):
    assert "There is nothing new in it." in visit("anna").get(f"/contributions/new/{practices.acquired()}").text


def test_only_analysts_offer(desk):
    address = f"/contributions/new/{desk.candidate_id}"

    assert desk.visit("ines").post(address, TEXTS).status_code == 403
    assert desk.visit("otto").post(address, TEXTS).status_code == 404
    assert desk.visit("otto").get(address).status_code == 404
    assert desk.practices.rows(PracticeContribution) == []


def test_an_offer_needs_a_title_and_a_practice_in_use(desk):
    assert desk.anna.post(f"/contributions/new/{desk.candidate_id}", TEXTS | {"title": " "}).status_code == 400
    fresh = desk.practices.acquired()
    assert desk.anna.post(f"/contributions/new/{fresh}", TEXTS).status_code == 409
    assert desk.practices.rows(PracticeContribution) == []


def test_what_would_leave_is_shown_without_names(desk):
    contribution_id = desk.offer()

    page = desk.anna.get(f"/contributions/{contribution_id}").text

    assert "Confirm what leaves" in page
    assert "huber@kestrel-pumps.com" in page
    diagram = desk.anna.get(f"/contributions/{contribution_id}/diagram.bpmn?file=process.bpmn").text
    assert "uber" not in diagram
    assert desk.anna.get(f"/contributions/{contribution_id}/diagram.bpmn?file=none.bpmn").status_code == 404


def test_a_second_offer_of_the_same_practice_waits(desk):
    desk.offer()

    assert desk.anna.post(f"/contributions/new/{desk.candidate_id}", TEXTS).status_code == 409


def test_nothing_is_seen_outside_before_it_is_confirmed(desk):
    contribution_id = desk.offer()

    for name in ("rita", "otto", "edda"):
        assert desk.visit(name).get(f"/contributions/{contribution_id}").status_code == 404
        assert (
            desk.visit(name).get(f"/contributions/{contribution_id}/diagram.bpmn?file=process.bpmn").status_code == 404
        )


def test_without_agreement_nothing_is_sent(desk):
    contribution_id = desk.offer()

    desk.anna.post(f"/contributions/{contribution_id}/confirmation", {"licence": "Apache-2.0"})

    assert "Tick that your enterprise agrees" in desk.anna.page
    assert desk.row.state == "confirming"


def test_more_names_are_blanked_and_shown_again(desk):
    contribution_id = desk.offer()

    desk.anna.post(f"/contributions/{contribution_id}/confirmation", {"also_blank": "Answered", "licence": "MIT"})
    assert "Screened once more" in desk.anna.page
    desk.go_on()

    assert desk.row.state == "confirming"


@pytest.mark.parametrize("values", [{"licence": "secret"}, {"licence": "MIT", "evidence_level": "3"}])
def test_odd_terms_are_refused(desk, values):
    contribution_id = desk.offer()

    answer = desk.anna.post(f"/contributions/{contribution_id}/confirmation", {"agrees": "yes"} | values)

    assert answer.status_code == 400
    assert desk.row.state == "confirming"


def test_reviewers_of_other_enterprises_find_it_in_their_queue(desk):
    contribution_id = desk.offered_and_confirmed()
    rita = desk.visit("rita")

    assert "Sign with care" in rita.get("/contributions").text
    page = rita.get(f"/contributions/{contribution_id}").text

    assert "Send the review" in page
    assert "How new it is" in page
    for secret in ("uber", "anna", "Anna", "Acme", "kestrel"):
        assert secret not in page


def test_reviewers_of_the_own_enterprise_are_refused_kindly(desk):
    contribution_id = desk.offered_and_confirmed()
    rolf = desk.visit("rolf")

    assert "reviewers come from other enterprises" in rolf.get("/contributions").text
    answer = rolf.post(f"/contributions/{contribution_id}/reviews", {"decision": "accept", "class": "patch"})

    assert answer.status_code == 403
    assert "reviewers come from other enterprises" in answer.text
    assert desk.practices.rows(PracticeReview) == []


def test_people_who_do_not_review_are_refused(desk):
    contribution_id = desk.offered_and_confirmed()

    assert desk.visit("otto").get(f"/contributions/{contribution_id}").status_code == 404
    answer = desk.visit("otto").post(
        f"/contributions/{contribution_id}/reviews", {"decision": "accept", "class": "new"}
    )
    assert answer.status_code == 403
    assert desk.practices.rows(PracticeReview) == []


@pytest.mark.parametrize(
    "values", [{"decision": ""}, {"decision": "perhaps"}, {"class": "gift"}, {"decision": "reject", "comment": " "}]
)
def test_an_incomplete_review_is_refused(desk, values):
    desk.offered_and_confirmed()

    assert desk.review("rita", **values).status_code == 400
    assert desk.practices.rows(PracticeReview) == []


def test_two_reviews_release_it_and_name_the_contributor_by_a_pseudonym(desk):
    contribution_id = desk.offered_and_confirmed()

    assert "Thank you: your review is noted." in desk.review("rita").text
    assert desk.review("rita").status_code == 403
    desk.review("sven")

    assert desk.row.state == "released"
    newest = max(desk.practices.rows(PracticeVersion), key=lambda row: row.number)
    assert newest.contributor == desk.row.pseudonym
    ines = desk.visit("ines")
    assert desk.row.pseudonym in ines.get("/library/triage").text
    assert "Who gave most" in ines.get("/contributions").text
    page = desk.anna.get(f"/contributions/{contribution_id}").text
    assert "Reviewer 1" in page
    assert "Rita" not in page


def test_reviewers_ask_for_changes_and_get_them(desk):
    contribution_id = desk.offered_and_confirmed()
    desk.review("rita", decision="changes", comment="Say who signs")
    desk.review("sven")
    assert desk.row.state == "changes_requested"
    assert "Say who signs" in desk.anna.get(f"/contributions/{contribution_id}").text

    desk.anna.post(f"/contributions/{contribution_id}/resubmission")
    desk.go_on()

    assert "Prepared anew" in desk.anna.page
    assert (desk.row.state, desk.row.round) == ("confirming", 2)


def test_a_rejected_contribution_says_why(desk):
    contribution_id = desk.offered_and_confirmed()
    desk.review("rita", decision="reject", comment="Too special")
    desk.review("sven", decision="reject", comment="Too special")

    assert desk.row.state == "rejected"
    assert "Too special" in desk.anna.get(f"/contributions/{contribution_id}").text


def test_it_is_withdrawn_before_and_recalled_after_the_release(desk):
    contribution_id = desk.offered_and_confirmed()
    assert desk.visit("otto").post(f"/contributions/{contribution_id}/withdrawal", {"reason": "x"}).status_code == 404
    assert desk.visit("ines").post(f"/contributions/{contribution_id}/withdrawal", {"reason": "x"}).status_code == 403
    assert (
        desk.anna.post(f"/contributions/{contribution_id}/withdrawal", {"verb": "recall", "reason": "x"}).status_code
        == 409
    )
    desk.review("rita")
    desk.review("sven")

    desk.anna.post(f"/contributions/{contribution_id}/withdrawal", {"verb": "recall", "reason": "It was wrong"})

    assert desk.row.state == "recalled"
    newest = max(desk.practices.rows(PracticeVersion), key=lambda row: row.number)
    assert (newest.state, newest.state_reason) == ("withdrawn", "It was wrong")


def test_a_withdrawn_contribution_ends_its_review(desk):
    contribution_id = desk.offered_and_confirmed()

    desk.anna.post(f"/contributions/{contribution_id}/withdrawal", {"verb": "withdraw", "reason": "Not now"})
    desk.go_on()

    assert "Taken back." in desk.anna.page
    assert desk.row.state == "withdrawn"
    assert "Nothing waits." in desk.visit("rita").get("/contributions").text
    assert desk.visit("rita").get(f"/contributions/{contribution_id}").status_code == 404


def test_an_editor_settles_what_is_disputed(desk):
    contribution_id = desk.offered_and_confirmed()
    desk.practices.ship_next("1.1.0", "Approve", "Decide")
    desk.review("rita")
    desk.review("sven")
    assert desk.row.state == "conflict"
    edda = desk.visit("edda")
    page = edda.get(f"/contributions/{contribution_id}").text
    name = "conflict." + page.split('name="conflict.')[1].split('"')[0]
    assert desk.visit("rita").post(f"/contributions/{contribution_id}/conflicts", {name: "ours"}).status_code == 403

    edda.post(f"/contributions/{contribution_id}/conflicts", {name: "theirs"})
    desk.go_on()

    assert "Decided." in edda.page
    assert desk.row.state == "released"


def test_unknown_contributions_are_not_found(visit, practices):
    anna = visit("anna")

    assert anna.get("/contributions/nothing").status_code == 404
    for form in ("confirmation", "resubmission", "withdrawal"):
        values = {"agrees": "yes", "licence": "MIT", "reason": "x"}
        assert anna.post(f"/contributions/nothing/{form}", values).status_code == 404


def test_the_pages_speak_chinese(desk):
    contribution_id = desk.offer()
    desk.anna.post("/language/zh_Hans")

    page = desk.anna.get(f"/contributions/{contribution_id}").text + desk.anna.get("/contributions").text

    assert "审慎签署" in page
    assert "待确认" in page
    for english in ("Submitted", "Person", "Organisation", "Mail<"):
        assert english not in page
