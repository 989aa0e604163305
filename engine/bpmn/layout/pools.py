"""Places pools and lanes around the content: expanded pools as bands, collapsed ones above and below."""

from __future__ import annotations

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.frame import HEADER, POOL_GAP

ORIGIN = d.Point(160, 80)
COLLAPSED_POOL_HEIGHT = 60


def choose_sides(drawing: d.Drawing) -> None:
    """Collapsed pools stand where their message flows are short: above, below, or one on each side."""
    count = max(len(drawing.scope.bands) - 1, 1)
    heights = {}
    for box in drawing.black_boxes:
        bands = [_outermost(node, drawing.scope).anchor.band / count for node in _partners(box, drawing)]
        heights[box] = sum(bands) / len(bands) if bands else 0.5
    ordered = sorted(drawing.black_boxes, key=lambda box: heights[box])
    if len(ordered) == 1:
        ordered[0].side = "top" if heights[ordered[0]] <= 0.6 else "bottom"
        return
    half = (len(ordered) + 1) // 2
    for side, boxes in (("top", ordered[:half]), ("bottom", ordered[half:])):
        for box in boxes:
            box.side = side


def share_sides(drawing: d.Drawing) -> None:
    """Collapsed pools on the same side stand next to each other, each over the columns that it talks to."""
    columns = {
        box: [_outermost(node, drawing.scope).anchor.column for node in _partners(box, drawing)]
        for box in drawing.black_boxes
    }
    for side in ("top", "bottom"):
        boxes = [box for box in drawing.black_boxes if box.side == side]
        boxes.sort(key=lambda box: sum(columns[box]) / len(columns[box]) if columns[box] else 0)
        first = 0
        for number, box in enumerate(boxes):
            before = [column for one in boxes[: number + 1] for column in columns[one]]
            after = [column for one in boxes[number + 1 :] for column in columns[one]]
            last = 2 * drawing.scope.column_count + 1
            if number + 1 < len(boxes):
                last = max(first + 2, max(before, default=0) + min(after, default=max(before, default=0) + 1) + 1)
            box.exit_lines = (first, last)
            first = last


def _partners(box: d.Node, drawing: d.Drawing) -> list[d.Node]:
    return [
        other
        for flow in drawing.flows
        if flow.kind == d.MESSAGE and flow.target is not None
        for one, other in ((flow.source, flow.target), (flow.target, flow.source))
        if one is box and other.kind != d.POOL
    ]


def _outermost(node: d.Node, top: d.Scope) -> d.Node:
    while node.scope is not None and node.scope.host is not None and node.scope is not top:
        node = node.scope.host
    return node


def choose_exits(drawing: d.Drawing) -> None:
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


def box_pools(drawing: d.Drawing, left: float, width: float) -> None:
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
        boxes.sort(key=lambda box: box.exit_lines)
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
