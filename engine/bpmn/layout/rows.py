"""Decides for each node in which row of its lane it stands: main paths straight, few detours, few rows."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.columns import sequence_wires

ROUNDS = 8
CROSSING, FORK, JOIN = "crossing", "fork", "join"


@dataclass(frozen=True)
class Taste:
    """What the search for rows weighs against the length of wires."""

    new_row: float = 2.0
    crossing: float = 0.7
    same_side: float = 0.6


TASTES = (
    Taste(2.0, 0.7, 0.6), Taste(2.0, 0.0, 0.0), Taste(2.0, 0.7, 0.0), Taste(3.0, 0.3, 0.2), Taste(1.2, 1.0, 0.3),
    Taste(4.0, 0.7, 0.3), Taste(3.0, 1.5, 0.0), Taste(1.5, 0.3, 0.6),
)  # fmt: skip


@dataclass(eq=False)
class Run:
    """Nodes of one band that stand in one row because one main path leads straight through them."""

    band: int
    nodes: list[d.Node]
    row: int | None = None
    cells: list[tuple[int, int]] = field(default_factory=list)  # column, offset from row

    def measure(self) -> None:
        first, last = self.nodes[0].column, self.nodes[-1].last_column
        cells = {(column, 0) for column in range(first, last + 1)}
        for node in self.nodes:
            for column in range(node.column, node.last_column + 1):
                cells.update((column, offset) for offset in range(-node.half_rows, node.half_rows + 1))
        self.cells = sorted(cells)


def assign_rows(scope: d.Scope, taste: Taste) -> None:
    """Sets `row` of every node with cells, and `first_row` and `row_count` of every band."""
    wires = sequence_wires(scope)
    flowing = [node for node in scope.grid_nodes if not node.is_artifact and not node.is_event_sub_process]
    plan = _Plan(scope, _runs(flowing, wires), wires, taste)
    plan.place_all()
    plan.improve()
    plan.place_event_sub_processes()
    plan.place_artifacts()
    plan.number_rows()


def _runs(nodes: list[d.Node], wires: list[d.Wire]) -> list[Run]:
    """Main paths cut where they change the band; the happy path of the scope first."""
    forward = [wire for wire in wires if not wire.is_back and wire.source.node is not wire.target.node]
    outgoing: dict[d.Node, list[d.Wire]] = defaultdict(list)
    incoming: dict[d.Node, list[d.Wire]] = defaultdict(list)
    for wire in forward:
        outgoing[wire.source.node.anchor].append(wire)
        incoming[wire.target.node].append(wire)
    ahead: dict[d.Node, int] = {}
    for node in sorted(nodes, key=lambda node: -node.place_in_flow):
        ahead[node] = 1 + max(
            (ahead[wire.target.node] for wire in outgoing[node] if not wire.source.node.host), default=0
        )
    behind: dict[d.Node, int] = {}
    for node in sorted(nodes, key=lambda node: node.place_in_flow):
        behind[node] = 1 + max(
            (behind[wire.source.node] for wire in incoming[node] if not wire.source.node.host), default=0
        )

    def attraction(wire: d.Wire) -> tuple:
        return ahead[wire.target.node] + 2 * (wire.target.node.band == wire.source.node.band) + wire.flow.is_default

    following: dict[d.Node, d.Wire] = {}
    for node in nodes:
        choices = [wire for wire in outgoing[node] if wire.source.node.host is None]
        if choices:
            following[node] = max(choices, key=attraction)
    chosen_before: dict[d.Node, d.Wire] = {}
    for node in nodes:
        choices = [wire for wire in incoming[node] if following.get(wire.source.node) is wire]
        if choices:
            chosen_before[node] = max(
                choices, key=lambda wire: behind[wire.source.node] + 2 * (wire.source.node.band == node.band)
            )
    paths = []
    for node in nodes:
        if node in chosen_before:
            continue
        path = [node]
        while path[-1] in following:
            wire = following[path[-1]]
            if chosen_before.get(wire.target.node) is not wire:
                break
            wire.is_main = True
            path.append(wire.target.node)
        paths.append(path)
    paths.sort(key=lambda path: -len(path))
    return [run for path in paths for run in _cut(path)]


def _cut(path: list[d.Node]) -> list[Run]:
    runs: list[Run] = []
    for node in path:
        if runs and runs[-1].band == node.band and node.column - runs[-1].nodes[-1].last_column <= 6:
            runs[-1].nodes.append(node)
        else:
            runs.append(Run(node.band, [node]))
    for run in runs:
        run.measure()
    return runs


class _Plan:
    """Who stands in which cell of which band, and what that costs."""

    def __init__(self, scope: d.Scope, runs: list[Run], wires: list[d.Wire], taste: Taste):
        self.taste = taste
        self.scope = scope
        self.runs = runs
        self.run_of = {node: run for run in runs for node in run.nodes}
        self.taken: list[dict[tuple[int, int], Run]] = [{} for _ in scope.bands]
        self.occupied: list[dict[tuple[int, int], d.Node]] = [{} for _ in scope.bands]
        self.bases = [3.0 * band for band in range(len(scope.bands))]
        self.wires_of: dict[Run, list[d.Wire]] = defaultdict(list)
        for wire in wires:
            ends = {self.run_of[wire.source.node.anchor], self.run_of[wire.target.node]}
            for run in ends:
                self.wires_of[run].append(wire)
        self.rivals = _rivals(wires)

    # --- occupancy ----------------------------------------------------------------------------------------------

    def put(self, run: Run, row: int) -> None:
        run.row = row
        for column, offset in run.cells:
            self.taken[run.band][column, row + offset] = run
        for node in run.nodes:
            node.row = row
            for cell in _cells(node, row):
                self.occupied[run.band][cell] = node

    def lift(self, run: Run) -> None:
        for column, offset in run.cells:
            del self.taken[run.band][column, run.row + offset]
        for node in run.nodes:
            for cell in _cells(node, run.row):
                del self.occupied[run.band][cell]
        run.row = None

    def fits(self, run: Run, row: int) -> bool:
        taken = self.taken[run.band]
        return all((column, row + offset) not in taken for column, offset in run.cells)

    def extent(self, band: int) -> tuple[int, int]:
        rows = [row for _, row in self.taken[band]]
        return (min(rows), max(rows)) if rows else (0, -1)

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
        if last >= first:
            offsets = [offset for _, offset in run.cells]
            new_rows = max(0, first - row - min(offsets)) + max(0, row + max(offsets) - last)
            cost += self.taste.new_row * new_rows + 0.02 * abs(row) + (0.01 if row < 0 else 0)
        return cost

    def _cost_of_all(self, runs: list[Run]) -> float:
        wires = {wire for run in runs for wire in self.wires_of[run]}
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
        return (start + 0.3 if start is not None and wire.source.node.host else start), end

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

    # --- what stands beside the flow ------------------------------------------------------------------------------

    def place_event_sub_processes(self) -> None:
        """In a row below the rest of their band, side by side as long as there is width."""
        widths = self._column_widths()
        for node in self.scope.grid_nodes:
            if not node.is_event_sub_process:
                continue
            first, last = self.extent(node.band)
            column_count = max(self.scope.column_count, 1)
            choices = []
            for row in range(first, last + 2 + node.half_rows):
                for column in range(column_count):
                    node.columns = _columns_for(node.width, widths, column)
                    node.column = column
                    run = Run(node.band, [node])
                    run.measure()
                    overflow = max(0, column + node.columns - column_count)
                    below = max(0, row + node.half_rows - last)
                    if self.fits(run, row) and not self._under_flow(node, row):
                        choices.append((below * 2 + overflow * 3 + column * 0.1, row, column, node.columns))
            _, row, node.column, node.columns = min(choices)
            run = Run(node.band, [node])
            run.measure()
            self.put(run, row)
            self.scope.column_count = max(self.scope.column_count, node.last_column + 1)
            widths = self._column_widths()

    def _under_flow(self, node: d.Node, row: int) -> bool:
        """Whether ordinary nodes of the band stand further down: event sub-processes close the band."""
        return any(
            other_row > row - node.half_rows
            and not other.is_event_sub_process
            and node.column <= column <= node.last_column
            for (column, other_row), other in self.occupied[node.band].items()
        )

    def _column_widths(self) -> list[float]:
        widths = [50.0] * max(self.scope.column_count, 1)
        for node in self.scope.grid_nodes:
            if node.columns == 1 and not node.is_event_sub_process:
                widths[node.column] = max(widths[node.column], node.width)
        return [width + 50 for width in widths]

    def place_artifacts(self) -> None:
        """Each data object and annotation in a free cell near what it belongs to, else in a new row."""
        partners = defaultdict(list)
        for wire in self.scope.wires:
            for one, other in ((wire.source.node, wire.target.node), (wire.target.node, wire.source.node)):
                if wire.kind == d.ASSOCIATION and one is not None and one.is_artifact and other is not None:
                    partners[one].append(other.anchor)
        for node in self.scope.grid_nodes:
            if node.is_artifact:
                near = [other for other in partners[node] if not other.is_artifact]
                self._place_artifact(node, near)

    def _place_artifact(self, node: d.Node, near: list[d.Node]) -> None:
        if near:
            inside = [other for other in near if other.band == node.band]
            if not inside:
                node.band = near[0].band
                inside = [other for other in near if other.band == node.band]
            node.column = sorted(other.column for other in inside)[len(inside) // 2]
        else:
            inside = []
            node.column = 0
        first, last = self.extent(node.band)
        choices = []
        for row in range(first - 1, last + 2):
            for column in range(max(0, node.column - 2), min(self.scope.column_count or 1, node.column + 3)):
                if (column, row) in self.taken[node.band]:
                    continue
                distance = sum(
                    abs(column - min(max(column, other.column), other.last_column)) * 1.5
                    + max(0, abs(row - other.row) - other.half_rows)
                    for other in inside
                )
                new_row = 2.5 if row < first or row > last else 0
                choices.append((distance + new_row + (0.1 if row > 0 else 0), row, column))
        _, row, node.column = min(choices) if choices else (0, last + 1, node.column)
        run = Run(node.band, [node])
        run.measure()
        self.put(run, row)
        self.scope.column_count = max(self.scope.column_count, node.column + 1)

    def number_rows(self) -> None:
        """Counts the rows from the top of the scope; every band has at least one."""
        next_row = 0
        for index, band in enumerate(self.scope.bands):
            rows = sorted({row for _, row in self.taken[index]})
            first, last = (rows[0], rows[-1]) if rows else (0, 0)
            band.first_row = next_row
            band.row_count = last - first + 1
            for node in self.scope.grid_nodes:
                if node.band == index:
                    node.row += next_row - first
            next_row += band.row_count


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


def _cells(node: d.Node, row: int) -> list[tuple[int, int]]:
    return [
        (column, row + offset)
        for column in range(node.column, node.last_column + 1)
        for offset in range(-node.half_rows, node.half_rows + 1)
    ]


def _columns_for(width: float, widths: list[float], first: int) -> int:
    """How many columns from `first` on give the width; beyond the last column each new one counts as a task's."""
    got, count = -50.0, 0
    while got < width:
        got += widths[first + count] if first + count < len(widths) else 150
        count += 1
    return max(1, count)
