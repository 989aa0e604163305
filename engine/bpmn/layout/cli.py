"""The command that draws a BPMN file: `praxis layout FILE.bpmn [--output FILE]`."""

from __future__ import annotations

from pathlib import Path

import click

from engine.bpmn.layout import lay_out_xml
from engine.errors import EngineError


@click.command("layout")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; without it, FILE is rewritten."
)
def layout(file: Path, output: Path | None) -> None:
    """Draw the BPMN model in FILE: replace its diagram, keep everything else."""
    try:
        drawn = lay_out_xml(file.read_bytes())
    except EngineError as error:
        raise click.ClickException(f"{file}: {error}") from error
    (output or file).write_bytes(drawn)
    click.echo(f"Drew {output or file}.")
