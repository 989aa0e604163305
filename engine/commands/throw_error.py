"""A handler reports a business error: the model's error event catches it, or an incident is raised."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update

from engine.commands.jobs import error_text, find_job
from engine.commands.progress import save_instance
from engine.store.tables import Incident, Job
from engine.store.unit_of_work import Work


def throw_error(
    work: Work,
    *,
    job_id: str,
    code: str,
    message: str = "",
    variables: Mapping[str, Any] | None = None,
    now: datetime,
    worker_id: str | None = None,
) -> None:
    """Throw the error `code` at the job's element."""
    row, instance = find_job(work, job_id, worker_id)
    instance.execution.throw_error(row.element_instance_id, code, error_text(message), variables, at=now)
    instance.detail = {"topic": row.topic, "element_id": row.element_id, "error": code}
    changes = save_instance(work, instance, now=now, cause="throw_error")
    if any(incident["element_instance_id"] == row.element_instance_id for incident in changes.rows(Incident)):
        work.execute(
            update(Job)
            .where(Job.id == job_id)
            .values(state="failed", last_error=error_text(f"{code}: {message}"), locked_by=None, lock_until=None)
        )
