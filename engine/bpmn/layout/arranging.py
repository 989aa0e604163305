"""Lays out a drawing: each scope from the inside out, then pools, lanes and collapsed pools around the content."""

from __future__ import annotations

import itertools

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.columns import assign_columns
from engine.bpmn.layout.frame import COLUMN_GAP, HEADER, LABEL_GAP, POOL_GAP, Demand, Frame
from engine.bpmn.layout.grid import Grid
from engine.bpmn.layout.labels import labelled_wire, place_labels
from engine.bpmn.layout.routing import Path, Router
from engine.bpmn.layout.rows import TASTES, Taste, assign_rows
from engine.bpmn.layout.text import label_size
from engine.bpmn.layout.tracks import Tracks

ORIGIN = d.Point(160, 80)
TITLE, MARKERS = 20, 10  # beside the padding, for the name and the markers of an expanded sub-process
COLLAPSED_POOL_HEIGHT = 60
LABEL_ROUNDS = 4


def arrange(drawing: d.Drawing) -> None:
    """Gives every shape, flow and label of the drawing its place."""
    _choose_pool_sides(drawing)
    _choose_exit_sides(drawing)
    scope = drawing.scope
    _arrange_scope(scope)
    depth = max((band.depth for band in scope.bands), default=0) + (1 if drawing.pools else 0)
    top = ORIGIN.y
    if any(box.side == "top" for box in drawing.black_boxes):
        top += COLLAPSED_POOL_HEIGHT + POOL_GAP
    left = ORIGIN.x + HEADER * depth
    for band in scope.bands:
        band.top += top
        band.bottom += top
    _move(scope, left, top)
    _box_pools(drawing, left, scope.width)
    _join_wires(drawing)
    for detail in drawing.details:
        arrange(detail)


def _arrange_scope(scope: d.Scope) -> None:
    for node in scope.nodes:
        if node.inner is not None:
            _arrange_scope(node.inner)
            node.width = max(140, node.inner.width)
            node.height = max(100, node.inner.height + TITLE + MARKERS)
    assign_columns(scope)
    tries = [_Try(scope, taste) for taste in TASTES[: _number_of_tries(scope)]]
    best = min(tries, key=lambda one: one.cost)
    best.draw()


def _number_of_tries(scope: d.Scope) -> int:
    """Small scopes are drawn in several ways, of which the best stays."""
    return len(TASTES) if len(scope.wires) <= 120 else 3 if len(scope.wires) <= 200 else 1


class _Try:
    """One way to draw a scope: rows, paths and what they cost."""

    def __init__(self, scope: d.Scope, taste: Taste):
        self.scope = scope
        for node in scope.grid_nodes:
            if node.is_event_sub_process or node.is_artifact:
                node.column = 0
        scope.column_count = max((node.last_column + 1 for node in scope.grid_nodes if node.is_on_flow), default=0)
        assign_rows(scope, taste)
        self.cells = {node: (node.column, node.columns, node.row, node.band) for node in scope.grid_nodes}
        self.bands = [(band.first_row, band.row_count) for band in scope.bands]
        self.column_count = scope.column_count
        self.grid = Grid(scope)
        demand = Demand()
        _demand_for_labels(scope, demand, {})
        frame = Frame(self.grid, demand)
        for node in scope.grid_nodes:
            frame.place(node)
        self.paths = Router(self.grid, frame).route(scope.wires)
        self.cost = sum(path.cost for path in self.paths.values()) + frame.height + frame.width / 4

    def draw(self) -> None:
        """Gives the scope's nodes and wires the places of this try."""
        scope = self.scope
        for node, cell in self.cells.items():
            node.column, node.columns, node.row, node.band = cell
        for band, rows in zip(scope.bands, self.bands, strict=True):
            band.first_row, band.row_count = rows
        scope.column_count = self.column_count
        demand = Demand()
        _demand_for_labels(scope, demand, self.paths)
        for _ in range(LABEL_ROUNDS):
            self._measure(demand)
            crowded = place_labels(scope, POOL_GAP)
            if not crowded:
                break
            _widen(demand, crowded, self.paths)

    def _measure(self, demand: Demand) -> None:
        scope = self.scope
        tracks = Tracks(self.grid, Frame(self.grid, demand), self.paths, demand)
        tracks.settle()
        frame = Frame(self.grid, demand)
        for node in scope.grid_nodes:
            frame.place(node)
        tracks.use(frame)
        for wire in scope.wires:
            wire.points = tracks.points(wire)
        scope.width, scope.height = frame.width, frame.height


