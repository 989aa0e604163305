"""What is doubtful in decision tables: overlapping rules, inputs that no rule covers, rules that never decide.

A column is cut into atoms: the texts, booleans and numbers that its cells name, and the stretches between them. A cell
is then a set of atoms (an integer with one bit per atom). Cells that are no constants (`< limit`, `? > 3`) are opaque:
nothing is claimed of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.dmn.column_index import NUMBERS, interval_of
from engine.dmn.decisions import compile_decisions
from engine.dmn.elements import BoxedExpression, DecisionTable, Definitions, DrgElement, InputClause, parts_of
from engine.errors import Finding
from engine.feel import FeelSyntaxError, compile_unary_tests, display, tree

MOST_STEPS = 20_000
MOST_EXAMPLES = 5
MOST_RULES_COMPARED = 600
MOST_CELLS = 2_000_000  # rules × atoms of a column
NEED_A_HIT = frozenset({"UNIQUE", "FIRST", "ANY", "PRIORITY"})


def analyse(definitions: Definitions, imported: Sequence[Definitions] = ()) -> list[Finding]:
    """Everything wrong or doubtful in a model: what the strict compiler refuses, and what its tables leave open.

    Rules: `dmn-overlap` (error under UNIQUE; warning under ANY with different outputs), `dmn-gap` and `dmn-shadowed`
    (warnings).
    """
    findings = list(compile_decisions([definitions, *imported], strict=False).findings)
    for element in definitions.elements.values():
        for table in tables_of(element):
            findings += analyse_table(table, element, definitions)
    return findings


def tables_of(element: DrgElement) -> Iterator[DecisionTable]:
    """The decision tables of an element, however deep."""
    logic = getattr(element, "expression", None) or getattr(element, "logic", None)
    for part in parts_of(logic) if isinstance(logic, BoxedExpression) else ():
        if isinstance(part, DecisionTable):
            yield part


def analyse_table(table: DecisionTable, element: DrgElement, definitions: Definitions) -> list[Finding]:
    """The findings on one decision table of an element."""
    columns = [_Column.of(table, position, definitions) for position in range(len(table.inputs))]
    grid = [[column.cells[number] for column in columns] for number in range(len(table.rules))]
    analysis = _Analysis(table, element, columns, grid)
    return [*analysis.overlaps(), *analysis.shadowed(), *analysis.gaps()]


@dataclass(frozen=True)
class _Column:
    """One condition column: its atoms, its cells as sets of atoms (None: opaque), and the atoms that can occur."""

    label: str
    atoms: list[str]
    cells: list[int | None]
    texts: list[str]  # of the cells, to compare opaque ones
    domain: int

    @classmethod
    def of(cls, table: DecisionTable, position: int, definitions: Definitions) -> "_Column":
        texts = [" ".join(rule.inputs[position].split()) or "-" for rule in table.rules]
        parsed = [_parsed(text) for text in texts]
        clause = table.inputs[position]
        type_name = _type_name(clause, definitions)
        allowed_text = clause.allowed_values or _allowed_by_type(type_name, definitions)
        allowed = _parsed(allowed_text) if allowed_text and allowed_text.strip() else None
        atoms = _Atoms([*parsed, allowed], type_name)
        domain = atoms.mask(allowed) if allowed is not None else None
        return cls(
            clause.label,
            atoms.names,
            [atoms.mask(cell) for cell in parsed],
            texts,
            atoms.everything if domain is None else domain,
        )


def _type_name(clause: InputClause, definitions: Definitions) -> str:
    """The declared type of a column: its own, else that of the input data or decision that it names."""
    if clause.expression.type_ref and clause.expression.type_ref.name in _item_names(definitions):
        return clause.expression.type_ref.name
    named = " ".join((clause.expression.text or "").split())
    for element in definitions.elements.values():
        if element.variable == named and element.type_ref:
            return element.type_ref.name
    return clause.expression.type_ref.name if clause.expression.type_ref else ""


def _item_names(definitions: Definitions) -> set[str]:
    return {item.name for item in definitions.item_definitions}


def _allowed_by_type(type_name: str, definitions: Definitions) -> str | None:
    for item in definitions.item_definitions:
        if item.name == type_name and not item.is_collection and not item.components:
            return item.allowed_values or item.type_constraint
    return None


def _parsed(text: str) -> tree.UnaryTests | None:
    try:
        return compile_unary_tests(text).node
    except FeelSyntaxError:
        return None


class _Atoms:
    """The parts into which the constants of a column cut what its input can be."""

    def __init__(self, cells: list[tree.UnaryTests | None], type_name: str):
        tests = [test for cell in cells if cell is not None for test in cell.tests]
        literals = [test.value for test in tests if type(test) is tree.Literal]
        self.texts = sorted({value for value in literals if type(value) is str})
        self.has_booleans = any(type(value) is bool for value in literals) or type_name == "boolean"
        self.has_null = any(value is None for value in literals)
        ends = {end for interval in map(interval_of, tests) if interval for end in (interval[0], interval[2])} - {None}
        self.points: list[int | Decimal] = sorted(ends)
        self.names: list[str] = []
        self.text_atoms = {text: self._add(f'"{text}"') for text in self.texts}
        self.other_text = self._add("any other text") if self.texts else 0
        self.booleans = {value: self._add(display(value)) for value in (True, False)} if self.has_booleans else {}
        self.null = self._add("null") if self.has_null else 0
        self.segments = [self._add(name) for name in self._segment_names()]
        if not self.names:
            self._add("anything")

    @property
    def everything(self) -> int:
        return (1 << len(self.names)) - 1

    def _add(self, name: str) -> int:
        self.names.append(name)
        return 1 << (len(self.names) - 1)

    def _segment_names(self) -> list[str]:
        if not self.points:
            return []
        shown = [display(point) for point in self.points]
        names = [f"< {shown[0]}"]
        for index, point in enumerate(shown):
            is_last = index + 1 == len(shown)
            names += [point, f"> {point}" if is_last else f"between {point} and {shown[index + 1]}"]
        return names

    def mask(self, cell: tree.UnaryTests | None) -> int | None:
        """The atoms for which the cell holds, or None for an opaque cell."""
        if cell is None:
            return None
        if not cell.tests:
            return self.everything
        found, kinds = 0, 0
        for test in cell.tests:
            part = self._test(test)
            if part is None:
                return None
            found |= part[0]
            kinds |= part[1]
        return kinds & ~found if cell.negated else found

    def _test(self, test: tree.Node) -> tuple[int, int] | None:
        """The atoms of one test, and all atoms of its kind."""
        if type(test) is tree.Literal and type(test.value) not in NUMBERS:
            if type(test.value) is str:
                return self.text_atoms[test.value], sum(self.text_atoms.values()) | self.other_text
            if test.value is None:
                return self.null, self.everything
            return self.booleans[test.value], sum(self.booleans.values())
        interval = interval_of(test)
        if interval is None:
            return None
        low, low_included, high, high_included = interval
        first = 0 if low is None else 2 * self.points.index(low) + (1 if low_included else 2)
        last = 2 * len(self.points) if high is None else 2 * self.points.index(high) + (1 if high_included else 0)
        return sum(self.segments[first : last + 1]), sum(self.segments)


class _Analysis:
    """Compares the rules of one table."""

    def __init__(self, table: DecisionTable, element: DrgElement, columns: list[_Column], grid: list[list[int | None]]):
        self.table = table
        self.element = element
        self.columns = columns
        self.grid = grid
        self.steps = 0
        self.covering: dict[int, list[int]] = {}

    def _finding(self, rule: str, message: str, line: int, severity: str) -> Finding:
        return Finding(rule, message, self.element.id, self.element.name, line or None, severity)

    def overlaps(self) -> Iterator[Finding]:
        if self.table.hit_policy not in ("UNIQUE", "ANY"):
            return
        found = 0
        for later in range(min(len(self.grid), MOST_RULES_COMPARED)):
            for earlier in range(later):
                example = self._common(earlier, later)
                if example is None or (self.table.hit_policy == "ANY" and self._equal_outputs(earlier, later)):
                    continue
                found += 1
                if found > MOST_EXAMPLES:
                    return
                yield self._finding(
                    "dmn-overlap",
                    f"rules {earlier + 1} and {later + 1} both hold for {example}, but the hit policy is "
                    f"{self.table.hit_policy}: make them differ, or choose another hit policy.",
                    self.table.rules[later].line,
                    "error" if self.table.hit_policy == "UNIQUE" else "warning",
                )

    def _common(self, one: int, other: int) -> str | None:
        """An input for which both rules certainly hold."""
        parts = []
        for position, column in enumerate(self.columns):
            left, right = self.grid[one][position], self.grid[other][position]
            if left is None or right is None:
                anything = column.texts[one] == "-" or column.texts[other] == "-"
                if not anything and column.texts[one] != column.texts[other]:
                    return None
                continue
            common = left & right & column.domain
            if not common:
                return None
            parts.append((column, common))
        return _described(parts)

    def _equal_outputs(self, one: int, other: int) -> bool:
        left, right = self.table.rules[one].outputs, self.table.rules[other].outputs
        return [each.text for each in left] == [each.text for each in right]

    def shadowed(self) -> Iterator[Finding]:
        if self.table.hit_policy != "FIRST":
            return
        for later in range(min(len(self.grid), MOST_RULES_COMPARED)):
            earlier = next((number for number in range(later) if self._covers(number, later)), None)
            if earlier is not None:
                yield self._finding(
                    "dmn-shadowed",
                    f"rule {later + 1} never decides: rule {earlier + 1} comes first and holds whenever it does.",
                    self.table.rules[later].line,
                    "warning",
                )

    def _covers(self, wide: int, narrow: int) -> bool:
        for position, column in enumerate(self.columns):
            if column.texts[wide] in ("-", column.texts[narrow]):
                continue
            left, right = self.grid[wide][position], self.grid[narrow][position]
            if left is None or right is None or right & column.domain & ~left:
                return False
        return True

    def gaps(self) -> Iterator[Finding]:
        has_default = any(output.default and output.default.text for output in self.table.outputs)
        cells = len(self.grid) * max((len(column.atoms) for column in self.columns), default=0)
        if has_default or not 0 < cells <= MOST_CELLS:
            return
        needs_one = self.table.hit_policy in NEED_A_HIT
        remedy = "add a rule or a default" if needs_one else "the result is null then; a default such as [] or 0 helps"
        rules = (1 << len(self.grid)) - 1
        for number, gap in enumerate(self._uncovered(0, rules, [])):
            if number == (MOST_EXAMPLES if needs_one else 1):
                return
            yield self._finding(
                "dmn-gap",
                f"no rule holds for {_described(gap)}, and there is no default output: {remedy}.",
                self.table.line,
                "warning",
            )

    def _uncovered(self, position: int, rules: int, chosen: list) -> Iterator[list]:
        """Combinations of atoms that no rule covers; opaque cells count as covering."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            return
        if not rules:
            yield [*chosen, *((column, column.domain) for column in self.columns[position:] if column.domain)]
            return
        if position == len(self.columns):
            return
        column = self.columns[position]
        by_rules: dict[int, int] = {}
        for index, covering in enumerate(self._covering(position)):
            if column.domain >> index & 1:
                by_rules[rules & covering] = by_rules.get(rules & covering, 0) | 1 << index
        for holding, atoms in by_rules.items():
            yield from self._uncovered(position + 1, holding, [*chosen, (column, atoms)])

    def _covering(self, position: int) -> list[int]:
        """For each atom of the column, the rules whose cell holds for it, or may hold."""
        if position not in self.covering:
            cells = [row[position] for row in self.grid]
            self.covering[position] = [
                sum(1 << number for number, cell in enumerate(cells) if cell is None or cell >> index & 1)
                for index in range(len(self.columns[position].atoms))
            ]
        return self.covering[position]


def _described(parts: list[tuple[_Column, int]]) -> str:
    """`score < 5, grade "A" or "B"`; columns in which anything goes are left out."""
    words = []
    for column, atoms in parts:
        if atoms == (1 << len(column.atoms)) - 1:
            continue
        names = [name for index, name in enumerate(column.atoms) if atoms >> index & 1]
        shown = " or ".join(names[:3]) + (" or …" if len(names) > 3 else "")
        words.append(f"{column.label} {shown}")
    return ", ".join(words) or "every input"
