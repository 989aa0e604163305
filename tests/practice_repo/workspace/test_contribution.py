"""A variant on its way into the library: the real process and handlers, people of several enterprises."""

from pathlib import Path

import pytest

from engine.commands.deploy import deploy
from engine.errors import InvalidInput, InvalidState, NotFound, NotPermitted
from engine.store.actor import SYSTEM
from engine.worker import Worker
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.confirm_contribution import confirm_contribution
from practice_repo.commands.contribute import contribute
from practice_repo.commands.make_available import make_available, models_in_order
from practice_repo.commands.publish import publish
from practice_repo.commands.resolve_contribution import resolve_contribution
from practice_repo.commands.resubmit_contribution import resubmit_contribution
from practice_repo.commands.review_contribution import review_contribution
from practice_repo.commands.save_draft import save_draft
from practice_repo.commands.withdraw_contribution import recall_contribution, withdraw_contribution
from practice_repo.handlers import practice_handlers
from practice_repo.permissions import LIBRARY, REVIEWER
from practice_repo.practice import read_practice
from practice_repo.queries.contributions import contribution, contributions, review_queue
from practice_repo.queries.library import item, leaderboard, library, version_package
from practice_repo.queries.notices import notices
from practice_repo.queries.workspace import candidate, draft_file
from practice_repo.screening.finding import Decision
from practice_repo.validation import validate
from tests.practice_repo.workspace.shelf import practice

PACK = Path(__file__).parents[3] / "processes" / "method" / "contribution_review"


class Review:
    """An analyst's variant, the library's process, and a worker that does its service tasks."""

    def __init__(self, desk):
        self.desk = desk
        self.worker = Worker(desk.store, practice_handlers(desk.store), desk.clock)
        pack = read_practice(PACK)
        desk.do(
            deploy,
            enterprise_id=LIBRARY,
            name=pack.id,
            models=models_in_order(pack),
            decisions=list(pack.decisions.values()),
            forms=pack.forms,
            actor=SYSTEM,
        )
        self.candidate_id = desk.acquired()
        self.edit(b'name="Send a gift"', b'name="Send a gift from Mr Huber, huber@kestrel-pumps.com"')
        self.make_available()

    def edit(self, before: bytes, after: bytes) -> None:
        was = self.desk.ask(draft_file, candidate_id=self.candidate_id, name="process.bpmn", actor=self.desk.nora)
        assert before in was.content
        content = was.content.replace(before, after)
        self.desk.do(
            save_draft,
            candidate_id=self.candidate_id,
            name="process.bpmn",
            content=content,
            expected_digest=was.digest,
        )
        self.desk.do(commit_draft, candidate_id=self.candidate_id, message="as we do it")

    def make_available(self) -> None:
        desk = self.desk
        validate(desk.store, candidate_id=self.candidate_id, actor=desk.nora, now=desk.now)
        desk.do(make_available, candidate_id=self.candidate_id)

    def offer(self, **arguments) -> str:
        arguments = {"title": "A gift", "title_zh": "礼物", "known_names": ["Huber"]} | arguments
        id = self.desk.do(contribute, candidate_id=self.candidate_id, **arguments)
        self.go_on()
        return id

    def confirm(self, id: str, **arguments) -> None:
        self.desk.do(confirm_contribution, contribution_id=id, **{"agrees": True} | arguments)
        self.go_on()

    def judge(self, id: str, actor, decision="accept", class_="patch", comment="") -> None:
        self.desk.do(
            review_contribution,
            contribution_id=id,
            decision=decision,
            class_=class_ if decision == "accept" else None,
            comment=comment,
            actor=actor,
        )
        self.go_on()

    def go_on(self) -> None:
        self.worker.run_due(self.desk.now)

    def see(self, id: str, actor=None):
        return self.desk.ask(contribution, contribution_id=id, actor=actor or self.desk.nora)

    def accepted(self, class_: str, **arguments) -> str:
        id = self.offer(**arguments)
        self.confirm(id)
        self.judge(id, self.desk.rita, class_=class_)
        self.judge(id, self.desk.sven, class_=class_)
        return id


@pytest.fixture
def review(desk):
    review = Review(desk)
    _with_card(review)
    return review


@pytest.fixture
def sqlite_review(sqlite_desk):
    review = Review(sqlite_desk)
    _with_card(review)
    return review


def _with_card(review: Review) -> None:
    """One more step than the origin has, so that there is something new to contribute."""
    review.edit(
        b"<bpmn:endEvent ",
        b'<bpmn:manualTask id="card" name="Write a card"><bpmn:extensionElements>'
        + '<praxis:property name="name:zh" value="写卡片"/>'.encode()
        + b"</bpmn:extensionElements></bpmn:manualTask>"
        b'<bpmn:sequenceFlow id="card_to_done" sourceRef="card" targetRef="done"/><bpmn:endEvent ',
    )
    review.edit(
        b'id="gift_to_done" sourceRef="gift" targetRef="done"', b'id="gift_to_card" sourceRef="gift" targetRef="card"'
    )
    review.edit(b"<bpmn:flowNodeRef>done<", b"<bpmn:flowNodeRef>card</bpmn:flowNodeRef><bpmn:flowNodeRef>done<")
    review.make_available()


