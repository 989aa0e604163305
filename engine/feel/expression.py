"""What callers hold: compiled expressions, unary tests and scripts, with their evaluations."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.feel import tree
from engine.feel.budget import Budget, Run
from engine.feel.builtins import BUILTINS, Documentation
from engine.feel.compiler import Code, Compiler, Scope, any_of
from engine.feel.errors import EvaluationError, FeelSyntaxError
from engine.feel.parser import NameTable, Parser
from engine.feel.printer import to_text
from engine.feel.types import Type
from engine.feel.values import normalise

Externals = Mapping[str, Callable[..., Any]]
_BUILTIN_NAMES = NameTable(BUILTINS)
_NO_TYPES: Mapping[str, Type] = {}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A result, and why parts of it are null."""

    value: Any
    warnings: tuple[str, ...] = ()


class Compiled:
    """What all compiled texts tell: their text, and which names they refer to.

    `names` are the variables that are read (first segment of a path), `possible_names` those inside of filters that
    may be properties of the filtered items instead, `functions` the invoked names that are neither built-in nor
    defined here.
    """

    def __init__(self, text: str, node: Any, code: Code, compiler: Compiler):
        self.text = text
        self.node = node
        self._code = code
        self.names = frozenset(compiler.names)
        self.possible_names = frozenset(compiler.possible_names)
        self.functions = frozenset(compiler.functions)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def to_text(self) -> str:
        """The expression printed anew from its syntax tree."""
        return to_text(self.node)


class Expression(Compiled):
    """A compiled FEEL expression; safe to share between threads."""

    def evaluate(
        self,
        variables: Mapping[str, Any],
        *,
        now: datetime | None = None,
        budget: Budget | None = None,
        externals: Externals | None = None,
    ) -> Any:
        """The value, null where the standard says so; raises `EvaluationError` only when a budget is exceeded."""
        try:
            return self._code(Scope(variables, None, Run(now, budget, None, externals)))
        except RecursionError as error:
            raise _too_deep() from error

    def evaluate_with_warnings(
        self,
        variables: Mapping[str, Any],
        *,
        now: datetime | None = None,
        budget: Budget | None = None,
        externals: Externals | None = None,
    ) -> Evaluation:
        """Like `evaluate`, and the reasons for nulls as sentences for the modeler."""
        warnings: list[str] = []
        try:
            value = self._code(Scope(variables, None, Run(now, budget, warnings, externals)))
        except RecursionError as error:
            raise _too_deep() from error
        return Evaluation(value, tuple(warnings))


class UnaryTests(Compiled):
    """The compiled content of a decision table cell."""

    is_any = False

    def matches(
        self,
        value: Any,
        variables: Mapping[str, Any],
        *,
        now: datetime | None = None,
        budget: Budget | None = None,
        externals: Externals | None = None,
    ) -> bool | None:
        """Whether the input satisfies the tests; null where that is not defined."""
        try:
            return self._code(Scope({"?": normalise(value)}, _outer(variables, now, budget, None, externals), None))
        except RecursionError as error:
            raise _too_deep() from error

    def evaluate_with_warnings(
        self,
        value: Any,
        variables: Mapping[str, Any],
        *,
        now: datetime | None = None,
        budget: Budget | None = None,
        externals: Externals | None = None,
    ) -> Evaluation:
        """Like `matches`, and the reasons for nulls."""
        warnings: list[str] = []
        try:
            outer = _outer(variables, now, budget, warnings, externals)
            result = self._code(Scope({"?": normalise(value)}, outer, None))
        except RecursionError as error:
            raise _too_deep() from error
        return Evaluation(result, tuple(warnings))


class Script(Expression):
    """A compiled script: a context whose entries become variables in order, or any other expression."""

    @property
    def is_context(self) -> bool:
        return type(self.node) is tree.ContextNode

    @property
    def keys(self) -> tuple[str, ...]:
        """The variables that the script sets, in order."""
        return tuple(key for key, _ in self.node.entries) if self.is_context else ()

    def run(
        self,
        variables: Mapping[str, Any],
        *,
        now: datetime | None = None,
        budget: Budget | None = None,
        externals: Externals | None = None,
    ) -> Evaluation:
        """The entries in order as a dict (or the value of another expression), and the warnings."""
        return self.evaluate_with_warnings(variables, now=now, budget=budget, externals=externals)


def _outer(variables: Any, now: Any, budget: Any, warnings: Any, externals: Any) -> Scope:
    return Scope(variables, None, Run(now, budget, warnings, externals))


