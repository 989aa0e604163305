"""What a handler may use: the customer base, mail and settings.

    @handlers.register("sales.price")
    def price(job: Job) -> Mapping[str, Any]:
        with job.resources.once(job) as once:
            if once.done:
                return once.result
            return once.keep(price_offer(once.session, …, now=job.now))

The effect and its record are committed together, so a repeated job finds its result instead of repeating its effect.
"""

import logging
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine.handlers import Job, PermanentFailure
from engine.store.types import Base
from processes.customer_base.demo import create_demo
from processes.customer_base.mailing import Mail, MailAdapter, Mailbox
from processes.customer_base.scope import in_enterprise
from processes.customer_base.tables import TABLES, HandlerResult

log = logging.getLogger(__name__)
DEFAULT_ENTERPRISE = "demo"


@dataclass
class Once:
    """One job's effect: already done (`result`), or to do with `session` and to `keep`."""

    session: Session
    job: Job
    done: bool = False
    result: Any = None

    def keep(self, result: Mapping[str, Any] | None) -> dict[str, Any]:
        """Remember the result, committed together with the effect; gives it back."""
        self.result = dict(result or {})
        self.session.add(
            HandlerResult(
                enterprise_id=self.job.enterprise_id or DEFAULT_ENTERPRISE,
                idempotency_key=self.job.idempotency_key,
                topic=self.job.topic,
                result=self.result,
                at=self.job.now,
            )
        )
        self.done = True
        return self.result


@dataclass
class Resources:
    """Wired in by the application, see `for_store` and `in_memory`.

    `open_session` opens a session whose block commits when it is left, and undoes everything on an exception.
    `prepare` is called with the enterprise before each session: the in-memory customer base fills itself there.
    """

    open_session: Callable[[], AbstractContextManager[Session]]
    mail: MailAdapter = field(default_factory=Mailbox)
    settings: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[str], None] = lambda enterprise_id: None

    @classmethod
    def for_store(
        cls, store: Any, *, mail: MailAdapter | None = None, settings: Mapping[str, Any] | None = None
    ) -> "Resources":
        """Resources on the engine's store (`engine.store.unit_of_work.Store`)."""

        @contextmanager
        def open_session() -> Iterator[Session]:
            with store.transaction() as work:
                yield work.session
                work.session.flush()

        return cls(open_session, mail or Mailbox(), settings or {})

    @classmethod
    def in_memory(cls, now: datetime, *, settings: Mapping[str, Any] | None = None) -> "Resources":
        """Resources without a file or a server; the demo data appears when a handler first needs the customer base."""
        base = _MemoryBase(now)
        return cls(base.open_session, Mailbox(), settings or {}, base.prepare)

    @contextmanager
    def transaction(self, job: Job) -> Iterator[Session]:
        """A session of the customer base, bound to the job's enterprise; commits on leaving."""
        with self.session_for(job.enterprise_id or DEFAULT_ENTERPRISE, job.now) as session:
            yield session

    @contextmanager
    def session_for(self, enterprise_id: str, now: datetime) -> Iterator[Session]:
        """The same for callers without a job: pages, imports, tests."""
        self.prepare(enterprise_id)
        with self.open_session() as session:
            yield in_enterprise(session, enterprise_id)
            session.flush()
        self.deliver_mail(enterprise_id, now)

    @contextmanager
    def once(self, job: Job) -> Iterator[Once]:
        """The job's effect, at most once: `done` and `result` when it has happened, else `session` to work with.

        Leaving the block without `keep` is a mistake of the handler and raises PermanentFailure (nothing is kept).
        """
        with self.transaction(job) as session:
            known = session.get(HandlerResult, (job.enterprise_id or DEFAULT_ENTERPRISE, job.idempotency_key))
            once = Once(session, job, known is not None, known.result if known else None)
            yield once
            if not once.done:
                raise PermanentFailure(f"The handler of '{job.topic}' left its block without keep(result): fix it.")

    def send(self, session: Session, mail: Mail, *, now: datetime) -> None:
        """Put a mail into the outbox of this transaction; it leaves after the commit, and never twice for one key."""
        self.mail.accept(session, mail, now=now)

    def deliver_mail(self, enterprise_id: str, now: datetime) -> int:
        """Hand waiting mails to the mail server; gives how many left. Failures wait for the next call."""
        if not self.mail.delivers:
            return 0
        with self.open_session() as session:
            waiting = self.mail.waiting(in_enterprise(session, enterprise_id))
        delivered = 0
        for message in waiting:
            error = self.mail.hand_over(message)
            with self.open_session() as session:
                self.mail.note(in_enterprise(session, enterprise_id), message, error, now=now)
            delivered += error is None
        return delivered


class _MemoryBase:
    """An in-memory SQLite database whose tables and demo data appear when somebody first asks for them."""

    def __init__(self, now: datetime):
        self.now = now
        self.filled: set[str] = set()
        self._engine: Engine | None = None

    @contextmanager
    def open_session(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = _empty_database()
            weakref.finalize(self, _give_back, self._engine)
        return self._engine

    def prepare(self, enterprise_id: str) -> None:
        """Fill the enterprise's customer base once; the first one comes from an image when there is one."""
        if enterprise_id in self.filled:
            return
        image = _IMAGES.get((enterprise_id, self.now)) if not self.filled else None
        if image is None:
            with self.open_session() as session:
                create_demo(session, enterprise_id, self.now)
            if not self.filled:
                self._keep_image(enterprise_id)
        else:
            _driver(self.engine).deserialize(image)
        self.filled.add(enterprise_id)

    def _keep_image(self, enterprise_id: str) -> None:
        while len(_IMAGES) >= MOST_IMAGES:
            _IMAGES.pop(next(iter(_IMAGES)))
        _IMAGES[enterprise_id, self.now] = _driver(self.engine).serialize()


MOST_IMAGES = 4
_IMAGES: dict[tuple[str, datetime], bytes] = {}  # the demo takes a second to make, its copy a millisecond
MOST_IDLE = 4
_IDLE: list[Engine] = []  # databases that nobody uses any more: a play that takes one finds its statements compiled


def _empty_database() -> Engine:
    """A database with empty tables; one that was used before where there is one."""
    try:
        engine = _IDLE.pop()
    except IndexError:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    _driver(engine).deserialize(_empty_image(engine))
    return engine


def _empty_image(engine: Engine) -> bytes:
    if not _EMPTY:
        Base.metadata.create_all(engine, tables=TABLES)
        _EMPTY.append(_driver(engine).serialize())
    return _EMPTY[0]


_EMPTY: list[bytes] = []


def _give_back(engine: Engine) -> None:
    if len(_IDLE) < MOST_IDLE:
        _IDLE.append(engine)
    else:
        engine.dispose()


def _driver(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.connection.driver_connection


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the "begin" event opens transactions, not the driver: savepoints need that
    connection.execute("PRAGMA foreign_keys = ON")
