"""A mapping stores its value in a variable, or in a part of one (a.b): the target must be such a name."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.errors import Finding

RULE = "mapping-target"


def check(context: Context) -> Iterator[Finding]:
    for element, _scope in context.every_element():
        for mapping in (*element.inputs, *element.outputs):
            if not all(part.isidentifier() for part in mapping.target.split(".")):
                message = f"The mapping target '{mapping.target}' is no variable name; write one such as total or a.b."
                yield context.finding(RULE, element, message)
