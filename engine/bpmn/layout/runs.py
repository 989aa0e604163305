"""Cuts the flow into runs, which keep one row, and keeps the book of taken cells."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from engine.bpmn.layout import drawing as d


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


def runs_of(nodes: list[d.Node], wires: list[d.Wire]) -> list[Run]:
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


class Cells:
    """Which cells of which band are taken: by runs (with the way between their nodes) and by nodes."""

    def __init__(self, scope: d.Scope):
        self.scope = scope
        self.taken: list[dict[tuple[int, int], Run]] = [{} for _ in scope.bands]
        self.occupied: list[dict[tuple[int, int], d.Node]] = [{} for _ in scope.bands]

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


def _cells(node: d.Node, row: int) -> list[tuple[int, int]]:
    return [
        (column, row + offset)
        for column in range(node.column, node.last_column + 1)
        for offset in range(-node.half_rows, node.half_rows + 1)
    ]
