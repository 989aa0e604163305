import threading
from datetime import timedelta
from itertools import pairwise

import pytest

from engine.commands.claim_jobs import claim_jobs
from engine.commands.complete_job import complete_job
from engine.commands.resolve_incident import resolve_incident
from engine.commands.suspend_instance import suspend_instance
from engine.errors import InvalidState
from engine.handlers import BpmnError, PermanentFailure
from engine.queries.health import health
from engine.worker import Chore, Worker
from tests.support.models import (
    boundary,
    catch,
    end,
    error,
    error_event,
    flow,
    line,
    model,
    process,
    service_task,
    start,
    timer_event,
    user_task,
)

DEADLINE = model(
    process(
        "deadline",
        line(start(), user_task("answer"), end()),
        boundary("late", "answer", timer_event("timeDuration", "PT1H")),
        end("gave_up"),
        flow("late", "gave_up"),
    )
)


def test_a_due_timer_cancels_the_task(office):
    office.deploy(DEADLINE)
    office.start("deadline")

    office.pass_by(hours=1, seconds=1)

    assert office.open_tasks() == []
    assert office.visits("gave_up") == 1
    assert office.differences() == []


def test_a_timer_that_is_not_due_waits(office):
    office.deploy(DEADLINE)
    office.start("deadline")

    done = office.pass_by(minutes=59)

    assert not done
    assert office.open_tasks() == ["answer"]


REMINDER = model(
    process(
        "reminder",
        line(start(), user_task("answer"), end()),
        boundary("tick", "answer", timer_event("timeCycle", "R3/PT1H"), interrupting=False),
        user_task("remind"),
        end("reminded"),
        flow("tick", "remind"),
        flow("remind", "reminded"),
    )
)


def test_cycles_do_not_drift_and_catch_up_after_a_pause(office, clock):
    office.deploy(REMINDER)
    begun = clock.now()
    office.start("reminder")

    office.pass_by(hours=2, minutes=30)

    created = sorted(entry.created_at for entry in _tasks(office, "remind"))
    assert [(moment - begun).total_seconds() / 3600 for moment in created] == [1, 2]
    assert office.differences() == []


EVERY_DAY = model(
    process("daily", line(start("at_noon", timer_event("timeCycle", "R/P1D")), user_task("check"), end()))
)


def test_a_timer_start_event_starts_again_and_again(office):
    office.deploy(EVERY_DAY)

    office.pass_by(days=1, seconds=1)
    office.pass_by(days=1)

    assert office.open_tasks() == ["check", "check"]


def test_occurrences_missed_while_nothing_ran_are_made_up_for_once(office):
    office.deploy(EVERY_DAY)

    office.pass_by(days=10, seconds=1)

    assert office.open_tasks() == ["check"]


JOB = model(
    process(
        "job",
        line(start(), service_task("price", "crm.price"), user_task("look"), end()),
        boundary("no_price", "price", error_event("e_price")),
        user_task("ask"),
        end("asked"),
        flow("no_price", "ask"),
        flow("ask", "asked"),
    ),
    roots=error("e_price", "NO_PRICE"),
)


def test_a_handler_gets_the_job_and_its_result_becomes_variables(office):
    seen = []

    @office.handlers.register("crm.price")
    def price(job):
        seen.append(job)
        return {"total": job.variables["amount"] * 2}

    office.deploy(JOB)
    case = office.start("job", {"amount": 21}, business_key="K1").process_instance_id

    done = office.run_due()

    assert done.jobs == 1
    assert office.variables(case)["total"] == 42
    assert (seen[0].topic, seen[0].business_key, seen[0].element_id) == ("crm.price", "K1", "price")
    assert (seen[0].process_instance_id, seen[0].enterprise_id) == (case, "acme")
    assert office.differences() == []


def test_a_failing_job_is_tried_again_with_growing_delays_and_then_becomes_an_incident(office):
    attempts = []

    @office.handlers.register("crm.price")
    def price(job):
        attempts.append((office.now, job.idempotency_key))
        raise ConnectionError("the price list does not answer")

    office.deploy(JOB)
    office.start("job")
    office.run_due()
    for seconds in (10, 60, 600):
        office.pass_by(seconds=seconds)

    incident = office.incidents()[0]
    gaps = [(later[0] - earlier[0]).total_seconds() for earlier, later in pairwise(attempts)]
    assert gaps == [10, 60]
    assert len({key for _, key in attempts}) == 1
    assert incident.kind == "job"
    assert "the price list does not answer" in incident.message
    assert office.differences() == []


def test_a_resolved_job_incident_runs_again_under_the_same_key(office):
    keys = []

    @office.handlers.register("crm.price")
    def price(job):
        keys.append(job.idempotency_key)
        if len(keys) == 1:
            raise PermanentFailure("wrong customer")
        return {"total": 1}

    office.deploy(JOB)
    office.start("job")
    office.run_due()

    office.do(resolve_incident, incident_id=office.incidents()[0].id, retries=1)
    office.run_due()

    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert office.open_tasks() == ["look"]
    assert office.differences() == []


def test_a_business_error_takes_the_models_way(office):
    @office.handlers.register("crm.price")
    def price(job):
        raise BpmnError("NO_PRICE", "not in the list")

    office.deploy(JOB)
    office.start("job")
    office.run_due()

    assert office.open_tasks() == ["ask"]
    assert office.differences() == []


def test_a_business_error_that_nothing_catches_is_an_incident(office):
    @office.handlers.register("crm.price")
    def price(job):
        raise BpmnError("OTHER", "unexpected")

    office.deploy(JOB)
    office.start("job")
    office.run_due()

    assert office.incidents()[0].kind == "error"
    assert office.differences() == []


