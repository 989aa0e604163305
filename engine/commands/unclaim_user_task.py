"""Give a user task back to its group."""

from datetime import datetime

from sqlalchemy import update

from engine.commands.user_tasks import audit_task, find_open_task, must_be_theirs
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work


def unclaim_user_task(work: Work, *, user_task_id: str, actor: Actor, now: datetime) -> None:
    """Leave the task without assignee; the draft stays for whoever takes it next."""
    row = find_open_task(work, user_task_id, actor)
    if row.assignee is None:
        return
    must_be_theirs(row, actor, "give back")
    work.execute(update(UserTask).where(UserTask.id == user_task_id).values(assignee=None, claimed_at=None, owner=None))
    audit_task(work, row, actor, "unclaim", now)
