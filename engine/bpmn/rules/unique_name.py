"""Two tasks of one name cannot be told apart in worklists, messages and statistics."""

from collections.abc import Iterator

from engine.bpmn.context import Context
from engine.bpmn.elements import Activity, Element
from engine.errors import Finding

RULE = "unique-name"


def check(context: Context) -> Iterator[Finding]:
    for process in context.model.processes:
        first: dict[tuple[str, str], Element] = {}
        for element in process.walk():
            if not isinstance(element, Activity) or not element.name:
                continue
            earlier = first.setdefault((element.type, element.name.casefold()), element)
            if earlier is not element:
                message = f"The name is already used by '{earlier.id}'; say in the name how the two differ."
                yield context.warning(RULE, element, message)
