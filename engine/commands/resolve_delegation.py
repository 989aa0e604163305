"""The delegate is done: the user task goes back to its owner."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update

from engine.commands.user_tasks import audit_task, called, find_open_task, must_be_theirs
from engine.errors import InvalidState
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work


def resolve_delegation(
    work: Work,
    *,
    user_task_id: str,
    actor: Actor,
    now: datetime,
    variables: Mapping[str, Any] | None = None,
) -> None:
    """Make the owner the assignee again; `variables` are laid over the draft, for the owner to look at."""
    row = find_open_task(work, user_task_id, actor)
    if row.owner is None:
        raise InvalidState(f"User task {called(row)} is not delegated: complete it instead.")
    must_be_theirs(row, actor, "give back")
    draft = {**(row.draft or {}), **variables} if variables else row.draft
    work.execute(
        update(UserTask)
        .where(UserTask.id == user_task_id)
        .values(assignee=row.owner, owner=None, claimed_at=now, draft=draft)
    )
    audit_task(work, row, actor, "resolve_delegation", now, detail={"to": row.owner})
