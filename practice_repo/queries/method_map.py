"""Where an enterprise stands in the method: the three stages of the paper's figure 1 with live numbers (A21)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from engine.store.tables import ProcessInstance
from engine.store.unit_of_work import Work
from practice_repo.contributing import OVER
from practice_repo.nba_tables import (
    NbaActivity,
    NbaEstimate,
    NbaProfile,
    NbaRecommendation,
    NbaRollout,
    PracticeEvidence,
)
from practice_repo.practice import Text
from practice_repo.stale import LOOP
from practice_repo.tables import (
    PracticeCandidate,
    PracticeContribution,
    PracticeDeployment,
    PracticeItem,
    PracticeNeed,
    PracticeNeedCover,
    PracticeUpgrade,
    PracticeVersion,
)

CANDIDATE, NEED, COVER = PracticeCandidate.__table__.c, PracticeNeed.__table__.c, PracticeNeedCover.__table__.c
ACTIVITY, ESTIMATE, ROLLOUT = NbaActivity.__table__.c, NbaEstimate.__table__.c, NbaRollout.__table__.c
RECOMMENDATION, CONTRIBUTION = NbaRecommendation.__table__.c, PracticeContribution.__table__.c
STATIONS = (  # in the order of the figure
    "library",
    "acquisition",
    "needs",
    "modification",
    "conversion",
    "available",
    "ranking",
    "scan",
    "recommendation",
    "execution",
    "completion",
    "none_left",
    "unique",
    "contribution",
)
OFFERED = ("completed", "measured")  # what may be offered to the library


@dataclass(frozen=True)
class NewestRecommendation:
    number: int
    state: str  # open | waiting | ended | accepted | deferred | …
    name: Text | None  # of what is recommended; None: nothing new is available
    index: str | None  # S, exact
    scanned: int  # the N that the last exploration came to
    is_stale: bool
    at: datetime


@dataclass(frozen=True)
class MethodMap:
    """The numbers of every station. Counts by state hold only what is there: ask with `.get(state, 0)`."""

    library: Mapping[str, int]  # kind → released practices
    candidates: Mapping[str, int]  # state → practices of the workspace
    not_acquired: int  # released practices that are not in the workspace
    checked: int  # passed all checks, not yet available
    deployed: int  # processes of the workspace's practices
    upgrades: int  # newer versions that wait to be taken over
    needs: Mapping[str, int]  # state → needs
    needs_uncovered: int  # open ones that no practice of the workspace meets, not even in part
    activities: Mapping[str, int]  # state → activities, practices and own ones
    without_estimate: int  # available activities nobody has estimated
    recommendation: NewestRecommendation | None
    rollouts: Mapping[str, int]  # state → rollouts
    phases: Mapping[str, int]  # phase → running rollouts
    evidence: int  # measured KPIs of own rollouts
    contributions: Mapping[str, int]  # state → contributions
    has_profile: bool
    loop: str  # none | running | ended
    here: str = "library"
    busy: frozenset[str] = field(default_factory=frozenset)  # stations at which something is waiting or running

    @property
    def in_review(self) -> int:
        return sum(count for state, count in self.contributions.items() if state not in OVER)

    @property
    def released_contributions(self) -> int:
        return self.contributions.get("released", 0)

    @property
    def needs_open(self) -> int:
        return self.needs.get("open", 0) + self.needs.get("in_work", 0)

    @property
    def in_place(self) -> int:
        return sum(self.activities.get(state, 0) for state in ("completed", "measured", "contributed"))

    @property
    def offerable(self) -> int:
        return sum(self.candidates.get(state, 0) for state in OFFERED)


def method_map(work: Work, *, enterprise_id: str) -> MethodMap:
    """The live map of an enterprise, in a constant number of statements."""
    activities, without_estimate = _activities(work, enterprise_id)
    needs, uncovered = _needs(work, enterprise_id)
    rollouts, phases = _rollouts(work, enterprise_id)
    facts: dict[str, Any] = {
        "library": _library(work),
        "candidates": _counted(work, CANDIDATE.state, CANDIDATE.enterprise_id == enterprise_id),
        "not_acquired": _not_acquired(work, enterprise_id),
        "checked": _checked(work, enterprise_id),
        "deployed": _deployed(work, enterprise_id),
        "upgrades": _upgrades(work, enterprise_id),
        "needs": needs,
        "needs_uncovered": uncovered,
        "activities": activities,
        "without_estimate": without_estimate,
        "recommendation": _recommendation(work, enterprise_id),
        "rollouts": rollouts,
        "phases": phases,
        "evidence": _evidence(work, enterprise_id),
        "contributions": _counted(work, CONTRIBUTION.state, CONTRIBUTION.enterprise_id == enterprise_id),
        "has_profile": work.session.get(NbaProfile, enterprise_id) is not None,
        "loop": _loop(work, enterprise_id),
    }
    found = MethodMap(**facts)
    busy = frozenset(station for station, is_busy in _signs(found).items() if is_busy)
    return MethodMap(**facts, here=_here(found, busy), busy=busy)


def _signs(found: MethodMap) -> dict[str, bool]:
    """Where something waits or runs."""
    newest = found.recommendation
    available = found.activities.get("available", 0) or found.candidates.get("available", 0)
    is_asked = newest is not None and newest.state == "open"
    return {
        "acquisition": bool(found.candidates.get("found", 0) or found.upgrades),
        "needs": bool(found.needs_uncovered),
        "modification": bool(found.candidates.get("acquired", 0) + found.candidates.get("tailored", 0)),
        "conversion": bool(found.checked),
        "available": bool(found.candidates.get("available", 0)),
        "ranking": bool(available) and (not is_asked or newest.is_stale),
        "recommendation": is_asked,
        "execution": bool(found.rollouts.get("running", 0)),
        "completion": bool(found.offerable),
        "none_left": newest is not None and newest.state == "ended",
        "contribution": bool(found.in_review),
    }


def _here(found: MethodMap, busy: frozenset[str]) -> str:
    """The one station where the enterprise stands: what waits for a decision first, then what is furthest on."""
    if found.recommendation is not None and found.recommendation.is_stale and "ranking" in busy:
        return "ranking"
    order = ("recommendation", "execution", "ranking", "conversion", "modification", "none_left", "contribution")
    here = next((station for station in order if station in busy), None)
    if here is not None:
        return here
    if found.offerable:
        return "unique"
    return "acquisition" if found.needs_open or found.candidates else "needs"


def _counted(work: Work, column: Any, *where: Any) -> dict[str, int]:
    """How many rows there are of each value."""
    return dict(work.execute(select(column, func.count()).where(*where).group_by(column)).all())


def _library(work: Work) -> dict[str, int]:
    """Released practices by kind: kinds stand in the facets of the newest versions."""
    items, versions = PracticeItem.__table__.c, PracticeVersion.__table__
    kind = versions.c.card["kind"].as_string()
    statement = (
        select(kind, func.count())
        .join_from(PracticeItem.__table__, versions, versions.c.id == items.latest_version_id)
        .where(versions.c.state == "released")
        .group_by(kind)
    )
    return dict(work.execute(statement).all())


def _not_acquired(work: Work, enterprise_id: str) -> int:
    items, versions = PracticeItem.__table__.c, PracticeVersion.__table__
    own = select(CANDIDATE.id).where(
        CANDIDATE.item_id == items.id, CANDIDATE.enterprise_id == enterprise_id, CANDIDATE.state != "aborted"
    )
    statement = (
        select(func.count())
        .select_from(PracticeItem.__table__)
        .join(versions, versions.c.id == items.latest_version_id)
        .where(versions.c.state == "released", ~own.exists())
    )
    return work.execute(statement).scalar_one()


def _checked(work: Work, enterprise_id: str) -> int:
    statement = select(func.count()).where(
        CANDIDATE.enterprise_id == enterprise_id,
        CANDIDATE.state.in_(("acquired", "tailored")),
        CANDIDATE.valid_digest == CANDIDATE.head_digest,
    )
    return work.execute(statement).scalar_one()


def _deployed(work: Work, enterprise_id: str) -> int:
    deployments = PracticeDeployment.__table__.c
    statement = (
        select(func.count(deployments.process_id.distinct()))
        .join_from(PracticeDeployment.__table__, PracticeCandidate.__table__, CANDIDATE.id == deployments.candidate_id)
        .where(CANDIDATE.enterprise_id == enterprise_id, deployments.is_current)
    )
    return work.execute(statement).scalar_one()


def _upgrades(work: Work, enterprise_id: str) -> int:
    upgrades = PracticeUpgrade.__table__.c
    statement = select(func.count()).where(upgrades.enterprise_id == enterprise_id, upgrades.state == "open")
    return work.execute(statement).scalar_one()


def _needs(work: Work, enterprise_id: str) -> tuple[dict[str, int], int]:
    """Needs by state, and how many of the open ones are not covered."""
    met = (
        select(COVER.need_id)
        .join_from(PracticeNeedCover.__table__, PracticeCandidate.__table__, CANDIDATE.id == COVER.target_id)
        .where(
            COVER.need_id == NEED.id,
            COVER.kind == "candidate",
            COVER.degree.in_(("full", "partial")),
            CANDIDATE.state != "aborted",
        )
    )
    uncovered = func.sum(case((~met.exists(), 1), else_=0))
    rows = work.execute(
        select(NEED.state, func.count(), uncovered).where(NEED.enterprise_id == enterprise_id).group_by(NEED.state)
    ).all()
    return {row[0]: row[1] for row in rows}, sum(int(row[2]) for row in rows if row[0] in ("open", "in_work"))


def _activities(work: Work, enterprise_id: str) -> tuple[dict[str, int], int]:
    """Activities by state, and how many available ones nobody has estimated."""
    state = func.coalesce(CANDIDATE.state, ACTIVITY.state)
    estimated = select(ESTIMATE.id).where(ESTIMATE.activity_id == ACTIVITY.id, ESTIMATE.is_current)
    rows = work.execute(
        select(state, func.count(), func.sum(case((~estimated.exists(), 1), else_=0)))
        .join_from(
            NbaActivity.__table__, PracticeCandidate.__table__, CANDIDATE.id == ACTIVITY.candidate_id, isouter=True
        )
        .where(ACTIVITY.enterprise_id == enterprise_id)
        .group_by(state)
    ).all()
    return {row[0]: row[1] for row in rows}, sum(int(row[2]) for row in rows if row[0] == "available")


def _recommendation(work: Work, enterprise_id: str) -> NewestRecommendation | None:
    columns = (RECOMMENDATION[name] for name in ("number", "state", "answer", "inputs", "stale_since", "at"))
    found = work.execute(
        select(*columns)
        .where(RECOMMENDATION.enterprise_id == enterprise_id)
        .order_by(RECOMMENDATION.number.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    key, trace = found.answer["next"], found.answer["trace"]
    known = found.inputs["activities"].get(key) if key else None
    ranked = next((each for each in found.answer["ranking"] if each["id"] == key), None)
    return NewestRecommendation(
        number=found.number,
        state=found.state,
        name=Text(known["title"], known["title_zh"]) if known else None,
        index=ranked["index"] if ranked else None,
        scanned=max((each.get("n") or 0 for each in trace), default=0),
        is_stale=found.stale_since is not None,
        at=found.at,
    )


def _rollouts(work: Work, enterprise_id: str) -> tuple[dict[str, int], dict[str, int]]:
    """Rollouts by state, and the running ones by phase."""
    statement = select(ROLLOUT.state, ROLLOUT.phase, func.count()).where(ROLLOUT.enterprise_id == enterprise_id)
    states: dict[str, int] = {}
    phases: dict[str, int] = {}
    for state, phase, count in work.execute(statement.group_by(ROLLOUT.state, ROLLOUT.phase)):
        states[state] = states.get(state, 0) + count
        if state == "running":
            phases[phase] = count
    return states, phases


def _evidence(work: Work, enterprise_id: str) -> int:
    evidence = PracticeEvidence.__table__.c
    statement = (
        select(func.count())
        .select_from(PracticeEvidence.__table__)
        .join(NbaRollout.__table__, ROLLOUT.id == evidence.rollout_id)
        .where(ROLLOUT.enterprise_id == enterprise_id)
    )
    return work.execute(statement).scalar_one()


def _loop(work: Work, enterprise_id: str) -> str:
    instance = ProcessInstance.__table__.c
    newest = (
        select(instance.state)
        .where(instance.enterprise_id == enterprise_id, instance.process_id == LOOP)
        .order_by(instance.started_at.desc())
        .limit(1)
    )
    state = work.execute(newest).scalar_one_or_none()
    if state is None:
        return "none"
    return "running" if state in ("active", "suspended") else "ended"
