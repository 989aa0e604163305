"""Turns a syntax tree into Python closures, once; evaluating calls them with a scope (DMN 1.5, 10.3.2.11)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.errors import InvalidInput
from engine.feel import operations, temporal, tree
from engine.feel.budget import Run
from engine.feel.errors import EvaluationError, Undefined
from engine.feel.numbers import NUMBER_TYPES, as_integer
from engine.feel.operations import equals_in, in_range, kind_name, less_or_equal
from engine.feel.types import Type, convert, inferred_type, instance_of, resolve
from engine.feel.values import PLAIN, Function, Range, normalise

Code = Callable[["Scope"], Any]


class Scope:
    """One level of name bindings: of a filter, loop, function or context literal, or the global one."""

    __slots__ = ("parent", "run", "variables")

    def __init__(self, variables: Mapping[str, Any], parent: "Scope | None", run: Run):
        self.variables = variables
        self.parent = parent
        self.run = run


class UserFunction(Function):
    """`function(parameters) body` with the scope in which it was defined."""

    def __init__(
        self,
        names: tuple[str, ...],
        types: tuple[Type | None, ...],
        body: Code,
        scope: Scope,
        result_type: Type | None = None,
    ):
        self.parameters = names
        self.parameter_types = types
        self.result_type = result_type
        self.body = body
        self.scope = scope

    def invoke(self, run: Run, arguments: list[Any]) -> Any:
        if len(arguments) != len(self.parameters):
            run.warn("{} expects {} arguments, {} given", self, len(self.parameters), len(arguments))
            return None
        bound = {}
        for name, wanted, value in zip(self.parameters, self.parameter_types, arguments, strict=True):
            bound[name], problem = convert(value, wanted)
            if problem is not None:
                run.warn("{}: argument '{}': {}", self, name, problem)
                return None
        run.enter()
        try:
            return self.body(Scope(bound, self.scope, run))
        finally:
            run.depth -= 1


class ExternalFunction(UserFunction):
    """`function(...) external {...}`: refused, unless the caller's table of externals holds it."""

    def invoke(self, run: Run, arguments: list[Any]) -> Any:
        if len(arguments) != len(self.parameters):
            run.warn("{} expects {} arguments, {} given", self, len(self.parameters), len(arguments))
            return None
        key = _external_key(self.body(self.scope))
        call = (run.externals or {}).get(key) if key else None
        if call is None:
            run.warn("the external function '{}' is not available here; write it in FEEL", key or "?")
            return None
        run.enter()
        try:
            return normalise(call(*arguments))
        except (EvaluationError, RecursionError):
            raise
        except Exception as error:  # foreign code: the standard says null (10.3.2.13.3)
            run.warn("the external function '{}' failed: {}", key, error)
            return None
        finally:
            run.depth -= 1


def _external_key(mapping: Any) -> str | None:
    """`class.method signature` of a Java mapping, `document#model` of a PMML one."""
    if type(mapping) is not dict:
        return None
    java, pmml = mapping.get("java"), mapping.get("pmml")
    if type(java) is dict:
        return f"{java.get('class')}.{java.get('method signature')}".replace(" ", "")
    return f"{pmml.get('document')}#{pmml.get('model')}" if type(pmml) is dict else None


