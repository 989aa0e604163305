"""Boxed expressions → closures over scopes (DMN 1.5, 7.3 and 10.2)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from engine.dmn import feel_code
from engine.dmn.elements import (
    BoxedExpression,
    Conditional,
    Context,
    DecisionTable,
    DrgElement,
    Filter,
    For,
    FunctionDefinition,
    Invocation,
    ListExpression,
    LiteralExpression,
    Quantified,
    Relation,
    TypeRef,
    Unsupported,
)
from engine.dmn.feel_code import Code, Run, Scope, Test, UserFunction
from engine.dmn.tables import compile_table
from engine.dmn.types import TypeTable
from engine.errors import Finding
from engine.feel import FeelSyntaxError
from engine.feel.tree import Node, UnaryTests
from engine.feel.types import Type, convert
from engine.feel.values import Function

FEEL_LANGUAGES = ("FEEL", "http://www.omg.org/spec/FEEL/20140401")
Names = frozenset[str]


class BoxedFunction(UserFunction):
    """A boxed function or business knowledge model; `name` is for messages."""

    def __init__(
        self,
        name: str,
        parameters: tuple[str, ...],
        parameter_types: tuple[Type | None, ...],
        body: Code,
        scope: Scope,
        result_type: Type | None = None,
    ):
        super().__init__(parameters, parameter_types, body, scope)
        self.name = name
        self.result_type = result_type


class BoxedCompiler:
    """Compiles the boxed expressions of one DRG element; what is wrong goes to `findings` and evaluates to null."""

    def __init__(self, element: DrgElement, language: str | None, types: TypeTable, findings: list[Finding]):
        self.owner = element.name
        self.owner_id = element.id
        self.result_type_ref = element.type_ref
        self.language = language
        self.types = types
        self.findings = findings
        self.referred: set[str] = set()  # variables that the texts read

    def note(self, rule: str, message: str, line: int = 0) -> None:
        self.findings.append(Finding(rule, message, self.owner_id, self.owner, line or None))

    def broken(self, rule: str, message: str, line: int = 0) -> Code:
        """A finding now, null with the same message later."""
        self.note(rule, message, line)
        return null(message)

    # -- FEEL texts ---

    def text(self, text: str, names: Names, line: int = 0) -> tuple[Node | None, Code]:
        """The closure of a FEEL expression."""
        try:
            node, code, referred = feel_code.expression(text, names, self.types.names)
        except FeelSyntaxError as error:
            return None, self.broken("dmn-feel", f"'{shortened(text)}' is not FEEL: {error}", line)
        self.referred |= referred
        return node, code

    def cell(self, text: str, names: Names, line: int = 0) -> tuple[UnaryTests | None, Test]:
        """The closure of unary tests; an empty text is `-`."""
        try:
            node, test, referred = feel_code.cell(text if text.strip() else "-", names, self.types.names)
        except FeelSyntaxError as error:
            message = f"the cell '{shortened(text)}' is not FEEL: {error}"
            code = self.broken("dmn-feel", message, line)
            return None, lambda value, scope: code(scope)
        self.referred |= referred
        return node, test

    def test_of(self, node: UnaryTests, names: Names) -> Test:
        """The closure of unary tests that are parsed already."""
        return feel_code.tests(node, names, self.types.names)[0]

    # -- expressions ---

    def compile(self, boxed: BoxedExpression | None, names: Names, what: str = "the expression") -> Code:
        """The closure of any boxed expression; its value conforms to the expression's typeRef."""
        if boxed is None:
            return self.broken("dmn-missing", f"{what} is missing.")
        code = COMPILERS[type(boxed)](self, boxed, names)
        if type(boxed) is FunctionDefinition:
            return code
        return self.typed(code, boxed.type_ref, what, boxed.line)

    def typed(self, code: Code, type_ref: TypeRef | None, what: str, line: int = 0) -> Code:
        """The closure whose value is converted to the type, or null with a message where it does not conform."""
        return conforming(code, self.types.resolve(type_ref, line), what)

    def literal(self, boxed: LiteralExpression, names: Names) -> Code:
        language = boxed.language or self.language
        if language and language.rstrip("/") not in FEEL_LANGUAGES and not is_feel_namespace(language):
            return self.broken("dmn-language", f"the expression language must be FEEL, found '{language}'.", boxed.line)
        if boxed.text is None or not boxed.text.strip():
            return self.broken("dmn-missing", "the expression is empty.", boxed.line)
        return self.text(boxed.text, names, boxed.line)[1]

    def decision_table(self, boxed: DecisionTable, names: Names) -> Code:
        return compile_table(boxed, self, names)

    def context(self, boxed: Context, names: Names) -> Code:
        repeated = _repeated(entry.name for entry in boxed.entries)
        if repeated:
            return self.broken("dmn-context", f"the context has the entry '{repeated}' twice.", boxed.line)
        entries: list[tuple[str, Code]] = []
        result: Code | None = None
        for entry in boxed.entries:
            if entry.name is None:
                result = self.typed(
                    self.compile(entry.expression, names, "the result of the context"), entry.type_ref, "the result"
                )
                break
            own = names | {entry.name} if type(entry.expression) is FunctionDefinition else names
            code = self.compile(entry.expression, own, f"the context entry '{entry.name}'")
            if type(entry.expression) is FunctionDefinition:
                code = named(code, entry.name)
            entries.append(
                (entry.name, self.typed(code, entry.type_ref, f"the context entry '{entry.name}'", boxed.line))
            )
            names = names | {entry.name}

        def evaluate(scope: Scope) -> Any:
            values: dict[str, Any] = {}
            inner = Scope(values, scope, scope.run)
            for key, code in entries:
                values[key] = code(inner)
            return values if result is None else result(inner)

        return evaluate

    def invocation(self, boxed: Invocation, names: Names) -> Code:
        function = self.compile(boxed.called, names, "the invoked function")
        bindings = []
        for binding in boxed.bindings:
            what = f"the binding of '{binding.parameter.name}'"
            code = self.compile(binding.expression, names, what)
            bindings.append((binding.parameter.name, self.typed(code, binding.parameter.type_ref, what, boxed.line)))
        called = shortened(boxed.called.text or "") if isinstance(boxed.called, LiteralExpression) else "the expression"

        def evaluate(scope: Scope) -> Any:
            found = function(scope)
            if not isinstance(found, Function):
                scope.run.warn("'{}' is no function that can be invoked", called)
                return None
            return found.invoke_named(scope.run, {name: code(scope) for name, code in bindings})

        return evaluate

    def relation(self, boxed: Relation, names: Names) -> Code:
        rows = []
        for row in boxed.rows:
            cells = [
                (
                    column.name,
                    self.typed(self.compile(cell, names), column.type_ref, f"column '{column.name}'", boxed.line),
                )
                for column, cell in zip(boxed.columns, row, strict=False)
            ]
            rows.append(cells)
        return lambda scope: [{name: code(scope) for name, code in row} for row in rows]

    def list_expression(self, boxed: ListExpression, names: Names) -> Code:
        items = [self.compile(item, names, "the list item") for item in boxed.items]
        return lambda scope: [item(scope) for item in items]

    def function_definition(self, boxed: FunctionDefinition, names: Names) -> Code:
        return self.function(boxed, names, "function")

    def function(
        self, boxed: FunctionDefinition, names: Names, name: str, result_type: Type | None = None
    ) -> Callable[[Scope], BoxedFunction]:
        """The closure that makes the function in the scope where it is defined."""
        parameters = tuple(parameter.name for parameter in boxed.parameters)
        types = tuple(self.types.resolve(parameter.type_ref, boxed.line) for parameter in boxed.parameters)
        if boxed.kind.upper() != "FEEL":
            message = f"{name}: functions of the kind {boxed.kind} cannot run here; write it in FEEL."
            self.findings.append(
                Finding("dmn-external", message, self.owner_id, self.owner, boxed.line or None, severity="warning")
            )
            body = null(message)
        else:
            body = self.compile(boxed.body, names | set(parameters), f"the body of {name}")
            body = conforming(body, result_type, f"the result of {name}")
        declared = result_type or (self.types.resolve(boxed.body.type_ref) if boxed.body else None)
        return lambda scope: BoxedFunction(name, parameters, types, body, scope, declared)

    def conditional(self, boxed: Conditional, names: Names) -> Code:
        condition = self.compile(boxed.condition, names, "the condition")
        then = self.compile(boxed.then, names, "then")
        otherwise = self.compile(boxed.otherwise, names, "else")
        return lambda scope: then(scope) if condition(scope) is True else otherwise(scope)

    def filter(self, boxed: Filter, names: Names) -> Code:
        source = self.compile(boxed.source, names, "the list to filter")
        match = self.compile(boxed.match, names | {"item"}, "the condition of the filter")

        def evaluate(scope: Scope) -> Any:
            found = source(scope)
            if found is None:
                return None
            return feel_code.filtered(found if type(found) is list else [found], match, scope)

        return evaluate

    def iterated(self, boxed: BoxedExpression | None, names: Names, what: str) -> Code:
        """The closure of what an iterator walks through: a list, a range, or `1..3` as in a FEEL loop (rule 44)."""
        if type(boxed) is LiteralExpression and ".." in (boxed.text or ""):
            loop = f"for item in {boxed.text}\nreturn item"
            if not feel_code.is_expression(boxed.text, names) and feel_code.is_expression(loop, names):
                boxed = replace(boxed, text=loop)
        return self.compile(boxed, names, what)

    def loop(self, boxed: For, names: Names) -> Code:
        variable = boxed.variable
        source = self.iterated(boxed.source, names, "the list to iterate over")
        body = self.compile(boxed.body, names | {variable, "partial"}, "the returned expression")

        def evaluate(scope: Scope) -> Any:
            items = feel_code.items_of(source(scope), scope.run)
            if items is None:
                return None
            results: list[Any] = []
            run = scope.run
            for item in items:
                run.charge(1 + (len(results) >> 6))
                results.append(body(Scope({variable: item, "partial": list(results)}, scope, run)))
            run.check_list_size(len(results))
            return results

        return evaluate

    def quantified(self, boxed: Quantified, names: Names) -> Code:
        variable, decisive = boxed.variable, boxed.quantifier == "some"
        source = self.iterated(boxed.source, names, "the list to test")
        condition = self.compile(boxed.satisfies, names | {variable}, "the condition")

        def evaluate(scope: Scope) -> bool | None:
            items = feel_code.items_of(source(scope), scope.run)
            if items is None:
                return None
            result: bool | None = not decisive
            for item in items:
                scope.run.charge()
                value = condition(Scope({variable: item}, scope, scope.run))
                if value is decisive:
                    return decisive
                if type(value) is not bool:
                    result = None
            return result

        return evaluate

    def unsupported(self, boxed: Unsupported, names: Names) -> Code:
        return null(f"<{boxed.tag}> is no boxed expression of DMN 1.5")


