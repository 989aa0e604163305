"""A handler has failed: try again later, or raise an incident."""

from datetime import datetime, timedelta

from sqlalchemy import update

from engine.commands.jobs import backoff_seconds, error_text, find_job
from engine.commands.progress import save_instance
from engine.store.tables import Job
from engine.store.unit_of_work import Work


def fail_job(
    work: Work,
    *,
    job_id: str,
    message: str,
    now: datetime,
    retry: bool = True,
    worker_id: str | None = None,
) -> bool:
    """True when the job will be tried again; false when its retries are used up (or `retry` is false): an incident."""
    row, instance = find_job(work, job_id, worker_id)
    retries_left = row.retries_left - 1 if retry else 0
    values = {"retries_left": max(retries_left, 0), "last_error": error_text(message), "locked_by": None}
    if retries_left > 0:
        due_at = now + timedelta(seconds=backoff_seconds(row, row.attempts))
        work.execute(update(Job).where(Job.id == job_id).values(**values, lock_until=None, due_at=due_at))
        return True
    work.execute(update(Job).where(Job.id == job_id).values(**values, lock_until=None, state="failed"))
    instance.execution.fail_job(row.element_instance_id, error_text(message), at=now)
    instance.detail = {"topic": row.topic, "element_id": row.element_id}
    save_instance(work, instance, now=now, cause="fail_job")
    return False