class Compiler:
    """Compiles one tree; afterwards `names`, `possible_names` and `functions` tell what it refers to."""

    def __init__(self, known: frozenset[str], builtins: Mapping[str, Function], types: Mapping[str, Type]):
        self.known = known
        self.builtins = builtins
        self.types = types
        self.names: set[str] = set()
        self.possible_names: set[str] = set()
        self.functions: set[str] = set()
        self.locals: list[set[str]] = []
        self.filters = 0

    def compile(self, node: tree.Node) -> Code:
        """The closure that evaluates the node."""
        return _COMPILERS[type(node)](self, node)

    @contextmanager
    def _bound(self, *names: str) -> Iterator[set[str]]:
        level = set(names)
        self.locals.append(level)
        try:
            yield level
        finally:
            self.locals.pop()

    def _is_local(self, name: str) -> bool:
        return any(name in level for level in self.locals)

    # -- values and names -------------------------------------------------------------------------------------------

    def literal(self, node: tree.Literal) -> Code:
        value = node.value
        return lambda scope: value

    def at_literal(self, node: tree.AtLiteral) -> Code:
        try:
            value = temporal.parse_temporal(node.text)
        except Undefined as reason:
            return _null(f'@"{node.text}": {reason}')
        return lambda scope: value

    def name(self, node: tree.Name) -> Code:
        name = node.name
        builtin = self.builtins.get(name)
        if not self._is_local(name):
            self._note_reference(name, builtin)
        if self.locals:
            return _lookup(name, builtin, self)
        return _global_lookup(name, builtin, self)

    def _note_reference(self, name: str, builtin: Function | None) -> None:
        if builtin is not None and name not in self.known:
            return
        if self.filters and name not in self.known:
            self.possible_names.add(name)
        else:
            self.names.add(name)

    def list_literal(self, node: tree.ListNode) -> Code:
        items = [self.compile(item) for item in node.items]
        return lambda scope: [item(scope) for item in items]

    def context_literal(self, node: tree.ContextNode) -> Code:
        keys = [key for key, _ in node.entries]
        repeated = {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else None
        if repeated:
            return _null(f"a context has the key '{min(repeated)}' twice")
        entries = []
        with self._bound() as level:
            for key, value in node.entries:
                # A function may call itself by the key that it is stored under.
                if type(value) is tree.FunctionNode:
                    level.add(key)
                entries.append((key, self.compile(value)))
                level.add(key)

        def evaluate(scope: Scope) -> dict[str, Any]:
            values: dict[str, Any] = {}
            inner = Scope(values, scope, scope.run)
            for key, code in entries:
                values[key] = code(inner)
            return values

        return evaluate

    def range_literal(self, node: tree.RangeNode) -> Code:
        start, end = self.compile(node.start), self.compile(node.end)
        start_included, end_included = node.start_included, node.end_included

        def evaluate(scope: Scope) -> Range | None:
            try:
                return operations.make_range(start(scope), end(scope), start_included, end_included)
            except Undefined as reason:
                scope.run.warn("{}", reason)
                return None

        return evaluate

    def unary_test(self, node: tree.UnaryTest) -> Code:
        """`< 5` outside of `in` is the range of values that satisfy it (Table 42)."""
        endpoint, operator = self.compile(node.endpoint), node.operator

        def evaluate(scope: Scope) -> Range | None:
            value = endpoint(scope)
            if less_or_equal(value, value) is None:
                scope.run.warn("a range needs an endpoint of an ordered type, found {}", kind_name(value))
                return None
            return _range_of_test(operator, value)

        return evaluate

    # -- operators --------------------------------------------------------------------------------------------------

    def negation(self, node: tree.Negation) -> Code:
        operand = self.compile(node.operand)

        def evaluate(scope: Scope) -> Any:
            try:
                return operations.negate(operand(scope))
            except Undefined as reason:
                scope.run.warn("{}", reason)
                return None

        return evaluate

    def arithmetic(self, node: tree.Arithmetic) -> Code:
        left, right = self.compile(node.left), self.compile(node.right)
        operation = operations.ARITHMETIC[node.operator]

        def evaluate(scope: Scope) -> Any:
            try:
                result = operation(left(scope), right(scope))
            except Undefined as reason:
                scope.run.warn("{}", reason)
                return None
            if type(result) is str and len(result) > 1000:
                scope.run.check_string_size(len(result))
            return result

        return evaluate

    def comparison(self, node: tree.Comparison) -> Code:
        if type(node.right) is tree.Literal:
            return self._comparison_with_literal(node.operator, self.compile(node.left), node.right.value)
        left, right = self.compile(node.left), self.compile(node.right)
        operation = operations.COMPARISONS[node.operator]
        operator = node.operator

        def evaluate(scope: Scope) -> bool | None:
            first, second = left(scope), right(scope)
            if type(first) in _TREES and type(second) in _TREES and operation in _EQUALITIES:
                return _compared_trees(scope.run, operator, first, second)
            result = operation(first, second)
            if result is None:
                _warn_of_comparison(scope.run, operator, first, second)
            return result

        return evaluate

    def _comparison_with_literal(self, operator: str, left: Code, value: Any) -> Code:
        operation = operations.COMPARISONS[operator]
        fast = _FAST_COMPARISONS[operator]
        kind = type(value)

        def evaluate(scope: Scope) -> bool | None:
            first = left(scope)
            if type(first) is kind:
                return fast(first, value)
            result = operation(first, value)
            if result is None:
                _warn_of_comparison(scope.run, operator, first, value)
            return result

        if kind is type(None) or (kind is bool and operator not in ("=", "!=")):
            return lambda scope: operation(left(scope), value)
        return evaluate

    def conjunction(self, node: tree.And) -> Code:
        parts = [self.compile(part) for part in _chain(node, tree.And)]
        if len(parts) == 2:
            left, right = parts

            def evaluate_two(scope: Scope) -> bool | None:
                first = left(scope)
                if first is False:
                    return False
                second = right(scope)
                if second is False:
                    return False
                return True if first is True and second is True else None

            return evaluate_two

        def evaluate(scope: Scope) -> bool | None:
            result: bool | None = True
            for part in parts:
                value = part(scope)
                if value is False:
                    return False
                if value is not True:
                    result = None
            return result

        return evaluate

    def disjunction(self, node: tree.Or) -> Code:
        parts = [self.compile(part) for part in _chain(node, tree.Or)]

        def evaluate(scope: Scope) -> bool | None:
            result: bool | None = False
            for part in parts:
                value = part(scope)
                if value is True:
                    return True
                if value is not False:
                    result = None
            return result

        return evaluate

    def between(self, node: tree.Between) -> Code:
        value, low, high = self.compile(node.value), self.compile(node.low), self.compile(node.high)

        def evaluate(scope: Scope) -> bool | None:
            tested = value(scope)
            return operations.conjunction(less_or_equal(low(scope), tested), less_or_equal(tested, high(scope)))

        return evaluate

    def instance_of(self, node: tree.InstanceOf) -> Code:
        value = self.compile(node.value)
        wanted = resolve(node.type, self.types)
        if wanted is None:
            return _null(f"there is no type '{node.type.name}' (list, range and function need their parts)")
        return lambda scope: instance_of(value(scope), wanted)

    # -- tests ------------------------------------------------------------------------------------------------------

    def membership(self, node: tree.In) -> Code:
        value = self.compile(node.value)
        constants = _constant_set(node.tests)
        if constants is not None:
            return _constant_membership(value, *constants)
        tests = [self.test(test) for test in node.tests]

        def evaluate(scope: Scope) -> bool | None:
            return any_of(tests, value(scope), scope)

        return evaluate

    def test(self, node: tree.Node) -> Callable[[Any, Scope], bool | None]:
        """The closure that tells whether a value satisfies one positive unary test (Table 55)."""
        if type(node) is tree.UnaryTest:
            return self._operator_test(node)
        if type(node) is tree.RangeNode:
            return self._range_test(node)
        if mentions_input(node):
            with self._bound("?"):
                code = self.compile(node)
            return lambda value, scope: _input_test(scope.run, code(Scope({"?": value}, scope, scope.run)), value)
        code = self.compile(node)
        return lambda value, scope: satisfies(scope.run, value, code(scope))

    def cell_test(self, node: tree.Node) -> Callable[[Any, Scope], bool | None]:
        """Like `test`, for a decision table cell: there, a condition without `?` may also stand for itself."""
        test = self.test(node)
        if type(node) in (tree.UnaryTest, tree.RangeNode, tree.Literal) or mentions_input(node):
            return test
        code = self.compile(node)

        def evaluate(value: Any, scope: Scope) -> bool | None:
            found = code(scope)
            return found if type(found) is bool and type(value) is not bool else satisfies(scope.run, value, found)

        return evaluate

    def _operator_test(self, node: tree.UnaryTest) -> Callable[[Any, Scope], bool | None]:
        endpoint = self.compile(node.endpoint)
        operation = operations.COMPARISONS[node.operator]
        return lambda value, scope: operation(value, endpoint(scope))

    def _range_test(self, node: tree.RangeNode) -> Callable[[Any, Scope], bool | None]:
        start, end = self.compile(node.start), self.compile(node.end)
        start_included, end_included = node.start_included, node.end_included
        return lambda value, scope: operations.between(value, start(scope), end(scope), start_included, end_included)

    # -- control ----------------------------------------------------------------------------------------------------

    def condition(self, node: tree.If) -> Code:
        test, then, otherwise = self.compile(node.condition), self.compile(node.then), self.compile(node.otherwise)
        return lambda scope: then(scope) if test(scope) is True else otherwise(scope)

    def loop(self, node: tree.For) -> Code:
        with self._iterators(node.iterators, "partial") as sources:
            body = self.compile(node.body)
        uses_partial = mentions(node.body, "partial")
        names = [iterator.name for iterator in node.iterators]

        def evaluate(scope: Scope) -> list[Any] | None:
            results: list[Any] = []
            run = scope.run
            limit = run.budget.list_size

            def turn(inner: Scope) -> bool:
                run.charge()
                if uses_partial:
                    run.charge(len(results) >> 6)
                    inner = Scope({"partial": list(results)}, inner, run)
                results.append(body(inner))
                if len(results) > limit:
                    run.check_list_size(len(results))
                return True

            return results if _iterate(names, sources, 0, scope, turn) is not None else None

        return evaluate

    def quantified(self, node: tree.Quantified) -> Code:
        with self._iterators(node.iterators) as sources:
            condition = self.compile(node.condition)
        names = [iterator.name for iterator in node.iterators]
        decisive = node.quantifier == "some"

        def evaluate(scope: Scope) -> bool | None:
            result: bool | None = not decisive
            run = scope.run

            def turn(inner: Scope) -> bool:
                nonlocal result
                run.charge()
                value = condition(inner)
                if value is decisive:
                    result = decisive
                    return False
                if type(value) is not bool:
                    result = None
                return True

            return result if _iterate(names, sources, 0, scope, turn) is not None else None

        return evaluate

    @contextmanager
    def _iterators(self, iterators: list[tree.Iterator], *extra: str) -> Iterator[list[Code]]:
        with self._bound() as level:
            sources = []
            for iterator in iterators:
                sources.append(self._iteration_source(iterator))
                level.add(iterator.name)
            level.update(extra)
            yield sources

    def _iteration_source(self, iterator: tree.Iterator) -> Code:
        """The closure that gives the values to iterate over, or null."""
        source = self.compile(iterator.source)
        if iterator.end is None:
            return lambda scope: _iterable(source(scope), scope.run)
        end = self.compile(iterator.end)
        return lambda scope: _steps(source(scope), end(scope), scope.run)

    # -- structure --------------------------------------------------------------------------------------------------

    def path(self, node: tree.Path) -> Code:
        source, name = self.compile(node.source), node.name

        def evaluate(scope: Scope) -> Any:
            value = source(scope)
            if type(value) is dict and name in value:
                return value[name]
            return property_of(value, name, scope.run)

        return evaluate

    def filter_expression(self, node: tree.Filter) -> Code:
        source = self.compile(node.source)
        if type(node.condition) is tree.Literal and type(node.condition.value) in NUMBER_TYPES:
            index = as_integer(node.condition.value)
            return lambda scope: _item_at(source(scope), index, scope.run)
        self.filters += 1
        with self._bound("item"):
            condition = self.compile(node.condition)
        self.filters -= 1

        def evaluate(scope: Scope) -> Any:
            value = source(scope)
            if value is None:
                return None
            items = value if type(value) is list else [value]
            return _filtered(items, condition, scope)

        return evaluate

    def function_literal(self, node: tree.FunctionNode) -> Code:
        names = tuple(name for name, _ in node.parameters)
        types = tuple(resolve(wanted, self.types) if wanted else None for _, wanted in node.parameters)
        for (name, wanted), found in zip(node.parameters, types, strict=True):
            if wanted is not None and found is None:
                return _null(f"parameter '{name}' has the unknown type '{wanted.name}'")
        with self._bound(*(() if node.external else names)):
            body = self.compile(node.body)
        made = ExternalFunction if node.external else UserFunction
        result_type = None if node.external else inferred_type(node.body)
        return lambda scope: made(names, types, body, scope, result_type)

    def call(self, node: tree.Call) -> Code:
        function = self._callee(node.function)
        if node.named is not None:
            return self._named_call(function, node.named)
        arguments = [self.compile(argument) for argument in node.arguments]

        def evaluate(scope: Scope) -> Any:
            called = function(scope)
            if isinstance(called, Function):
                return called.invoke(scope.run, [argument(scope) for argument in arguments])
            return _not_a_function(called, node.function, scope.run)

        return evaluate

    def _named_call(self, function: Code, named: list[tuple[str, tree.Node]]) -> Code:
        arguments = [(name, self.compile(value)) for name, value in named]
        is_repeated = len({name for name, _ in arguments}) < len(arguments)

        def evaluate(scope: Scope) -> Any:
            called = function(scope)
            if not isinstance(called, Function) or is_repeated:
                return _not_a_function(called, None, scope.run)
            return called.invoke_named(scope.run, {name: value(scope) for name, value in arguments})

        return evaluate

    def _callee(self, node: tree.Node) -> Code:
        if type(node) is not tree.Name:
            return self.compile(node)
        name = node.name
        builtin = self.builtins.get(name)
        if builtin is not None and name not in self.known and not self._is_local(name):
            return lambda scope: builtin
        if not self._is_local(name) and builtin is None:
            self.functions.add(name)
        variable = self.name(node)
        if builtin is None:
            return variable

        def evaluate(scope: Scope) -> Any:
            """A variable that happens to be named like a built-in hides it only when it is a function."""
            found = variable(scope)
            return found if isinstance(found, Function) else builtin

        return evaluate


# -- names ------------------------------------------------------------------------------------------------------------


def _global_lookup(name: str, builtin: Function | None, compiler: Compiler) -> Code:
    def evaluate(scope: Scope) -> Any:
        try:
            value = scope.variables[name]
        except KeyError:
            return builtin if builtin is not None else _missing(scope, name, compiler)
        return value if type(value) in PLAIN else _enter(scope.run, name, value)

    return evaluate


def _lookup(name: str, builtin: Function | None, compiler: Compiler) -> Code:
    def evaluate(scope: Scope) -> Any:
        level: Scope | None = scope
        while level is not None:
            variables = level.variables
            if name in variables:
                value = variables[name]
                if level.parent is not None or type(value) in PLAIN:
                    return value
                return _enter(level.run, name, value)
            level = level.parent
        return builtin if builtin is not None else _missing(scope, name, compiler)

    return evaluate


def _enter(run: Run, name: str, value: Any) -> Any:
    """The FEEL value of a variable, converted once per evaluation; null for what has no FEEL value."""
    entered = run.entered
    if entered is None:
        entered = run.entered = {}
    elif name in entered:
        return entered[name]
    try:
        entered[name] = normalise(value)
    except InvalidInput as error:
        run.warn("variable '{}': {}", name, error)
        entered[name] = None
    return entered[name]


def _missing(scope: Scope, name: str, compiler: Compiler) -> None:
    if scope.run.warnings is None:
        return
    level: Scope | None = scope
    known: set[str] = set()
    while level is not None:
        known.update(key for key in level.variables if isinstance(key, str))
        level = level.parent
    scope.run.warn("{}", f"no variable found with name '{name}'" + suggestion(name, known | set(compiler.builtins)))


def suggestion(name: str, known: set[str]) -> str:
    """`; did you mean 'x'?` where one of the known names is near, else nothing."""
    import difflib

    lowered = {candidate.lower(): candidate for candidate in sorted(known)}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.7)
    return f"; did you mean '{lowered[close[0]]}'?" if close else ""


