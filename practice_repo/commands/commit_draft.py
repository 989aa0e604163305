"""Give the changes of a draft a note, and so make them a version of the variant."""

from datetime import datetime

from sqlalchemy import select

from engine.errors import InvalidInput, InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.practice import CARD, read_card
from practice_repo.tables import PracticeNeed
from practice_repo.workspace import commit, draft_of, editable_candidate


def commit_draft(
    work: Work, *, candidate_id: str, message: str, need_id: str | None = None, actor: Actor, now: datetime
) -> str:
    """The id of the commit; `need_id` is the need that the changes serve.

    Raises InvalidState when nothing changed, InvalidModel when a changed file cannot be read.
    """
    if not message.strip():
        raise InvalidInput("A version note was expected: say in a few words what changed and why.")
    candidate = editable_candidate(work, candidate_id, actor)
    if candidate.draft_digest == candidate.head_digest:
        raise InvalidState(f"'{candidate.title}' has no changes since its last version note.")
    if need_id is not None:
        _must_be_theirs(work, need_id, candidate.enterprise_id)
    package = draft_of(work, candidate)
    if CARD in package.files:
        read_card(package.files[CARD].decode(errors="replace"))
    return commit(work, candidate, package, "edit", message.strip(), actor, now, need_id=need_id).id


def _must_be_theirs(work: Work, need_id: str, enterprise_id: str) -> None:
    columns = PracticeNeed.__table__.c
    found = select(columns.id).where(columns.id == need_id, columns.enterprise_id == enterprise_id)
    if work.execute(found).first() is None:
        raise NotFound(f"There is no need {need_id}: look again.")
