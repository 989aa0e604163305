"""Change how urgent a user task is."""

from datetime import datetime

from sqlalchemy import update

from engine.commands.user_tasks import audit_task, find_open_task, must_be_candidate
from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work


def set_priority(work: Work, *, user_task_id: str, priority: int, actor: Actor, now: datetime) -> None:
    """Set the priority, 0 (whenever) to 100 (at once)."""
    if not 0 <= priority <= 100:
        raise InvalidInput(f"A priority from 0 to 100 was expected, found {priority}.")
    row = find_open_task(work, user_task_id, actor)
    must_be_candidate(work, row, actor)
    work.execute(update(UserTask).where(UserTask.id == user_task_id).values(priority=priority))
    audit_task(work, row, actor, "set_priority", now, detail={"from": row.priority, "to": priority})
