"""Add something of the enterprise's own that can be the next best activity."""

from datetime import datetime

from sqlalchemy import select

from engine.errors import AlreadyExists
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.activities import must_fit
from practice_repo.nba_tables import NbaActivity
from practice_repo.permissions import must_estimate
from practice_repo.stale import mark_stale


def add_activity(
    work: Work,
    *,
    key: str,
    title: str,
    title_zh: str = "",
    note: str = "",
    kind: str = "activity",
    change: str = "adopt",
    area: str = "",
    step: str = "implementation",
    actor: Actor,
    now: datetime,
) -> str:
    """The id of the activity, available from now on; practices of the workspace become activities by themselves.

    Raises AlreadyExists when the enterprise has the key, InvalidInput for unknown kinds, changes and steps.
    """
    enterprise_id = must_estimate(actor)
    must_fit({"key": key, "title": title, "kind": kind, "change": change, "step": step})
    columns = NbaActivity.__table__.c
    twin = select(columns.id).where(columns.enterprise_id == enterprise_id, columns.key == key.strip())
    if work.execute(twin).first() is not None:
        raise AlreadyExists(f"There is an activity '{key.strip()}' already: choose another key.")
    activity = NbaActivity(
        id=new_id(),
        enterprise_id=enterprise_id,
        key=key.strip(),
        title=title.strip(),
        title_zh=title_zh.strip() or title.strip(),
        note=note.strip(),
        kind=kind,
        change=change,
        area=area,
        step=step,
        state="available",
        created_at=now,
        created_by=actor.id,
    )
    work.session.add(activity)
    work.flush()
    mark_stale(work, [enterprise_id], "practices", now)
    return activity.id
