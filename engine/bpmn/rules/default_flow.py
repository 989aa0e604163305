"""A default flow must leave its own element, and is taken because no condition is true: it has none itself."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.errors import Finding

RULE = "default-flow"


def check(context: Context) -> Iterator[Finding]:
    for element, scope in context.every_element():
        if not element.default:
            continue
        if element.default not in element.outgoing:
            message = f"The default flow '{element.default}' does not leave this element; choose one of its own flows."
            yield context.finding(RULE, element, message)
        elif element.type in {"parallelGateway", "eventBasedGateway"}:
            message = f"A {element.type} decides nothing, so it can have no default flow; remove the default."
            yield context.finding(RULE, element, message)
        elif scope.flows[element.default].condition is not None:
            message = "The condition of the default flow is never looked at; remove it or choose another default flow."
            yield context.warning(RULE, scope.flows[element.default], message)
