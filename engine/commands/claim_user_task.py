"""Take a user task: of many who try, exactly one gets it."""

from datetime import datetime

from sqlalchemy import select, update

from engine.commands.user_tasks import (
    audit_task,
    find_open_task,
    must_be_candidate,
    must_respect_four_eyes,
)
from engine.errors import InvalidState
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work


def claim_user_task(work: Work, *, user_task_id: str, actor: Actor, now: datetime) -> None:
    """Make the actor the assignee; claiming one's own task again does nothing.

    InvalidState says who was faster and when; NotPermitted when the task is for others or four eyes are needed.
    """
    row = find_open_task(work, user_task_id, actor)
    if row.assignee == actor.id:
        return
    if row.assignee is not None:
        raise InvalidState(taken(row.name, row.element_id, row.assignee, row.claimed_at, now))
    must_be_candidate(work, row, actor)
    must_respect_four_eyes(work, row, actor.id)
    claimed = work.execute(
        update(UserTask)
        .where(UserTask.id == user_task_id, UserTask.state == "open", UserTask.assignee.is_(None))
        .values(assignee=actor.id, claimed_at=now)
    )
    if claimed.rowcount != 1:
        first = work.execute(select(UserTask.assignee, UserTask.claimed_at).where(UserTask.id == user_task_id)).one()
        raise InvalidState(taken(row.name, row.element_id, first.assignee or "somebody", first.claimed_at, now))
    audit_task(work, row, actor, "claim", now)


def taken(name: str, element_id: str, assignee: str, claimed_at: datetime | None, now: datetime) -> str:
    """The sentence for the one who came second."""
    ago = f" {_ago((now - claimed_at).total_seconds())} ago" if claimed_at else ""
    return f"User task '{name}' ({element_id}) was taken by {assignee}{ago}: choose another one, or ask {assignee}."


def _ago(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3600} h"
    return f"{whole // 86_400} days"
