"""Checklists of Winer and CRM-Iris over one enterprise: what is there, which practices serve each step (A40, A41)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, bindparam, case, func, select

from engine.queries.process_map import ProcessMap, process_map
from engine.store.tables import Incident, ProcessDefinition, UserTask
from engine.store.unit_of_work import Work
from practice_repo.activities import IN_PLACE, UNDER_WAY, Activity, activities_of
from practice_repo.card import Kpi
from practice_repo.described import text_of
from practice_repo.method_steps import OpenPoint, Step, steps
from practice_repo.nba_tables import NbaProfile, NbaRollout, PracticeEvidence
from practice_repo.practice import Text
from practice_repo.queries.cards import cards
from practice_repo.tables import (
    PracticeCandidate,
    PracticeItem,
    PracticeNeed,
    PracticeNeedCover,
    PracticeNotice,
    PracticeVersion,
)

CANDIDATE, ROLLOUT = PracticeCandidate.__table__.c, NbaRollout.__table__.c
ORDER = ("in_place", "under_way", "prepared", "in_library")  # of practices: the furthest first
OPEN_NEEDS = ("open", "in_work")


@dataclass(frozen=True)
class Serving:
    """A practice of the library as this enterprise has it."""

    item_id: str
    name: Text
    kind: str  # process | scenario | technology | component
    capabilities: frozenset[str]
    status: str  # see ORDER
    candidate_id: str | None
    kpis: tuple[str, ...]
    roles: tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class CheckedStep:
    """One step with its figures. `state`: in_place | begun | to_acquire | gap."""

    step: Step
    figures: tuple[tuple[str, Any], ...]  # (key, number or None where nobody knows)
    practices: tuple[Serving, ...]  # the furthest first
    state: str
    open: tuple[OpenPoint, ...]
    activities: tuple[Activity, ...] = ()

    @property
    def candidates(self) -> tuple[Serving, ...]:
        """What could be acquired to go on with this step."""
        return tuple(each for each in self.practices if each.status == "in_library")


@dataclass(frozen=True)
class KpiOfCard:
    """A KPI of a practice in use; `value` is what its newest rollout measured."""

    practice: str
    practice_name: Text
    key: str
    name: Text
    target: Decimal | None
    value: float | None
    unit: str
    better: str
    measured_on: date | None

    @property
    def misses_target(self) -> bool:
        if self.target is None or self.value is None:
            return False
        return self.value > self.target if self.better == "lower" else self.value < self.target


@dataclass(frozen=True)
class RoleInUse:
    """A role that practices in use need, and how many people have it."""

    key: str
    name: Text
    people: int
    practices: tuple[Text, ...]


@dataclass(frozen=True)
class NeedOfStrategy:
    id: str
    number: int
    title: str
    priority: str
    state: str
    is_covered: bool


@dataclass(frozen=True)
class Checklist:
    steps: tuple[CheckedStep, ...]
    done: int  # steps in place
    kpis: tuple[KpiOfCard, ...]
    roles: tuple[RoleInUse, ...] = ()
    needs: tuple[NeedOfStrategy, ...] = ()
    goals: str = ""
    process_map: ProcessMap | None = None
    topics_without: tuple[str, ...] = ()  # that no handler of this installation does


def servings(work: Work, *, enterprise_id: str) -> tuple[Serving, ...]:
    """Every released practice with how far this enterprise is with it, by id; two statements.

    A process that is deployed counts as in place, wherever it came from: its practice has the process's id.
    """
    items, versions = PracticeItem.__table__.c, PracticeVersion.__table__
    rows = work.execute(
        select(items.id, versions.c.card, CANDIDATE.id.label("candidate_id"), CANDIDATE.state, _is_deployed(items))
        .join_from(PracticeItem.__table__, versions, versions.c.id == items.latest_version_id)
        .join(
            PracticeCandidate.__table__,
            (CANDIDATE.item_id == items.id)
            & (CANDIDATE.enterprise_id == enterprise_id)
            & (CANDIDATE.state != "aborted"),
            isouter=True,
        )
        .params(enterprise=enterprise_id)
        .where(versions.c.state == "released")
        .order_by(items.id, CANDIDATE.changed_at.desc())
    ).all()
    best: dict[str, Serving] = {}
    for row in rows:
        found = _serving(row)
        known = best.get(found.item_id)
        if known is None or ORDER.index(found.status) < ORDER.index(known.status):
            best[found.item_id] = found
    return tuple(best.values())


def _is_deployed(items: Any) -> Any:
    definitions = ProcessDefinition.__table__.c
    found = select(definitions.id).where(
        definitions.process_id == items.id, definitions.enterprise_id == bindparam("enterprise"), definitions.is_latest
    )
    return found.exists().label("is_deployed")


def _serving(row: Any) -> Serving:
    card = row.card
    return Serving(
        item_id=row.id,
        name=text_of(card["name"]),
        kind=card["kind"],
        capabilities=frozenset(card.get("capabilities", ())),
        status=_status(row.state, row.is_deployed),
        candidate_id=row.candidate_id,
        kpis=tuple(each["key"] for each in card["kpis"]),
        roles=tuple((each["key"], text_of(each)) for each in card["roles"] if each["key"] != "system"),
    )


def _status(state: str | None, is_deployed: bool) -> str:
    if state in IN_PLACE or is_deployed:
        return "in_place"
    if state in UNDER_WAY:
        return "under_way"
    return "prepared" if state else "in_library"


# Winer ----------------------------------------------------------------------------------------------------------------


def winer(work: Work, *, enterprise_id: str, customer_base: Mapping[str, Any]) -> Checklist:
    """Winer's seven steps; `customer_base` holds the figures of the customer base by key."""
    known = servings(work, enterprise_id=enterprise_id)
    profile = work.session.get(NbaProfile, enterprise_id)
    kpis = _kpis(work, enterprise_id, known, profile)
    values = {**customer_base, **_kpi_figures(known, kpis, profile)}
    return _checklist("winer", known, values, kpis=kpis)