def test_a_patch_is_released_credited_and_told(review):
    id = review.accepted("patch")

    seen = review.see(id)
    assert seen.row.state == "released"
    released = review.desk.ask(item, item_id="welcome")
    assert (released.version.version, released.version.contributor) == ("1.1.0", seen.row.pseudonym)
    files = review.desk.ask(version_package, version_id=seen.row.version_id).files
    assert b'name="Write a card"' in files["process.bpmn"]
    assert [each.contributions for each in review.desk.ask(leaderboard)] == [1]
    told = {each.kind for each in review.desk.ask(notices, enterprise_id="demo")}
    assert told == {"confirm", "contribution_released", "new_version"}
    assert (
        review.desk.ask(candidate, candidate_id=review.candidate_id, actor=review.desk.nora).row.state == "contributed"
    )


def test_names_and_addresses_do_not_leave_the_house(review):
    id = review.offer()

    seen = review.see(id)
    assert seen.row.state == "confirming"
    assert {(each.text, each.is_replaced) for each in seen.blanked} >= {
        ("huber@kestrel-pumps.com", True),
        ("Huber", True),
    }
    assert b"uber" not in b"".join(seen.package.files.values())


def test_more_names_are_blanked_before_anything_leaves(sqlite_review):
    id = sqlite_review.offer(known_names=[])
    sqlite_review.confirm(id, also_blank=["Write a card"])

    seen = sqlite_review.see(id)
    assert seen.row.state == "confirming"
    assert b"Write a card" not in seen.package.files["process.bpmn"]


def test_what_was_found_can_be_kept_with_a_reason(sqlite_review):
    id = sqlite_review.offer(known_names=["Write a card"])
    found = next(each for each in sqlite_review.see(id).blanked if each.text == "Write a card")
    with pytest.raises(InvalidInput, match="reason"):
        sqlite_review.confirm(id, decisions=[Decision(found.id, "keep")])
    sqlite_review.confirm(id, decisions=[Decision(found.id, "keep", reason="a plain word")])

    seen = sqlite_review.see(id)
    assert seen.row.state == "confirming"
    assert b"Write a card" in seen.package.files["process.bpmn"]


def test_files_that_say_what_the_library_says_stay_as_they_are(sqlite_review):
    id = sqlite_review.offer(known_names=["Note", "Huber"])

    seen = sqlite_review.see(id)
    assert seen.package.files["forms/call.json"] == practice().files["forms/call.json"]
    assert {each.file for each in seen.blanked} == {"process.bpmn"}


def test_reviewers_see_what_left_and_never_who_it_came_from(review):
    id = review.offer()
    with pytest.raises(NotFound):
        review.see(id, review.desk.rita)
    review.confirm(id)

    seen = review.see(id, review.desk.rita)
    assert {each.text for each in seen.blanked} == {""}
    assert seen.consent.keys() == {"licence", "agreed_at"}
    assert seen.next_verbs == ("review",)
    assert seen.novelty.nearest[0].item_id == "welcome"
    assert seen.report.passed
    with pytest.raises(NotFound):
        review.see(id, review.desk.otto)


def test_nobody_reviews_what_the_own_enterprise_contributes(sqlite_review):
    desk = sqlite_review.desk
    id = sqlite_review.offer()
    sqlite_review.confirm(id)
    own = type(desk.rita)("ruth", frozenset({REVIEWER}), enterprise_id="demo")

    with pytest.raises(NotPermitted, match="other enterprises"):
        sqlite_review.judge(id, own)
    with pytest.raises(NotPermitted, match="role"):
        sqlite_review.judge(id, desk.otto)
    assert [each.why_not is None for each in desk.ask(review_queue, actor=desk.rita)] == [True]
    assert [each.may_act for each in desk.ask(review_queue, actor=own)] == [False]
    assert desk.ask(review_queue, actor=desk.otto) == ()


def test_the_second_review_comes_from_another_enterprise(sqlite_review):
    id = sqlite_review.offer()
    sqlite_review.confirm(id)
    sqlite_review.judge(id, sqlite_review.desk.rita)

    with pytest.raises(NotPermitted, match="second reviewer comes from another"):
        sqlite_review.judge(id, sqlite_review.desk.rita)
    assert [each.reviewer for each in sqlite_review.see(id).reviews] == [None]


def test_one_refusal_rejects_with_its_reason(sqlite_review):
    id = sqlite_review.offer()
    sqlite_review.confirm(id)
    sqlite_review.judge(id, sqlite_review.desk.rita)
    sqlite_review.judge(id, sqlite_review.desk.sven, decision="reject", comment="too special")

    assert sqlite_review.see(id).row.state == "rejected"
    assert "too special" in sqlite_review.desk.ask(notices, enterprise_id="demo")[0].text.en
    assert sqlite_review.desk.ask(library).rows[0].version == "1.0.0"


