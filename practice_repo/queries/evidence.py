"""What rollouts have shown, for those who estimate the next one: everybody's outcomes, and nobody's numbers."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import fmean
from typing import Any

from sqlalchemy import Row, func, literal, select

from engine.store.unit_of_work import Work
from practice_repo.expectations import Expectation
from practice_repo.nba_tables import NbaActivity, NbaEstimate, NbaRollout, PracticeEvidence
from practice_repo.next_best_activity.estimates import Project
from practice_repo.next_best_activity.shrinkage import (
    LEAST_ENTERPRISES,
    TAU_SQUARED,
    Outcome,
    Shrunk,
    shrink,
    similarity,
)
from practice_repo.outcomes.evidence import Evidence, in_batches, releasable
from practice_repo.tables import PracticeCandidate, PracticePseudonym

Wanted = Collection[tuple[str, str]]
"""(item id, KPI) pairs"""

KEPT = Decimal("0.0001")
OTHER_INDUSTRY = similarity(1.0)  # how far an outcome of another industry counts
EVIDENCE, PSEUDONYM = PracticeEvidence.__table__.c, PracticePseudonym.__table__.c
ROLLOUT, ACTIVITY, CANDIDATE = NbaRollout.__table__.c, NbaActivity.__table__.c, PracticeCandidate.__table__.c
ESTIMATE = NbaEstimate.__table__.c


@dataclass(frozen=True)
class LibraryEffect:
    """What a practice does to a KPI, as a share of the KPI before (better is positive), in one enterprise more.

    `deviation` holds both what is not known of the mean and what enterprises differ by.
    """

    mean: float
    deviation: float
    outcomes: int  # rollouts behind it
    in_industry: int
    enterprises: int
    said: str
    own: int = 0  # of the outcomes, measured in the asking enterprise


@dataclass(frozen=True)
class Known:
    """One record and what stands beside it in its row."""

    record: Evidence
    area: str


def evidence(work: Work, *, item_id: str | None = None, kpi: str | None = None) -> tuple[Evidence, ...]:
    """The records themselves, oldest first, under pseudonyms. For computing only: what an enterprise is shown goes
    through `library_effects`, `queries.benchmarks` or `own_evidence`."""
    chosen = [EVIDENCE.item_id == item_id] if item_id is not None else []
    chosen += [EVIDENCE.kpi == kpi] if kpi is not None else []
    return tuple(each.record for each in known_evidence(work, *chosen))


def own_evidence(work: Work, *, enterprise_id: str) -> tuple[Evidence, ...]:
    """What this enterprise has measured, oldest first."""
    return tuple(each.record for each in known_evidence(work, EVIDENCE.pseudonym == _pseudonym_of(enterprise_id)))


def own_pseudonym(work: Work, enterprise_id: str) -> str:
    """The name under which the enterprise's records stand; empty when it has none yet."""
    return work.execute(select(func.coalesce(_pseudonym_of(enterprise_id), ""))).scalar_one()


def known_evidence(work: Work, *chosen: Any) -> list[Known]:
    """The records that fulfil all conditions, oldest first, in one statement."""
    statement = select(PracticeEvidence.__table__).where(*chosen).order_by(EVIDENCE.at, EVIDENCE.id)
    return [Known(_record(row), row.area) for row in work.execute(statement)]


def library_effects(
    work: Work, *, enterprise_id: str, industry: str, wanted: Wanted
) -> dict[tuple[str, str], LibraryEffect]:
    """What is known of these practices' effects, as far as the enterprise may see it; two statements.

    Practices are compared with those that work on the same KPI, else with those of the same area, else with all. What
    fewer than three other enterprises have measured counts only where the enterprise measured it itself. Pairs of
    which nothing may be said are missing.
    """
    if not wanted:
        return {}
    own = own_pseudonym(work, enterprise_id)
    visible = _visible(known_evidence(work), own)
    outcomes = [_outcome(each, industry) for records in visible.values() for each in records]
    shrunk = shrink([each for each in outcomes if each is not None], industry)
    found = {}
    for item, kpi in wanted:
        known = shrunk.get(_practice(item, kpi))
        if known is not None:
            found[item, kpi] = _library_effect(known, visible[item, kpi], own, industry)
    return found


