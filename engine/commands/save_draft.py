"""Keep what a person has typed so far."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update

from engine.commands.user_tasks import find_open_task, must_be_candidate, must_be_theirs
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work


def save_draft(work: Work, *, user_task_id: str, values: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Replace the task's draft; the values are not checked yet."""
    row = find_open_task(work, user_task_id, actor)
    if row.assignee is None:
        must_be_candidate(work, row, actor)
    else:
        must_be_theirs(row, actor, "fill in")
    work.execute(update(UserTask).where(UserTask.id == user_task_id).values(draft=dict(values), draft_saved_at=now))
