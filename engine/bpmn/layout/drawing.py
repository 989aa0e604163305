"""The drawing that the layout works on: nodes, bands (lanes), wires and scopes. Units are pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

TASK_SIZE = (100, 80)
EVENT_SIZE = (36, 36)
GATEWAY_SIZE = (50, 50)
DATA_OBJECT_SIZE = (36, 50)
DATA_STORE_SIZE = (50, 50)

TASK, EVENT, GATEWAY, SUB_PROCESS = "task", "event", "gateway", "sub-process"
DATA, ANNOTATION, POOL = "data", "annotation", "pool"

SEQUENCE, MESSAGE, ASSOCIATION = "sequence", "message", "association"


class Box(NamedTuple):
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def grown(self, by: float) -> Box:
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def overlaps(self, other: Box) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


class Point(NamedTuple):
    x: float
    y: float


@dataclass(eq=False)
class Node:
    """A shape: its size, the grid cells it takes, and at last its place relative to its scope."""

    id: str
    kind: str
    name: str
    width: float
    height: float
    scope: Scope | None = None
    band: int = 0
    inner: Scope | None = None
    host: Node | None = None
    attached: list[Node] = field(default_factory=list)
    is_event_sub_process: bool = False
    is_exclusive: bool = False  # an exclusive gateway shows its marker
    is_expanded: bool = False
    label_size: tuple[float, float] | None = None
    side: str = "top"  # of the content, where a collapsed pool stands
    exit_lines: tuple[int, int] = (0, 1_000_000)  # the vertical lines of the grid that a collapsed pool stands along
    # where it stands on the grid (rows count over all bands of the scope)
    place_in_flow: int = 0  # forward flows lead from smaller to greater ones
    column: int = 0
    row: int = 0
    columns: int = 1
    rows: int = 1  # always odd: the node is centred on `row`
    # what comes out, relative to the scope's origin until the scope is moved to its place
    x: float = 0
    y: float = 0
    label: Box | None = None

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.width, self.height)

    @property
    def anchor(self) -> Node:
        """The node on the grid: the host for a boundary event, else the node itself."""
        return self.host or self

    @property
    def is_artifact(self) -> bool:
        return self.kind in (DATA, ANNOTATION)

    @property
    def is_on_flow(self) -> bool:
        """Whether sequence flows decide where it stands."""
        return not self.is_artifact and not self.is_event_sub_process

    @property
    def last_column(self) -> int:
        return self.column + self.columns - 1

    @property
    def half_rows(self) -> int:
        return self.rows // 2

    def __repr__(self) -> str:
        return f"Node({self.id})"


@dataclass(eq=False)
class Flow:
    """A connection from shape to shape; long ones are drawn wire by wire, one per scope they pass."""

    id: str
    kind: str
    source: Node
    target: Node | None
    name: str = ""
    is_default: bool = False
    target_flow: Flow | None = None  # an annotation may point at a flow
    wires: list[Wire] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    label: Box | None = None
    label_size: tuple[float, float] | None = None


@dataclass(eq=False)
class End:
    """Where a wire ends: at a node, at the wire that comes out of an expanded sub-process, or at the scope's edge."""

    node: Node | None = None
    inner: Wire | None = None
    exit_side: str | None = None  # "top" | "bottom"


@dataclass(eq=False)
class Wire:
    """The part of a flow that is drawn in one scope."""

    flow: Flow
    source: End
    target: End
    is_back: bool = False
    is_main: bool = False
    points: list[Point] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.flow.kind

    @property
    def exit_x(self) -> float:
        """Where the wire meets the edge of its scope."""
        return self.points[0].x if self.source.exit_side else self.points[-1].x


@dataclass(eq=False)
class Band:
    """A horizontal strip of the scope: a leaf lane, a pool without lanes, or the whole of a sub-process."""

    id: str | None = None
    name: str = ""
    pool: Pool | None = None
    depth: int = 0  # how many headers stand left of the content
    first_row: int = 0
    row_count: int = 1
    top: float = 0
    bottom: float = 0


@dataclass(eq=False)
class Lane:
    """A lane as modelled, nested ones included; leaves own a band."""

    id: str
    depth: int
    bands: list[Band] = field(default_factory=list)


@dataclass(eq=False)
class Pool:
    """A participant: an expanded one owns bands, a collapsed one is a `Node` beside the content."""

    id: str
    name: str
    bands: list[Band] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    box: Box | None = None


@dataclass(eq=False)
class Scope:
    """What is laid out together: the collaboration (or process) as a whole, or the inside of one sub-process."""

    owner_id: str
    nodes: list[Node] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    host: Node | None = None  # the sub-process whose inside this is
    width: float = 0
    height: float = 0
    column_count: int = 0

    @property
    def row_count(self) -> int:
        return sum(band.row_count for band in self.bands)

    @property
    def grid_nodes(self) -> list[Node]:
        """The nodes that take cells: all but boundary events."""
        return [node for node in self.nodes if node.host is None]


@dataclass(eq=False)
class Drawing:
    """Everything that is drawn in one diagram, and the diagrams of its collapsed sub-processes."""

    plane_id: str
    scope: Scope
    flows: list[Flow] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)
    black_boxes: list[Node] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)  # of a process without pool
    groups: list[tuple[str, list[Node]]] = field(default_factory=list)
    details: list[Drawing] = field(default_factory=list)
