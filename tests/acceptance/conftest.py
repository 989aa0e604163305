"""The demo enterprise behind a real server, a browser for each of its people, and a clock that the test moves."""

import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from engine.clock import VirtualClock
from engine.store.unit_of_work import Store
from tests.acceptance.pages import Enterprise
from tests.conftest import NEW_YEAR
from tests.support import databases
from webapp import create_app
from webapp.demo import PASSWORD_FILE, create_demo
from webapp.settings import Settings
from webapp.wiring import wire

PASSWORD = "good old demo"


class Quiet(WSGIRequestHandler):
    """Keeps the log of a failing test readable."""

    def log_request(self, *_arguments) -> None:
        pass


@dataclass(frozen=True)
class Premises:
    """A demo enterprise at rest: its database as a file to copy, and the folder of its settings."""

    database: Path
    folder: Path


@pytest.fixture(scope="session")
def premises(tmp_path_factory) -> Premises:
    """The demo enterprise without cases: people, practices, customers, products, stock."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / PASSWORD_FILE).write_text(PASSWORD)
    database = databases.sqlite_template(folder)
    wiring = wire(_settings(folder), clock=VirtualClock(NEW_YEAR), store=Store(f"sqlite:///{database}"))
    problems: list[str] = []
    create_demo(wiring, note=problems.append, with_cases=False)
    wiring.store.close()
    assert problems == []
    return Premises(database, folder)


@pytest.fixture
def enterprise(chromium, premises, tmp_path, request):
    """The demo enterprise in a database of its own, open for business on Monday, 5 January 2026, 9:00 UTC."""
    with open_for_business(premises, tmp_path) as (app, wiring, address):
        enterprise = Enterprise(chromium, address, app, wiring, PASSWORD)
        yield enterprise
        enterprise.goes_home()
    assert enterprise.problems == []


@pytest.fixture
def people(enterprise):
    """`people["ines"]` is Ines, signed in at a browser of her own."""
    return enterprise.people


@contextmanager
def open_for_business(premises: Premises, folder: Path):
    """A served copy of the enterprise: its application, its running pieces and its address."""
    database = folder / "demo.sqlite3"
    shutil.copyfile(premises.database, database)
    clock = VirtualClock(NEW_YEAR)
    server = make_server("127.0.0.1", 0, _nothing_yet, threaded=True, request_handler=Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    wiring = wire(_settings(folder, public_url=address), clock=clock, store=Store(f"sqlite:///{database}"))
    server.app = app = create_app(wiring=wiring)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield app, wiring, address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        wiring.store.close()


def _nothing_yet(_environment, _start_response):
    raise AssertionError("nobody calls before the application is in place")


def _settings(folder: Path, **changes) -> Settings:
    return Settings(data_directory=folder, secret_key="for tests", cookie_secure=False, **changes)
