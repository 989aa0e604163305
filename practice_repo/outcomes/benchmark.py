"""The midline: where an enterprise stands among others, without telling who they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from practice_repo.next_best_activity.shrinkage import LEAST_ENTERPRISES
from practice_repo.outcomes.evidence import Evidence

ANY_INDUSTRY = ""


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
    """Quartiles of the others' values; `own_percentile` is the share of them (0-100) that the own value reaches."""

    kpi: str
    industry: str  # "" when the industry has too few: then of all
    enterprises: int
    lower: float
    median: float
    upper: float
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
    lower, median, upper = quantiles(values, n=4, method="inclusive")
    share = None if own is None else 100 * _reached(values, own, better) / len(values)
    return Midline(kpi, industry, len(values), lower, median, upper, share, illustrative)


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
