"""Publish a message from outside: to the case that waits for it, to a start event, or into the buffer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from engine import feel
from engine.commands.outbox import TIME_TO_LIVE_SECONDS, message_row
from engine.commands.route_message import Published, route
from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.tables import Message
from engine.store.unit_of_work import Work


def publish_message(
    work: Work,
    *,
    enterprise_id: str,
    name: str,
    correlation: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    message_id: str | None = None,
    time_to_live_seconds: float = TIME_TO_LIVE_SECONDS,
    actor: Actor,
    now: datetime,
) -> Published:
    """Say what became of the message: delivered, started, buffered, expired, or repeated (same message id again).

    It reaches the subscription with the most keys that it satisfies; without correlation exactly one case may wait
    (else InvalidInput). A buffered message is delivered when somebody starts to wait within the time to live.
    """
    actor.must_see(enterprise_id, f"The enterprise '{enterprise_id}'")
    if not name:
        raise InvalidInput("The name of a message was expected, found nothing: say which message to publish.")
    row = message_row(
        enterprise_id,
        name,
        feel.normalise(dict(correlation or {})),
        feel.normalise(dict(variables or {})),
        now,
        time_to_live_seconds=time_to_live_seconds,
        message_id=message_id,
    )
    if message_id is None:
        work.execute(insert(Message), row)
    else:
        dialect = postgresql if work.on_postgresql else sqlite
        insertion = dialect.insert(Message).on_conflict_do_nothing().returning(Message.id)
        if work.execute(insertion, row).first() is None:
            return Published("repeated")
    stored = work.execute(select(Message.__table__).where(Message.id == row["id"])).one()
    return route(work, stored, now, actor)