def test_a_topic_without_handler_is_an_incident_that_names_it(office):
    office.deploy(JOB)
    office.start("job")

    office.run_due()

    assert "No handler is registered for the topic 'crm.price'" in office.incidents()[0].message


def test_jobs_of_a_killed_worker_are_taken_again_when_the_lease_ends(office):
    @office.handlers.register("crm.price")
    def price(job):
        return {"total": 1}

    office.deploy(JOB)
    office.start("job")
    office.store.run(lambda work: claim_jobs(work, worker_id="killed", now=office.now, lease_seconds=60))

    early = office.run_due()
    late = office.pass_by(seconds=61)

    assert (early.jobs, late.jobs) == (0, 1)
    assert office.open_tasks() == ["look"]


def test_the_outcome_of_a_worker_whose_lease_has_ended_is_refused(office):
    office.deploy(JOB)
    office.start("job")
    slow = office.store.run(lambda work: claim_jobs(work, worker_id="slow", now=office.now, lease_seconds=60))[0]
    office.clock.pass_by(seconds=61)
    office.store.run(lambda work: claim_jobs(work, worker_id="fast", now=office.now, lease_seconds=60))

    with pytest.raises(InvalidState, match="leased to the worker fast"):
        office.store.run(lambda work: complete_job(work, job_id=slow.id, now=office.now, worker_id="slow"))


def test_two_workers_never_take_the_same_job(office):
    office.deploy(JOB)
    for _ in range(6):
        office.start("job")

    first = office.store.run(lambda work: claim_jobs(work, worker_id="a", now=office.now, limit=4))
    second = office.store.run(lambda work: claim_jobs(work, worker_id="b", now=office.now, limit=4))

    assert (len(first), len(second)) == (4, 2)
    assert {job.id for job in first}.isdisjoint(job.id for job in second)


def test_a_suspended_case_keeps_its_jobs_waiting(office):
    office.deploy(JOB)
    case = office.start("job").process_instance_id
    office.do(suspend_instance, process_instance_id=case)

    assert office.run_due().jobs == 0


def test_a_failing_timer_delays_no_other(office, monkeypatch):
    office.deploy(DEADLINE)
    cases = [office.start("deadline").process_instance_id for _ in range(3)]
    import engine.worker as worker_module

    def fire(work, *, process_instance_id, timer_id, now):
        if process_instance_id == cases[0]:
            raise RuntimeError("disk on fire")
        return original(work, process_instance_id=process_instance_id, timer_id=timer_id, now=now)

    original = worker_module.fire_timer
    monkeypatch.setattr(worker_module, "fire_timer", fire)
    office.pass_by(hours=2)

    assert office.open_tasks() == ["answer"]
    assert office.ask(health, now=office.now).failing_timers == 1
    monkeypatch.undo()
    office.pass_by(hours=1)
    assert office.open_tasks() == []


def test_health_shows_how_late_timers_and_jobs_are(office):
    office.deploy(DEADLINE)
    office.deploy(JOB)
    office.start("deadline")
    office.start("job")
    office.clock.pass_by(hours=1, minutes=5)

    seen = office.ask(health, now=office.now)

    assert (seen.ready_jobs, seen.oldest_ready_job_seconds) == (1, 3900)
    assert (seen.due_timers, seen.latest_timer_seconds) == (1, 300)
    assert dict(seen.lateness)["<10min"] == 1
    assert not seen.is_moving


def test_a_started_worker_wakes_up_after_a_commit_and_stops_gracefully(sqlite_office):
    ran = threading.Event()
    office = sqlite_office

    @office.handlers.register("crm.price")
    def price(job):
        ran.set()
        return {}

    office.deploy(JOB)
    worker = Worker(office.store, office.handlers, office.clock, tick_seconds=3600)
    worker.start()
    try:
        office.start("job")
        assert ran.wait(10)
    finally:
        worker.stop()

    assert office.open_tasks() == ["look"]


WAITS_AN_HOUR = model(process("pause", line(start(), catch("pause_here", timer_event("timeDuration", "PT1H")), end())))


def test_many_timers_due_at_once_all_fire(office):
    office.deploy(WAITS_AN_HOUR)
    for _ in range(120):
        office.start("pause")

    done = office.pass_by(hours=1)

    assert done.timers == 120
    assert office.states("pause") == ["completed"] * 120


def _tasks(office, element_id):
    from sqlalchemy import select

    from engine.store.tables import UserTask

    with office.store.reading() as work:
        return work.execute(select(UserTask.__table__).where(UserTask.element_id == element_id)).all()


def test_chores_are_done_as_often_as_they_say_and_a_failing_one_stops_no_other(office):
    done = []

    def fail(_now):
        done.append("failed")
        raise RuntimeError("broken")

    chores = (Chore("fails", timedelta(hours=2), fail), Chore("counts", timedelta(hours=1), done.append))
    worker = Worker(office.store, office.handlers, office.clock, chores=chores)

    start = office.now
    for _ in range(4):
        worker.run_due(office.now)
        office.clock.pass_by(minutes=30)

    assert done == ["failed", start, start + timedelta(hours=1)]
    worker.run_due(office.now)
    assert done[3:] == ["failed", start + timedelta(hours=2)]


def test_chores_are_done_in_the_background(office):
    done = threading.Event()
    chore = Chore("rings", timedelta(days=1), lambda _now: done.set())
    worker = Worker(office.store, office.handlers, office.clock, tick_seconds=0.01, chores=[chore])

    worker.start()
    try:
        assert done.wait(10)
    finally:
        worker.stop()
