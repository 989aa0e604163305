"""End a case before its time."""

from datetime import datetime

from engine.commands.progress import load_instance, save_instance
from engine.commands.user_tasks import audit
from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work


def cancel_instance(work: Work, *, process_instance_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """Withdraw everything that waits in the case; the reason stays in its timeline."""
    if not reason or not reason.strip():
        raise InvalidInput("A reason was expected, found nothing: say why the case ends here.")
    instance = load_instance(work, process_instance_id, actor=actor)
    if instance.state not in ("active", "suspended"):
        raise InvalidState(f"The case {instance.called} is already {instance.state}: there is nothing to cancel.")
    instance.execution.cancel(reason, at=now)
    save_instance(work, instance, now=now, cause="cancel_instance", actor=actor)
    audit(
        work,
        actor,
        "cancel",
        now,
        enterprise_id=instance.enterprise_id,
        process_instance_id=process_instance_id,
        reason=reason,
    )