# CRM-Iris -------------------------------------------------------------------------------------------------------------


def iris(
    work: Work,
    *,
    enterprise_id: str,
    now: datetime,
    people_by_role: Mapping[str, int],
    people: int,
    topics: Iterable[str],
) -> Checklist:
    """The parts of CRM-Iris; `topics` are those that a handler of this installation does."""
    known = servings(work, enterprise_id=enterprise_id)
    profile = work.session.get(NbaProfile, enterprise_id)
    kpis = _kpis(work, enterprise_id, known, profile)
    roles = _roles(known, people_by_role)
    needs = _needs(work, enterprise_id)
    activities = activities_of(work, enterprise_id)
    mapped = process_map(work, enterprise_id=enterprise_id)
    handled = frozenset(topics)
    goals = profile.goals if profile else ""
    values = {
        **_kpi_figures(known, kpis, profile),
        **_need_figures(needs),
        **_rollout_figures(work, enterprise_id),
        **_operation_figures(work, enterprise_id, now),
        "roles_staffed": sum(1 for role in roles if role.people),
        "roles_empty": sum(1 for role in roles if not role.people),
        "people": people,
        "goals": int(bool(goals)) + len(needs),
        "processes": len(mapped.processes),
        "handovers": len(mapped.handovers),
        "cases_running": sum(each.running for each in mapped.processes),
        "activities_open": sum(1 for each in activities if each.state not in IN_PLACE and each.state != "aborted"),
        "technologies": sum(1 for each in known if each.kind == "technology" and each.status != "in_library"),
        "topics_bound": len(mapped.topics & handled),
        "topics_without": len(mapped.topics - handled),
    }
    return _checklist(
        "iris",
        known,
        values,
        activities=activities,
        kpis=kpis,
        roles=roles,
        needs=needs,
        goals=goals,
        process_map=mapped,
        topics_without=tuple(sorted(mapped.topics - handled)),
    )


def _roles(known: Iterable[Serving], people_by_role: Mapping[str, int]) -> tuple[RoleInUse, ...]:
    """The roles of practices that are used or prepared; those without people first."""
    names: dict[str, Text] = {}
    practices: dict[str, list[Text]] = {}
    for each in known:
        if each.status != "in_library":
            for key, name in each.roles:
                names.setdefault(key, name)
                practices.setdefault(key, []).append(each.name)
    roles = (RoleInUse(key, names[key], people_by_role.get(key, 0), tuple(practices[key])) for key in names)
    return tuple(sorted(roles, key=lambda role: (role.people > 0, role.key)))


def _needs(work: Work, enterprise_id: str) -> tuple[NeedOfStrategy, ...]:
    """Open needs, by priority and number."""
    need, cover = PracticeNeed.__table__.c, PracticeNeedCover.__table__.c
    met = (
        select(cover.need_id)
        .join_from(PracticeNeedCover.__table__, PracticeCandidate.__table__, CANDIDATE.id == cover.target_id)
        .where(
            cover.need_id == need.id,
            cover.kind == "candidate",
            cover.degree.in_(("full", "partial")),
            CANDIDATE.state != "aborted",
        )
    )
    rank = case({"must": 0, "should": 1}, value=need.priority, else_=2)
    statement = (
        select(need.id, need.number, need.title, need.priority, need.state, met.exists())
        .where(need.enterprise_id == enterprise_id, need.state.in_(OPEN_NEEDS))
        .order_by(rank, need.number)
    )
    return tuple(NeedOfStrategy(*row[:5], is_covered=bool(row[5])) for row in work.execute(statement))


def _need_figures(needs: Iterable[NeedOfStrategy]) -> dict[str, int]:
    needs = tuple(needs)
    counts = {
        f"needs_{name}": sum(1 for each in needs if each.priority == name) for name in ("must", "should", "could")
    }
    return counts | {"needs_uncovered": sum(1 for each in needs if not each.is_covered)}


