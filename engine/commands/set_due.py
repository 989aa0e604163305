"""Change until when a user task is to be done."""

from datetime import datetime

from sqlalchemy import update

from engine.commands.user_tasks import audit_task, find_open_task, must_be_candidate
from engine.store.actor import Actor
from engine.store.tables import END_OF_TIME, UserTask
from engine.store.unit_of_work import Work


def set_due(work: Work, *, user_task_id: str, due_at: datetime | None, actor: Actor, now: datetime) -> None:
    """Set the due moment (none: no due moment); whoever may do the task may change it."""
    row = find_open_task(work, user_task_id, actor)
    must_be_candidate(work, row, actor)
    work.execute(
        update(UserTask).where(UserTask.id == user_task_id).values(due_at=due_at, due_order=due_at or END_OF_TIME)
    )
    audit_task(work, row, actor, "set_due", now, detail={"from": row.due_at, "to": due_at})
