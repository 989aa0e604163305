"""The database as units of work: everything that happens in one is kept together, or not at all.

    store = Store("sqlite:///praxis.db")
    with store.transaction() as work:
        complete_user_task(work, user_task_id=…, variables=…, actor=…, now=…)

Leaving the block commits; an exception undoes everything. `store.run(function)` does the same and repeats the function
when somebody else was faster. SQLite writers queue up inside the process (no busy waiting), PostgreSQL locks rows.
"""

import logging
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, CursorResult, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import Executable

from engine.errors import InvalidInput, InvalidState, StaleInstance
from engine.store.types import Base

log = logging.getLogger(__name__)
T = TypeVar("T")

RETRIED_SQLSTATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
_READING_SQLITE = {"praxis_begin": "BEGIN"}
_READING_POSTGRESQL = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
FOLLOW_UPS_AT_ONCE = 200  # what one commit may set in motion in the caller's thread; the worker does the rest


class Work:
    """One open unit of work: `execute` for statements, `session` for mapped objects, `after_commit` for follow-ups."""

    def __init__(self, store: "Store", connection: Connection):
        self.store = store
        self.connection = connection
        self.follow_ups: list[Callable[[], None]] = []
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """A SQLAlchemy session inside this unit of work; committing is the unit's business, not the session's."""
        if self._session is None:
            self._session = Session(bind=self.connection, expire_on_commit=False)
        return self._session

    @property
    def on_postgresql(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement, after what waits in the session."""
        self.flush()
        return self.connection.execute(statement, parameters)

    def flush(self) -> None:
        if self._session is not None and (self._session.new or self._session.dirty or self._session.deleted):
            self._session.flush()

    def after_commit(self, follow_up: Callable[[], None]) -> None:
        """Call this once everything is safely kept (not when the unit of work is undone).

        A follow-up that must not be lost stands in a table as well, so that the worker finds it after a crash.
        """
        self.follow_ups.append(follow_up)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


class Store:
    """A database, SQLite (`sqlite:///file`) or PostgreSQL (`postgresql+psycopg://…`).

    `synchronous` is SQLite's: FULL survives a power loss, NORMAL only a crash of the process.
    `wake` is called after commits that leave work for the worker; the worker sets it.
    """

    def __init__(self, url: str, *, synchronous: str = "FULL", busy_timeout_seconds: float = 30, pool_size: int = 10):
        self.url = url
        self.engine = _create_engine(url, synchronous, busy_timeout_seconds, pool_size)
        self.wake: Callable[[], None] = lambda: None
        self._writers = _Turnstile() if self.engine.dialect.name == "sqlite" else None
        self._local = threading.local()

    @property
    def is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    def create_tables(self) -> None:
        """Create every table that is missing, without migrations: for tests and experiments."""
        Base.metadata.create_all(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        """One unit of work that writes. Follow-ups run after the commit, in this thread."""
        with self._turn(), self.engine.connect() as connection:
            work = Work(self, connection)
            try:
                with _translated(), connection.begin():
                    yield work
                    work.flush()
            finally:
                work.close()
        self._committed(work)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """One unit of work that only reads: a consistent picture, never in the way of writers."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(
                **(_READING_POSTGRESQL if self.is_postgresql else _READING_SQLITE)
            )
            work = Work(self, connection)
            try:
                with connection.begin() as transaction:
                    yield work
                    transaction.rollback()
            finally:
                work.close()

    def run(self, function: Callable[[Work], T], *, tries: int = 8) -> T:
        """The function's result, from a unit of work that is repeated while others were faster.

        The function must be safe to repeat: what it did before is undone, what it reads is read again.
        """
        for attempt in range(1, tries + 1):
            try:
                with self.transaction() as work:
                    return function(work)
            except StaleInstance:
                if attempt == tries:
                    raise
                time.sleep(random.uniform(0, min(0.005 * 2**attempt, 0.5)))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let go of the database; SQLite first looks whether its statistics are still good."""
        if not self.is_postgresql:
            self.refresh_statistics()
        self.engine.dispose()

    def refresh_statistics(self) -> None:
        """Let the database learn how its values are spread, where that has changed: good plans need it."""
        with suppress(DBAPIError, sqlite3.Error), self.engine.connect() as connection:
            connection.connection.driver_connection.execute(
                "ANALYZE" if self.is_postgresql else "PRAGMA analysis_limit = 1000"
            )
            if not self.is_postgresql:
                connection.connection.driver_connection.execute("PRAGMA optimize")
            connection.rollback()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._writers is None:
            yield
        else:
            with self._writers:
                yield

    def _committed(self, work: Work) -> None:
        """Run follow-ups one after the other, also those that follow-ups cause; a failing one stops no other."""
        queue: deque[Callable[[], None]] | None = getattr(self._local, "follow_ups", None)
        if queue is not None:
            queue.extend(work.follow_ups)
            return
        if not work.follow_ups:
            return
        queue = self._local.follow_ups = deque(work.follow_ups)
        try:
            for _ in range(FOLLOW_UPS_AT_ONCE):
                if not queue:
                    return
                _attempt(queue.popleft())
        finally:
            self._local.follow_ups = None
        self.wake()


def _attempt(follow_up: Callable[[], None]) -> None:
    try:
        follow_up()
    except Exception:  # the worker finds its row again and shows the reason when it keeps failing
        log.exception("A follow-up after a commit failed; the worker will try again.")


class _Turnstile:
    """Lets one writer in at a time, and tells a thread that would wait for itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def __enter__(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("This thread already has a unit of work open on this store: use that one, or close it.")
        self._lock.acquire()
        self._owner = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._owner = None
        self._lock.release()


@contextmanager
def _translated() -> Iterator[None]:
    """Foreign errors that mean "someone else was first" become StaleInstance."""
    try:
        yield
    except DBAPIError as error:
        if is_contention(error):
            raise StaleInstance("Somebody else is changing the same thing right now: try again.") from error
        raise
    except sqlite3.OperationalError as error:  # BEGIN does not go through SQLAlchemy
        if is_contention(error):
            raise StaleInstance("The database is busy: try again.") from error
        raise


def is_contention(error: Exception) -> bool:
    """Whether trying again can help: the database is busy, or two units of work met."""
    origin = getattr(error, "orig", error)
    if getattr(origin, "sqlstate", None) in RETRIED_SQLSTATES:
        return True
    return "database is locked" in str(origin) or "database table is locked" in str(origin)


def _create_engine(url: str, synchronous: str, busy_timeout_seconds: float, pool_size: int) -> Engine:
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise InvalidInput(f"A SQLite or PostgreSQL address was expected, '{backend}' is neither: use sqlite:///FILE.")
    if backend == "sqlite" and not parsed.database:
        raise InvalidInput("The store needs a file (sqlite:///FILE): a database in memory would not survive a restart.")
    if backend == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size * 2,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    if backend == "sqlite":
        _prepare_sqlite(engine, synchronous.upper(), busy_timeout_seconds)
    return engine


def _prepare_sqlite(engine: Engine, synchronous: str, busy_timeout_seconds: float) -> None:
    if synchronous not in ("FULL", "NORMAL", "EXTRA"):
        raise InvalidInput(f"synchronous must be FULL, NORMAL or EXTRA, found {synchronous}.")

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the "begin" event below opens transactions, not the driver
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_seconds * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -32768")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Writers take the write lock at once: upgrading a reader later could fail halfway.
        connection.connection.driver_connection.execute(
            connection.get_execution_options().get("praxis_begin", "BEGIN IMMEDIATE")
        )


def changed_one_row(result: CursorResult[Any], problem: str) -> None:
    """Refuse with `problem` unless the statement changed exactly one row."""
    if result.rowcount != 1:
        raise InvalidState(problem)
