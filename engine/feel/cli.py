"""`praxis feel "EXPR"`: evaluate one expression from the command line."""

import json
from decimal import Decimal
from typing import Any

import click

from engine.errors import InvalidInput
from engine.feel.errors import EvaluationError
from engine.feel.expression import Evaluation, compile_expression, compile_unary_tests
from engine.feel.values import display, normalise, to_json


# An expression such as -5 + x is no option.
@click.command("feel", context_settings={"ignore_unknown_options": True})
@click.argument("text", metavar="EXPR")
@click.option("--context", "context_text", default="{}", metavar="JSON", help="The variables, as a JSON object.")
@click.option("--unary", "input_text", default=None, metavar="INPUT", help="Test INPUT (a FEEL value) by EXPR.")
@click.option("--json", "as_json", is_flag=True, help='Print {"result": …, "warnings": […]}.')
def feel(text: str, context_text: str, input_text: str | None, as_json: bool) -> None:
    """Evaluate EXPR, an expression of FEEL (OMG DMN 1.5), or with --unary the tests of a decision table cell.

    An expression that fails is null, with a warning that says why.
    """
    evaluation = evaluate(text, read_context(context_text), input_text)
    if as_json:
        print_json(evaluation)
        return
    echo(display(evaluation.value))
    for warning in evaluation.warnings:
        echo(f"warning: {warning}", err=True)


def read_context(text: str) -> dict[str, Any]:
    """The variables of a JSON object; raises a usage error for other JSON and for text that is none."""
    return json_object(text, "--context")


def json_object(text: str, option: str) -> dict[str, Any]:
    """The JSON object that an option holds, as FEEL values; raises a usage error for anything else."""
    wanted = f'{option} must be a JSON object such as {{"amount": 5}}'
    try:
        found = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise click.UsageError(f"{wanted}: {error}") from error
    except RecursionError as error:
        raise click.UsageError(f"{wanted}, found one that is nested too deeply") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"{wanted}, found {text[:40]}")
    try:
        return normalise(found)
    except (InvalidInput, EvaluationError) as error:
        raise click.UsageError(f"{option}: {error}") from error


def evaluate(text: str, variables: dict[str, Any], input_text: str | None = None) -> Evaluation:
    """The value of the expression; whatever fails is null with a warning."""
    try:
        members = entry_names(variables)
        if input_text is None:
            return compile_expression(text, variables, members=members).evaluate_with_warnings(variables)
        tested = compile_expression(input_text, variables, members=members).evaluate_with_warnings(variables)
        found = compile_unary_tests(text, variables, members=members).evaluate_with_warnings(tested.value, variables)
        return Evaluation(found.value, tested.warnings + found.warnings)
    except (InvalidInput, EvaluationError) as error:
        return Evaluation(None, (str(error),))


def entry_names(value: Any) -> set[str]:
    """The names of all entries of the contexts inside a value, which paths such as `order.e-mail` may name."""
    names: set[str] = set()
    pending = list(value.values()) if type(value) is dict else []
    while pending:
        part = pending.pop()
        if type(part) is dict:
            names.update(part)
            pending += part.values()
        elif type(part) is list:
            pending += part
    return names


def print_json(evaluation: Evaluation) -> None:
    """Print result and warnings as one JSON object."""
    echo_json({"result": to_json(evaluation.value), "warnings": list(evaluation.warnings)})


def echo_json(document: dict[str, Any]) -> None:
    """Print a JSON object on one line."""
    echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def echo(text: str, err: bool = False) -> None:
    """Print a text; halves of surrogate pairs, which no encoding has, become question marks."""
    click.echo(text.encode("utf-8", "replace").decode(), err=err)


if __name__ == "__main__":
    feel()
