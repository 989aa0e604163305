"""Cases by the simulator: real ones, the same for the same seed, and with effects that estimators find again."""

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from engine.bpmn.layout import lay_out_xml
from engine.clock import VirtualClock
from engine.errors import InvalidInput
from engine.play.scenario import read_scenarios
from engine.store.tables import ElementInstance, Incident, ProcessInstance, UserTask
from engine.store.unit_of_work import Store
from practice_repo.card import Card, Fact, Kpi
from practice_repo.card_entry import Text
from practice_repo.outcomes.effects import before_after
from practice_repo.outcomes.kpis import kpi_value
from practice_repo.outcomes.queries import facts
from practice_repo.outcomes.windows import after_window, baseline_window, in_window
from processes.simulation import read_profile
from tests.conftest import NEW_YEAR
from tests.support import databases, models
from tests.support.office import ACME, Office
from webapp.cli.simulate import simulate_command
from webapp.demo import create_demo
from webapp.settings import Settings
from webapp.simulated_case import model_of
from webapp.simulating import simulate
from webapp.wiring import wire

# A small practice with known truth ------------------------------------------------------------------------------------

PROFILE = """
unique = ["number"]
[arrivals]
per_week = 18
hours = {"9-12" = 1}
[[story]]
scenario = "right"
weight = 70
[[story]]
scenario = "wrong"
weight = 30
[[task]]
element = "answer"
median_minutes = 60
spread = 0.4
[[team]]
role = "clerk"
heads = 6
[[effect]]
key = "templates"
tasks = {answer = 0.6}
stories = {wrong = 0.4}
"""
SCENARIOS = """
process = "advise"
variables = {number = "A"}
[[scenario]]
name = "right"
[[scenario.step]]
complete = "answer"
variables = {good = true}
[[scenario]]
name = "wrong"
[[scenario.step]]
complete = "answer"
variables = {good = false}
"""
MODEL = model_of(read_profile(PROFILE, process="advise"), read_scenarios(SCENARIOS))
NAME = Text("Advise", "咨询")
CARD = Card(
    id="advise",
    version="1.0.0",
    kind="process",
    type="process",
    name=NAME,
    summary=NAME,
    area="service",
    licence="CC0-1.0",
    process="process.bpmn",
    kpis=(
        Kpi("mean_hours", NAME, "hours", "lower", "mean(cases[hours != null].hours)"),
        Kpi("good_share", NAME, "share", "higher", "count(cases[good = true]) / count(cases[good != null])"),
    ),
    facts=(Fact("hours", "working_hours_between(started_at, ended_at)"), Fact("good", "good")),
)
START, GO_LIVE, END = datetime(2026, 3, 2, tzinfo=UTC), date(2026, 4, 27), datetime(2026, 6, 29, tzinfo=UTC)
TRUE_HOURS = 0.4 * 1.0833  # 40 % of the mean of a lognormal with median 1 h and sigma 0.4: exp(0.4² / 2)
TRUE_SHARE = 70 / 82 - 0.7


@pytest.fixture
def advice(sqlite_store, tmp_path):
    """An installation with the small process."""
    clock = VirtualClock(START)
    steps = models.line(models.start(), models.user_task("answer", name="Answer"), models.end())
    process = models.process("advise", models.lanes(clerk=["start", "answer", "end"]), steps, name="Advise")
    Office(sqlite_store, clock).deploy(lay_out_xml(models.model(process)))
    return wire(_settings(tmp_path), clock=clock, store=sqlite_store)


def estimated(wiring, kpi):
    """What before and after say of the change, from the cases as they are in the database."""
    calendar = MODEL.profile.teams[0].calendar
    with wiring.store.reading() as work:
        found = facts(work, card=CARD, enterprise_id=ACME, start=START, end=END, now=END, calendar=calendar)
    windows = (baseline_window(GO_LIVE, weeks=8), after_window(GO_LIVE, ramp_weeks=0, weeks=8))
    before, after = (kpi_value(CARD, kpi, in_window(window, found)) for window in windows)
    return before_after(before, after)


def test_estimators_recover_a_known_effect(advice):
    simulate(advice, [MODEL], START, END, seed=11, effects={"templates": GO_LIVE}, enterprise=ACME)

    hours, share = estimated(advice, "mean_hours"), estimated(advice, "good_share")

    assert hours.low <= -TRUE_HOURS <= hours.high
    assert hours.p_value < 0.001
    assert share.low <= TRUE_SHARE <= share.high


def test_estimators_find_nothing_where_nothing_changed(advice):
    simulate(advice, [MODEL], START, END, seed=11, enterprise=ACME)

    for kpi in ("mean_hours", "good_share"):
        found = estimated(advice, kpi)
        assert found.n > 200
        assert found.low <= 0 <= found.high


def test_a_longer_run_goes_on_where_the_first_ended(advice):
    middle, end = START + timedelta(days=10, hours=3), START + timedelta(days=25)

    first = simulate(advice, [MODEL], START, middle, seed=3, enterprise=ACME)
    second = simulate(advice, [MODEL], START, end, seed=3, enterprise=ACME)
    third = simulate(advice, [MODEL], START, end, seed=3, enterprise=ACME)

    planned = simulate(advice, [MODEL], START, end, seed=4, enterprise=ACME, dry_run=True)
    assert second.known["advise"] == first.cases["advise"]
    assert sum(third.cases.values()) == 0
    assert third.known["advise"] == first.cases["advise"] + second.cases["advise"] == _count(advice)
    assert planned.cases["advise"] > 0
    assert set(_states(advice)) <= {"completed", "active"}
    assert _states(advice)["active"] <= 6


