"""Messages and signals on their way: kept in the step that sends them, routed by units of work of their own.

Whatever happens after the commit, the row is there: the follow-up of the sending thread routes it at once, and the
worker routes what a crash left behind. Routing and removing the row are one unit of work, so each arrives once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from engine.events import MessageThrown, SignalThrown
from engine.store.correlation import matching_hashes
from engine.store.tables import Message, MessageMatch, MessageSubscription, StartSubscription
from engine.store.types import new_id
from engine.store.unit_of_work import Work

TIME_TO_LIVE_SECONDS = 24 * 3600

# Set by engine.commands.route_message, which needs the commands that need this module.
_route: list[Callable[[Work, str, datetime], Any]] = []


def route_with(function: Callable[[Work, str, datetime], Any]) -> None:
    """Tell the outbox what routes a row."""
    _route[:] = [function]


def send(
    work: Work,
    thrown: Iterable[MessageThrown | SignalThrown],
    *,
    enterprise_id: str,
    source_instance_id: str | None,
    now: datetime,
) -> None:
    """Keep what an execution threw, to be routed right after the commit."""
    rows: list[dict[str, Any]] = []
    for event in thrown:
        if isinstance(event, MessageThrown):
            rows.append(
                message_row(enterprise_id, event.name, event.correlation, event.variables, now, source_instance_id)
            )
        else:
            rows.extend(signal_rows(work, enterprise_id, event.name, event.variables, now, source_instance_id))
    insert_and_follow(work, rows, now)


def insert_and_follow(work: Work, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Keep rows in state sent and route them after the commit."""
    if rows:
        work.execute(insert(Message), list(rows))
        follow(work, [row["id"] for row in rows], now)


def follow(work: Work, message_row_ids: Iterable[str], now: datetime) -> None:
    """Route these rows after the commit, each in a unit of work of its own."""
    store = work.store
    for row_id in message_row_ids:
        work.after_commit(lambda row_id=row_id: store.run(lambda next_work: _route[0](next_work, row_id, now)))


def message_row(
    enterprise_id: str,
    name: str,
    correlation: Mapping[str, Any],
    variables: Mapping[str, Any],
    now: datetime,
    source_instance_id: str | None = None,
    *,
    time_to_live_seconds: float = TIME_TO_LIVE_SECONDS,
    message_id: str | None = None,
) -> dict[str, Any]:
    """A message as a row, to be routed."""
    return {
        "id": new_id(),
        "enterprise_id": enterprise_id,
        "kind": "message",
        "name": name,
        "correlation": dict(correlation),
        "variables": dict(variables),
        "message_id": message_id,
        "state": "sent",
        "source_instance_id": source_instance_id,
        "target_instance_id": None,
        "target_start_id": None,
        "created_at": now,
        "expires_at": now + timedelta(seconds=time_to_live_seconds),
        "attempts": 0,
        "try_at": now,
        "last_error": None,
    }


def signal_rows(
    work: Work,
    enterprise_id: str,
    name: str,
    variables: Mapping[str, Any],
    now: datetime,
    source_instance_id: str | None,
) -> list[dict[str, Any]]:
    """One row per receiver that waits now (instances and start events); the thrower has heard it already."""
    waiting = (
        select(MessageSubscription.process_instance_id)
        .distinct()
        .where(
            MessageSubscription.enterprise_id == enterprise_id,
            MessageSubscription.kind == "signal",
            MessageSubscription.name == name,
        )
    )
    starts = select(StartSubscription.id).where(
        StartSubscription.enterprise_id == enterprise_id,
        StartSubscription.kind == "signal",
        StartSubscription.name == name,
    )
    receivers = [
        {"target_instance_id": instance_id}
        for instance_id in work.execute(waiting).scalars()
        if instance_id != source_instance_id
    ]
    receivers += [{"target_start_id": start_id} for start_id in work.execute(starts).scalars()]
    return [
        message_row(enterprise_id, name, {}, variables, now, source_instance_id) | {"kind": "signal"} | receiver
        for receiver in receivers
    ]


def buffer(work: Work, row_id: str, enterprise_id: str, name: str, correlation: Mapping[str, Any]) -> None:
    """Nobody waits for this message yet: keep it findable until it expires."""
    work.execute(update(Message).where(Message.id == row_id).values(state="buffered"))
    dialect_insert = insert(MessageMatch)
    known = select(MessageMatch.hash).where(MessageMatch.message_row_id == row_id).limit(1)
    if work.execute(known).first() is None:
        hashes = matching_hashes(enterprise_id, name, correlation) if correlation else [anonymous(enterprise_id, name)]
        work.execute(dialect_insert, [{"hash": value, "message_row_id": row_id} for value in hashes])


def anonymous(enterprise_id: str, name: str) -> str:
    """The hash under which a message without correlation is buffered: any subscription of its name may take it."""
    return matching_hashes(enterprise_id, f"{name}\x1cwithout correlation", {})[0]


def wake_buffered(
    work: Work, enterprise_id: str, names: Iterable[str], hashes: Sequence[str], *, now: datetime
) -> None:
    """Somebody waits now: send buffered messages that fit on their way again."""
    fitting = [*hashes, *(anonymous(enterprise_id, name) for name in names)]
    buffered = (
        select(Message.id)
        .join(MessageMatch, MessageMatch.message_row_id == Message.id)
        .where(MessageMatch.hash.in_(fitting), Message.state == "buffered", Message.expires_at > now)
        .order_by(Message.created_at, Message.id)
        .limit(len(fitting) * 2)
    )
    row_ids = list(dict.fromkeys(work.execute(buffered).scalars()))
    if row_ids:
        work.execute(update(Message).where(Message.id.in_(row_ids)).values(state="sent", try_at=now))
        follow(work, row_ids, now)
