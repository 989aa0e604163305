"""A handler has done its job: the element goes on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.commands.jobs import find_job
from engine.commands.progress import save_instance
from engine.store.unit_of_work import Work


def complete_job(
    work: Work,
    *,
    job_id: str,
    variables: Mapping[str, Any] | None = None,
    now: datetime,
    worker_id: str | None = None,
) -> None:
    """Give the element the handler's variables and let the case move (also a suspended one: the effect has happened).

    InvalidState when the job is done already or another worker has it now.
    """
    row, instance = find_job(work, job_id, worker_id)
    instance.execution.complete_job(row.element_instance_id, variables, at=now)
    instance.detail = {"topic": row.topic, "element_id": row.element_id}
    save_instance(work, instance, now=now, cause="complete_job")