def _null(reason: str) -> Code:
    def evaluate(scope: Scope) -> None:
        scope.run.warn("{}", reason)

    return evaluate


# -- comparison helpers -----------------------------------------------------------------------------------------------

_FAST_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


_TREES = frozenset({list, dict})
_EQUALITIES = frozenset({operations.equals, operations.unequal})


def _compared_trees(run: Run, operator: str, left: Any, right: Any) -> bool | None:
    same = equals_in(run, left, right)
    if same is None:
        _warn_of_comparison(run, operator, left, right)
        return None
    return same if operator == "=" else not same


def _warn_of_comparison(run: Run, operator: str, left: Any, right: Any) -> None:
    if run.warnings is not None:
        run.warn("{}", f"cannot compare {kind_name(left)} {operator} {kind_name(right)}; the result is null")


def _chain(node: Any, kind: type) -> list[tree.Node]:
    """The operands of a chain of the same operator, from left to right."""
    parts = []
    while type(node) is kind:
        parts.append(node.right)
        node = node.left
    parts.append(node)
    return parts[::-1]


def _range_of_test(operator: str, value: Any) -> Range:
    if operator in ("=", "!="):
        return Range(value, value, operator == "=", operator == "=", operator)
    if operator in ("<", "<="):
        return Range(None, value, False, operator == "<=")
    return Range(value, None, operator == ">=", False)