def test_changes_go_round_once_more(sqlite_review):
    id = sqlite_review.offer()
    sqlite_review.confirm(id)
    sqlite_review.judge(id, sqlite_review.desk.rita)
    sqlite_review.judge(id, sqlite_review.desk.sven, decision="changes", comment="name the card")
    assert sqlite_review.see(id).next_verbs == ("resubmit", "withdraw")

    sqlite_review.edit(b'name="Write a card"', b'name="Write a greeting card"')
    sqlite_review.desk.do(resubmit_contribution, contribution_id=id)
    sqlite_review.go_on()
    sqlite_review.confirm(id)
    sqlite_review.judge(id, sqlite_review.desk.rita)
    sqlite_review.judge(id, sqlite_review.desk.sven)

    assert sqlite_review.see(id).row.state == "released"
    assert sqlite_review.see(id).row.round == 2


def test_a_contribution_without_changes_lapses_after_30_days(sqlite_review):
    id = sqlite_review.offer()
    sqlite_review.confirm(id)
    sqlite_review.judge(id, sqlite_review.desk.rita)
    sqlite_review.judge(id, sqlite_review.desk.sven, decision="changes", comment="more, please")

    sqlite_review.desk.clock.pass_by(days=30, seconds=1)
    sqlite_review.go_on()

    assert sqlite_review.see(id).row.state == "lapsed"


def test_what_the_library_has_already_is_not_reviewed(sqlite_desk):
    review = Review(sqlite_desk)

    id = review.offer()
    review.confirm(id)

    assert review.see(id).row.state == "same"
    assert sqlite_desk.ask(review_queue, actor=sqlite_desk.rita) == ()


def test_a_variant_becomes_an_item_of_its_own(review):
    id = review.accepted("variant", title="Welcome with a card", title_zh="附卡片的欢迎")

    found = review.desk.ask(item, item_id="welcome_with_a_card")
    assert (found.row.name, found.row.name_zh, found.version.version) == (
        "Welcome with a card",
        "附卡片的欢迎",
        "1.0.0",
    )
    files = review.desk.ask(version_package, version_id=review.see(id).row.version_id).files
    assert b'<bpmn:process id="welcome_with_a_card"' in files["process.bpmn"].replace(b'praxis:uid="welcome" ', b"")
    assert review.desk.ask(library).total == 2


def test_an_option_is_a_question_on_the_newest_version(sqlite_review):
    sqlite_review.accepted("option", title="Write a card")

    found = sqlite_review.desk.ask(item, item_id="welcome")
    assert found.version.version == "1.1.0"
    assert found.card.variation_points[-1].question.en == "Write a card?"
    assert "options/contributed_1.contributed.json" in found.version.files


def test_a_clash_with_a_newer_release_waits_for_an_editor(sqlite_review):
    desk = sqlite_review.desk
    id = sqlite_review.offer(known_names=[])
    sqlite_review.confirm(id)
    sqlite_review.judge(id, desk.rita)
    desk.do(publish, package=practice("1.0.1", gift="Send flowers"), actor=SYSTEM)
    sqlite_review.judge(id, desk.sven)

    seen = sqlite_review.see(id, desk.edda)
    assert seen.row.state == "conflict"
    assert seen.next_verbs == ("resolve",)
    answers = {each.id: "theirs" for each in seen.conflicts}
    desk.do(resolve_contribution, contribution_id=id, resolutions=answers, actor=desk.edda)
    sqlite_review.go_on()
    assert sqlite_review.see(id).row.state == "released"


def test_a_contribution_is_withdrawn_before_its_release_and_recalled_after_it(sqlite_review):
    desk = sqlite_review.desk
    first = sqlite_review.offer()
    sqlite_review.confirm(first)
    desk.do(withdraw_contribution, contribution_id=first, reason="not yet")
    sqlite_review.go_on()
    assert sqlite_review.see(first).row.state == "withdrawn"
    assert desk.ask(review_queue, actor=desk.rita) == ()

    second = sqlite_review.accepted("variant")
    with pytest.raises(InvalidState, match="is released"):
        desk.do(withdraw_contribution, contribution_id=second, reason="too late")
    desk.do(recall_contribution, contribution_id=second, reason="a mistake")
    assert [each.state for each in desk.ask(contributions, enterprise_id="demo")] == ["recalled", "withdrawn"]
    assert [each.id for each in desk.ask(library).rows] == ["welcome"]


def test_what_was_adopted_cannot_be_recalled(sqlite_review):
    desk = sqlite_review.desk
    id = sqlite_review.accepted("variant", title="Other welcome")
    desk.acquired(item_id="other_welcome", actor=desk.otto)

    with pytest.raises(InvalidState, match="deprecate it instead"):
        desk.do(recall_contribution, contribution_id=id, reason="a mistake")


def test_evidence_needs_a_measured_practice(sqlite_review):
    id = sqlite_review.offer()

    with pytest.raises(InvalidInput, match="measure it first"):
        sqlite_review.confirm(id, evidence_level=1)


def test_a_variant_travels_once_at_a_time(sqlite_review):
    sqlite_review.offer()

    with pytest.raises(InvalidState, match="already"):
        sqlite_review.offer()
