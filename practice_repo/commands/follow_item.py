"""Hear of new versions of a practice, or no longer."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.errors import NotFound, NotPermitted
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.tables import PracticeFollower, PracticeItem


def follow_item(work: Work, *, item_id: str, actor: Actor, now: datetime) -> None:
    """The actor's enterprise gets a notice of every new version; following twice is following."""
    if actor.enterprise_id is None:
        raise NotPermitted("Enterprises follow practices, but this actor belongs to none.")
    if work.execute(select(PracticeItem.id).where(PracticeItem.id == item_id)).first() is None:
        raise NotFound(f"The library has no practice '{item_id}': look again.")
    dialect = postgresql if work.on_postgresql else sqlite
    row = {"item_id": item_id, "enterprise_id": actor.enterprise_id, "followed_by": actor.id, "followed_at": now}
    work.execute(dialect.insert(PracticeFollower).on_conflict_do_nothing(), [row])


def unfollow_item(work: Work, *, item_id: str, actor: Actor, now: datetime) -> None:
    """No more notices of this practice."""
    columns = PracticeFollower.__table__.c
    work.execute(
        delete(PracticeFollower).where(columns.item_id == item_id, columns.enterprise_id == actor.enterprise_id)
    )
