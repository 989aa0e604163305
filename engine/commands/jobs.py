"""What the verbs for jobs share: find the job and its instance, or say why not."""

from typing import Any

from sqlalchemy import Row, select

from engine.commands.progress import LoadedInstance, load_instance
from engine.errors import InvalidState
from engine.store.tables import Job
from engine.store.unit_of_work import Work


def find_job(work: Work, job_id: str, worker_id: str | None) -> tuple[Row[Any], LoadedInstance]:
    """The job, still waiting and still this worker's, and its instance."""
    columns = Job.__table__.c
    query = select(
        columns.id,
        columns.enterprise_id,
        columns.process_instance_id,
        columns.element_instance_id,
        columns.element_id,
        columns.topic,
        columns.state,
        columns.retries_left,
        columns.retry_backoff_seconds,
        columns.attempts,
        columns.locked_by,
    ).where(columns.id == job_id)
    row = work.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise InvalidState(f"The job {job_id} is already done, or its element was cancelled: nothing is left to do.")
    if row.state != "ready":
        raise InvalidState(f"The job {job_id} has failed and waits for its incident to be resolved.")
    if worker_id is not None and row.locked_by not in (None, worker_id):
        raise InvalidState(
            f"The job {job_id} is leased to the worker {row.locked_by}: the lease of {worker_id} had ended before."
        )
    instance = load_instance(work, row.process_instance_id)
    if instance.state not in ("active", "suspended"):
        raise InvalidState(f"The case {instance.called} is already {instance.state}: the job's result is not needed.")
    return row, instance


def backoff_seconds(row: Row[Any], attempts: int) -> float:
    """How long to wait before the next attempt; the last of the model's delays repeats."""
    delays = row.retry_backoff_seconds or [10.0]
    return float(delays[min(max(attempts, 1), len(delays)) - 1])


def error_text(message: str) -> str:
    """The part of a failure's text that is worth keeping."""
    return message[:4000]
