"""Give a variant a name of the enterprise's own."""

from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.workspace import own_candidate, touch

LONGEST_TITLE = 200  # characters


def rename_candidate(
    work: Work, *, candidate_id: str, title: str, title_zh: str | None = None, actor: Actor, now: datetime
) -> None:
    """The new title; the Chinese one is the same without one of its own."""
    for name in (title, title_zh or title):
        if not 0 < len(name.strip()) <= LONGEST_TITLE:
            raise InvalidInput(f"A title has 1 to {LONGEST_TITLE} characters, found {len(name.strip())}.")
    candidate = own_candidate(work, candidate_id, actor)
    candidate.title, candidate.title_zh = title.strip(), (title_zh or title).strip()
    touch(candidate, actor, now)
