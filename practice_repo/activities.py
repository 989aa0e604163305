"""Activities: what can be the next best one. Practices of the workspace, and what the enterprise adds of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select

from engine.errors import InvalidInput, NotFound
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.candidate_states import AVAILABLE, ENDED, must_allow
from practice_repo.nba_tables import NbaActivity
from practice_repo.permissions import must_estimate
from practice_repo.practice import Text
from practice_repo.tables import PracticeCandidate, PracticeVersion
from practice_repo.workspace import note_move

KINDS = ("process", "activity", "technique", "method", "reward")
CHANGES = {
    "adopt": Text("Adopt", "采用"),
    "strengthen": Text("Strengthen", "强化"),
    "improve": Text("Improve", "改进"),
    "eliminate": Text("Eliminate", "消除"),
}
STEPS = {  # the parts of CRM-Iris (Chalmeta 2006), in its order
    "organisation": Text("Organisational framework", "组织框架"),
    "strategy": Text("Customer strategy", "客户策略"),
    "assessment": Text("Customer-relationship assessment system", "客户关系评价系统"),
    "process_map": Text("Process map", "流程规划"),
    "implementation": Text("Implementation", "实施"),
    "monitoring": Text("Monitoring", "监控"),
    "computer_system": Text("Computer-system model", "计算机系统模型"),
}
RANKED = frozenset({AVAILABLE})  # only these are ranked (A10)
UNDER_WAY = frozenset({"selected", "executing"})
IN_PLACE = frozenset({"completed", "measured", "contributed"})
SHOWN = frozenset({*RANKED, *UNDER_WAY, *IN_PLACE})  # candidates that are activities
LONGEST_KEY = 60
ACTIVITY, CANDIDATE = NbaActivity.__table__.c, PracticeCandidate.__table__.c


@dataclass(frozen=True)
class Activity:
    """An activity with the state of its life, wherever that is kept."""

    id: str
    key: str
    title: str
    title_zh: str
    note: str
    kind: str
    change: str
    area: str
    step: str
    state: str
    candidate_id: str | None
    item_id: str | None
    origin_version_id: str | None
    created_at: datetime

    @property
    def is_own(self) -> bool:
        return self.candidate_id is None

    @property
    def name(self) -> Text:
        return Text(self.title, self.title_zh)


def activities_of(work: Work, enterprise_id: str) -> list[Activity]:
    """All activities of the enterprise, in the order of their keys, in one statement."""
    statement = _joined().where(ACTIVITY.enterprise_id == enterprise_id).order_by(ACTIVITY.key)
    return [_activity(row) for row in work.execute(statement)]


def activity_of(work: Work, activity_id: str, enterprise_id: str) -> Activity:
    """One activity. Raises NotFound when the enterprise has none with this id."""
    statement = _joined().where(ACTIVITY.id == activity_id, ACTIVITY.enterprise_id == enterprise_id)
    found = work.execute(statement).one_or_none()
    if found is None:
        raise NotFound(f"There is no activity {activity_id}: look at the list again.")
    return _activity(found)


def _joined():
    return select(
        NbaActivity.__table__,
        CANDIDATE.state.label("candidate_state"),
        CANDIDATE.title.label("candidate_title"),
        CANDIDATE.title_zh.label("candidate_title_zh"),
        CANDIDATE.item_id,
        CANDIDATE.origin_version_id,
    ).join_from(NbaActivity, PracticeCandidate, ACTIVITY.candidate_id == CANDIDATE.id, isouter=True)


def _activity(row: Row) -> Activity:
    return Activity(
        id=row.id,
        key=row.key,
        title=row.candidate_title or row.title,
        title_zh=row.candidate_title_zh or row.title_zh,
        note=row.note,
        kind=row.kind,
        change=row.change,
        area=row.area,
        step=row.step,
        state=row.candidate_state or row.state,
        candidate_id=row.candidate_id,
        item_id=row.item_id,
        origin_version_id=row.origin_version_id,
        created_at=row.created_at,
    )


def own_activity(work: Work, activity_id: str, actor: Actor) -> NbaActivity:
    """The activity's row, locked, for somebody who may estimate. Raises NotFound, NotPermitted."""
    enterprise_id = must_estimate(actor)
    return locked_activity(work, activity_id, enterprise_id)


