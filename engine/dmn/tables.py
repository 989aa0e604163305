"""Decision tables → closures: which rules hold, and what the hit policy makes of them (DMN 1.5, chapter 8)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.dmn.column_index import ColumnIndex
from engine.dmn.elements import DecisionTable
from engine.dmn.feel_code import Code, Scope, Test
from engine.feel import display
from engine.feel.builtins import BUILTINS
from engine.feel.operations import equals
from engine.feel.tree import UnaryTests

NO_RULE = "no rule holds and there is no default output"  # a null that the standard wants, not a mistake


@dataclass(slots=True)
class _Input:
    """A condition column, compiled."""

    label: str
    value: Code
    allowed: Test | None
    allowed_text: str
    index: ColumnIndex
    tests: list[Test]


@dataclass(slots=True)
class _Output:
    """A conclusion column, compiled. `ranks`: one test per output value, most important first."""

    name: str
    cells: list[Code]
    default: Code | None
    allowed: Test | None
    allowed_text: str
    ranks: list[Test]


def compile_table(table: DecisionTable, compiler: Any, names: frozenset[str]) -> Code:
    """The closure of a decision table. `compiler` is the `BoxedCompiler` of the element that holds it."""
    return _Table(table, compiler, names).evaluate


class _Table:
    """A compiled decision table."""

    def __init__(self, table: DecisionTable, compiler: Any, names: frozenset[str]):
        self.owner = compiler.owner
        self.rule_ids = [rule.id for rule in table.rules]
        self.policy = table.hit_policy
        self.aggregation = table.aggregation if table.hit_policy == "COLLECT" else None
        self.inputs = [self._input(table, position, compiler, names) for position in range(len(table.inputs))]
        self.outputs = [self._output(table, position, compiler, names) for position in range(len(table.outputs))]
        self.all_rules = (1 << len(table.rules)) - 1
        self.default = self._default_code()
        self.decide = POLICIES.get(table.hit_policy, _Table._unique)
        if table.hit_policy in ("PRIORITY", "OUTPUT ORDER") and not any(output.ranks for output in self.outputs):
            compiler.note(
                "dmn-table",
                f"the hit policy {table.hit_policy} needs output values that say what comes first.",
                table.line,
            )

    def _input(self, table: DecisionTable, position: int, compiler: Any, names: frozenset[str]) -> _Input:
        clause = table.inputs[position]
        cells: list[UnaryTests | None] = []
        tests: list[Test] = []
        for rule in table.rules:
            node, test = compiler.cell(rule.inputs[position], names, rule.line)
            cells.append(node)
            tests.append(test)
        allowed = clause.allowed_values if clause.allowed_values and clause.allowed_values.strip() else None
        return _Input(
            label=clause.label,
            value=compiler.literal(clause.expression, names),
            allowed=compiler.cell(allowed, names, table.line)[1] if allowed else None,
            allowed_text=" ".join((allowed or "").split()),
            index=ColumnIndex(cells),
            tests=tests,
        )

    def _output(self, table: DecisionTable, position: int, compiler: Any, names: frozenset[str]) -> _Output:
        clause = table.outputs[position]
        allowed = clause.allowed_values if clause.allowed_values and clause.allowed_values.strip() else None
        node, test = compiler.cell(allowed, names, table.line) if allowed else (None, None)
        ranks = [compiler.test_of(part, names) for part in _parts(node)] if allowed else []
        if not ranks and self.policy in ("PRIORITY", "OUTPUT ORDER"):
            ranks = self._ranks_of_type(compiler, table, position, names)
        return _Output(
            name=clause.name,
            cells=[compiler.compile(rule.outputs[position], names, "the output cell") for rule in table.rules],
            default=compiler.compile(clause.default, names) if clause.default and clause.default.text else None,
            allowed=test,
            allowed_text=" ".join((allowed or "").split()),
            ranks=ranks,
        )

    def _ranks_of_type(self, compiler: Any, table: DecisionTable, position: int, names: frozenset[str]) -> list[Test]:
        """The order of the output values, from the allowed values of the output's type."""
        clause = table.outputs[position]
        own = clause.type_ref
        if own is None and len(table.outputs) == 1:
            own = table.type_ref or compiler.result_type_ref
        text = compiler.types.allowed_text(own)
        if text is None and len(table.outputs) > 1:
            text = compiler.types.allowed_text(table.type_ref or compiler.result_type_ref, clause.name)
        if text is None:
            return []
        node, _ = compiler.cell(text, names, table.line)
        return [compiler.test_of(part, names) for part in _parts(node)]

    def _default_code(self) -> Code | None:
        if not any(output.default for output in self.outputs):
            return None
        if len(self.outputs) == 1:
            return self.outputs[0].default
        return lambda scope: {output.name: output.default(scope) if output.default else None for output in self.outputs}

    # -- evaluation ---------------------------------------------------------------------------------------------------

    def evaluate(self, scope: Scope) -> Any:
        values = [column.value(scope) for column in self.inputs]
        audit = getattr(scope.run, "audit", None)
        scope.run.charge(1 + len(self.rule_ids) // 64)
        hits = self._hits(values, scope)
        if self.policy == "FIRST":
            first = next(hits, None)
            positions = [] if first is None else [first]
        else:
            positions = list(hits)
        if not positions:
            result = self._without_hit(scope)
            self._record(audit, values, [], [] if self.default is None else [result])
            return result
        if self.policy == "UNIQUE" and len(positions) > 1:
            self._record(audit, values, positions, [])
            scope.run.warn("{}", f"the rules {_numbers(positions)} hold at once, but the hit policy is UNIQUE")
            return None
        outputs = [self._outputs_of(position, scope) for position in positions]
        self._record(audit, values, positions, outputs)
        return self.decide(self, positions, outputs, scope)

    def _hits(self, values: list[Any], scope: Scope) -> Iterator[int]:
        """Positions of the rules that hold, in rule order."""
        candidates = self.all_rules
        to_try: list[tuple[int, list[Test], Any]] = []
        for column, value in zip(self.inputs, values, strict=True):
            index = column.index
            if column.allowed is not None and not self._is_allowed(column, value, scope):
                candidates &= ~index.everything
            found = index.rules_for(value)
            if found is None:
                tried = ~index.everything
            else:
                tried = index.unindexed
                candidates &= found | tried
            if tried:
                to_try.append((tried, column.tests, value))
        while candidates:
            bit = candidates & -candidates
            candidates ^= bit
            position = bit.bit_length() - 1
            for tried, tests, value in to_try:
                if tried & bit and tests[position](value, scope) is not True:
                    break
            else:
                yield position

    def _is_allowed(self, column: _Input, value: Any, scope: Scope) -> bool:
        """Is the value one of the input values? If not, `-` does not hold for it (10.3.2.10)."""
        if column.allowed(value, scope) is True:
            return True
        scope.run.warn("the input '{}' must be one of {}, found {}", column.label, column.allowed_text, display(value))
        return False

    def _without_hit(self, scope: Scope) -> Any:
        if self.default is not None:
            return self.default(scope)
        scope.run.warn(NO_RULE)
        return None

    def _outputs_of(self, position: int, scope: Scope) -> Any:
        if len(self.outputs) == 1:
            return self._output_of(self.outputs[0], position, scope)
        return {output.name: self._output_of(output, position, scope) for output in self.outputs}

    def _output_of(self, output: _Output, position: int, scope: Scope) -> Any:
        value = output.cells[position](scope)
        if output.allowed is not None and value is not None and not _holds_for_all(output.allowed, value, scope):
            scope.run.warn(
                "the output '{}' must be one of {}, found {}", output.name, output.allowed_text, display(value)
            )
            return None
        return value

    def _record(self, audit: list[dict] | None, values: list[Any], positions: list[int], outputs: list[Any]) -> None:
        if audit is not None:
            audit.append(
                {
                    "decision": self.owner,
                    "rules": [position + 1 for position in positions],
                    "rule_ids": [self.rule_ids[position] for position in positions],
                    "inputs": {column.label: value for column, value in zip(self.inputs, values, strict=True)},
                    "outputs": outputs,
                }
            )

    # -- hit policies -------------------------------------------------------------------------------------------------

    def _unique(self, positions: list[int], outputs: list[Any], scope: Scope) -> Any:
        return outputs[0]

    def _any(self, positions: list[int], outputs: list[Any], scope: Scope) -> Any:
        if all(_same(outputs[0], other) for other in outputs[1:]):
            return outputs[0]
        scope.run.warn("{}", f"the rules {_numbers(positions)} hold with different outputs, but the hit policy is ANY")
        return None

    def _priority(self, positions: list[int], outputs: list[Any], scope: Scope) -> Any:
        return self._by_rank(outputs, scope)[0]

    def _rule_order(self, positions: list[int], outputs: list[Any], scope: Scope) -> Any:
        return outputs

    def _output_order(self, positions: list[int], outputs: list[Any], scope: Scope) -> Any:
        return self._by_rank(outputs, scope)

    def _collect(self, positions: list[int], outputs: list[Any], scope: Scope) -> Any:
        if self.aggregation is None:
            return outputs
        if self.aggregation == "COUNT":
            return len(outputs)
        if len(self.outputs) == 1:
            return self._aggregated(outputs, scope)
        return {output.name: self._aggregated([row[output.name] for row in outputs], scope) for output in self.outputs}

    def _aggregated(self, values: list[Any], scope: Scope) -> Any:
        return BUILTINS[self.aggregation.lower()].invoke(scope.run, [values])

    def _by_rank(self, outputs: list[Any], scope: Scope) -> list[Any]:
        def rank(value: Any) -> tuple[int, ...]:
            cells = [value] if len(self.outputs) == 1 else [value[output.name] for output in self.outputs]
            return tuple(_rank(output.ranks, cell, scope) for output, cell in zip(self.outputs, cells, strict=True))

        return sorted(outputs, key=rank)


POLICIES: dict[str, Callable[..., Any]] = {
    "UNIQUE": _Table._unique,
    "FIRST": _Table._unique,
    "ANY": _Table._any,
    "PRIORITY": _Table._priority,
    "RULE ORDER": _Table._rule_order,
    "OUTPUT ORDER": _Table._output_order,
    "COLLECT": _Table._collect,
}


def _rank(ranks: list[Test], value: Any, scope: Scope) -> int:
    return next((place for place, test in enumerate(ranks) if test(value, scope) is True), len(ranks))


def _same(left: Any, right: Any) -> bool:
    return (left is None and right is None) or equals(left, right) is True


def _holds_for_all(allowed: Test, value: Any, scope: Scope) -> bool:
    if allowed(value, scope) is True:
        return True
    return type(value) is list and all(allowed(item, scope) is True for item in value)


def _numbers(positions: list[int]) -> str:
    return ", ".join(str(position + 1) for position in positions)


def _parts(node: UnaryTests | None) -> list[UnaryTests]:
    """Each of the tests as tests of its own."""
    return [UnaryTests([test]) for test in node.tests] if node is not None and not node.negated else []
