"""What wires and names need beyond the least measures of rows, columns and channels."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.paths import Path
from engine.bpmn.layout.text import label_size

COLUMN_GAP = 50
LABEL_GAP = 4


@dataclass
class Demand:
    """What wires and labels need beyond the least measures, by line of the grid."""

    channel_tracks: dict[int, int] = field(default_factory=dict)  # vertical line → tracks
    channel_width: dict[int, float] = field(default_factory=dict)  # vertical line → px
    line_tracks: dict[int, int] = field(default_factory=dict)  # horizontal line → tracks
    above: dict[d.Node, float] = field(default_factory=dict)  # room over the node's centre
    below: dict[d.Node, float] = field(default_factory=dict)  # room under the node's centre
    beside: dict[d.Node, float] = field(default_factory=dict)  # half width about the node's centre


def demand_for_labels(scope: d.Scope, demand: Demand, paths: dict[d.Wire, Path]) -> None:
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
            room[node] = max(room.get(node, 0), node.height / 2 + (26 if wire.flow.is_default else 6) + height)


def widen(demand: Demand, crowded: list[d.Node | d.Wire], paths: dict[d.Wire, Path]) -> None:
    """More room where names had to stand on wires or shapes."""
    for thing in crowded:
        if isinstance(thing, d.Node):
            host = thing.anchor
            if thing.host is None:
                demand.beside[host] = max(demand.beside.get(host, 0), thing.label_size[0] + 3 * LABEL_GAP)
            else:
                away = abs(thing.box.middle[0] - host.box.middle[0])
                room = away + min(thing.label_size[0], 60) + 2 * LABEL_GAP
                demand.beside[host] = max(demand.beside.get(host, 0) + 30, room)
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
