"""The tree of benefits (A46): loyalty, retention, profitability, channels, quality, with the KPIs that show them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import stdev

from engine.store.unit_of_work import Work
from practice_repo.card import Card, Kpi
from practice_repo.method_steps import Benefit, benefits
from practice_repo.nba_tables import NbaProfile
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.facts import CaseFacts
from practice_repo.outcomes.kpis import kpi_value
from practice_repo.outcomes.queries import OutcomeReader
from practice_repo.outcomes.windows import Window, baseline_window, in_window
from practice_repo.practice import Text
from practice_repo.queries.cards import KnownCard, cards
from practice_repo.queries.checklists import Serving, servings, targets_of
from practice_repo.queries.kpis import facts_of

WEEKS = 8  # whole ordinary weeks, and as many before for the trend
NOTICEABLE = 0.02  # a change of a smaller share of the value before is none
LEAST_WEEKS = 3  # with a value, to know how much weeks differ by chance
Z_95 = 1.96


@dataclass(frozen=True)
class Leaf:
    """A KPI of a practice in use. `value` is that of the last weeks, `before` that of the weeks before those."""

    practice: str
    practice_name: Text
    key: str
    name: Text
    unit: str
    better: str
    value: float | None
    before: float | None
    n: int  # cases behind the value
    weekly: tuple[float | None, ...]  # oldest first
    target: Decimal | None

    @property
    def trend(self) -> str | None:
        """`better`, `worse` or `same` as before; None when one of the two is not known, or too few weeks are.

        What weeks differ by chance is no trend: the change must exceed 1.96 standard errors of a difference of two
        windows whose weeks vary like those of the last one.
        """
        known = [value for value in self.weekly if value is not None]
        if self.value is None or self.before is None or len(known) < LEAST_WEEKS:
            return None
        change = self.value - self.before
        chance = Z_95 * stdev(known) * math.sqrt(2 / len(known))
        if abs(change) <= max(chance, NOTICEABLE * abs(self.before)):
            return "same"
        return "better" if (change > 0) == (self.better == "higher") else "worse"

    @property
    def misses_target(self) -> bool:
        if self.target is None or self.value is None:
            return False
        return self.value < self.target if self.better == "higher" else self.value > self.target


@dataclass(frozen=True)
class Branch:
    benefit: Benefit
    leaves: tuple[Leaf, ...]  # those with a value first
    not_in_use: int  # KPIs of the branch whose practice is not in use
    candidates: tuple[Serving, ...]  # practices that would bring them

    @property
    def known(self) -> int:
        return sum(1 for leaf in self.leaves if leaf.value is not None)

    def with_trend(self, trend: str) -> int:
        return sum(1 for leaf in self.leaves if leaf.trend == trend)


@dataclass(frozen=True)
class BenefitTree:
    branches: tuple[Branch, ...]
    window: Window

    @property
    def last_day(self) -> date:
        return self.window.mondays[-1] + timedelta(days=6)


def benefit_tree(
    work: Work,
    *,
    enterprise_id: str,
    now: datetime,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
) -> BenefitTree:
    """The five branches with the KPIs of the practices in use. The number of statements does not grow with cases or
    KPIs; the outcome reader is asked once for each practice."""
    zone = getattr(calendar, "timezone", "UTC")
    window = baseline_window(now.date(), weeks=WEEKS, calendar=calendar, timezone=zone)
    former = baseline_window(window.mondays[0], weeks=WEEKS, calendar=calendar, timezone=zone)
    known = servings(work, enterprise_id=enterprise_id)
    used = {each.item_id: each for each in known if each.status == "in_place"}
    read = cards(work, enterprise_id=enterprise_id, item_ids=used) if used else {}
    told = facts_of(
        work,
        list(read.values()),
        enterprise_id=enterprise_id,
        start=former.start,
        end=window.end,
        now=now,
        calendar=calendar,
        outcomes=outcomes,
    )
    targets = targets_of(work.session.get(NbaProfile, enterprise_id))
    leaves = _leaves(read, told, window, former, targets)
    return BenefitTree(tuple(_branch(each, leaves, known) for each in benefits()), window)


def _leaves(
    read: Mapping[str, KnownCard],
    told: Mapping[str, Sequence[CaseFacts]],
    window: Window,
    former: Window,
    targets: Mapping[str, Decimal],
) -> dict[str, Leaf]:
    """By "practice.kpi"."""
    weeks = [Window((monday,), window.timezone) for monday in window.mondays]
    found: dict[str, Leaf] = {}
    for item, each in read.items():
        of_now, of_then = (in_window(span, told.get(item, ())) for span in (window, former))
        by_week = [in_window(week, of_now) for week in weeks]
        for kpi in each.card.kpis:
            path = f"{item}.{kpi.key}"
            found[path] = _leaf(each.card, kpi, of_now, of_then, by_week, window, targets.get(path))
    return found


def _leaf(
    card: Card,
    kpi: Kpi,
    of_now: Sequence[CaseFacts],
    of_then: Sequence[CaseFacts],
    by_week: Iterable[Sequence[CaseFacts]],
    window: Window,
    target: Decimal | None,
) -> Leaf:
    value, n = _value(card, kpi, of_now, window.days)
    return Leaf(
        practice=card.id,
        practice_name=card.name,
        key=kpi.key,
        name=kpi.name,
        unit=kpi.unit,
        better=kpi.better,
        value=value,
        before=_value(card, kpi, of_then, window.days)[0],
        n=n,
        weekly=tuple(_value(card, kpi, facts, 7)[0] for facts in by_week),
        target=target,
    )


def _value(card: Card, kpi: Kpi, facts: Sequence[CaseFacts], days: int) -> tuple[float | None, int]:
    if not facts:
        return None, 0
    found = kpi_value(card, kpi.key, facts, days=days, with_spread=False)
    return (None if found.value is None else float(found.value)), found.n


def _branch(benefit: Benefit, leaves: Mapping[str, Leaf], known: Iterable[Serving]) -> Branch:
    mine = [leaves[path] for path in benefit.kpis if path in leaves]
    missing = [path for path in benefit.kpis if path not in leaves]
    practices = {path.partition(".")[0] for path in missing}
    return Branch(
        benefit=benefit,
        leaves=tuple(sorted(mine, key=lambda leaf: leaf.value is None)),
        not_in_use=len(missing),
        candidates=tuple(each for each in known if each.item_id in practices and each.status != "in_place"),
    )
