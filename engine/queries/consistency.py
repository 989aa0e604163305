"""Do the rows that people and workers see equal the engine's state? Zero differences is the promise."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import select

from engine import runtime
from engine.queries.compiled import compiled
from engine.store.codec import expand
from engine.store.tables import (
    ElementInstance,
    Incident,
    Job,
    MessageSubscription,
    ProcessDefinition,
    ProcessInstance,
    Timer,
    UserTask,
    UserTaskCandidate,
)
from engine.store.unit_of_work import Work

BATCH = 500


def differences(
    work: Work, *, process_instance_id: str | None = None, enterprise_id: str | None = None, live_only: bool = False
) -> list[str]:
    """One sentence per row that does not agree with the execution of its case, or the other way round."""
    query = select(
        ProcessInstance.id,
        ProcessInstance.state,
        ProcessInstance.snapshot,
        ProcessDefinition.bundle_digest,
        ProcessDefinition.bundle,
    ).join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    if process_instance_id is not None:
        query = query.where(ProcessInstance.id == process_instance_id)
    if enterprise_id is not None:
        query = query.where(ProcessInstance.enterprise_id == enterprise_id)
    if live_only:
        query = query.where(ProcessInstance.state.in_(("active", "suspended")))
    cases = work.execute(query).all()
    found: list[str] = []
    for start in range(0, len(cases), BATCH):
        found.extend(_of_cases(work, cases[start : start + BATCH]))
    if process_instance_id is None:
        found.extend(_stray_candidates(work))
    return found


def _of_cases(work: Work, cases: Iterable[Any]) -> Iterator[str]:
    ids = [case.id for case in cases]
    tasks = _keys(work, UserTask, ids, UserTask.element_instance_id, UserTask.state == "open")
    jobs = _keys(work, Job, ids, Job.element_instance_id, Job.state == "ready")
    timers = _keys(work, Timer, ids, Timer.timer_id)
    subscriptions = _keys(work, MessageSubscription, ids, MessageSubscription.subscription_id)
    incidents = _keys(work, Incident, ids, Incident.incident_id, Incident.state == "open")
    active = _keys(work, ElementInstance, ids, ElementInstance.element_instance_id, ElementInstance.state == "active")
    for case in cases:
        found = compiled(work, case.bundle_digest, case.bundle)
        execution = runtime.Execution.load(found.definition, expand(case.snapshot))
        state = "active" if case.state == "suspended" else case.state
        if execution.state != state:
            yield f"Case {case.id} is {case.state} in its row and {execution.state} in its snapshot."
        waits = execution.waiting() if execution.state == "active" else []
        compared = (
            ("user task", tasks, {each.element_instance_id for each in waits if each.kind == "userTask"}),
            ("job", jobs, {each.element_instance_id for each in waits if each.kind == "job"}),
            ("timer", timers, {each.id for each in waits if each.kind == "timer"}),
            ("subscription", subscriptions, {each.id for each in waits if each.kind in ("message", "signal")}),
            ("incident", incidents, {each.id for each in waits if each.kind == "incident"}),
        )
        for what, rows, waiting in compared:
            for key in sorted(rows.get(case.id, set()) - waiting):
                yield f"Case {case.id}: the {what} row {key} waits for nothing in the execution."
            for key in sorted(waiting - rows.get(case.id, set())):
                yield f"Case {case.id}: the execution waits for {what} {key}, which has no row."
        for each in waits:
            if each.kind in ("userTask", "job") and each.element_instance_id not in active.get(case.id, set()):
                yield f"Case {case.id}: element instance {each.element_instance_id} waits but its row is not active."
        if execution.state != "active" and active.get(case.id):
            yield f"Case {case.id} has ended, but element instances {sorted(active[case.id])} are still active."


def _keys(work: Work, mapped: type, ids: list[str], key: Any, *conditions: Any) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    query = select(mapped.process_instance_id, key).where(mapped.process_instance_id.in_(ids), *conditions)
    rows = work.execute(query).all()
    for (instance_id, value), count in Counter(map(tuple, rows)).items():
        found.setdefault(instance_id, set()).add(value if count == 1 else -value)  # a doubled row never matches
    return found


def _stray_candidates(work: Work) -> Iterator[str]:
    strays = work.execute(
        select(UserTaskCandidate.user_task_id)
        .distinct()
        .join(UserTask, UserTask.id == UserTaskCandidate.user_task_id)
        .where(UserTask.state != "open")
    ).scalars()
    for user_task_id in strays:
        yield f"The ended user task {user_task_id} can still be taken by its candidates."
