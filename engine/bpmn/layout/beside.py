"""Finds cells for what stands beside the flow: event sub-processes, data and annotations; then numbers the rows."""

from __future__ import annotations

from collections import defaultdict

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.columns import COLUMN_PITCH
from engine.bpmn.layout.runs import Cells, Run


def complete(scope: d.Scope, rows_of_runs: list[tuple[Run, int]], home: dict[d.Node, int]) -> None:
    """Sets `row` of every node with cells, and the rows of every band; `home` names the bands as modelled."""
    cells = _Completion(scope)
    for node, band in home.items():
        node.band = band
    scope.column_count = max((node.last_column + 1 for node in scope.grid_nodes if node.is_on_flow), default=0)
    for run, row in rows_of_runs:
        cells.put(run, row)
    cells.place_event_sub_processes()
    cells.place_artifacts()
    cells.number_rows()


class _Completion(Cells):
    def place_event_sub_processes(self) -> None:
        """In a row below the rest of their band, side by side as long as there is width."""
        widths = self._column_widths()
        for node in self.scope.grid_nodes:
            if not node.is_event_sub_process:
                continue
            node.columns = 1
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
            if node.columns == 1 and node.is_on_flow:
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


def _columns_for(width: float, widths: list[float], first: int) -> int:
    """How many columns from `first` on give the width; beyond the last column each new one counts as a task's."""
    got, count = -50.0, 0
    while got < width:
        got += widths[first + count] if first + count < len(widths) else COLUMN_PITCH
        count += 1
    return max(1, count)