def _constant_set(tests: list[tree.Node]) -> tuple[frozenset[Any], frozenset[type]] | None:
    """The literals of `in ("A", "B")` and their Python types, or None where some test is no literal."""
    values = []
    for test in tests:
        if type(test) is not tree.Literal or type(test.value) not in (str, int):
            return None
        values.append(test.value)
    kinds = {type(value) for value in values}
    return (frozenset(values), frozenset(kinds)) if len(kinds) == 1 else None


def _constant_membership(value: Code, constants: frozenset[Any], kinds: frozenset[type]) -> Code:
    (kind,) = kinds

    def evaluate(scope: Scope) -> bool | None:
        tested = value(scope)
        if type(tested) is kind:
            return tested in constants
        if tested is None:
            return False
        if kind is int and type(tested) in NUMBER_TYPES:
            return tested in constants
        _warn_of_comparison(scope.run, "in", tested, next(iter(constants)))
        return None

    return evaluate


def any_of(tests: list[Callable[[Any, Scope], bool | None]], value: Any, scope: Scope) -> bool | None:
    """Whether the value satisfies one of the tests, by ternary logic."""
    result: bool | None = False
    for test in tests:
        found = test(value, scope)
        if found is True:
            return True
        if found is not False:
            result = None
    return result


def satisfies(run: Run, value: Any, tested: Any) -> bool | None:
    """Whether a value is, or lies in, what a test without `?` evaluates to."""
    if type(tested) is Range:
        if type(value) is Range:
            return operations.equals(value, tested)
        return in_range(value, tested)
    if type(tested) is list:
        return _in_list(run, value, tested)
    return equals_in(run, value, tested)