def _too_deep() -> EvaluationError:
    return EvaluationError("The expression or its values are nested too deeply; simplify them.", "depth")


def compile_expression(
    text: str, names: Iterable[str] = (), types: Mapping[str, Type] | None = None, members: Iterable[str] = ()
) -> Expression:
    """The compiled expression.

    `names` are known variables; those with operators in them ("a-b") or keywords ("Profit and loss") are recognised
    only when they are known. `members` are names of context entries, known for reading only. `types` are named types
    for `instance of` and parameters. Raises `FeelSyntaxError` with line, column and advice where the text is not FEEL.
    """
    return _cached_or_new(_cached_expression, _compile_expression, text, names, types, members)


def compile_unary_tests(
    text: str, names: Iterable[str] = (), types: Mapping[str, Type] | None = None, members: Iterable[str] = ()
) -> UnaryTests:
    """The compiled content of a decision table cell: `-` matches everything, `?` is the input.

    The arguments are those of `compile_expression`.
    """
    return _cached_or_new(_cached_unary_tests, _compile_unary_tests, text, names, types, members)


def compile_script(
    text: str, names: Iterable[str] = (), types: Mapping[str, Type] | None = None, members: Iterable[str] = ()
) -> Script:
    """The compiled script; raises `FeelSyntaxError` where the text is not FEEL or sets a variable twice.

    The arguments are those of `compile_expression`.
    """
    known = frozenset(names)
    node = _parser(text, known.union(members), types or _NO_TYPES).expression_only()
    if type(node) is tree.ContextNode:
        keys = [key for key, _ in node.entries]
        repeated = next((key for key in keys if keys.count(key) > 1), None)
        if repeated is not None:
            raise FeelSyntaxError(
                f"The script sets '{repeated}' twice; use a name once.", expected="distinct names", found=repeated
            )
    compiler, code = _compile(node, known, types or _NO_TYPES)
    return Script(text, node, code, compiler)


def _cached_or_new(cached: Any, new: Any, text: str, names: Any, types: Any, members: Any) -> Any:
    """From the cache, but for named types: they belong to one model."""
    if types or not isinstance(text, str):
        return new(text, frozenset(names), frozenset(members), types)
    return cached(text, frozenset(names), frozenset(members))


def _compile_expression(
    text: str, names: frozenset[str], members: frozenset[str] = frozenset(), types: Mapping[str, Type] = _NO_TYPES
) -> Expression:
    node = _parser(text, names | members, types).expression_only()
    compiler, code = _compile(node, names, types)
    return Expression(text, node, code, compiler)


def _compile_unary_tests(
    text: str, names: frozenset[str], members: frozenset[str] = frozenset(), types: Mapping[str, Type] = _NO_TYPES
) -> UnaryTests:
    node = _parser(text, names | members, types).unary_tests()
    compiler = Compiler(names, BUILTINS, types)
    try:
        tests = [compiler.cell_test(test) for test in node.tests]
    except RecursionError as error:
        raise _too_long(text) from error
    compiled = UnaryTests(text, node, _cell(tests, node.negated), compiler)
    compiled.is_any = not tests
    return compiled


_cached_expression = lru_cache(maxsize=4096)(_compile_expression)
_cached_unary_tests = lru_cache(maxsize=8192)(_compile_unary_tests)


def _cell(tests: list[Callable[[Any, Scope], bool | None]], negated: bool) -> Code:
    if not tests:
        return lambda scope: True

    def evaluate(scope: Scope) -> bool | None:
        result = any_of(tests, scope.variables["?"], scope.parent)
        return result if not negated or result is None else not result

    return evaluate


def _parser(text: str, names: frozenset[str], types: Mapping[str, Type]) -> Parser:
    if not isinstance(text, str):
        raise FeelSyntaxError(
            f"A FEEL expression must be text, found {type(text).__name__}.", expected="text", found=type(text).__name__
        )
    return Parser(text, names, _BUILTIN_NAMES, types)


def _compile(node: tree.Node, names: frozenset[str], types: Mapping[str, Type]) -> tuple[Compiler, Code]:
    compiler = Compiler(names, BUILTINS, types)
    try:
        return compiler, compiler.compile(node)
    except RecursionError as error:
        raise _too_long("") from error


def _too_long(text: str) -> FeelSyntaxError:
    return FeelSyntaxError(
        "The expression has too many nested parts; split it into several.", expected="fewer parts", found=text[:40]
    )


def known_functions() -> Mapping[str, Documentation]:
    """Every built-in by name: signatures, description, an example and its result."""
    return {name: function.documentation for name, function in sorted(BUILTINS.items())}
