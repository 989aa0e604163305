"""A link event is a jump inside one process or sub-process: every throw needs exactly one catch of its name."""

from collections import Counter
from collections.abc import Iterator

from engine.bpmn.context import Context, Scope
from engine.bpmn.graph import link_names
from engine.errors import Finding

RULE = "link"


def check(context: Context) -> Iterator[Finding]:
    for scope in context.scopes:
        yield from _of_scope(context, scope)


def _of_scope(context: Context, scope: Scope) -> Iterator[Finding]:
    caught = Counter(name for element in scope.elements.values() for name in link_names(element, catch=True))
    thrown = {name for element in scope.elements.values() for name in link_names(element, catch=False)}
    for element in scope.elements.values():
        for name in link_names(element, catch=False):
            if not name:
                yield context.finding(RULE, element, "The link event has no link name; name it as its catch event.")
            elif not caught[name]:
                message = f"No link catch event named '{name}' is in the same process or sub-process; add one."
                yield context.finding(RULE, element, message)
            if element.outgoing:
                message = "A link throw event jumps to its catch event and has no outgoing flow; remove the flow."
                yield context.finding(RULE, element, message)
        for name in link_names(element, catch=True):
            if caught[name] > 1:
                message = (
                    f"There are {caught[name]} link catch events named '{name}'; keep one, or name each differently."
                )
                yield context.finding(RULE, element, message)
            elif name not in thrown:
                yield context.warning(RULE, element, f"No link throw event jumps to '{name}'; it is never reached.")
            if element.incoming:
                message = "A link catch event is entered by its throw events only; lead the incoming flow elsewhere."
                yield context.finding(RULE, element, message)
