"""What a change did to a KPI: before and after, against a comparison group, or against its own trend."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from engine.errors import InvalidInput
from practice_repo.next_best_activity.shrinkage import METHOD_WEIGHTS
from practice_repo.outcomes.kpis import KpiValue
from practice_repo.outcomes.least_squares import fit

Z_95 = NormalDist().inv_cdf(0.975)
LEAST_WEEKS = 4  # of a series, before and after


@dataclass(frozen=True, slots=True)
class Effect:
    """The change of a KPI in its unit, with a 95 % interval; `weight` says how far the method is to be believed."""

    kpi: str
    change: float  # after minus before, raw
    standard_error: float
    n: int  # cases behind it
    method: str  # a key of METHOD_WEIGHTS
    unit: str = ""
    better: str = "higher"

    @property
    def weight(self) -> float:
        return METHOD_WEIGHTS[self.method]

    @property
    def improvement(self) -> float:
        """The change, positive when it is for the better."""
        return self.change if self.better == "higher" else -self.change

    @property
    def low(self) -> float:
        return self.change - Z_95 * self.standard_error

    @property
    def high(self) -> float:
        return self.change + Z_95 * self.standard_error

    @property
    def p_value(self) -> float:
        """Two-sided: how likely so large a difference is when nothing has changed."""
        if self.standard_error == 0:
            return 1.0 if self.change == 0 else 0.0
        return math.erfc(abs(self.change) / self.standard_error / math.sqrt(2))


def before_after(before: KpiValue, after: KpiValue) -> Effect:
    """The difference of two windows; all that changed between them is in it, hence its small weight.

    Raises `InvalidInput` when one window tells too little.
    """
    return _effect([(1, after), (-1, before)], "before-after")


def experiment_effect(champion: KpiValue, challenger: KpiValue) -> Effect:
    """The difference between cases that went one way or the other by chance."""
    return _effect([(1, challenger), (-1, champion)], "experiment")


def difference_in_differences(
    before: KpiValue, after: KpiValue, comparison_before: KpiValue, comparison_after: KpiValue
) -> Effect:
    """The difference of two windows less that of a group without the change: what happened to both drops out."""
    parts = [(1, after), (-1, before), (-1, comparison_after), (1, comparison_before)]
    return _effect(parts, "difference-in-differences")


def _effect(parts: Sequence[tuple[int, KpiValue]], method: str) -> Effect:
    """The signed sum of independent values, the first one naming the KPI."""
    first = parts[0][1]
    for _, value in parts:
        if value.kpi != first.kpi:
            raise InvalidInput(f"Expected one KPI in all windows, found '{first.kpi}' and '{value.kpi}'.")
        if value.value is None or value.standard_error is None:
            raise InvalidInput(
                f"The KPI '{value.kpi}' has {value.n} cases in one of the windows: too few to compare; take more weeks."
            )
    change = sum(sign * float(value.value or 0) for sign, value in parts)
    error = math.sqrt(sum((value.standard_error or 0) ** 2 for _, value in parts))
    return Effect(first.kpi, change, error, sum(v.n for _, v in parts[:2]), method, first.unit, first.better)


def interrupted_time_series(
    kpi: str,
    before: Sequence[float],
    after: Sequence[float],
    *,
    n: int = 0,
    unit: str = "",
    better: str = "higher",
    gap: int = 0,
) -> Effect:
    """The mean step above the trend that the weeks before would have gone on with.

    y = a + b·t + c·after + d·after·(t - start), by least squares with errors that may follow each other (Newey and
    West 1987); the change is c + d · mean of (t - start). `n` is the number of cases behind the weeks, `gap` the
    weeks of the ramp between them, in which the trend goes on.
    """
    if min(len(before), len(after)) < LEAST_WEEKS:
        raise InvalidInput(
            f"Expected {LEAST_WEEKS} weeks or more before and after, found {len(before)} and {len(after)}."
        )
    start, values = len(before) + gap, [*before, *after]
    times = [*range(len(before)), *range(start, start + len(after))]
    rows = [[1.0, float(t), float(t >= start), float(max(0, t - start))] for t in times]
    line = fit(rows, values)
    contrast = [0.0, 0.0, 1.0, (len(after) - 1) / 2]
    return Effect(
        kpi, line.value(contrast), line.error(contrast), n or len(values), "interrupted time series", unit, better
    )
