"""Turns paths over the grid into waypoints: wires that share a channel get tracks of their own."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.demand import Demand
from engine.bpmn.layout.frame import TRACK, Frame
from engine.bpmn.layout.grid import ROW, Grid
from engine.bpmn.layout.paths import HORIZONTAL, VERTICAL, Dock, Path

SWEEPS = 3
APART = 12  # wires on one track keep this distance along it
OVERLAP = 9.0  # how much worse it is to run along another wire than to cross it


@dataclass(eq=False)
class Segment:
    """A straight part of a wire on one line of the grid."""

    wire: d.Wire
    direction: int
    line: int
    first: int  # index of the crossing line where it begins, in wire order
    last: int
    dock: Dock | None = None  # it ends at a shape, which fixes its position
    before: Segment | None = None
    after: Segment | None = None
    track: int = 0
    offset: float = 0
    position: float = 0
    start_at: float = 0  # where a docked segment touches its shapes, along the line
    end_at: float = 0

    @property
    def begin(self) -> float:
        return self.before.position if self.before else self.start_at

    @property
    def end(self) -> float:
        return self.after.position if self.after else self.end_at

    @property
    def low(self) -> float:
        return min(self.begin, self.end)

    @property
    def high(self) -> float:
        return max(self.begin, self.end)

    def turns(self) -> list[tuple[float, float, bool]]:
        """Where it turns, to which side (-1 left or up, 1 right or down), and whether onto a fixed position."""
        found = []
        for neighbour, place in ((self.before, self.begin), (self.after, self.end)):
            if neighbour is not None:
                far = neighbour.begin if neighbour is self.before else neighbour.end
                side = -1.0 if far < self.position else 1.0
                found.append((place, side, neighbour.dock is not None))
        return found


class Tracks:
    """All segments of a scope; `settle` gives them tracks, `points` the resulting waypoints."""

    def __init__(self, grid: Grid, frame: Frame, paths: dict[d.Wire, Path], demand: Demand):
        self.grid = grid
        self.frame = frame
        self.demand = demand
        self.paths = paths
        self.chains: dict[d.Wire, list[Segment]] = {}
        self.groups: dict[tuple[int, int], list[Segment]] = defaultdict(list)
        self.counts: dict[tuple[int, int], int] = {}
        for wire, path in paths.items():
            self.chains[wire] = self._chain(wire, path)
            for segment in self.chains[wire]:
                self.groups[segment.direction, segment.line].append(segment)

    # --- cutting paths into segments ------------------------------------------------------------------------------

    def _chain(self, wire: d.Wire, path: Path) -> list[Segment]:
        corners = _corners(path.points)
        segments = [self._segment(wire, a, b) for a, b in itertools.pairwise(corners)]
        segments[0].dock = path.start
        if len(segments) == 1 and path.end.node is not None and path.start.node is not None:
            apart = abs(self._dock_position(path.start) - self._dock_position(path.end)) > 0.5
            if apart and path.end.node.kind != d.POOL and path.start.node.kind != d.POOL:
                segments = self._jog(wire, segments[0])
                segments[0].dock = path.start
        segments[-1].dock = _firmer(segments[-1].dock, path.end)
        for one, other in itertools.pairwise(segments):
            one.after, other.before = other, one
        return segments

    def _segment(self, wire: d.Wire, a: int, b: int) -> Segment:
        width = self.grid.width
        if a // width == b // width:
            return Segment(wire, HORIZONTAL, a // width, a % width, b % width)
        return Segment(wire, VERTICAL, a % width, a // width, b // width)

    def _jog(self, wire: d.Wire, segment: Segment) -> list[Segment]:
        """A straight vertical between two docks that are not exactly above each other steps aside once."""
        step = 1 if segment.last > segment.first else -1
        lines = [j for j in range(segment.first + step, segment.last, step) if self.grid.kinds[j] != ROW]
        middle = lines[len(lines) // 2]
        i = segment.line
        return [
            Segment(wire, VERTICAL, i, segment.first, middle),
            Segment(wire, HORIZONTAL, middle, i, i),
            Segment(wire, VERTICAL, i, middle, segment.last),
        ]

    # --- positions ------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Orders the segments in every channel so that few cross, and tells the demand how many tracks it takes."""
        self._update_positions()
        for _ in range(SWEEPS):
            for direction in (VERTICAL, HORIZONTAL):
                for (one, line), segments in self.groups.items():
                    if one == direction and self._is_channel(direction, line):
                        self._order(segments)
                self._update_positions()
        for direction in (VERTICAL, HORIZONTAL):
            for (one, line), segments in self.groups.items():
                if one == direction and not self._is_channel(direction, line):
                    self._step_aside(segments)
        for (direction, line), segments in self.groups.items():
            count = self.counts.get((direction, line), 0)
            demand = self.demand.channel_tracks if direction == VERTICAL else self.demand.line_tracks
            if segments:
                demand[line] = max(demand.get(line, 0), count)

    def _is_channel(self, direction: int, line: int) -> bool:
        return line % 2 == 0 if direction == VERTICAL else self.grid.kinds[line] != ROW

    def use(self, frame: Frame) -> None:
        """Takes the measures of a new frame over."""
        self.frame = frame
        self._update_positions()

    def _update_positions(self) -> None:
        for wire, chain in self.chains.items():
            path = self.paths[wire]
            for segment in chain:
                segment.position = self._position(segment)
            chain[0].start_at = self._touch(path.start)
            chain[-1].end_at = self._touch(path.end)

    def _position(self, segment: Segment) -> float:
        if segment.dock is not None and not _is_open(segment.dock):
            return self._dock_position(segment.dock)
        frame = self.frame
        if segment.direction == VERTICAL:
            low, high = frame.left[segment.line], frame.right[segment.line]
            middle = (low + high) / 2
        else:
            low, high = frame.top[segment.line], frame.bottom[segment.line]
            middle = frame.middle[segment.line]
        if self._is_channel(segment.direction, segment.line):
            count = self.counts.get((segment.direction, segment.line), 1)
            return round(low + (high - low) * (segment.track + 1) / (count + 1))
        return middle + segment.offset

    def _dock_position(self, dock: Dock) -> float:
        """x of a vertical, y of a horizontal wire at the dock."""
        node = dock.node
        if node.host is not None:
            self.frame.place(node.host)
        else:
            self.frame.place(node)
        x, y = node.box.middle
        return y if dock.direction == HORIZONTAL else x + dock.offset

    def _touch(self, dock: Dock) -> float:
        """Where along the wire's direction the shape (or the scope's edge) begins."""
        if _is_open(dock):
            return self.frame.top[0] if dock.side == "top" else self.frame.bottom[self.grid.height - 1]
        box = dock.node.box
        return {"left": box.x, "right": box.right, "top": box.y, "bottom": box.bottom}[dock.side]

    # --- order within a channel -----------------------------------------------------------------------------------

    def _order(self, segments: list[Segment]) -> None:
        count = len(segments)
        costs = [[0.0] * count for _ in range(count)]
        for a in range(count):
            for b in range(count):
                if a != b and _overlap(segments[a], segments[b]):
                    costs[a][b] = _cost_of_order(segments[a], segments[b])
        order = _cheap_order(costs)
        tracks = 0
        for place, index in enumerate(order):
            segment = segments[index]
            below = [segments[other].track for other in order[:place] if _overlap(segments[other], segment)]
            segment.track = max(below, default=-1) + 1
            tracks = max(tracks, segment.track + 1)
        if segments:
            self.counts[segments[0].direction, segments[0].line] = tracks

    def _step_aside(self, segments: list[Segment]) -> None:
        """On row and column lines docked segments stay; others make way where they would cover one another."""
        placed = [segment for segment in segments if segment.dock is not None and not _is_open(segment.dock)]
        for segment in segments:
            if segment in placed:
                continue
            base = segment.position - segment.offset
            for offset in (0, TRACK, -TRACK, 2 * TRACK, -2 * TRACK, 3 * TRACK, -3 * TRACK):
                near = (other for other in placed if abs(other.position - base - offset) < TRACK - 1)
                if not any(_overlap(segment, other) for other in near):
                    segment.offset = offset
                    break
            segment.position = base + segment.offset
            placed.append(segment)

    # --- result ---------------------------------------------------------------------------------------------------

    def points(self, wire: d.Wire) -> list[d.Point]:
        chain = self.chains[wire]
        found = []
        first = chain[0]
        found.append(_point(first, first.start_at))
        found.extend(_point(segment, segment.end) for segment in chain)
        return simplified(found)


