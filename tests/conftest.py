"""What every test may ask for: a clock that moves only when told, and stores on both databases."""

import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # also when pytest is not started as a module
    sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402
from playwright.sync_api import expect, sync_playwright  # noqa: E402

from engine.clock import VirtualClock  # noqa: E402
from engine.store.unit_of_work import Store  # noqa: E402
from tests.support import databases  # noqa: E402
from webapp.assets import manifest  # noqa: E402

CHROMIUM = Path("/usr/bin/chromium")
NEW_YEAR = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday morning


@pytest.fixture
def clock():
    return VirtualClock(NEW_YEAR)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A SQLite file with every table, to be copied."""
    return databases.sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_server():
    """One PostgreSQL server for the whole session, reachable by its socket only."""
    with databases.PostgreSql() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request, tmp_path):
    """The address of an empty database with every table."""
    if request.param == "sqlite":
        yield databases.sqlite_copy(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        with request.getfixturevalue("postgresql_server").database() as url:
            yield url


@pytest.fixture
def store(store_url):
    """An empty store; the test runs once per kind of database."""
    store = Store(store_url)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_template, tmp_path):
    """An empty store on SQLite, for what does not depend on the database."""
    store = Store(databases.sqlite_copy(sqlite_template, tmp_path))
    yield store
    store.close()


@pytest.fixture(scope="session")
def chromium():
    """A browser for all tests of the session: Playwright runs once per process."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} does not exist; install Chromium to run the browser tests")
    if not manifest():
        pytest.skip("the front end is not built: make install")
    expect.set_options(timeout=20_000)  # a busy machine is slow, a test that waits for the right thing is not
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()
