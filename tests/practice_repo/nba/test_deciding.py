"""From estimates to a recommendation, and from a recommendation to a decision."""

from decimal import Decimal

import pytest
from sqlalchemy import event

from engine.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, NotPermitted
from engine.store.actor import Actor
from practice_repo.activities import move_activity
from practice_repo.algebra.package import Package
from practice_repo.commands.add_activity import add_activity
from practice_repo.commands.add_need import add_need
from practice_repo.commands.change_activity import change_activity, drop_activity
from practice_repo.commands.decide import decide, record_decision
from practice_repo.commands.make_available import make_available
from practice_repo.commands.set_profile import set_profile
from practice_repo.nba_tables import NbaActivity, NbaRollout
from practice_repo.next_best_activity.candidate import InvalidPortfolio
from practice_repo.practice import shipped_practices
from practice_repo.queries.nba import activities, estimates, plan, portfolio, recommendation
from practice_repo.validation import Bench, validate
from tests.practice_repo.nba.conftest import expecting
from tests.practice_repo.workspace.conftest import analyst


def finish(office, rollout_id: str, *, success: bool = True, effect=None, cost=None) -> None:
    """The rollout as its process leaves it at the end."""

    def run(work):
        rollout = work.session.get(NbaRollout, rollout_id)
        activity = work.session.get(NbaActivity, rollout.activity_id)
        move_activity(work, activity, "executing", office.max, office.now)
        move_activity(work, activity, "completed" if success else "aborted", office.max, office.now)
        rollout.state, rollout.success = "completed" if success else "aborted", success
        rollout.live_at = rollout.finished_at = office.now
        rollout.actual_effect, rollout.actual_cost = effect, cost

    office.store.run(run)


def loops(office, stop: str) -> list[str]:
    """The titles that are rolled out when everything is accepted, to the end."""
    order = []
    while True:
        office.scans(stop=stop)
        page = office.page()
        if page.recommendation.next is None:
            return order
        order.append(page.recommendation.next.key)
        finish(office, office.decides("accept", confirmed=True).rollout_id)


def test_the_vector_of_the_paper_is_followed_step_by_step(office):
    office.adds_the_vector()
    assert loops(office, "exhaust") == ["P5", "P1", "P2", "P6", "P3"]
    last = office.page().recommendation
    assert last.row.state == "ended"
    assert last.stop_reason == "no new available practice"
    totals = office.ask(portfolio, enterprise_id="demo", now=office.now).totals
    assert totals["planned_effect"] - totals["planned_cost"] == 280


def test_the_vector_stops_at_the_last_gain_when_told_so(office):
    office.adds_the_vector()
    assert loops(office, "positive") == ["P5", "P1", "P2", "P6"]
    assert "is not above 0" in office.page().recommendation.stop_reason


def test_the_plan_finds_the_optimum_of_the_vector(sqlite_office):
    sqlite_office.adds_the_vector()
    page = sqlite_office.ask(plan, enterprise_id="demo", now=sqlite_office.now, mode="plan")
    assert page.totals["net"] == 510
    assert page.status == "optimal"
    assert {bar.key for bar in page.bars} == {"P1", "P2", "P3", "P4", "P5"}
    assert [each.key for each in page.left_out] == ["P6"]


def test_a_recommendation_tells_what_it_was_made_from(office):
    ids = office.adds_the_vector()
    office.adds("P7")
    view = office.page().recommendation if office.scans() else None
    assert (view.next.key, view.next.class_, view.next.effect, view.next.cost) == ("P5", "costless", 50, 0)
    assert [each.key for each in view.runners_up] == ["P1", "P2", "P6", "P3"]
    assert [each.index for each in view.runners_up] == ["2", "2", "1/2", "-1/6"]
    assert view.runners_up[-1].display == "-0.17"
    assert [each.key for each in view.needs_estimate] == ["P7"]
    assert [(each.key, each.gate) for each in view.excluded] == [("P4", "prerequisites")]
    assert [step.n for step in view.trace] == [1, 2, 3, 4, 5]
    assert view.next.activity_id == ids["P5"]


