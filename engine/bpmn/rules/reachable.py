"""An element that no token can come to is a mistake in the drawing, or left over."""

from collections.abc import Iterator

from engine.bpmn.context import Context, Scope
from engine.bpmn.elements import Activity
from engine.bpmn.graph import link_names
from engine.errors import Finding

RULE = "reachable"


def check(context: Context) -> Iterator[Finding]:
    for scope in context.scopes:
        if getattr(scope.owner, "type", "") == "adHocSubProcess":
            continue
        for element in scope.elements.values():
            if element.id not in scope.graph.reachable and not _is_told_elsewhere(element, scope):
                message = "No path leads from a start event to this element; connect it or remove it."
                yield context.warning(RULE, element, message)


def _is_told_elsewhere(element, scope: Scope) -> bool:
    """Compensation, links and boundary events have rules of their own."""
    if isinstance(element, Activity) and element.is_for_compensation:
        return True
    return element.type == "boundaryEvent" or bool(link_names(element, catch=True))
