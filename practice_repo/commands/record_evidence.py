"""Keep what a rollout has shown: as evidence of the library, under a pseudonym (A05, A19)."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from engine.errors import InvalidInput, NotFound
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.contributing import pseudonym_of
from practice_repo.described import EVIDENCE as LEVELS
from practice_repo.measuring import Measured
from practice_repo.nba_tables import NbaActivity, NbaEstimate, NbaProfile, NbaRollout, PracticeEvidence
from practice_repo.outcomes.evidence import Evidence, evidence_level
from practice_repo.queries.evidence import evidence as evidence_of_item
from practice_repo.queries.evidence import one_off_estimate
from practice_repo.stale import mark_stale
from practice_repo.tables import PracticeCandidate, PracticeFacet, PracticeItem, PracticeVersion

EVIDENCE, VERSION, FACET = PracticeEvidence.__table__.c, PracticeVersion.__table__.c, PracticeFacet.__table__.c
CANDIDATE, ACTIVITY, ITEM = PracticeCandidate.__table__.c, NbaActivity.__table__.c, PracticeItem.__table__.c
ESTIMATE = NbaEstimate.__table__.c
COPIED = frozenset(PracticeEvidence.__table__.c.keys()) - {"id", "item_id", "pseudonym", "rollout_id", "context"}


def record_evidence(
    work: Work,
    *,
    evidence: Evidence,
    rollout_id: str | None = None,
    planned_cost: Decimal | None = None,
    industry: str = "",
    area: str = "",
    now: datetime,
) -> str:
    """The id of the record. Measuring a KPI of a rollout anew takes the place of what was measured before.

    The evidence level of the practice rises to what its records prove, and recommendations that were made without them
    are stale. `evidence.enterprise` is the pseudonym. Raises NotFound for a practice that the library does not have.
    """
    [recorded] = _record(work, [evidence], rollout_id, planned_cost, industry, area)
    _follow(work, evidence.item, now)
    return recorded


def record_measured(work: Work, *, rollout: NbaRollout, measured: Iterable[Measured], now: datetime) -> list[str]:
    """The same for everything that was measured of a rollout; the ids of the records.

    Only KPIs of the practice that was rolled out are evidence for it; an own activity, which the library does not know,
    leaves none. Cost, adoption and success are those of the rollout's row: fill it in first.
    """
    about = _about(work, rollout)
    if about is None:
        return []
    profile = work.session.get(NbaProfile, rollout.enterprise_id)
    industry = profile.industry if profile else ""
    pseudonym = pseudonym_of(work, rollout.enterprise_id)
    records = [
        _evidence(each, rollout, about, pseudonym, industry, now) for each in measured if each.practice == about.item_id
    ]
    if not records:
        return []
    estimated = one_off_estimate(about.content) or rollout.planned_cost
    recorded = _record(work, records, rollout.id, estimated, industry, about.area)
    _follow(work, about.item_id, now)
    return recorded


def _about(work: Work, rollout: NbaRollout) -> Any:
    """The practice that was rolled out, with the estimate that stood when it began; None for an own activity."""
    stood = (ESTIMATE.activity_id == ACTIVITY.id) & (ESTIMATE.at <= rollout.started_at)
    statement = (
        select(CANDIDATE.item_id, CANDIDATE.head_digest, VERSION.version, ACTIVITY.area, ESTIMATE.content)
        .select_from(NbaActivity)
        .join(PracticeCandidate, CANDIDATE.id == ACTIVITY.candidate_id)
        .join(PracticeVersion, VERSION.id == CANDIDATE.origin_version_id)
        .outerjoin(NbaEstimate, stood)
        .where(ACTIVITY.id == rollout.activity_id)
        .order_by(ESTIMATE.number.desc())
        .limit(1)
    )
    return work.execute(statement).one_or_none()


def _evidence(
    measured: Measured, rollout: NbaRollout, about: Any, pseudonym: str, industry: str, now: datetime
) -> Evidence:
    ended = rollout.finished_at or now
    return Evidence(
        package_digest=about.head_digest,
        item=about.item_id,
        version=about.version,
        enterprise=pseudonym,
        kpi=measured.kpi,
        unit=measured.unit,
        better=measured.better,
        baseline=measured.baseline,
        after=measured.after,
        effect=measured.change,
        n=measured.n,
        sd=measured.se * measured.n**0.5,
        method=measured.method,
        window_start=measured.window_start,
        window_end=measured.window_end,
        at=now,
        context={"industry": industry},
        actual_cost=rollout.actual_cost,
        duration_days=max(0, (ended - rollout.started_at).days),
        adoption_rate=rollout.adoption_rate,
        success=rollout.success is not False,
    )


def _record(
    work: Work,
    records: list[Evidence],
    rollout_id: str | None,
    planned_cost: Decimal | None,
    industry: str,
    area: str,
) -> list[str]:
    item_id = records[0].item
    if work.execute(select(ITEM.id).where(ITEM.id == item_id)).first() is None:
        raise NotFound(f"The library has no practice '{item_id}': evidence belongs to one of its practices.")
    known = _known(work, rollout_id, item_id)
    ids = []
    for each in records:
        if not each.enterprise:
            raise InvalidInput("Evidence needs the pseudonym of the enterprise that measured it.")
        values = {name: value for name, value in asdict(each).items() if name in COPIED} | {
            "item_id": each.item,
            "pseudonym": each.enterprise,
            "rollout_id": rollout_id,
            "planned_cost": planned_cost,
            "industry": industry or str(each.context.get("industry", "")),
            "area": area,
            "context": dict(each.context),
        }
        row = known.get(each.kpi)
        if row is None:
            row = PracticeEvidence(id=new_id())
            work.session.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        ids.append(row.id)
    work.flush()
    return ids


def _known(work: Work, rollout_id: str | None, item_id: str) -> dict[str, PracticeEvidence]:
    """What was recorded of this rollout before, by KPI."""
    if rollout_id is None:
        return {}
    statement = select(PracticeEvidence).where(EVIDENCE.rollout_id == rollout_id, EVIDENCE.item_id == item_id)
    return {row.kpi: row for row in work.session.execute(statement).scalars()}


def _follow(work: Work, item_id: str, now: datetime) -> None:
    """The library says of the practice what was measured, and whoever counted without it counts again."""
    level = evidence_level(evidence_of_item(work, item_id=item_id))
    raise_level(work, item_id, level)
    mark_stale(work, None, "evidence", now)


def raise_level(work: Work, item_id: str, level: int) -> None:
    """Lift the practice's versions, and what it is found by, to this level of evidence; nothing is lowered."""
    rising = update(PracticeVersion).where(VERSION.item_id == item_id, VERSION.evidence_level < level)
    if not work.execute(rising.values(evidence_level=level)).rowcount:
        return
    name = LEVELS[level]
    facet = update(PracticeFacet).where(FACET.item_id == item_id, FACET.name == "evidence_level")
    work.execute(facet.where(FACET.value < str(level)).values(value=str(level), label=name.en, label_zh=name.zh))
