"""How far an enterprise's own estimates have come true: the weight that its next ones get (nba.md, reference class).

Without finished rollouts a guess counts as it is, with the usual error. Every rollout whose effect was measured moves
the share of promises that come true, and the error, away from where everybody begins; other areas count half.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from engine.store.unit_of_work import Work
from practice_repo.nba_tables import NbaActivity, NbaRollout

USUAL_ERROR = 0.5  # of a guess without a range, as a share of it; start value
PRIOR_ROLLOUTS = 2.0  # as much as so many rollouts that came true exactly, but for the usual error
OTHER_AREA = 0.5  # what a rollout of another area counts
WORST, BEST = -1.0, 1.0  # one rollout says no more than "nothing came of it" or "twice as much"
LEAST_SHARE = 0.1  # a guess never counts as nothing
KEPT = Decimal("0.0001")
ROLLOUT, ACTIVITY = NbaRollout.__table__.c, NbaActivity.__table__.c


@dataclass(frozen=True, slots=True)
class Promise:
    """A finished rollout: money within the horizon, as it was planned and as it was measured."""

    area: str
    planned: Decimal
    actual: Decimal

    @property
    def error(self) -> float:
        return min(BEST, max(WORST, float((self.actual - self.planned) / abs(self.planned))))


@dataclass(frozen=True, slots=True)
class Experience:
    """`share` is what guesses are multiplied by, `error` their standard error as a share of them."""

    share: Decimal = Decimal(1)
    error: float = USUAL_ERROR
    rollouts: int = 0


def experience(promises: Sequence[Promise], area: str) -> Experience:
    """What the finished rollouts say of the next guess in this area."""
    weighted = [(1.0 if each.area == area else OTHER_AREA, each.error) for each in promises if each.planned]
    if not weighted:
        return Experience()
    weight = PRIOR_ROLLOUTS + sum(each for each, _ in weighted)
    bias = sum(each * error for each, error in weighted) / weight
    spread = PRIOR_ROLLOUTS * USUAL_ERROR**2 + sum(each * (error - bias) ** 2 for each, error in weighted)
    share = Decimal(str(max(LEAST_SHARE, 1 + bias))).quantize(KEPT)
    return Experience(share, math.sqrt(spread / weight), len(weighted))


def promises(work: Work, enterprise_id: str) -> list[Promise]:
    """The enterprise's rollouts whose effect is known, oldest first, in one statement."""
    statement = (
        select(ACTIVITY.area, ROLLOUT.planned_effect, ROLLOUT.guess_share, ROLLOUT.actual_effect)
        .join(NbaActivity, ACTIVITY.id == ROLLOUT.activity_id)
        .where(ROLLOUT.enterprise_id == enterprise_id, ROLLOUT.state == "completed", ROLLOUT.actual_effect.is_not(None))
        .order_by(ROLLOUT.finished_at, ROLLOUT.id)
    )
    # What was promised is the guess itself: against the corrected one, every correction would undo the one before.
    return [Promise(area, planned / share, actual) for area, planned, share, actual in work.execute(statement)]
