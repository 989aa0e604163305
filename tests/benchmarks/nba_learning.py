"""How good recommendations are over time: spread that holds, order, how early the benefit flows, what trying teaches.

Part of `python -m tests.benchmarks.nba`; the generator is ours, the numbers are for orientation.
"""

import math
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from practice_repo.next_best_activity.candidate import Candidate, Portfolio
from practice_repo.next_best_activity.loop import Run, run_closure, run_scan
from practice_repo.next_best_activity.plan import make_plan
from practice_repo.next_best_activity.robustness import Uncertainty
from practice_repo.next_best_activity.shrinkage import Outcome, Shrunk, shrink
from practice_repo.next_best_activity.thompson import Guard, Trial, pick

NOISE = 0.8  # standard error of one outcome, in effect per cost
P90 = 1.2816  # standard deviations
ENTERPRISES, LAST = 60, 20
PRACTICES, PICKS = 30, 5
MOODS = {"optimistic": 0.4, "cautious": -0.4}  # bias of experts, who are all that is known before the first outcome
COST_SHARE = Decimal("0.1")


def ratio(candidate: Candidate) -> float:
    return float(candidate.effect / candidate.cost)


def learnt(truth: Portfolio, evidences: int, chance: random.Random) -> dict[str, Shrunk]:
    """What a library knows of effect per cost after so many noisy outcomes of every practice."""
    outcomes = [
        Outcome(each.id, ratio(each) + chance.gauss(0, NOISE), NOISE, method="experiment")
        for each in truth.candidates
        for _ in range(evidences)
    ]
    return shrink(outcomes)


def measure_calibration(truths: Iterable[Portfolio], evidences: int) -> dict[str, float]:
    """The share of true effects between P10 and P90, and how well the order of S is known (Kendall, NDCG of five)."""
    inside, taus, gains = [], [], []
    for seed, truth in enumerate(truths):
        known = learnt(truth, evidences, random.Random(seed + 20_000))
        true = {each.id: ratio(each) for each in truth.candidates}
        inside += [abs(known[key].mean - value) <= P90 * known[key].deviation for key, value in true.items()]
        believed = sorted(true, key=lambda key: -known[key].mean)
        taus.append(kendall(believed, true))
        gains.append(ndcg(believed, true, 5))
    return {
        "between P10 and P90": statistics.fmean(inside),
        "Kendall tau": statistics.fmean(taus),
        "NDCG of the first five": statistics.fmean(gains),
    }


def kendall(order: Sequence[str], value: Mapping[str, float]) -> float:
    """1 when the order is that of falling values, -1 when it is the reverse."""
    pairs = [(a, b) for n, a in enumerate(order) for b in order[n + 1 :]]
    return sum(1 if value[a] > value[b] else -1 for a, b in pairs) / len(pairs)


def ndcg(order: Sequence[str], value: Mapping[str, float], first: int) -> float:
    """Discounted gain of the first ones, as a share of the best possible."""

    def gain(keys: Iterable[str]) -> float:
        return sum(max(0.0, value[key]) / math.log2(place + 2) for place, key in zip(range(first), keys, strict=False))

    return gain(order) / gain(sorted(value, key=lambda key: -value[key]))


def measure_timing(truths: Iterable[Portfolio]) -> dict[str, dict[str, float]]:
    """When half and nine tenths of the best possible net benefit are there, and the area under the curve; one rollout
    at a time. Days are shares of the time that all rollouts take; never is 1."""
    found: dict[str, list[tuple[float, float, float]]] = {"paper": [], "closure": [], "plan": []}
    for seed, plain in enumerate(truths):
        chance = random.Random(seed)
        timed = replace(
            plain, candidates=tuple(replace(each, duration_days=chance.randint(10, 60)) for each in plain.candidates)
        )
        plan = make_plan(replace(timed, parallel=1))
        ends = {
            "paper": _ends(run_scan(timed)),
            "closure": _ends(run_closure(timed)),
            "plan": {each.id: each.finish for each in plan.placements},
        }
        longest = sum(each.duration_days for each in timed.candidates)
        for name, finished in ends.items():
            found[name].append(_timing(timed, finished, float(plan.value), longest))
    names = ("half", "nine tenths", "area")
    return {
        name: dict(zip(names, (statistics.fmean(column) for column in zip(*rows, strict=True)), strict=True))
        for name, rows in found.items()
    }


