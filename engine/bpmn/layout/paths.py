"""Where wires meet shapes, and the way they take over the grid."""

from __future__ import annotations

from dataclasses import dataclass

from engine.bpmn.layout import drawing as d

HORIZONTAL, VERTICAL = 0, 1


@dataclass(frozen=True)
class Dock:
    """A place where a wire meets a shape (or the edge of the scope): grid points, side, and px off the middle."""

    node: d.Node | None
    side: str
    cell: int  # grid point within the node (or the point on the outer line)
    free: int  # the first grid point outside
    offset: float = 0
    cost: float = 0

    @property
    def direction(self) -> int:
        return HORIZONTAL if self.side in ("left", "right") else VERTICAL

    @property
    def key(self) -> tuple:
        return self.node, self.side, self.offset, self.cell


@dataclass
class Path:
    """The grid points of a wire, docks included."""

    points: list[int]
    start: Dock
    end: Dock
    cost: float
