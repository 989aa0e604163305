"""What a rollout did to the KPIs of the enterprise's own cases, and what that is worth.

`measure_rollout` reads the cases of all practices that the activity was expected to move, once, and takes for every KPI
the method with the best weight that its data allow: the experiment's two ways, a comparison group that went on as
before, the trend of the weeks before, or before and after alone. What had no cases before is compared with what people
said of it: a claim.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from engine.errors import InvalidInput
from engine.store.unit_of_work import Work
from practice_repo.card import Card, Kpi
from practice_repo.expectations import Expectation
from practice_repo.experiments import experiment_of
from practice_repo.nba_tables import NbaActivity, NbaEstimate, NbaExperiment, NbaRollout
from practice_repo.next_best_activity.shrinkage import METHOD_WEIGHTS
from practice_repo.outcomes.case import Calendar, Case
from practice_repo.outcomes.effects import (
    Effect,
    before_after,
    difference_in_differences,
    experiment_effect,
    interrupted_time_series,
)
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, Experiment, by_variant
from practice_repo.outcomes.facts import CaseFacts, case_facts
from practice_repo.outcomes.kpis import KpiValue, kpi_value
from practice_repo.outcomes.queries import OutcomeReader, cases, outcome_of
from practice_repo.outcomes.windows import WEEK, Window, after_window, baseline_window, in_window, monday_of
from practice_repo.queries.cards import cards
from practice_repo.tables import PracticeCandidate, PracticeDeployment

USUAL_WEEKS, USUAL_RAMP_WEEKS = 8, 2
HISTORY_WEEKS = 26  # before the change, for the trend
LEAST_HISTORY, LEAST_FUTURE = 12, 8  # weeks with a value, for a series; with fewer the trend is mostly noise
MOST_GAPS = 0.25  # of the weeks of a series
LEAST_GROUP = 10  # cases of a group in each window, else it is compared with nothing
ACTIVITY, ESTIMATE, CANDIDATE = NbaActivity.__table__.c, NbaEstimate.__table__.c, PracticeCandidate.__table__.c
EXPERIMENT, DEPLOYMENT = NbaExperiment.__table__.c, PracticeDeployment.__table__.c


@dataclass(frozen=True)
class Measured:
    """One KPI before and after, in its unit. `change` is what the method says, raw; `improvement` is positive when it
    is for the better. `window_end` is the last day."""

    practice: str
    kpi: str
    unit: str
    better: str
    baseline: float
    after: float
    change: float
    se: float
    n: int
    method: str  # a key of METHOD_WEIGHTS
    window_start: date
    window_end: date

    @property
    def improvement(self) -> float:
        return self.change if self.better == "higher" else -self.change

    @property
    def weight(self) -> float:
        return METHOD_WEIGHTS[self.method]

    @property
    def effect(self) -> Effect:
        """With its 95 % interval and how likely it is by chance."""
        return Effect(self.kpi, self.change, self.se, self.n, self.method, self.unit, self.better)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as they stand in `NbaRollout.measured`; interval and improvement for those who only read."""
        effect = self.effect
        more = {"effect": self.change, "improvement": self.improvement, "weight": self.weight}
        dates = {"window_start": self.window_start.isoformat(), "window_end": self.window_end.isoformat()}
        return asdict(self) | more | dates | {"low": effect.low, "high": effect.high, "p_value": effect.p_value}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Measured":
        own = {name: content[name] for name in cls.__dataclass_fields__}
        dates = {name: date.fromisoformat(own[name]) for name in ("window_start", "window_end")}
        return cls(**own | dates)


