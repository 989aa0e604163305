"""One execution of an activity, from the plan to its end: what may happen to its row, and to its activity with it.

Every verb may be repeated: what has happened already stays as it is, and a rollout that is over changes no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.activities import locked_activity, move_activity, state_of
from practice_repo.commands.record_evidence import record_measured
from practice_repo.expectations import Expectation
from practice_repo.measuring import USUAL_WEEKS, Measured, actual_effect
from practice_repo.nba_tables import NbaProfile, NbaRollout
from practice_repo.portfolios import current_estimates

PHASES = ("planning", "training", "pilot", "deciding", "live", "measuring", "checking", "done")
RUNNING, COMPLETED, ABORTED = "running", "completed", "aborted"
LATE = timedelta(days=7)  # that still count as on time
OVER_COST = Decimal("1.1")  # times the planned cost that still counts as on cost
WAYS = ("pilot", "direct", "experiment")


@dataclass(frozen=True)
class Plan:
    """What the planning form says. `pilot_days` is 0 without a pilot; `experiment_share` is 0 to 1."""

    start: date
    department: str = ""
    way: str = "pilot"
    pilot_days: int = 0
    hypercare_days: int = 28
    measure_weeks: int = USUAL_WEEKS
    trainees: Sequence[Mapping[str, Any]] = ()
    experiment_kpi: str = ""
    experiment_share: float = 0.5
    experiment_cases: int = 0
    guardrails: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise InvalidInput(f"A rollout begins in one of the ways {', '.join(WAYS)}, found '{self.way}'.")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "start": self.start.isoformat(), "trainees": [dict(each) for each in self.trainees]}


@dataclass(frozen=True)
class Adoption:
    """What the adoption check says. `stated_effect` is money within the horizon that no KPI tells."""

    actual_cost: Decimal | None = None
    stated_effect: Decimal | None = None
    people: int = 0
    using: int = 0
    hours: Mapping[str, Decimal] | None = None
    usability: str = ""

    @property
    def rate(self) -> float | None:
        """0 to 1; None when nobody was asked."""
        return min(1.0, self.using / self.people) if self.people else None


def locked_rollout(work: Work, rollout_id: str, enterprise_id: str) -> NbaRollout:
    """The rollout's row, locked. Raises NotFound when the enterprise has none with this id."""
    found = work.session.get(NbaRollout, rollout_id, with_for_update=True, populate_existing=True)
    return _own(found, rollout_id, enterprise_id)


def rollout_of(work: Work, rollout_id: str, enterprise_id: str) -> NbaRollout:
    """The rollout's row, to be read only. Raises NotFound."""
    return _own(work.session.get(NbaRollout, rollout_id), rollout_id, enterprise_id)


def _own(found: NbaRollout | None, rollout_id: str, enterprise_id: str) -> NbaRollout:
    if found is None or found.enterprise_id != enterprise_id:
        raise NotFound(f"There is no rollout {rollout_id}: look at the portfolio again.")
    return found


def is_over(rollout: NbaRollout) -> bool:
    return rollout.state != RUNNING


def keep_plan(work: Work, rollout: NbaRollout, plan: Plan, actor: Actor, now: datetime) -> None:
    """The activity is being carried out from now on. It lasts as long as estimated, but not less than its pilot."""
    if is_over(rollout):
        return
    lasts = max(rollout.planned_finish - rollout.planned_start, timedelta(days=plan.pilot_days))
    rollout.plan = {**rollout.plan, **plan.to_json()}
    rollout.planned_start, rollout.planned_finish = plan.start, plan.start + lasts
    _reach(rollout, "training")
    _move(work, rollout, "executing", actor, now)


def start_pilot(rollout: NbaRollout, now: datetime) -> None:
    """People begin, or go on, to work the new way; the first beginning counts."""
    if not is_over(rollout):
        rollout.phase = "pilot"
        rollout.pilot_at = rollout.pilot_at or now


def keep_training(rollout: NbaRollout, training: Mapping[str, Any]) -> None:
    """Who was trained, in how many hours, and how people take it, beside the plan."""
    if not is_over(rollout):
        rollout.plan = {**rollout.plan, **training}


