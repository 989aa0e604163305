"""From real process instances to the next estimate: measured, kept as evidence, counted in the next scan."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.commands.complete_user_task import complete_user_task
from engine.commands.deploy import deploy
from engine.commands.start_process import start_process
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.types import new_id
from practice_repo.activities import ensure_activities
from practice_repo.commands.record_evidence import record_evidence, record_measured
from practice_repo.commands.set_profile import set_profile
from practice_repo.expectations import Expectation, ExpectedCost, ExpectedEffect
from practice_repo.measuring import actual_effect, measure_rollout
from practice_repo.nba_tables import NbaActivity, NbaRollout, PracticeEvidence
from practice_repo.portfolios import read_situation
from practice_repo.queries.benchmarks import benchmarks
from practice_repo.queries.evidence import own_evidence
from practice_repo.queries.kpis import kpis_of
from practice_repo.queries.library import library
from practice_repo.tables import PracticeCandidate
from tests.practice_repo.nba.measured_practice import greetings
from tests.practice_repo.nba.test_evidence import record as evidence_of
from tests.support.office import counted_statements

MODEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test" id="d">
  <process id="welcome" isExecutable="true">
    <startEvent id="begun"/><sequenceFlow id="f1" sourceRef="begun" targetRef="call"/>
    <userTask id="call" name="Call"/><sequenceFlow id="f2" sourceRef="call" targetRef="done"/>
    <endEvent id="done"/>
  </process>
</definitions>"""
BOSS = Actor("boss", is_supervisor=True, enterprise_id="demo")
WEEKS = 4


class Shop:
    """An enterprise that works on cases of the practice, week by week on the virtual clock."""

    def __init__(self, office):
        self.office = office
        office.ship(greetings())
        self.candidate_id = office.acquired()
        self.run(deploy, enterprise_id="demo", name="welcome", models=[MODEL])
        office.store.run(self._activity)
        self.chance = random.Random(11)

    def run(self, command, **arguments):
        return self.office.do(command, **{"actor": BOSS} | arguments)

    def _activity(self, work):
        candidate = work.session.get(PracticeCandidate, self.candidate_id)
        candidate.state = "available"
        work.flush()
        [self.activity_id] = ensure_activities(work, "demo", BOSS, self.office.now)

    def works(self, weeks: int, hours: float, *, per_week: int = 4) -> None:
        """Cases that take so many hours each, one after the other from Monday on."""
        for _ in range(weeks):
            monday = self.office.now
            for number in range(per_week):
                self._case(f"{monday:%F}-{number}", hours + self.chance.gauss(0, 0.5))
            self.office.clock.pass_by(seconds=(monday + timedelta(weeks=1) - self.office.now).total_seconds())

    def _case(self, key: str, hours: float) -> None:
        self.run(start_process, enterprise_id="demo", process_id="welcome", business_key=key)
        self.office.clock.pass_by(hours=hours)
        [task] = self.office.ask(lambda work: work.execute(select(UserTask.id).where(UserTask.state == "open")).all())
        self.run(complete_user_task, user_task_id=task.id, variables={"glad": True})

    def completes(self, cases: list[str]) -> None:
        """Complete the open tasks of these cases now."""
        open_tasks = select(UserTask.id).where(UserTask.process_instance_id.in_(cases), UserTask.state == "open")
        for task in self.office.ask(lambda work: work.execute(open_tasks).all()):
            self.run(complete_user_task, user_task_id=task.id, variables={"glad": True})

    def rolls_out(self, **about) -> NbaRollout:
        """A rollout that goes live now."""
        row = NbaRollout(
            id=new_id(),
            enterprise_id="demo",
            activity_id=self.activity_id,
            state="running",
            phase="measuring",
            planned_start=self.office.now.date(),
            planned_finish=self.office.now.date() + timedelta(days=30),
            planned_effect=Decimal(10_000),
            planned_cost=Decimal(500),
            plan={},
            hours={},
            measured=[],
            started_at=self.office.now,
            live_at=self.office.now,
            **about,
        )
        self.office.store.run(lambda work: work.session.add(row))
        return row

    def measured(self, row, **more):
        about = {"rollout": row, "go_live": row.live_at.date(), "weeks": WEEKS, "ramp_weeks": 1}
        return self.office.ask(measure_rollout, **about | {"now": self.office.now} | more)


