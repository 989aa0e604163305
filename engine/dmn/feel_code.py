"""FEEL texts as closures over DMN's nested scopes: the one place where decisions touch the inside of `engine.feel`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.feel import tree
from engine.feel.budget import Run
from engine.feel.builtins import BUILTINS
from engine.feel.compiler import (
    Code,
    Compiler,
    Scope,
    UserFunction,
    _filtered,
    _iterable,
    any_of,
)
from engine.feel.errors import FeelSyntaxError
from engine.feel.parser import NameTable, Parser
from engine.feel.types import Type

__all__ = [
    "OUTERMOST",
    "Code",
    "Run",
    "Scope",
    "Test",
    "UserFunction",
    "cell",
    "expression",
    "filtered",
    "is_expression",
    "items_of",
    "tests",
]

Test = Callable[[Any, Scope], bool | None]
BUILTIN_NAMES = NameTable(BUILTINS)
OUTERMOST = Scope({}, None, None)  # below it, scopes hold FEEL values already and are not converted again
filtered = _filtered
items_of = _iterable


def expression(text: str, names: Iterable[str], types: Mapping[str, Type]) -> tuple[tree.Node, Code, frozenset[str]]:
    """The syntax tree of a FEEL expression, its closure, and the variables that it reads. Raises `FeelSyntaxError`."""
    node = Parser(text, names, BUILTIN_NAMES, types).expression_only()
    compiler = _compiler(names, types)
    try:
        code = compiler.compile(node)
    except RecursionError as error:
        raise _too_long(text) from error
    return node, code, _referred(compiler)


def is_expression(text: str, names: Iterable[str]) -> bool:
    """Whether the text is a FEEL expression."""
    try:
        Parser(text, names, BUILTIN_NAMES).expression_only()
    except FeelSyntaxError:
        return False
    return True


def cell(text: str, names: Iterable[str], types: Mapping[str, Type]) -> tuple[tree.UnaryTests, Test, frozenset[str]]:
    """The syntax tree of unary tests, the closure that applies them to a value, and the variables that it reads.

    Raises `FeelSyntaxError`.
    """
    node = Parser(text, names, BUILTIN_NAMES, types).unary_tests()
    try:
        test, referred = tests(node, names, types)
    except RecursionError as error:
        raise _too_long(text) from error
    return node, test, referred


def tests(node: tree.UnaryTests, names: Iterable[str], types: Mapping[str, Type]) -> tuple[Test, frozenset[str]]:
    """The closure of parsed unary tests, and the variables that it reads."""
    compiler = _compiler(names, types)
    joined = _joined([compiler.cell_test(test) for test in node.tests], node.negated)
    return joined, _referred(compiler)


def _compiler(names: Iterable[str], types: Mapping[str, Type]) -> Compiler:
    compiler = Compiler(frozenset(names), BUILTINS, types)
    compiler.locals.append(set())  # names are looked up through all scopes, not only in the innermost
    return compiler


def _referred(compiler: Compiler) -> frozenset[str]:
    """Every name that may be a variable: inside of a filter it may also be a property of the item."""
    return frozenset(compiler.names | compiler.possible_names)


def _joined(parts: list[Test], negated: bool) -> Test:
    if not parts:
        return lambda value, scope: True
    if negated:
        return lambda value, scope: _opposite(any_of(parts, value, scope))
    if len(parts) == 1:
        return parts[0]
    return lambda value, scope: any_of(parts, value, scope)


def _opposite(result: bool | None) -> bool | None:
    return None if result is None else not result


def _too_long(text: str) -> FeelSyntaxError:
    return FeelSyntaxError(
        "The expression has too many nested parts; split it into several.", expected="fewer parts", found=text[:40]
    )
