"""Finds the rules whose cell in one column holds for a value without trying each cell.

Works for cells made of constant texts, booleans and numbers: equalities, comparisons and ranges. A set of rules is an
integer with one bit per rule.
"""

from bisect import bisect_left
from decimal import Decimal
from typing import Any

from engine.feel import tree

NUMBERS = (int, Decimal)
MOST_RULES = 3000  # above, the number segments of a column would take more memory than they are worth

Interval = tuple[Any, bool, Any, bool]  # low, low included, high, high included; None is unbounded


class ColumnIndex:
    """The index of one column. `unindexed` is the set of rules whose cell must be tried."""

    def __init__(self, cells: list[tree.UnaryTests | None]):
        self.everything = 0
        self.unindexed = 0
        self._texts: dict[str, int] = {}
        self._booleans = {True: 0, False: 0}
        self._other_texts = 0  # rules that hold for every text not named in `_texts`: negated cells
        self._points: list[Any] = []
        self._segments: list[int] = [0]
        number_cells: list[tuple[int, list[Interval]]] = []
        negated: list[tuple[int, frozenset[Any]]] = []
        for position, cell in enumerate(cells):
            bit = 1 << position
            if cell is not None and not cell.tests:
                self.everything |= bit
                continue
            constants = _constants(cell) if len(cells) <= MOST_RULES else None
            if constants is None:
                self.unindexed |= bit
            elif cell.negated:
                negated.append((bit, constants))
            else:
                self._add_equal(bit, constants)
                number_cells.append((bit, _intervals(cell)))
        self._add_negated(negated)
        self._add_numbers(number_cells)

    def rules_for(self, value: Any) -> int | None:
        """The rules whose indexed cell holds, or None for a kind of value that the index does not know."""
        kind = type(value)
        if kind is str:
            return self._texts.get(value, self._other_texts) | self.everything
        if kind is int or kind is Decimal:
            points = self._points
            position = bisect_left(points, value)
            is_point = position < len(points) and points[position] == value
            return self._segments[2 * position + is_point] | self.everything
        if kind is bool:
            return self._booleans[value] | self.everything
        return None

    def _add_equal(self, bit: int, constants: frozenset[Any]) -> None:
        for kind, constant in constants:
            if kind == "text":
                self._texts[constant] = self._texts.get(constant, 0) | bit
            elif kind == "boolean":
                self._booleans[constant] |= bit

    def _add_negated(self, negated: list[tuple[int, frozenset[Any]]]) -> None:
        """`not("A")` holds for every other text; for values of another kind it is null, as the comparison is."""
        for bit, constants in negated:
            excluded = {constant for kind, constant in constants if kind == "text"}
            if excluded:
                for constant in excluded:
                    self._texts.setdefault(constant, self._other_texts)
                for text in self._texts:
                    if text not in excluded:
                        self._texts[text] |= bit
                self._other_texts |= bit

    def _add_numbers(self, cells: list[tuple[int, list[Interval]]]) -> None:
        ends = {end for _, intervals in cells for low, _, high, _ in intervals for end in (low, high)} - {None}
        self._points = points = sorted(ends)
        starts = [0] * (2 * len(points) + 2)
        stops = [0] * (2 * len(points) + 2)
        place = {point: index for index, point in enumerate(points)}
        for bit, intervals in cells:
            for first, last in _merged([_segments(interval, place, len(points)) for interval in intervals]):
                starts[first] |= bit
                stops[last + 1] |= bit
        current, segments = 0, []
        for index in range(2 * len(points) + 1):
            current = (current & ~stops[index]) | starts[index]
            segments.append(current)
        self._segments = segments


def _constants(cell: tree.UnaryTests | None) -> frozenset[Any] | None:
    """The kinds and values that the cell names, or None where it is not made of constants of one kind alone."""
    if cell is None:
        return None
    found = set()
    for test in cell.tests:
        if type(test) is tree.Literal and type(test.value) is str:
            found.add(("text", test.value))
        elif type(test) is tree.Literal and type(test.value) is bool:
            found.add(("boolean", test.value))
        elif interval_of(test) is not None:
            found.add(("number", None))
        else:
            return None
    kinds = {kind for kind, _ in found}
    # A negated cell over numbers, booleans or several kinds is rare, and null where the kinds differ: tried instead.
    return frozenset(found) if not cell.negated or kinds == {"text"} else None


def _number(node: tree.Node) -> Any:
    return node.value if type(node) is tree.Literal and type(node.value) in NUMBERS else None


def interval_of(test: tree.Node) -> Interval | None:
    """The numbers for which a test of constants holds, or None for any other test."""
    if type(test) is tree.Literal:
        number = _number(test)
        return None if number is None else (number, True, number, True)
    if type(test) is tree.RangeNode:
        low, high = _number(test.start), _number(test.end)
        if low is None or high is None or low > high:
            return None
        return low, test.start_included, high, test.end_included
    if type(test) is tree.UnaryTest:
        end = _number(test.endpoint)
        if end is None:
            return None
        if test.operator in ("<", "<="):
            return None, False, end, test.operator == "<="
        if test.operator in (">", ">="):
            return end, test.operator == ">=", None, False
        if test.operator == "=":
            return end, True, end, True
    return None


def _intervals(cell: tree.UnaryTests) -> list[Interval]:
    return [interval for interval in map(interval_of, cell.tests) if interval is not None]


def _segments(interval: Interval, place: dict[Any, int], count: int) -> tuple[int, int]:
    """First and last segment of an interval; segment 2i is the gap before point i, 2i+1 the point itself."""
    low, low_included, high, high_included = interval
    first = 0 if low is None else 2 * place[low] + (1 if low_included else 2)
    last = 2 * count if high is None else 2 * place[high] + (1 if high_included else 0)
    return first, last


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(span for span in spans if span[0] <= span[1]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
