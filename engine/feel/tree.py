"""The syntax tree of FEEL, one class per kind of expression (grammar rules of DMN 1.5, 10.3.1.2)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


class Node:
    """Any expression."""

    __slots__ = ()


@dataclass(slots=True)
class Literal(Node):
    """A number, string, boolean or null."""

    value: int | Decimal | str | bool | None


@dataclass(slots=True)
class AtLiteral(Node):
    """`@"2026-01-31"`."""

    text: str


@dataclass(slots=True)
class Name(Node):
    """A variable, a built-in function, or a property of the item in a filter."""

    name: str


@dataclass(slots=True)
class Negation(Node):
    """`-operand`."""

    operand: Node


@dataclass(slots=True)
class Arithmetic(Node):
    """`left operator right` with `+ - * / **`."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Comparison(Node):
    """`left operator right` with `= != < <= > >=`."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class And(Node):
    left: Node
    right: Node


@dataclass(slots=True)
class Or(Node):
    left: Node
    right: Node


@dataclass(slots=True)
class Between(Node):
    value: Node
    low: Node
    high: Node


@dataclass(slots=True)
class In(Node):
    """`value in tests`; `grouped` tells the form with parentheses."""

    value: Node
    tests: list[Node]
    grouped: bool


@dataclass(slots=True)
class InstanceOf(Node):
    value: Node
    type: "TypeNode"


@dataclass(slots=True)
class If(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Iterator(Node):
    """`name in source`, or `name in source..end`."""

    name: str
    source: Node
    end: Node | None


@dataclass(slots=True)
class For(Node):
    iterators: list[Iterator]
    body: Node


@dataclass(slots=True)
class Quantified(Node):
    """`some` or `every`."""

    quantifier: str
    iterators: list[Iterator]
    condition: Node


@dataclass(slots=True)
class Path(Node):
    """`source.name`."""

    source: Node
    name: str


@dataclass(slots=True)
class Filter(Node):
    """`source[condition]`."""

    source: Node
    condition: Node


@dataclass(slots=True)
class Call(Node):
    """An invocation: positional `arguments`, or `named` ones."""

    function: Node
    arguments: list[Node]
    named: list[tuple[str, Node]] | None = None


@dataclass(slots=True)
class ListNode(Node):
    items: list[Node]


@dataclass(slots=True)
class ContextNode(Node):
    entries: list[tuple[str, Node]]


@dataclass(slots=True)
class RangeNode(Node):
    """`[start..end]` with `(`, `]`, `)`, `[` for excluded endpoints."""

    start: Node
    end: Node
    start_included: bool
    end_included: bool


@dataclass(slots=True)
class UnaryTest(Node):
    """`< endpoint` and its kin."""

    operator: str
    endpoint: Node


@dataclass(slots=True)
class FunctionNode(Node):
    """`function(parameters) body`."""

    parameters: list[tuple[str, "TypeNode | None"]]
    body: Node
    external: bool


@dataclass(slots=True)
class TypeNode:
    """A type expression (rule 52): a name, or list, range, context, function with their parts."""

    name: str
    parts: tuple[Any, ...] = ()
    result: "TypeNode | None" = None


@dataclass(slots=True)
class UnaryTests:
    """The content of a decision table cell (rule 15): no tests is `-`."""

    tests: list[Node]
    negated: bool = False
