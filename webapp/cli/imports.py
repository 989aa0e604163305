"""`praxis import`: a file of another system becomes leads, customers, products, stock, tickets or orders."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.errors import InvalidInput
from engine.store.actor import Actor
from processes.customer_base.importing import (
    KINDS,
    ColumnMapping,
    ImportReport,
    Table,
    guess_mapping,
    read_mapping,
    read_table,
)
from webapp.cli.errors import kindly
from webapp.cli.migrate import prepare_database
from webapp.importing import run_import
from webapp.settings import Settings
from webapp.wiring import wire

MOST_PROBLEMS = 50


@click.command("import")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="TOML file that says what the columns mean.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--enterprise", "enterprise_id", default="demo", show_default=True)
@kindly
def import_file(kind: str, file: Path, map_file: Path | None, dry_run: bool, enterprise_id: str) -> None:
    """Import a CSV or Excel file; each new lead and ticket starts its process.

    Good lines go in, each bad one is named with its reason (exit code 1). A second run changes nothing.
    """
    table = read_table(_content(file), file.name)
    mapping = (
        read_mapping(_content(map_file).decode("utf-8"), table.headers, kind)
        if map_file
        else guess_mapping(table.headers, kind)
    )
    _show_mapping(table, mapping)
    settings = Settings.from_environment()
    prepare_database(settings)
    wiring = wire(settings)
    with _bar() as bar:
        line = bar.add_task(f"Importing {kind}", total=len(table.rows))
        report = run_import(
            wiring,
            enterprise_id=enterprise_id,
            table=table,
            mapping=mapping,
            actor=Actor(id="import", is_supervisor=True, enterprise_id=enterprise_id),
            source=file.name,
            dry_run=dry_run,
            progress=lambda done, _total: bar.update(line, completed=done),
        )
    wiring.store.close()
    _show_report(report, dry_run)
    sys.exit(1 if report.failed else 0)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The file {path} cannot be read: {error.strerror}.") from error


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _show_mapping(table: Table, mapping: ColumnMapping) -> None:
    for header in table.headers:
        name = mapping.columns[header]
        meaning = {None: "kept as it is, or not used", "": "left out"}.get(name, name)
        click.echo(f"  {header} → {meaning}")


def _show_report(report: ImportReport, dry_run: bool) -> None:
    click.echo(("Would import: " if dry_run else "") + report.summary())
    if report.starts:
        click.echo(f"{len(report.starts)} cases {'would start' if dry_run else 'start'}.")
    for problem in report.problems[:MOST_PROBLEMS]:
        click.echo(f"  line {problem.line}: {'' if problem.is_error else 'note: '}{problem.reason}")
    if len(report.problems) > MOST_PROBLEMS:
        click.echo(f"  … and {len(report.problems) - MOST_PROBLEMS} more")
