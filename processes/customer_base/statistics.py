"""The statistics that campaigns need, without a numerics library (pure functions, rates as floats from 0 to 1)."""

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % confidence interval."""

    estimate: float
    low: float
    high: float


def wilson(successes: int, trials: int, z: float = Z_95) -> Interval:
    """A rate with its Wilson score interval (Wilson 1927); no trials: anything is possible."""
    if trials == 0:
        return Interval(0.0, 0.0, 1.0)
    rate, square = successes / trials, z * z
    centre = (rate + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials))
    return Interval(rate, max(min(centre - half, rate), 0.0), min(max(centre + half, rate), 1.0))


def rate_difference(treated: tuple[int, int], control: tuple[int, int]) -> Interval:
    """The difference of two rates, (successes, trials) each, with Newcombe's score interval (1998, method 10)."""
    first, second = wilson(*treated), wilson(*control)
    difference = first.estimate - second.estimate
    low = difference - math.hypot(first.estimate - first.low, second.high - second.estimate)
    high = difference + math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Interval(difference, max(low, -1.0), min(high, 1.0))


def probability_of_chance(better: tuple[int, int], worse: tuple[int, int]) -> float:
    """The one-sided p value that the first rate is not higher than the second (pooled two-proportion z test)."""
    (hits, trials), (other_hits, other_trials) = better, worse
    if trials == 0 or other_trials == 0:
        return 1.0
    pooled = (hits + other_hits) / (trials + other_trials)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / trials + 1 / other_trials))
    if deviation == 0:
        return 1.0
    z = (hits / trials - other_hits / other_trials) / deviation
    return 0.5 * math.erfc(z / math.sqrt(2))


def shrunken_rate(successes: int, trials: int, *, prior_rate: float, prior_strength: float) -> float:
    """The rate pulled towards a prior that weighs as much as `prior_strength` trials (beta-binomial mean).

    >>> shrunken_rate(2, 10, prior_rate=0.05, prior_strength=90)
    0.065
    """
    return (successes + prior_rate * prior_strength) / (trials + prior_strength)


def minimum_detectable_lift(treated: int, control: int, base_rate: float) -> float:
    """The smallest difference of rates that a 5 % two-sided test finds with 80 % power; 1 when a group is empty."""
    if treated == 0 or control == 0:
        return 1.0
    return (Z_95 + 0.8416) * math.sqrt(base_rate * (1 - base_rate) * (1 / treated + 1 / control))
