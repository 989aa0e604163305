"""The method as it runs: both processes with their real handlers, people's tasks, and the clock."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from engine.commands.complete_user_task import complete_user_task
from engine.commands.start_process import start_process
from engine.errors import InvalidInput, InvalidState, NotFound, NotPermitted
from engine.handlers import Job
from engine.queries.process_instance import process_instance
from engine.queries.user_task import user_task
from engine.store import tables
from engine.store.actor import Actor
from engine.worker import Worker
from practice_repo.commands.abort_rollout import abort_rollout
from practice_repo.commands.add_activity import add_activity
from practice_repo.commands.add_need import add_need
from practice_repo.commands.change_activity import drop_activity
from practice_repo.commands.decide import decide
from practice_repo.commands.record_actuals import record_actuals
from practice_repo.commands.set_profile import set_profile
from practice_repo.commands.start_loop import start_loop
from practice_repo.handlers import practice_handlers
from practice_repo.loop_handlers import loop_handlers
from practice_repo.nba_tables import (
    NbaActivity,
    NbaExperiment,
    NbaProfile,
    NbaRecommendation,
    NbaRollout,
    PracticeEvidence,
)
from practice_repo.permissions import DEPARTMENT, MANAGER
from practice_repo.queries.nba import portfolio
from practice_repo.tables import PracticeCandidate, PracticeContribution, PracticeNotice
from tests.practice_repo.nba.conftest import expecting
from tests.practice_repo.nba.test_live_experiments import Trial, slower
from tests.practice_repo.nba.test_measured_cases import BOSS, Shop, expectation
from tests.practice_repo.workspace.conftest import analyst
from tests.practice_repo.workspace.shelf import practice
from tests.practice_repo.workspace.test_contribution import Review, _with_card

TASK, INSTANCE = tables.UserTask.__table__.c, tables.ProcessInstance.__table__.c
PROFILE = {"industry": "machinery", "currency": "CNY", "horizon_days": 360, "mode": "scan", "stop": "exhaust"}
PLAN = {"way": "pilot", "pilot_days": 14, "hypercare_days": 28, "trainees": [{"role": "department_head", "people": 4}]}
DIRECT = PLAN | {"way": "direct"}
ADOPTED = {
    "trainees": [{"role": "department_head", "people": 4, "using": 3, "hours": 20}],
    "actual_cost": 58,
    "stated_effect": 170,
    "stays": "yes",
}


class Loop:
    """An enterprise whose loop runs, with a worker that does the service tasks."""

    def __init__(self, office):
        self.office = office
        self.dora = Actor("dora", frozenset({DEPARTMENT}), enterprise_id="demo")
        self.handlers = loop_handlers(office.store)
        self.handlers.include(practice_handlers(office.store))
        self.handlers.register("crm.gift")(lambda _job: {})
        self.worker = Worker(office.store, self.handlers, office.clock)

    def begins(self) -> "Loop":
        """Start it, and say what it asks for before the first scan."""
        self.instance_id = self.office.do(start_loop, actor=self.office.max).process_instance_id
        self.goes_on()
        self.completes("profile", **PROFILE)
        self.completes("register_needs", needs_registered=True)
        return self

    def goes_on(self, **passing) -> None:
        if passing:
            self.office.clock.pass_by(**passing)
        self.worker.run_due(self.office.now)
        assert self.incidents() == []

    def completes(self, element_id: str, **variables) -> None:
        task = next(each for each in self.tasks() if each.element_id == element_id)
        actor = Actor("max", frozenset({task.role}), enterprise_id="demo")
        self.office.do(complete_user_task, user_task_id=task.id, variables=variables, actor=actor)
        self.goes_on()

    def rolls_out(self, **adopted) -> None:
        self.completes("plan_rollout", **DIRECT)
        self.completes("train", trainees=PLAN["trainees"])
        self.goes_on(days=28)
        self.completes("adoption_check", **ADOPTED | adopted)

    def sees(self, element_id: str) -> dict:
        """What the open task shows."""
        task = next(each for each in self.tasks() if each.element_id == element_id)
        return self.office.ask(user_task, user_task_id=task.id, actor=BOSS, now=self.office.now).variables

    def tasks(self) -> list:
        return self.rows(select(tables.UserTask.__table__).where(TASK.state == "open").order_by(TASK.created_at))

    def waits_for(self) -> list[str]:
        return [each.element_id for each in self.tasks()]

    def variables(self) -> dict:
        return self.office.ask(process_instance, process_instance_id=self.instance_id, now=self.office.now).variables

    def state(self) -> str:
        return self.rows(select(INSTANCE.state).where(INSTANCE.id == self.instance_id))[0].state

    def incidents(self) -> list:
        found = tables.Incident.__table__
        return [row.message for row in self.rows(select(found).where(found.c.resolved_at.is_(None)))]

    def rows(self, statement) -> list:
        with self.office.store.reading() as work:
            return work.execute(statement).all()

    def count(self, table) -> int:
        return self.rows(select(func.count()).select_from(table.__table__))[0][0]

    def newest_rollout(self) -> NbaRollout:
        with self.office.store.reading() as work:
            statement = select(NbaRollout).order_by(NbaRollout.started_at.desc(), NbaRollout.id).limit(1)
            return work.session.execute(statement).scalar_one()

    def does_again(self, topic: str, **variables):
        """A job that is repeated after it has done its work."""
        job = Job(topic, variables, "again", self.office.now, self.instance_id, enterprise_id="demo")
        return self.handlers.get(topic)(job)


@pytest.fixture
def loop(sqlite_office):
    return Loop(sqlite_office)


@pytest.fixture
def deciding(loop):
    """A loop with two activities that waits for the first decision."""
    loop.office.adds("A", 180, 60)
    loop.office.adds("B", 90, 60)
    return loop.begins()


def test_a_whole_loop_ends_when_there_is_no_new_available_practice(office):
    deciding = Loop(office)
    office.adds("A", 180, 60)
    office.adds("B", 90, 60)
    deciding.begins()
    assert deciding.waits_for() == ["decide"]
    assert deciding.variables()["next_title"] == "Practice A"
    deciding.completes("decide", decision="accept")
    deciding.rolls_out()
    assert deciding.office.states() == {"A": "completed", "B": "available"}
    assert deciding.variables()["next_title"] == "Practice B"
    deciding.completes("decide", decision="accept")
    deciding.rolls_out(actual_cost=70, stated_effect=80)
    assert deciding.waits_for() == []
    assert deciding.state() == "completed"
    page = deciding.office.page()
    assert (page.loop.state, page.recommendation.row.state) == ("ended", "ended")
    assert deciding.variables()["done_count"] == 2
    rows = deciding.office.ask(portfolio, enterprise_id="demo", now=deciding.office.now).rows
    told = {row.name.en: (row.actual_effect, row.actual_cost, row.adoption_rate, row.success) for row in rows}
    assert told == {"Practice A": (170, 58, 0.75, True), "Practice B": (80, 70, 0.75, True)}


def test_the_profile_of_the_form_is_kept(deciding):
    with deciding.office.store.reading() as work:
        profile = work.session.get(NbaProfile, "demo")
    assert (profile.industry, profile.horizon_days, profile.updated_by) == ("machinery", 360, "max")


def test_the_page_decides_once_and_the_loop_follows(deciding):
    newest = deciding.office.page().recommendation.row.id
    decided = deciding.office.do(decide, recommendation_id=newest, decision="accept", actor=deciding.office.max)
    deciding.goes_on()
    assert deciding.waits_for() == ["plan_rollout"]
    assert deciding.count(NbaRollout) == 1
    assert deciding.newest_rollout().id == decided.rollout_id


def test_an_answer_that_does_not_fit_is_asked_again(deciding):
    deciding.completes("decide", decision="defer", until=deciding.office.in_days(0).isoformat())
    assert deciding.waits_for() == ["decide"]
    assert "Expected a day after today" in deciding.variables()["decision_problem"]
    deciding.completes("decide", decision="reject", reason="not our business")
    assert deciding.variables()["next_title"] == "Practice B"


def test_another_one_is_taken_from_the_choices_of_the_task(deciding):
    [choice] = deciding.variables()["choices"]
    assert choice["label"] == "Practice B (S 0.50)"
    deciding.completes("decide", decision="override", chosen=choice["value"], reason="the team waits for it")
    assert deciding.office.states() == {"A": "available", "B": "selected"}


def test_a_loss_must_be_meant(loop):
    loop.office.adds("A", 50, 100)
    loop.begins()
    assert loop.variables()["is_loss"] is True
    loop.completes("decide", decision="accept")
    assert "confirm the loss" in loop.variables()["decision_problem"]
    loop.completes("decide", decision="accept", confirmed=True)
    assert loop.waits_for() == ["plan_rollout"]


def test_what_is_deferred_is_waited_for_until_its_day(loop):
    loop.office.adds("A", 180, 60)
    loop.begins()
    loop.completes("decide", decision="defer", until=loop.office.in_days(10).isoformat())
    assert (loop.waits_for(), loop.state()) == ([], "active")
    loop.goes_on(days=9)
    assert loop.waits_for() == []
    loop.goes_on(days=1)
    assert loop.waits_for() == ["decide"]


def test_something_new_ends_the_waiting(loop):
    loop.office.adds("A", 180, 60)
    loop.begins()
    loop.completes("decide", decision="defer", until=loop.office.in_days(100).isoformat())
    loop.office.adds("B", 90, 60)
    loop.goes_on()
    assert loop.variables()["next_title"] == "Practice B"
    assert loop.waits_for() == ["decide"]


def test_a_new_estimate_refreshes_the_open_task(deciding):
    task = deciding.tasks()[0].id
    b = next(each.id for each in deciding.rows(select(NbaActivity.__table__)) if each.key == "B")
    deciding.office.estimates(b, expecting(900, 60))
    deciding.goes_on()
    assert deciding.variables()["next_title"] == "Practice B"
    assert [each.id for each in deciding.tasks()] == [task]
    deciding.completes("decide", decision="accept")
    assert deciding.office.states()["B"] == "selected"


def test_nothing_left_to_decide_takes_the_task_away(loop):
    a = loop.office.adds("A", 180, 60)
    loop.begins()
    loop.office.do(drop_activity, activity_id=a, reason="sold the business")
    loop.goes_on()
    assert (loop.waits_for(), loop.state()) == ([], "completed")


def test_a_pilot_is_measured_before_it_goes_live(deciding):
    deciding.completes("decide", decision="accept")
    deciding.completes("plan_rollout", **PLAN)
    assert deciding.newest_rollout().phase == "training"
    assert deciding.office.states()["A"] == "executing"
    deciding.completes(
        "train", trainees=[{**PLAN["trainees"][0], "trained": 3, "resistance": "4"}], resistance_note="too many fields"
    )
    rollout = deciding.newest_rollout()
    assert (rollout.phase, rollout.plan["resistance"], rollout.plan["trained"]) == (
        "pilot",
        {"department_head": 4},
        {"department_head": 3},
    )
    deciding.goes_on(days=14)
    assert deciding.waits_for() == ["go_no_go"]
    assert deciding.newest_rollout().phase == "deciding"
    deciding.completes("go_no_go", verdict="extend", pilot_days=7)
    assert (deciding.waits_for(), deciding.newest_rollout().phase) == ([], "pilot")
    deciding.goes_on(days=7)
    deciding.completes("go_no_go", verdict="go")
    rollout = deciding.newest_rollout()
    assert (rollout.phase, rollout.live_at - rollout.pilot_at) == ("live", timedelta(days=21))
    deciding.goes_on(days=28)
    assert deciding.newest_rollout().phase == "checking"
    deciding.completes("adoption_check", **ADOPTED)
    rollout = deciding.newest_rollout()
    assert (rollout.phase, rollout.state, rollout.hours) == ("done", "completed", {"department_head": "20"})


def test_no_go_takes_it_back_and_the_loop_goes_on(deciding):
    deciding.completes("decide", decision="accept")
    deciding.completes("plan_rollout", **PLAN)
    deciding.completes("train", trainees=[])
    deciding.goes_on(days=14)
    deciding.completes("go_no_go", verdict="stop", abort_reason="customers complain")
    rollout = deciding.newest_rollout()
    assert (rollout.state, rollout.success, rollout.reason) == ("aborted", False, "customers complain")
    assert deciding.office.states() == {"A": "aborted", "B": "available"}
    assert deciding.variables()["next_title"] == "Practice B"


def test_a_rollout_is_aborted_at_once_and_the_loop_goes_on(deciding):
    deciding.completes("decide", decision="accept")
    rollout_id = deciding.newest_rollout().id
    told = {"rollout_id": rollout_id, "reason": "the supplier is gone", "actual_cost": Decimal(12)}
    with pytest.raises(NotPermitted):
        deciding.office.do(abort_rollout, **told | {"actor": deciding.dora})
    with pytest.raises(NotFound):
        deciding.office.do(abort_rollout, **told | {"actor": Actor("x", frozenset({MANAGER}), enterprise_id="other")})
    with pytest.raises(InvalidInput, match="Say why"):
        deciding.office.do(abort_rollout, **told | {"actor": deciding.office.max, "reason": " "})
    deciding.office.do(abort_rollout, **told | {"actor": deciding.office.max})
    deciding.goes_on()
    rollout = deciding.newest_rollout()
    assert (rollout.state, rollout.actual_cost, rollout.reason) == ("aborted", 12, "the supplier is gone")
    assert deciding.waits_for() == ["decide"]
    assert deciding.variables()["rollout_result"] == "aborted"
    with pytest.raises(InvalidState, match="aborted already"):
        deciding.office.do(abort_rollout, **told | {"actor": deciding.office.max})


def test_what_was_aborted_before_it_began_is_not_planned(deciding):
    newest = deciding.office.page().recommendation.row.id
    decided = deciding.office.do(decide, recommendation_id=newest, decision="accept", actor=deciding.office.max)
    deciding.office.do(abort_rollout, rollout_id=decided.rollout_id, reason="a mistake", actor=deciding.office.max)
    deciding.goes_on()
    assert deciding.waits_for() == ["decide"]
    assert deciding.variables()["next_title"] == "Practice B"


def test_a_repeated_job_changes_nothing_twice(deciding):
    recommendation_id = deciding.variables()["recommendation_id"]
    deciding.completes("decide", decision="accept")
    rollout = deciding.newest_rollout()
    told = {"recommendation_id": recommendation_id, "decision": "accept"}
    assert deciding.does_again("practice.apply_decision", **told)["rollout_id"] == rollout.id
    assert deciding.count(NbaRollout) == 1
    deciding.rolls_out()
    made = deciding.count(NbaRecommendation)
    deciding.does_again("practice.scan")
    assert deciding.count(NbaRecommendation) == made
    before = deciding.newest_rollout()
    for topic in ("plan_rollout", "start_pilot", "go_live", "close_rollout", "abort_rollout", "record_actuals"):
        deciding.does_again(f"practice.{topic}", rollout_id=rollout.id, way="pilot", actual_cost=1)
    after = deciding.newest_rollout()
    for column in NbaRollout.__table__.c:
        assert getattr(after, column.key) == getattr(before, column.key), column.key


def test_jobs_of_another_enterprise_find_nothing(deciding):
    deciding.completes("decide", decision="accept")
    told = {"rollout_id": deciding.newest_rollout().id}
    for topic in ("open_rollout", "plan_rollout", "measure", "go_live", "close_rollout", "record_actuals", "offer"):
        job = Job(f"practice.{topic}", told, "other", deciding.office.now, enterprise_id="other")
        if topic == "offer":
            assert deciding.handlers.get(job.topic)(job)["is_offered"] is False
            continue
        with pytest.raises(NotFound):
            deciding.handlers.get(job.topic)(job)


def test_actuals_are_corrected_after_the_rollout(deciding):
    deciding.completes("decide", decision="accept")
    rollout_id = deciding.newest_rollout().id
    told = {"rollout_id": rollout_id, "actual_cost": Decimal(61), "adoption_rate": 0.9, "actor": deciding.office.max}
    with pytest.raises(InvalidState, match="running"):
        deciding.office.do(record_actuals, **told)
    deciding.rolls_out()
    with pytest.raises(NotFound):
        deciding.office.do(record_actuals, **told | {"actor": analyst("otto", "machines")})
    with pytest.raises(InvalidInput, match="0 or more"):
        deciding.office.do(record_actuals, **told | {"actual_cost": Decimal(-1)})
    deciding.office.do(record_actuals, **told)
    rollout = deciding.newest_rollout()
    assert (rollout.actual_cost, rollout.adoption_rate, rollout.actual_effect) == (61, 0.9, 170)


def test_a_practice_is_found_acquired_and_made_available(loop):
    loop.office.ship(practice())
    loop.office.do(add_need, title="Call every new customer", goal="Glad customers", kpi="calls", area="sales")
    loop.begins()
    assert loop.waits_for() == ["inspect"]
    loop.completes("inspect", take="acquire")
    assert loop.waits_for() == ["tailor"]
    loop.completes("tailor", tailored="check")
    assert loop.waits_for() == ["complete_estimates"]
    assert loop.office.states() == {"welcome": "available"}
    welcome = loop.rows(select(NbaActivity.__table__))[0].id
    loop.office.estimates(welcome, expecting(300, 100))
    loop.goes_on()
    loop.completes("complete_estimates", is_estimated=True)
    assert loop.variables()["next_title"] == "Welcome customers"
    loop.completes("decide", decision="accept")
    assert loop.newest_rollout().process_instance_id == loop.instance_id
    loop.rolls_out()
    assert loop.state() == "completed"  # the variant is as the library has it: nothing to offer
    assert loop.rows(select(PracticeCandidate.__table__))[0].state == "completed"


def test_a_repeated_job_acquires_nothing_twice(loop):
    loop.office.ship(practice())
    loop.begins()
    for _ in range(2):
        loop.does_again("practice.acquire", suggestion={"item_id": "welcome"})
    assert loop.count(PracticeCandidate) == 1


@pytest.fixture
def working(sqlite_office):
    """A loop in an enterprise that works on cases of the practice, ten hours each for four weeks."""
    shop = Shop(sqlite_office)
    sqlite_office.estimates(shop.activity_id, expectation(Decimal(5)))
    shop.works(4, 10)
    loop = Loop(sqlite_office).begins()
    loop.shop = shop
    return loop


def test_what_cases_tell_stands_in_the_task_and_becomes_evidence(working):
    assert working.variables()["next_title"] == "Welcome customers"
    working.completes("decide", decision="accept")
    working.completes("plan_rollout", **DIRECT | {"hypercare_days": 35, "measure_weeks": 4})
    working.completes("train", trainees=[])
    working.shop.works(5, 7)
    working.goes_on()

    seen = working.sees("adoption_check")
    row = next(each for each in seen["measured_rows"] if each["name"] == "Hours per call")
    assert (row["name_zh"], row["verdict"], row["verdict_zh"], row["method_zh"]) == (
        "每次致电小时数",
        "better",
        "变好",
        "前后比较",
    )
    assert row["before"].endswith(" h")
    assert float(row["before"].split()[0]) - float(row["after"].split()[0]) == pytest.approx(3, abs=0.6)
    working.completes("adoption_check", trainees=[], actual_cost=600, stays="yes")
    rollout = working.newest_rollout()
    assert 12_000 < rollout.actual_effect < 18_000  # three hours of 1,000 calls at 5
    assert working.count(PracticeEvidence) >= 1
    assert working.office.states() == {"welcome": "measured"}
    assert (working.state(), working.variables()["total_actual_cost"]) == ("completed", 600)


@pytest.fixture
def trying(sqlite_office):
    """A loop that has accepted a practice whose newest version differs from the one that people work by."""
    trial = Trial(sqlite_office.store, sqlite_office.clock)
    trial.changed()
    loop = Loop(sqlite_office).begins()
    sqlite_office.estimates(loop.rows(select(NbaActivity.__table__))[0].id, expecting(300, 100))
    loop.completes("complete_estimates", is_estimated=True)
    loop.completes("decide", decision="accept")
    how = {"way": "experiment", "experiment_kpi": "mean_hours", "experiment_percent": 50, "experiment_cases": 60}
    loop.completes("plan_rollout", **PLAN | how | {"guardrails": ["glad_share"], "trainees": []})
    loop.completes("train", trainees=[])
    loop.trial = trial
    return loop


def test_an_experiment_runs_with_the_pilot_and_ends_with_it(trying):
    [experiment] = trying.rows(select(NbaExperiment.__table__))
    assert (experiment.state, experiment.rollout_id) == ("running", trying.newest_rollout().id)
    trying.does_again("practice.start_pilot", rollout_id=experiment.rollout_id, way="experiment")
    assert trying.count(NbaExperiment) == 1
    trying.trial.works(60, slower(experiment.id, random.Random(1)), experiment_id=experiment.id)
    trying.goes_on(days=14)

    seen = trying.sees("go_no_go")
    assert seen["experiment_text"] == "The experiment is decided: the new way is better."
    assert "experiment" in {row["method"] for row in seen["measured_rows"]}
    trying.completes("go_no_go", verdict="go")
    [experiment] = trying.rows(select(NbaExperiment.__table__))
    assert (experiment.state, experiment.verdict) == ("ended", "challenger_better")


def test_no_go_gives_all_cases_to_the_old_way(trying):
    trying.goes_on(days=14)
    assert trying.sees("go_no_go")["experiment_text"] == "The experiment goes on: nothing is clear yet."
    trying.completes("go_no_go", verdict="stop", abort_reason="nobody likes it")
    [experiment] = trying.rows(select(NbaExperiment.__table__))
    assert (experiment.state, experiment.verdict) == ("ended", "stopped")
    assert len(trying.trial.versions_of_new_cases()) == 1


def test_a_pilot_goes_on_without_the_experiment_that_cannot_be(deciding):
    deciding.completes("decide", decision="accept")
    with pytest.raises(InvalidInput):  # no KPI to choose: an own activity has none
        deciding.completes("plan_rollout", **PLAN | {"way": "experiment", "experiment_cases": 60})
    rollout_id = deciding.newest_rollout().id
    said = deciding.does_again("practice.start_pilot", rollout_id=rollout_id, way="experiment")
    assert said["experiment_text"].startswith("There is no experiment: ")
    assert deciding.newest_rollout().phase == "pilot"


def test_a_kpi_that_misses_its_target_is_told_every_week(working):
    working.office.do(set_profile, actor=working.office.max, targets={"welcome.mean_hours": "8"})
    working.goes_on()
    made = working.count(NbaRecommendation)
    told = select(PracticeNotice.__table__).where(PracticeNotice.__table__.c.kind == "kpi_alarm")
    for weeks in (1, 2):
        working.goes_on(weeks=1)
        assert [each.details["target"] for each in working.rows(told)] == ["8"] * weeks
    assert working.count(NbaRecommendation) == made + 2
    assert working.waits_for() == ["decide"]


def test_a_kpi_on_target_is_no_news(working):
    working.office.do(set_profile, actor=working.office.max, targets={"welcome.mean_hours": "12"})
    working.goes_on(weeks=1)
    assert working.count(PracticeNotice) == 0


def test_an_improved_variant_is_offered_to_the_library(loop):
    loop.office.ship(practice())
    review = Review(loop.office)
    _with_card(review)
    loop.begins()
    activity = loop.rows(select(NbaActivity.__table__))[0].id
    loop.office.estimates(activity, expecting(300, 100))
    loop.completes("complete_estimates", is_estimated=True)
    loop.completes("decide", decision="accept")
    loop.rolls_out()
    assert loop.waits_for() == ["offer"]
    rollout_id = loop.newest_rollout().id
    loop.completes("offer", offer_answer="yes", offer_title="A card beside the gift")
    assert loop.state() == "completed"
    [offered] = loop.rows(select(PracticeContribution.__table__))
    assert (offered.title, offered.submitted_by) == ("A card beside the gift", "max")
    loop.does_again("practice.offer", rollout_id=rollout_id, offer_title="A card beside the gift")
    assert loop.count(PracticeContribution) == 1


def test_a_second_loop_begins_with_what_the_profile_says(deciding):
    for _ in range(2):
        deciding.completes("decide", decision="reject", reason="not our business")
    assert deciding.state() == "completed"
    deciding.instance_id = deciding.office.do(start_loop, actor=deciding.office.max).process_instance_id
    known = deciding.variables()
    assert {name: known[name] for name in PROFILE} == PROFILE
    assert known["risk_appetite"] == "3"


def test_only_one_loop_runs_for_an_enterprise(deciding):
    again = deciding.office.do(start_loop, actor=deciding.office.max)
    assert again.process_instance_id == deciding.instance_id
    for process_id in ("next_best_activity", "rollout"):
        with pytest.raises(NotPermitted):
            deciding.office.do(start_process, enterprise_id="demo", process_id=process_id, actor=deciding.office.max)


def test_an_activity_added_meanwhile_takes_part_in_the_next_scan(deciding):
    deciding.completes("decide", decision="accept")
    found = deciding.office.do(add_activity, key="C", title="Practice C")
    deciding.office.estimates(found, expecting(990, 100))
    deciding.goes_on()
    deciding.rolls_out()
    assert deciding.variables()["next_title"] == "Practice C"