def is_feel_namespace(language: str) -> bool:
    """Each version of DMN names FEEL by its own address."""
    return "omg.org/spec/" in language and "FEEL" in language.upper()


def null(message: str) -> Code:
    """The closure that is null for a reason."""

    def evaluate(scope: Scope) -> None:
        scope.run.warn("{}", message)

    return evaluate


def named(code: Code, name: str) -> Code:
    """The closure of a function that is known by the name of its context entry."""

    def evaluate(scope: Scope) -> Any:
        function = code(scope)
        function.name = name
        return function

    return evaluate


def conforming(code: Code, wanted: Type | None, what: str) -> Code:
    """The closure whose value conforms to the type: converted where DMN says so, else null with a message."""
    if wanted is None or (wanted.kind == "Any" and wanted.allowed is None):
        return code

    def evaluate(scope: Scope) -> Any:
        value = code(scope)
        if value is None:
            return None
        return conformed(value, wanted, what, scope.run)

    return evaluate


def conformed(value: Any, wanted: Type, what: str, run: Run) -> Any:
    """The value converted to the type, or null with a message."""
    converted, problem = convert(value, wanted)
    if problem is not None:
        run.warn("{}: {}", what, problem)
    return converted


def _repeated(names: Iterable[str | None]) -> str | None:
    """The first name that stands twice, if any."""
    seen: set[str | None] = {None}
    for name in names:
        if name in seen and name is not None:
            return name
        seen.add(name)
    return None


def shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"


COMPILERS: dict[type, Callable[[BoxedCompiler, Any, Names], Code]] = {
    LiteralExpression: BoxedCompiler.literal,
    DecisionTable: BoxedCompiler.decision_table,
    Context: BoxedCompiler.context,
    Invocation: BoxedCompiler.invocation,
    Relation: BoxedCompiler.relation,
    ListExpression: BoxedCompiler.list_expression,
    FunctionDefinition: BoxedCompiler.function_definition,
    Conditional: BoxedCompiler.conditional,
    Filter: BoxedCompiler.filter,
    For: BoxedCompiler.loop,
    Quantified: BoxedCompiler.quantified,
    Unsupported: BoxedCompiler.unsupported,
}
