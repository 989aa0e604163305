"""Decides for each run in which row of its lane it stands: few detours, few crossings, few rows."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.columns import sequence_wires
from engine.bpmn.layout.runs import Cells, Run, runs_of

ROUNDS = 8
CROSSING, FORK, JOIN = "crossing", "fork", "join"


@dataclass(frozen=True)
class Taste:
    """What the search for rows weighs against the length of wires."""

    new_row: float = 2.0
    crossing: float = 0.7
    same_side: float = 0.6


TASTES = (
    Taste(3.0, 0.3, 0.2), Taste(2.0, 0.0, 0.0), Taste(4.0, 0.7, 0.3), Taste(1.2, 1.0, 0.3), Taste(2.0, 0.7, 0.6),
    Taste(2.0, 0.7, 0.0), Taste(3.0, 1.5, 0.0), Taste(1.5, 0.3, 0.6),
)  # fmt: skip


class RowPlan(Cells):
    """The rows of a scope's runs, and what they cost by estimate."""

    def __init__(self, scope: d.Scope, taste: Taste):
        super().__init__(scope)
        self.taste = taste
        wires = sequence_wires(scope)
        self.runs = runs_of([node for node in scope.grid_nodes if node.is_on_flow], wires)
        self.run_of = {node: run for run in self.runs for node in run.nodes}
        self.bases = [3.0 * band for band in range(len(scope.bands))]
        self.wires_of: dict[Run, list[d.Wire]] = defaultdict(list)
        for wire in wires:
            for run in {self.run_of[wire.source.node.anchor], self.run_of[wire.target.node]}:
                self.wires_of[run].append(wire)
        self.rivals = _rivals(wires)

    def solve(self) -> None:
        """Places all runs, the main path first, then moves each to where it costs least."""
        self.place_all()
        self.improve()

    @property
    def rows(self) -> list[int]:
        return [run.row for run in self.runs]

    def restore(self, rows: list[int]) -> None:
        for run in self.runs:
            if run.row is not None:
                self.lift(run)
        for run, row in zip(self.runs, rows, strict=True):
            self.put(run, row)

    def moved(self, run: Run, row: int) -> list[int] | None:
        """The rows after `run` has gone to `row` and who stood there to where it was; None where that cannot be."""
        before = self.rows
        standing = (self.taken[run.band].get((column, row + offset)) for column, offset in run.cells)
        blockers = [one for one in dict.fromkeys(standing) if one is not None and one is not run]
        old = run.row
        for one in (run, *blockers):
            self.lift(one)
        possible = True
        for one, target in ((run, row), *((blocker, old) for blocker in blockers)):
            if possible and self.fits(one, target):
                self.put(one, target)
            else:
                possible = False
        after = self.rows if possible else None
        self.restore(before)
        return after

    # --- placing ------------------------------------------------------------------------------------------------

    def place_all(self) -> None:
        for run in self.runs:
            self.put(run, min(self._rows_to_try(run), key=lambda row: self._cost(run, row)))

    def improve(self) -> None:
        for _ in range(ROUNDS if len(self.runs) < 150 else 2):
            changed = False
            self._measure_bands()
            for run in self.runs:
                before = run.row
                self.lift(run)
                best = min(self._rows_to_try(run), key=lambda row: (round(self._cost(run, row), 6), row != before))
                self.put(run, best)
                changed |= best != before
            changed |= self._swap_rows()
            if not changed:
                return

    def _rows_to_try(self, run: Run) -> list[int]:
        first, last = self.extent(run.band)
        if last < first:
            return [0]
        reach = max(offset for _, offset in run.cells)
        rows = [row for row in range(first - 1 - reach, last + 2 + reach) if self.fits(run, row)]
        return sorted(rows, key=lambda row: (abs(row), -row))

    def _swap_rows(self) -> bool:
        """Exchanges neighbouring rows of a band where that shortens the wires."""
        changed = False
        for band in range(len(self.scope.bands)):
            first, last = self.extent(band)
            for row in range(first, last):
                runs = [run for run in self.runs if run.band == band and run.row in (row, row + 1)]
                if any(len({offset for _, offset in run.cells}) > 1 for run in runs):
                    continue
                others = {cell for cell, run in self.taken[band].items() if run not in runs}
                if any(
                    (column, target) in others for run in runs for column, _ in run.cells for target in (row, row + 1)
                ):
                    continue
                before = self._cost_of_all(runs)
                self._exchange(runs, row)
                if self._cost_of_all(runs) < before - 1e-6:
                    changed = True
                else:
                    self._exchange(runs, row)
        return changed

    def _exchange(self, runs: list[Run], row: int) -> None:
        targets = [(run, 2 * row + 1 - run.row) for run in runs]
        for run in runs:
            self.lift(run)
        for run, target in targets:
            self.put(run, target)

    # --- costs --------------------------------------------------------------------------------------------------

    def _cost(self, run: Run, row: int) -> float:
        self.put(run, row)
        cost = sum(self._wire_cost(wire) + self._rivalry(wire) for wire in self.wires_of[run])
        self.lift(run)
        first, last = self.extent(run.band)
        if last < first:
            return cost
        offsets = [offset for _, offset in run.cells]
        new_rows = max(0, first - row - min(offsets)) + max(0, row + max(offsets) - last)
        if not new_rows and all(other.row != row for other in self.runs if other.band == run.band):
            new_rows = 0.5  # a row that tall nodes have opened already
        return cost + self.taste.new_row * new_rows + 0.02 * abs(row) + (0.01 if row < 0 else 0)

    def _cost_of_all(self, runs: list[Run]) -> float:
        wires = dict.fromkeys(wire for run in runs for wire in self.wires_of[run])
        return sum(self._wire_cost(wire) + self._rivalry(wire) for wire in wires)

    def _rivalry(self, wire: d.Wire) -> float:
        """Crossings to expect with wires in the same columns, and branches that leave a gateway to the same side."""
        start, end = self._ends(wire)
        if start is None or end is None:
            return 0.0
        cost = 0.0
        for rival, relation in self.rivals.get(wire, ()):
            other_start, other_end = self._ends(rival)
            if other_start is None or other_end is None:
                continue
            if relation == CROSSING:
                if (start - other_start) * (end - other_end) < 0:
                    cost += self.taste.crossing
            elif relation == FORK:
                cost += self.taste.same_side * ((end - start) * (other_end - start) > 0)
            elif relation == JOIN:
                cost += self.taste.same_side * ((start - end) * (other_start - end) > 0)
        return cost

    def _ends(self, wire: d.Wire) -> tuple[float | None, float | None]:
        source, target = wire.source.node.anchor, wire.target.node
        start = None if self.run_of[source].row is None else self._height(source)
        end = None if self.run_of[target].row is None else self._height(target)
        event = wire.source.node
        if start is not None and event.host is not None:
            start += 0.3 + 0.1 * (len(source.attached) - source.attached.index(event))  # the left one runs lowest
        return start, end

    def _wire_cost(self, wire: d.Wire) -> float:
        source, target = wire.source.node.anchor, wire.target.node
        if self.run_of[source].row is None or self.run_of[target].row is None:
            return 0
        distance = abs(self._height(source) - self._height(target))
        weight = 1.5 if wire.is_main else 1.0
        if wire.source.node.host is not None:
            below = target.band > source.band or (target.band == source.band and target.row > source.row)
            return (1.0 if below else 2.5) + 0.4 * distance
        if source.column == target.column and source.band != target.band:
            return weight * (0.5 + 0.1 * distance + 3.0 * self._blocked_between(source, target))
        if wire.is_back:
            return 0.3 * distance
        same_row = source.band == target.band and source.row == target.row
        if same_row:
            return weight * (4.0 if self._blocked(source, source.last_column, target.column) else 0)
        cost = weight * (1.0 + 0.4 * distance)
        late = self._blocked(source, source.last_column, target.column)
        early = self._blocked(target, source.last_column, target.column)
        if late and early:
            cost += 2.5
        elif source.kind == d.GATEWAY and early:
            cost += 0.7
        return cost

    def _height(self, node: d.Node) -> float:
        """The row counted from the top of the scope, as the bands stood at the beginning of the round."""
        return self.bases[node.band] + self.run_of[node].row

    def _measure_bands(self) -> None:
        height = 0
        for band in range(len(self.scope.bands)):
            first, last = self.extent(band)
            self.bases[band] = height - first
            height += max(1, last - first + 1)

    def _blocked_between(self, one: d.Node, other: d.Node) -> bool:
        """Whether something of their own bands stands between two nodes of one column."""
        upper, lower = sorted((one, other), key=lambda node: node.band)
        return any(column == one.column and row > upper.row for column, row in self.occupied[upper.band]) or any(
            column == one.column and row < lower.row for column, row in self.occupied[lower.band]
        )

    def _blocked(self, node: d.Node, after: int, before: int) -> bool:
        occupied = self.occupied[node.band]
        return any((column, node.row) in occupied for column in range(after + 1, before))


def _rivals(wires: list[d.Wire]) -> dict[d.Wire, list[tuple[d.Wire, str]]]:
    """For each forward wire the wires that it may cross, or with which it shares a gateway."""
    rivals: dict[d.Wire, list[tuple[d.Wire, str]]] = defaultdict(list)
    forward = [wire for wire in wires if not wire.is_back]
    spans = {wire: (wire.source.node.anchor.last_column, wire.target.node.column) for wire in forward}
    for one, other in itertools.combinations(forward, 2):
        if one.source.node is other.source.node:
            relation = FORK if one.source.node.kind == d.GATEWAY else None
        elif one.target.node is other.target.node:
            relation = JOIN if one.target.node.kind == d.GATEWAY else None
        else:
            relation = CROSSING
        (start, end), (other_start, other_end) = spans[one], spans[other]
        if relation == CROSSING and not (start < other_end and other_start < end):
            relation = None
        if relation is not None:
            rivals[one].append((other, relation))
            rivals[other].append((one, relation))
    return rivals
