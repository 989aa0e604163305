"""An office around a store: deploys, starts, works on tasks, and lets time pass, each in one line."""

from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select

from engine.clock import VirtualClock
from engine.commands.complete_user_task import Completed, complete_user_task
from engine.commands.deploy import Deployed, deploy
from engine.commands.publish_message import publish_message
from engine.commands.route_message import Published
from engine.commands.start_process import Started, start_process
from engine.handlers import Handlers
from engine.queries.consistency import differences
from engine.store.actor import Actor
from engine.store.tables import ElementInstance, Incident, ProcessInstance, UserTask
from engine.store.unit_of_work import Store
from engine.worker import Done, Worker

ACME = "acme"
BOSS = Actor("boss", is_supervisor=True, enterprise_id=ACME)


def person(name: str, *groups: str, stands_in_for: tuple[str, ...] = ()) -> Actor:
    return Actor(name, frozenset(groups), stands_in_for=frozenset(stands_in_for), enterprise_id=ACME)


class Office:
    """Commands and questions with the defaults of a test."""

    def __init__(self, store: Store, clock: VirtualClock, handlers: Handlers | None = None):
        self.store = store
        self.clock = clock
        self.handlers = handlers or Handlers()
        self.worker = Worker(store, self.handlers, clock)

    @property
    def now(self):
        return self.clock.now()

    def do(self, command, **arguments: Any) -> Any:
        """Run a command as the boss now, unless the arguments say otherwise."""
        arguments = {"now": self.now, "actor": BOSS} | arguments
        return self.store.run(lambda work: command(work, **arguments))

    def ask(self, query, **arguments: Any) -> Any:
        with self.store.reading() as work:
            return query(work, **arguments)

    def deploy(self, *models: bytes, **arguments: Any) -> Deployed:
        return self.do(deploy, enterprise_id=ACME, name="test", models=models, **arguments)

    def start(self, process_id: str, variables: Mapping[str, Any] | None = None, **arguments: Any) -> Started:
        return self.do(start_process, enterprise_id=ACME, process_id=process_id, variables=variables, **arguments)

    def publish(self, name: str, **arguments: Any) -> Published:
        return self.do(publish_message, enterprise_id=ACME, name=name, **arguments)

    def complete(self, element_id: str, variables: Mapping[str, Any] | None = None, **arguments: Any) -> Completed:
        """Complete the open task of this element."""
        return self.do(complete_user_task, user_task_id=self.task(element_id).id, variables=variables, **arguments)

    def task(self, element_id: str, state: str = "open") -> Any:
        """The only task of this element in this state."""
        with self.store.reading() as work:
            return work.execute(
                select(UserTask.__table__).where(UserTask.element_id == element_id, UserTask.state == state)
            ).one()

    def open_tasks(self) -> list[str]:
        """Element ids of the open tasks."""
        return sorted(self._column(select(UserTask.element_id).where(UserTask.state == "open")))

    def visits(self, element_id: str, state: str = "completed") -> int:
        """How many visits of the element are in this state."""
        query = select(ElementInstance.element_id).where(
            ElementInstance.element_id == element_id, ElementInstance.state == state
        )
        return len(self._column(query))

    def state(self, process_instance_id: str) -> str:
        return self._column(select(ProcessInstance.state).where(ProcessInstance.id == process_instance_id))[0]

    def states(self, process_id: str) -> list[str]:
        return self._column(select(ProcessInstance.state).where(ProcessInstance.process_id == process_id))

    def incidents(self, state: str = "open") -> list[Any]:
        with self.store.reading() as work:
            return work.execute(select(Incident.__table__).where(Incident.state == state)).all()

    def variables(self, process_instance_id: str) -> Mapping[str, Any]:
        from engine.queries.process_instance import process_instance

        return self.ask(process_instance, process_instance_id=process_instance_id, now=self.now).variables

    def run_due(self) -> Done:
        return self.worker.run_due(self.now)

    def pass_by(self, **duration: float) -> Done:
        """Let time pass and everything happen that becomes due."""
        self.clock.pass_by(**duration)
        return self.run_due()

    def differences(self) -> list[str]:
        return self.ask(differences)

    def _column(self, query: Any) -> list[Any]:
        with self.store.reading() as work:
            return list(work.execute(query).scalars())


@contextmanager
def counted_statements(store: Store):
    """The SQL statements that the block sends, as a list."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
