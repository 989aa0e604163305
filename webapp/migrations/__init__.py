"""One Alembic history for all tables: the engine's, the customer base's, the practice repository's, the web's.

python -m webapp.migrations upgrade sqlite:///praxis.db
python -m webapp.migrations revision "Add a column to party"     # compares the newest state with the metadata
"""

import importlib
import importlib.util
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from engine.store.types import Base

FOLDER = Path(__file__).parent

# Every module that defines tables; one that does not exist yet is passed over.
TABLE_MODULES = (
    "engine.store.tables",
    "processes.customer_base.tables",
    "processes.handlers.tables",
    "practice_repo.tables",
    "practice_repo.nba_tables",
    "webapp.tables",
)


def metadata() -> MetaData:
    """The metadata of all tables of an installation."""
    for name in TABLE_MODULES:
        package = name.rpartition(".")[0]
        if importlib.util.find_spec(package) is not None and importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    return Base.metadata


def configuration(url: str) -> Config:
    """Alembic's settings for the database at this address."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to the newest (or this) revision; what is there already stays."""
    command.upgrade(configuration(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Bring the database back to an older revision ("base": no tables)."""
    command.downgrade(configuration(url), revision)


def newest() -> str | None:
    """The id of the newest revision."""
    return ScriptDirectory.from_config(configuration("")).get_current_head()


def differences(connection: Connection) -> list[object]:
    """What a database lacks or has too much of, compared with the metadata; empty: they are equal."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
    return list(compare_metadata(context, metadata()))
