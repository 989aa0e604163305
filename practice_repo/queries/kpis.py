"""The KPIs of an enterprise's practices as they are now: for dashboards, and for who must be told of a missed one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.store.unit_of_work import Work
from practice_repo.card import Card, Kpi, Text
from practice_repo.nba_tables import NbaProfile
from practice_repo.outcomes.case import Calendar, Case
from practice_repo.outcomes.facts import CaseFacts, case_facts
from practice_repo.outcomes.kpis import KpiValue, kpi_value
from practice_repo.outcomes.queries import OutcomeReader, SeenUntil, cases, outcome_of
from practice_repo.queries.cards import KnownCard, cards

LEAST_CASES = 5  # that tell a KPI, before it raises an alarm


@dataclass(frozen=True)
class KpiNow:
    """A KPI of a window and of the window before it, in its unit; None where no case tells it."""

    practice: str
    kpi: str
    name: Text
    unit: str
    better: str
    value: Decimal | None
    n: int
    previous: Decimal | None
    previous_n: int
    target: Decimal | None
    missing: tuple[str, ...] = ()  # figures of the enterprise's books that the formula needs

    @property
    def misses_target(self) -> bool:
        """Whether enough cases say that the target is not reached."""
        if self.target is None or self.value is None or self.n < LEAST_CASES:
            return False
        return self.value < self.target if self.better == "higher" else self.value > self.target

    @property
    def improvement(self) -> Decimal | None:
        """Since the window before, positive when it is for the better."""
        if self.value is None or self.previous is None:
            return None
        return self.value - self.previous if self.better == "higher" else self.previous - self.value


def kpis_of(
    work: Work,
    *,
    enterprise_id: str,
    start: datetime,
    end: datetime,
    now: datetime,
    item_id: str | None = None,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
    figures: Mapping[str, Any] | None = None,
) -> tuple[KpiNow, ...]:
    """The KPIs of one practice (None: of all that the enterprise uses) over cases that began from `start` up to before
    `end`, in the order of the cards.

    The window before is as long and ends where this one begins; its cases are told as of as long after it as `now` is
    after this one, or slow cases would count in it only. Targets are those of the profile. Seven statements, and
    one of the outcome reader for each practice.
    """
    known = cards(work, enterprise_id=enterprise_id, item_ids=None if item_id is None else [item_id])
    if item_id is None:
        known = {item: each for item, each in known.items() if each.is_in_use}
    profile = work.session.get(NbaProfile, enterprise_id)
    targets = profile.targets if profile else {}
    before = start - (end - start)
    told = facts_of(
        work,
        known.values(),
        enterprise_id=enterprise_id,
        start=before,
        end=end,
        now=now,
        calendar=calendar,
        outcomes=outcomes,
        seen_until=lambda started_at: now if started_at >= start else start + (now - end),
    )
    days = (end - start).days
    return tuple(
        _now(item, each.card, kpi, told[item], start, targets, figures, days)
        for item, each in known.items()
        for kpi in each.card.kpis
    )


def facts_of(
    work: Work,
    known: Iterable[KnownCard],
    *,
    enterprise_id: str,
    start: datetime,
    end: datetime,
    now: datetime,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
    seen_until: SeenUntil | None = None,
) -> dict[str, list[CaseFacts]]:
    """The facts of all cases of these practices by item id, in three statements and one per outcome reader's practice;
    oldest first. With `seen_until` cases are told as of that moment, with what they left behind once they are over."""
    wanted = list(known)
    by_process: dict[str, list[Case]] = {each.card.id: [] for each in wanted}
    if by_process:
        read = cases(
            work,
            enterprise_id=enterprise_id,
            process_ids=sorted(by_process),
            start=start,
            end=end,
            seen_until=seen_until,
        )
        for case in read:
            by_process[case.process_id].append(case)
    found = {}
    for each in wanted:
        mine = by_process[each.card.id]
        records = dict(outcomes(work, enterprise_id, each.card.id, start)) if outcomes and mine else {}
        left = [replace(case, outcome=outcome_of(case, records)) for case in mine if case.ended_at or not seen_until]
        complete = [*left, *(case for case in mine if seen_until and not case.ended_at)]
        complete.sort(key=lambda case: (case.started_at, case.id))
        found[each.item_id] = case_facts(each.card, complete, now=now, calendar=calendar)
    return found


def _now(
    item: str,
    card: Card,
    kpi: Kpi,
    told: list[CaseFacts],
    start: datetime,
    targets: Mapping[str, str],
    figures: Mapping[str, Any] | None,
    days: int,
) -> KpiNow:
    value = _value(card, kpi, [each for each in told if each.started_at >= start], figures, days)
    previous = _value(card, kpi, [each for each in told if each.started_at < start], figures, days)
    target = targets.get(f"{item}.{kpi.key}")
    return KpiNow(
        item,
        kpi.key,
        kpi.name,
        kpi.unit,
        kpi.better,
        value.value,
        value.n,
        previous.value,
        previous.n,
        None if target in (None, "") else Decimal(str(target)),
        value.missing,
    )


def _value(card: Card, kpi: Kpi, told: list[CaseFacts], figures: Mapping[str, Any] | None, days: int) -> KpiValue:
    if not told:
        return KpiValue(kpi.key, None, 0, None, kpi.unit, kpi.better)
    return kpi_value(card, kpi.key, told, figures=figures, days=days, with_spread=False)
