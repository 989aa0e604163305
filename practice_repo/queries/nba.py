"""What the screens of the next best activity show: the recommendation and why, the plan, the portfolio, the estimates.

A recommendation is shown from what was kept with it, so that an old one looks as it did when it was made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Row, select

from engine.store.tables import ProcessInstance, UserTask
from engine.store.unit_of_work import Work
from practice_repo.activities import IN_PLACE, Activity, activities_of, activity_of
from practice_repo.card import Card, read_card
from practice_repo.commands.decide import waiting_task
from practice_repo.contents import get_files
from practice_repo.expectations import Expectation, suggested
from practice_repo.nba_tables import NbaActivity, NbaEstimate, NbaProfile, NbaRecommendation, NbaRollout
from practice_repo.next_best_activity.answer import answer
from practice_repo.next_best_activity.candidate import ZERO, Candidate
from practice_repo.next_best_activity.exploration import Rules
from practice_repo.next_best_activity.index import index_of
from practice_repo.portfolios import (
    Considered,
    EffectLine,
    Situation,
    consider,
    current_estimates,
    profile_of,
    read_situation,
    rollouts_of,
)
from practice_repo.practice import CARD, Text
from practice_repo.rollouts import LATE, is_on_cost, is_on_time
from practice_repo.stale import LOOP, REASONS
from practice_repo.tables import PracticeCandidate

RECOMMENDATION, ROLLOUT = NbaRecommendation.__table__.c, NbaRollout.__table__.c
ACTIVITY, ESTIMATE = NbaActivity.__table__.c, NbaEstimate.__table__.c
RECENT = 20
REACHED, ADOPTED = Decimal("0.8"), 0.7  # shares of effect and of people that still count as success
HIDDEN = frozenset({"found", "acquired", "tailored"})


# The recommendation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RankedActivity:
    """One line of the ranking. `index` is S as an exact text, None for what costs nothing or is not estimated."""

    activity_id: str
    key: str
    name: Text
    rank: int | None
    index: str | None
    display: str  # S with two decimals, or the class in words
    class_: str  # costless | finite | needs estimate | no-op
    effect: Decimal | None  # of the whole bundle, where it is one
    cost: Decimal | None
    net: Decimal | None
    reason: str
    bundle: tuple[str, ...]  # keys, of closure-S
    p10: float | None
    p50: float | None
    p90: float | None
    positive: float | None  # probability of S > 0
    best: float | None  # probability of being best
    break_even: Decimal | None
    evidence: int
    duration_days: int
    effects: tuple[Mapping[str, Any], ...]  # see deciding.inputs_of
    costs: tuple[Mapping[str, Any], ...]
    candidate_id: str | None


@dataclass(frozen=True)
class ExcludedActivity:
    activity_id: str | None
    key: str
    name: Text
    gate: str
    reason: str


@dataclass(frozen=True)
class TraceStep:
    exploration: int
    n: int
    key: str
    name: Text
    index: str | None
    best: str  # key of the best after the step
    verdict: str  # start | take | keep
    text: str


@dataclass(frozen=True)
class FlipTo:
    key: str
    name: Text
    effect: float  # needed to draw level with the recommended
    cost: float | None


@dataclass(frozen=True)
class RecommendationRow:
    id: str
    number: int
    mode: str
    stop: str
    state: str
    activity_id: str | None
    name: Text | None
    chosen: Text | None
    reason: str
    until: date | None
    at: datetime
    by: str
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True)
class RecommendationView:
    row: RecommendationRow
    next: RankedActivity | None
    runners_up: tuple[RankedActivity, ...]
    needs_estimate: tuple[RankedActivity, ...]
    excluded: tuple[ExcludedActivity, ...]
    trace: tuple[TraceStep, ...]
    explanation: str
    stop_reason: str | None
    needs_confirmation: bool
    flips: tuple[FlipTo, ...]
    paper_pick: RankedActivity | None  # None when it is the same or there is none
    exploring: Mapping[str, Any] | None  # id, instead_of, reason: guarded exploration chose
    totals: Mapping[str, Any]
    inputs: Mapping[str, Any]
    waits_until: date | None
    is_stale: bool
    stale_reason: Text | None

    @property
    def currency(self) -> str:
        return str(self.inputs["currency"])


@dataclass(frozen=True)
class LoopState:
    """`state`: none | running | ended. `waits_for` is the name of the open task that holds the loop up."""

    instance_id: str | None
    state: str
    task_id: str | None
    waits_for: str | None
    may_decide_now: bool


@dataclass(frozen=True)
class NbaPage:
    profile: NbaProfile | None
    recommendation: RecommendationView | None
    history: tuple[RecommendationRow, ...]  # newest first
    running: tuple["RolloutRow", ...]
    loop: LoopState


def nba_page(work: Work, *, enterprise_id: str, now: datetime) -> NbaPage:
    """What stands on the first screen, in a constant number of statements."""
    rows = _recommendations(work, enterprise_id)
    newest = next(iter(rows), None)
    names = {each.id: each.name for each in activities_of(work, enterprise_id)}
    rollouts = _rollout_rows(work, enterprise_id, names, now)
    return NbaPage(
        profile=work.session.get(NbaProfile, enterprise_id),
        recommendation=_view(newest, names) if newest else None,
        history=tuple(_row(each, names) for each in rows),
        running=tuple(each for each in rollouts if each.state == "running"),
        loop=_loop(work, enterprise_id),
    )


def recommendation(work: Work, *, recommendation_id: str, enterprise_id: str) -> RecommendationView | None:
    """One of the past; None when the enterprise has none with this id."""
    statement = select(NbaRecommendation).where(
        NbaRecommendation.id == recommendation_id, NbaRecommendation.enterprise_id == enterprise_id
    )
    found = work.session.execute(statement).scalar_one_or_none()
    names = {each.id: each.name for each in activities_of(work, enterprise_id)}
    return None if found is None else _view(found, names)


def _recommendations(work: Work, enterprise_id: str) -> list[NbaRecommendation]:
    statement = (
        select(NbaRecommendation)
        .where(NbaRecommendation.enterprise_id == enterprise_id)
        .order_by(NbaRecommendation.number.desc())
        .limit(RECENT)
    )
    return list(work.session.execute(statement).scalars())


def _row(found: NbaRecommendation, names: Mapping[str, Text]) -> RecommendationRow:
    return RecommendationRow(
        id=found.id,
        number=found.number,
        mode=found.mode,
        stop=found.stop,
        state=found.state,
        activity_id=found.activity_id,
        name=names.get(found.activity_id or ""),
        chosen=names.get(found.chosen_activity_id or ""),
        reason=found.reason,
        until=found.until,
        at=found.at,
        by=found.by,
        decided_at=found.decided_at,
        decided_by=found.decided_by,
    )


def _view(found: NbaRecommendation, names: Mapping[str, Text]) -> RecommendationView:
    told, inputs = found.answer, found.inputs["activities"]
    ranked = [_ranked(n, each, told, inputs) for n, each in enumerate(told["ranking"], start=1)]
    rankable = [each for each in ranked if each.class_ in ("finite", "costless")]
    chosen = next((each for each in rankable if each.key == told["next"]), None)
    if chosen is None and told["next"]:
        chosen = _from_inputs(told["next"], told, inputs)
    paper = told.get("paper")
    pick = next((each for each in rankable if paper and each.key == paper["id"]), None)
    return RecommendationView(
        row=_row(found, names),
        next=chosen,
        runners_up=tuple(each for each in rankable if chosen is None or each.key != chosen.key),
        needs_estimate=tuple(each for each in ranked if each.class_ not in ("finite", "costless")),
        excluded=tuple(_excluded(each, inputs) for each in told["excluded"]),
        trace=tuple(_step(each, inputs) for each in told["trace"]),
        explanation=told["explanation"],
        stop_reason=told.get("stop_reason"),
        needs_confirmation=chosen is not None and (chosen.net or ZERO) <= 0,
        flips=tuple(
            FlipTo(each["id"], _name(each["id"], inputs), each["effect"], each["cost"]) for each in told["flips"]
        ),
        paper_pick=pick if pick and chosen and pick.key != chosen.key else None,
        exploring=told.get("exploring"),
        totals=told["totals"],
        inputs=found.inputs,
        waits_until=_date(told.get("waits_until_day"), found.inputs),
        is_stale=found.stale_since is not None,
        stale_reason=REASONS.get(found.stale_reason or ""),
    )


def _ranked(rank: int, entry: Mapping[str, Any], told: Mapping[str, Any], inputs: Mapping[str, Any]) -> RankedActivity:
    known = inputs[entry["id"]]
    spread = told["spreads"].get(entry["id"], {})
    members = [inputs[key] for key in entry.get("bundle", ())] or [known]
    effect, cost = (_total(members, name) for name in ("effect", "cost"))
    return RankedActivity(
        activity_id=known["id"],
        key=entry["id"],
        name=_name(entry["id"], inputs),
        rank=rank if entry["class"] in ("finite", "costless") else None,
        index=entry["index"],
        display=display_of(entry["index"]) if entry["index"] is not None else entry["class"],
        class_=entry["class"],
        effect=effect,
        cost=cost,
        net=None if effect is None or cost is None else effect - cost,
        reason=entry["reason"],
        bundle=tuple(entry.get("bundle", ())),
        p10=spread.get("p10"),
        p50=spread.get("p50"),
        p90=spread.get("p90"),
        positive=spread.get("positive"),
        best=spread.get("best"),
        break_even=Decimal(told["break_even"][entry["id"]]) if told["break_even"].get(entry["id"]) else None,
        evidence=known["evidence"],
        duration_days=known["duration_days"],
        effects=tuple(known["lines"]),
        costs=tuple(known["costs"]),
        candidate_id=known["candidate_id"],
    )


def _total(members: Sequence[Mapping[str, Any]], name: str) -> Decimal | None:
    """Of an activity, or of all of a bundle; None as long as one of them is not estimated."""
    amounts = [each[name] for each in members]
    return None if None in amounts else _sum(Decimal(each) for each in amounts)


def _from_inputs(key: str, told: Mapping[str, Any], inputs: Mapping[str, Any]) -> RankedActivity:
    """What is recommended without a rank of its own: the first of a bundle or of a plan."""
    known = inputs[key]
    index = index_of(Candidate(key, _amount(known["effect"]), _amount(known["cost"])))
    value = None if index.value is None else str(index.value)
    entry = {"id": key, "index": value, "class": index.kind, "reason": told["explanation"]}
    return replace(_ranked(0, entry, {**told, "spreads": {}}, inputs), rank=None)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def display_of(index: str) -> str:
    """S with two decimals, as people read it; the exact value stays beside it."""
    return f"{float(Fraction(index)):.2f}"


def _name(key: str, inputs: Mapping[str, Any]) -> Text:
    known = inputs.get(key)
    return Text(known["title"], known["title_zh"]) if known else Text(key, key)


def _excluded(entry: Mapping[str, Any], inputs: Mapping[str, Any]) -> ExcludedActivity:
    known = inputs.get(entry["id"])
    key = entry["id"]
    return ExcludedActivity(known and known["id"], key, _name(key, inputs), entry["gate"], entry["reason"])


def _step(entry: Mapping[str, Any], inputs: Mapping[str, Any]) -> TraceStep:
    key = entry.get("id", "")
    return TraceStep(
        exploration=entry["exploration"],
        n=entry["n"],
        key=key,
        name=_name(key, inputs),
        index=entry.get("index"),
        best=entry.get("best", ""),
        verdict=entry.get("decision", ""),
        text=entry["text"],
    )


def _date(day: int | None, inputs: Mapping[str, Any]) -> date | None:
    return None if day is None else date.fromisoformat(inputs["starts_on"]) + timedelta(days=day)


def _loop(work: Work, enterprise_id: str) -> LoopState:
    instance, task = ProcessInstance.__table__.c, UserTask.__table__.c
    newest = (
        select(instance.id, instance.state)
        .where(instance.enterprise_id == enterprise_id, instance.process_id == LOOP)
        .order_by(instance.started_at.desc())
        .limit(1)
    )
    found = work.execute(newest).one_or_none()
    if found is None:
        return LoopState(None, "none", None, None, False)
    if found.state not in ("active", "suspended"):
        return LoopState(found.id, "ended", None, None, False)
    waiting = (
        select(task.id, task.name)
        .where(task.process_instance_id == found.id, task.state == "open")
        .order_by(task.created_at)
        .limit(1)
    )
    open_task = work.execute(waiting).one_or_none()
    may_decide = waiting_task(work, enterprise_id) is not None
    return LoopState(found.id, "running", open_task and open_task.id, open_task and open_task.name, may_decide)


# The portfolio --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RolloutRow:
    """One execution, planned and actual. The four measures of success are None until they are known (A44)."""

    id: str
    activity_id: str
    name: Text
    state: str  # running | completed | aborted
    phase: str
    planned_start: date
    planned_finish: date
    started_at: datetime
    live_at: datetime | None
    finished_at: datetime | None
    planned_effect: Decimal
    planned_cost: Decimal
    planned_index: str | None
    actual_effect: Decimal | None
    actual_cost: Decimal | None
    actual_index: str | None
    on_time: bool | None
    on_cost: bool | None
    effect_reached: bool | None
    adopted: bool | None
    adoption_rate: float | None
    measured: tuple[Mapping[str, Any], ...]
    success: bool | None
    reason: str
    process_instance_id: str | None
    is_late: bool  # still running after the day on which it should have ended


@dataclass(frozen=True)
class CurvePoint:
    """Cumulative net benefit at the end of this day; `actual` ends today."""

    day: date
    planned: Decimal
    actual: Decimal | None


@dataclass(frozen=True)
class PortfolioPage:
    rows: tuple[RolloutRow, ...]  # newest first
    curve: tuple[CurvePoint, ...]
    payback_on: date | None  # when the planned curve stays above 0
    totals: Mapping[str, Decimal]  # planned_effect planned_cost actual_effect actual_cost
    currency: str


def portfolio(work: Work, *, enterprise_id: str, now: datetime) -> PortfolioPage:
    """All rollouts, planned against actual. Raises InvalidState without a profile."""
    profile = profile_of(work, enterprise_id)
    names = {each.id: each.name for each in activities_of(work, enterprise_id)}
    rows = _rollout_rows(work, enterprise_id, names, now)
    curve = tuple(_curve(rows, profile, now.date()))
    return PortfolioPage(
        rows=tuple(rows),
        curve=curve,
        payback_on=_payback(curve),
        totals={
            "planned_effect": _sum(each.planned_effect for each in rows),
            "planned_cost": _sum(each.planned_cost for each in rows),
            "actual_effect": _sum(each.actual_effect for each in rows),
            "actual_cost": _sum(each.actual_cost for each in rows),
        },
        currency=profile.currency,
    )


def _rollout_rows(work: Work, enterprise_id: str, names: Mapping[str, Text], now: datetime) -> list[RolloutRow]:
    return [_rollout_row(each, names, now.date()) for each in reversed(rollouts_of(work, enterprise_id))]


def _rollout_row(found: NbaRollout, names: Mapping[str, Text], today: date) -> RolloutRow:
    finished = found.finished_at.date() if found.finished_at else None
    return RolloutRow(
        id=found.id,
        activity_id=found.activity_id,
        name=names.get(found.activity_id, Text("", "")),
        state=found.state,
        phase=found.phase,
        planned_start=found.planned_start,
        planned_finish=found.planned_finish,
        started_at=found.started_at,
        live_at=found.live_at,
        finished_at=found.finished_at,
        planned_effect=found.planned_effect,
        planned_cost=found.planned_cost,
        planned_index=_index(found.planned_effect, found.planned_cost),
        actual_effect=found.actual_effect,
        actual_cost=found.actual_cost,
        actual_index=_index(found.actual_effect, found.actual_cost),
        on_time=is_on_time(found),
        on_cost=is_on_cost(found),
        effect_reached=None if found.actual_effect is None else found.actual_effect >= found.planned_effect * REACHED,
        adopted=None if found.adoption_rate is None else found.adoption_rate >= ADOPTED,
        adoption_rate=found.adoption_rate,
        measured=tuple(found.measured),
        success=found.success,
        reason=found.reason,
        process_instance_id=found.process_instance_id,
        is_late=finished is None and today > found.planned_finish + LATE,
    )


def _index(effect: Decimal | None, cost: Decimal | None) -> str | None:
    if effect is None or cost is None:
        return None
    value = index_of(Candidate("it", effect, cost)).value
    return None if value is None else str(value)


def _curve(rows: Sequence[RolloutRow], profile: NbaProfile, today: date) -> Iterable[CurvePoint]:
    """A point at the start of every period: costs count at the start, effects day by day over one horizon after."""
    counted = [each for each in rows if each.state != "aborted" or each.actual_cost]
    if not counted:
        return
    first = min(each.planned_start for each in counted)
    last = max(each.planned_finish for each in counted) + timedelta(days=profile.horizon_days)
    days = {first + timedelta(days=n) for n in range(0, (last - first).days, profile.period_days)} | {last}
    for day in sorted(days | {today} if first <= today <= last else days):
        actual = _sum(_actual_by(each, day, profile.horizon_days) for each in counted) if day <= today else None
        yield CurvePoint(day, _sum(_planned_by(each, day, profile.horizon_days) for each in counted), actual)


def _planned_by(row: RolloutRow, day: date, horizon: int) -> Decimal:
    cost = row.planned_cost if day >= row.planned_start else ZERO
    return _earned(row.planned_effect, row.planned_finish, day, horizon) - cost


def _actual_by(row: RolloutRow, day: date, horizon: int) -> Decimal:
    """What was measured; until something was, the plan from the day of going live."""
    spent = row.actual_cost if row.actual_cost is not None else row.planned_cost
    cost = spent if day >= row.started_at.date() else ZERO
    if row.live_at is None or row.state == "aborted":
        return -cost
    effect = row.actual_effect if row.actual_effect is not None else row.planned_effect
    return _earned(effect, row.live_at.date(), day, horizon) - cost


def _earned(effect: Decimal, since: date, day: date, horizon: int) -> Decimal:
    share = Decimal(min(max(0, (day - since).days), horizon)) / horizon
    return (effect * share).quantize(Decimal("0.01"))


def _payback(curve: Sequence[CurvePoint]) -> date | None:
    """The first point from which on the curve is not below 0 any more: actual up to today, planned afterwards."""
    since = None
    for point in curve:
        value = point.planned if point.actual is None else point.actual
        since = (since or point.day) if value >= 0 else None
    return since


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((each for each in amounts if each is not None), ZERO)


# The plan -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlanBar:
    activity_id: str
    key: str
    name: Text
    start: date
    finish: date
    cost: Decimal | None
    effect: Decimal | None
    index: str | None
    state: str  # done | running | planned
    prerequisites: tuple[str, ...]  # keys


@dataclass(frozen=True)
class Period:
    start: date
    finish: date  # the last day
    cost: Decimal  # of the rollouts that start in it
    budget: Decimal | None
    staff: Mapping[str, tuple[Decimal, Decimal | None]]  # role → most heads at once, heads that exist


@dataclass(frozen=True)
class PlanPage:
    bars: tuple[PlanBar, ...]
    periods: tuple[Period, ...]
    mode: str
    status: str | None  # optimal | feasible | greedy: of the solver
    gap: float | None
    explanation: str
    left_out: tuple[ExcludedActivity, ...]
    totals: Mapping[str, Any]
    paper: RankedActivity | None
    currency: str
    today: date


def plan(work: Work, *, enterprise_id: str, now: datetime, mode: str | None = None) -> PlanPage:
    """What would be rolled out when, from now on. `mode` as in the profile: scan and closure are run to their end.

    Computes: a plan of 200 activities takes a second. Raises InvalidState without a profile.
    """
    situation = read_situation(work, enterprise_id, now)
    chosen = mode or situation.profile.mode
    stop = "positive" if chosen == "closure" else situation.profile.stop
    found = answer(situation.portfolio, situation.standing, chosen, Rules(stop), is_loop=True, barred=situation.barred)
    inputs = {
        key: {"id": each.activity.id, "title": each.activity.title, "title_zh": each.activity.title_zh}
        for key, each in situation.considered.items()
    }
    rollouts = rollouts_of(work, enterprise_id)
    bars = [*_past_bars(situation, rollouts), *(_planned_bar(each, situation) for each in found["plan"])]
    solver = found.get("solver", {})
    return PlanPage(
        bars=tuple(bars),
        periods=tuple(_periods(situation, bars)),
        mode=chosen,
        status=solver.get("status"),
        gap=solver.get("gap"),
        explanation=found["explanation"],
        left_out=tuple(_excluded(each, inputs) for each in found["excluded"] if each["gate"] != "status"),
        totals=found["totals"],
        paper=None,
        currency=situation.profile.currency,
        today=situation.today,
    )


def _past_bars(situation: Situation, rollouts: Sequence[NbaRollout]) -> list[PlanBar]:
    by_id = {each.activity.id: each for each in situation.considered.values()}
    return [
        PlanBar(
            activity_id=each.activity_id,
            key=by_id[each.activity_id].activity.key,
            name=by_id[each.activity_id].activity.name,
            start=each.started_at.date(),
            finish=(each.live_at or each.finished_at).date()
            if each.live_at or each.finished_at
            else each.planned_finish,
            cost=each.actual_cost if each.actual_cost is not None else each.planned_cost,
            effect=each.actual_effect if each.actual_effect is not None else each.planned_effect,
            index=_index(each.planned_effect, each.planned_cost),
            state="running" if each.state == "running" else "done",
            prerequisites=situation.portfolio.by_id[by_id[each.activity_id].activity.key].prerequisites,
        )
        for each in rollouts
        if each.state != "aborted" and each.activity_id in by_id
    ]


def _planned_bar(entry: Mapping[str, Any], situation: Situation) -> PlanBar:
    candidate, known = situation.portfolio.by_id[entry["id"]], situation.considered[entry["id"]]
    return PlanBar(
        activity_id=known.activity.id,
        key=candidate.id,
        name=known.activity.name,
        start=situation.date_of(entry["start"]),
        finish=situation.date_of(entry["finish"]),
        cost=candidate.cost,
        effect=candidate.effect,
        index=_index(candidate.effect, candidate.cost),
        state="planned",
        prerequisites=candidate.prerequisites,
    )


def _periods(situation: Situation, bars: Sequence[PlanBar]) -> Iterable[Period]:
    profile, portfolio = situation.profile, situation.portfolio
    for number in range(-(-profile.horizon_days // profile.period_days)):
        start = situation.date_of(number * profile.period_days)
        finish = min(start + timedelta(days=profile.period_days - 1), situation.date_of(profile.horizon_days))
        yield Period(
            start=start,
            finish=finish,
            cost=_sum(each.cost for each in bars if start <= each.start <= finish),
            budget=portfolio.budget.of_period(number),
            staff={
                role: (_most_heads(role, start, finish, bars, portfolio.by_id), (portfolio.staff or {}).get(role))
                for role in sorted({role for each in portfolio.candidates for role in each.staff})
            },
        )


def _most_heads(
    role: str, start: date, finish: date, bars: Sequence[PlanBar], candidates: Mapping[str, Candidate]
) -> Decimal:
    """The most heads of the role that are busy on one day of the period: that is on a day on which a bar starts."""
    moments = {start, *(each.start for each in bars if start <= each.start <= finish)}
    busy = (
        _sum(
            candidates[each.key].staff.get(role)
            for each in bars
            if each.state != "done" and each.start <= day < each.finish
        )
        for day in moments
    )
    return max(busy, default=ZERO)


# Activities and estimates ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ActivityRow:
    activity: Activity
    effect: Decimal | None
    cost: Decimal | None
    index: str | None
    has_estimate: bool
    estimated_at: datetime | None
    estimated_by: str | None
    prerequisites: tuple[str, ...]

    @property
    def is_in_place(self) -> bool:
        return self.activity.state in IN_PLACE


@dataclass(frozen=True)
class EstimateVersion:
    id: str
    number: int
    at: datetime
    by: str
    note: str
    expectation: Expectation


@dataclass(frozen=True)
class EstimatePage:
    """`considered` is what the next scan will count: guesses and the library's knowledge together."""

    activity: Activity
    expectation: Expectation | None
    versions: tuple[EstimateVersion, ...]  # newest first
    suggested: Expectation | None  # from the practice's card
    considered: Considered
    index: str | None
    keys: tuple[tuple[str, Text], ...]  # of the other activities, to choose prerequisites from
    kpis: tuple[tuple[str, str, Text, str], ...]  # (practice, KPI, name, unit) that the card knows
    profile: NbaProfile

    @property
    def lines(self) -> tuple[EffectLine, ...]:
        return self.considered.lines