@dataclass(frozen=True)
class Windows:
    """Equal weeks before and after, the weeks of the trend before, and the weeks of the ramp between."""

    before: Window
    after: Window
    history: Window
    gap: int
    now: datetime

    def seen_until(self, started_at: datetime) -> datetime:
        """As of when a case is told: those before as if the window after had been theirs.

        Cases of the window after are seen for some weeks only, the last ones for a few days. Cases before were seen to
        their end: slow ones would count there and not here, and every rollout would seem to speed things up.
        """
        weeks, zone = self.history.mondays, self.history.timezone
        monday = monday_of(started_at.astimezone(ZoneInfo(zone)).date())
        if monday not in weeks:
            return self.now
        length = len(self.after.mondays)
        weeks_back = len(weeks) - 1 - weeks.index(monday)
        last = weeks[len(weeks) - 1 - weeks_back // length * length]  # of as many weeks as there are after
        return Window((last,), zone).end + (self.now - self.after.end)


@dataclass(frozen=True)
class Groups:
    """Which cases went on as before (`compared`), and the experiment that parted them by chance."""

    compared: frozenset[str] = frozenset()  # ids of cases
    experiment: Experiment | None = None
    experiment_start: datetime | None = None
    experiment_end: datetime | None = None


@dataclass(frozen=True)
class _Asked:
    """What a rollout is measured by."""

    item_id: str | None
    expectation: Expectation
    definition_ids: frozenset[str] = frozenset()  # that the rolled out variant was deployed as
    experiment: Any = None
    plan: Mapping[str, Any] = field(default_factory=dict)


def measure_rollout(
    work: Work,
    *,
    rollout: NbaRollout,
    go_live: date,
    weeks: int = USUAL_WEEKS,
    ramp_weeks: int = USUAL_RAMP_WEEKS,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
    now: datetime,
) -> tuple[Measured, ...]:
    """Every KPI of the practice, and of the practices that the estimate names, as far as cases tell it.

    The windows hold whole ordinary weeks that are over; when fewer than `weeks` are, the window before is as short, and
    when none is, the ramp is cut. Nothing at all to measure gives (). The number of statements depends on neither cases
    nor KPIs. A comparison group is `rollout.plan["group"] = {"variable": "team", "treated": ["north"]}`: cases whose
    variable says another value go on as before; without it, cases that other versions of the process still take.
    """
    windows = windows_of(rollout, go_live, weeks, ramp_weeks, calendar, now)
    if windows is None:
        return ()
    asked = _asked(work, rollout)
    named = [asked.item_id, *(each.practice for each in asked.expectation.effects)]
    practices = {each for each in named if each}
    known = cards(work, enterprise_id=rollout.enterprise_id, item_ids=practices)
    by_process = _read_cases(work, rollout.enterprise_id, [each.card.id for each in known.values()], windows, asked)
    found: list[Measured] = []
    for item, each in known.items():
        mine = by_process.get(each.card.id, [])
        records = dict(outcomes(work, rollout.enterprise_id, each.card.id, windows.history.start)) if outcomes else {}
        told = case_facts(
            each.card,
            (replace(case, outcome=outcome_of(case, records)) if case.ended_at else case for case in mine),
            now=now,
            calendar=calendar,
        )
        groups = groups_of(mine, windows, asked.plan, asked.definition_ids, asked.experiment, now)
        claims = {one.kpi: one.baseline for one in asked.expectation.effects if one.practice == item}
        found += measure(each.card, told, windows, groups, item=item, claims=claims)
    return tuple(found)


def measure(
    card: Card,
    facts: Sequence[CaseFacts],
    windows: Windows,
    groups: Groups = Groups(),
    *,
    item: str = "",
    claims: Mapping[str, Decimal | None] | None = None,
) -> list[Measured]:
    """Every KPI of the card that these facts tell before (or that a claim states) and after (pure)."""
    parts = _Parts(facts, windows, groups)
    found = ((_measured(card, kpi, parts, item or card.id, (claims or {}).get(kpi.key))) for kpi in card.kpis)
    return [each for each in found if each is not None]


def actual_effect(
    expectation: Expectation,
    measured: Iterable[Measured],
    *,
    horizon_days: int,
    stated: Decimal | None = None,
) -> Decimal | None:
    """Money within the horizon: the drivers of the expectation with the changes that were measured.

    A driver that was not measured brings nothing, nor does the expected lump: what people say of both afterwards is
    `stated`. None when nothing was measured and nobody has said anything.
    """
    changes = {(each.practice, each.kpi): Decimal(repr(each.improvement)) for each in measured}
    effects = tuple(
        replace(each, change=changes.get((each.practice, each.kpi)), low=None, high=None)
        for each in expectation.effects
    )
    return replace(expectation, effects=effects, lump_effect=stated).effect(horizon_days)


def windows_of(
    rollout: NbaRollout, go_live: date, weeks: int, ramp_weeks: int, calendar: Calendar | None, now: datetime
) -> Windows | None:
    """What is compared with what at this moment; None before the first whole week after the change is over."""
    zone = getattr(calendar, "timezone", "UTC")
    changed = min(go_live, rollout.pilot_at.date()) if rollout.pilot_at else go_live
    for ramp in range(ramp_weeks, -1, -1):
        after = after_window(go_live, ramp_weeks=ramp, weeks=weeks, calendar=calendar, timezone=zone)
        over = tuple(monday for monday in after.mondays if Window((monday,), zone).end <= now)
        if over:
            before = baseline_window(changed, weeks=len(over), calendar=calendar, timezone=zone)
            history = baseline_window(changed, weeks=HISTORY_WEEKS, calendar=calendar, timezone=zone)
            gap = (over[0] - before.mondays[-1]) // WEEK - 1
            return Windows(before, Window(over, zone), history, gap, now)
    return None


def groups_of(
    found: Sequence[Case],
    windows: Windows,
    plan: Mapping[str, Any],
    definition_ids: frozenset[str],
    experiment: Any,
    now: datetime,
) -> Groups:
    """Who went on as before: another group by the plan's variable, else cases of versions that were not changed."""
    compared = _other_group(found, plan["group"]) if plan.get("group") else _stayed(found, windows, definition_ids)
    if experiment is None:
        return Groups(compared)
    return Groups(compared, experiment_of(experiment), experiment.started_at, experiment.ended_at or now)


def _other_group(found: Iterable[Case], group: Mapping[str, Any]) -> frozenset[str]:
    if not group.get("variable") or not group.get("treated"):
        raise InvalidInput("A comparison group needs a 'variable' of the cases and the values that were 'treated'.")
    treated = {str(each) for each in group["treated"]}
    values = ((case.id, case.variables.get(group["variable"])) for case in found)
    return frozenset(case_id for case_id, value in values if value is not None and str(value) not in treated)


def _stayed(found: Sequence[Case], windows: Windows, changed: frozenset[str]) -> frozenset[str]:
    """Cases of versions that started enough cases in both windows, beside those of the variant that was rolled out."""
    if not changed:
        return frozenset()
    counts = [
        _counted(case.definition_id for case in found if window.contains(case.started_at))
        for window in (windows.before, windows.after)
    ]
    lasting = {each for each in counts[0] if min(count.get(each, 0) for count in counts) >= LEAST_GROUP} - changed
    return frozenset(case.id for case in found if case.definition_id in lasting)


def _counted(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


# One KPI --------------------------------------------------------------------------------------------------------------


class _Parts:
    """The facts in the windows: of the cases that changed, of those that went on as before, and week by week."""

    def __init__(self, facts: Sequence[CaseFacts], windows: Windows, groups: Groups):
        self.windows, self.groups = windows, groups
        changed = [each for each in facts if each.case_id not in groups.compared]
        compared = [each for each in facts if each.case_id in groups.compared]
        self.after = in_window(windows.after, changed)
        self.compared_before = in_window(windows.before, compared)
        self.compared_after = in_window(windows.after, compared)
        own_before = in_window(windows.before, changed)
        self.has_group = min(len(own_before), len(self.compared_before), len(self.compared_after)) >= LEAST_GROUP
        # where all worked the same way before, those who changed are compared with all of them
        source = changed if len(own_before) >= LEAST_GROUP or not compared else facts
        self.before = in_window(windows.before, source)
        self.weeks_before = [in_window(week, source) for week in windows.history.weeks()]
        self.weeks_after = [in_window(week, changed) for week in windows.after.weeks()]
        self.variants = _variants(facts, groups)
        self._values: dict[tuple[str, str], KpiValue] = {}

    def value(self, card: Card, kpi: Kpi, part: str) -> KpiValue:
        """The KPI over one of the parts, computed once: its spread takes long."""
        if (kpi.key, part) not in self._values:
            self._values[kpi.key, part] = kpi_value(card, kpi.key, getattr(self, part))
        return self._values[kpi.key, part]


def _variants(facts: Iterable[CaseFacts], groups: Groups) -> dict[str, list[CaseFacts]]:
    if groups.experiment is None or groups.experiment_start is None or groups.experiment_end is None:
        return {}
    start, end = groups.experiment_start, groups.experiment_end
    return by_variant(groups.experiment, (each for each in facts if start <= each.started_at <= end))


def _measured(card: Card, kpi: Kpi, parts: _Parts, item: str, claim: Decimal | None) -> Measured | None:
    """By the first method that its data allow, the best weight first."""
    for method in (_by_experiment, _by_comparison, _by_series, _by_before_and_after):
        found = method(card, kpi, parts)
        if found is not None:
            return _row(kpi, item, parts, *found)
    found = _by_claim(card, kpi, parts, claim)
    return _row(kpi, item, parts, *found) if found is not None else None


Found = tuple[Effect, float, float]  # with the values before and after


def _row(kpi: Kpi, item: str, parts: _Parts, effect: Effect, before: float, after: float) -> Measured:
    window = parts.windows.after
    start, end = window.mondays[0], window.mondays[-1] + timedelta(days=6)
    if effect.method == "experiment" and parts.groups.experiment_start and parts.groups.experiment_end:
        start, end = parts.groups.experiment_start.date(), parts.groups.experiment_end.date()
    return Measured(
        item,
        kpi.key,
        kpi.unit,
        kpi.better,
        before,
        after,
        effect.change,
        effect.standard_error,
        effect.n,
        effect.method,
        start,
        end,
    )


def _by_experiment(card: Card, kpi: Kpi, parts: _Parts) -> Found | None:
    if not parts.variants:
        return None
    champion, challenger = (kpi_value(card, kpi.key, parts.variants[name]) for name in (CHAMPION, CHALLENGER))
    if not _known(champion, challenger) or min(champion.n, challenger.n) < LEAST_GROUP:
        return None
    return experiment_effect(champion, challenger), *_both(champion, challenger)


def _by_comparison(card: Card, kpi: Kpi, parts: _Parts) -> Found | None:
    if not parts.has_group:
        return None
    before, after = parts.value(card, kpi, "before"), parts.value(card, kpi, "after")
    others = [parts.value(card, kpi, each) for each in ("compared_before", "compared_after")]
    if not _known(before, after, *others):
        return None
    return difference_in_differences(before, after, *others), *_both(before, after)


def _by_series(card: Card, kpi: Kpi, parts: _Parts) -> Found | None:
    """Where the weeks before had a trend, or tell as much as two windows.

    Without a trend the series only adds its own noise: then it agrees with the windows and is less precise, even though
    its method has the better weight. Only a KPI counts that says the same of a week as of the window: sums do not.
    """
    if len(parts.weeks_after) < LEAST_FUTURE or parts.groups.compared:
        return None  # beside a group that did not change the trend before is that of both
    before, after = parts.value(card, kpi, "before"), parts.value(card, kpi, "after")
    if not _known(before, after):
        return None
    series = [_series(card, kpi, weeks) for weeks in (parts.weeks_before, parts.weeks_after)]
    if not _suffices(*series):
        return None
    values = [[value for value in each if value is not None] for each in series]
    level = float(before.value or 0)
    if abs(sum(values[0]) / len(values[0]) - level) > abs(level) / 2:
        return None
    effect = interrupted_time_series(
        kpi.key,
        *values,
        n=before.n + after.n,
        unit=kpi.unit,
        better=kpi.better,
        gap=parts.windows.gap,
    )
    plain = before_after(before, after)
    agrees = effect.low <= plain.change <= effect.high
    if agrees and effect.standard_error**2 / effect.weight > plain.standard_error**2 / plain.weight:
        return None
    return effect, *_both(before, after)


def _series(card: Card, kpi: Kpi, weeks: Sequence[Sequence[CaseFacts]]) -> list[float | None]:
    """The KPI of every week, from the first one that has a value."""
    values = [kpi_value(card, kpi.key, each, with_spread=False).value if each else None for each in weeks]
    first = next((place for place, value in enumerate(values) if value is not None), len(values))
    return [None if value is None else float(value) for value in values[first:]]


def _suffices(before: Sequence[float | None], after: Sequence[float | None]) -> bool:
    told = [sum(1 for value in each if value is not None) for each in (before, after)]
    gaps = len(before) + len(after) - sum(told)
    return told[0] >= LEAST_HISTORY and told[1] >= LEAST_FUTURE and gaps <= MOST_GAPS * (len(before) + len(after))


def _by_before_and_after(card: Card, kpi: Kpi, parts: _Parts) -> Found | None:
    before, after = parts.value(card, kpi, "before"), parts.value(card, kpi, "after")
    return (before_after(before, after), *_both(before, after)) if _known(before, after) else None


def _by_claim(card: Card, kpi: Kpi, parts: _Parts, claim: Decimal | None) -> Found | None:
    """Where no case was before: what people said of the KPI before, against what was measured after."""
    after = parts.value(card, kpi, "after")
    if claim is None or parts.before or not _known(after):
        return None
    said, value = float(claim), float(after.value or 0)
    effect = Effect(kpi.key, value - said, after.standard_error or 0.0, after.n, "claim", kpi.unit, kpi.better)
    return effect, said, value


def _known(*values: KpiValue) -> bool:
    return all(value.value is not None and value.standard_error is not None for value in values)


def _both(before: KpiValue, after: KpiValue) -> tuple[float, float]:
    return float(before.value or 0), float(after.value or 0)


# Reading --------------------------------------------------------------------------------------------------------------


def _asked(work: Work, rollout: NbaRollout) -> _Asked:
    """Three statements, whatever the activity is."""
    statement = (
        select(ACTIVITY.candidate_id, CANDIDATE.item_id, ESTIMATE.content)
        .select_from(NbaActivity)
        .outerjoin(PracticeCandidate, CANDIDATE.id == ACTIVITY.candidate_id)
        .outerjoin(NbaEstimate, (ESTIMATE.activity_id == ACTIVITY.id) & ESTIMATE.is_current)
        .where(ACTIVITY.id == rollout.activity_id)
    )
    row = work.execute(statement).one()
    deployed = select(DEPLOYMENT.definition_id).where(DEPLOYMENT.candidate_id == row.candidate_id)
    ids = frozenset(work.execute(deployed).scalars())
    ways = (EXPERIMENT.challenger_definition_id.in_(sorted(ids)), EXPERIMENT.started_at >= rollout.started_at)
    experiments = (
        select(NbaExperiment.__table__)
        .where(EXPERIMENT.enterprise_id == rollout.enterprise_id)
        .where(or_(EXPERIMENT.rollout_id == rollout.id, EXPERIMENT.rollout_id.is_(None) & ways[0] & ways[1]))
        .order_by(EXPERIMENT.started_at.desc())
        .limit(1)
    )
    return _Asked(
        row.item_id,
        Expectation.of_json(row.content) if row.content else Expectation(),
        ids,
        work.execute(experiments).one_or_none(),
        rollout.plan or {},
    )


def _read_cases(
    work: Work, enterprise_id: str, process_ids: Sequence[str], windows: Windows, asked: _Asked
) -> dict[str, list[Case]]:
    """The cases by process, oldest first: of both windows, of the trend before and of the experiment."""
    if not process_ids:
        return {}
    start, end = windows.history.start, windows.after.end
    if asked.experiment is not None:
        start = min(start, asked.experiment.started_at)
        end = max(end, asked.experiment.ended_at or end)
    found: dict[str, list[Case]] = {}
    read = cases(
        work,
        enterprise_id=enterprise_id,
        process_ids=sorted(process_ids),
        start=start,
        end=end,
        seen_until=windows.seen_until,
    )
    for case in read:
        found.setdefault(case.process_id, []).append(case)
    return {name: sorted(each, key=lambda case: (case.started_at, case.id)) for name, each in found.items()}
