"""Cases by process, state, key, text, element, incident and business attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, literal_column, select

from engine.queries.worklist import IS_OPEN, Page, contains, has_attribute
from engine.store.tables import ElementInstance, Incident, ProcessDefinition, ProcessInstance, SearchVariable, UserTask
from engine.store.unit_of_work import Work

CASE = ProcessInstance.__table__.c
IS_ACTIVE = ElementInstance.__table__.c.state == literal_column("'active'")  # written out for its index
LIVE = ("active", "suspended")


@dataclass(frozen=True)
class InstanceRow:
    """One case in a list."""

    id: str
    enterprise_id: str
    process_id: str
    process_name: str
    process_name_zh: str | None
    definition_id: str
    version: int
    business_key: str | None
    title: str | None
    state: str
    started_by: str | None
    started_by_instance_id: str | None
    started_at: datetime
    moved_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    open_incidents: int
    open_tasks: int
    attributes: Mapping[str, str | None] = field(default_factory=dict)


def _count(mapped: type, state: str) -> Any:
    table = mapped.__table__.c
    return (
        select(func.count())
        .select_from(mapped)
        .where(table.process_instance_id == CASE.id, table.state == state)
        .correlate(ProcessInstance)
        .scalar_subquery()
    )


ROW_COLUMNS = (
    CASE.id,
    CASE.enterprise_id,
    CASE.process_id,
    ProcessDefinition.name.label("process_name"),
    ProcessDefinition.name_zh.label("process_name_zh"),
    CASE.definition_id,
    ProcessDefinition.version,
    CASE.business_key,
    CASE.title,
    CASE.state,
    CASE.started_by,
    CASE.started_by_instance_id,
    CASE.started_at,
    CASE.moved_at,
    CASE.ended_at,
    CASE.end_reason,
    _count(Incident, "open").label("open_incidents"),
    _count(UserTask, "open").label("open_tasks"),
)


def process_instances(
    work: Work,
    *,
    enterprise_id: str,
    process_id: str | None = None,
    state: str | None = None,
    business_key: str | None = None,
    text: str | None = None,
    element_id: str | None = None,
    has_incident: bool | None = None,
    is_overdue_at: datetime | None = None,
    attributes: Mapping[str, str] | None = None,
    started_by: str | None = None,
    ids: tuple[str, ...] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """A page of cases, the newest first. `state` may be "live" (active or suspended); `next` is the next offset.

    `element_id`: a token is there now. `is_overdue_at`: an open task is overdue at this moment.
    """
    query = (
        select(*ROW_COLUMNS)
        .select_from(ProcessInstance)
        .join(ProcessDefinition, ProcessDefinition.id == CASE.definition_id)
        .where(CASE.enterprise_id == enterprise_id)
        .where(*_filters(process_id, state, business_key, element_id, has_incident, is_overdue_at, started_by))
        .order_by(CASE.started_at.desc(), CASE.id.desc())
        .limit(limit + 1)
        .offset(offset)
    )
    if text and text.strip():
        query = query.where(contains(work, text.strip(), CASE.title, CASE.business_key))
    for name, value in (attributes or {}).items():
        query = query.where(has_attribute(CASE.id, enterprise_id, name, value))
    if ids is not None:
        query = query.where(CASE.id.in_(ids))
    found = work.execute(query).all()
    return Page(rows(work, found[:limit]), str(offset + limit) if len(found) > limit else None)


def rows(work: Work, found: list[Any]) -> tuple[InstanceRow, ...]:
    """Rows with ROW_COLUMNS as InstanceRow, with their business attributes."""
    attributes = attributes_of(work, [row.id for row in found])
    return tuple(InstanceRow(**row._mapping, attributes=attributes.get(row.id, {})) for row in found)


def attributes_of(work: Work, instance_ids: list[str]) -> dict[str, dict[str, str | None]]:
    """The searchable variables of cases, as people read them."""
    found: dict[str, dict[str, str | None]] = {}
    if instance_ids:
        for instance_id, name, text in work.execute(
            select(SearchVariable.process_instance_id, SearchVariable.name, SearchVariable.text).where(
                SearchVariable.process_instance_id.in_(instance_ids)
            )
        ):
            found.setdefault(instance_id, {})[name] = text
    return found


def _filters(
    process_id: str | None,
    state: str | None,
    business_key: str | None,
    element_id: str | None,
    has_incident: bool | None,
    is_overdue_at: datetime | None,
    started_by: str | None,
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in (
        (CASE.process_id, process_id),
        (CASE.business_key, business_key),
        (CASE.started_by, started_by),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    if state is not None:
        conditions.append(CASE.state.in_(LIVE) if state == "live" else CASE.state == state)
    if element_id is not None:
        conditions.append(
            _exists(
                ElementInstance,
                ElementInstance.element_id == element_id,
                IS_ACTIVE,
            )
        )
    if has_incident is not None:
        incident = _exists(Incident, Incident.state == "open")
        conditions.append(incident if has_incident else ~incident)
    if is_overdue_at is not None:
        conditions.append(_exists(UserTask, IS_OPEN, UserTask.due_order < is_overdue_at))
    return conditions


def _exists(mapped: type, *conditions: Any) -> ColumnElement[bool]:
    return select(literal(1)).where(mapped.process_instance_id == CASE.id, *conditions).exists()
