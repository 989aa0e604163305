"""A variable that is read under another name than it was written, or before it was written, is null there."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from engine.bpmn.context import Context, Placed, Scope, compiled
from engine.bpmn.elements import Activity, CatchOrThrow, Element, Process, SequenceFlow, Task
from engine.bpmn.names import CATCH_EVENTS
from engine.errors import Finding

RULE = "data-flow"
BUILT_IN = frozenset(
    {
        "loopCounter",
        "numberOfInstances",
        "numberOfActiveInstances",
        "numberOfCompletedInstances",
        "numberOfTerminatedInstances",
        "activationCount",
        "item",
    }
)


@dataclass
class _Variables:
    """Where the variables of one process are read and written; what forms, jobs and messages bring is not known."""

    written: dict[str, list[tuple[Element, Scope]]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    read: list[tuple[str, Placed]] = field(default_factory=list)


def check(context: Context) -> Iterator[Finding]:
    for process in context.model.processes:
        variables = _variables_of(context, process)
        told = set()
        for name, placed in variables.read:
            message = _message(name, placed, variables)
            if message and (name, placed.owner.id) not in told:
                told.add((name, placed.owner.id))
                yield context.warning(RULE, placed.owner, message)


def _variables_of(context: Context, process: Process) -> _Variables:
    found = _Variables()
    found.known |= {data.name for data in process.data_objects} | set(process.searchable)
    for element, scope in context.every_element():
        if scope.process is process:
            for name in _written_by(element, scope):
                found.written.setdefault(name, []).append((element, scope))
    for placed in context.expressions:
        expression = compiled(placed) if placed.scope.process is process else None
        if expression is not None:
            found.read += [(name, placed) for name in sorted(expression.names - _own_keys(expression))]
    return found


def _own_keys(expression) -> set[str]:
    return set(getattr(expression, "keys", ()))


def _written_by(element: Element, scope: Scope) -> Iterator[str]:
    for mapping in (*element.inputs, *element.outputs):
        yield mapping.target.partition(".")[0]
    if isinstance(element, Activity) and element.loop:
        yield from filter(None, (element.loop.element_variable, element.loop.output_collection))
    if isinstance(element, CatchOrThrow):
        for definition in element.definitions:
            yield from filter(None, (definition.code_variable, definition.message_variable))
    if isinstance(element, Task):
        if element.result_variable:
            yield element.result_variable
        if element.type == "scriptTask" and element.script:
            script = compiled(Placed(element.script, element, scope, "script"))
            yield from script.keys if script is not None else ()


def _message(name: str, placed: Placed, variables: _Variables) -> str | None:
    if name in BUILT_IN or name in variables.known:
        return None
    if name not in variables.written:
        near = _misspelt(name, variables.written)
        return f"Nothing sets '{name}', but '{near}' is set; is that meant?" if near else None
    reader = _element_of(placed)
    writers = variables.written[name]
    if reader is None or any(scope is not placed.scope or writer.id == reader for writer, scope in writers):
        return None
    if _can_be_known_before(reader, {writer.id for writer, _scope in writers}, placed.scope):
        return None
    setter = writers[0][0].label
    return f"'{name}' is read here, but set only later, by {setter}; it is null unless the case starts with it."


def _misspelt(name: str, written: Collection[str]) -> str | None:
    """A name that differs by a slip of the pen; one and many (line, lines) are two names."""
    candidates = [known for known in written if known.rstrip("s") != name.rstrip("s")]
    near = get_close_matches(name, candidates, 1, 0.9)
    return near[0] if near else None


def _can_be_known_before(reader: str, writers: set[str], scope: Scope) -> bool:
    """Whether a writer, or something whose results are not known, can come before the reader."""
    if not scope.is_process:
        return True
    before = scope.graph.can_reach(reader)
    if before & writers or not writers <= scope.graph.reachable_from([reader]):
        return True
    return any(_brings_unknown(scope.elements[identifier]) for identifier in before)


def _brings_unknown(element: Element) -> bool:
    """People, jobs, messages, called processes and sub-processes bring variables that the model does not tell."""
    if isinstance(element, CatchOrThrow):
        return bool(element.definitions or element.form_key) and element.type in CATCH_EVENTS
    return isinstance(element, Activity) and element.type not in {"scriptTask", "task"}


def _element_of(placed: Placed) -> str | None:
    if isinstance(placed.owner, SequenceFlow):
        return placed.owner.source_id
    return placed.owner.id if isinstance(placed.owner, Element) else None
