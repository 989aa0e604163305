"""Looking several times without being fooled: bounds whose chances of a false alarm add up to alpha.

The bounds spend alpha after O'Brien and Fleming in the form of Lan and DeMets (Biometrika 70(3), 1983): hardly
anything early, so that only an overwhelming difference ends an experiment soon. The times of the looks are shares of
the planned information and need not be planned.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

from engine.errors import InvalidInput

NORMAL = NormalDist()
STEPS = 160  # of the grid, even: Simpson's rule
HALVINGS = 50
WIDEST = 8.0  # standard deviations; beyond them nothing happens


def spent(share: float, alpha: float = 0.05) -> float:
    """The chance of a false alarm, both sides together, that may be used up when this share (0-1) of the information
    is in."""
    if share <= 0:
        return 0.0
    edge = NORMAL.inv_cdf(1 - alpha / 4) / math.sqrt(min(1.0, share))
    return 2 * math.erfc(edge / math.sqrt(2))


@lru_cache(maxsize=256)
def bounds(shares: Sequence[float], alpha: float = 0.05) -> tuple[float, ...]:
    """The |z| that must be reached at each look, two-sided. `shares` (a tuple) rise from above 0 to at most 1.

    >>> [round(bound, 2) for bound in bounds((0.5, 1.0))]
    [2.96, 1.97]
    """
    if not shares or any(not 0 < share <= 1 for share in shares) or list(shares) != sorted(set(shares)):
        raise InvalidInput(f"Expected rising shares of the information above 0 and up to 1, found {tuple(shares)}.")
    found: list[float] = []
    grid: list[tuple[float, float]] = [(0.0, 1.0)]  # (place of the running sum, density × width)
    before = 0.0
    for share in shares:
        step = math.sqrt(share - before)
        chance = spent(share, alpha) - spent(before, alpha)
        edge = _edge(grid, step, chance, math.sqrt(share))
        found.append(edge / math.sqrt(share))
        grid = _next(grid, step, edge)
        before = share
    return tuple(found)


def _edge(grid: Sequence[tuple[float, float]], step: float, chance: float, spread: float) -> float:
    """Where the sum leaves the grid on one side or the other with this chance."""
    low, high = 0.0, WIDEST * spread
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        outside = sum(
            mass * (NORMAL.cdf((place - middle) / step) + NORMAL.cdf((-middle - place) / step)) for place, mass in grid
        )
        low, high = (middle, high) if outside > chance else (low, middle)
    return (low + high) / 2


def _next(grid: Sequence[tuple[float, float]], step: float, edge: float) -> list[tuple[float, float]]:
    """The density of the sum at this look, where the experiment goes on."""
    width = 2 * edge / STEPS
    density = NormalDist(0, step).pdf
    found = []
    for index in range(STEPS + 1):
        place = -edge + index * width
        simpson = width / 3 * (1 if index in (0, STEPS) else 4 if index % 2 else 2)
        found.append((place, simpson * sum(mass * density(place - other) for other, mass in grid)))
    return found
