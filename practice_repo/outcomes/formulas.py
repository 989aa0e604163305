"""Which collections, figures and fields a KPI's formula reads."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any

from engine.feel import compile_expression, tree

CASES = "cases"  # one row per case
GIVEN = frozenset({CASES, "days"})  # known to every formula; days: of the window


@dataclass(frozen=True)
class Used:
    """`names` are what the formula takes from outside; `fields` are (collection, field)."""

    names: frozenset[str]
    fields: frozenset[tuple[str, str]]


@lru_cache(maxsize=1024)
def used(formula: str, collections: frozenset[str]) -> Used:
    """What the formula reads, when these names are collections of rows. Raises `FeelSyntaxError`."""
    compiled = compile_expression(formula.removeprefix("="))
    return Used(compiled.names, frozenset(_fields(compiled.node, collections, {})))


def _fields(node: Any, collections: Collection[str], bound: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every (collection, field) that is read below this node; `bound` are loop variables → their collection."""
    if isinstance(node, tree.Path):
        rows = _rows(node.source, collections, bound)
        if rows:
            yield rows, node.name
        yield from _fields(node.source, collections, bound)
    elif isinstance(node, tree.Filter):
        rows = _rows(node.source, collections, bound)
        yield from _fields(node.source, collections, bound)
        if rows:
            yield from ((rows, name) for name in _free_names(node.condition) if name not in bound)
            bound = {**bound, "item": rows}
        yield from _fields(node.condition, collections, bound)
    elif isinstance(node, tree.For | tree.Quantified):
        inner = dict(bound)
        for iterator in node.iterators:
            yield from _fields(iterator.source, collections, inner)
            rows = _rows(iterator.source, collections, inner)
            if rows:
                inner[iterator.name] = rows
        yield from _fields(node.body if isinstance(node, tree.For) else node.condition, collections, inner)
    else:
        for child in _children(node):
            yield from _fields(child, collections, bound)


def _rows(node: Any, collections: Collection[str], bound: Mapping[str, str]) -> str | None:
    """The collection whose rows this node stands for."""
    if isinstance(node, tree.Name):
        return bound.get(node.name) or (node.name if node.name in collections else None)
    return _rows(node.source, collections, bound) if isinstance(node, tree.Filter) else None


def _free_names(condition: Any) -> Iterator[str]:
    """Names in a filter that may be fields of the row: not those behind a dot, not functions."""
    if isinstance(condition, tree.Name):
        if condition.name != "item":
            yield condition.name
    elif isinstance(condition, tree.Path):
        yield from _free_names(condition.source)
    elif isinstance(condition, tree.Call):
        for child in (each for name, each in _members(condition) if name != "function"):
            yield from _free_names_of_all(child)
    else:
        for child in _children(condition):
            yield from _free_names(child)


def _free_names_of_all(value: Any) -> Iterator[str]:
    for node in _nodes(value):
        yield from _free_names(node)


def _members(node: Any) -> list[tuple[str, Any]]:
    return [(each.name, getattr(node, each.name)) for each in fields(node)] if is_dataclass(node) else []


def _children(node: Any) -> Iterator[Any]:
    for _, value in _members(node):
        yield from _nodes(value)


def _nodes(value: Any) -> Iterator[Any]:
    if is_dataclass(value):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _nodes(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _nodes(each)
