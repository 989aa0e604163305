"""What a lint rule sees: the model, its scopes with their graphs, its expressions, and what is deployed with it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any, TypeVar

from engine.bpmn.elements import (
    CatchOrThrow,
    Element,
    Expression,
    Model,
    Process,
    SequenceFlow,
    SubProcess,
    Task,
)
from engine.bpmn.graph import FlowGraph
from engine.errors import Finding
from engine.feel import FeelSyntaxError, compile_expression, compile_script

AnyElement = TypeVar("AnyElement", bound=Element)
WRAPPERS = frozenset({"expression", "source", "value", "definitions", "assignment", "loop", "message"})


@dataclass(frozen=True, eq=False)
class Scope:
    """A process or sub-process with what lies directly in it."""

    owner: Process | SubProcess
    process: Process
    parent: "Scope | None" = None

    @property
    def elements(self) -> Mapping[str, Element]:
        return self.owner.elements

    @property
    def flows(self) -> Mapping[str, SequenceFlow]:
        return self.owner.flows

    @property
    def is_process(self) -> bool:
        return self.parent is None

    @property
    def is_event_sub_process(self) -> bool:
        return isinstance(self.owner, SubProcess) and self.owner.triggered_by_event

    @cached_property
    def graph(self) -> FlowGraph:
        return FlowGraph(self.elements, self.flows)

    def events(self, *types: str) -> Iterator[CatchOrThrow]:
        """The events directly in the scope, of these types (of all without any)."""
        for element in self.elements.values():
            if isinstance(element, CatchOrThrow) and (not types or element.type in types):
                yield element


@dataclass(frozen=True)
class Placed:
    """An expression with the element it belongs to (None: the process itself) and what it is for."""

    expression: Expression
    owner: Element | SequenceFlow | Process
    scope: Scope
    use: str  # condition | script | mapping | timer | …: the field it stands in


@dataclass(frozen=True)
class Context:
    """The model and what is known around it; None where nobody knows."""

    model: Model
    decisions: Collection[str] | None = None
    forms: Collection[str] | None = None
    called: Collection[str] | None = None
    topics: Collection[str] | None = None

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """Every process and sub-process, outer before inner."""
        return tuple(scope for process in self.model.processes for scope in _scopes(process, process, None))

    def every_element(self) -> Iterator[tuple[Element, Scope]]:
        """Every element with the scope that it lies in."""
        yield from self.elements(Element)

    def elements(self, kind: type[AnyElement]) -> Iterator[tuple[AnyElement, Scope]]:
        """Every element of this class with the scope that it lies in."""
        for scope in self.scopes:
            for element in scope.elements.values():
                if isinstance(element, kind):
                    yield element, scope

    @cached_property
    def expressions(self) -> tuple[Placed, ...]:
        """Every expression of the model."""
        return tuple(placed for scope in self.scopes for placed in _expressions_of(scope))

    def finding(
        self, rule: str, place: Element | SequenceFlow | Process | None, message: str, severity: str = "error"
    ) -> Finding:
        """A finding at an element, flow or process."""
        if place is None:
            return Finding(rule, message, severity=severity)
        return Finding(rule, message, place.id, place.name or None, place.line or None, severity)

    def warning(self, rule: str, place: Element | SequenceFlow | Process | None, message: str) -> Finding:
        return self.finding(rule, place, message, "warning")


def compiled(placed: Placed) -> Any | None:
    """The compiled FEEL expression, or None when it cannot be compiled (the rule valid-expression says why)."""
    compile_text: Callable[[str], Any] = compile_script if placed.use == "script" else compile_expression
    try:
        return None if placed.expression.problem else compile_text(placed.expression.feel)
    except FeelSyntaxError:
        return None


def _scopes(owner: Process | SubProcess, process: Process, parent: Scope | None) -> Iterator[Scope]:
    scope = Scope(owner, process, parent)
    yield scope
    for element in owner.elements.values():
        if isinstance(element, SubProcess):
            yield from _scopes(element, process, scope)


def _expressions_of(scope: Scope) -> Iterator[Placed]:
    if isinstance(scope.owner, Process):
        yield from _inside(scope.owner, scope.owner, scope)
    for element in scope.elements.values():
        yield from _inside(element, element, scope)
    for flow in scope.flows.values():
        yield from _inside(flow, flow, scope)


def _inside(part: Any, owner: Any, scope: Scope, use: str = "") -> Iterator[Placed]:
    """The expressions in the fields of an element and in the frozen parts of it, not in inner elements."""
    for field in fields(part):
        if field.name in {"elements", "flows"}:
            continue
        found = getattr(part, field.name)
        name = use if use and field.name in WRAPPERS else field.name
        for item in found if isinstance(found, tuple) else (found,):
            if isinstance(item, Expression):
                if not (isinstance(part, Task) and field.name == "script" and part.type != "scriptTask"):
                    yield Placed(item, owner, scope, name)
            elif is_dataclass(item):
                yield from _inside(item, owner, scope, name)
