"""Stop a case for a while: nothing in it is due until it is resumed."""

from datetime import datetime

from sqlalchemy import update

from engine.commands.progress import load_instance
from engine.commands.user_tasks import audit
from engine.errors import InvalidState
from engine.store.actor import Actor
from engine.store.tables import Job, MessageSubscription, ProcessInstance, Timer, UserTask
from engine.store.unit_of_work import Work

RESTING = (Timer, Job, MessageSubscription, UserTask)


def suspend_instance(
    work: Work, *, process_instance_id: str, actor: Actor, now: datetime, reason: str | None = None
) -> None:
    """Let timers, jobs, messages and user tasks of the case rest. Suspending twice does nothing."""
    instance = load_instance(work, process_instance_id, actor=actor)
    if instance.state == "suspended":
        return
    if instance.state != "active":
        raise InvalidState(f"The case {instance.called} is already {instance.state}: there is nothing to suspend.")
    set_suspended(work, process_instance_id, True)
    audit(
        work,
        actor,
        "suspend",
        now,
        enterprise_id=instance.enterprise_id,
        process_instance_id=process_instance_id,
        reason=reason,
    )


def set_suspended(work: Work, process_instance_id: str, is_suspended: bool) -> None:
    """Mark the instance and everything that waits in it; a running step elsewhere becomes stale."""
    work.execute(
        update(ProcessInstance)
        .where(ProcessInstance.id == process_instance_id)
        .values(state="suspended" if is_suspended else "active")
    )
    for mapped in RESTING:
        work.execute(
            update(mapped).where(mapped.process_instance_id == process_instance_id).values(is_suspended=is_suspended)
        )
