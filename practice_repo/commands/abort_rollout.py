"""Give a rollout up: its process ends, what it has cost stays on the books (A17)."""

from datetime import datetime
from decimal import Decimal

from engine.commands.publish_message import publish_message
from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.permissions import must_decide
from practice_repo.rollouts import abort, is_over, locked_rollout

ABORTED = "RolloutAborted"


def abort_rollout(
    work: Work, *, rollout_id: str, reason: str, actual_cost: Decimal | None = None, actor: Actor, now: datetime
) -> None:
    """End it at whatever point it is. `actual_cost` is money spent so far, None when nobody knows.

    Raises NotFound, NotPermitted, InvalidState when it is over, InvalidInput without a reason.
    """
    enterprise_id = must_decide(actor)
    rollout = locked_rollout(work, rollout_id, enterprise_id)
    if is_over(rollout):
        raise InvalidState(f"This rollout is {rollout.state} already: reload the portfolio.")
    if not reason.strip():
        raise InvalidInput("Say why the rollout is given up: the next estimate will ask.")
    if actual_cost is not None and actual_cost < 0:
        raise InvalidInput(f"Expected 0 or more as the cost so far, found {actual_cost}.")
    abort(work, rollout, reason, actor, now, actual_cost=actual_cost)
    work.flush()
    publish_message(
        work,
        enterprise_id=enterprise_id,
        name=ABORTED,
        correlation={"rollout_id": rollout_id},
        variables={"abort_reason": rollout.reason},
        time_to_live_seconds=0,
        actor=actor,
        now=now,
    )
