"""Kendall's tau-b: how well two orders agree, -1 to 1, ties taken into account."""

from collections.abc import Sequence
from itertools import combinations
from math import sqrt


def kendall_tau(points: Sequence[tuple[float, float]]) -> float:
    agreeing = opposing = tied_first = tied_second = 0
    for (one, other), (one_2, other_2) in combinations(points, 2):
        first, second = _sign(one - one_2), _sign(other - other_2)
        agreeing += first * second > 0
        opposing += first * second < 0
        tied_first += first == 0
        tied_second += second == 0
    pairs = len(points) * (len(points) - 1) / 2
    return (agreeing - opposing) / (sqrt((pairs - tied_first) * (pairs - tied_second)) or 1.0)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
