"""Makes due things happen: timers, jobs, messages left behind, timer start events, migrations of cases, chores.

Each is one unit of work of its own: a failing one delays no other, a killed worker loses nothing, and on PostgreSQL
several workers share the work because claims skip locked rows. Handlers run outside any transaction.
"""

import logging
import threading
import traceback
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import select

from engine.clock import Clock, SystemClock
from engine.commands.claim_jobs import LEASE_SECONDS, ClaimedJob, claim_jobs
from engine.commands.complete_job import complete_job
from engine.commands.expire_messages import expire_messages
from engine.commands.fail_job import fail_job
from engine.commands.fire_start_timer import fire_start_timer, postpone_start
from engine.commands.fire_timer import fire_timer, postpone_timer
from engine.commands.migration_batch import migrate_item, next_items, note_failure
from engine.commands.route_message import postpone_message, route_message
from engine.commands.throw_error import throw_error
from engine.errors import InvalidState
from engine.handlers import BpmnError, Handlers, Job, PermanentFailure
from engine.store.tables import Job as JobRow
from engine.store.tables import Message, StartSubscription, Timer
from engine.store.unit_of_work import Store

log = logging.getLogger(__name__)

BATCH = 50
EXPIRY_INTERVAL = timedelta(minutes=1)
MOST_ROUNDS = 1000  # of one run: what a process starts itself may set more in motion


@dataclass
class Done:
    """What a run of the worker did."""

    timers: int = 0
    starts: int = 0
    messages: int = 0
    jobs: int = 0
    migrations: int = 0

    def __bool__(self) -> bool:
        return bool(self.timers or self.starts or self.messages or self.jobs or self.migrations)

    def __iadd__(self, other: "Done") -> "Done":
        self.timers += other.timers
        self.starts += other.starts
        self.messages += other.messages
        self.jobs += other.jobs
        self.migrations += other.migrations
        return self


@dataclass(frozen=True)
class Chore:
    """Something that is done from time to time, outside of any process: `do(now)` opens units of work of its own."""

    name: str
    every: timedelta
    do: Callable[[datetime], Any]


