"""Guarded exploration: sometimes try what may be best, where a mistake is cheap and can be undone. Off by default.

Always taking the largest posterior mean never learns about the others. Thompson sampling draws an effect from every
posterior and takes the best draw; here only practices take part whose trial is reversible, small, and measured.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from practice_repo.next_best_activity.candidate import Candidate
from practice_repo.next_best_activity.index import index_of, rank_key
from practice_repo.next_best_activity.robustness import Uncertainty


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may be explored. `cost_share` is the largest share of the budget that one trial may cost."""

    is_on: bool = False
    cost_share: Decimal = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Trial:
    """What is known about trying this practice."""

    is_reversible: bool
    has_outcome_design: bool


@dataclass(frozen=True, slots=True)
class Pick:
    """`is_exploring` says that the posterior mean would have picked `greedy_id` instead."""

    id: str
    greedy_id: str
    is_exploring: bool
    reason: str
    barred: Mapping[str, str]  # who could not be explored, and why


def pick(
    candidates: Sequence[Candidate],
    uncertainties: Mapping[str, Uncertainty],
    trials: Mapping[str, Trial],
    budget: Decimal,
    guard: Guard,
    chance: random.Random,
) -> Pick | None:
    """The next practice, by posterior mean or, where the guard allows it, by a draw; None without candidates.

    Candidates that may not be explored compete with their mean, so a draw never makes an expensive one win.
    """
    rankable = sorted((each for each in candidates if index_of(each).is_rankable), key=rank_key)
    if not rankable:
        return None
    greedy = rankable[0]
    if not guard.is_on:
        return Pick(greedy.id, greedy.id, False, "exploration is switched off: the posterior mean decides", {})
    barred = {each.id: why for each in rankable if (why := _why_barred(each, trials, budget, guard))}
    drawn = [each if each.id in barred else _drawn(each, uncertainties.get(each.id), chance) for each in rankable]
    best = min((each for each in drawn if index_of(each).is_rankable), key=rank_key, default=greedy)
    if best.id == greedy.id or best.id in barred:
        return Pick(greedy.id, greedy.id, False, "the best by its mean is the best of this draw, too", barred)
    reason = f"explored: {best.id} may be better than {greedy.id}, its trial is small, reversible and measured"
    return Pick(best.id, greedy.id, True, reason, barred)


def _why_barred(candidate: Candidate, trials: Mapping[str, Trial], budget: Decimal, guard: Guard) -> str | None:
    trial = trials.get(candidate.id)
    if trial is None or not trial.is_reversible:
        return "cannot be undone"
    if not trial.has_outcome_design:
        return "its outcome would not be measured"
    limit = budget * guard.cost_share
    if candidate.cost > limit:
        return f"costs {candidate.cost}, more than {limit}"
    return None


def _drawn(candidate: Candidate, uncertainty: Uncertainty | None, chance: random.Random) -> Candidate:
    if uncertainty is None:
        return candidate
    effect = chance.gauss(float(candidate.effect), uncertainty.effect_deviation)
    return replace(candidate, effect=Decimal(str(round(effect, 6))))