def expectation(change=None) -> Expectation:
    effect = ExpectedEffect(
        "mean_hours",
        "welcome",
        baseline=Decimal(10),
        change=change,
        volume_per_year=Decimal(1000),
        unit_value=Decimal(5),
    )
    return Expectation(effects=(effect,), costs=(ExpectedCost("All", amount=Decimal(500)),), full_after_days=0)


@pytest.fixture
def shop(office):
    found = Shop(office)
    office.estimates(found.activity_id, expectation(Decimal(5)))
    return found


def rolled_out(shop) -> NbaRollout:
    """Cases took 10 hours; since the rollout they take 7."""
    shop.works(WEEKS, 10)
    row = shop.rolls_out()
    shop.works(1 + WEEKS, 7)
    return row


def test_what_a_rollout_did_to_real_cases_changes_the_next_estimate(shop):
    office, row = shop.office, rolled_out(shop)
    before = office.ask(read_situation, enterprise_id="demo", now=office.now).considered["welcome"]

    found = {each.kpi: each for each in shop.measured(row)}
    money = actual_effect(expectation(), found.values(), horizon_days=360)
    office.store.run(lambda work: record(work, row, found.values(), office.now))

    hours = found["mean_hours"]
    assert hours.improvement == pytest.approx(3, abs=0.6)
    assert (hours.method, hours.n) == ("before-after", 2 * WEEKS * 4)
    assert money == pytest.approx(Decimal(hours.improvement * 5000 * 360 / 365), abs=Decimal("0.01"))
    after = office.ask(read_situation, enterprise_id="demo", now=office.now).considered["welcome"]
    assert before.lines[0].change == 5
    assert 3 <= after.lines[0].change < 4.9
    assert after.effect < before.effect
    assert after.lines[0].said == "based on 1 own measurement"
    [row] = office.ask(library).rows
    assert (row.evidence_level, row.is_proven) == (1, True)


def record(work, row, measured, now):
    kept = work.session.get(NbaRollout, row.id)
    kept.actual_cost, kept.adoption_rate, kept.success, kept.finished_at = Decimal(600), 0.9, True, now
    kept.state = "completed"
    return record_measured(work, rollout=kept, measured=measured, now=now)


def test_measuring_anew_takes_the_place_of_what_was_measured(shop):
    office, row = shop.office, rolled_out(shop)
    measured = shop.measured(row)

    first = office.store.run(lambda work: record(work, row, measured, office.now))
    second = office.store.run(lambda work: record(work, row, measured, office.now))

    assert first == second
    mine = office.ask(own_evidence, enterprise_id="demo")
    assert len(mine) == len(first)
    [hours] = [each for each in mine if each.kpi == "mean_hours"]
    assert (hours.item, hours.version, hours.actual_cost, hours.adoption_rate) == ("welcome", "1.0.0", 600, 0.9)
    assert hours.context["industry"] == "machinery"
    assert hours.enterprise != "demo"


def test_slow_cases_count_before_as_far_as_they_could_count_after(shop):
    """Nothing has changed: every other case takes three weeks. But of the last ones those are still open."""
    office, opened = shop.office, []
    for week in range(2 * WEEKS):
        if week == WEEKS:
            row = shop.rolls_out()
        for number in range(12):
            started = shop.run(
                start_process, enterprise_id="demo", process_id="welcome", business_key=f"{week}-{number}"
            )
            opened.append((started.process_instance_id, week + (3 if number % 2 else 0)))
        office.clock.pass_by(days=1)
        shop.completes([case for case, due in opened if due == week])
        office.clock.pass_by(days=6)

    [hours] = [each for each in shop.measured(row, ramp_weeks=0) if each.kpi == "mean_hours"]

    assert hours.change == 0
    assert 24 < hours.after < 24 * 10
    end = office.now
    asked = {"enterprise_id": "demo", "start": end - timedelta(weeks=WEEKS), "end": end, "now": end}
    now = next(each for each in office.ask(kpis_of, **asked) if each.kpi == "mean_hours")
    assert now.improvement == 0