def test_an_old_recommendation_looks_as_it_did(office):
    ids = office.adds_the_vector()
    first = office.scans()
    office.estimates(ids["P1"], expecting(1, 60))
    office.scans()
    old = office.ask(recommendation, recommendation_id=first, enterprise_id="demo")
    assert old.row.state == "superseded"
    assert next(each.index for each in old.runners_up if each.key == "P1") == "2"
    assert office.ask(recommendation, recommendation_id=first, enterprise_id="machines") is None


def test_what_is_deferred_waits_for_its_day(office, clock):
    office.adds("A", 300, 100)
    office.scans()
    office.decides("defer", until=office.in_days(10))
    office.scans()
    view = office.page().recommendation
    assert view.row.state == "waiting"
    assert view.waits_until == office.in_days(10)
    clock.pass_by(days=10)
    office.scans()
    assert office.page().recommendation.next.key == "A"


def test_what_is_rejected_comes_back_with_a_new_estimate(office, clock):
    found = office.adds("A", 300, 100)
    office.scans()
    office.decides("reject", reason="not this year")
    office.scans()
    view = office.page().recommendation
    assert view.next is None
    assert "not this year" in view.excluded[0].reason
    clock.pass_by(days=1)
    office.estimates(found, expecting(400, 100))
    office.scans()
    assert office.page().recommendation.next.key == "A"


def test_another_one_may_be_taken_with_a_reason(office):
    ids = office.adds_the_vector()
    office.scans()
    with pytest.raises(InvalidInput, match="needs a reason"):
        office.decides("override", activity_id=ids["P1"])
    with pytest.raises(InvalidInput, match="one of the ranked"):
        office.decides("override", activity_id=ids["P4"], reason="it pays most")
    decided = office.decides("override", activity_id=ids["P1"], reason="the team waits for it")
    assert (decided.state, decided.activity_id) == ("overridden", ids["P1"])
    assert office.states()["P1"] == "selected"
    assert office.page().history[0].chosen.en == "Practice P1"


def test_a_loss_is_not_started_by_mistake(office):
    office.adds("loss", 50, 100)
    office.scans()
    assert office.page().recommendation.needs_confirmation
    with pytest.raises(InvalidInput, match="confirm the loss"):
        office.decides("accept")
    assert office.decides("accept", confirmed=True).rollout_id


@pytest.mark.parametrize(
    ("decision", "more", "said"),
    [
        ("perhaps", {}, "one of accept"),
        ("reject", {}, "needs a reason"),
        ("defer", {}, "a day after today"),
    ],
)
def test_a_decision_that_lacks_something_is_refused(office, decision, more, said):
    office.adds("A", 300, 100)
    office.scans()
    with pytest.raises(InvalidInput, match=said):
        office.decides(decision, **more)
    assert office.page().recommendation.row.state == "open"


def test_a_recommendation_is_decided_once(office):
    office.adds("A", 300, 100)
    first = office.scans()
    office.decides("accept")
    with pytest.raises(InvalidState, match="is accepted"):
        office.decides("reject", reason="too late", recommendation_id=first)


def test_without_a_loop_nobody_decides(office):
    office.adds("A", 300, 100)
    found = office.scans()
    with pytest.raises(InvalidState, match="start the loop"):
        office.do(decide, recommendation_id=found, decision="accept", actor=office.max)


def test_deciding_is_for_managers_and_estimating_for_analysts_too(office):
    office.adds("A", 300, 100)
    found = office.scans()
    with pytest.raises(NotPermitted, match="general_manager"):
        office.do(decide, recommendation_id=found, decision="accept", actor=office.nora)
    visitor = Actor("ines", frozenset({"inside_sales"}), enterprise_id="demo")
    with pytest.raises(NotPermitted, match="Estimating needs"):
        office.do(add_activity, key="B", title="B", actor=visitor)


