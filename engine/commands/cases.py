"""What the verbs about a case that does not move share."""

from sqlalchemy import select

from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.tables import ProcessInstance
from engine.store.unit_of_work import Work


def enterprise_of(work: Work, process_instance_id: str, actor: Actor) -> str:
    """The enterprise that the case belongs to; NotFound when it is not there for this actor."""
    enterprise_id = work.execute(
        select(ProcessInstance.enterprise_id).where(ProcessInstance.id == process_instance_id)
    ).scalar_one_or_none()
    if enterprise_id is None:
        raise NotFound(f"The case {process_instance_id} does not exist: look again.")
    actor.must_see(enterprise_id, f"The case {process_instance_id}")
    return enterprise_id
