"""Throw away what changed since the last version note."""

from datetime import datetime

from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.tables import PracticeCommit
from practice_repo.workspace import editable_candidate, set_draft


def discard_draft(work: Work, *, candidate_id: str, actor: Actor, now: datetime) -> None:
    """The draft is the newest commit again."""
    candidate = editable_candidate(work, candidate_id, actor)
    head = work.session.get(PracticeCommit, candidate.head_commit_id)
    set_draft(work, candidate, head.files, actor, now)