def activities(work: Work, *, enterprise_id: str) -> tuple[ActivityRow, ...]:
    """All activities that can be, are or were rolled out, in the order of the scan. Raises InvalidState without a
    profile."""
    profile = profile_of(work, enterprise_id)
    shown = [each for each in activities_of(work, enterprise_id) if each.state not in HIDDEN]
    considered = consider(work, profile, shown)
    estimates = current_estimates(work, enterprise_id)
    return tuple(_activity_row(considered[each.key], estimates.get(each.id)) for each in shown)


def _activity_row(found: Considered, estimate: Row[Any] | None) -> ActivityRow:
    return ActivityRow(
        activity=found.activity,
        effect=found.effect,
        cost=found.cost,
        index=_index(found.effect, found.cost),
        has_estimate=estimate is not None,
        estimated_at=estimate.at if estimate else None,
        estimated_by=estimate.by if estimate else None,
        prerequisites=found.expectation.prerequisites if found.expectation else (),
    )


def estimates(work: Work, *, activity_id: str, enterprise_id: str) -> EstimatePage:
    """Everything about the estimate of one activity. Raises NotFound, InvalidState without a profile."""
    profile = profile_of(work, enterprise_id)
    everyone = activities_of(work, enterprise_id)
    activity = activity_of(work, activity_id, enterprise_id)
    considered = consider(work, profile, [activity])[activity.key]
    card = _card(work, activity)
    others = tuple((each.key, each.name) for each in everyone if each.id != activity_id and each.state not in HIDDEN)
    return EstimatePage(
        activity=activity,
        expectation=considered.expectation,
        versions=_versions(work, activity_id),
        suggested=suggested(card, keys_by_item(everyone)) if card else None,
        considered=considered,
        index=_index(considered.effect, considered.cost),
        keys=others,
        kpis=tuple((card.id, kpi.key, kpi.name, kpi.unit) for kpi in card.kpis) if card else (),
        profile=profile,
    )


def keys_by_item(activities: Iterable[Activity]) -> dict[str, str]:
    """What cards may name, an item or a practice number, as keys of activities."""
    found = {each.key: each.key for each in activities}
    return found | {each.item_id: each.key for each in activities if each.item_id}


def _versions(work: Work, activity_id: str) -> tuple[EstimateVersion, ...]:
    statement = (
        select(NbaEstimate.__table__).where(ESTIMATE.activity_id == activity_id).order_by(ESTIMATE.number.desc())
    )
    return tuple(
        EstimateVersion(row.id, row.number, row.at, row.by, row.note, Expectation.of_json(row.content))
        for row in work.execute(statement.limit(RECENT))
    )


def _card(work: Work, activity: Activity) -> Card | None:
    """The card of the activity's practice as it is in the workspace; None for an own activity."""
    if activity.candidate_id is None:
        return None
    columns = PracticeCandidate.__table__.c
    draft = work.execute(select(columns.draft).where(columns.id == activity.candidate_id)).scalar_one()
    return read_card(get_files(work, {CARD: draft[CARD]})[CARD].decode())
