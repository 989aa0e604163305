"""`praxis dmn FILE`: take the decisions of a DMN model from the command line."""

from pathlib import Path
from typing import Any

import click

from engine.dmn.decisions import DecisionResult, Decisions, compile_decisions
from engine.dmn.elements import Definitions
from engine.dmn.inputs import typed_inputs
from engine.dmn.reader import read_dmn, squeezed
from engine.errors import InvalidModel, NotFound
from engine.feel import EvaluationError, display, to_json
from engine.feel.cli import echo, echo_json, json_object

MOST_NEIGHBOURS = 200


@click.command("dmn")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE…", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--decision", metavar="NAME", help="Evaluate this decision (name or id; also a service or BKM); default: all."
)
@click.option("--service", metavar="NAME", help="Call this decision service or business knowledge model.")
@click.option("--input", "input_text", default="{}", metavar="JSON", help="The inputs by name, as a JSON object.")
@click.option("--json", "as_json", is_flag=True, help='Print {"result", "decisions", "audit", "messages"}.')
def dmn(files: tuple[Path, ...], decision: str | None, service: str | None, input_text: str, as_json: bool) -> None:
    """Evaluate the decisions of the DMN model in FILE; further FILEs are models that it imports.

    Imported models are also looked for beside the first FILE. Texts become dates, times and durations where the model
    declares such inputs. What fails inside a decision is null, with a message that says why.
    """
    decisions = load(files)
    result = evaluate(decisions, read_input(input_text), decision, service)
    if as_json:
        echo_json(as_document(result))
        return
    echo(display(result.value))
    for message in result.messages:
        echo(f"message: {message}", err=True)


def load(files: tuple[Path, ...]) -> Decisions:
    """The decisions of these files and of the models that they import; unreadable files are a usage error."""
    try:
        models = [read_dmn(path.read_bytes()) for path in files]
    except InvalidModel as error:
        raise click.ClickException(str(error)) from error
    _add_imported(models, files)
    return compile_decisions(models, strict=False)


def _add_imported(models: list[Definitions], files: tuple[Path, ...]) -> None:
    """Append the models beside the first file that the given ones import, directly or in turn."""
    missing = _missing(models)
    if not missing:
        return
    given = {path.resolve() for path in files}
    neighbours = [path for path in sorted(files[0].resolve().parent.glob("*.dmn")) if path not in given]
    found: dict[str, Definitions] = {}
    for path in neighbours[:MOST_NEIGHBOURS]:
        try:
            model = read_dmn(path.read_bytes())
        except InvalidModel:
            continue
        found.setdefault(model.namespace, model)
    while missing & set(found):
        models += [found.pop(namespace) for namespace in sorted(missing & set(found))]
        missing = _missing(models)


def _missing(models: list[Definitions]) -> set[str]:
    wanted = {each.namespace for model in models for each in model.imports if "DMN" in each.import_type.upper()}
    return wanted - {model.namespace for model in models}


def read_input(text: str) -> dict[str, Any]:
    """The inputs of a JSON object, names as the model reads them; a usage error for anything else."""
    return {squeezed(name): value for name, value in json_object(text, "--input").items()}


def evaluate(decisions: Decisions, data: dict[str, Any], decision: str | None, service: str | None) -> DecisionResult:
    """The result of one decision, one service, or all decisions. `decision` may name a service or knowledge model."""
    decision, service = decision and squeezed(decision), service and squeezed(service)
    if service is None and decision is not None and decision not in decisions and decisions.function(decision):
        decision, service = None, decision
    inputs = typed_inputs(decisions, data, service)
    try:
        if service is not None:
            return decisions.call(service, inputs)
        return decisions.evaluate_all(inputs) if decision is None else decisions.evaluate(decision, inputs)
    except NotFound as error:
        raise click.UsageError(str(error)) from error
    except EvaluationError as error:
        return DecisionResult(None, messages=(str(error),))


def as_document(result: DecisionResult) -> dict[str, Any]:
    """The result as JSON shows it."""
    return {
        "result": to_json(result.value),
        "decisions": {name: to_json(value) for name, value in result.decisions.items()},
        "audit": [{key: to_json(value) for key, value in entry.items()} for entry in result.audit],
        "messages": list(result.messages),
    }


if __name__ == "__main__":
    dmn()
