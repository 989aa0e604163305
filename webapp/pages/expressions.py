"""Help with FEEL: every built-in function with its example, and a place to try an expression."""

import json
from itertools import groupby
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import EngineError
from engine.feel import compile_expression, display, known_functions

blueprint = Blueprint("expressions", __name__, url_prefix="/help/expressions")


@blueprint.get("")
@login_required
def show():
    functions = sorted(known_functions().values(), key=lambda each: (each.section, each.name))
    sections = [(section, list(group)) for section, group in groupby(functions, key=lambda each: each.section)]
    text, context = request.args.get("expression", ""), request.args.get("context", "{}")
    return render_template(
        "help/expressions.html",
        sections=sections,
        expression=text,
        context=context,
        outcome=_tried(text, context) if text else None,
    )


def _tried(text: str, context: str) -> dict[str, Any]:
    """What an expression gives for these variables; a mistake is told, never raised."""
    try:
        variables = json.loads(context or "{}")
    except json.JSONDecodeError as error:
        return {"error": _("The variables should be a JSON object: %(reason)s", reason=str(error))}
    if not isinstance(variables, dict):
        return {"error": _('The variables should be a JSON object such as {"amount": 1200}.')}
    try:
        evaluation = compile_expression(text, names=variables).evaluate_with_warnings(variables)
    except EngineError as error:
        return {"error": str(error)}
    return {"value": display(evaluation.value), "warnings": evaluation.warnings}