def _rollout_figures(work: Work, enterprise_id: str) -> dict[str, int]:
    statement = select(ROLLOUT.state, func.count()).where(ROLLOUT.enterprise_id == enterprise_id)
    counts = dict(work.execute(statement.group_by(ROLLOUT.state)).all())
    names = {"running": "rollouts_running", "completed": "rollouts_done", "aborted": "rollouts_aborted"}
    return {name: counts.get(state, 0) for state, name in names.items()}


def _operation_figures(work: Work, enterprise_id: str, now: datetime) -> dict[str, int]:
    """What monitoring watches: unread alarms, incidents, late work."""
    notices, incidents, tasks = PracticeNotice.__table__.c, Incident.__table__.c, UserTask.__table__.c
    counted = {
        "alarms": select(func.count()).where(
            notices.enterprise_id == enterprise_id, notices.kind.startswith("kpi"), notices.read_at.is_(None)
        ),
        "incidents_open": select(func.count()).where(
            incidents.enterprise_id == enterprise_id, incidents.state == "open"
        ),
        "tasks_overdue": select(func.count()).where(
            tasks.enterprise_id == enterprise_id, tasks.state == "open", tasks.due_order < now
        ),
    }
    return {name: work.execute(statement).scalar_one() for name, statement in counted.items()}


# Both -----------------------------------------------------------------------------------------------------------------


def _checklist(
    name: str,
    known: Iterable[Serving],
    values: Mapping[str, Any],
    *,
    activities: Iterable[Activity] = (),
    **more: Any,
) -> Checklist:
    known, activities = tuple(known), tuple(activities)
    found = tuple(_checked(step, known, values, activities) for step in steps(name))
    return Checklist(steps=found, done=sum(1 for each in found if each.state == "in_place"), **more)


def _checked(
    step: Step, known: Iterable[Serving], values: Mapping[str, Any], activities: Iterable[Activity]
) -> CheckedStep:
    serving = [each for each in known if each.capabilities & step.capabilities]
    serving.sort(key=lambda each: (ORDER.index(each.status), each.item_id))
    points = tuple(each for each in step.open if each.applies(values))
    has_data = any(values.get(key) for key in step.essential)
    return CheckedStep(
        step=step,
        figures=tuple((key, values.get(key)) for key in step.figures),
        practices=tuple(serving),
        state=_state(has_data, {each.status for each in serving}, is_open=bool(points)),
        open=points,
        activities=tuple(each for each in activities if each.step == step.key),
    )


def _state(has_data: bool, statuses: set[str], *, is_open: bool) -> str:
    """How far a step is: with data, a practice that works with it and no open point, it is in place."""
    if has_data and not is_open and (not statuses or "in_place" in statuses):
        return "in_place"
    if has_data or statuses - {"in_library"}:
        return "begun"
    return "to_acquire" if statuses else "gap"


def _kpis(
    work: Work, enterprise_id: str, known: Iterable[Serving], profile: NbaProfile | None
) -> tuple[KpiOfCard, ...]:
    """The KPIs of practices in place, those with a target or a value first."""
    used = {each.item_id: each for each in known if each.status == "in_place"}
    read = cards(work, enterprise_id=enterprise_id, item_ids=used)
    targets, measured = targets_of(profile), _measured(work, enterprise_id)
    found = (
        _kpi(used[item], kpi, targets.get(f"{item}.{kpi.key}"), measured.get((item, kpi.key)))
        for item, each in read.items()
        for kpi in each.card.kpis
    )
    return tuple(sorted(found, key=lambda kpi: (kpi.target is None, kpi.value is None)))


def _kpi(practice: Serving, kpi: Kpi, target: Decimal | None, row: Row[Any] | None) -> KpiOfCard:
    return KpiOfCard(
        practice=practice.item_id,
        practice_name=practice.name,
        key=kpi.key,
        name=kpi.name,
        unit=kpi.unit,
        better=kpi.better,
        target=target,
        value=row.after if row else None,
        measured_on=row.window_end if row else None,
    )


def targets_of(profile: NbaProfile | None) -> dict[str, Decimal]:
    """What the profile wants to reach, by "practice.kpi"."""
    return {key: Decimal(value) for key, value in ((profile.targets if profile else None) or {}).items()}


def _measured(work: Work, enterprise_id: str) -> dict[tuple[str, str], Row[Any]]:
    """What own rollouts measured last, by practice and KPI."""
    evidence = PracticeEvidence.__table__.c
    columns = ("item_id", "kpi", "after", "window_end")
    statement = (
        select(*(evidence[name] for name in columns))
        .join(NbaRollout.__table__, ROLLOUT.id == evidence.rollout_id)
        .where(ROLLOUT.enterprise_id == enterprise_id)
        .order_by(evidence.at)
    )
    return {(row.item_id, row.kpi): row for row in work.execute(statement)}


def _kpi_figures(known: Iterable[Serving], kpis: tuple[KpiOfCard, ...], profile: NbaProfile | None) -> dict[str, int]:
    measured = sum(1 for each in kpis if each.value is not None)
    return {
        "kpis_known": sum(len(each.kpis) for each in known),
        "kpis_in_place": len(kpis),
        "kpi_targets": len(targets_of(profile)),
        "kpis_measured": measured,
        "evidence": measured,
    }
