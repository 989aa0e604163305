"""Bring a message to who waits for it: a subscription, else a start event, else the buffer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update

from engine.commands.outbox import buffer, route_with
from engine.commands.progress import load_instance, save_instance
from engine.commands.start_process import start_process
from engine.errors import EngineError, InvalidInput, InvalidState, StaleInstance
from engine.store.actor import SYSTEM, Actor
from engine.store.correlation import correlation_hash, matching_hashes
from engine.store.tables import Message, MessageSubscription, ProcessDefinition, ProcessInstance, StartSubscription
from engine.store.unit_of_work import Work

LONGEST_DELAY_SECONDS = 3600


@dataclass(frozen=True)
class Published:
    """delivered to a waiting instance · started new ones · buffered · expired (nobody waits, no time to live)."""

    outcome: str
    process_instance_id: str | None = None


def route_message(work: Work, message_row_id: str, now: datetime) -> Published | None:
    """Route one row of the outbox; none when somebody else has done so. Each row arrives exactly once."""
    row = work.execute(
        select(Message.__table__)
        .where(Message.id == message_row_id, Message.state == "sent")
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    if row.kind == "signal":
        return _deliver_signal(work, row, now)
    try:
        return route(work, row, now)
    except InvalidInput as problem:  # ambiguous: nobody is there to correct it, so it waits for its expiry
        buffer(work, row.id, row.enterprise_id, row.name, row.correlation)
        work.execute(update(Message).where(Message.id == row.id).values(last_error=str(problem)))
        return Published("buffered")


route_with(route_message)


def route(work: Work, row: Row[Any], now: datetime, actor: Actor = SYSTEM) -> Published:
    """Deliver, start or buffer the message of this row. InvalidInput when it is ambiguous."""
    subscription = _subscription(work, row.enterprise_id, row.name, row.correlation)
    if subscription is not None:
        _deliver(work, row, subscription, now, actor)
        _done(work, row)
        return Published("delivered", subscription.process_instance_id)
    started = _start(work, row, now, actor)
    if started is not None:
        _done(work, row)
        return Published("started", started)
    if row.expires_at <= now:
        _done(work, row)
        return Published("expired")
    buffer(work, row.id, row.enterprise_id, row.name, row.correlation)
    return Published("buffered")


def _done(work: Work, row: Row[Any]) -> None:
    """The message has arrived: its row goes, but for the memory of its message id."""
    if row.message_id is None:
        work.execute(delete(Message).where(Message.id == row.id))
    else:
        work.execute(update(Message).where(Message.id == row.id).values(state="delivered"))


def _subscription(work: Work, enterprise_id: str, name: str, correlation: Mapping[str, Any]) -> Row[Any] | None:
    """The subscription that takes the message: the most specific, among equals the oldest."""
    columns = MessageSubscription.__table__.c
    waiting = (
        select(columns.process_instance_id, columns.subscription_id, columns.element_id)
        .where(columns.kind == "message", columns.is_suspended.is_(False))
        .order_by(columns.opened_at, columns.process_instance_id, columns.subscription_id)
        .limit(2)
    )
    if not correlation:
        found = work.execute(waiting.where(columns.enterprise_id == enterprise_id, columns.name == name)).all()
        return _only(found, name)
    hashes = matching_hashes(enterprise_id, name, correlation)
    present = set(
        work.execute(
            select(columns.correlation_hash)
            .where(columns.correlation_hash.in_(hashes), columns.kind == "message", columns.is_suspended.is_(False))
            .group_by(columns.correlation_hash)
        ).scalars()
    )
    best = next((value for value in hashes if value in present), None)
    if best is None:
        return None
    found = work.execute(waiting.where(columns.correlation_hash == best)).all()
    if best == correlation_hash(enterprise_id, name, {}):
        return _only(found, name)
    return found[0] if found else None


def _only(found: list[Row[Any]], name: str) -> Row[Any] | None:
    if len(found) > 1:
        raise InvalidInput(
            f"More than one case waits for the message '{name}' and nothing tells them apart: "
            "publish it with the correlation keys of the case that is meant."
        )
    return found[0] if found else None


def _deliver(work: Work, row: Row[Any], subscription: Row[Any], now: datetime, actor: Actor) -> None:
    instance = load_instance(work, subscription.process_instance_id)
    if instance.state != "active":
        raise StaleInstance(f"The case {instance.called} has just been {instance.state}: try again.")
    try:
        instance.execution.deliver_message(subscription.subscription_id, row.variables, at=now)
    except InvalidState as error:
        raise StaleInstance(str(error)) from error
    instance.detail = {
        "message": row.name,
        "element_id": subscription.element_id,
        "source_instance_id": row.source_instance_id,
    }
    save_instance(work, instance, now=now, cause="deliver_message", actor=actor)


def _start(work: Work, row: Row[Any], now: datetime, actor: Actor) -> str | None:
    """Start every process that begins with this message; the first one's instance id."""
    starts = work.execute(
        select(StartSubscription.definition_id, StartSubscription.element_id)
        .join(ProcessDefinition, ProcessDefinition.id == StartSubscription.definition_id)
        .where(
            StartSubscription.enterprise_id == row.enterprise_id,
            StartSubscription.kind == "message",
            StartSubscription.name == row.name,
            ProcessDefinition.is_suspended.is_(False),
        )
        .order_by(StartSubscription.process_id)
    ).all()
    ids = [
        start_process(
            work,
            enterprise_id=row.enterprise_id,
            definition_id=start.definition_id,
            is_routed=True,
            start_event_id=start.element_id,
            variables=row.variables,
            started_by_instance_id=row.source_instance_id,
            actor=_unrestricted(actor),
            now=now,
        ).process_instance_id
        for start in starts
    ]
    return ids[0] if ids else None


