"""The grid of lines on which wires run: columns and rows where nodes stand, channels between them.

Vertical line 2c+1 runs through the middle of column c, line 2c through the channel left of it. Horizontal lines
come band by band: channel, row, channel, row, ..., channel, with a gap between pools. One further line lies above and
below everything, for
wires that leave the scope.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.bpmn.layout import drawing as d

ROW, CHANNEL, GAP, OUTSIDE = "row", "channel", "gap", "outside"


@dataclass
class Grid:
    scope: d.Scope
    kinds: list[str] = field(default_factory=list)  # of the horizontal lines
    bands: list[int] = field(default_factory=list)  # of the horizontal lines; -1 outside
    row_lines: list[int] = field(default_factory=list)  # row number → horizontal line

    def __post_init__(self) -> None:
        self._add(OUTSIDE, -1)
        for index, band in enumerate(self.scope.bands):
            if index and band.pool is not self.scope.bands[index - 1].pool:
                self._add(GAP, -1)
            self._add(CHANNEL, index)
            for _ in range(band.row_count):
                self.row_lines.append(len(self.kinds))
                self._add(ROW, index)
                self._add(CHANNEL, index)
        self._add(OUTSIDE, -1)
        self.columns = self.scope.column_count
        self.width = 2 * self.columns + 1  # number of vertical lines
        self.height = len(self.kinds)
        self.owner: dict[int, d.Node] = {}
        for node in self.scope.grid_nodes:
            for line in range(self.top_line(node), self.bottom_line(node) + 1):
                for i in range(2 * node.column + 1, 2 * node.last_column + 2):
                    self.owner[line * self.width + i] = node

    def _add(self, kind: str, band: int) -> None:
        self.kinds.append(kind)
        self.bands.append(band)

    def point(self, i: int, j: int) -> int:
        return j * self.width + i

    def middle_line(self, node: d.Node) -> int:
        return self.row_lines[node.row]

    def top_line(self, node: d.Node) -> int:
        return self.row_lines[node.row - node.half_rows]

    def bottom_line(self, node: d.Node) -> int:
        return self.row_lines[node.row + node.half_rows]
