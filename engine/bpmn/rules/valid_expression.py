"""An expression that is not FEEL, or that calls a function nobody knows, would only fail when a case comes there."""

from collections.abc import Iterator
from difflib import get_close_matches

from engine.bpmn.context import Context, Placed, compiled
from engine.errors import Finding
from engine.feel import FeelSyntaxError, compile_expression, compile_script, known_functions

RULE = "valid-expression"
USES = {"inputs": "input mapping", "outputs": "output mapping", "variables": "payload", "": "expression"}


def check(context: Context) -> Iterator[Finding]:
    defined = _functions_of_scripts(context)
    for placed in context.expressions:
        message = _problem(placed) or _unknown_function(placed, defined)
        if message:
            yield context.finding(RULE, placed.owner, message)


def _problem(placed: Placed) -> str | None:
    expression = placed.expression
    if expression.problem:
        return f"{expression.problem[:1].upper()}{expression.problem[1:]}."
    try:
        compile_script(expression.feel) if placed.use == "script" else compile_expression(expression.feel)
    except FeelSyntaxError as error:
        return f"The {_use(placed)} '{expression.source}' is not FEEL: {error}"
    return None


def _unknown_function(placed: Placed, defined: frozenset[str]) -> str | None:
    known, expression = known_functions(), compiled(placed)
    for name in sorted(expression.functions - defined if expression is not None else ()):
        near = get_close_matches(name, known, 1, 0.6)
        remedy = f"did you mean '{near[0]}'?" if near else "use one of FEEL's functions, or a service task"
        return f"The {_use(placed)} '{placed.expression.source}' calls '{name}', which is no function; {remedy}"
    return None


def _functions_of_scripts(context: Context) -> frozenset[str]:
    """Variables that scripts set, which can hold functions."""
    scripts = [compiled(placed) for placed in context.expressions if placed.use == "script"]
    return frozenset(key for script in scripts if script for key in script.keys)


def _use(placed: Placed) -> str:
    return USES.get(placed.use, placed.use.replace("_", " "))