def go_live(rollout: NbaRollout, now: datetime) -> None:
    if not is_over(rollout):
        _reach(rollout, "live")
        rollout.live_at = rollout.live_at or now


def begin_measuring(rollout: NbaRollout) -> None:
    """Measuring takes a while: the portfolio says that it is under way."""
    if not is_over(rollout):
        _reach(rollout, "measuring")


def keep_measured(rollout: NbaRollout, measured: Iterable[Measured], phase: str) -> None:
    """What the cases tell so far; people look at it in the next phase."""
    if not is_over(rollout):
        rollout.measured = [each.to_json() for each in measured]
        rollout.phase = phase


def measured_of(rollout: NbaRollout) -> tuple[Measured, ...]:
    return tuple(Measured.of_json(each) for each in rollout.measured or ())


def close(work: Work, rollout: NbaRollout, adoption: Adoption, actor: Actor, now: datetime) -> None:
    """It is done: what it has cost and brought is on the books, and the activity is in place."""
    if is_over(rollout):
        return
    rollout.state, rollout.phase, rollout.success, rollout.finished_at = COMPLETED, "done", True, now
    rollout.live_at = rollout.live_at or now
    rollout.actual_cost = rollout.planned_cost if adoption.actual_cost is None else adoption.actual_cost
    rollout.adoption_rate = adoption.rate
    rollout.hours = {role: str(hours) for role, hours in (adoption.hours or {}).items()}
    rollout.plan = {**rollout.plan, "usability": adoption.usability}
    rollout.actual_effect = _effect_of(work, rollout, adoption.stated_effect)
    _move(work, rollout, "executing", actor, now)
    _move(work, rollout, "completed", actor, now)


def abort(
    work: Work, rollout: NbaRollout, reason: str, actor: Actor, now: datetime, *, actual_cost: Decimal | None = None
) -> None:
    """It is given up: what it has cost is sunk, the phase says how far it came, and the activity is no more."""
    if is_over(rollout):
        return
    rollout.state, rollout.success, rollout.finished_at = ABORTED, False, now
    rollout.reason = reason.strip()
    if actual_cost is not None:
        rollout.actual_cost = actual_cost
    _move(work, rollout, "aborted", actor, now, rollout.reason)


def book(work: Work, rollout: NbaRollout, actor: Actor, now: datetime) -> int:
    """Make evidence of what was measured, and say that the activity is measured; the number of records."""
    if rollout.state != COMPLETED:
        return 0
    measured = measured_of(rollout)
    recorded = record_measured(work, rollout=rollout, measured=measured, now=now)
    activity = locked_activity(work, rollout.activity_id, rollout.enterprise_id)
    if measured and state_of(work, activity) == "completed":
        move_activity(work, activity, "measured", actor, now)
    return len(recorded)


def is_on_time(rollout: NbaRollout) -> bool | None:
    """Live on the planned last day, or not much later; None before it is live."""
    if rollout.live_at is None:
        return None
    return rollout.live_at.date() <= rollout.planned_finish + LATE


def is_on_cost(rollout: NbaRollout) -> bool | None:
    """Not much more expensive than planned; None before the cost is known."""
    return None if rollout.actual_cost is None else rollout.actual_cost <= rollout.planned_cost * OVER_COST


def _reach(rollout: NbaRollout, phase: str) -> None:
    """Go on to this phase; who is further already stays there."""
    if PHASES.index(phase) > PHASES.index(rollout.phase):
        rollout.phase = phase


def _move(work: Work, rollout: NbaRollout, to_state: str, actor: Actor, now: datetime, reason: str = "") -> None:
    activity = locked_activity(work, rollout.activity_id, rollout.enterprise_id)
    move_activity(work, activity, to_state, actor, now, reason)


def _effect_of(work: Work, rollout: NbaRollout, stated: Decimal | None) -> Decimal | None:
    """Money within the horizon: the drivers as they were measured, and what people state beyond them."""
    profile = work.session.get(NbaProfile, rollout.enterprise_id)
    estimate = current_estimates(work, rollout.enterprise_id).get(rollout.activity_id)
    expectation = Expectation.of_json(estimate.content) if estimate else Expectation()
    horizon_days = profile.horizon_days if profile else 360
    return actual_effect(expectation, measured_of(rollout), horizon_days=horizon_days, stated=stated)