def _in_list(run: Run, value: Any, tested: list[Any]) -> bool:
    run.charge(len(tested))
    if type(value) is list and equals_in(run, value, tested):
        return True
    for item in tested:
        if type(item) is Range and type(value) is not Range:
            if in_range(value, item):
                return True
        elif equals_in(run, value, item):
            return True
    return False


def _input_test(run: Run, result: Any, value: Any) -> bool | None:
    """A test that mentions `?` is a condition; a value instead of a truth is compared."""
    if type(result) is bool or result is None:
        return result
    return satisfies(run, value, result)


def mentions_input(node: Any) -> bool:
    """Whether the expression refers to `?`, the value under test."""
    return mentions(node, "?")


def mentions(node: Any, name: str) -> bool:
    """Whether the expression contains the name."""
    pending = [node]
    while pending:
        current = pending.pop()
        if type(current) is tree.Name:
            if current.name == name:
                return True
        elif isinstance(current, (list, tuple)):
            pending.extend(current)
        elif isinstance(current, (tree.Node, tree.Iterator)):
            pending.extend(getattr(current, field) for field in current.__slots__)
    return False


# -- iteration --------------------------------------------------------------------------------------------------------


def _iterate(
    names: list[str], sources: list[Code], level: int, scope: Scope, turn: Callable[[Scope], bool]
) -> bool | None:
    """Call `turn` for each combination of the sources' items until it says False; null where a source is none."""
    items = sources[level](scope)
    if items is None:
        return None
    is_last = level + 1 == len(sources)
    name, run = names[level], scope.run
    for item in items:
        inner = Scope({name: item}, scope, run)
        if is_last:
            if not turn(inner):
                return False
            continue
        run.charge()
        going_on = _iterate(names, sources, level + 1, inner, turn)
        if not going_on:
            return going_on
    return True


