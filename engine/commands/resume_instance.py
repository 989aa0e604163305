"""Let a suspended case go on: what became due meanwhile happens now."""

from datetime import datetime

from sqlalchemy import select, update

from engine.commands.outbox import follow, wake_buffered
from engine.commands.progress import load_instance
from engine.commands.suspend_instance import set_suspended
from engine.commands.user_tasks import audit
from engine.errors import InvalidState
from engine.store.actor import Actor
from engine.store.tables import Message, MessageSubscription
from engine.store.unit_of_work import Work


def resume_instance(
    work: Work, *, process_instance_id: str, actor: Actor, now: datetime, reason: str | None = None
) -> None:
    """Wake what rests in the case, and deliver the messages and signals that came meanwhile."""
    instance = load_instance(work, process_instance_id, actor=actor)
    if instance.state == "active":
        return
    if instance.state != "suspended":
        raise InvalidState(f"The case {instance.called} is already {instance.state}: there is nothing to resume.")
    set_suspended(work, process_instance_id, False)
    _deliver_what_came(work, process_instance_id, instance.enterprise_id, now)
    work.after_commit(work.store.wake)
    audit(
        work,
        actor,
        "resume",
        now,
        enterprise_id=instance.enterprise_id,
        process_instance_id=process_instance_id,
        reason=reason,
    )


def _deliver_what_came(work: Work, process_instance_id: str, enterprise_id: str, now: datetime) -> None:
    held = Message.target_instance_id == process_instance_id, Message.state == "held"
    signals = list(work.execute(select(Message.id).where(*held).order_by(Message.created_at)).scalars())
    if signals:
        work.execute(update(Message).where(*held).values(state="sent", try_at=now))
        follow(work, signals, now)
    waiting = work.execute(
        select(MessageSubscription.name, MessageSubscription.correlation_hash).where(
            MessageSubscription.process_instance_id == process_instance_id, MessageSubscription.kind == "message"
        )
    ).all()
    if waiting:
        names = {row.name for row in waiting}
        wake_buffered(work, enterprise_id, names, [row.correlation_hash for row in waiting], now=now)
