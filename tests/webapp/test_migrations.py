import pytest
from sqlalchemy import text

from engine.store.types import Base
from engine.store.unit_of_work import Store
from webapp import migrations


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request, tmp_path):
    """The address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
    else:
        with request.getfixturevalue("postgresql_server").database(template="template1") as url:
            yield url


@pytest.fixture
def engine_of(empty_url):
    store = Store(empty_url)
    yield store.engine
    store.close()


def test_the_migrations_lead_to_exactly_the_tables_of_the_metadata(empty_url, engine_of):
    migrations.upgrade(empty_url)

    with engine_of.connect() as connection:
        assert migrations.differences(connection) == []


def test_the_migrations_lead_back_to_nothing(empty_url, engine_of):
    migrations.upgrade(empty_url)

    migrations.downgrade(empty_url, "base")

    with engine_of.connect() as connection:
        left = set(engine_of.dialect.get_table_names(connection)) - {"alembic_version"}
    assert left == set()


def test_upgrading_twice_changes_nothing(empty_url, engine_of):
    migrations.upgrade(empty_url)

    migrations.upgrade(empty_url)

    with engine_of.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == migrations.newest()


def test_every_constraint_has_a_name_that_migrations_can_use():
    unnamed = [
        f"{table.name}: {constraint}"
        for table in migrations.metadata().tables.values()
        for constraint in table.constraints
        if constraint.name is None
    ]

    assert Base.metadata.naming_convention
    assert unnamed == []
