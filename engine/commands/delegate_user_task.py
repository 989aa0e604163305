"""Let somebody else work on a user task and get it back afterwards."""

from datetime import datetime

from sqlalchemy import update

from engine.commands.user_tasks import audit_task, called, find_open_task, must_be_theirs, must_respect_four_eyes
from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work


def delegate_user_task(
    work: Work, *, user_task_id: str, to: str, actor: Actor, now: datetime, reason: str | None = None
) -> None:
    """Make `to` the assignee and the present assignee (else the actor) the owner, to whom it comes back."""
    row = find_open_task(work, user_task_id, actor)
    must_be_theirs(row, actor, "delegate")
    if not to or to == row.assignee:
        raise InvalidInput(f"User task {called(row)} can only be delegated to somebody else: choose another person.")
    if row.owner is not None:
        raise InvalidState(
            f"User task {called(row)} is already delegated by {row.owner} to {row.assignee}: "
            "wait until it comes back, or reassign it."
        )
    must_respect_four_eyes(work, row, to)
    work.execute(
        update(UserTask)
        .where(UserTask.id == user_task_id)
        .values(owner=row.assignee or actor.id, assignee=to, claimed_at=now)
    )
    audit_task(work, row, actor, "delegate", now, reason=reason, detail={"to": to})
