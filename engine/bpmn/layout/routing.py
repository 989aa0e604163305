"""Finds the way of each wire over the grid: short, few bends, few crossings, never through a node."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.frame import Frame
from engine.bpmn.layout.grid import OUTSIDE, ROW, Grid
from engine.bpmn.layout.paths import HORIZONTAL, VERTICAL, Dock, Path

LENGTH = 0.25  # per px
BEND = 50
CROSSING = 80
TOUCH = 12
SHARED_LINE = 260  # running along another wire on a row or column line
CHANNEL_SHARE = 3
OPPOSITE_USE = 400
SAME_USE_OUT, SAME_USE_IN = 90, 25


class Router:
    def __init__(self, grid: Grid, frame: Frame):
        self.grid = grid
        self.frame = frame
        size = grid.width * grid.height
        self.x = [frame.line_x(i) for i in range(grid.width)]
        self.y = frame.middle
        self.through = ([0] * size, [0] * size)  # wires that pass straight, by direction
        self.bends = [0] * size
        self.use = ([0] * size, [0] * size)  # wires on the unit to the right of, or below, the point
        self.outgoing: dict[tuple, int] = defaultdict(int)
        self.incoming: dict[tuple, int] = defaultdict(int)
        self.paths: dict[d.Wire, Path] = {}
        self.steps = self._steps()

    def route(self, wires: list[d.Wire]) -> dict[d.Wire, Path]:
        """A path for every wire; later passes let each wire react to all the others."""
        ordered = sorted(wires, key=self._priority)
        for wire in ordered:
            self._add(wire, self._find(wire))
        passes = 2 if len(wires) <= 120 else 1 if len(wires) <= 200 else 0
        for _ in range(passes):
            changed = False
            for wire in ordered:
                old = self.paths[wire]
                self._remove(wire)
                new = self._find(wire)
                changed |= new.points != old.points
                self._add(wire, new)
            if not changed:
                break
        return self.paths

    def fits(self, frame: Frame) -> bool:
        """Whether fixed docks on wide nodes still meet the columns in which their wires run."""
        docks = (dock for path in self.paths.values() for dock in (path.start, path.end))
        for dock in docks:
            node = dock.node
            if node is None or node.kind == d.POOL or dock.direction == HORIZONTAL or node.anchor.columns == 1:
                continue
            x = frame.node_middle(node.anchor) + dock.offset
            if node.host is None and dock.side == "bottom" and _meets_event(frame, node, x):
                return False
            if node.host is not None:
                x += frame.attachments(node.host)[node.host.attached.index(node)] - node.host.width / 2
            column = dock.cell % self.grid.width // 2
            left, right = frame.left[2 * column], frame.right[2 * column + 2]
            if not left <= x <= right:
                return False
        return True

    def _priority(self, wire: d.Wire) -> tuple:
        source, target = wire.source.node, wire.target.node
        length = abs(source.anchor.column - target.anchor.column) if source and target else 0
        kind = {d.SEQUENCE: 0, d.MESSAGE: 1, d.ASSOCIATION: 2}[wire.kind]
        straight = bool(source and target and source.anchor.row == target.anchor.row and not source.host)
        return kind, wire.is_back, not (wire.is_main and straight), not straight, not wire.is_main, length

    # --- bookkeeping ----------------------------------------------------------------------------------------------

    def _add(self, wire: d.Wire, path: Path) -> None:
        self.paths[wire] = path
        self._count(path, 1)

    def _remove(self, wire: d.Wire) -> None:
        self._count(self.paths.pop(wire), -1)

    def _count(self, path: Path, step: int) -> None:
        self.outgoing[path.start.key] += step
        self.incoming[path.end.key] += step
        points = path.points
        for a, b in itertools.pairwise(points):
            direction = HORIZONTAL if abs(a - b) == 1 else VERTICAL
            self.use[direction][min(a, b)] += step
        for a, b, c in zip(points, points[1:], points[2:], strict=False):
            if b - a == c - b:
                self.through[HORIZONTAL if abs(a - b) == 1 else VERTICAL][b] += step
            else:
                self.bends[b] += step

    # --- docks ----------------------------------------------------------------------------------------------------

    def _docks(self, wire: d.Wire, end: d.End, is_source: bool) -> list[Dock]:
        if end.exit_side or (end.node is not None and end.node.kind == d.POOL):
            return self._exits(end)
        node = end.node
        if end.inner is not None:
            return self._port(wire, node, end.inner)
        if node.host is not None:
            return [self._attached_dock(node)]
        costs = _side_costs(wire, node, is_source)
        docks = []
        for side, cost in costs.items():
            for dock in self._side(node, side, wire.kind):
                used = self._used(dock, is_source)
                docks.append(Dock(node, side, dock.cell, dock.free, dock.offset, dock.cost + cost + used))
        return docks

    def _used(self, dock: Dock, is_source: bool) -> float:
        same, other = (self.outgoing, self.incoming) if is_source else (self.incoming, self.outgoing)
        price = SAME_USE_OUT if is_source else SAME_USE_IN
        return price * same[dock.key] + (OPPOSITE_USE if other[dock.key] else 0)

    def _side(self, node: d.Node, side: str, kind: str) -> list[Dock]:
        grid = self.grid
        middle = grid.middle_line(node)
        if side == "left":
            cell = grid.point(2 * node.column + 1, middle)
            return [Dock(node, side, cell, cell - 1)]
        if side == "right":
            cell = grid.point(2 * node.last_column + 1, middle)
            return [Dock(node, side, cell, cell + 1)]
        line = grid.top_line(node) if side == "top" else grid.bottom_line(node)
        step = -grid.width if side == "top" else grid.width
        docks = []
        for column in self._columns_to_meet(node):
            cell = grid.point(2 * column + 1, line)
            away = abs(column - (node.column + node.last_column) / 2)
            docks.append(Dock(node, side, cell, cell + step, self._offset(node, column), 4 * away))
        if kind == d.MESSAGE and node.kind == d.TASK:
            cell = docks[0].cell
            docks += [Dock(node, side, cell, cell + step, offset, 6) for offset in (-20, 20)]
        if side == "bottom" and node.attached:
            places = [place - node.width / 2 for place in self.frame.attachments(node)]
            docks = [dock for dock in docks if all(abs(dock.offset - place) > 22 for place in places)]
        return docks

    def _columns_to_meet(self, node: d.Node) -> list[int]:
        """The columns whose middle is within reach of the node's upper and lower side."""
        columns = range(node.column, node.last_column + 1)
        within = [column for column in columns if abs(self._from_middle(node, column)) < node.width / 2 - 15]
        return within or [min(columns, key=lambda column: abs(self._from_middle(node, column)))]

    def _from_middle(self, node: d.Node, column: int) -> float:
        return self.frame.column_middle(column) - self.frame.node_middle(node)

    def _offset(self, node: d.Node, column: int) -> float:
        """A wide node is met where the middle of the column meets it."""
        away = self._from_middle(node, column)
        return away if node.columns > 1 and abs(away) < node.width / 2 - 15 else 0

    def _attached_dock(self, event: d.Node) -> Dock:
        host = event.host
        offset = self.frame.attachments(host)[host.attached.index(event)] - host.width / 2
        column = self.frame.column_at(self.frame.node_middle(host) + offset)
        column = min(max(column, host.column), host.last_column)
        cell = self.grid.point(2 * column + 1, self.grid.bottom_line(host))
        return Dock(event, "bottom", cell, cell + self.grid.width, 0)

    def _port(self, wire: d.Wire, node: d.Node, inner: d.Wire) -> list[Dock]:
        side = inner.source.exit_side or inner.target.exit_side
        x = self.frame.node_middle(node) - node.inner.width / 2 + inner.exit_x
        column = min(max(self.frame.column_at(x), node.column), node.last_column)
        line = self.grid.top_line(node) if side == "top" else self.grid.bottom_line(node)
        cell = self.grid.point(2 * column + 1, line)
        step = -self.grid.width if side == "top" else self.grid.width
        return [Dock(node, side, cell, cell + step, inner.exit_x - node.inner.width / 2)]

    def _exits(self, end: d.End) -> list[Dock]:
        side = end.exit_side or end.node.side
        line = 0 if side == "top" else self.grid.height - 1
        step = self.grid.width if side == "top" else -self.grid.width
        docks = []
        first, last = end.node.exit_lines if end.node is not None else (0, self.grid.width)
        for i in range(min(first, self.grid.width - 1), min(last, self.grid.width)):
            cell = self.grid.point(i, line)
            docks.append(Dock(end.node, side, cell, cell + step, 0, 0 if i % 2 else 20))
        return docks

    # --- search ---------------------------------------------------------------------------------------------------

    def _find(self, wire: d.Wire) -> Path:
        """The cheapest path (A*); a state is a grid point and the direction in which it was reached."""
        starts = self._docks(wire, wire.source, True)
        ends = self._docks(wire, wire.target, False)
        low, high = self._reach(wire)
        best = self._search(wire, starts, ends, low, high)
        if best is None:
            best = self._search(wire, starts, ends, 0, self.grid.height - 1)
        if best is None:
            raise AssertionError(f"No way for {wire.flow.id}: the outer channels are always free")
        return best

    def _reach(self, wire: d.Wire) -> tuple[int, int]:
        """The horizontal lines a sequence flow may use: it stays in its pool."""
        grid = self.grid
        node = wire.source.node
        if wire.kind != d.SEQUENCE or node is None:
            return 0, grid.height - 1
        pool = grid.scope.bands[node.anchor.band].pool
        lines = [j for j in range(grid.height) if grid.bands[j] >= 0 and grid.scope.bands[grid.bands[j]].pool is pool]
        return lines[0], lines[-1]

    def _search(self, wire: d.Wire, starts: list[Dock], ends: list[Dock], low: int, high: int) -> Path | None:
        grid, width = self.grid, self.grid.width
        x, y, steps, use = self.x, self.y, self.steps, self.use
        through, bends = self.through, self.bends
        limited = low > 0 or high < grid.height - 1
        first, last = low * width, (high + 1) * width
        goal_at: dict[int, Dock] = {}
        for dock in ends:
            key = dock.free * 2 + dock.direction
            if key not in goal_at or dock.cost < goal_at[key].cost:
                goal_at[key] = dock
        goals = {key >> 1 for key in goal_at}
        goals_x, goals_y = [x[p % width] for p in goals], [y[p // width] for p in goals]
        left, right, top, bottom = min(goals_x), max(goals_x), min(goals_y), max(goals_y)
        away_x = [LENGTH * (left - px if px < left else px - right if px > right else 0) for px in x]
        away_y = [LENGTH * (top - py if py < top else py - bottom if py > bottom else 0) for py in y]
        heap: list[tuple[float, float, int]] = []
        cost_of: dict[int, float] = {}
        came: dict[int, int | Dock] = {}
        for dock in starts:
            state = dock.free * 2 + dock.direction
            if dock.free not in grid.owner and dock.cost < cost_of.get(state, 1e18):
                cost_of[state] = dock.cost
                came[state] = dock
                guess = away_x[dock.free % width] + away_y[dock.free // width]
                heapq.heappush(heap, (dock.cost + guess, dock.cost, state))
        best: tuple[float, int, Dock] | None = None
        closed: set[int] = set()
        while heap:
            estimate, cost, state = heapq.heappop(heap)
            if best is not None and estimate >= best[0]:
                break
            if state in closed:
                continue
            closed.add(state)
            p, direction = state >> 1, state & 1
            straight = cost + CROSSING * through[1 - direction][p] + TOUCH * bends[p]
            turning = cost + BEND + TOUCH * (through[0][p] + through[1][p] + bends[p])
            previous = came[state]
            behind = previous.cell if isinstance(previous, Dock) else previous >> 1
            if p in goals:
                for wanted in (HORIZONTAL, VERTICAL):
                    dock = goal_at.get(p * 2 + wanted)
                    if dock is not None and dock.cell != behind:
                        total = dock.cost + (straight if direction == wanted else turning)
                        if best is None or total < best[0]:
                            best = (total, state, dock)
            for q, heading, unit, length, share in steps[p]:
                if q == behind or (limited and not first <= q < last):
                    continue
                price = (straight if direction == heading else turning) + length
                used = use[heading][unit]
                if used:
                    price += used * share
                following = q * 2 + heading
                if price < cost_of.get(following, 1e18) - 1e-9 and following not in closed:
                    cost_of[following] = price
                    came[following] = state
                    heapq.heappush(heap, (price + away_x[q % width] + away_y[q // width], price, following))
        return None if best is None else self._trace(best, came)

    def _steps(self) -> list[list[tuple[int, int, int, float, float]]]:
        """From each free point to its free neighbours: point, direction, unit, price of the way, price of sharing."""
        grid, width = self.grid, self.grid.width
        steps: list[list[tuple[int, int, int, float, float]]] = [[] for _ in range(width * grid.height)]
        for p in range(width * grid.height):
            if p in grid.owner:
                continue
            i, j = p % width, p // width
            if i + 1 < width and p + 1 not in grid.owner and grid.kinds[j] != OUTSIDE:
                length = LENGTH * (self.x[i + 1] - self.x[i])
                share = SHARED_LINE if grid.kinds[j] == ROW else CHANNEL_SHARE
                steps[p].append((p + 1, HORIZONTAL, p, length, share))
                steps[p + 1].append((p, HORIZONTAL, p, length, share))
            if j + 1 < grid.height and p + width not in grid.owner:
                length = LENGTH * (self.y[j + 1] - self.y[j])
                share = SHARED_LINE if i % 2 else CHANNEL_SHARE
                steps[p].append((p + width, VERTICAL, p, length, share))
                steps[p + width].append((p, VERTICAL, p, length, share))
        return steps

    def _trace(self, best: tuple[float, int, Dock], came: dict) -> Path:
        cost, state, end = best
        points = [end.cell]
        while True:
            points.append(state >> 1)
            previous = came[state]
            if isinstance(previous, Dock):
                points.append(previous.cell)
                points.reverse()
                return Path(points, previous, end, cost)
            state = previous


def _meets_event(frame: Frame, node: d.Node, x: float) -> bool:
    left = frame.node_middle(node) - node.width / 2
    return any(abs(left + place - x) < 20 for place in frame.attachments(node))


def _side_costs(wire: d.Wire, node: d.Node, is_source: bool) -> dict[str, float]:
    """Which sides of the node the wire may use, and how much less each is liked than the best."""
    if wire.kind == d.MESSAGE:
        return {"top": 0, "bottom": 0} if node.kind != d.EVENT else {"top": 0, "bottom": 0, "right": 60}
    if wire.kind == d.ASSOCIATION:
        if node.is_artifact:
            return {"top": 0, "bottom": 0, "left": 10, "right": 10}
        return {"top": 10, "bottom": 10, "left": 60, "right": 60}
    if wire.source.node is wire.target.node:
        return {"bottom": 0, "top": 5} if is_source else {"left": 0}
    upright = {d.GATEWAY: 4, d.TASK: 30, d.SUB_PROCESS: 75, d.EVENT: 45}[node.kind]
    if wire.is_back:
        return {"right" if is_source else "left": 30, "top": upright / 4, "bottom": upright / 4}
    return {"right" if is_source else "left": 0, "top": upright, "bottom": upright}
