"""Finds free places for the names of events, gateways, data and flows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.demand import LABEL_GAP
from engine.bpmn.layout.frame import HEADER
from engine.bpmn.layout.text import widths_for

WIDTHS = (90, 74, 60, 46)
TAKEN = 290  # from this cost on a label stands on something


class Obstacles:
    """What a label should not cover: shapes, other labels, wires."""

    def __init__(self, scope: d.Scope, pool_gap: float):
        self.boxes = [node.box for node in scope.nodes]
        self.lines = [(a, b, wire) for wire in scope.wires for a, b in pairwise(wire.points)]
        self.lines += [line for wire in scope.wires for line in _gap_lines(wire, pool_gap)]
        self.borders = sorted({border for band in scope.bands for border in (band.top, band.bottom)})
        self.width, self.height = scope.width, scope.height
        self.headers = HEADER * max((band.depth + (band.pool is not None) for band in scope.bands), default=0)
        is_inside = scope.host is not None
        self.top, self.bottom = (0, scope.height) if is_inside else (-pool_gap, scope.height + pool_gap)

    def cost(self, box: d.Box, own: object = None) -> float:
        cost = sum(1000 + _area(box, other) for other in self.boxes if box.overlaps(other))
        for a, b, owner in self.lines:
            if _touches(box, a, b):
                cost += 400 if owner is not own else 300
        is_message = isinstance(own, d.Wire) and own.kind == d.MESSAGE
        top, bottom = (self.top, self.bottom) if is_message else (0, self.height)
        left = 0 if 0 <= box.y < self.height else -self.headers
        if box.x < left or box.right > self.width or box.y < top or box.bottom > bottom:
            cost += 500
        return cost + 60 * sum(box.y < border < box.bottom for border in self.borders)


def place_labels(scope: d.Scope, pool_gap: float) -> list[d.Node | d.Wire]:
    """Sets the labels of the scope's nodes and of the flows that begin in it; tells which found no free place."""
    crowded: list[d.Node | d.Wire] = []
    obstacles = Obstacles(scope, pool_gap)
    for node in sorted(scope.nodes, key=lambda node: (node.host is not None, -node.x if node.host else 0)):
        if node.label_size is not None:
            node.label, is_free = _best(_node_candidates(node), obstacles, None)
            if not is_free:
                crowded.append(node)
            obstacles.boxes.append(node.label)
    labelled = [wire for wire in scope.wires if wire.flow.label_size and wire is labelled_wire(wire.flow)]
    for wire in sorted(labelled, key=lambda wire: wire.points[0]):
        candidates = chain(_gap_candidates(wire, pool_gap, scope.height), _flow_candidates(wire, scope.wires))
        wire.flow.label, is_free = _best(candidates, obstacles, wire)
        if not is_free:
            crowded.append(wire)
        obstacles.boxes.append(wire.flow.label)
    return crowded


def _gap_lines(wire: d.Wire, pool_gap: float) -> Iterator[tuple[d.Point, d.Point, object]]:
    """The part of a message flow between the content and a collapsed pool."""
    for end, point in ((wire.source, wire.points[0]), (wire.target, wire.points[-1])):
        if end.node is not None and end.node.kind == d.POOL:
            yield point, d.Point(point.x, point.y + (pool_gap if end.node.side == "bottom" else -pool_gap)), wire


def labelled_wire(flow: d.Flow) -> d.Wire:
    """The wire at which the flow's label stands: near the collapsed pool of a message flow, else the first."""
    for wire in flow.wires:
        if any(end.node is not None and end.node.kind == d.POOL for end in (wire.source, wire.target)):
            return wire
    if flow.kind == d.MESSAGE:
        return next(wire for wire in flow.wires if not (wire.source.exit_side or wire.target.exit_side))
    return flow.wires[0]


def _best(candidates: Iterator[tuple[float, d.Box]], obstacles: Obstacles, own: object) -> tuple[d.Box, bool]:
    """The best place, and whether it is free of shapes, wires and other labels."""
    best, best_cost = None, float("inf")
    for liking, box in candidates:
        if liking >= best_cost:
            continue
        cost = liking + obstacles.cost(box.grown(1), own)
        if cost < best_cost:
            best, best_cost = box, cost
    return d.Box(*(round(value) for value in best)), best_cost < TAKEN


