"""What the screens of experiments show: the list, one with its two variants and bounds, what could be started."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select

from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.tables import ProcessDefinition
from engine.store.unit_of_work import Work
from practice_repo.card import Card, Kpi
from practice_repo.experiments import (
    RUNNING,
    Variant,
    both_variants,
    card_of,
    deployed_variant,
    experiment_of,
    facts_of,
    former_version,
    measurable_kpis,
    running_experiment,
    spent_looks,
    usual_days,
    variants_of,
)
from practice_repo.nba_tables import NbaExperiment
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.effects import Z_95, Effect, experiment_effect
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, LEAST_STEP, Experiment, by_variant, is_broken
from practice_repo.outcomes.facts import CaseFacts
from practice_repo.outcomes.kpis import KpiValue, kpi_value
from practice_repo.outcomes.queries import OutcomeReader
from practice_repo.outcomes.sequential import bounds
from practice_repo.permissions import must_estimate
from practice_repo.practice import Text
from practice_repo.tables import PracticeDeployment

EXPERIMENT = NbaExperiment.__table__.c
USUAL_LOOKS = (0.25, 0.5, 0.75, 1.0)  # shares of the information for which bounds are shown ahead


@dataclass(frozen=True)
class ExperimentRow:
    """`information` is the share of the planned cases, 0-1, at the last look."""

    id: str
    process_id: str
    name: str
    name_zh: str | None
    champion: Variant
    challenger: Variant
    kpi: Text
    state: str  # running | ended
    verdict: str | None  # see experiments.VERDICTS
    share: float
    planned_cases: int
    settle_days: int
    information: float
    looks: int
    rollout_id: str | None
    started_at: datetime
    started_by: str
    ended_at: datetime | None


@dataclass(frozen=True)
class VariantView:
    """One way: `cases` went it and count, `n` of them tell the KPI; `low` and `high` are a 95 % interval."""

    variant: Variant
    cases: int
    open: int
    n: int
    value: Decimal | None
    low: float | None
    high: float | None

    @property
    def definition_id(self) -> str:
        return self.variant.definition_id

    @property
    def candidate_id(self) -> str | None:
        return self.variant.candidate_id


@dataclass(frozen=True)
class GuardrailView:
    kpi: Kpi
    tolerance: float
    champion: Decimal | None
    challenger: Decimal | None
    is_broken: bool


@dataclass(frozen=True)
class Bound:
    """What |z| had, or would have, to reach at a look with this share of the planned cases."""

    share: float
    bound: float
    z: float | None = None

    @property
    def is_past(self) -> bool:
        return self.z is not None


@dataclass(frozen=True)
class Look:
    at: datetime
    by: str
    state: str
    information: float
    z: float | None
    bound: float | None
    change: float | None  # challenger minus champion, in the KPI's unit
    low: float | None
    high: float | None
    broken_guardrails: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class ExperimentPage:
    row: ExperimentRow
    kpi: Kpi
    champion: VariantView
    challenger: VariantView
    effect: Effect | None  # challenger against champion, now
    information: float  # now
    guardrails: tuple[GuardrailView, ...]
    bounds: tuple[Bound, ...]
    looks: tuple[Look, ...]  # oldest first
    is_superseded: bool  # a newer version gets all new cases, the next look ends the experiment


@dataclass(frozen=True)
class Choices:
    """What an experiment with this practice as challenger can be made of."""

    challenger: Variant
    former: Variant | None  # the version before
    rivals: tuple[Variant, ...]  # other practices deployed as the same process
    kpis: tuple[Kpi, ...]
    settle_days: int  # within which nine of ten cases end
    running: str | None  # the experiment that is there already


def experiments(work: Work, *, enterprise_id: str) -> tuple[ExperimentRow, ...]:
    """All of the enterprise, running ones first, then the latest: three statements."""
    rows = work.execute(
        select(NbaExperiment.__table__)
        .where(EXPERIMENT.enterprise_id == enterprise_id)
        .order_by((EXPERIMENT.state != RUNNING), EXPERIMENT.started_at.desc())
    ).all()
    ids = {each for row in rows for each in (row.champion_definition_id, row.challenger_definition_id)}
    known = variants_of(work, enterprise_id, sorted(ids)) if ids else {}
    return tuple(_row(row, known[row.champion_definition_id], known[row.challenger_definition_id]) for row in rows)


def experiment(
    work: Work,
    *,
    experiment_id: str,
    actor: Actor,
    now: datetime,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
) -> ExperimentPage:
    """One experiment as its cases stand now; looking at the page is no look. Raises NotFound."""
    row = work.execute(select(NbaExperiment.__table__).where(EXPERIMENT.id == experiment_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no experiment {experiment_id}: look again.")
    actor.must_see(row.enterprise_id, f"The experiment {experiment_id}")
    variants = both_variants(work, row)
    card, one = card_of(variants), experiment_of(row)
    told = facts_of(work, row, variants, now=now, calendar=calendar, outcomes=outcomes)
    split = by_variant(one, told)
    values = {name: kpi_value(card, row.kpi, each) for name, each in split.items()}
    return ExperimentPage(
        row=_row(row, variants[CHAMPION], variants[CHALLENGER]),
        kpi=_kpi(card, row.kpi),
        champion=_variant(variants[CHAMPION], split[CHAMPION], values[CHAMPION]),
        challenger=_variant(variants[CHALLENGER], split[CHALLENGER], values[CHALLENGER]),
        effect=_effect(values),
        information=min(1.0, sum(value.n for value in values.values()) / row.planned_cases),
        guardrails=_guardrails(card, one, split),
        bounds=_bounds(row, one.alpha),
        looks=tuple(_look(each) for each in row.looks),
        is_superseded=row.state == RUNNING and _route_key(work, row) != row.id,
    )


def running_on(work: Work, *, enterprise_id: str, process_ids: Collection[str]) -> tuple[str, ...]:
    """The ids of the experiments that run on these processes."""
    statement = select(EXPERIMENT.id).where(
        EXPERIMENT.enterprise_id == enterprise_id,
        EXPERIMENT.process_id.in_(sorted(process_ids)),
        EXPERIMENT.state == RUNNING,
    )
    return tuple(work.execute(statement.order_by(EXPERIMENT.started_at)).scalars())


def choices(work: Work, *, candidate_id: str, actor: Actor) -> Choices:
    """What could be started with this practice. Raises NotFound, NotPermitted, InvalidState (not deployed)."""
    enterprise_id = must_estimate(actor)
    challenger = deployed_variant(work, enterprise_id, candidate_id)
    deployment = PracticeDeployment.__table__.c
    current = work.execute(
        select(deployment.definition_id).where(
            deployment.process_id == challenger.process_id,
            deployment.is_current,
            deployment.candidate_id != candidate_id,
            deployment.definition_id != challenger.definition_id,
        )
    ).scalars()
    former = former_version(work, enterprise_id, challenger)
    rivals = list(current)
    known = variants_of(work, enterprise_id, [*rivals, *([former] if former else [])])
    return Choices(
        challenger,
        known.get(former or ""),
        tuple(known[each] for each in rivals if each in known),
        measurable_kpis(challenger.card) if challenger.card else (),
        usual_days(work, enterprise_id, challenger.process_id),
        running_experiment(work, enterprise_id, challenger.process_id),
    )


def _row(row: Row[Any], champion: Variant, challenger: Variant) -> ExperimentRow:
    kpi = next((each.name for each in (challenger.card.kpis if challenger.card else ()) if each.key == row.kpi), None)
    return ExperimentRow(
        id=row.id,
        process_id=row.process_id,
        name=challenger.candidate_title or challenger.name,
        name_zh=challenger.candidate_title_zh if challenger.candidate_title else challenger.name_zh,
        champion=champion,
        challenger=challenger,
        kpi=kpi or Text(row.kpi, row.kpi),
        state=row.state,
        verdict=row.verdict,
        share=row.share,
        planned_cases=row.planned_cases,
        settle_days=row.settle_days,
        information=max((look["information"] for look in row.looks), default=0.0),
        looks=len(row.looks),
        rollout_id=row.rollout_id,
        started_at=row.started_at,
        started_by=row.started_by,
        ended_at=row.ended_at,
    )


def _variant(variant: Variant, told: Sequence[CaseFacts], value: KpiValue) -> VariantView:
    low = high = None
    if value.value is not None and value.standard_error is not None:
        reach = Z_95 * value.standard_error
        low, high = float(value.value) - reach, float(value.value) + reach
    return VariantView(
        variant,
        cases=len(told),
        open=sum(each.ended_at is None for each in told),
        n=value.n,
        value=value.value,
        low=low,
        high=high,
    )


def _effect(values: Mapping[str, KpiValue]) -> Effect | None:
    if any(value.value is None or value.standard_error is None for value in values.values()):
        return None
    return experiment_effect(values[CHAMPION], values[CHALLENGER])


def _guardrails(card: Card, one: Experiment, split: Mapping[str, Sequence[CaseFacts]]) -> tuple[GuardrailView, ...]:
    found = []
    for guard in one.guardrails:
        champion, challenger = (kpi_value(card, guard.kpi, split[name]) for name in (CHAMPION, CHALLENGER))
        found.append(
            GuardrailView(
                _kpi(card, guard.kpi),
                guard.tolerance,
                champion.value,
                challenger.value,
                is_broken(guard, champion, challenger),
            )
        )
    return tuple(found)


def _bounds(row: Row[Any], alpha: float) -> tuple[Bound, ...]:
    """The bounds of the looks so far, and those ahead if the next looks were at the usual shares."""
    past = [Bound(look["information"], look["bound"], look["z"]) for look in row.looks if look["bound"] is not None]
    if row.state != RUNNING:
        return tuple(past)
    spent = spent_looks(row.looks)
    ahead = tuple(share for share in USUAL_LOOKS if share - max(spent, default=0.0) >= LEAST_STEP)
    if not ahead:
        return tuple(past)
    found = bounds((*spent, *ahead), alpha)[len(spent) :]
    return (*past, *(Bound(share, bound) for share, bound in zip(ahead, found, strict=True)))


def _look(kept: Mapping[str, Any]) -> Look:
    return Look(
        **{name: kept[name] for name in ("by", "state", "information", "z", "bound", "change", "low", "high")},
        at=datetime.fromisoformat(kept["at"]),
        broken_guardrails=tuple(kept["broken_guardrails"]),
        reason=kept["reason"],
    )


def _kpi(card: Card, key: str) -> Kpi:
    return next(kpi for kpi in card.kpis if kpi.key == key)


def _route_key(work: Work, row: Row[Any]) -> str | None:
    """The key of the route that is in force for the process's new cases."""
    columns = ProcessDefinition.__table__.c
    route = work.execute(
        select(columns.route).where(
            columns.enterprise_id == row.enterprise_id, columns.process_id == row.process_id, columns.is_latest
        )
    ).scalar_one_or_none()
    return (route or {}).get("key")