def _ends(run: Run) -> dict[str, int]:
    return {each.id: each.finish for each in run.placements}


def _timing(portfolio: Portfolio, ends: Mapping[str, int], best: float, longest: int) -> tuple[float, float, float]:
    worth = {key: float(portfolio.by_id[key].effect - portfolio.by_id[key].cost) for key in ends}
    gained, reached, area = 0.0, {0.5: 1.0, 0.9: 1.0}, 0.0
    for key in sorted(ends, key=lambda each: ends[each]):
        gained += worth[key]
        area += worth[key] * (longest - ends[key]) / longest
        for share in reached:
            if gained >= share * best and reached[share] == 1.0:
                reached[share] = ends[key] / longest
    return reached[0.5], reached[0.9], area / best


def measure_exploration(libraries: int) -> dict[str, float]:
    """Regret of the last enterprises that share a library, when all take the best known and when they may try; and the
    largest share of a budget that one trial took. Where experts are optimistic, disappointment does the trying."""
    found: dict[str, float] = {}
    shares = [0.0]
    for mood, bias in MOODS.items():
        for name, guard in (("greedy", Guard()), ("thompson", Guard(is_on=True, cost_share=COST_SHARE))):
            worlds = [_World(random.Random(seed), guard, bias) for seed in range(libraries)]
            lost = [statistics.fmean([world.serve() for _ in range(ENTERPRISES)][-LAST:]) for world in worlds]
            found[f"regret, {mood} experts, {name}"] = statistics.fmean(lost)
            shares += [world.largest_trial for world in worlds]
    return {**found, "largest trial, share of the budget": max(shares)}


class _World:
    """Enterprises, one after the other, that choose with what the library has learnt from those before."""

    def __init__(self, chance: random.Random, guard: Guard, bias: float):
        self.chance, self.guard = chance, guard
        self.largest_trial = 0.0
        self.truth = {f"P{n:02}": chance.lognormvariate(0.3, 0.5) for n in range(PRACTICES)}
        self.cost = {key: Decimal(chance.randint(10, 40)) for key in self.truth}
        self.budget = sum(self.cost.values()) * Decimal("0.45")
        self.guess = {key: value + bias + chance.gauss(0, NOISE) for key, value in self.truth.items()}
        self.outcomes: dict[str, list[float]] = {key: [] for key in self.truth}

    def serve(self) -> float:
        """One enterprise picks five; its regret against the five best."""
        chosen: list[str] = []
        for _ in range(PICKS):
            left = [key for key in self.truth if key not in chosen]
            known = {key: self._known(key) for key in left}
            candidates = [
                Candidate(key, Decimal(str(round(known[key][0], 4))) * self.cost[key], self.cost[key]) for key in left
            ]
            spread = {key: Uncertainty(known[key][1] * float(self.cost[key])) for key in left}
            trials = {key: Trial(True, True) for key in left}
            found = pick(candidates, spread, trials, self.budget, self.guard, self.chance)
            chosen.append(found.id)
            if found.is_exploring:
                self.largest_trial = max(self.largest_trial, float(self.cost[found.id] / self.budget))
        for key in chosen:
            self.outcomes[key].append(self.truth[key] + self.chance.gauss(0, NOISE))
        best = sum(sorted(self.truth.values(), reverse=True)[:PICKS])
        return 1 - sum(self.truth[key] for key in chosen) / best

    def _known(self, key: str) -> tuple[float, float]:
        """Mean and deviation from the expert's guess, which counts as one outcome, and what was measured."""
        values = [self.guess[key], *self.outcomes[key]]
        return statistics.fmean(values), NOISE / math.sqrt(len(values))