def _iterable(value: Any, run: Run) -> Any:
    if type(value) is list:
        return value
    if value is None:
        run.warn("cannot iterate over null")
        return None
    if type(value) is Range:
        return _range_items(value, run)
    return [value]


def _range_items(value: Range, run: Run) -> Any:
    """The numbers or days of a range with two endpoints."""
    if value.start is None or value.end is None or value.operator is not None:
        run.warn("cannot iterate over a range without two endpoints")
        return None
    steps = _steps(value.start, value.end, run)
    if steps is None:
        return None
    first = 0 if value.start_included else 1
    last = len(steps) if value.end_included else len(steps) - 1
    return steps[first:last]


class _Days:
    """The dates between two, in order, counted but not stored."""

    def __init__(self, numbers: range):
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, part: slice) -> "_Days":
        return _Days(self.numbers[part])

    def __iter__(self) -> Iterator[temporal.Date]:
        return map(temporal.date_of_day, self.numbers)


def _steps(start: Any, end: Any, run: Run) -> Any:
    """The numbers or dates from start to end, up or down by one."""
    if type(start) in NUMBER_TYPES and type(end) in NUMBER_TYPES:
        first, last = as_integer(start), as_integer(end)
        if first is not None and last is not None:
            return _whole_steps(first, last, run)
    elif type(start) is temporal.Date and type(end) is temporal.Date:
        return _Days(_whole_steps(start.number, end.number, run))
    run.warn(
        "cannot iterate from {} to {}: two whole numbers or two dates are needed", kind_name(start), kind_name(end)
    )
    return None


