"""Fire one due timer of a process instance."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from engine.commands.progress import load_instance, save_instance
from engine.errors import InvalidState
from engine.store.tables import Timer
from engine.store.unit_of_work import Work

LONGEST_DELAY_SECONDS = 3600


def fire_timer(work: Work, *, process_instance_id: str, timer_id: int, now: datetime) -> bool:
    """Fire the timer at its due moment (not "now", so that cycles do not drift). False when there is nothing to fire:
    another worker was faster, the element has gone on, or the case is suspended."""
    due_at = work.execute(
        select(Timer.due_at)
        .where(
            Timer.process_instance_id == process_instance_id,
            Timer.timer_id == timer_id,
            Timer.is_suspended.is_(False),
            Timer.due_at <= now,
        )
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if due_at is None:
        return False
    instance = load_instance(work, process_instance_id)
    if instance.state != "active":
        return False
    try:
        instance.execution.fire_timer(timer_id, at=due_at)
    except InvalidState:
        return False
    save_instance(work, instance, now=now, cause="fire_timer")
    return True


def postpone_timer(work: Work, *, process_instance_id: str, timer_id: int, problem: str, now: datetime) -> None:
    """Firing failed for a reason of ours: try again later, each time waiting twice as long, at most an hour."""
    of_timer = (Timer.process_instance_id == process_instance_id, Timer.timer_id == timer_id)
    attempts = work.execute(select(Timer.attempts).where(*of_timer)).scalar_one_or_none()
    if attempts is None:
        return
    delay = timedelta(seconds=min(5 * 2**attempts, LONGEST_DELAY_SECONDS))
    work.execute(
        update(Timer).where(*of_timer).values(attempts=attempts + 1, try_at=now + delay, last_error=problem[:2000])
    )
