"""Complete a user task: check the person and the form, let the case move, keep what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from engine.commands.form_values import checked
from engine.commands.progress import INSTANCE_COLUMNS, loaded_from, save_instance
from engine.commands.user_tasks import (
    called,
    must_be_candidate,
    must_be_open,
    must_be_theirs,
    must_respect_four_eyes,
)
from engine.errors import InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.tables import ProcessDefinition, ProcessInstance, UserTask
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class Completed:
    """`user_task_ids` are the tasks that this step created; `is_repeated`: an earlier, equal call completed it."""

    user_task_id: str
    process_instance_id: str
    is_repeated: bool
    state: str  # of the process instance: active | completed | cancelled
    user_task_ids: tuple[str, ...] = ()


TASK_COLUMNS = tuple(
    getattr(UserTask, name).label(f"task_{name}")
    for name in (
        "id",
        "enterprise_id",
        "process_instance_id",
        "element_instance_id",
        "element_id",
        "name",
        "role",
        "assignee",
        "owner",
        "form_key",
        "four_eyes",
        "state",
        "is_suspended",
        "completed_by",
        "completed_for",
        "completion_key",
    )
)

_SELECT = (
    select(*INSTANCE_COLUMNS, *TASK_COLUMNS)
    .select_from(UserTask)
    .join(ProcessInstance, ProcessInstance.id == UserTask.process_instance_id)
    .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    .where(UserTask.id == bindparam("wanted"))
    .with_for_update(of=(ProcessInstance, UserTask))
)


class _Task:
    """The task's part of the joined row, under its own names."""

    __slots__ = ("_row",)

    def __init__(self, row: Row[Any]):
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"task_{name}")


def complete_user_task(
    work: Work,
    *,
    user_task_id: str,
    variables: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
    completion_key: str | None = None,
) -> Completed:
    """Complete the task with these variables; the form of the deployment checks and types them.

    Sent twice (same completion key, or same person without one) it happens once. Raises InvalidForm, NotPermitted
    (somebody else's work, four eyes), InvalidState (already done, withdrawn, suspended, delegated).
    """
    row = work.execute(_SELECT, {"wanted": user_task_id}).one_or_none()
    if row is None:
        raise NotFound(f"The user task {user_task_id} does not exist: reload your task list.")
    task = _Task(row)
    actor.must_see(row.enterprise_id, f"The user task {user_task_id}")
    if _is_repetition(task, actor, completion_key):
        return Completed(user_task_id, row.id, is_repeated=True, state=row.state)
    must_be_open(task)
    acting_for = _permitted(work, task, actor)
    instance = loaded_from(work, row).must_be_active()
    seen = instance.execution.variables_of(task.element_instance_id)
    values = checked(work, row.bundle, task.form_key, variables or {}, seen, now)
    instance.execution.complete_user_task(task.element_instance_id, values, at=now)
    if acting_for:
        instance.detail["acting_for"] = acting_for
    changes = save_instance(
        work,
        instance,
        now=now,
        cause="complete_user_task",
        actor=actor,
        completed_element_instance_id=task.element_instance_id,
        completion={"completed_by": actor.id, "completed_for": acting_for, "completion_key": completion_key},
    )
    created = tuple(task["id"] for task in changes.rows(UserTask) if task["state"] == "open")
    return Completed(user_task_id, row.id, is_repeated=False, state=instance.state, user_task_ids=created)


def _is_repetition(task: _Task, actor: Actor, completion_key: str | None) -> bool:
    if task.state != "completed":
        return False
    if completion_key is not None and task.completion_key is not None:
        return completion_key == task.completion_key
    return task.completed_by == actor.id


def _permitted(work: Work, task: _Task, actor: Actor) -> str | None:
    """Refuse who may not; the person whom the actor stands in for, when that is so."""
    if task.owner is not None and task.owner != task.assignee:
        raise InvalidState(
            f"User task {called(task)} is delegated by {task.owner} to {task.assignee}: "
            "give it back to its owner, who completes it."
        )
    if task.assignee is None:
        must_be_candidate(work, task, actor)
    else:
        must_be_theirs(task, actor, "complete")
    acting_for = actor.acting_for(task.assignee)
    must_respect_four_eyes(work, task, actor.id, acting_for)
    return acting_for
