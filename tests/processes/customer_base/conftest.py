"""The demo company in memory, one fresh copy per test."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from processes.customer_base.tables import Party
from processes.handlers.resources import Resources

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)  # a Monday, ten in the morning in Shanghai
ENTERPRISE = "acme"


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def resources():
    return Resources.in_memory(NOW)


@pytest.fixture
def session(resources):
    with resources.session_for(ENTERPRISE, NOW) as session:
        yield session


@pytest.fixture
def party_named(session):
    """Look up a demo customer by the beginning of its name."""

    def look_up(name: str) -> Party:
        return session.scalars(select(Party).where(Party.name.startswith(name))).one()

    return look_up
