"""What the demo enterprise can choose from: a profile, available practices, own activities with estimates, and what its
neighbours have measured. The numbers stand in demo_data/activities.toml."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.commands.complete_user_task import complete_user_task
from engine.queries.worklist import worklist
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.activities import ensure_activities
from practice_repo.commands.acquire import acquire
from practice_repo.commands.add_activity import add_activity
from practice_repo.commands.estimate import estimate
from practice_repo.commands.make_available import make_available
from practice_repo.commands.record_evidence import record_evidence
from practice_repo.commands.set_profile import set_profile
from practice_repo.commands.start_loop import start_loop
from practice_repo.contributing import pseudonym_of
from practice_repo.expectations import Expectation
from practice_repo.nba_tables import NbaActivity
from practice_repo.outcomes.evidence import Evidence
from practice_repo.permissions import ANALYST, MANAGER
from practice_repo.queries.library import item
from practice_repo.stale import LOOP
from practice_repo.validation import Bench, validate
from processes.handlers import all_handlers
from processes.handlers.resources import Resources
from webapp.wiring import Wiring

CHOICES = Path(__file__).parent / "demo_data" / "activities.toml"
ENTERPRISE = "demo"
NORA = Actor("nora", frozenset({ANALYST}), enterprise_id=ENTERPRISE)
MAX = Actor("max", frozenset({MANAGER}), enterprise_id=ENTERPRISE)
DIRECTOR = Actor("olga", is_supervisor=True, enterprise_id=ENTERPRISE)
A_MOMENT = 0.01  # seconds of playing scenarios: the shipped packs' tests have played them all
MEASURED_DAYS_AGO = 60
MONEY = ("budget", "budget_per_period")


def begin_choosing(wiring: Wiring) -> None:
    """Everything up to the first recommendation, which waits for the manager's decision."""
    told = tomllib.loads(CHOICES.read_text(encoding="utf-8"))
    items = {each["item"]: each["expectation"] for each in told["practice"]}
    for item_id in items:
        make_available_here(wiring, item_id)
    wiring.run(lambda work: _say(work, told, items, wiring))
    wiring.run(lambda work: _neighbours_measured(work, told["evidence"], wiring))
    wiring.run(lambda work: start_loop(work, actor=MAX, now=wiring.clock.now()))
    _walk_to_the_first_decision(wiring, told["profile"])


def _walk_to_the_first_decision(wiring: Wiring, profile: Mapping[str, Any]) -> None:
    """What the loop asks before it scans: the profile stands already, and nothing more is acquired for now."""
    asked = {name: profile[name] for name in ("industry", "employees", "goals", "currency", "horizon_days", "budget")}
    answers = {
        "profile": asked | {"mode": "scan", "stop": "exhaust", "risk_appetite": "3"},
        "register_needs": {"needs_registered": True},
        "inspect": {"take": "skip"},
        "complete_estimates": {"is_estimated": True},
    }
    while True:
        wiring.worker.run_due()
        with wiring.store.reading() as work:
            open_tasks = worklist(work, actor=DIRECTOR, view="all", process_id=LOOP, now=wiring.clock.now()).rows
        waiting = [task for task in open_tasks if task.element_id in answers]
        if not waiting:
            return
        for task in waiting:
            wiring.run(_completing(task.id, answers[task.element_id], wiring))


def _completing(task_id: str, values: Mapping[str, Any], wiring: Wiring) -> Callable[[Work], Any]:
    now = wiring.clock.now()
    return lambda work: complete_user_task(work, user_task_id=task_id, variables=values, actor=DIRECTOR, now=now)


def make_available_here(wiring: Wiring, item_id: str) -> None:
    """One practice of the library, checked and available."""
    now = wiring.clock.now()
    candidate_id = wiring.run(lambda work: acquire(work, item_id=item_id, actor=NORA, now=now))
    bench = Bench(all_handlers, Resources.in_memory, topics=frozenset(wiring.handlers), seconds=A_MOMENT)
    validate(wiring.store, candidate_id=candidate_id, actor=NORA, now=now, bench=bench)
    wiring.run(lambda work: make_available(work, candidate_id=candidate_id, actor=NORA, now=now))


def _say(work: Work, told: Mapping[str, Any], items: Mapping[str, Any], wiring: Wiring) -> None:
    now = wiring.clock.now()
    values = {name: Decimal(value) if name in MONEY else value for name, value in told["profile"].items()}
    set_profile(work, actor=MAX, now=now, starts_on=now.date(), **values)
    ensure_activities(work, ENTERPRISE, MAX, now)
    for each in told["activity"]:
        about = {name: value for name, value in each.items() if name != "expectation"}
        add_activity(work, **about, actor=MAX, now=now)
    expected = items | {each["key"]: each["expectation"] for each in told["activity"]}
    columns = NbaActivity.__table__.c
    for row in work.execute(select(columns.id, columns.key).where(columns.enterprise_id == ENTERPRISE)).all():
        if row.key in expected:
            content = Expectation.of_json(expected[row.key])
            estimate(work, activity_id=row.id, expectation=content, note="First estimate", actor=NORA, now=now)


def _neighbours_measured(work: Work, measured: list[Mapping[str, Any]], wiring: Wiring) -> None:
    now = wiring.clock.now()
    for each in measured:
        detail = item(work, item_id=each["item"])
        kpi = next(kpi for kpi in detail.card.kpis if kpi.key == each["kpi"])
        at = now - timedelta(days=MEASURED_DAYS_AGO)
        record_evidence(
            work,
            evidence=Evidence(
                package_digest=detail.versions[0].digest,
                item=each["item"],
                version=detail.row.version,
                enterprise=pseudonym_of(work, each["enterprise"]),
                kpi=kpi.key,
                unit=kpi.unit,
                better=kpi.better,
                baseline=each["baseline"],
                after=each["after"],
                effect=each["after"] - each["baseline"],
                n=each["n"],
                sd=each["sd"],
                method=each["method"],
                window_start=(at - timedelta(days=56)).date(),
                window_end=at.date(),
                at=at,
                context={"industry": each["industry"]},
                actual_cost=Decimal(each["actual_cost"]) if "actual_cost" in each else None,
                duration_days=each.get("duration_days"),
                adoption_rate=each.get("adoption_rate"),
            ),
            planned_cost=Decimal(each["planned_cost"]) if "planned_cost" in each else None,
            industry=each["industry"],
            area=detail.row.area,
            now=now,
        )