def test_an_own_activity_leaves_no_evidence(shop):
    office, row = shop.office, rolled_out(shop)
    measured = shop.measured(row)
    own = office.adds("OWN", 100, 50)
    row.activity_id = own

    assert office.store.run(lambda work: record_measured(work, rollout=row, measured=measured, now=office.now)) == []
    assert office.ask(lambda work: work.execute(select(PracticeEvidence.id)).all()) == []
    assert office.ask(lambda work: work.session.get(NbaActivity, own).title) == "Practice OWN"


def test_another_enterprises_cases_are_not_measured(shop):
    row = rolled_out(shop)
    row.enterprise_id = "machines"

    assert shop.measured(row) == ()


def test_the_number_of_statements_does_not_grow_with_cases(shop):
    office = shop.office
    shop.works(2, 10, per_week=2)
    row = shop.rolls_out()
    shop.works(2, 8, per_week=2)

    def statements():
        with counted_statements(office.store) as sent:
            found = shop.measured(row, ramp_weeks=0)
        return len([each for each in sent if each.startswith("SELECT")]), found

    few, _ = statements()
    shop.works(2, 8, per_week=4)
    many, found = statements()

    assert found
    assert many == few <= 12


def test_nothing_is_measured_before_a_week_is_over(shop):
    row = shop.rolls_out()

    assert shop.measured(row) == ()


# What is shown of it --------------------------------------------------------------------------------------------------


def test_kpis_are_told_with_the_window_before_and_the_target(shop):
    office = shop.office
    rolled_out(shop)
    office.do(set_profile, actor=office.max, targets={"welcome.mean_hours": "6", "welcome.glad_share": "0.9"})
    end = office.now
    asked = {"enterprise_id": "demo", "start": end - timedelta(weeks=WEEKS), "end": end, "now": end}

    found = {each.kpi: each for each in office.ask(kpis_of, item_id="welcome", **asked)}

    hours, glad = found["mean_hours"], found["glad_share"]
    assert (float(hours.value), hours.n) == (pytest.approx(7, abs=0.4), WEEKS * 4)
    assert float(hours.previous) > float(hours.value)
    assert (hours.target, hours.misses_target) == (6, True)
    assert hours.improvement > 0
    assert (glad.value, glad.misses_target) == (1, False)
    assert [each.kpi for each in office.ask(kpis_of, **asked)] == list(found)


def test_the_own_place_and_the_time_to_the_median_follow_from_own_cases(shop):
    office = shop.office
    others(office, {"Fox": 9.0, "Owl": 8.0, "Ibis": 8.5})
    shop.works(WEEKS, 10)
    shop.rolls_out()
    shop.works(2, 9.4)
    shop.works(3, 6)

    asked = {"enterprise_id": "demo", "industry": "machinery", "weeks": 3, "now": office.now}
    found = {each.kpi: each for each in office.ask(benchmarks, **asked)}

    hours = found["mean_hours"]
    assert (hours.midline.median, hours.midline.enterprises, hours.illustrative) == (8.5, 3, False)
    assert hours.own == pytest.approx(6, abs=0.5)
    assert (hours.percentile, hours.is_above) == (100, True)
    assert hours.time_to_median == 2
    assert found["glad_share"].midline is None
    assert found["glad_share"].own == 1


def others(office, values):

    for name, after in values.items():
        made = evidence_of(enterprise=name, item="welcome", kpi="mean_hours", better="lower", after=after)
        office.store.run(lambda work, made=made: record_evidence(work, evidence=made, now=office.now))
