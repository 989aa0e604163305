"""`praxis merge`: what two sides made of one model or practice, in one."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from engine.errors import EngineError, InvalidInput
from practice_repo.algebra.conflicts import Resolution
from practice_repo.algebra.document import Document, read_document
from practice_repo.algebra.merging import Merged, merge
from practice_repo.algebra.operations import Operation, describe
from practice_repo.algebra.package import Package

LANGUAGES = ("en", "zh")
OPEN_CONFLICTS = 1
BAD_INPUT = 2


@click.command("merge")
@click.argument("base", type=click.Path(exists=True, path_type=Path))
@click.argument("ours", type=click.Path(exists=True, path_type=Path))
@click.argument("theirs", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write the result; without it, nowhere.")
@click.option(
    "--resolutions",
    "answers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSON list of {"conflict": id, "choice": "ours" | "theirs" | "combine" | "edit", "operations": […]}.',
)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def merge_command(
    base: Path, ours: Path, theirs: Path, output: Path | None, answers: Path | None, language: str, as_json: bool
) -> None:
    """Merge what OURS and THEIRS changed since BASE.

    All three are models (.bpmn), decisions (.dmn), forms (.json), cards (.toml) or practice folders. Where both cannot
    be had, the result keeps OURS and a conflict is told. Exit code 1 with open conflicts, 2 when a file cannot be read.
    """
    try:
        versions = [_version(path) for path in (base, ours, theirs)]
        if len({version.kind if isinstance(version, Document) else "folder" for version in versions}) > 1:
            raise InvalidInput("Expected three files of one kind, or three practice folders.")
        merged: Merged[Any] = merge(*versions, resolutions=_resolutions(answers))  # type: ignore[type-var]
        if output is not None:
            write_version(merged.result, output)
    except (EngineError, OSError, UnicodeDecodeError) as error:
        _refuse(error, as_json)
    if as_json:
        click.echo(json.dumps(report(merged, language), ensure_ascii=False))
    else:
        _tell(merged, language)
    sys.exit(OPEN_CONFLICTS if merged.conflicts else 0)


def _version(path: Path) -> Document | Package:
    try:
        return Package.from_folder(path) if path.is_dir() else read_document(path.name, path.read_bytes())
    except EngineError as error:
        raise InvalidInput(f"'{path.name}': {error}") from error


def _resolutions(path: Path | None) -> list[Resolution]:
    if path is None:
        return []
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise InvalidInput(f"'{path.name}' is no JSON: {error}. Expected a list of resolutions.") from error
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InvalidInput(f"'{path.name}' must hold a list of resolutions, each with 'conflict' and 'choice'.")
    return [Resolution.from_json(each) for each in found]


def write_version(version: Document | Package, output: Path) -> None:
    """Writes a file, or the files of a practice into a folder (those that the practice no longer has are removed)."""
    if isinstance(version, Document):
        output.write_bytes(version.write())
        return
    for name, content in version.files.items():
        path = output / name
        if not path.resolve().is_relative_to(output.resolve()):
            raise InvalidInput(f"Expected a file in '{output.name}', found '{name}'; nothing outside of it is written.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in Package.from_folder(output).files.keys() - version.files.keys():
        (output / name).unlink()


def report(merged: Merged[Any], language: str = "en") -> dict[str, Any]:
    """What the command prints as JSON."""
    return {
        "clean": merged.is_clean,
        "ours": _listed(merged.ours, language),
        "theirs": _listed(merged.theirs, language),
        "applied": [operation.id for operation in merged.applied],
        "automatic": [operation.id for operation in merged.automatic],
        "conflicts": [conflict.to_json(language) for conflict in merged.conflicts],
        "resolved": [conflict.to_json(language) for conflict in merged.resolved],
        "findings": [
            {
                "file": each.file,
                "rule": each.finding.rule,
                "severity": each.finding.severity,
                "element": each.finding.element_id,
                "message": each.finding.message,
            }
            for each in merged.findings
        ],
    }


def _listed(operations: Iterable[Operation], language: str) -> list[dict[str, str]]:
    return [
        {"id": each.id, "type": each.type, "file": each.file, "target": each.target, "text": describe(each, language)}
        for each in operations
    ]


def _tell(merged: Merged[Any], language: str) -> None:
    for operation in merged.automatic:
        click.echo(f"taken     {operation.file}: {describe(operation, language)}")
    for conflict in merged.conflicts:
        click.echo(f"conflict  {conflict.file}: {conflict.describe(language)} [{conflict.id}]")
        for side, operations in (("ours", conflict.ours), ("theirs", conflict.theirs)):
            for operation in operations:
                click.echo(f"            {side}: {describe(operation, language)}")
        for finding in conflict.findings:
            click.echo(f"            {finding}")
        click.echo(f"            choices: {', '.join(conflict.choices)}")
    for each in merged.findings:
        click.echo(f"{each.finding.severity:9} {each.file + ': ' if each.file else ''}{each.finding}")
    click.echo(f"{len(merged.automatic)} taken from theirs, {len(merged.conflicts)} conflicts.")


def _refuse(error: Exception, as_json: bool) -> NoReturn:
    click.echo(json.dumps({"error": str(error)}, ensure_ascii=False) if as_json else f"Error: {error}", err=not as_json)
    sys.exit(BAD_INPUT)
