"""Lays out a drawing: each scope from the inside out, then pools, lanes and collapsed pools around the content."""

from __future__ import annotations

import itertools

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.choosing import draw_best
from engine.bpmn.layout.columns import assign_columns
from engine.bpmn.layout.frame import HEADER, POOL_GAP
from engine.bpmn.layout.labels import labelled_wire

ORIGIN = d.Point(160, 80)
TITLE, MARKERS = 20, 10  # beside the padding, for the name and the markers of an expanded sub-process
COLLAPSED_POOL_HEIGHT = 60


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
    draw_best(scope)


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
    half = (len(ordered) + 1) // 2
    for side, boxes in (("top", ordered[:half]), ("bottom", ordered[half:])):
        for number, box in enumerate(boxes):
            box.side = side
            box.exit_share = (number / len(boxes), (number + 1) / len(boxes))


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
    right = max(left + width, ORIGIN.x + 600)
    for side in ("top", "bottom"):
        boxes = [box for box in drawing.black_boxes if box.side == side]
        boxes.sort(key=lambda box: box.exit_share)
        edges = [ORIGIN.x, *_borders(boxes, drawing, right), right]
        for box, start, end in zip(boxes, edges, edges[1:], strict=False):
            box.x = start + (10 if start > ORIGIN.x else 0)
            box.width, box.height = end - box.x - (10 if end < right else 0), COLLAPSED_POOL_HEIGHT
            box.y = top - POOL_GAP - box.height if side == "top" else bottom + POOL_GAP


def _borders(boxes: list[d.Node], drawing: d.Drawing, right: float) -> list[float]:
    """Where one collapsed pool ends and the next on the same side begins: between their message flows."""
    meetings: dict[d.Node, list[float]] = {box: [] for box in boxes}
    for wire in drawing.scope.wires:
        for end, point in ((wire.source, wire.points[0]), (wire.target, wire.points[-1])):
            if end.node in meetings:
                meetings[end.node].append(point.x)
    borders = []
    for number in range(1, len(boxes)):
        before = [x for box in boxes[:number] for x in meetings[box]]
        after = [x for box in boxes[number:] for x in meetings[box]]
        even = ORIGIN.x + (right - ORIGIN.x) * number / len(boxes)
        low, high = max(before, default=ORIGIN.x + 80), min(after, default=right - 80)
        borders.append(even if low + 30 < even < high - 30 else (low + high) / 2)
    return borders


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
