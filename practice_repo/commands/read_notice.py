"""Put a notice aside."""

from datetime import datetime

from sqlalchemy import update

from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.tables import PracticeNotice


def read_notice(work: Work, *, notice_id: str, actor: Actor, now: datetime) -> None:
    """The notice counts as read for the whole enterprise."""
    changed = work.execute(
        update(PracticeNotice)
        .where(PracticeNotice.id == notice_id, PracticeNotice.enterprise_id == actor.enterprise_id)
        .values(read_at=now)
    )
    if changed.rowcount == 0:
        raise NotFound(f"There is no notice {notice_id}: look again.")
