"""How sure a recommendation is: spread of S, probability of being best, and what would change the pick."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from practice_repo.next_best_activity.candidate import Candidate
from practice_repo.next_best_activity.index import FINITE, index_of, kind_of, rank_key

DRAWS = 2000
SEED = 2007


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Standard deviations: of the effect in money, of the logarithm of the cost."""

    effect_deviation: float
    cost_log_deviation: float = 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """S in a tenth, half and nine tenths of the draws; None where the practice costs nothing."""

    p10: float | None
    p50: float | None
    p90: float | None
    positive: float  # share of draws with S > 0
    best: float  # share of draws in which no other has a larger S


def spreads(
    candidates: Sequence[Candidate], uncertainties: Mapping[str, Uncertainty], draws: int = DRAWS, seed: int = SEED
) -> dict[str, Spread]:
    """The spread of every rankable candidate; the same seed gives the same answer."""
    chance = random.Random(seed)
    rankable = [each for each in sorted(candidates, key=lambda each: each.id) if index_of(each).is_rankable]
    drawn: dict[str, list[float]] = {each.id: [] for each in rankable}
    wins = dict.fromkeys(drawn, 0)
    for _ in range(draws):
        worths = {each.id: _draw(each, uncertainties.get(each.id, Uncertainty(0)), chance) for each in rankable}
        for key, (_, worth) in worths.items():
            drawn[key].append(worth)
        if worths:
            wins[max(worths, key=lambda key: worths[key])] += 1
    return {each.id: _spread(each, drawn[each.id], wins[each.id]) for each in rankable}


def _draw(candidate: Candidate, uncertainty: Uncertainty, chance: random.Random) -> tuple[int, float]:
    """(2, effect) for a costless benefit, (1, S), (0, effect) for a costless loss: comparable as they are."""
    effect = chance.gauss(float(candidate.effect), uncertainty.effect_deviation)
    factor = chance.lognormvariate(0, uncertainty.cost_log_deviation)
    if kind_of(candidate) != FINITE:
        return (2 if effect > 0 else 0, effect)
    cost = float(candidate.cost) * factor
    return (1, (effect - cost) / cost)


def _spread(candidate: Candidate, worths: list[float], wins: int) -> Spread:
    ordered = sorted(worths)
    positive = sum(1 for worth in ordered if worth > 0) / len(ordered)
    if kind_of(candidate) != FINITE:
        return Spread(None, None, None, positive, wins / len(ordered))
    p10, p50, p90 = (ordered[int(share * (len(ordered) - 1))] for share in (0.1, 0.5, 0.9))
    return Spread(p10, p50, p90, positive, wins / len(ordered))


def break_even_effect(candidate: Candidate) -> Decimal | None:
    """The effect at which S is 0: the cost. None without an estimate of it."""
    return candidate.cost


@dataclass(frozen=True, slots=True)
class Flip:
    """What must be true for another pick: the effect or the cost at which `id` draws level with the recommended."""

    id: str
    effect: Fraction
    cost: Fraction | None  # None: no cost above 0 is low enough

    def __str__(self) -> str:
        text = f"{self.id} would be picked with an effect above {float(self.effect):.2f}"
        return text if self.cost is None else f"{text}, or a cost below {float(self.cost):.2f}"


def flips(candidates: Sequence[Candidate]) -> list[Flip]:
    """For every other finite candidate, what it takes to overtake the best; in the order of the ranking.

    Empty when the best is costless: then no effect is enough for one that costs something.
    """
    ranking = sorted((each for each in candidates if index_of(each).is_rankable), key=rank_key)
    if not ranking or kind_of(ranking[0]) != FINITE:
        return []
    best = 1 + index_of(ranking[0]).value  # effect / cost
    return [_flip(each, best) for each in ranking[1:] if kind_of(each) == FINITE]


def _flip(candidate: Candidate, best: Fraction) -> Flip:
    can_be_cheaper = candidate.effect > 0 and best > 0
    cost = Fraction(candidate.effect) / best if can_be_cheaper else None
    return Flip(candidate.id, Fraction(candidate.cost) * best, cost)
