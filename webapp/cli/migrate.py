"""`praxis migrate`: bring the database to the newest revision."""

import click

from webapp.cli.errors import kindly
from webapp.migrations import upgrade
from webapp.settings import Settings


@click.command()
@kindly
def migrate() -> None:
    """Create or upgrade the tables; what is there already stays."""
    settings = Settings.from_environment()
    prepare_database(settings)
    click.echo("The database is at the newest revision.")


def prepare_database(settings: Settings) -> None:
    """Make the data directory and the newest tables."""
    settings.data_directory.mkdir(parents=True, exist_ok=True)
    upgrade(settings.store_url)