def locked_activity(work: Work, activity_id: str, enterprise_id: str) -> NbaActivity:
    found = work.session.get(NbaActivity, activity_id, with_for_update=True, populate_existing=True)
    if found is None or found.enterprise_id != enterprise_id:
        raise NotFound(f"There is no activity {activity_id}: look at the list again.")
    return found


def state_of(work: Work, activity: NbaActivity) -> str:
    if activity.candidate_id is None:
        return activity.state or "available"
    return work.execute(select(CANDIDATE.state).where(CANDIDATE.id == activity.candidate_id)).scalar_one()


def move_activity(
    work: Work, activity: NbaActivity, to_state: str, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Take one step of its life, or of its candidate's; staying where it is is none. Raises InvalidState."""
    if activity.candidate_id is None:
        _step(activity, to_state, activity.title)
        return
    candidate = work.session.get(PracticeCandidate, activity.candidate_id, with_for_update=True, populate_existing=True)
    if candidate.state == to_state:
        return
    former = candidate.state
    _step(candidate, to_state, candidate.title)
    note_move(work, candidate.id, former, to_state, actor, now, reason)


def bring_back(activity: NbaActivity) -> None:
    """An own activity that was given up can be chosen again once somebody has estimated what is left of it; a practice
    goes through its checks again instead."""
    if activity.candidate_id is None and activity.state == ENDED:
        activity.state = AVAILABLE


def _step(row: NbaActivity | PracticeCandidate, to_state: str, title: str) -> None:
    if row.state == to_state:
        return
    must_allow(title, row.state, to_state)
    row.state = to_state


def ensure_activities(work: Work, enterprise_id: str, actor: Actor, now: datetime) -> list[str]:
    """Activities for all practices of the workspace that are available and have none; the ids of the new ones."""
    known = select(ACTIVITY.candidate_id).where(ACTIVITY.candidate_id == CANDIDATE.id)
    statement = (
        select(CANDIDATE.id, CANDIDATE.item_id, CANDIDATE.title, CANDIDATE.title_zh, PracticeVersion.card)
        .join(PracticeVersion, PracticeVersion.id == CANDIDATE.origin_version_id)
        .where(CANDIDATE.enterprise_id == enterprise_id, CANDIDATE.state.in_(SHOWN), ~known.exists())
        .order_by(CANDIDATE.acquired_at, CANDIDATE.id)
    )
    found = work.execute(statement).all()
    if not found:
        return []
    taken = set(work.execute(select(ACTIVITY.key).where(ACTIVITY.enterprise_id == enterprise_id)).scalars())
    rows = [_row(enterprise_id, each, taken, actor, now) for each in found]
    work.execute(insert(NbaActivity), rows)
    return [row["id"] for row in rows]


def _row(enterprise_id: str, candidate: Row, taken: set[str], actor: Actor, now: datetime) -> dict[str, object]:
    key = free_key(candidate.item_id, taken)
    taken.add(key)
    return {
        "id": new_id(),
        "enterprise_id": enterprise_id,
        "key": key,
        "title": candidate.title,
        "title_zh": candidate.title_zh,
        "note": "",
        "candidate_id": candidate.id,
        "kind": candidate.card.get("type", "process"),
        "change": candidate.card.get("change_type") or "adopt",
        "area": candidate.card.get("area", ""),
        "step": "implementation",
        "state": None,
        "created_at": now,
        "created_by": actor.id,
    }


def free_key(wished: str, taken: Iterable[str]) -> str:
    """The wished key, or the first `wished_2`, `wished_3` … that nobody has."""
    others = set(taken)
    key, number = wished[:LONGEST_KEY], 1
    while key in others:
        number += 1
        key = f"{wished[: LONGEST_KEY - 4]}_{number}"
    return key


def must_fit(values: Mapping[str, object]) -> None:
    """Refuse what an activity cannot have."""
    for name, known in (("kind", KINDS), ("change", CHANGES), ("step", STEPS)):
        if name in values and values[name] not in known:
            raise InvalidInput(f"The {name} of an activity is one of {', '.join(known)}, found '{values[name]}'.")
    for name, longest in (("key", LONGEST_KEY), ("title", 200)):
        text = values.get(name)
        if text is not None and not 0 < len(str(text).strip()) <= longest:
            raise InvalidInput(f"An activity has a {name} of 1 to {longest} characters, found '{text}'.")
