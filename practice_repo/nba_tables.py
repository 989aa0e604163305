"""What an enterprise remembers about choosing its next best activity: profile, activities, estimates, recommendations,
rollouts, experiments; and what the library remembers of all: measured evidence.

Amounts are money of the profile's one currency. Json amounts are texts, so that they stay exact.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.types import Base, Json, Money, UtcDateTime, new_id

Id = String(36)
Key = String(255)
Word = String(32)


def _id() -> Any:
    return mapped_column(Id, primary_key=True, default=new_id)


class NbaProfile(Base):
    """How an enterprise chooses: its context, its window of time, its means, its rules."""

    __tablename__ = "nba_profile"

    enterprise_id: Mapped[str] = mapped_column(Key, primary_key=True)
    industry: Mapped[str] = mapped_column(Key, default="")
    employees: Mapped[int | None]
    region: Mapped[str] = mapped_column(Key, default="")
    channels: Mapped[Any] = mapped_column(Json)  # [channel]
    maturity: Mapped[int | None]  # 0 none to 5 optimised
    goals: Mapped[str] = mapped_column(Text, default="")
    currency: Mapped[str] = mapped_column(Word, default="CNY")
    starts_on: Mapped[date]  # day 0 of the window
    horizon_days: Mapped[int] = mapped_column(default=360)
    period_days: Mapped[int] = mapped_column(default=30)
    budget: Mapped[Decimal | None] = mapped_column(Money)  # of the whole window
    budget_per_period: Mapped[Decimal | None] = mapped_column(Money)
    staff: Mapped[Any] = mapped_column(Json)  # {role: heads as text}
    parallel: Mapped[int | None]  # rollouts of a plan that may run at once
    mode: Mapped[str] = mapped_column(Word, default="scan")  # scan | closure | plan
    stop: Mapped[str] = mapped_column(Word, default="exhaust")  # exhaust | positive
    risk_floor: Mapped[Decimal | None] = mapped_column(Money)
    risk_appetite: Mapped[int] = mapped_column(default=3)  # 0 none to 3 high
    data_quality: Mapped[Decimal | None] = mapped_column(Money)  # share of complete records
    licences: Mapped[Any] = mapped_column(Json)  # [licence]
    targets: Mapped[Any] = mapped_column(Json)  # {"practice.kpi": number as text}: below it a KPI raises an alarm
    policy: Mapped[Any] = mapped_column(Json)  # fields of gates.ChangeLoadPolicy that differ from the usual
    synergies: Mapped[Any] = mapped_column(Json)  # [{"keys": [activity, …], "effect": amount as text}], of a plan
    coverage: Mapped[Any] = mapped_column(Json)  # {area: least number of activities in it}, of a plan
    explores: Mapped[bool] = mapped_column(default=False)  # guarded Thompson sampling
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str] = mapped_column(Key)


class NbaActivity(Base):
    """Something that can be the next best activity: a practice of the workspace, or something of the enterprise's own.

    A practice's state is that of its candidate; an own activity keeps its own, of the same life.
    """

    __tablename__ = "nba_activity"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    key: Mapped[str] = mapped_column(Key)  # short and stable: numbers the scan, is named by prerequisites
    title: Mapped[str] = mapped_column(Key)
    title_zh: Mapped[str] = mapped_column(Key)
    note: Mapped[str] = mapped_column(Text, default="")
    candidate_id: Mapped[str | None] = mapped_column(ForeignKey("practice_candidate.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Word)  # process | activity | technique | method | reward (A22)
    change: Mapped[str] = mapped_column(Word, default="adopt")  # adopt | strengthen | improve | eliminate (A35)
    area: Mapped[str] = mapped_column(Key, default="")
    step: Mapped[str] = mapped_column(Word, default="implementation")  # of CRM-Iris (A41), see activities.STEPS
    state: Mapped[str | None] = mapped_column(Word)  # of an own activity
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(Key)

    __table_args__ = (UniqueConstraint("enterprise_id", "key"), UniqueConstraint("candidate_id"))


class NbaEstimate(Base):
    """What people expect of an activity; a change is a new row with the next number."""

    __tablename__ = "nba_estimate"

    id: Mapped[str] = _id()
    activity_id: Mapped[str] = mapped_column(ForeignKey("nba_activity.id", ondelete="CASCADE"))
    number: Mapped[int]
    is_current: Mapped[bool]
    content: Mapped[Any] = mapped_column(Json)  # practice_repo.expectations.Expectation.to_json()
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(Key)

    __table_args__ = (UniqueConstraint("activity_id", "number"), Index(None, "activity_id", "is_current"))


class NbaRecommendation(Base):
    """One scan with all that went into it, and what people decided."""

    __tablename__ = "nba_recommendation"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    number: Mapped[int]
    mode: Mapped[str] = mapped_column(Word)
    stop: Mapped[str] = mapped_column(Word)
    inputs: Mapped[Any] = mapped_column(Json)  # the portfolio and where the enterprise stood, as the scan saw them
    answer: Mapped[Any] = mapped_column(Json)  # ranking, trace, excluded, plan … with keys as ids
    activity_id: Mapped[str | None] = mapped_column(Id)  # what is recommended; none: nothing new is available
    state: Mapped[str] = mapped_column(Word)  # open waiting ended accepted … superseded
    stale_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stale_reason: Mapped[str | None] = mapped_column(Word)  # library | needs | estimates | practices | profile | kpi …
    chosen_activity_id: Mapped[str | None] = mapped_column(Id)  # what was accepted in the end
    reason: Mapped[str] = mapped_column(Text, default="")
    until: Mapped[date | None]  # of a deferral
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(Key)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(Key)

    __table_args__ = (UniqueConstraint("enterprise_id", "number"), Index(None, "enterprise_id", "state"))


class NbaRollout(Base):
    """One execution of an activity: planned and actual (A17, A30, A44)."""

    __tablename__ = "nba_rollout"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    activity_id: Mapped[str] = mapped_column(ForeignKey("nba_activity.id"))
    recommendation_id: Mapped[str | None] = mapped_column(Id)
    process_instance_id: Mapped[str | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(Word)  # running | completed | aborted
    phase: Mapped[str] = mapped_column(Word, default="planning")  # see rollouts.PHASES
    planned_start: Mapped[date]
    planned_finish: Mapped[date]
    planned_effect: Mapped[Decimal] = mapped_column(Money)
    planned_cost: Mapped[Decimal] = mapped_column(Money)
    guess_share: Mapped[Decimal] = mapped_column(Money, default=1)  # of own guesses that was counted in the effect
    plan: Mapped[Any] = mapped_column(Json)  # what the planning form said: departments, trainees, windows, guardrails
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    pilot_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    live_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    actual_effect: Mapped[Decimal | None] = mapped_column(Money)
    actual_cost: Mapped[Decimal | None] = mapped_column(Money)
    hours: Mapped[Any] = mapped_column(Json)  # {role: hours as text}
    adoption_rate: Mapped[float | None]  # 0 to 1
    measured: Mapped[Any] = mapped_column(Json)  # [{kpi, practice, baseline, after, effect, n, method, …}]
    success: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(Text, default="")  # of giving up

    __table_args__ = (
        Index(None, "enterprise_id", "state"),
        Index(None, "activity_id"),
        Index(None, "process_instance_id"),
    )


class NbaExperiment(Base):
    """Champion and challenger side by side: which way a new case of the process goes."""

    __tablename__ = "nba_experiment"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    process_id: Mapped[str] = mapped_column(Key)
    champion_definition_id: Mapped[str] = mapped_column(Id)
    challenger_definition_id: Mapped[str] = mapped_column(Id)
    rollout_id: Mapped[str | None] = mapped_column(Id)
    kpi: Mapped[str] = mapped_column(Key)
    share: Mapped[float]
    planned_cases: Mapped[int]
    settle_days: Mapped[int] = mapped_column(default=0)  # how old a case must be to count
    guardrails: Mapped[Any] = mapped_column(Json)  # [{kpi, tolerance}]
    looks: Mapped[Any] = mapped_column(Json)  # verdicts so far: [{at, state, information, z, bound, …}]
    state: Mapped[str] = mapped_column(Word)  # running | ended
    verdict: Mapped[str | None] = mapped_column(Word)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_by: Mapped[str] = mapped_column(Key)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "enterprise_id", "state"), Index(None, "process_id"))


class PracticeEvidence(Base):
    """One KPI of one rollout, as it may be shared: who measured it stands there as a pseudonym only."""

    __tablename__ = "practice_evidence"

    id: Mapped[str] = _id()
    item_id: Mapped[str] = mapped_column(Key)
    version: Mapped[str] = mapped_column(Word)
    package_digest: Mapped[str] = mapped_column(String(64))
    pseudonym: Mapped[str] = mapped_column(Key)
    rollout_id: Mapped[str | None] = mapped_column(Id)  # never leaves the enterprise
    kpi: Mapped[str] = mapped_column(Key)
    unit: Mapped[str] = mapped_column(Word)
    better: Mapped[str] = mapped_column(Word)
    baseline: Mapped[float]
    after: Mapped[float]
    effect: Mapped[float]
    n: Mapped[int]
    sd: Mapped[float]
    method: Mapped[str] = mapped_column(Word)
    window_start: Mapped[date]
    window_end: Mapped[date]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    context: Mapped[Any] = mapped_column(Json)
    industry: Mapped[str] = mapped_column(Key, default="")
    area: Mapped[str] = mapped_column(Key, default="")
    planned_cost: Mapped[Decimal | None] = mapped_column(Money)
    actual_cost: Mapped[Decimal | None] = mapped_column(Money)
    duration_days: Mapped[int | None]
    adoption_rate: Mapped[float | None]
    success: Mapped[bool]

    __table_args__ = (Index(None, "item_id", "kpi"), Index(None, "kpi"), Index(None, "pseudonym"))
