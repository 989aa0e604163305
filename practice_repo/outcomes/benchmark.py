"""The midline: where an enterprise stands among others, without telling who they are."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from practice_repo.next_best_activity.shrinkage import LEAST_ENTERPRISES
from practice_repo.outcomes.evidence import Evidence

ANY_INDUSTRY = ""
LEAST_FOR_QUARTILES = 5  # enterprises: with fewer, three numbers would tell three values


@dataclass(frozen=True, slots=True)
class Measured:
    """A KPI of one enterprise; `illustrative` values are examples that stand in until enough were measured."""

    enterprise: str
    kpi: str
    value: float
    industry: str = ANY_INDUSTRY
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class Midline:
    """Quartiles of the others' values; `own_percentile` is the share of them (0-100) that the own value reaches.

    Each quartile is the mean of the three or four values around it, with three digits, because one of them alone would
    be somebody's. Quartiles but the median are None below five enterprises. Of examples `enterprises` is 0.
    """

    kpi: str
    industry: str  # "" when the industry has too few: then of all
    enterprises: int
    lower: float | None
    median: float
    upper: float | None
    own_percentile: float | None = None
    illustrative: bool = False


def midline(
    measured: Iterable[Measured],
    kpi: str,
    *,
    industry: str = ANY_INDUSTRY,
    better: str = "higher",
    own: float | None = None,
    own_enterprise: str = "",
    least: int = LEAST_ENTERPRISES,
) -> Midline | None:
    """The midline of a KPI in an industry, else in all; None when fewer than `least` others measured it.

    The asking enterprise is not among the others, so that it cannot take itself out and see the rest. Illustrative
    values are only taken when there are too few real ones, and are marked.
    """
    others = [each for each in measured if each.kpi == kpi and each.enterprise != own_enterprise]
    for illustrative in (False, True):
        kind = [each for each in others if each.illustrative == illustrative]
        for place in dict.fromkeys((industry, ANY_INDUSTRY)):
            latest = {each.enterprise: each.value for each in kind if place in (ANY_INDUSTRY, each.industry)}
            if len(latest) >= max(2, least):
                return _midline(kpi, place, sorted(latest.values()), better, own, illustrative)
    return None


def _midline(
    kpi: str, industry: str, values: Sequence[float], better: str, own: float | None, illustrative: bool
) -> Midline:
    has_quartiles = len(values) >= LEAST_FOR_QUARTILES
    lower, upper = (_around(values, share) if has_quartiles else None for share in (0.25, 0.75))
    median = _around(values, 0.5)
    share = None if own is None else 100 * _reached(values, own, better) / len(values)
    return Midline(kpi, industry, len(values), lower, median, upper, share, illustrative)


def _around(values: Sequence[float], share: float) -> float:
    """The mean of the values next to this place of the sorted ones, rounded to three digits."""
    place = share * (len(values) - 1)
    near = values[max(0, math.floor(place) - 1) : math.ceil(place) + 2]
    return float(f"{fmean(near):.3g}")


def percentile(own: float, lower: float, median: float, upper: float, better: str = "higher") -> float:
    """How many of 100 a value reaches when only the quartiles are known: in straight lines between them, 1 to 99."""
    if own < median:
        below = 50 - 25 * (median - own) / (median - lower) if median > lower else 1.0
    elif own > median:
        below = 50 + 25 * (own - median) / (upper - median) if upper > median else 99.0
    else:
        below = 50.0
    reached = below if better == "higher" else 100 - below
    return round(min(99.0, max(1.0, reached)), 1)


def _reached(values: Sequence[float], own: float, better: str) -> float:
    """How many values the own one reaches; equal ones count half."""
    beaten = sum(1 for value in values if (value < own if better == "higher" else value > own))
    return beaten + sum(1 for value in values if value == own) / 2


def time_to_median(series: Sequence[float | None], median: float, better: str = "higher") -> int | None:
    """The first week (from 0, after go-live) from which on the KPI stays at the median or better; None if never."""
    since = None
    for week, value in enumerate(series):
        if value is None:
            continue
        holds = value >= median if better == "higher" else value <= median
        since = (week if since is None else since) if holds else None
    return since


def measured_of(records: Iterable[Evidence]) -> list[Measured]:
    """The values after the rollout, oldest first, so that the newest of an enterprise counts."""
    ordered = sorted(records, key=lambda each: each.at)
    return [Measured(each.enterprise, each.kpi, each.after, str(each.context.get("industry", ""))) for each in ordered]
