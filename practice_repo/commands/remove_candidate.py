"""Give a practice up: it leaves the lists, its history stays."""

from datetime import datetime

from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.candidate_states import ENDED
from practice_repo.workspace import move, own_candidate, touch


def remove_candidate(work: Work, *, candidate_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """The candidate is given up; processes that it was deployed as keep running."""
    candidate = own_candidate(work, candidate_id, actor)
    move(work, candidate, ENDED, actor, now, reason)
    touch(candidate, actor, now)
