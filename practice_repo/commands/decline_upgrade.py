"""Stay with the version that a variant comes from."""

from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.resolve_conflict import must_be_open
from practice_repo.permissions import must_tailor
from practice_repo.tables import PracticeUpgrade
from practice_repo.upgrading import find_upgrade


def decline_upgrade(work: Work, *, upgrade_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """The offer is put aside; the next version makes a new one."""
    must_tailor(actor)
    if not reason.strip():
        raise InvalidInput("A reason was expected: somebody will ask for it when the next version comes.")
    must_be_open(find_upgrade(work, upgrade_id, actor))
    row = work.session.get(PracticeUpgrade, upgrade_id, with_for_update=True)
    row.state, row.reason, row.finished_at, row.finished_by = "declined", reason.strip(), now, actor.id
