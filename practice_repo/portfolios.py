"""An enterprise's activities as a portfolio: what the selector sees, out of what people and rollouts have written down.

Everything is read in a constant number of statements; nothing here writes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.errors import InvalidState
from engine.store.unit_of_work import Work
from practice_repo.activities import IN_PLACE, SHOWN, UNDER_WAY, Activity, activities_of
from practice_repo.expectations import Expectation, ExpectedEffect
from practice_repo.experience import Experience, Promise, experience, promises
from practice_repo.nba_tables import NbaActivity, NbaEstimate, NbaProfile, NbaRecommendation, NbaRollout
from practice_repo.next_best_activity.availability import Exclusion
from practice_repo.next_best_activity.candidate import ZERO, Budget, Candidate, Horizon, Portfolio, Standing, Synergy
from practice_repo.next_best_activity.estimates import CENT, CostFactor, Project, cost_factor
from practice_repo.next_best_activity.gates import ChangeLoadPolicy, Conditions, Enterprise, hold_back
from practice_repo.next_best_activity.robustness import Uncertainty
from practice_repo.next_best_activity.shrinkage import Shrunk, with_expert
from practice_repo.queries.evidence import LibraryEffect, library_effects, projects
from practice_repo.tables import PracticeNeed

USUAL_COST_DEVIATION = 0.2  # of the logarithm of the cost, until rollouts have told; start value
P10_TO_P90 = 2.563  # standard deviations between them
P80 = 0.8416
KEPT = Decimal("0.000001")
ACTIVITY, ESTIMATE = NbaActivity.__table__.c, NbaEstimate.__table__.c
ROLLOUT, RECOMMENDATION = NbaRollout.__table__.c, NbaRecommendation.__table__.c


@dataclass(frozen=True)
class EffectLine:
    """One driver as it was counted: what people said, what the library knows, and what came of both."""

    expected: ExpectedEffect
    change: Decimal | None  # that was counted
    deviation: float  # of the change
    library: LibraryEffect | None
    said: str  # where the number comes from


@dataclass(frozen=True)
class Considered:
    """An activity as the scan saw it. `effect` and `cost` are money within the horizon, None while unknown."""

    activity: Activity
    expectation: Expectation | None
    estimate_id: str | None
    estimated_at: datetime | None
    lines: tuple[EffectLine, ...]
    effect: Decimal | None
    cost: Decimal | None
    effect_deviation: float
    cost_factor: CostFactor
    evidence: int  # deployments behind it
    experience: Experience  # with own estimates: guesses were multiplied by its share

    @property
    def uncertainty(self) -> Uncertainty:
        factor = self.cost_factor
        spread = float((factor.p80 / factor.median).ln()) / P80 if factor.projects else USUAL_COST_DEVIATION
        return Uncertainty(self.effect_deviation, spread)


@dataclass(frozen=True)
class Situation:
    """All that a scan needs. Ids in `portfolio`, `standing` and `barred` are keys of activities."""

    profile: NbaProfile
    today: date
    considered: Mapping[str, Considered]
    portfolio: Portfolio
    standing: Standing
    barred: Mapping[str, Exclusion]

    def date_of(self, day: int) -> date:
        return self.profile.starts_on + timedelta(days=day)


def profile_of(work: Work, enterprise_id: str) -> NbaProfile:
    """Raises InvalidState when the enterprise has not said yet how it chooses."""
    found = work.session.get(NbaProfile, enterprise_id)
    if found is None:
        raise InvalidState("This enterprise has no profile yet: fill in window, budget and context first.")
    return found


def read_situation(work: Work, enterprise_id: str, now: datetime) -> Situation:
    """Where the enterprise stands at this moment. Raises InvalidState without a profile."""
    profile = profile_of(work, enterprise_id)
    today = now.date()
    everything = consider(work, profile, activities_of(work, enterprise_id))
    considered = {key: each for key, each in everything.items() if each.activity.state in SHOWN}
    rollouts = rollouts_of(work, enterprise_id)
    decisions = _decisions(work, enterprise_id)
    keys = {each.activity.id: key for key, each in considered.items()}
    standing = _standing(profile, today, considered, rollouts, decisions, keys)
    portfolio = _portfolio(profile, considered.values(), standing)
    enterprise = _enterprise(work, profile, everything, standing, rollouts, decisions, keys)
    barred = _barred(profile, considered, standing, enterprise)
    return Situation(profile, today, considered, portfolio, standing, barred)


def current_estimates(work: Work, enterprise_id: str) -> dict[str, Any]:
    """The newest estimate of every activity, by its id: rows with `id content at by`."""
    statement = (
        select(ESTIMATE.id, ESTIMATE.activity_id, ESTIMATE.content, ESTIMATE.at, ESTIMATE.by)
        .join(NbaActivity, ACTIVITY.id == ESTIMATE.activity_id)
        .where(ACTIVITY.enterprise_id == enterprise_id, ESTIMATE.is_current)
    )
    return {row.activity_id: row for row in work.execute(statement)}


def rollouts_of(work: Work, enterprise_id: str) -> list[NbaRollout]:
    """All rollouts of the enterprise, oldest first."""
    statement = select(NbaRollout).where(NbaRollout.enterprise_id == enterprise_id).order_by(NbaRollout.started_at)
    return list(work.session.execute(statement).scalars())


@dataclass(frozen=True)
class Knowledge:
    """What was measured so far: by everybody of practices, by this enterprise of its own estimates."""

    effects: Mapping[tuple[str, str], LibraryEffect]
    projects: Sequence[Project]
    promises: Sequence[Promise]


def consider(work: Work, profile: NbaProfile, activities: Sequence[Activity]) -> dict[str, Considered]:
    """Every activity with effect and cost as they are expected today, by key."""
    estimates = current_estimates(work, profile.enterprise_id)
    expectations = {
        each.id: Expectation.of_json(estimates[each.id].content) for each in activities if each.id in estimates
    }
    known = _knowledge(work, profile, [(each, expectations[each.id]) for each in activities if each.id in expectations])
    return {
        each.key: _considered(each, estimates.get(each.id), expectations.get(each.id), known, profile.horizon_days)
        for each in activities
    }


def consider_guess(work: Work, profile: NbaProfile, activity: Activity, expectation: Expectation) -> Considered:
    """The activity as a scan would see it with this expectation, before anybody keeps it."""
    known = _knowledge(work, profile, [(activity, expectation)])
    return _considered(activity, None, expectation, known, profile.horizon_days)


def _knowledge(work: Work, profile: NbaProfile, expected: Iterable[tuple[Activity, Expectation]]) -> Knowledge:
    wanted = {
        (effect.practice, effect.kpi) for each, what in expected for effect in what.effects if _is_of(each, effect)
    }
    return Knowledge(
        library_effects(work, enterprise_id=profile.enterprise_id, industry=profile.industry, wanted=wanted),
        projects(work, profile.enterprise_id),
        promises(work, profile.enterprise_id),
    )


def _is_of(activity: Activity, effect: ExpectedEffect) -> bool:
    """Whether outcomes of the practice that has the KPI are outcomes of this activity."""
    return bool(effect.practice) and effect.practice == activity.item_id


def _considered(
    activity: Activity,
    estimate: Any,
    expectation: Expectation | None,
    known: Knowledge,
    horizon_days: int,
) -> Considered:
    factor = cost_factor(known.projects, activity.item_id or "", activity.area)
    trust = experience(known.promises, activity.area)
    if expectation is None:
        return Considered(activity, None, None, None, (), None, None, 0.0, factor, 0, trust)
    lines = tuple(
        count_effect(each, known.effects.get((each.practice, each.kpi)) if _is_of(activity, each) else None, trust)
        for each in expectation.effects
    )
    lump = None if expectation.lump_effect is None else (expectation.lump_effect * trust.share).quantize(CENT)
    counted = replace(
        expectation, effects=tuple(replace(each.expected, change=each.change) for each in lines), lump_effect=lump
    )
    years = float(counted.ramp.days_of_full_effect(horizon_days)) / 365
    variance = sum(
        (line.deviation * float(line.expected.volume_per_year * line.expected.unit_value) * years) ** 2
        for line in lines
        if line.change is not None
    )
    return Considered(
        activity,
        expectation,
        estimate.id if estimate else None,
        estimate.at if estimate else None,
        lines,
        counted.effect(horizon_days),
        counted.cost(horizon_days, factor.median),
        math.sqrt(variance + (trust.error * float(lump or 0)) ** 2),
        factor,
        max((line.library.outcomes for line in lines if line.library), default=0),
        trust,
    )


def count_effect(
    expected: ExpectedEffect, library: LibraryEffect | None, trust: Experience = Experience()
) -> EffectLine:
    """People's guess, as far as guesses have come true, and what others measured, each with the weight of its
    precision.

    What the library knows is a share of the baseline; without a baseline only the guess counts.
    """
    base = abs(expected.baseline or ZERO)
    guess = None if expected.change is None else (expected.change * trust.share).quantize(KEPT)
    error = _error_of(expected, trust)
    if library is None or not base:
        said = expected.source or ("own estimate" if guess is not None else "nobody has estimated it")
        return EffectLine(expected, guess, error, None, said)
    mean, deviation = library.mean * float(base), library.deviation * float(base)
    if guess is not None and error > 0:
        shrunk = Shrunk(mean, deviation, 1.0, library.outcomes, library.in_industry, "")
        mean, deviation = with_expert(shrunk, float(guess), error)
    change = Decimal(str(mean)).quantize(KEPT)
    return EffectLine(expected, change, deviation, library, library.said)


def _error_of(expected: ExpectedEffect, trust: Experience) -> float:
    """The larger of what people say and what their guesses were off by."""
    usual = trust.error * abs(float(expected.change or 0))
    if expected.low is not None and expected.high is not None and expected.high > expected.low:
        said = float(expected.high - expected.low) / P10_TO_P90
        return max(said, usual) if trust.rollouts else said
    return usual


def _portfolio(profile: NbaProfile, considered: Iterable[Considered], standing: Standing) -> Portfolio:
    return Portfolio(
        candidates=tuple(_candidate(each, profile, standing) for each in considered),
        budget=Budget(profile.budget, profile.budget_per_period),
        horizon=Horizon(profile.horizon_days, profile.period_days),
        staff={role: Decimal(heads) for role, heads in profile.staff.items()} or None,
        synergies=tuple(Synergy(tuple(each["keys"]), Decimal(each["effect"])) for each in profile.synergies),
        coverage={area: int(least) for area, least in profile.coverage.items()},
        risk_floor=profile.risk_floor,
        parallel=profile.parallel,
    )


def _candidate(each: Considered, profile: NbaProfile, standing: Standing) -> Candidate:
    expects = each.expectation or Expectation()
    low = None
    if each.effect is not None:
        low = min(each.effect, each.effect - Decimal(str(round(1.2816 * each.effect_deviation, 2))))
    return Candidate(
        id=each.activity.key,
        effect=each.effect,
        cost=each.cost,
        prerequisites=expects.prerequisites,
        excludes=expects.excludes,
        group=expects.group,
        duration_days=expects.duration_days,
        window=(_day(expects.window_from, profile), _day(expects.window_to, profile)),
        staff=expects.staff,
        must=expects.must,
        lag_days=expects.lag_days,
        evidence=each.evidence,
        success=expects.success,
        low_effect=low,
        area=each.activity.area or None,
    )


def _day(day: date | None, profile: NbaProfile) -> int | None:
    return None if day is None else (day - profile.starts_on).days


@dataclass
class _Decisions:
    """What people have said so far to recommendations, by the id of the activity: (day, reason or end)."""

    rejected: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    deferred: dict[str, date] = field(default_factory=dict)


def _decisions(work: Work, enterprise_id: str) -> _Decisions:
    statement = (
        select(
            RECOMMENDATION.activity_id,
            RECOMMENDATION.state,
            RECOMMENDATION.reason,
            RECOMMENDATION.until,
            RECOMMENDATION.decided_at,
        )
        .where(RECOMMENDATION.enterprise_id == enterprise_id, RECOMMENDATION.state.in_(("rejected", "deferred")))
        .order_by(RECOMMENDATION.number)
    )
    found = _Decisions()
    for row in work.execute(statement):
        if row.state == "rejected":
            found.rejected.setdefault(row.activity_id, []).append((row.decided_at, row.reason))
        elif row.until is not None:
            found.deferred[row.activity_id] = row.until
    return found


def _standing(
    profile: NbaProfile,
    today: date,
    considered: Mapping[str, Considered],
    rollouts: Sequence[NbaRollout],
    decisions: _Decisions,
    keys: Mapping[str, str],
) -> Standing:
    day = (today - profile.starts_on).days
    since = {keys[each.activity_id]: each.finished_at for each in rollouts if each.activity_id in keys and each.success}
    done = {
        each.key: (since[each.key].date() - profile.starts_on).days if since.get(each.key) else 0
        for each in (known.activity for known in considered.values())
        if each.state in IN_PLACE
    }
    running = {keys[each.activity_id] for each in rollouts if each.state == "running" and each.activity_id in keys}
    running |= {key for key, each in considered.items() if each.activity.state in UNDER_WAY}
    spent, by_period = _spent(profile, rollouts)
    return Standing(
        day=max(0, day),
        done=done,
        running=frozenset(running),
        rejected=_rejected(decisions, considered, keys),
        deferred={keys[key]: _day(until, profile) or 0 for key, until in decisions.deferred.items() if key in keys},
        spent=spent,
        spent_in_period=by_period,
    )


def _rejected(decisions: _Decisions, considered: Mapping[str, Considered], keys: Mapping[str, str]) -> dict[str, str]:
    """Rejected and not estimated anew since: a new estimate asks again."""
    found = {}
    for activity_id, answers in decisions.rejected.items():
        each = considered.get(keys.get(activity_id, ""))
        said_at, reason = answers[-1]
        if each is not None and (each.estimated_at is None or each.estimated_at <= said_at):
            found[each.activity.key] = reason
    return found


def _spent(profile: NbaProfile, rollouts: Iterable[NbaRollout]) -> tuple[Decimal, dict[int, Decimal]]:
    """Money of the window: what rollouts did cost, or were planned to; by the period in which they started."""
    by_period: dict[int, Decimal] = {}
    for each in rollouts:
        day = (each.planned_start - profile.starts_on).days
        if day >= 0:
            cost = each.actual_cost if each.actual_cost is not None else each.planned_cost
            by_period[day // profile.period_days] = by_period.get(day // profile.period_days, ZERO) + cost
    return sum(by_period.values(), ZERO), by_period


def _enterprise(
    work: Work,
    profile: NbaProfile,
    everything: Mapping[str, Considered],
    standing: Standing,
    rollouts: Sequence[NbaRollout],
    decisions: _Decisions,
    keys: Mapping[str, str],
) -> Enterprise:
    """What the gates know about the enterprise today."""
    open_needs = select(PracticeNeed.id).where(
        PracticeNeed.enterprise_id == profile.enterprise_id, PracticeNeed.state.in_(("open", "in_work"))
    )
    expectations = {each.activity.id: each.expectation for each in everything.values() if each.expectation}
    known = [(each, expectations[each.activity_id]) for each in rollouts if each.activity_id in expectations]
    running = [expects for rollout, expects in known if rollout.state == "running"]
    return Enterprise(
        employees=profile.employees,
        region=profile.region or None,
        industry=profile.industry or None,
        licences=frozenset(profile.licences),
        open_needs=frozenset(work.execute(open_needs).scalars()),
        risk_appetite=profile.risk_appetite,
        data_quality=profile.data_quality,
        day=standing.day,
        running_in=_sums((expects.department, 1) for expects in running),
        load_of=_sums((expects.department, expects.change_points) for expects in running),
        failed_on={
            expects.department: (rollout.finished_at.date() - profile.starts_on).days
            for rollout, expects in known
            if rollout.finished_at and rollout.success is False
        },
        rejected_on={
            keys[key]: tuple((moment.date() - profile.starts_on).days for moment, _ in answers)
            for key, answers in decisions.rejected.items()
            if key in keys
        },
    )


def _barred(
    profile: NbaProfile, considered: Mapping[str, Considered], standing: Standing, enterprise: Enterprise
) -> dict[str, Exclusion]:
    conditions = {key: _conditions(each.expectation) for key, each in considered.items() if each.expectation}
    waiting = [key for key in considered if key not in standing.done and key not in standing.running]
    return hold_back(waiting, conditions, enterprise, ChangeLoadPolicy(**profile.policy))


def _conditions(expects: Expectation) -> Conditions:
    return Conditions(
        licences=frozenset(expects.licences),
        forbidden_regions=frozenset(expects.forbidden_regions),
        least_employees=expects.least_employees,
        most_employees=expects.most_employees,
        industries=frozenset(expects.industries),
        needs=frozenset(expects.needs),
        risk=expects.risk,
        department=expects.department or None,
        change_points=expects.change_points,
    )


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, amount in pairs:
        found[name] = found.get(name, 0) + amount
    return found
