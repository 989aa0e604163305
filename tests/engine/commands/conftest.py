import pytest

from tests.support.office import Office


@pytest.fixture
def office(store, clock):
    """An office on each kind of database."""
    return Office(store, clock)
