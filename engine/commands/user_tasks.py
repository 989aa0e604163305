"""What the verbs for user tasks share: find the task, say kindly why not, keep the audit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from engine.errors import InvalidState, NotFound, NotPermitted
from engine.queries.permissions import four_eyes_problem, is_candidate
from engine.store.actor import Actor
from engine.store.tables import Audit, UserTask
from engine.store.types import new_id
from engine.store.unit_of_work import Work


def find_user_task(work: Work, user_task_id: str, actor: Actor) -> Row[Any]:
    """The task's row, locked; NotFound when it is not there for this actor."""
    row = work.execute(select(UserTask.__table__).where(UserTask.id == user_task_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"The user task {user_task_id} does not exist: reload your task list.")
    actor.must_see(row.enterprise_id, f"The user task {user_task_id}")
    return row


def find_open_task(work: Work, user_task_id: str, actor: Actor) -> Row[Any]:
    """The task's row, when it is open and its case runs."""
    row = find_user_task(work, user_task_id, actor)
    must_be_open(row)
    return row


def called(row: Row[Any]) -> str:
    return f"'{row.name}' ({row.element_id})"


def must_be_open(row: Row[Any]) -> None:
    if row.state == "completed":
        by = f" by {row.completed_by}" if row.completed_by else ""
        raise InvalidState(f"User task {called(row)} is already completed{by}; reload your task list.")
    if row.state == "cancelled":
        raise InvalidState(f"User task {called(row)} was withdrawn: its case went another way; reload your task list.")
    if row.is_suspended:
        raise InvalidState(f"User task {called(row)} rests because its case is suspended: wait until it is resumed.")


def must_be_theirs(row: Row[Any], actor: Actor, what: str) -> None:
    """Only the assignee, who stands in for them, the owner or a supervisor may go on."""
    if actor.is_supervisor or actor.is_or_stands_in_for(row.assignee) or actor.is_or_stands_in_for(row.owner):
        return
    if row.assignee is None:
        raise NotPermitted(f"User task {called(row)} belongs to nobody yet: claim it before you {what} it.")
    raise NotPermitted(f"User task {called(row)} is {row.assignee}'s work: ask {row.assignee} before you {what} it.")


def must_be_candidate(work: Work, row: Row[Any], actor: Actor) -> None:
    """Only a person or group that the model names may take the task (a supervisor always)."""
    if not is_candidate(work, row, actor):
        raise NotPermitted(
            f"User task {called(row)} is work for {row.role or 'other people'}: ask for the role, or ask a supervisor."
        )


def must_respect_four_eyes(work: Work, row: Row[Any], person: str, acting_for: str | None = None) -> None:
    """Who did the element that the task checks may not do the task, neither in person nor through a substitute."""
    problem = four_eyes_problem(work, row, {person, acting_for} - {None})
    if problem is not None:
        raise NotPermitted(problem)


def audit(
    work: Work,
    actor: Actor,
    verb: str,
    now: datetime,
    *,
    enterprise_id: str,
    process_instance_id: str | None = None,
    user_task_id: str | None = None,
    acting_for: str | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Keep who did what, for whom and why."""
    work.execute(
        insert(Audit),
        {
            "id": new_id(),
            "enterprise_id": enterprise_id,
            "process_instance_id": process_instance_id,
            "user_task_id": user_task_id,
            "at": now,
            "actor": actor.id,
            "acting_for": acting_for,
            "verb": verb,
            "reason": reason,
            "detail": dict(detail) if detail else None,
        },
    )


def audit_task(
    work: Work,
    row: Row[Any],
    actor: Actor,
    verb: str,
    now: datetime,
    *,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    audit(
        work,
        actor,
        verb,
        now,
        enterprise_id=row.enterprise_id,
        process_instance_id=row.process_instance_id,
        user_task_id=row.id,
        acting_for=actor.acting_for(row.assignee),
        reason=reason,
        detail=detail,
    )
