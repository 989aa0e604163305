"""Take a contribution back: before its release, or after it as long as nobody has adopted it."""

from datetime import datetime

from engine.commands.publish_message import publish_message
from engine.errors import InvalidInput
from engine.store.actor import SYSTEM, Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.withdraw_version import take_back
from practice_repo.contributing import WITHDRAWABLE, WITHDRAWN, must_be, note_event, own_contribution
from practice_repo.permissions import LIBRARY, must_tailor


def withdraw_contribution(work: Work, *, contribution_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """Before the release: the review ends. Nothing of it stays in the library."""
    must_tailor(actor)
    contribution = own_contribution(work, contribution_id, actor)
    must_be(contribution, *WITHDRAWABLE)
    contribution.state, contribution.decided_at = "withdrawn", now
    note_event(work, contribution.id, "withdrawn", now, reason=reason)
    publish_message(
        work,
        enterprise_id=LIBRARY,
        name=WITHDRAWN,
        correlation={"contribution_id": contribution.id},
        actor=SYSTEM,
        now=now,
    )


def recall_contribution(work: Work, *, contribution_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """After the release, before the first adoption by another enterprise: the released version is withdrawn."""
    must_tailor(actor)
    if not reason.strip():
        raise InvalidInput("A reason was expected: followers of the practice will read it.")
    contribution = own_contribution(work, contribution_id, actor)
    must_be(contribution, "released")
    take_back(work, contribution.version_id, reason, now, but=contribution.enterprise_id)
    contribution.state = "recalled"
    note_event(work, contribution.id, "recalled", now, reason=reason)