class Worker:
    """Works off what is due: `run_due(now)` once, or every second between `start()` and `stop()`.

    `resources` is handed to every handler. A topic without a handler becomes an incident at once. `chores` are done at
    the start and then as often as they say; a failing one is tried again the next time.
    """

    def __init__(
        self,
        store: Store,
        handlers: Handlers,
        clock: Clock | None = None,
        resources: Any = None,
        *,
        worker_id: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        job_threads: int = 4,
        tick_seconds: float = 1.0,
        chores: Sequence[Chore] = (),
    ):
        self.store = store
        self.handlers = handlers
        self.clock = clock or SystemClock()
        self.resources = resources
        self.worker_id = worker_id or f"worker-{uuid.uuid4().hex[:12]}"
        self.lease_seconds = lease_seconds
        self.tick_seconds = tick_seconds
        self._job_threads = job_threads
        self._pool: ThreadPoolExecutor | None = None
        self._scheduler: BackgroundScheduler | None = None
        self._stopping = threading.Event()
        self._expired_at = datetime.min.replace(tzinfo=UTC)
        self.chores = tuple(chores)
        self._chores_done: dict[str, datetime] = {}
        self._pulses = (
            _Pulse("time", self._move_time, self._stopping),
            _Pulse("jobs", self._work_off_jobs, self._stopping),
            _Pulse("migrations", self._migrate_cases, self._stopping),
            _Pulse("chores", self._do_chores, self._stopping),
        )

    # One run ----------------------------------------------------------------------------------------------------------

    def run_due(self, now: datetime | None = None) -> Done:
        """Do everything that is due at `now`, and what that sets in motion, until nothing is due any more."""
        moment = now or self.clock.now()
        done = Done()
        for _ in range(MOST_ROUNDS):
            round_done = self.run_once(moment)
            done += round_done
            if not round_done or self._stopping.is_set():
                break
        self.store.run(lambda work: expire_messages(work, now=moment))
        self.do_chores(moment)
        return done

    def run_once(self, now: datetime) -> Done:
        """One small batch of each kind, what is longest overdue first."""
        return Done(
            timers=self.fire_due_timers(now),
            starts=self.start_due_processes(now),
            messages=self.route_messages(now),
            jobs=self.run_jobs(now),
            migrations=self.migrate_cases(now),
        )

    def fire_due_timers(self, now: datetime) -> int:
        """The number of timers that fired."""
        timer = Timer.__table__.c
        due = (
            select(timer.process_instance_id, timer.timer_id)
            .where(timer.is_suspended.is_(False), timer.try_at <= now)
            .order_by(timer.try_at)
            .limit(BATCH)
        )
        fired = 0
        for instance_id, timer_id in self._list(due):
            which = {"process_instance_id": instance_id, "timer_id": timer_id}
            fired += self._attempt(
                lambda work, which=which: fire_timer(work, **which, now=now),
                lambda work, problem, which=which: postpone_timer(work, **which, problem=problem, now=now),
                f"timer {timer_id} of case {instance_id}",
            )
        return fired

    def start_due_processes(self, now: datetime) -> int:
        """The number of process instances that timer start events started."""
        start = StartSubscription.__table__.c
        due = select(start.id).where(start.kind == "timer", start.try_at <= now).order_by(start.try_at).limit(BATCH)
        started = 0
        for (start_id,) in self._list(due):
            started += self._attempt(
                lambda work, start_id=start_id: fire_start_timer(work, start_subscription_id=start_id, now=now),
                lambda work, problem, start_id=start_id: postpone_start(
                    work, start_subscription_id=start_id, problem=problem, now=now
                ),
                f"timer start event {start_id}",
            )
        return started

    def route_messages(self, now: datetime) -> int:
        """The number of messages and signals that a crash, or a long chain of them, had left in the outbox."""
        message = Message.__table__.c
        unsent = (
            select(message.id)
            .where(message.state == "sent", message.try_at <= now)
            .order_by(message.try_at, message.id)
            .limit(BATCH)
        )
        routed = 0
        for (row_id,) in self._list(unsent):
            routed += self._attempt(
                lambda work, row_id=row_id: route_message(work, row_id, now),
                lambda work, problem, row_id=row_id: postpone_message(work, row_id, problem=problem, now=now),
                f"message {row_id}",
            )
        return routed

    def migrate_cases(self, now: datetime) -> int:
        """The number of cases of running batches that were tried."""
        with self.store.reading() as work:
            items = next_items(work, limit=BATCH)
        tried = 0
        for batch_id, instance_id in items:
            which = {"batch_id": batch_id, "process_instance_id": instance_id}
            tried += self._attempt(
                lambda work, which=which: migrate_item(work, **which, now=now),
                lambda work, problem, which=which: note_failure(work, **which, problem=problem, now=now),
                f"migration of case {instance_id}",
            )
        return tried

    def run_jobs(self, now: datetime) -> int:
        """The number of jobs whose handlers ran."""
        row = JobRow.__table__.c
        ready = select(row.id).where(row.state == "ready", row.is_suspended.is_(False), row.due_at <= now).limit(1)
        if not self._list(ready):  # without taking the writer's turn for nothing
            return 0
        claimed = self.store.run(
            lambda work: claim_jobs(
                work,
                worker_id=self.worker_id,
                now=now,
                limit=self._job_threads * 4,
                lease_seconds=self.lease_seconds,
            )
        )
        if self._pool is None:
            for job in claimed:
                self._run_job(job, now)
        else:
            list(self._pool.map(lambda job: self._run_job(job, now), claimed))
        return len(claimed)

    def _run_job(self, claimed: ClaimedJob, now: datetime) -> None:
        """Run the handler outside any transaction, then keep its outcome in one."""
        outcome = self._handle(claimed, now)
        try:
            self.store.run(outcome)
        except InvalidState as late:  # cancelled meanwhile, or the lease ended and another worker was faster
            log.info("The outcome of job %s is not needed: %s", claimed.id, late)
        except Exception:  # the lease ends and the job is tried again; the handler's key makes that safe
            log.exception("The outcome of job %s could not be kept.", claimed.id)

    def _handle(self, claimed: ClaimedJob, now: datetime) -> Callable[..., Any]:
        which = {"job_id": claimed.id, "now": now, "worker_id": self.worker_id}
        handler = self.handlers.get(claimed.topic)
        if handler is None:
            known = ", ".join(sorted(self.handlers)) or "none"
            problem = f"No handler is registered for the topic '{claimed.topic}'. Known topics: {known}."
            return lambda work: fail_job(work, message=problem, retry=False, **which)
        try:
            variables = handler(self._job(claimed, now))
        except BpmnError as error:
            return lambda work, error=error: throw_error(
                work, code=error.code, message=error.message, variables=error.variables, **which
            )
        except PermanentFailure as failure:
            problem = _described(failure)
            return lambda work: fail_job(work, message=problem, retry=False, **which)
        except Exception as failure:
            log.warning("Job %s (%s) failed.", claimed.id, claimed.topic, exc_info=True)
            problem = _described(failure)
            return lambda work: fail_job(work, message=problem, **which)
        return lambda work: complete_job(work, variables=variables, **which)

    def _job(self, claimed: ClaimedJob, now: datetime) -> Job:
        return Job(
            topic=claimed.topic,
            variables=claimed.variables,
            idempotency_key=claimed.id,
            now=now,
            process_instance_id=claimed.process_instance_id,
            process_id=claimed.process_id,
            element_id=claimed.element_id,
            business_key=claimed.business_key,
            enterprise_id=claimed.enterprise_id,
            resources=self.resources,
        )

    def do_chores(self, now: datetime) -> None:
        """Do the chores whose time has come."""
        for chore in self.chores:
            done_at = self._chores_done.get(chore.name)
            if self._stopping.is_set() or (done_at is not None and now - done_at < chore.every):
                continue
            self._chores_done[chore.name] = now
            try:
                chore.do(now)
            except Exception:
                log.exception("The chore '%s' failed; it is tried again after %s.", chore.name, chore.every)

    def _list(self, query: Any) -> Sequence[Any]:
        with self.store.reading() as work:
            return work.execute(query).all()

    def _attempt(self, function: Callable[..., Any], postpone: Callable[..., Any], what: str) -> bool:
        """Whether it happened; a failure is kept with the row and tried again later."""
        if self._stopping.is_set():
            return False
        try:
            return bool(self.store.run(function))
        except Exception as failure:
            log.exception("The %s failed; that is kept with it.", what)
            problem = _described(failure)
            self.store.run(lambda work: postpone(work, problem))
            return False

    # All the time -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Work in the background: every tick, and at once when a commit leaves something to do.

        Jobs have a pulse of their own, so that a slow handler delays no timer; so have migrations.
        """
        if self._scheduler is not None:
            return
        self._stopping.clear()
        self._pool = ThreadPoolExecutor(self._job_threads, thread_name_prefix="praxis-job")
        # A beat that finds another one running returns at once, so that many may start.
        self._scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"max_instances": 100})
        for pulse in self._pulses:
            self._scheduler.add_job(pulse.beat, "interval", seconds=self.tick_seconds, coalesce=True, id=pulse.name)
        self._scheduler.start()
        self.store.wake = self.wake

    def wake(self) -> None:
        """Look for work now; called after commits that leave some."""
        scheduler = self._scheduler
        if scheduler is None or self._stopping.is_set():
            return
        for pulse in self._pulses:
            if not pulse.is_wanted.is_set():
                pulse.is_wanted.set()
                scheduler.add_job(pulse.beat, id=f"wake {pulse.name}", replace_existing=True, misfire_grace_time=None)

    def stop(self) -> None:
        """Finish what is being done, then stop; what is left is found again at the next start."""
        self._stopping.set()
        self.store.wake = lambda: None
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=True)
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)

    def _move_time(self) -> bool:
        now = self.clock.now()
        moved = Done(
            timers=self.fire_due_timers(now), starts=self.start_due_processes(now), messages=self.route_messages(now)
        )
        if not moved and now - self._expired_at >= EXPIRY_INTERVAL:
            self._expired_at = now
            self.store.run(lambda work: expire_messages(work, now=now))
        return bool(moved)

    def _work_off_jobs(self) -> bool:
        return bool(self.run_jobs(self.clock.now()))

    def _migrate_cases(self) -> bool:
        return bool(self.migrate_cases(self.clock.now()))

    def _do_chores(self) -> bool:
        self.do_chores(self.clock.now())
        return False


class _Pulse:
    """Runs a function again and again while it finds something to do, never twice at the same time."""

    def __init__(self, name: str, function: Callable[[], bool], stopping: threading.Event):
        self.name = name
        self.is_wanted = threading.Event()
        self._function = function
        self._stopping = stopping
        self._lock = threading.Lock()

    def beat(self) -> None:
        if not self._lock.acquire(blocking=False):
            return  # the one that runs sees that it is wanted
        try:
            self.is_wanted.clear()
            while not self._stopping.is_set():
                found = self._function()
                if not found and not self.is_wanted.is_set():
                    return
                self.is_wanted.clear()
        except Exception:  # the next tick tries again
            log.exception("The worker's pulse '%s' failed.", self.name)
        finally:
            self._lock.release()


def _described(failure: BaseException) -> str:
    """The failure in one line, with its place when it is not one of ours."""
    text = str(failure).strip() or type(failure).__name__
    place = traceback.extract_tb(failure.__traceback__)[-1] if failure.__traceback__ else None
    kind = type(failure).__name__
    where = f" (in {place.name}, line {place.lineno})" if place is not None else ""
    return f"{kind}: {text}{where}"