def simplified(points: list[d.Point]) -> list[d.Point]:
    """Without repeated points and points within a straight line."""
    result: list[d.Point] = []
    for point in points:
        if result and abs(result[-1].x - point.x) < 0.01 and abs(result[-1].y - point.y) < 0.01:
            continue
        if len(result) > 1:
            a, b = result[-2], result[-1]
            if (a.x == b.x == point.x) or (a.y == b.y == point.y):
                result[-1] = point
                continue
        result.append(point)
    return result


def _point(segment: Segment, along: float) -> d.Point:
    if segment.direction == VERTICAL:
        return d.Point(segment.position, along)
    return d.Point(along, segment.position)


def _is_open(dock: Dock) -> bool:
    return dock.node is None or dock.node.kind == d.POOL


def _firmer(one: Dock | None, other: Dock) -> Dock:
    """The dock that fixes the position of a segment which has both."""
    return other if one is None or _is_open(one) else one


def _corners(points: list[int]) -> list[int]:
    corners = [points[0]]
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        if b - a != c - b:
            corners.append(b)
    corners.append(points[-1])
    return corners


def _overlap(one: Segment, other: Segment) -> bool:
    return one.low < other.high + APART and other.low < one.high + APART


def _cost_of_order(first: Segment, second: Segment) -> float:
    """What it costs to have `first` left of (above) `second`: crossings, and runs along each other."""
    cost = 0.0
    for place, side, fixed in first.turns():
        if side > 0:
            cost += _meeting(place, fixed, second, -1.0)
    for place, side, fixed in second.turns():
        if side < 0:
            cost += _meeting(place, fixed, first, 1.0)
    return cost


def _meeting(place: float, fixed: bool, other: Segment, facing: float) -> float:
    """What a turn at `place` costs that leads over `other`."""
    if other.low + 0.5 < place < other.high - 0.5:
        return 1.0
    for turn, side, other_fixed in other.turns():
        if abs(turn - place) <= 0.5:
            if side == facing:
                return OVERLAP if fixed and other_fixed else 1.0
            return 0.3 if fixed and other_fixed else 0.5
    return 0.0


def _cheap_order(costs: list[list[float]]) -> list[int]:
    """An order with a small sum of costs[a][b] over all a before b: best insertion, then neighbours swapped."""
    order: list[int] = []
    for new in range(len(costs)):
        total = sum(costs[new][other] for other in order)
        best, best_place = total, 0
        for place, other in enumerate(order, 1):
            total += costs[other][new] - costs[new][other]
            if total < best - 1e-9:
                best, best_place = total, place
        order.insert(best_place, new)
    for _ in range(len(order)):
        changed = False
        for place in range(len(order) - 1):
            a, b = order[place], order[place + 1]
            if costs[b][a] < costs[a][b] - 1e-9:
                order[place], order[place + 1] = b, a
                changed = True
        if not changed:
            break
    return order
