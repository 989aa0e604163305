"""Many units of work kept together by one commit: for bulk work like the simulation, where every commit costs a disk
write. Each command still undoes only itself when it fails (a savepoint); what a crash leaves behind is the last
whole batch."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.store.unit_of_work import Store, Work


class Together(Store):
    """The same database as `store`; inside of `with together.batch():` its units of work share one transaction.

    Only for the thread that opened the batch. Follow-ups of a unit of work run right after it, as always.
    """

    def __init__(self, store: Store):
        self.url = store.url
        self.engine = store.engine
        self.wake: Callable[[], None] = lambda: None
        self.sent_messages = False  # whether a unit of work had follow-ups of its own: another case may have moved
        self._writers = store._writers
        self._local = threading.local()
        self._outer: Work | None = None

    @contextmanager
    def batch(self) -> Iterator[Work]:
        """Everything inside is committed at the end of the block, or undone by an exception."""
        with super().transaction() as work:
            self._outer = work
            try:
                yield work
            finally:
                self._outer = None

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        if self._outer is None:
            with super().transaction() as work:
                yield work
            return
        work = Work(self, self._outer.connection)
        # In plain SQL: SQLAlchemy's own savepoints would make sessions open a second one inside of each.
        work.connection.exec_driver_sql("SAVEPOINT unit_of_work")
        try:
            yield work
            work.flush()
        except BaseException:
            work.close()
            work.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT unit_of_work")
            raise
        finally:
            work.close()
            work.connection.exec_driver_sql("RELEASE SAVEPOINT unit_of_work")
        self._committed(work)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        if self._outer is None:
            with super().reading() as work:
                yield work
            return
        work = Work(self, self._outer.connection)
        try:
            yield work
        finally:
            work.close()

    def _committed(self, work: Work) -> None:
        work.follow_ups = [each for each in work.follow_ups if each is not self.wake]
        self.sent_messages = self.sent_messages or bool(work.follow_ups)
        super()._committed(work)

    def close(self) -> None:
        """The database belongs to the store that this one was made of."""
