"""Advise against a released version."""

from datetime import datetime

from engine.errors import InvalidInput, InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.publish import listeners, version_words
from practice_repo.notices import notify
from practice_repo.permissions import must_edit_library
from practice_repo.tables import PracticeVersion


def deprecate_version(work: Work, *, version_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """Nobody can acquire the version any more; who has it is told why. Variants of it live on."""
    must_edit_library(actor)
    set_aside(work, version_id, "deprecated", reason, now)


def set_aside(work: Work, version_id: str, state: str, reason: str, now: datetime) -> PracticeVersion:
    """The version, deprecated or withdrawn, with everybody told."""
    if not reason.strip():
        raise InvalidInput("A reason was expected: adopters will read it.")
    found = work.session.get(PracticeVersion, version_id, with_for_update=True)
    if found is None:
        raise NotFound(f"The library has no version {version_id}: look again.")
    if found.state != "released":
        raise InvalidState(f"{found.item_id} {found.version} is {found.state} already.")
    found.state, found.state_reason = state, reason.strip()
    details = {**version_words(found), "reason": reason.strip()}
    told = listeners(work, found.item_id)
    notify(work, told, state, now, item_id=found.item_id, version_id=found.id, details=details)
    return found
