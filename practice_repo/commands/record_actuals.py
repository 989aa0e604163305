"""Correct what a finished rollout has cost and brought, once the books know better (A44)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.permissions import must_estimate
from practice_repo.rollouts import COMPLETED, book, locked_rollout
from practice_repo.stale import mark_stale


def record_actuals(
    work: Work,
    *,
    rollout_id: str,
    actual_cost: Decimal | None = None,
    actual_effect: Decimal | None = None,
    hours: Mapping[str, Decimal] | None = None,
    adoption_rate: float | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """The number of records of evidence that follow it. What is None stays as it is.

    Money is that of the horizon, the rate is 0 to 1. Raises NotFound, NotPermitted, InvalidState before the rollout is
    completed, InvalidInput for what cannot be.
    """
    enterprise_id = must_estimate(actor)
    rollout = locked_rollout(work, rollout_id, enterprise_id)
    if rollout.state != COMPLETED:
        raise InvalidState(f"This rollout is {rollout.state}: actuals are recorded when it is completed.")
    _must_fit(actual_cost, adoption_rate, hours or {})
    if actual_cost is not None:
        rollout.actual_cost = actual_cost
    if actual_effect is not None:
        rollout.actual_effect = actual_effect
    if adoption_rate is not None:
        rollout.adoption_rate = adoption_rate
    if hours is not None:
        rollout.hours = {role: str(amount) for role, amount in hours.items()}
    mark_stale(work, [enterprise_id], "evidence", now)
    return book(work, rollout, actor, now)


def _must_fit(actual_cost: Decimal | None, adoption_rate: float | None, hours: Mapping[str, Decimal]) -> None:
    if actual_cost is not None and actual_cost < 0:
        raise InvalidInput(f"Expected a cost of 0 or more, found {actual_cost}: write a saving down as an effect.")
    if adoption_rate is not None and not 0 <= adoption_rate <= 1:
        raise InvalidInput(f"Expected an adoption from 0 to 1, found {adoption_rate}.")
    for role, amount in hours.items():
        if amount < 0:
            raise InvalidInput(f"Expected 0 or more hours of {role}, found {amount}.")
