"""Say how far a practice meets a need."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from engine.errors import InvalidInput, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.change_need import own_need
from practice_repo.tables import PracticeCandidate, PracticeItem, PracticeNeedCover

DEGREES = ("full", "partial", "no")


def cover_need(
    work: Work,
    *,
    need_id: str,
    kind: str,
    target_id: str,
    degree: str | None,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Note the degree (None takes the note away): `kind` is "item" of the library or "candidate" of the workspace."""
    if degree is not None and degree not in DEGREES:
        raise InvalidInput(f"A need is met in one of the degrees {', '.join(DEGREES)}, found '{degree}'.")
    need = own_need(work, need_id, actor)
    _must_exist(work, kind, target_id, need.enterprise_id)
    columns = PracticeNeedCover.__table__.c
    work.execute(
        delete(PracticeNeedCover).where(
            columns.need_id == need_id, columns.kind == kind, columns.target_id == target_id
        )
    )
    need.updated_at = now
    if degree is None:
        return
    row = {"need_id": need_id, "kind": kind, "target_id": target_id, "degree": degree, "note": note}
    work.execute(insert(PracticeNeedCover), {**row, "at": now, "by": actor.id})
    if need.state == "open" and degree != "no" and kind == "candidate":
        need.state = "in_work"


def _must_exist(work: Work, kind: str, target_id: str, enterprise_id: str) -> None:
    if kind == "item":
        found = select(PracticeItem.id).where(PracticeItem.id == target_id)
    elif kind == "candidate":
        found = select(PracticeCandidate.id).where(
            PracticeCandidate.id == target_id, PracticeCandidate.enterprise_id == enterprise_id
        )
    else:
        raise InvalidInput(f"A need is met by an 'item' or a 'candidate', found '{kind}'.")
    if work.execute(found).first() is None:
        raise NotFound(f"There is no {kind} {target_id}: look again.")
