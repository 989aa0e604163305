"""Broadcast a signal to every case that waits for it and every process that it starts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import feel
from engine.commands.outbox import insert_and_follow, signal_rows
from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work


def broadcast_signal(
    work: Work,
    *,
    enterprise_id: str,
    name: str,
    variables: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """The number of receivers; each gets the signal in a unit of work of its own right after the commit."""
    actor.must_see(enterprise_id, f"The enterprise '{enterprise_id}'")
    if not name:
        raise InvalidInput("The name of a signal was expected, found nothing: say which signal to broadcast.")
    rows = signal_rows(work, enterprise_id, name, feel.normalise(dict(variables or {})), now, None)
    insert_and_follow(work, rows, now)
    return len(rows)
