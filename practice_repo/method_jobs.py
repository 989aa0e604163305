"""What the service tasks of the method's two processes share: who acts, and values as jobs bring them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from engine.errors import InvalidInput
from engine.handlers import Job
from engine.store import tables
from engine.store.actor import SYSTEM, Actor
from engine.store.unit_of_work import Work
from practice_repo.permissions import ANALYST, MANAGER

TASK, JOB = tables.UserTask.__table__.c, tables.Job.__table__.c
DISPLAYED = "{:,.2f}"


def acting(work: Work, job: Job, element_id: str) -> Actor:
    """Whoever completed this user task last, with the rights that completing it has shown; else the system's clerk."""
    statement = (
        select(TASK.completed_by)
        .where(
            TASK.process_instance_id == job.process_instance_id,
            TASK.element_id == element_id,
            TASK.state == "completed",
        )
        .order_by(TASK.ended_at.desc())
        .limit(1)
    )
    return clerk(job.enterprise_id, work.execute(statement).scalar_one_or_none())


def clerk(enterprise_id: str, person: str | None = None) -> Actor:
    """Does in the enterprise what the method asks for."""
    return Actor(person or SYSTEM.id, frozenset({ANALYST, MANAGER}), enterprise_id=enterprise_id)


def asked_at(work: Work, job: Job) -> datetime:
    """When the job came up: what was done since then was done by it."""
    found = work.execute(select(JOB.created_at).where(JOB.id == job.idempotency_key)).scalar_one_or_none()
    return found or job.now


def text(values: Mapping[str, Any], name: str) -> str:
    """The value as stripped text, empty when there is none."""
    value = values.get(name)
    return "" if value is None else str(value).strip()


def needed(values: Mapping[str, Any], name: str) -> str:
    """The value as text. Raises InvalidInput naming the variable when it has none."""
    found = text(values, name)
    if not found:
        raise InvalidInput(f"The variable '{name}' is needed here and has no value: set it and try again.")
    return found


def number(values: Mapping[str, Any], name: str) -> Decimal | None:
    """The value as an exact number; None when there is none."""
    found = text(values, name)
    if not found:
        return None
    try:
        return Decimal(found)
    except InvalidOperation:
        raise InvalidInput(f"The variable '{name}' must be a number, found '{found}'.") from None


def whole(values: Mapping[str, Any], name: str, otherwise: int) -> int:
    found = number(values, name)
    return otherwise if found is None else int(found)


def day(values: Mapping[str, Any], name: str) -> date | None:
    """The value as a day; None when there is none."""
    found = text(values, name)[:10]
    if not found:
        return None
    try:
        return date.fromisoformat(found)
    except ValueError:
        raise InvalidInput(f"The variable '{name}' must be a day like 2026-05-01, found '{found}'.") from None


def rows(values: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of entries; empty when there is none."""
    found = values.get(name)
    return [dict(each) for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []


def shown(amount: Decimal | None) -> str:
    """Money as people read it in a task."""
    return "?" if amount is None else DISPLAYED.format(amount)