def test_other_enterprises_have_nothing_to_do_with_it(office):
    found = office.adds("A", 300, 100)
    recommended = office.scans()
    otto = analyst("otto", "machines")
    with pytest.raises(NotFound):
        office.do(change_activity, activity_id=found, title="Theirs", actor=otto)
    with pytest.raises(NotFound):
        office.do(
            record_decision, recommendation_id=recommended, enterprise_id="machines", decision="accept", actor=otto
        )
    office.do(set_profile, actor=otto)
    assert office.ask(activities, enterprise_id="machines") == ()


def test_a_key_belongs_to_one_activity(office):
    office.adds("A", 300, 100)
    with pytest.raises(AlreadyExists, match="another key"):
        office.adds("A")


def test_an_own_activity_can_be_given_up(office):
    found = office.adds("A", 300, 100)
    office.do(drop_activity, activity_id=found, reason="nobody wants it")
    office.scans()
    assert office.page().recommendation.row.state == "ended"


def test_a_practice_of_the_workspace_is_ranked_when_it_is_available(desk_with_practice):
    office, candidate_id = desk_with_practice
    office.scans()
    page = office.page()
    assert [each.key for each in page.recommendation.needs_estimate] == ["welcome"]
    [row] = office.ask(activities, enterprise_id="demo")
    assert row.activity.candidate_id == candidate_id
    assert row.activity.state == "available"
    detail = office.ask(estimates, activity_id=row.activity.id, enterprise_id="demo")
    assert detail.suggested is not None
    assert detail.expectation is None
    office.estimates(row.activity.id, expecting(500, 100))
    office.scans()
    office.decides("accept")
    assert office.states()["welcome"] == "selected"


def test_changes_make_a_recommendation_stale(office):
    ids = office.adds_the_vector()
    for change, reason in (
        (lambda: office.estimates(ids["P1"], expecting(200, 60)), "estimates"),
        (lambda: office.do(add_need, title="Answer faster"), "needs"),
        (lambda: office.do(set_profile, actor=office.max, budget=Decimal(100)), "profile"),
        (lambda: office.adds("P9", 10, 5), "practices"),
    ):
        office.scans()
        assert not office.page().recommendation.is_stale
        change()
        view = office.page().recommendation
        assert view.is_stale
        assert view.row.state == "open"
        assert view.stale_reason.en.split()[0] in ("estimates", "needs", "the", "practices"), reason


def test_a_rollout_that_failed_gives_its_department_a_rest(office, clock):
    office.adds("A", 300, 100, department="sales")
    office.adds("B", 200, 100, department="sales")
    office.scans()
    finish(office, office.decides("accept").rollout_id, success=False)
    clock.pass_by(days=1)
    office.scans()
    view = office.page().recommendation
    assert {each.gate for each in view.excluded} == {"change load"}
    assert view.waits_until == office.in_days(29)


def test_a_department_bears_so_many_rollouts_at_once(office):
    office.do(set_profile, actor=office.max, policy={"most_rollouts": 1})
    office.adds("A", 300, 100, department="sales")
    office.adds("B", 200, 100, department="sales")
    office.adds("C", 110, 100, department="service")
    office.scans()
    office.decides("accept")
    office.scans()
    view = office.page().recommendation
    assert view.next.key == "C"
    assert "1 rollouts run in sales" in next(each.reason for each in view.excluded if each.key == "B")


def test_spent_money_is_gone(office):
    office.do(set_profile, actor=office.max, budget=Decimal(250))
    office.adds("A", 300, 100)
    office.adds("B", 400, 200)
    office.scans()
    finish(office, office.decides("accept").rollout_id, effect=Decimal(280), cost=Decimal(120))
    office.scans()
    view = office.page().recommendation
    assert view.next is None
    assert "130" in view.excluded[-1].reason


