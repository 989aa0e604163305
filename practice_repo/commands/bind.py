"""Tie a variant to the enterprise: which groups, services and data do the work (A08)."""

from datetime import datetime

from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.bindings import Bindings
from practice_repo.workspace import commit, draft_of, editable_candidate, move, must_be_committed


def bind(work: Work, *, candidate_id: str, bindings: Bindings, actor: Actor, now: datetime) -> str:
    """The id of the commit with these bindings; they replace the former ones as a whole."""
    candidate = editable_candidate(work, candidate_id, actor)
    must_be_committed(candidate)
    if candidate.bindings != bindings.to_json() and candidate.state == "available":
        move(work, candidate, "tailored", actor, now, "bindings changed")
    candidate.bindings = bindings.to_json()
    return commit(work, candidate, draft_of(work, candidate), "bind", "Bindings", actor, now).id
