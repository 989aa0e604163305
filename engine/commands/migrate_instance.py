"""A case goes on in another version of its process."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from engine.commands.progress import LoadedInstance, describe_again, load_instance, save_instance
from engine.commands.user_tasks import audit
from engine.errors import InvalidInput, InvalidState
from engine.events import UserTaskCreated
from engine.queries.migration_plan import lost_form, row_obstacles
from engine.queries.versions import Version, correspondence, must_be_versions_of_one_process, version
from engine.runtime.expressions import ElementFailure
from engine.runtime.migration import Migration, migrate
from engine.runtime.obstacles import Obstacle, about
from engine.store.actor import Actor
from engine.store.projections import candidates_of, role_of
from engine.store.tables import (
    END_OF_TIME,
    ElementInstance,
    Incident,
    InstanceMigration,
    Job,
    MessageSubscription,
    ProcessInstance,
    Timer,
    UserTask,
    UserTaskCandidate,
)
from engine.store.unit_of_work import Work

TAKE_OVER = ("name", "form", "people", "due")


class CannotMigrate(InvalidState):
    """The case cannot go on in the new version now: `obstacles` say why, in English and Chinese."""

    def __init__(self, called: str, obstacles: Sequence[Obstacle]):
        reasons = " ".join(str(each) for each in obstacles)
        super().__init__(f"The case {called} cannot go on in the new version: {reasons}")
        self.obstacles = tuple(obstacles)


@dataclass(frozen=True)
class Migrated:
    """`is_new`: False when the case ran in that version already. `renamed`: ids of elements that have new ones."""

    process_instance_id: str
    definition_id: str
    is_new: bool
    renamed: Mapping[str, str]


def migrate_instance(
    work: Work,
    *,
    process_instance_id: str,
    to_definition_id: str,
    mapping: Mapping[str, str | None] | None = None,
    changed_timers: str = "activation",
    take_over: Collection[str] = (),
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> Migrated:
    """Let the case go on in another version of its process; asked twice, it happens once.

    Elements correspond by `mapping` (element id → id in the new version, or None), else by id, else by lineage; a
    plan's `mapping` adds what it suggests by name. `changed_timers` (activation | now | keep) tells from when timers
    count whose definition changed. Open user tasks stay as they are, except that a form that is gone gives way to the
    new one; `take_over` names what they take over besides: name, form, people (of unclaimed tasks), due (due date,
    follow-up, priority). Raises CannotMigrate with the reasons; InvalidInput for what does not fit together.
    """
    unknown = sorted(set(take_over) - set(TAKE_OVER))
    if unknown:
        raise InvalidInput(f"take_over knows {', '.join(TAKE_OVER)}, but not '{unknown[0]}': leave it out.")
    instance = load_instance(work, process_instance_id, actor=actor)
    if instance.definition_id == to_definition_id:
        return Migrated(process_instance_id, to_definition_id, is_new=False, renamed={})
    old = version(work, instance.definition_id)
    new = version(work, to_definition_id, instance.enterprise_id)
    must_be_versions_of_one_process(old, new)
    if instance.state not in ("active", "suspended"):
        raise CannotMigrate(instance.called, [Obstacle("ended", values={"state": instance.state})])
    matches = correspondence(old, new, mapping)
    moved = migrate(instance.execution.dump(), matches, at=now, changed_timers=changed_timers)
    tasks = work.execute(select(UserTask.__table__).where(*_of(UserTask, process_instance_id, state="open"))).all()
    obstacles = [
        *moved.obstacles,
        *row_obstacles(old, new, moved, tasks, _running_jobs(work, process_instance_id, now)),
    ]
    changes = (
        {} if obstacles else {task.id: _task_changes(old, new, moved, task, take_over, obstacles) for task in tasks}
    )
    if obstacles:
        raise CannotMigrate(instance.called, obstacles)
    renamed = matches.renamed()
    _rename(work, process_instance_id, moved)
    _go_on(work, instance, new, moved, renamed, now, actor)
    _adapt_tasks(work, tasks, new, changes)
    audit(
        work,
        actor,
        "migrate",
        now,
        enterprise_id=instance.enterprise_id,
        process_instance_id=process_instance_id,
        reason=reason,
        detail={"from_version": old.version, "to_version": new.version, "mapping": dict(mapping or {})},
    )
    return Migrated(process_instance_id, to_definition_id, is_new=True, renamed=renamed)


def _go_on(
    work: Work,
    instance: LoadedInstance,
    new: Version,
    moved: Migration,
    renamed: Mapping[str, str],
    now: datetime,
    actor: Actor,
) -> None:
    """Keep the execution in its new version, and that it changed."""
    former, from_definition_id = instance.compiled, instance.definition_id
    instance.execution, instance.compiled, instance.definition_id = moved.execution, new.compiled, new.id
    save_instance(work, instance, now=now, cause="migrate_instance", actor=actor)
    work.execute(update(ProcessInstance).where(ProcessInstance.id == instance.id).values(definition_id=new.id))
    describe_again(work, instance, former, now=now)
    work.execute(
        insert(InstanceMigration),
        {
            "process_instance_id": instance.id,
            "number": instance.revision,
            "from_definition_id": from_definition_id,
            "to_definition_id": new.id,
            "renamed": dict(renamed),
            "at": now,
            "actor": actor.id,
        },
    )


def _of(mapped: type, process_instance_id: str, **values: Any) -> list[Any]:
    columns = mapped.__table__.c
    return [
        columns.process_instance_id == process_instance_id,
        *(columns[name] == value for name, value in values.items()),
    ]


def _running_jobs(work: Work, process_instance_id: str, now: datetime) -> Sequence[Row[Any]]:
    return work.execute(
        select(Job.element_instance_id, Job.element_id).where(*_of(Job, process_instance_id), Job.lock_until > now)
    ).all()


def _rename(work: Work, process_instance_id: str, moved: Migration) -> None:
    """Live rows carry the ids of the new version; what has ended keeps those that it had."""
    for element_instance_id, element_id in moved.elements.items():
        which = {"element_instance_id": element_instance_id}
        for mapped, state in ((ElementInstance, {"state": "active"}), (UserTask, {"state": "open"}), (Job, {})):
            _set_element(work, mapped, process_instance_id, element_id, **which, **state)
    for wait_id, element_id in moved.waits.items():  # ids of timers and subscriptions are never the same
        _set_element(work, Timer, process_instance_id, element_id, timer_id=wait_id)
        _set_element(work, MessageSubscription, process_instance_id, element_id, subscription_id=wait_id)
    for incident_id, element_id in moved.incidents.items():
        _set_element(work, Incident, process_instance_id, element_id, incident_id=incident_id)


def _set_element(work: Work, mapped: type, process_instance_id: str, element_id: str, **which: Any) -> None:
    work.execute(update(mapped).where(*_of(mapped, process_instance_id, **which)).values(element_id=element_id))


# User tasks -----------------------------------------------------------------------------------------------------------


def _task_changes(
    old: Version,
    new: Version,
    moved: Migration,
    task: Row[Any],
    take_over: Collection[str],
    obstacles: list[Obstacle],
) -> dict[str, Any]:
    """The columns of an open task that change, candidates as `candidates`; adds an obstacle where that fails."""
    is_lost = lost_form(old, new, task.form_key)
    if not take_over and not is_lost:
        return {}
    try:
        created = moved.described_user_task(task.element_instance_id, created_at=task.created_at)
    except ElementFailure as failure:
        element = old.compiled.elements[task.element_id]
        obstacles.append(about(element, "cannot_describe", message=failure.message))
        return {}
    if created is None:
        return {}  # stopped by an incident: it is described again when it is tried again
    values: dict[str, Any] = {}
    if is_lost or "form" in take_over:
        values["form_key"] = created.form_key
    if "name" in take_over:
        values["name"] = created.name
    if "due" in take_over:
        values |= {"due_at": created.due_at, "due_order": created.due_at or END_OF_TIME}
        values |= {"follow_up_at": created.follow_up_at, "priority": created.priority}
    if "people" in take_over and task.claimed_at is None and task.owner is None:
        values |= _people(created)
    return values


def _people(created: UserTaskCreated) -> dict[str, Any]:
    claimed = {"assignee": created.assignee, "claimed_at": created.at if created.assignee else None}
    return {"role": role_of(created), "candidates": candidates_of(created), **claimed}


def _adapt_tasks(work: Work, tasks: Sequence[Row[Any]], new: Version, changes: Mapping[str, dict[str, Any]]) -> None:
    for task in tasks:
        values = dict(changes.get(task.id, {}))
        candidates = values.pop("candidates", None)
        still_open = UserTask.id == task.id, UserTask.state == "open"
        kept = work.execute(update(UserTask).where(*still_open).values(definition_id=new.id, **values)).rowcount
        if candidates is not None and kept:
            work.execute(delete(UserTaskCandidate).where(UserTaskCandidate.user_task_id == task.id))
            rows = [{"user_task_id": task.id, "kind": kind, "name": name} for kind, name in candidates]
            if rows:
                work.execute(insert(UserTaskCandidate), rows)
