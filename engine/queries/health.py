"""Is everything moving: what is ready and does not run, what is late."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from engine.store.tables import Job, Message, StartSubscription, Timer
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class Health:
    """Lateness in seconds (0: nothing is late); counts of what is due now."""

    oldest_ready_job_seconds: float
    ready_jobs: int
    leased_jobs: int
    latest_timer_seconds: float
    due_timers: int
    failing_timers: int
    unsent_messages: int
    oldest_unsent_message_seconds: float
    buffered_messages: int
    due_starts: int
    lateness: tuple[tuple[str, int], ...]  # due timers by how late they are

    @property
    def is_moving(self) -> bool:
        """Nothing that is due has waited for more than a minute."""
        return max(self.oldest_ready_job_seconds, self.latest_timer_seconds, self.oldest_unsent_message_seconds) < 60


BUCKETS = (("<1s", 1), ("<10s", 10), ("<1min", 60), ("<10min", 600), ("<1h", 3600), (">=1h", None))


def health(work: Work, *, now: datetime, enterprise_id: str | None = None) -> Health:
    """The state of the queues now, of one enterprise or of all."""
    free = or_(Job.lock_until.is_(None), Job.lock_until <= now)
    ready = (Job.state == "ready", Job.is_suspended.is_(False), Job.due_at <= now, free, *_of(Job, enterprise_id))
    due = (Timer.is_suspended.is_(False), Timer.due_at <= now, *_of(Timer, enterprise_id))
    unsent = (Message.state == "sent", *_of(Message, enterprise_id))
    oldest_job, ready_jobs = work.execute(select(func.min(Job.due_at), func.count()).where(*ready)).one()
    latest_timer, due_timers = work.execute(select(func.min(Timer.due_at), func.count()).where(*due)).one()
    oldest_message, unsent_messages = work.execute(
        select(func.min(Message.created_at), func.count()).where(*unsent)
    ).one()
    return Health(
        oldest_ready_job_seconds=_age(oldest_job, now),
        ready_jobs=ready_jobs,
        leased_jobs=_count(work, Job.lock_until > now, *_of(Job, enterprise_id)),
        latest_timer_seconds=_age(latest_timer, now),
        due_timers=due_timers,
        failing_timers=_count(work, Timer.attempts > 0, *_of(Timer, enterprise_id)),
        unsent_messages=unsent_messages,
        oldest_unsent_message_seconds=_age(oldest_message, now),
        buffered_messages=_count(work, Message.state == "buffered", *_of(Message, enterprise_id)),
        due_starts=_count(work, StartSubscription.due_at <= now, *_of(StartSubscription, enterprise_id)),
        lateness=_histogram(work, due, now),
    )


def _of(mapped: type, enterprise_id: str | None) -> tuple:
    return () if enterprise_id is None else (mapped.enterprise_id == enterprise_id,)


def _count(work: Work, *conditions) -> int:
    return work.execute(select(func.count()).where(*conditions)).scalar_one()


def _age(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


def _histogram(work: Work, due: tuple, now: datetime) -> tuple[tuple[str, int], ...]:
    counts, newest = [], now
    for label, seconds in BUCKETS:
        oldest = now - timedelta(seconds=seconds) if seconds is not None else None
        later = [] if oldest is None else [Timer.due_at > oldest]
        counts.append((label, _count(work, *due, Timer.due_at <= newest, *later)))
        newest = oldest if oldest is not None else newest
    return tuple(counts)
