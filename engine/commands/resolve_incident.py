"""The cause of an incident is repaired: the element tries again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update

from engine.commands.progress import load_instance, save_instance
from engine.commands.user_tasks import audit
from engine.errors import InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.tables import Incident, Job
from engine.store.unit_of_work import Work


def resolve_incident(
    work: Work,
    *,
    incident_id: str,
    actor: Actor,
    now: datetime,
    variables: Mapping[str, Any] | None = None,
    retries: int | None = None,
    reason: str | None = None,
) -> None:
    """Change variables first where given, then let the element try again; a job gets `retries` (default: the model's).

    The incident closes only now; when the element fails again, a new one tells.
    """
    row = find_incident(work, incident_id, actor)
    if row.state != "open":
        raise InvalidState(f"The incident at '{row.element_id}' is already resolved: reload the page.")
    instance = load_instance(work, row.process_instance_id).must_be_active()
    of_job = (
        Job.process_instance_id == row.process_instance_id,
        Job.element_instance_id == row.element_instance_id,
    )
    work.execute(delete(Job).where(*of_job))  # the execution parks it again, under the same id
    if variables:
        instance.execution.set_variables(variables, at=now, source=actor.id)
    instance.execution.resolve_incident(row.incident_id, at=now)
    save_instance(work, instance, now=now, cause="resolve_incident", actor=actor)
    if retries is not None:
        work.execute(update(Job).where(*of_job).values(retries_left=max(1, retries)))
    audit(
        work,
        actor,
        "resolve_incident",
        now,
        enterprise_id=row.enterprise_id,
        process_instance_id=row.process_instance_id,
        reason=reason,
        detail={"element_id": row.element_id, "variables": sorted(variables or {})},
    )


def find_incident(work: Work, incident_id: str, actor: Actor) -> Row[Any]:
    """The incident's row; NotFound when it is not there for this actor."""
    row = work.execute(select(Incident.__table__).where(Incident.id == incident_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"The incident {incident_id} does not exist: reload the page.")
    actor.must_see(row.enterprise_id, f"The incident {incident_id}")
    return row