def test_the_portfolio_holds_the_plan_against_what_came_of_it(office, clock):
    office.adds("A", 300, 100, duration_days=20)
    office.scans()
    rollout = office.decides("accept").rollout_id
    clock.pass_by(days=20)
    finish(office, rollout, effect=Decimal(150), cost=Decimal(105))
    clock.pass_by(days=180)
    page = office.ask(portfolio, enterprise_id="demo", now=office.now)
    [row] = page.rows
    assert (row.planned_index, row.actual_index) == ("2", "3/7")
    assert (row.on_time, row.on_cost, row.effect_reached) == (True, True, False)
    today = next(point for point in page.curve if point.day == office.now.date())
    assert (today.planned, today.actual) == (Decimal("50.00"), Decimal("-30.00"))
    assert page.curve[-1].planned == 200
    assert page.curve[-1].actual is None
    assert page.payback_on is not None


def test_a_page_takes_the_same_statements_however_much_there_is(sqlite_office):
    office = sqlite_office
    office.adds("A", 300, 100)
    office.scans()

    def statements() -> int:
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        event.listen(office.store.engine, "before_cursor_execute", note)
        try:
            office.page()
            office.ask(activities, enterprise_id="demo")
            office.ask(portfolio, enterprise_id="demo", now=office.now)
        finally:
            event.remove(office.store.engine, "before_cursor_execute", note)
        return len(seen)

    few = statements()
    for n in range(12):
        office.adds(f"B{n}", 100 + n, 50)
        office.scans()
    assert statements() == few


def test_a_technology_is_available_without_anything_to_deploy(sqlite_office):
    """It is chosen and rolled out like a process, though nobody can start it."""
    office = sqlite_office
    folder = next(each for each in shipped_practices() if each.name == "quote_documents")
    office.ship(Package.from_folder(folder))
    found = office.acquired(item_id="quote_documents")
    assert validate(office.store, candidate_id=found, actor=office.nora, now=office.now, bench=Bench()).passed
    assert office.do(make_available, candidate_id=found).definitions == ()
    office.scans()
    assert office.states() == {"quote_documents": "available"}


def test_a_plan_heeds_what_is_worth_more_together_and_where_something_must_happen(sqlite_office):
    office = sqlite_office
    office.adds("A", 100, 90, area="sales")
    office.adds("B", 80, 100, area="sales")
    office.adds("C", 90, 100, area="service")
    assert {bar.key for bar in _planned(office)} == {"A"}
    office.do(set_profile, actor=office.max, synergies=[{"keys": ["A", "B"], "effect": "50"}])
    assert {bar.key for bar in _planned(office)} == {"A", "B"}
    office.do(set_profile, actor=office.max, coverage={"service": 1})
    assert {bar.key for bar in _planned(office)} == {"A", "B", "C"}
    with pytest.raises(InvalidInput, match="two or more"):
        office.do(set_profile, actor=office.max, synergies=[{"keys": ["A", "A"], "effect": "50"}])


def _planned(office):
    return office.ask(plan, enterprise_id="demo", now=office.now, mode="plan").bars


def test_what_no_scan_could_be_made_with_is_not_kept(office):
    first, second = office.adds("A", 300, 100), office.adds("B", 200, 100, prerequisites=("A",), must=True)
    with pytest.raises(InvalidPortfolio, match="A needs B needs A"):
        office.estimates(first, expecting(300, 100, prerequisites=("B",)))
    with pytest.raises(InvalidPortfolio, match="must-haves"):
        office.estimates(second, expecting(200, 100, prerequisites=("A",), excludes=("A",), must=True))
    office.scans()
    assert office.page().recommendation.next.key == "A"


def test_what_was_given_up_comes_back_with_what_is_left_of_it(office):
    """Its cost so far is spent; a new estimate speaks of the rest."""
    found = office.adds("A", 300, 100)
    office.scans()
    finish(office, office.decides("accept").rollout_id, success=False, cost=Decimal(60))
    office.scans()
    assert office.page().recommendation.row.state == "ended"
    office.estimates(found, expecting(300, 40))
    office.scans()
    assert (office.page().recommendation.next.key, office.page().recommendation.next.cost) == ("A", 40)
