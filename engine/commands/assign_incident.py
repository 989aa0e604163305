"""Say who looks after an incident."""

from datetime import datetime

from sqlalchemy import update

from engine.commands.resolve_incident import find_incident
from engine.commands.user_tasks import audit
from engine.store.actor import Actor
from engine.store.tables import Incident
from engine.store.unit_of_work import Work


def assign_incident(work: Work, *, incident_id: str, to: str | None, actor: Actor, now: datetime) -> None:
    """Make `to` responsible (none: nobody)."""
    row = find_incident(work, incident_id, actor)
    work.execute(update(Incident).where(Incident.id == incident_id).values(assigned_to=to))
    audit(
        work,
        actor,
        "assign_incident",
        now,
        enterprise_id=row.enterprise_id,
        process_instance_id=row.process_instance_id,
        detail={"element_id": row.element_id, "to": to},
    )
