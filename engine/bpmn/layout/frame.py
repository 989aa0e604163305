"""Gives the grid its measures: how wide columns and channels are, how high rows, channels and bands."""

from __future__ import annotations

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.demand import COLUMN_GAP, Demand
from engine.bpmn.layout.grid import CHANNEL, GAP, ROW, Grid
from engine.bpmn.layout.text import text_width

ROW_GAP = 30
BAND_PADDING = 20
POOL_GAP = 60
TRACK = 10  # least distance of parallel wires
LABEL_OVERHANG = 10  # a label may stand out of its column on either side
EVENT_PITCH = 80  # of boundary events on a wide host
PORT_DISTANCE = 30  # from a boundary event to a wire that comes out of its host
HEADER = 30
LEAST_BAND, GREATEST_NAME = 120, 240  # height in px of a lane, and of a name that a lane is stretched for


class Frame:
    """Positions of all lines of a grid, in px from the scope's left top corner."""

    def __init__(self, grid: Grid, demand: Demand):
        self.grid = grid
        self.demand = demand
        self._columns()
        self._rows()

    # --- from left to right ---------------------------------------------------------------------------------------

    def _columns(self) -> None:
        grid, demand = self.grid, self.demand
        widths = [20.0] * grid.columns
        self.used = {node.column for node in grid.scope.grid_nodes if node.columns == 1}
        for node in grid.scope.grid_nodes:
            if node.columns == 1:
                label = node.label_size[0] - 2 * LABEL_OVERHANG if node.label_size else 0
                beside = 2 * demand.beside.get(node, 0)
                widths[node.column] = max(widths[node.column], node.width, label, beside)
        gaps = []
        for channel in range(grid.columns + 1):
            least = COLUMN_GAP if 0 < channel < grid.columns else COLUMN_GAP - 20
            tracks = (demand.channel_tracks.get(2 * channel, 0) + 1) * TRACK + 10
            gaps.append(max(least, tracks, demand.channel_width.get(2 * channel, 0)))
        self._stretch_columns(widths, gaps)
        self.left: list[float] = []
        self.right: list[float] = []
        x = 0.0
        for i in range(grid.width):
            size = widths[i // 2] if i % 2 else gaps[i // 2]
            self.left.append(x)
            x += _even(size)
            self.right.append(x)
        self.width = x

    def _stretch_columns(self, widths: list[float], gaps: list[float]) -> None:
        spanning = [node for node in self.grid.scope.grid_nodes if node.columns > 1]
        for node in sorted(spanning, key=lambda node: node.columns):
            span = range(node.column, node.last_column + 1)
            got = sum(widths[c] for c in span) + sum(gaps[c] for c in span if c > node.column)
            missing = max(0.0, node.width - got)
            spare = [c for c in span if c not in self.used] or list(span)
            for c in spare:
                widths[c] += missing / len(spare)

    # --- from top to bottom ---------------------------------------------------------------------------------------

    def _rows(self) -> None:
        grid = self.grid
        self.up = [0.0] * len(grid.row_lines)
        self.down = [0.0] * len(grid.row_lines)
        for node in grid.scope.grid_nodes:
            if node.rows == 1:
                above, below = self._room(node)
                self.up[node.row] = max(self.up[node.row], above)
                self.down[node.row] = max(self.down[node.row], below)
        row_of_line = {line: row for row, line in enumerate(grid.row_lines)}
        heights = [self._least_height(j) for j in range(grid.height)]
        for line, row in row_of_line.items():
            heights[line] = self.up[row] + self.down[row]
        self._stretch_rows(heights)
        self._stretch_bands(heights)
        self.top: list[float] = []
        self.bottom: list[float] = []
        y = 0.0
        for j in range(grid.height):
            self.top.append(y)
            y += heights[j]
            self.bottom.append(y)
        self.height = y
        self.middle = [
            self.top[j] + self.up[row_of_line[j]] if j in row_of_line else (self.top[j] + self.bottom[j]) / 2
            for j in range(grid.height)
        ]
        for index, band in enumerate(grid.scope.bands):
            lines = [j for j in range(grid.height) if grid.bands[j] == index]
            band.top, band.bottom = self.top[lines[0]], self.bottom[lines[-1]]

    def _room(self, node: d.Node) -> tuple[float, float]:
        above = max(node.height / 2, self.demand.above.get(node, 0))
        below = max(node.height / 2, self.demand.below.get(node, 0))
        return _even(above), _even(below)

    def _least_height(self, j: int) -> float:
        grid = self.grid
        if grid.kinds[j] == GAP:
            return max(POOL_GAP, (self.demand.line_tracks.get(j, 0) + 1) * TRACK)
        if grid.kinds[j] != CHANNEL:
            return 0.0
        inside = grid.kinds[j - 1] == ROW and grid.kinds[j + 1] == ROW
        tracks = self.demand.line_tracks.get(j, 0)
        return max(ROW_GAP if inside else BAND_PADDING, (tracks + 1) * TRACK)

    def _stretch_rows(self, heights: list[float]) -> None:
        """Makes room for nodes that take several rows, in equal parts above and below the middle row."""
        grid = self.grid
        for node in sorted((node for node in grid.scope.grid_nodes if node.rows > 1), key=lambda node: node.rows):
            above, below = self._room(node)
            middle = grid.middle_line(node)
            upper = range(grid.top_line(node), middle)
            lower = range(middle + 1, grid.bottom_line(node) + 1)
            for lines, own, needed, _extent in (
                (upper, self.up[node.row], above, self.up),
                (lower, self.down[node.row], below, self.down),
            ):
                missing = needed - own - sum(heights[j] for j in lines)
                rows = [j for j in lines if grid.kinds[j] == ROW]
                for j in rows if missing > 0 else ():
                    row = grid.row_lines.index(j)
                    heights[j] += missing / len(rows)
                    self.up[row] += missing / len(rows) / 2
                    self.down[row] += missing / len(rows) / 2

    def _stretch_bands(self, heights: list[float]) -> None:
        grid = self.grid
        for index, band in enumerate(grid.scope.bands):
            if band.pool is None and band.id is None:
                continue
            lines = [j for j in range(grid.height) if grid.bands[j] == index]
            name = min(text_width(band.name, 12) + 20, GREATEST_NAME)
            missing = _even(max(LEAST_BAND, name)) - sum(heights[j] for j in lines)
            if missing > 0:
                heights[lines[0]] += missing / 2
                heights[lines[-1]] += missing / 2

    # --- answers --------------------------------------------------------------------------------------------------

    def node_middle(self, node: d.Node) -> float:
        """x of the node's centre: event sub-processes begin with their column, others stand in its middle."""
        left, right = self.left[2 * node.column + 1], self.right[2 * node.last_column + 1]
        if node.is_event_sub_process:
            return left + node.width / 2
        return (left + right) / 2

    def column_middle(self, column: int) -> float:
        return (self.left[2 * column + 1] + self.right[2 * column + 1]) / 2

    def line_x(self, i: int) -> float:
        return (self.left[i] + self.right[i]) / 2

    def place(self, node: d.Node) -> None:
        """Sets the node's left top corner."""
        node.x = self.node_middle(node) - node.width / 2
        node.y = self.middle[self.grid.middle_line(node)] - node.height / 2
        for event, place in zip(node.attached, self.attachments(node), strict=True):
            event.x = node.x + place - event.width / 2
            event.y = node.y + node.height - event.height / 2

    def attachments(self, host: d.Node) -> list[float]:
        """Where on the bottom edge of its host each boundary event sits, in px from the left."""
        count, width = len(host.attached), host.width
        if host.columns > 1 and count * EVENT_PITCH <= width - 40:
            return self._attachments_under_columns(host)
        if count == 1:
            return [width * 0.75]
        if count == 2:
            return [width * 0.22, width * 0.78]
        return [12 + (width - 24) * number / (count - 1) for number in range(count)]

    def _attachments_under_columns(self, host: d.Node) -> list[float]:
        """From the right, each in the range of a column, where no wire of a channel can come near."""
        left = self.node_middle(host) - host.width / 2
        ranges = [
            (self.left[2 * column + 1] + 10 - left, self.right[2 * column + 1] - 10 - left)
            for column in range(host.column, host.last_column + 1)
        ]
        ports = _ports(host)
        places: list[float] = []
        wanted, limit = host.width - 50, host.width - 20
        for _ in host.attached:
            near = [wanted, *(port + side * PORT_DISTANCE for port in ports for side in (-1, 1))]
            choices = [min(max(x, low), high, limit) for low, high in ranges if low <= min(high, limit) for x in near]
            choices = [x for x in choices if all(abs(x - port) >= PORT_DISTANCE - 1 for port in ports)] or choices
            place = min(choices, key=lambda choice: abs(choice - wanted), default=wanted)
            places.insert(0, max(place, 20))
            wanted, limit = place - EVENT_PITCH, place - EVENT_PITCH / 2
        return places

    def column_at(self, x: float) -> int:
        """The column whose middle is nearest to x."""
        return min(range(self.grid.columns), key=lambda column: abs(self.column_middle(column) - x))


def _ports(host: d.Node) -> list[float]:
    """Where wires come out of the bottom of an expanded sub-process, in px from its left."""
    if host.inner is None:
        return []
    spare = (host.width - host.inner.width) / 2
    sides = ((wire, wire.source.exit_side or wire.target.exit_side) for wire in host.inner.wires)
    return [spare + wire.exit_x for wire, side in sides if side == "bottom"]


def _even(size: float) -> float:
    """Rounded up to a multiple of 10 px, so that shapes stand on the modeler's grid."""
    return 10 * -(-size // 10)
