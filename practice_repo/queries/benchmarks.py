"""Where an enterprise stands: its KPIs beside the midline of its industry (A33)."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from engine.errors import InvalidInput
from engine.store.unit_of_work import Work
from practice_repo.card import Kpi, Text
from practice_repo.nba_tables import NbaActivity, NbaRollout, PracticeEvidence
from practice_repo.outcomes.benchmark import ANY_INDUSTRY, Midline, measured_of, midline, percentile, time_to_median
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.evidence import Evidence, releasable
from practice_repo.outcomes.facts import CaseFacts
from practice_repo.outcomes.kpis import kpi_value
from practice_repo.outcomes.queries import OutcomeReader
from practice_repo.outcomes.windows import WEEK, Window, baseline_window, in_window, monday_of
from practice_repo.queries.cards import KnownCard, cards
from practice_repo.queries.evidence import known_evidence, own_pseudonym
from practice_repo.queries.kpis import facts_of
from practice_repo.tables import PracticeCandidate

EXAMPLES = Path(__file__).resolve().parent.parent / "data" / "illustrative_benchmarks.toml"
ALL = "all"  # in the file of examples: industries that are not named
USUAL_WEEKS = 8
LONGEST_SERIES = 52  # weeks after go-live
EVIDENCE, ROLLOUT, ACTIVITY = PracticeEvidence.__table__.c, NbaRollout.__table__.c, NbaActivity.__table__.c
CANDIDATE = PracticeCandidate.__table__.c


@dataclass(frozen=True)
class Benchmark:
    """One KPI: the own value, the midline of the others, and the own place in it.

    `midline` is None where fewer than three others have measured the KPI and no example stands in. `illustrative`
    says that it is an example; then `source` is the public figure behind it, empty for an assumption.
    `time_to_median` are the weeks from go-live until the KPI stayed at the median or better; None: not yet, or live for
    more than a year.
    """

    practice: str
    practice_name: Text
    kpi: str
    name: Text
    unit: str
    better: str
    own: float | None
    own_n: int
    midline: Midline | None
    time_to_median: int | None
    source: str = ""

    @property
    def illustrative(self) -> bool:
        return self.midline is not None and self.midline.illustrative

    @property
    def percentile(self) -> float | None:
        """The share of the others (0-100) that the own value reaches."""
        return self.midline.own_percentile if self.midline else None

    @property
    def is_above(self) -> bool | None:
        """Whether the own value is at the median or better."""
        if self.own is None or self.midline is None:
            return None
        median = self.midline.median
        return self.own >= median if self.better == "higher" else self.own <= median


@dataclass(frozen=True)
class Example:
    """Quartiles by industry that stand in until enough enterprises have measured the KPI."""

    practice: str
    kpi: str
    values: Mapping[str, tuple[float, float, float]]
    source: str


def benchmarks(
    work: Work,
    *,
    enterprise_id: str,
    industry: str,
    now: datetime,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
    weeks: int = USUAL_WEEKS,
) -> tuple[Benchmark, ...]:
    """Every KPI of the library that has a midline or an own value, by practice and in the order of its card.

    The own value is that of the last whole ordinary weeks, else the one measured last. The others are those of the
    industry, else of all; the enterprise is never among them. The number of statements does not grow with cases, KPIs
    or records: nine, and one of the outcome reader for each practice in use.
    """
    known = cards(work, enterprise_id=enterprise_id)
    own = own_pseudonym(work, enterprise_id)
    records = _by_kpi(each.record for each in known_evidence(work, EVIDENCE.method != "claim"))
    live = _live_since(work, enterprise_id)
    zone = getattr(calendar, "timezone", "UTC")
    window = baseline_window(now.date(), weeks=weeks, calendar=calendar, timezone=zone)
    told = facts_of(
        work,
        [each for each in known.values() if each.is_in_use],
        enterprise_id=enterprise_id,
        start=min([window.start, *(max(_floor(now), since) for since in live.values())]),
        end=window.end,
        now=now,
        calendar=calendar,
        outcomes=outcomes,
    )
    found = []
    for item, each in known.items():
        for kpi in each.card.kpis:
            place = _Place(each, kpi, told.get(item, []), window, live.get(item))
            row = _benchmark(item, place, records.get((item, kpi.key), []), own, industry)
            found += [row] if row else []
    return tuple(found)


@cache
def examples() -> dict[tuple[str, str], Example]:
    """The shipped examples, by practice and KPI. Raises InvalidInput for one that is not marked illustrative."""
    content = tomllib.loads(EXAMPLES.read_text())
    found = {}
    for each in content["benchmark"]:
        place = (each["practice"], each["kpi"])
        quartiles = each["values"].values()
        if each.get("illustrative") is not True or any(list(q) != sorted(q) or len(q) != 3 for q in quartiles):
            raise InvalidInput(f"{EXAMPLES.name}: {place} must be marked illustrative, with three rising quartiles.")
        values = {name: (float(low), float(mid), float(high)) for name, (low, mid, high) in each["values"].items()}
        found[place] = Example(*place, values, each.get("source", ""))
    return found


@dataclass(frozen=True)
class _Place:
    """A KPI of a practice in the enterprise's own cases."""

    known: KnownCard
    kpi: Kpi
    told: Sequence[CaseFacts]
    window: Window
    live: datetime | None

    def now(self) -> tuple[float | None, int]:
        """The value of the last weeks and the cases behind it."""
        told = in_window(self.window, self.told)
        if not told:
            return None, 0
        value = kpi_value(self.known.card, self.kpi.key, told, days=self.window.days, with_spread=False)
        return (None if value.value is None else float(value.value)), value.n

    def since_live(self) -> list[float | None]:
        """Week by week since go-live."""
        if self.live is None:
            return []
        monday = monday_of(self.live.date())
        found: list[float | None] = []
        while monday <= self.window.mondays[-1] and len(found) < LONGEST_SERIES:
            week = Window((monday,), self.window.timezone)
            told = [each for each in in_window(week, self.told) if self.live <= each.started_at]
            value = kpi_value(self.known.card, self.kpi.key, told, with_spread=False).value if told else None
            found.append(None if value is None else float(value))
            monday += WEEK
        return found


