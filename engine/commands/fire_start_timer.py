"""Start a process whose timer start event is due."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from engine.commands.start_process import start_process
from engine.errors import InvalidState
from engine.queries.compiled import compiled
from engine.runtime.timers import start_due
from engine.store.actor import SYSTEM
from engine.store.tables import ProcessDefinition, StartSubscription
from engine.store.unit_of_work import Work

LONGEST_DELAY_SECONDS = 3600


def fire_start_timer(work: Work, *, start_subscription_id: str, now: datetime) -> str | None:
    """The new instance's id; none when another worker was faster or the process is suspended.

    Occurrences that were missed while nothing ran are made up for once, not one by one.
    """
    row = work.execute(
        select(StartSubscription.__table__, ProcessDefinition.bundle_digest, ProcessDefinition.bundle)
        .join(ProcessDefinition, ProcessDefinition.id == StartSubscription.definition_id)
        .where(
            StartSubscription.id == start_subscription_id,
            StartSubscription.due_at <= now,
            ProcessDefinition.is_suspended.is_(False),
        )
        .with_for_update(of=StartSubscription, skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    _arm_next(work, row, now)
    try:
        return start_process(
            work,
            enterprise_id=row.enterprise_id,
            definition_id=row.definition_id,
            is_routed=True,
            start_event_id=row.element_id,
            actor=SYSTEM,
            now=row.due_at,
        ).process_instance_id
    except InvalidState:
        return None


def _arm_next(work: Work, row, now: datetime) -> None:
    definition = compiled(work, row.bundle_digest, row.bundle).definition
    start = next(
        (each for each in definition.start_events(row.process_id) if each.element_id == row.element_id and each.timer),
        None,
    )
    index, due_at = row.repetition, row.due_at
    while start is not None and due_at is not None and due_at <= now:
        index += 1
        due_at = start_due(start.timer, row.armed_at, index)
    this = StartSubscription.id == row.id
    if start is None or due_at is None:
        work.execute(delete(StartSubscription).where(this))
    else:
        work.execute(
            update(StartSubscription)
            .where(this)
            .values(repetition=index, due_at=due_at, try_at=due_at, attempts=0, last_error=None)
        )


def postpone_start(work: Work, *, start_subscription_id: str, problem: str, now: datetime) -> None:
    """Starting failed: try again later, each time waiting twice as long, at most an hour."""
    this = StartSubscription.id == start_subscription_id
    attempts = work.execute(select(StartSubscription.attempts).where(this)).scalar_one_or_none()
    if attempts is not None:
        delay = timedelta(seconds=min(5 * 2**attempts, LONGEST_DELAY_SECONDS))
        work.execute(
            update(StartSubscription)
            .where(this)
            .values(attempts=attempts + 1, try_at=now + delay, last_error=problem[:2000])
        )
