"""Incidents, grouped by what they have in common, and one by one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.queries.worklist import Page
from engine.store.tables import Incident, ProcessDefinition, ProcessInstance
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class IncidentGroup:
    """Open incidents with the same signature at the same element."""

    signature: str
    process_id: str
    element_id: str
    kind: str
    count: int
    example: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class IncidentRow:
    id: str
    process_instance_id: str
    process_id: str
    process_name: str
    business_key: str | None
    title: str | None
    element_id: str
    kind: str
    message: str
    signature: str
    state: str
    assigned_to: str | None
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


def incident_groups(work: Work, *, enterprise_id: str, process_id: str | None = None) -> tuple[IncidentGroup, ...]:
    """Open incidents by signature and element, the most frequent first."""
    group = (Incident.signature, Incident.process_id, Incident.element_id, Incident.kind)
    query = select(
        *group, func.count(), func.min(Incident.message), func.min(Incident.raised_at), func.max(Incident.raised_at)
    ).where(Incident.enterprise_id == enterprise_id, Incident.state == "open")
    if process_id is not None:
        query = query.where(Incident.process_id == process_id)
    found = work.execute(query.group_by(*group).order_by(func.count().desc(), Incident.signature)).all()
    return tuple(IncidentGroup(*row) for row in found)


def incidents(
    work: Work,
    *,
    enterprise_id: str,
    signature: str | None = None,
    process_id: str | None = None,
    element_id: str | None = None,
    process_instance_id: str | None = None,
    state: str | None = "open",
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """A page of incidents, the newest first; `next` is the next offset."""
    query = (
        select(
            Incident.id,
            Incident.process_instance_id,
            Incident.process_id,
            ProcessDefinition.name,
            ProcessInstance.business_key,
            ProcessInstance.title,
            Incident.element_id,
            Incident.kind,
            Incident.message,
            Incident.signature,
            Incident.state,
            Incident.assigned_to,
            Incident.raised_at,
            Incident.resolved_at,
            Incident.resolved_by,
        )
        .join(ProcessInstance, ProcessInstance.id == Incident.process_instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(Incident.enterprise_id == enterprise_id)
    )
    for column, wanted in (
        (Incident.signature, signature),
        (Incident.process_id, process_id),
        (Incident.element_id, element_id),
        (Incident.process_instance_id, process_instance_id),
        (Incident.state, state),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    found = work.execute(
        query.order_by(Incident.raised_at.desc(), Incident.id.desc()).limit(limit + 1).offset(offset)
    ).all()
    return Page(tuple(IncidentRow(*row) for row in found[:limit]), str(offset + limit) if len(found) > limit else None)
