"""How the processes are doing: the landscape, and one process element by element."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, literal_column, select

from engine.queries.worklist import IS_OPEN
from engine.store.tables import ElementInstance, Incident, ProcessDefinition, ProcessInstance, UserTask
from engine.store.unit_of_work import Work

TREND_DAYS = 7


@dataclass(frozen=True)
class ProcessHealth:
    """One process of the landscape; the trends count per UTC day, the last day is today."""

    process_id: str
    name: str
    name_zh: str | None
    definition_id: str
    running: int
    suspended: int
    incidents: int
    overdue: int
    started_by_day: tuple[tuple[date, int], ...]
    ended_by_day: tuple[tuple[date, int], ...]


@dataclass(frozen=True)
class ElementHealth:
    active: int = 0
    incidents: int = 0
    overdue: int = 0


def landscape(work: Work, *, enterprise_id: str, now: datetime) -> tuple[ProcessHealth, ...]:
    """Every deployed process with what runs, what stands still and what is late."""
    states = _count_by(work, ProcessInstance, enterprise_id, ProcessInstance.process_id, ProcessInstance.state)
    incidents = _counts(work, Incident, enterprise_id, Incident.state == "open")
    overdue = _counts(work, UserTask, enterprise_id, IS_OPEN, UserTask.due_order < now)
    started = _trend(work, enterprise_id, ProcessInstance.started_at, now)
    ended = _trend(work, enterprise_id, ProcessInstance.ended_at, now)
    processes = work.execute(
        select(ProcessDefinition.process_id, ProcessDefinition.name, ProcessDefinition.name_zh, ProcessDefinition.id)
        .where(ProcessDefinition.enterprise_id == enterprise_id, ProcessDefinition.is_latest)
        .order_by(ProcessDefinition.name)
    ).all()
    return tuple(
        ProcessHealth(
            process_id=row.process_id,
            name=row.name,
            name_zh=row.name_zh,
            definition_id=row.id,
            running=states.get((row.process_id, "active"), 0),
            suspended=states.get((row.process_id, "suspended"), 0),
            incidents=incidents.get(row.process_id, 0),
            overdue=overdue.get(row.process_id, 0),
            started_by_day=_days(started.get(row.process_id, {}), now),
            ended_by_day=_days(ended.get(row.process_id, {}), now),
        )
        for row in processes
    )


def elements(work: Work, *, enterprise_id: str, process_id: str, now: datetime) -> dict[str, ElementHealth]:
    """Badges for the diagram: per element the tokens there, open incidents and overdue tasks."""
    tokens = work.execute(
        select(ElementInstance.element_id, func.count())
        .join(ProcessInstance, ProcessInstance.id == ElementInstance.process_instance_id)
        .where(
            ElementInstance.process_id == process_id,
            ElementInstance.state == literal_column("'active'"),
            ProcessInstance.enterprise_id == enterprise_id,
        )
        .group_by(ElementInstance.element_id)
    )
    active = dict(tokens.all())
    incidents = _counts(
        work,
        Incident,
        enterprise_id,
        Incident.state == "open",
        Incident.process_id == process_id,
        by=Incident.element_id,
    )
    overdue = _counts(
        work,
        UserTask,
        enterprise_id,
        IS_OPEN,
        UserTask.process_id == process_id,
        UserTask.due_order < now,
        by=UserTask.element_id,
    )
    return {
        element_id: ElementHealth(active.get(element_id, 0), incidents.get(element_id, 0), overdue.get(element_id, 0))
        for element_id in {*active, *incidents, *overdue}
    }


def _counts(work: Work, mapped: type, enterprise_id: str, *conditions, by=None) -> dict[str, int]:
    column = by if by is not None else mapped.process_id
    query = select(column, func.count()).where(mapped.enterprise_id == enterprise_id, *conditions).group_by(column)
    return dict(work.execute(query).all())


def _count_by(work: Work, mapped: type, enterprise_id: str, *columns) -> dict[tuple, int]:
    query = (
        select(*columns, func.count())
        .where(mapped.enterprise_id == enterprise_id, mapped.state.in_(("active", "suspended")))
        .group_by(*columns)
    )
    return {tuple(row[:-1]): row[-1] for row in work.execute(query)}


def _trend(work: Work, enterprise_id: str, column, now: datetime) -> dict[str, dict[date, int]]:
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=TREND_DAYS - 1)
    moments = work.execute(
        select(ProcessInstance.process_id, column).where(
            ProcessInstance.enterprise_id == enterprise_id, column >= since
        )
    )
    found: dict[str, dict[date, int]] = {}
    for process_id, moment in moments:
        by_day = found.setdefault(process_id, {})
        by_day[moment.date()] = by_day.get(moment.date(), 0) + 1
    return found


def _days(counts: dict[date, int], now: datetime) -> tuple[tuple[date, int], ...]:
    today = now.date()
    days = [today - timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)]
    return tuple((day, counts.get(day, 0)) for day in days)
