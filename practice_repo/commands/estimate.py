"""Say what an activity is expected to bring and to cost."""

from datetime import datetime

from sqlalchemy import func, select, update

from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.activities import own_activity
from practice_repo.expectations import Expectation
from practice_repo.nba_tables import NbaEstimate
from practice_repo.stale import mark_stale


def estimate(
    work: Work, *, activity_id: str, expectation: Expectation, note: str = "", actor: Actor, now: datetime
) -> str:
    """The id of the new estimate; those before stay as history. A rejected activity is asked about again.

    Raises NotFound, NotPermitted.
    """
    activity = own_activity(work, activity_id, actor)
    columns = NbaEstimate.__table__.c
    numbers = select(func.max(columns.number)).where(columns.activity_id == activity_id)
    number = (work.execute(numbers).scalar() or 0) + 1
    work.execute(update(NbaEstimate).where(columns.activity_id == activity_id).values(is_current=False))
    row = NbaEstimate(
        id=new_id(),
        activity_id=activity_id,
        number=number,
        is_current=True,
        content=expectation.to_json(),
        note=note.strip(),
        at=now,
        by=actor.id,
    )
    work.session.add(row)
    work.flush()
    mark_stale(work, [activity.enterprise_id], "estimates", now)
    return row.id