def _whole_steps(first: int, last: int, run: Run) -> range:
    if abs(last - first) > run.budget.iterations:
        run.charge(abs(last - first))
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


# -- structure helpers ------------------------------------------------------------------------------------------------


def property_of(value: Any, name: str, run: Run) -> Any:
    """`value.name`: an entry of a context, a property of a temporal value or range, for a list those of its items."""
    kind = type(value)
    if kind is dict:
        if name in value:
            return value[name]
        if run.warnings is not None:
            run.warn("{}", f"the context has no entry '{name}'{suggestion(name, set(value))}")
        return None
    if kind is list:
        run.charge(len(value))
        return [property_of(item, name, run) for item in value]
    properties = operations.PROPERTIES.get(kind)
    if properties is not None and name in properties:
        return properties[name](value)
    run.warn("a {} has no property '{}'", kind_name(value), name)
    return None


def _item_at(value: Any, index: int | None, run: Run) -> Any:
    """`value[index]`, counting from 1, or from -1 backwards; null outside."""
    if value is None:
        return None
    items = value if type(value) is list else [value]
    if index is None or index == 0 or abs(index) > len(items):
        run.warn("the list has {} items, there is none at the given position", len(items))
        return None
    return items[index - 1 if index > 0 else index]


def _filtered(items: list[Any], condition: Code, scope: Scope) -> Any:
    run = scope.run
    if not items:
        return None if type(_silently(condition, Scope({"item": None}, scope, run))) in NUMBER_TYPES else []
    kept = []
    for position, item in enumerate(items):
        run.charge()
        found = condition(Scope({"item": item, **item} if type(item) is dict else {"item": item}, scope, run))
        if found is True:
            kept.append(item)
        elif position == 0 and type(found) in NUMBER_TYPES:
            return _item_at(items, as_integer(found), run)
        elif found is not False and found is not None:
            run.warn("a filter needs a condition or a position, found {}", kind_name(found))
            return None
    return kept


def _silently(code: Code, scope: Scope) -> Any:
    """The value of an expression that is evaluated only to learn its kind."""
    run, warnings = scope.run, scope.run.warnings
    run.warnings = None
    try:
        return code(scope)
    finally:
        run.warnings = warnings


def _not_a_function(called: Any, node: Any, run: Run) -> None:
    name = node.name if type(node) is tree.Name else "the expression"
    if called is None:
        run.warn("there is no function '{}'", name)
    else:
        run.warn("'{}' is a {}, not a function that can be called like this", name, kind_name(called))


_COMPILERS: dict[type, Callable[[Compiler, Any], Code]] = {
    tree.Literal: Compiler.literal,
    tree.AtLiteral: Compiler.at_literal,
    tree.Name: Compiler.name,
    tree.Negation: Compiler.negation,
    tree.Arithmetic: Compiler.arithmetic,
    tree.Comparison: Compiler.comparison,
    tree.And: Compiler.conjunction,
    tree.Or: Compiler.disjunction,
    tree.Between: Compiler.between,
    tree.In: Compiler.membership,
    tree.InstanceOf: Compiler.instance_of,
    tree.If: Compiler.condition,
    tree.For: Compiler.loop,
    tree.Quantified: Compiler.quantified,
    tree.Path: Compiler.path,
    tree.Filter: Compiler.filter_expression,
    tree.Call: Compiler.call,
    tree.ListNode: Compiler.list_literal,
    tree.ContextNode: Compiler.context_literal,
    tree.RangeNode: Compiler.range_literal,
    tree.UnaryTest: Compiler.unary_test,
    tree.FunctionNode: Compiler.function_literal,
}