def _unrestricted(actor: Actor) -> Actor:
    """A message may start what its sender may not: the start event decides."""
    return Actor(actor.id, actor.groups, is_supervisor=True)


def _deliver_signal(work: Work, row: Row[Any], now: datetime) -> Published:
    if row.target_start_id is not None:
        return _start_by_signal(work, row, now)
    state = work.execute(
        select(ProcessInstance.state).where(ProcessInstance.id == row.target_instance_id).with_for_update()
    ).scalar_one_or_none()
    if state == "suspended":  # resuming sends it again
        work.execute(update(Message).where(Message.id == row.id).values(state="held"))
        return Published("buffered", row.target_instance_id)
    if state == "active":
        instance = load_instance(work, row.target_instance_id)
        instance.execution.deliver_signal(row.name, row.variables, at=now)
        instance.detail = {"signal": row.name, "source_instance_id": row.source_instance_id}
        save_instance(work, instance, now=now, cause="deliver_signal", actor=SYSTEM)
    _done(work, row)
    return Published("delivered", row.target_instance_id)


def _start_by_signal(work: Work, row: Row[Any], now: datetime) -> Published:
    start = work.execute(
        select(StartSubscription.definition_id, StartSubscription.element_id).where(
            StartSubscription.id == row.target_start_id
        )
    ).one_or_none()
    _done(work, row)
    if start is None:  # a newer version has no such start event any more
        return Published("expired")
    try:
        started = start_process(
            work,
            enterprise_id=row.enterprise_id,
            definition_id=start.definition_id,
            is_routed=True,
            start_event_id=start.element_id,
            variables=row.variables,
            started_by_instance_id=row.source_instance_id,
            actor=SYSTEM,
            now=now,
        )
    except InvalidState as problem:
        raise EngineError(str(problem)) from problem
    return Published("started", started.process_instance_id)


def postpone_message(work: Work, message_row_id: str, *, problem: str, now: datetime) -> None:
    """Routing failed: try again later, each time waiting twice as long, at most an hour."""
    attempts = work.execute(select(Message.attempts).where(Message.id == message_row_id)).scalar_one_or_none()
    if attempts is None:
        return
    delay = timedelta(seconds=min(5 * 2**attempts, LONGEST_DELAY_SECONDS))
    work.execute(
        update(Message)
        .where(Message.id == message_row_id)
        .values(attempts=attempts + 1, try_at=now + delay, last_error=problem[:2000])
    )
