import pytest

from tests.support.office import Office


@pytest.fixture
def office(store, clock):
    """An office on each kind of database."""
    return Office(store, clock)


@pytest.fixture
def sqlite_office(sqlite_store, clock):
    """An office on SQLite, for what does not depend on the database."""
    return Office(sqlite_store, clock)
