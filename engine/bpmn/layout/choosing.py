"""Draws a scope in several ways and keeps the best, judged by the paths that its wires really take."""

from __future__ import annotations

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.beside import complete
from engine.bpmn.layout.demand import Demand, demand_for_labels, widen
from engine.bpmn.layout.frame import POOL_GAP, Frame
from engine.bpmn.layout.grid import Grid
from engine.bpmn.layout.labels import place_labels
from engine.bpmn.layout.routing import Router
from engine.bpmn.layout.rows import TASTES, RowPlan
from engine.bpmn.layout.tracks import Tracks

LABEL_ROUNDS = 4
EFFORT = 45_000  # wires times columns that all attempts together may take
HEIGHT_PRICE, WIDTH_PRICE = 0.7, 0.25  # per px

ROW_PRICE = 40
RISING_PRICE = 120  # of a flow that leaves a boundary event downward and then has to climb


def draw_best(scope: d.Scope) -> None:
    """Places the scope's nodes, wires and labels; its columns are known."""
    home = {node: node.band for node in scope.grid_nodes}
    effort = EFFORT // max(1, len(scope.wires) * scope.column_count)
    tries: list[tuple[Attempt, RowPlan]] = []
    for taste in TASTES[: max(1, min(len(TASTES), effort))]:
        plan = RowPlan(scope, taste)
        plan.solve()
        tries.append((Attempt(scope, plan, plan.rows, home), plan))
    best, plan = min(tries, key=lambda one: one[0].cost)
    if effort > len(TASTES):
        best = _improve(scope, plan, best, home, min(effort, 60))
    best.draw()


def _improve(scope: d.Scope, plan: RowPlan, best: Attempt, home: dict[d.Node, int], attempts: int) -> Attempt:
    """Moves single runs, those with costly wires first, as long as that helps and the attempts last."""
    tried = {tuple(best.rows)}
    progress = True
    while progress and attempts > 0:
        progress = False
        for run in sorted(plan.runs, key=lambda run: -best.cost_of(plan.wires_of[run])):
            for step in (-1, 1, -2, 2):
                rows = plan.moved(run, best.rows[plan.runs.index(run)] + step)
                if attempts <= 0 or rows is None or tuple(rows) in tried:
                    continue
                tried.add(tuple(rows))
                attempts -= 1
                plan.restore(rows)
                attempt = Attempt(scope, plan, rows, home)
                if attempt.cost < best.cost - 1:
                    best, progress = attempt, True
                else:
                    plan.restore(best.rows)
    return best


class Attempt:
    """One way to draw a scope: cells, paths and what they cost."""

    def __init__(self, scope: d.Scope, plan: RowPlan, rows: list[int], home: dict[d.Node, int]):
        self.scope = scope
        self.rows = rows
        complete(scope, list(zip(plan.runs, rows, strict=True)), home)
        self.cells = {node: (node.column, node.columns, node.row, node.band) for node in scope.grid_nodes}
        self.bands = [(band.first_row, band.row_count) for band in scope.bands]
        self.column_count = scope.column_count
        self.grid = Grid(scope)
        demand = Demand()
        demand_for_labels(scope, demand, {})
        self._route(Frame(self.grid, demand))
        self.cost = sum(path.cost for path in self.paths.values())
        self.cost += ROW_PRICE * len({(node.band, node.row) for node in scope.grid_nodes if node.is_on_flow})
        self.cost += RISING_PRICE * sum(_rises(wire) for wire in scope.wires)
        self.cost += HEIGHT_PRICE * self.frame.height + WIDTH_PRICE * self.frame.width

    def _route(self, frame: Frame) -> None:
        for node in self.scope.grid_nodes:
            frame.place(node)
        self.frame = frame
        self.router = Router(self.grid, frame)
        self.paths = self.router.route(self.scope.wires)

    def cost_of(self, wires: list[d.Wire]) -> float:
        return sum(self.paths[wire].cost for wire in wires)

    def draw(self) -> None:
        """Gives the scope's nodes and wires the places of this try."""
        scope = self.scope
        for node, cell in self.cells.items():
            node.column, node.columns, node.row, node.band = cell
        for band, rows in zip(scope.bands, self.bands, strict=True):
            band.first_row, band.row_count = rows
        scope.column_count = self.column_count
        demand = Demand()
        demand_for_labels(scope, demand, self.paths)
        for _ in range(LABEL_ROUNDS):
            self._measure(demand)
            if not self.router.fits(self.frame):
                self._route(self.frame)
                self._measure(demand)
            crowded = place_labels(scope, POOL_GAP)
            if not crowded:
                break
            widen(demand, crowded, self.paths)

    def _measure(self, demand: Demand) -> None:
        scope = self.scope
        tracks = Tracks(self.grid, Frame(self.grid, demand), self.paths, demand)
        tracks.settle()
        frame = Frame(self.grid, demand)
        for node in scope.grid_nodes:
            frame.place(node)
        tracks.use(frame)
        self.frame = frame
        for wire in scope.wires:
            wire.points = tracks.points(wire)
        scope.width, scope.height = frame.width, frame.height


def _rises(wire: d.Wire) -> bool:
    event, target = wire.source.node, wire.target.node
    if event is None or event.host is None or target is None or wire.kind != d.SEQUENCE:
        return False
    return target.band == event.host.band and target.row <= event.host.row and not wire.is_back
