"""Take due jobs for a while: the lease ends by itself, so a killed worker's jobs are taken again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from engine.store.tables import Job
from engine.store.unit_of_work import Work

LEASE_SECONDS = 300.0


@dataclass(frozen=True)
class ClaimedJob:
    """What a worker needs to run a handler; `id` is the idempotency key."""

    id: str
    topic: str
    variables: Mapping[str, Any]
    process_instance_id: str
    process_id: str
    element_id: str
    business_key: str | None
    enterprise_id: str
    retries_left: int
    attempts: int


def claim_jobs(
    work: Work,
    *,
    worker_id: str,
    now: datetime,
    limit: int = 10,
    lease_seconds: float = LEASE_SECONDS,
    topics: Sequence[str] | None = None,
) -> list[ClaimedJob]:
    """Up to `limit` due jobs, the longest waiting first, locked for this worker until the lease ends."""
    columns = Job.__table__.c
    due = (
        select(
            columns.id,
            columns.topic,
            columns.variables,
            columns.process_instance_id,
            columns.process_id,
            columns.element_id,
            columns.business_key,
            columns.enterprise_id,
            columns.retries_left,
            columns.attempts,
        )
        .where(
            columns.state == "ready",
            columns.is_suspended.is_(False),
            columns.due_at <= now,
            or_(columns.lock_until.is_(None), columns.lock_until <= now),
        )
        .order_by(columns.due_at, columns.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if topics is not None:
        due = due.where(columns.topic.in_(list(topics)))
    rows = work.execute(due).all()
    if rows:
        work.execute(
            update(Job)
            .where(Job.id.in_([row.id for row in rows]))
            .values(locked_by=worker_id, lock_until=now + timedelta(seconds=lease_seconds), attempts=Job.attempts + 1)
        )
    return [ClaimedJob(**{**row._asdict(), "attempts": row.attempts + 1}) for row in rows]