def _widen(demand: Demand, crowded: list[d.Node | d.Wire], paths: dict[d.Wire, Path]) -> None:
    """More room where names had to stand on wires or shapes."""
    for thing in crowded:
        if isinstance(thing, d.Node):
            host = thing.anchor
            if thing.host is None:
                demand.beside[host] = max(demand.beside.get(host, 0), thing.label_size[0] + 3 * LABEL_GAP)
            else:
                away = abs(thing.box.middle[0] - host.box.middle[0])
                room = away + min(thing.label_size[0], 60) + 2 * LABEL_GAP
                demand.beside[host] = max(demand.beside.get(host, 0), room)
            continue
        start = paths[thing].start
        width = label_size(thing.flow.name, 74)[0]
        if start.node is None or start.node.kind == d.POOL:
            continue
        if start.side == "right":
            line = 2 * start.node.last_column + 2
            demand.channel_width[line] = max(demand.channel_width.get(line, 0), COLUMN_GAP) + 30
        elif start.node.host is None:
            demand.beside[start.node] = max(demand.beside.get(start.node, 0), width + 3 * LABEL_GAP)


def _demand_for_labels(scope: d.Scope, demand: Demand, paths: dict[d.Wire, Path]) -> None:
    """Room for names under or over their shapes, and for the names of flows where they leave a gateway."""
    docked = {(dock.node, dock.side) for path in paths.values() for dock in (path.start, path.end)}
    for node in scope.nodes:
        if node.label_size is None:
            continue
        room = node.height / 2 + LABEL_GAP + node.label_size[1]
        if node.host is not None:
            host = node.host
            demand.below[host] = max(demand.below.get(host, 0), host.height / 2 + room)
        elif (node, "bottom") not in docked:
            demand.below[node] = room
        elif (node, "top") not in docked:
            demand.above[node] = room
        else:
            demand.beside[node] = min(node.label_size[0], 74) + LABEL_GAP
            demand.above[node] = 14 + node.label_size[1]
    for node in scope.grid_nodes:
        if node.attached:
            demand.below[node] = max(demand.below.get(node, 0), node.height / 2 + 18)
    for wire, path in paths.items():
        if wire.flow.label_size is None or path.start.node is None or wire.kind != d.SEQUENCE:
            continue
        node, side = path.start.node, path.start.side
        width, height = min((label_size(wire.flow.name, limit) for limit in (90, 74)), key=lambda size: size[1])
        if side == "right":
            line = 2 * node.last_column + 2
            demand.channel_width[line] = max(
                demand.channel_width.get(line, 0), width + (40 if wire.flow.is_default else 20)
            )
        elif node.host is None:
            room = demand.below if side == "bottom" else demand.above
            room[node] = max(room.get(node, 0), node.height / 2 + 6 + height)


def _move(scope: d.Scope, dx: float, dy: float) -> None:
    for node in scope.nodes:
        node.x += dx
        node.y += dy
        if node.label is not None:
            node.label = node.label.moved(dx, dy)
        if node.inner is not None:
            spare_x = (node.width - node.inner.width) / 2
            spare_y = (node.height - node.inner.height - TITLE - MARKERS) / 2
            _move(node.inner, node.x + spare_x, node.y + TITLE + spare_y)
    labelled = {id(wire.flow): wire.flow for wire in scope.wires}
    for wire in scope.wires:
        wire.points = [d.Point(x + dx, y + dy) for x, y in wire.points]
    for flow in labelled.values():
        if flow.label is not None and labelled_wire(flow) in scope.wires:
            flow.label = flow.label.moved(dx, dy)


def _join_wires(drawing: d.Drawing) -> None:
    for flow in drawing.flows:
        points: list[d.Point] = []
        for wire in flow.wires:
            if points and wire.source.exit_side is None and wire.source.inner is not None:
                points[-1] = wire.points[0]
                points.extend(wire.points[1:])
            elif points:
                points.extend(wire.points[1:])
            else:
                points.extend(wire.points)
        for end, last in ((flow.source, 0), (flow.target, -1)):
            if end is not None and end.kind == d.POOL and points:
                edge = end.y + end.height if end.side == "top" else end.y
                points[last] = d.Point(points[last].x, edge)
        if flow.target_flow is not None:
            points = _to_flow(flow)
        flow.points = points


