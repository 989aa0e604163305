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
    click.echo(display(evaluation.value))
    for warning in evaluation.warnings:
        click.echo(f"warning: {warning}", err=True)


def read_context(text: str) -> dict[str, Any]:
    """The variables of a JSON object; raises a usage error for other JSON and for text that is none."""
    try:
        context = json.loads(text, parse_float=_exact_float)
    except ValueError as error:
        raise click.UsageError(f'--context must be a JSON object such as {{"amount": 5}}: {error}') from error
    if not isinstance(context, dict):
        raise click.UsageError(f'--context must be a JSON object such as {{"amount": 5}}, found {text[:40]}')
    return normalise(context)


def _exact_float(text: str) -> Any:
    """A JSON number with a point, without the detour over binary floating point."""
    return Decimal(text)


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
    click.echo(
        json.dumps(
            {"result": to_json(evaluation.value), "warnings": list(evaluation.warnings)},
            ensure_ascii=False,
            allow_nan=False,
        )
    )


if __name__ == "__main__":
    feel()