def _node_candidates(node: d.Node) -> Iterator[tuple[float, d.Box]]:
    box, (cx, cy) = node.box, node.box.middle
    for rank, (width, height) in enumerate(widths_for(node.name, WIDTHS)):
        base = 12.0 * rank
        right, left = cx + LABEL_GAP, cx - LABEL_GAP - width
        low, high = box.bottom + LABEL_GAP, box.y - LABEL_GAP - height
        yield base, d.Box(cx - width / 2, low, width, height)
        if node.host is not None:
            yield base + 1, d.Box(right, low - 2, width, height)
            yield base + 3, d.Box(left, low - 2, width, height)
            yield base + 8, d.Box(left - 14, low - 2, width, height)
            yield base + 9, d.Box(right + 14, low - 2, width, height)
            continue
        yield base + 4, d.Box(cx - width / 2, high, width, height)
        if node.kind == d.GATEWAY:
            low, high = cy + 14, cy - 14 - height
            yield base + 6, d.Box(left - 8, high, width, height)
            yield base + 7, d.Box(right + 8, high, width, height)
            yield base + 8, d.Box(right + 8, low, width, height)
            yield base + 9, d.Box(left - 8, low, width, height)
        else:
            yield base + 10, d.Box(box.right + LABEL_GAP, cy - height / 2, width, height)
            yield base + 11, d.Box(box.x - LABEL_GAP - width, cy - height / 2, width, height)
        yield base + 12, d.Box(right, box.bottom + 1, width, height)
        yield base + 13, d.Box(left, box.bottom + 1, width, height)
        yield base + 14, d.Box(right, box.y - height - 1, width, height)
        yield base + 15, d.Box(left, box.y - height - 1, width, height)


def _gap_candidates(wire: d.Wire, pool_gap: float, height: float) -> Iterator[tuple[float, d.Box]]:
    """For a message flow to a collapsed pool: between the pools, where nothing else is."""
    pool = next((end.node for end in (wire.source, wire.target) if end.node and end.node.kind == d.POOL), None)
    if pool is None:
        return
    x = wire.exit_x if wire.source.exit_side else (wire.points[0] if wire.source.node is pool else wire.points[-1]).x
    for rank, (width, tall) in enumerate(widths_for(wire.flow.name, WIDTHS[:2])):
        y = (pool_gap - tall) / 2 + (height if pool.side == "bottom" else -pool_gap)
        yield rank, d.Box(x + 6, y, width, tall)
        yield rank + 2, d.Box(x - 6 - width, y, width, tall)


def _flow_candidates(wire: d.Wire, wires: list[d.Wire]) -> Iterator[tuple[float, d.Box]]:
    """Beside the parts of the wire, those near the source first, but after the part it shares with another."""
    away = 0.0
    shared = _shared_start(wire, wires)
    first = 22.0 if wire.flow.is_default else 4.0  # modelers mark the default flow at its beginning
    for number, (a, b) in enumerate(pairwise(wire.points)):
        length = abs(a.x - b.x) + abs(a.y - b.y)
        for rank, (width, height) in enumerate(widths_for(wire.flow.name, WIDTHS)):
            for shift in _shifts(length, first if number == 0 else 4.0):
                base = 6.0 * rank + 0.35 * (away + shift) + 10 * number + (40 if away + shift < shared else 0)
                yield from _beside(a, b, width, height, shift, base)
        away += length


def _shared_start(wire: d.Wire, wires: list[d.Wire]) -> float:
    """How far, in px, the wire runs along another one before it turns off."""
    first, corner = wire.points[0], wire.points[1] if len(wire.points) > 1 else wire.points[0]
    length = abs(first.x - corner.x) + abs(first.y - corner.y)
    for other in wires:
        if other is wire or other.points[0] != first or len(other.points) < 2:
            continue
        end = other.points[1]
        reach = abs(first.x - end.x) + abs(first.y - end.y)
        if (end.x == first.x) == (corner.x == first.x) and reach >= length and other.flow.label_size:
            return length
    return 0.0


def _shifts(length: float, first: float) -> list[float]:
    return [first, *(first + value for value in range(10, int(min(length - first, 400)), 12))]


def _beside(a: d.Point, b: d.Point, width: float, height: float, shift: float, base: float):
    if a.y == b.y:
        step = 1 if b.x >= a.x else -1
        left = a.x + step * shift - (width if step < 0 else 0)
        fits = 0 if shift + width <= abs(a.x - b.x) + 2 else 8
        yield base + fits, d.Box(left, a.y - 3 - height, width, height)
        yield base + fits + 2, d.Box(left, a.y + 3, width, height)
    else:
        step = 1 if b.y >= a.y else -1
        top = a.y + step * shift - (height if step < 0 else 0)
        fits = 0 if shift + height <= abs(a.y - b.y) + 2 else 8
        yield base + fits + 1, d.Box(a.x + 5, top, width, height)
        yield base + fits + 2, d.Box(a.x - 5 - width, top, width, height)


def _touches(box: d.Box, a: d.Point, b: d.Point) -> bool:
    """Whether a line meets the box (slanted lines count with their corner points only)."""
    low_x, high_x = (a.x, b.x) if a.x < b.x else (b.x, a.x)
    low_y, high_y = (a.y, b.y) if a.y < b.y else (b.y, a.y)
    return (low_x < box.right and box.x < high_x and low_y <= box.bottom and box.y <= high_y) or (
        low_x == high_x and box.x < low_x < box.right and low_y < box.bottom and box.y < high_y
    )


def _area(box: d.Box, other: d.Box) -> float:
    width = min(box.right, other.right) - max(box.x, other.x)
    height = min(box.bottom, other.bottom) - max(box.y, other.y)
    return max(0.0, width) * max(0.0, height)
