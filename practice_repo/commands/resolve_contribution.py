"""Settle the conflicts between a contribution and what the library released meanwhile."""

from collections.abc import Mapping
from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.contributing import EDIT_TASK, complete, find_contribution, must_be, note_event
from practice_repo.permissions import must_edit_library

CHOICES = ("ours", "theirs", "combine")


def resolve_contribution(
    work: Work, *, contribution_id: str, resolutions: Mapping[str, str], actor: Actor, now: datetime
) -> None:
    """Conflict id → "ours" (what is released), "theirs" (what is contributed) or "combine"; then it is merged again."""
    must_edit_library(actor)
    contribution = find_contribution(work, contribution_id)
    must_be(contribution, "conflict")
    known = {conflict["id"] for conflict in contribution.conflicts or ()}
    for conflict_id, choice in resolutions.items():
        if conflict_id not in known or choice not in CHOICES:
            raise InvalidInput(f"A conflict of this contribution and one of {', '.join(CHOICES)} were expected.")
    contribution.resolutions = {**contribution.resolutions, **resolutions}
    contribution.state = "merging"
    note_event(work, contribution.id, "settled", now, count=len(resolutions))
    complete(work, contribution, EDIT_TASK, {"is_settled": True}, actor.id, now)