def projects(work: Work, enterprise_id: str | None = None) -> list[Project]:
    """Finished rollouts with what they were planned to cost and did cost, for `cost_factor`; two statements.

    The family of a project is its practice. Others' projects come in batches of three enterprises, cost 1 and have the
    mean overrun of their neighbours from three enterprises, so that no factor is one enterprise's; they keep family and
    area only where three other enterprises or more have some.
    """
    own = own_pseudonym(work, enterprise_id) if enterprise_id else ""
    mine = _own_projects(work, enterprise_id) if enterprise_id else []
    return mine + _others_projects(work, own)


def _pseudonym_of(enterprise_id: str) -> Any:
    return select(PSEUDONYM.pseudonym).where(PSEUDONYM.enterprise_id == enterprise_id).scalar_subquery()


def _record(row: Row[Any]) -> Evidence:
    return Evidence(
        package_digest=row.package_digest,
        item=row.item_id,
        version=row.version,
        enterprise=row.pseudonym,
        kpi=row.kpi,
        unit=row.unit,
        better=row.better,
        baseline=row.baseline,
        after=row.after,
        effect=row.effect,
        n=row.n,
        sd=row.sd,
        method=row.method,
        window_start=row.window_start,
        window_end=row.window_end,
        at=row.at,
        context={**row.context, "industry": row.industry},
        actual_cost=row.actual_cost,
        duration_days=row.duration_days,
        adoption_rate=row.adoption_rate,
        success=row.success,
    )


def _practice(item: str, kpi: str) -> str:
    """One practice's effect on one KPI is what is compared with others."""
    return f"{item}\x1f{kpi}"


def _visible(known: Iterable[Known], own: str) -> dict[tuple[str, str], list[Known]]:
    """The records that may be counted for the enterprise, by item and KPI."""
    grouped: dict[tuple[str, str], list[Known]] = {}
    for each in known:
        grouped.setdefault((each.record.item, each.record.kpi), []).append(each)
    found = {}
    for place, records in grouped.items():
        allowed = {id(record) for record in releasable((each.record for each in records), own)}
        kept = [each for each in records if id(each.record) in allowed and each.record.baseline]
        if kept:
            found[place] = kept
    return found


def _outcome(known: Known, industry: str) -> Outcome | None:
    record = known.record
    theirs = str(record.context.get("industry", ""))
    near = 1.0 if not industry or not theirs or theirs == industry else OTHER_INDUSTRY
    made = record.outcome(family=record.kpi, area=known.area, similarity=near)
    return replace(made, practice=_practice(record.item, record.kpi)) if made else None


def _library_effect(shrunk: Shrunk, known: Sequence[Known], own: str, industry: str) -> LibraryEffect:
    outcomes = [made for each in known if (made := _outcome(each, industry))]
    between = TAU_SQUARED["paule-mandel"]([each.value for each in outcomes], [each.variance for each in outcomes])
    mine = sum(1 for each in known if own and each.record.enterprise == own)
    said = shrunk.said if mine < len(known) else f"based on {mine} own measurement{'s' if mine > 1 else ''}"
    return LibraryEffect(
        mean=shrunk.mean,
        deviation=math.sqrt(shrunk.deviation**2 + between),
        outcomes=shrunk.outcomes,
        in_industry=shrunk.in_industry,
        enterprises=len({each.record.enterprise for each in known}),
        said=said,
        own=mine,
    )


