"""`praxis diff` and `praxis apply`: what changed between two models or practices, and how to do it again."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from engine.errors import EngineError, InvalidInput
from practice_repo.algebra.difference import apply, difference
from practice_repo.algebra.document import Document, read_document
from practice_repo.algebra.operations import Operation, describe, operations_from_json
from practice_repo.algebra.package import Package, apply_to_package, package_difference, required_bump

LANGUAGES = ("en", "zh")


@click.command()
@click.argument("before", type=click.Path(exists=True, path_type=Path))
@click.argument("after", type=click.Path(exists=True, path_type=Path))
@click.option("--layout", is_flag=True, help="Also say what was drawn elsewhere.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; `praxis apply` takes it.")
def diff(before: Path, after: Path, layout: bool, language: str, as_json: bool) -> None:
    """Say what changed from BEFORE to AFTER.

    Both are models (.bpmn), decisions (.dmn), forms (.json), cards (.toml) or practice folders; they may come from
    different tools and share no ids. Exit code 2 when one cannot be read.
    """
    try:
        operations = _difference(before, after, with_layout=layout)
    except (EngineError, OSError) as error:
        _refuse(error, as_json)
    if as_json:
        click.echo(json.dumps(_report(operations), ensure_ascii=False))
        return
    if not operations:
        click.echo("Nothing changed.")
    names = {operation.file for operation in operations}
    for operation in operations:
        place = f"{operation.file}: " if len(names) > 1 else ""
        click.echo(f"{place}{describe(operation, language)}")


def _difference(before: Path, after: Path, *, with_layout: bool) -> tuple[Operation, ...]:
    if before.is_dir() != after.is_dir():
        raise InvalidInput(f"Expected two files or two folders, found '{before.name}' and '{after.name}'.")
    if before.is_dir():
        return package_difference(Package.from_folder(before), Package.from_folder(after), with_layout=with_layout)
    base, changed = _document(before), _document(after)
    if base.kind != changed.kind:
        raise InvalidInput(f"Expected two files of one kind, found {base.kind} and {changed.kind}.")
    return difference(base, changed, with_layout=with_layout)


def _document(path: Path) -> Document:
    return read_document(path.name, path.read_bytes())


def _report(operations: Sequence[Operation]) -> dict[str, Any]:
    return {
        "operations": [
            {**operation.to_json(), "text": describe(operation), "text_zh": describe(operation, "zh")}
            for operation in operations
        ],
        "count": len(operations),
        "bump": required_bump(operations) if operations else None,
    }


@click.command(name="apply")
@click.argument("operations_file", metavar="OPERATIONS", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write; default: over TARGET.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def apply_command(operations_file: Path, target: Path, output: Path | None, as_json: bool) -> None:
    """Do the OPERATIONS (JSON of `praxis diff --json`) to TARGET, a file or a practice folder.

    Exit code 1 when they do not fit it, 2 when one of the two cannot be read.
    """
    try:
        operations = operations_from_json(_json(operations_file))
        written = _apply(operations, target, output or target)
    except (EngineError, OSError) as error:
        _refuse(error, as_json, code=1 if hasattr(error, "operation") else 2)
    if as_json:
        click.echo(json.dumps({"applied": len(operations), "written": written}, ensure_ascii=False))
    else:
        click.echo(f"{len(operations)} operations done; written: {', '.join(written) or 'nothing'}.")


def _apply(operations: Sequence[Operation], target: Path, output: Path) -> list[str]:
    """The names of the files that were written."""
    if not target.is_dir():
        changed = apply(_document(target), operations)
        output.write_bytes(changed.write())
        return [output.name]
    before = Package.from_folder(target)
    after = apply_to_package(before, operations)
    kept = Package.from_folder(output).files if output.is_dir() else {}
    names = [name for name, content in after.files.items() if kept.get(name) != content]
    for name in names:
        path = output / name
        if not path.resolve().is_relative_to(output.resolve()):
            raise InvalidInput(f"Expected a file in '{output.name}', found '{name}'; nothing outside of it is written.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(after.files[name])
    for name in before.files.keys() - after.files.keys():
        (output / name).unlink(missing_ok=True)
    return names


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise InvalidInput(f"'{path.name}' is no JSON: {error}. Expected what `praxis diff --json` prints.") from error


def _refuse(error: Exception, as_json: bool, code: int = 2) -> NoReturn:
    click.echo(json.dumps({"error": str(error)}, ensure_ascii=False) if as_json else f"Error: {error}", err=not as_json)
    sys.exit(code)
