"""Lays out a drawing: each scope from the inside out, then pools, lanes and collapsed pools around the content."""

from __future__ import annotations

import itertools

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.choosing import draw_best
from engine.bpmn.layout.columns import assign_columns
from engine.bpmn.layout.frame import HEADER, POOL_GAP
from engine.bpmn.layout.labels import labelled_wire
from engine.bpmn.layout.pools import COLLAPSED_POOL_HEIGHT, ORIGIN, box_pools, choose_exits, choose_sides, share_sides

TITLE, MARKERS = 20, 10  # beside the padding, for the name and the markers of an expanded sub-process


def arrange(drawing: d.Drawing) -> None:
    """Gives every shape, flow and label of the drawing its place."""
    choose_sides(drawing)
    choose_exits(drawing)
    scope = drawing.scope
    _arrange_inside(scope)
    share_sides(drawing)
    draw_best(scope)
    depth = max((band.depth for band in scope.bands), default=0) + (1 if drawing.pools else 0)
    top = ORIGIN.y
    if any(box.side == "top" for box in drawing.black_boxes):
        top += COLLAPSED_POOL_HEIGHT + POOL_GAP
    left = ORIGIN.x + HEADER * depth
    for band in scope.bands:
        band.top += top
        band.bottom += top
    _move(scope, left, top)
    box_pools(drawing, left, scope.width)
    _join_wires(drawing)
    for detail in drawing.details:
        arrange(detail)


def _arrange_inside(scope: d.Scope) -> None:
    """Draws the sub-processes of the scope, which gives them their sizes, and then knows its columns."""
    for node in scope.nodes:
        if node.inner is not None:
            _arrange_inside(node.inner)
            draw_best(node.inner)
            node.width = max(140, node.inner.width)
            node.height = max(100, node.inner.height + TITLE + MARKERS)
    assign_columns(scope)


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
