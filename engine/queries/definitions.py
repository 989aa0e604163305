"""The processes that are deployed, and those that a person may start."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine import forms
from engine.errors import NotFound
from engine.queries.compiled import form
from engine.store.actor import Actor
from engine.store.tables import ProcessDefinition
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class DefinitionRow:
    id: str
    process_id: str
    version: int
    name: str
    name_zh: str | None
    description: str
    deployment_id: str
    candidate_starters: tuple[str, ...]
    start_form_key: str | None
    startable: bool
    is_latest: bool
    is_suspended: bool
    deployed_at: datetime


_COLUMNS = tuple(ProcessDefinition.__table__.c[name] for name in DefinitionRow.__dataclass_fields__)


def definitions(work: Work, *, enterprise_id: str, all_versions: bool = False) -> tuple[DefinitionRow, ...]:
    """Deployed processes by name; the newest versions only, unless all are wanted."""
    query = select(*_COLUMNS).where(ProcessDefinition.enterprise_id == enterprise_id)
    if not all_versions:
        query = query.where(ProcessDefinition.is_latest)
    found = work.execute(query.order_by(ProcessDefinition.name, ProcessDefinition.version.desc())).all()
    return tuple(_row(each) for each in found)


def startable(work: Work, *, actor: Actor, enterprise_id: str) -> tuple[DefinitionRow, ...]:
    """The processes that this actor may start by hand."""
    return tuple(
        row
        for row in definitions(work, enterprise_id=enterprise_id)
        if row.startable
        and not row.is_suspended
        and (actor.is_supervisor or not row.candidate_starters or set(row.candidate_starters) & actor.groups)
    )


def definition(work: Work, *, definition_id: str, enterprise_id: str | None = None) -> DefinitionRow:
    """One version of a process. Raises NotFound."""
    row = work.execute(
        select(*_COLUMNS, ProcessDefinition.enterprise_id).where(ProcessDefinition.id == definition_id)
    ).one_or_none()
    if row is None or (enterprise_id is not None and row.enterprise_id != enterprise_id):
        raise NotFound(f"The process definition {definition_id} does not exist: look again.")
    return _row(row)


def start_form(work: Work, *, definition_id: str) -> forms.Form | None:
    """The form that starts the process; none when it starts without one."""
    row = work.execute(
        select(ProcessDefinition.start_form_key, ProcessDefinition.bundle).where(ProcessDefinition.id == definition_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"The process definition {definition_id} does not exist: look again.")
    digest = row.bundle["forms"].get(row.start_form_key) if row.start_form_key else None
    return form(work, digest) if digest else None


def _row(row: Any) -> DefinitionRow:
    values = {name: getattr(row, name) for name in DefinitionRow.__dataclass_fields__}
    return DefinitionRow(**values | {"candidate_starters": tuple(row.candidate_starters)})
