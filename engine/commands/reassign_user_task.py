"""Give a user task to somebody else, or back to its group."""

from datetime import datetime

from sqlalchemy import update

from engine.commands.user_tasks import (
    audit_task,
    find_open_task,
    must_be_candidate,
    must_be_theirs,
    must_respect_four_eyes,
)
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work


def reassign_user_task(
    work: Work, *, user_task_id: str, to: str | None, actor: Actor, now: datetime, reason: str | None = None
) -> None:
    """Make `to` the assignee (none: the group again). An unclaimed task may be given away by any of its candidates."""
    row = find_open_task(work, user_task_id, actor)
    if row.assignee is None:
        must_be_candidate(work, row, actor)
    else:
        must_be_theirs(row, actor, "reassign")
    if to == row.assignee:
        return
    if to is not None:
        must_respect_four_eyes(work, row, to)
    work.execute(
        update(UserTask)
        .where(UserTask.id == user_task_id)
        .values(assignee=to, owner=None, claimed_at=now if to else None)
    )
    audit_task(work, row, actor, "reassign", now, reason=reason, detail={"from": row.assignee, "to": to})
