"""Take a released version back, as long as nobody has adopted it."""

from datetime import datetime

from sqlalchemy import select, update

from engine.errors import InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.deprecate_version import set_aside
from practice_repo.commands.publish import count_adopters
from practice_repo.permissions import must_edit_library
from practice_repo.tables import PracticeItem, PracticeUpgrade, PracticeVersion


def withdraw_version(work: Work, *, version_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """The version disappears from the library; the one before it is the newest again.

    Raises InvalidState when an enterprise has adopted it: deprecate it instead.
    """
    must_edit_library(actor)
    take_back(work, version_id, reason, now)


def take_back(work: Work, version_id: str, reason: str, now: datetime, *, but: str | None = None) -> None:
    """Withdraw; adoptions by the enterprise `but` do not count."""
    adopters = count_adopters(work, [version_id], but=but)
    if adopters:
        raise InvalidState(f"{adopters} enterprises have adopted this version: deprecate it instead.")
    version = set_aside(work, version_id, "withdrawn", reason, now)
    work.flush()
    newest = (
        select(PracticeVersion.id)
        .where(PracticeVersion.item_id == version.item_id, PracticeVersion.state != "withdrawn")
        .order_by(PracticeVersion.number.desc())
        .limit(1)
    )
    left = work.execute(newest).scalar_one_or_none() or version.id
    work.execute(update(PracticeItem).where(PracticeItem.id == version.item_id).values(latest_version_id=left))
    work.execute(
        update(PracticeUpgrade)
        .where(PracticeUpgrade.to_version_id == version.id, PracticeUpgrade.state == "open")
        .values(state="superseded", finished_at=now)
    )
