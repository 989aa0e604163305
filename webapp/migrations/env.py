"""Alembic's entry: runs the migrations of webapp.migrations on SQLite and PostgreSQL."""

from alembic import context

from engine.store.unit_of_work import Store
from webapp.migrations import metadata

OUR_PACKAGES = ("engine", "processes", "practice_repo", "webapp")


def render_item(kind, value, autogen):
    """Write our column types as themselves, so that a migration means the same on both databases."""
    module = type(value).__module__
    if kind == "type" and module.partition(".")[0] in OUR_PACKAGES:
        autogen.imports.add(f"import {module}")
        return f"{module}.{type(value).__name__}()"
    return False


def run() -> None:
    store = Store(context.config.attributes["url"])
    try:
        with store.engine.connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=metadata(),
                render_as_batch=True,
                render_item=render_item,
                compare_type=True,
                transaction_per_migration=True,
            )
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
    finally:
        store.close()


run()