def _benchmark(item: str, place: _Place, records: list[Evidence], own: str, industry: str) -> Benchmark | None:
    kpi = place.kpi
    value, n = place.now()
    if value is None:
        mine = [each for each in records if own and each.enterprise == own]
        value, n = (mine[-1].after, mine[-1].n) if mine else (None, 0)
    line, source = _others(records, own, industry, kpi, value), ""
    if line is None and (item, kpi.key) in examples():
        example = examples()[item, kpi.key]
        line, source = _example(example, industry, kpi.better, value), example.source
    if line is None and value is None:
        return None
    reached = time_to_median(place.since_live(), line.median, kpi.better) if line else None
    name = place.known.card.name
    return Benchmark(item, name, kpi.key, kpi.name, kpi.unit, kpi.better, value, n, line, reached, source)


def _others(records: list[Evidence], own: str, industry: str, kpi: Kpi, value: float | None) -> Midline | None:
    """The midline of what others measured, in the industry, else in all; None below three."""
    for where in dict.fromkeys((industry, ANY_INDUSTRY)):
        there = [each for each in records if where in (ANY_INDUSTRY, each.context.get("industry"))]
        measured = measured_of(releasable(there, own))
        found = midline(measured, kpi.key, industry=where, better=kpi.better, own=value, own_enterprise=own)
        if found is not None:
            return found
    return None


def _example(example: Example, industry: str, better: str, value: float | None) -> Midline:
    where = industry if industry in example.values else ANY_INDUSTRY
    lower, median, upper = example.values[where or ALL]
    reached = None if value is None else percentile(value, lower, median, upper, better)
    return Midline(example.kpi, where, 0, lower, median, upper, reached, illustrative=True)


def _by_kpi(records: Iterable[Evidence]) -> dict[tuple[str, str], list[Evidence]]:
    found: dict[tuple[str, str], list[Evidence]] = {}
    for each in records:
        found.setdefault((each.item, each.kpi), []).append(each)
    return found


def _live_since(work: Work, enterprise_id: str) -> dict[str, datetime]:
    """When each practice of the enterprise went live first."""
    statement: Any = (
        select(CANDIDATE.item_id, func.min(ROLLOUT.live_at).label("live_at"))
        .select_from(NbaRollout)
        .join(NbaActivity, ACTIVITY.id == ROLLOUT.activity_id)
        .join(PracticeCandidate, CANDIDATE.id == ACTIVITY.candidate_id)
        .where(ROLLOUT.enterprise_id == enterprise_id, ROLLOUT.live_at.is_not(None), ROLLOUT.state != "aborted")
        .group_by(CANDIDATE.item_id)
    )
    return {row.item_id: row.live_at for row in work.execute(statement)}


def _floor(now: datetime) -> datetime:
    return now - timedelta(weeks=LONGEST_SERIES + USUAL_WEEKS)