def _to_flow(flow: d.Flow) -> list[d.Point]:
    """From an annotation straight to the middle of the flow it explains."""
    points = flow.target_flow.points
    if len(points) < 2:
        return []
    a, b = max(itertools.pairwise(points), key=lambda pair: abs(pair[0].x - pair[1].x))
    goal = d.Point((a.x + b.x) / 2, (a.y + b.y) / 2)
    box = flow.source.box
    start = d.Point(box.middle[0], box.bottom if goal.y > box.middle[1] else box.y)
    return [start, goal]


# --- pools ------------------------------------------------------------------------------------------------------


def _choose_pool_sides(drawing: d.Drawing) -> None:
    """Collapsed pools stand where their message flows are short: above, below, or one on each side."""
    count = max(len(drawing.scope.bands) - 1, 1)
    heights = {}
    for box in drawing.black_boxes:
        bands = [
            _outermost(other, drawing.scope).anchor.band / count
            for flow in drawing.flows
            if flow.kind == d.MESSAGE and flow.target is not None
            for one, other in ((flow.source, flow.target), (flow.target, flow.source))
            if one is box and other.kind != d.POOL
        ]
        heights[box] = sum(bands) / len(bands) if bands else 0.5
    ordered = sorted(drawing.black_boxes, key=lambda box: heights[box])
    if len(ordered) == 1:
        ordered[0].side = "top" if heights[ordered[0]] <= 0.6 else "bottom"
        return
    for index, box in enumerate(ordered):
        box.side = "top" if index < (len(ordered) + 1) // 2 else "bottom"


def _outermost(node: d.Node, top: d.Scope) -> d.Node:
    while node.scope is not None and node.scope.host is not None and node.scope is not top:
        node = node.scope.host
    return node


def _choose_exit_sides(drawing: d.Drawing) -> None:
    for flow in drawing.flows:
        if len(flow.wires) < 2 or flow.target is None:
            continue
        for wire in flow.wires:
            end = wire.source if wire.source.exit_side else wire.target
            if not end.exit_side:
                continue
            outward = end is wire.target
            own, other = (flow.source, flow.target) if outward else (flow.target, flow.source)
            if other.kind == d.POOL:
                end.exit_side = other.side
            else:
                here, there = _outermost(own, drawing.scope), _outermost(other, drawing.scope)
                end.exit_side = "top" if there.anchor.band < here.anchor.band else "bottom"


def _box_pools(drawing: d.Drawing, left: float, width: float) -> None:
    for pool in drawing.pools:
        top, bottom = pool.bands[0].top, pool.bands[-1].bottom
        pool.box = d.Box(ORIGIN.x, top, left + width - ORIGIN.x, bottom - top)
    if not drawing.black_boxes:
        return
    top = drawing.scope.bands[0].top if drawing.scope.bands else ORIGIN.y
    bottom = drawing.scope.bands[-1].bottom if drawing.scope.bands else ORIGIN.y
    for side in ("top", "bottom"):
        boxes = [box for box in drawing.black_boxes if box.side == side]
        for number, box in enumerate(boxes):
            whole = max(left + width - ORIGIN.x, 600)
            share = (whole - 20 * (len(boxes) - 1)) / len(boxes)
            box.width, box.height = share, COLLAPSED_POOL_HEIGHT
            box.x = ORIGIN.x + number * (share + 20)
            box.y = top - POOL_GAP - box.height if side == "top" else bottom + POOL_GAP


def lane_boxes(drawing: d.Drawing) -> list[tuple[d.Lane, d.Box]]:
    """The lanes with their boxes; a nested lane stands right of its parent's header."""
    found = []
    scope = drawing.scope
    depth = max((band.depth for band in scope.bands), default=0) + (1 if drawing.pools else 0)
    right = ORIGIN.x + HEADER * depth + scope.width
    groups = [(pool.lanes, 1) for pool in drawing.pools] + [(drawing.lanes, 0)]
    for lanes, offset in groups:
        for lane in lanes:
            x = ORIGIN.x + HEADER * (lane.depth + offset)
            top, bottom = lane.bands[0].top, lane.bands[-1].bottom
            found.append((lane, d.Box(x, top, right - x, bottom - top)))
    return found