def one_off_estimate(content: Mapping[str, Any] | None) -> Decimal | None:
    """What an estimate says that the rollout itself costs, without running on and before any reference class corrects
    it: what the actual cost of a rollout is held against. None when it says nothing."""
    expectation = Expectation.of_json(content or {})
    if expectation.costs is None:
        return None
    return replace(expectation, costs=tuple(each for each in expectation.costs if not each.per_year)).cost(0)


def _own_projects(work: Work, enterprise_id: str) -> list[Project]:
    """With the estimate that stood when the rollout began, else with what was planned."""
    stood = (ESTIMATE.activity_id == ACTIVITY.id) & (ESTIMATE.at <= ROLLOUT.started_at)
    statement = (
        select(
            ROLLOUT.id, ROLLOUT.planned_cost, ROLLOUT.actual_cost, ACTIVITY.area, CANDIDATE.item_id, ESTIMATE.content
        )
        .select_from(NbaRollout)
        .join(NbaActivity, ACTIVITY.id == ROLLOUT.activity_id)
        .outerjoin(PracticeCandidate, CANDIDATE.id == ACTIVITY.candidate_id)
        .outerjoin(NbaEstimate, stood)
        .where(ROLLOUT.enterprise_id == enterprise_id, ROLLOUT.state == "completed", ROLLOUT.actual_cost > 0)
        .order_by(ROLLOUT.id, ESTIMATE.number)
    )
    newest = {row.id: row for row in work.execute(statement)}
    estimated = [(row, one_off_estimate(row.content) or row.planned_cost) for row in newest.values()]
    return [Project(cost, row.actual_cost, row.item_id or "", row.area) for row, cost in estimated if cost > 0]


def _others_projects(work: Work, own: str) -> list[Project]:
    """One project per rollout: its KPIs are rows of their own, but cost the same money."""
    rollout = func.coalesce(EVIDENCE.rollout_id, EVIDENCE.id)
    statement = (
        select(
            EVIDENCE.pseudonym,
            EVIDENCE.item_id,
            rollout.label("rollout"),
            func.min(EVIDENCE.area).label("area"),
            func.min(EVIDENCE.planned_cost).label("planned_cost"),
            func.min(EVIDENCE.actual_cost).label("actual_cost"),
        )
        .where(EVIDENCE.pseudonym != literal(own), EVIDENCE.planned_cost > 0, EVIDENCE.actual_cost > 0)
        .group_by(EVIDENCE.pseudonym, EVIDENCE.item_id, rollout)
        .order_by(func.min(EVIDENCE.at), rollout)
    )
    rows = [row for batch in in_batches(work.execute(statement), lambda row: row.pseudonym) for row in batch]
    families = _wide((row.item_id, row.pseudonym) for row in rows)
    areas = _wide((row.area, row.pseudonym) for row in rows)
    return [
        Project(
            Decimal(1),
            ratio,
            row.item_id if row.item_id in families else "",
            row.area if row.area in areas else "",
        )
        for row, ratio in _blurred(rows)
    ]


def _blurred(rows: Iterable[Any]) -> list[tuple[Any, Decimal]]:
    """Every project with the mean overrun of a group of neighbours, each from three enterprises or more."""
    ordered = sorted(rows, key=lambda row: (row.actual_cost / row.planned_cost, row.rollout))
    groups = in_batches(ordered, lambda row: row.pseudonym)
    if groups:
        groups[-1] += ordered[sum(map(len, groups)) :]
    found = []
    for group in groups:
        logarithms = [float((row.actual_cost / row.planned_cost).ln()) for row in group]
        mean = Decimal(repr(math.exp(fmean(logarithms)))).quantize(KEPT)
        found += [(row, mean) for row in group]
    return found


def _wide(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """The classes that enough enterprises have contributed to."""
    members: dict[str, set[str]] = {}
    for name, pseudonym in pairs:
        members.setdefault(name, set()).add(pseudonym)
    return {name for name, enterprises in members.items() if len(enterprises) >= LEAST_ENTERPRISES}