def test_the_worklist_shows_who_is_at_what_when_the_run_ends(advice):
    noon = datetime(2026, 3, 10, 4, tzinfo=UTC)

    result = simulate(advice, [MODEL], START, noon, seed=3, enterprise=ACME, cases_per_month=300)

    with advice.store.reading() as work:
        row = UserTask.__table__.c
        taken = work.execute(select(row.assignee, row.claimed_at).where(row.state == "open", row.assignee.is_not(None)))
        taken = taken.all()
    assert 1 <= len(taken) <= 6
    assert len({each.assignee for each in taken}) == len(taken)
    assert all(each.claimed_at < noon for each in taken)
    assert result.end == noon


def test_what_cannot_be_is_said(advice):
    with pytest.raises(InvalidInput, match="Known effects: templates"):
        simulate(advice, [MODEL], START, END, effects={"magic": GO_LIVE}, enterprise=ACME)
    with pytest.raises(InvalidInput, match="an end after the start"):
        simulate(advice, [MODEL], END, START, enterprise=ACME)
    with pytest.raises(InvalidInput, match="'unknown' cannot be simulated; expected one of"):
        simulate(advice, ["unknown"], START, END, enterprise=ACME)


# A shipped practice ---------------------------------------------------------------------------------------------------

WEEKS = timedelta(weeks=2)


@pytest.fixture(scope="module")
def premises(tmp_path_factory):
    """The demo enterprise without cases, to copy."""
    folder = tmp_path_factory.mktemp("premises")
    database = databases.sqlite_template(folder)
    wiring = wire(_settings(folder), clock=VirtualClock(NEW_YEAR), store=Store(f"sqlite:///{database}"))
    create_demo(wiring, with_cases=False)
    wiring.store.close()
    return database


@pytest.fixture
def open_demo(premises, tmp_path):
    """Opens a fresh copy of the demo enterprise."""
    opened = []

    def open_it():
        database = tmp_path / f"demo-{len(opened)}.sqlite3"
        shutil.copyfile(premises, database)
        store = Store(f"sqlite:///{database}")
        opened.append(store)
        return wire(_settings(tmp_path), clock=VirtualClock(NEW_YEAR), store=store)

    yield open_it
    for store in opened:
        store.close()


def test_tickets_of_two_weeks_are_worked_by_real_people_through_the_real_handlers(open_demo):
    wiring = open_demo()

    result = simulate(wiring, ["ticket_to_dispatch"], NEW_YEAR, NEW_YEAR + WEEKS, seed=2)

    assert result.cases["ticket_to_dispatch"] >= 10
    assert result.ended["ticket_to_dispatch"] >= 5
    assert result.problems == Counter()
    with wiring.store.reading() as work:
        assert work.execute(select(func.count()).select_from(Incident)).scalar_one() == 0
        people = set(work.execute(select(UserTask.completed_by).where(UserTask.state == "completed")).scalars())
    assert "anna" in people  # the demo's service agent
    by_person: dict[str, list] = {}
    for each in result.work:
        by_person.setdefault(each.employee, []).append(each)
    for work_of_one in by_person.values():
        ordered = sorted(work_of_one, key=lambda each: each.start)
        assert all(first.end <= second.start for first, second in pairwise(ordered))
        assert all(each.start.weekday() < 5 for each in ordered)


def test_the_command_says_what_it_did_and_adds_nothing_twice(open_demo, tmp_path, monkeypatch):
    wiring = open_demo()
    monkeypatch.setenv("PRAXIS_DATABASE_URL", wiring.store.url)
    monkeypatch.setenv("PRAXIS_DATA_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("webapp.cli.simulate.prepare_database", lambda settings: None)
    wanted = ["--months", "0.2", "--until", "2026-03-14", "--process", "ticket_to_dispatch"]

    dry, first, second = (
        CliRunner().invoke(simulate_command, [*wanted, *more], catch_exceptions=False)
        for more in (["--dry-run"], ["--effect", "guided_diagnosis=2026-03-09"], [])
    )
    wrong = CliRunner().invoke(simulate_command, [*wanted, "--effect", "guided_diagnosis"])

    assert "nothing was changed" in dry.output
    assert "2026 Q1" in first.output
    assert "First response time" in first.output
    assert "0 cases" in second.output
    assert "everything was there already" in second.output
    assert (wrong.exit_code, "should look like" in wrong.stderr) == (1, True)


def test_the_same_seed_gives_the_same_history(open_demo):
    histories = []
    for seed in (2, 2, 3):
        wiring = open_demo()
        simulate(wiring, ["ticket_to_dispatch"], NEW_YEAR, NEW_YEAR + WEEKS / 2, seed=seed)
        histories.append(_history(wiring))

    assert histories[0] == histories[1]
    assert histories[0] != histories[2]


def _history(wiring):
    """What happened when, by whom, without the ids that chance gives."""
    visit, case, task = ElementInstance.__table__.c, ProcessInstance.__table__.c, UserTask.__table__.c
    statement = (
        select(case.business_key, visit.element_id, visit.activated_at, visit.ended_at, task.completed_by)
        .join_from(ElementInstance, ProcessInstance, case.id == visit.process_instance_id)
        .outerjoin(
            UserTask,
            (task.process_instance_id == visit.process_instance_id)
            & (task.element_instance_id == visit.element_instance_id),
        )
        .where(case.process_id == "ticket_to_dispatch")
    )
    with wiring.store.reading() as work:
        return sorted(map(str, work.execute(statement).all()))


def _count(wiring):
    return sum(_states(wiring).values())


def _states(wiring):
    with wiring.store.reading() as work:
        return Counter(work.execute(select(ProcessInstance.state)).scalars())


def _settings(folder):
    return Settings(data_directory=folder, secret_key="for tests", cookie_secure=False)
