import pytest

from engine.store.actor import Actor
from practice_repo.algebra.package import Package
from practice_repo.commands.acquire import acquire
from practice_repo.commands.publish_shipped import publish_shipped
from practice_repo.permissions import ANALYST, EDITOR, LIBRARY, REVIEWER
from tests.practice_repo.workspace.shelf import practice


def analyst(name: str, enterprise_id: str) -> Actor:
    return Actor(name, frozenset({ANALYST}), enterprise_id=enterprise_id)


class Desk:
    """Commands and questions of one installation, each in one line."""

    def __init__(self, store, clock):
        self.store = store
        self.clock = clock
        self.nora = analyst("nora", "demo")
        self.otto = analyst("otto", "machines")
        self.rita = Actor("rita", frozenset({REVIEWER}), enterprise_id="machines")
        self.sven = Actor("sven", frozenset({REVIEWER}), enterprise_id="software")
        self.edda = Actor("edda", frozenset({EDITOR}), enterprise_id=LIBRARY)

    @property
    def now(self):
        return self.clock.now()

    def do(self, command, **arguments):
        arguments = {"actor": self.nora, "now": self.now} | arguments
        return self.store.run(lambda work: command(work, **arguments))

    def ask(self, query, **arguments):
        with self.store.reading() as work:
            return query(work, **arguments)

    def ship(self, *packages: Package):
        return self.store.run(lambda work: publish_shipped(work, packages, self.now))

    def acquired(self, **arguments) -> str:
        return self.do(acquire, **{"item_id": "welcome"} | arguments)


@pytest.fixture
def desk(store, clock):
    """A desk in an installation whose library holds one practice, on each kind of database."""
    desk = Desk(store, clock)
    desk.ship(practice())
    return desk


@pytest.fixture
def sqlite_desk(sqlite_store, clock):
    """The same on SQLite, for what does not depend on the database."""
    desk = Desk(sqlite_store, clock)
    desk.ship(practice())
    return desk
