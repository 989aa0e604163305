"""Take a step in the life of a practice: selected, executing, completed, measured, given up."""

from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.workspace import move, own_candidate, touch

BY_OTHER_COMMANDS = {"acquired": "acquire", "available": "make_available", "contributed": "contribute"}


def move_candidate(
    work: Work, *, candidate_id: str, to_state: str, reason: str = "", actor: Actor, now: datetime
) -> None:
    """Note the step. Raises InvalidState for a step that the present state does not allow."""
    candidate = own_candidate(work, candidate_id, actor)
    if to_state in BY_OTHER_COMMANDS and not (to_state == "available" and candidate.state == "selected"):
        raise InvalidInput(f"A practice becomes {to_state} by '{BY_OTHER_COMMANDS[to_state]}'.")
    move(work, candidate, to_state, actor, now, reason)
    touch(candidate, actor, now)
