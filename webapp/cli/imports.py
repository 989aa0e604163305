"""`praxis import`: a file of another system becomes leads, customers, products, stock, tickets or orders."""

import click


@click.command("import")
def import_file() -> None:
    """Import a CSV or Excel file."""
    raise click.ClickException("The importer is not wired in yet.")
