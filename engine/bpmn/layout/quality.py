"""Measures how readable the diagram of a BPMN document is, whoever drew it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from lxml import etree

from engine.bpmn.layout.drawing import Box, Point
from engine.bpmn.layout.reading import BPMN, BPMNDI, DC, DI

CONTAINERS = {"participant", "lane", "group"}
SCOPES = {"subProcess", "transaction", "adHocSubProcess"}
CONNECTIONS = {"sequenceFlow", "messageFlow", "association", "dataInputAssociation", "dataOutputAssociation"}
NEAR = 8.0  # px: wires closer than this run along each other


@dataclass
class Quality:
    """Faults by element ids (empty lists in a good diagram), counts, shares (0 to 1) and sizes (px)."""

    missing: list[str] = field(default_factory=list)  # elements without a shape or edge
    overlaps: list[tuple[str, str]] = field(default_factory=list)  # shapes on each other
    through_nodes: list[tuple[str, str]] = field(default_factory=list)  # flow, shape
    slanted: list[str] = field(default_factory=list)  # flows with a part that is neither horizontal nor vertical
    covered: list[tuple[str, str]] = field(default_factory=list)  # flows that run along each other
    labels_on_nodes: list[tuple[str, str]] = field(default_factory=list)
    labels_on_labels: list[tuple[str, str]] = field(default_factory=list)
    labels_on_flows: list[tuple[str, str]] = field(default_factory=list)
    outside_lane: list[str] = field(default_factory=list)
    loose_ends: list[str] = field(default_factory=list)  # flows that do not begin and end at their shapes
    crossings: int = 0
    bends_per_flow: float = 0
    straight_share: float = 0  # of the sequence flows
    width: float = 0
    height: float = 0

    @property
    def fault_count(self) -> int:
        return sum(len(faults) for faults in (
            self.missing, self.overlaps, self.through_nodes, self.slanted, self.labels_on_nodes, self.outside_lane,
            self.loose_ends, self.labels_on_labels,
        ))  # fmt: skip


def measure(xml: bytes) -> Quality:
    """The quality of the document's first diagram."""
    return _Measurement(etree.fromstring(xml)).quality()


class _Measurement:
    def __init__(self, root: etree._Element):
        self.elements = {element.get("id"): element for element in root.iter(f"{{{BPMN}}}*") if element.get("id")}
        self.root = root
        self.shapes: dict[str, Box] = {}
        self.flows: dict[str, list[Point]] = {}
        self.labels: dict[str, Box] = {}
        for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
            self.shapes[shape.get("bpmnElement")] = _bounds(shape)
            self._label(shape)
        for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge"):
            points = [Point(float(p.get("x")), float(p.get("y"))) for p in edge.iterfind(f"{{{DI}}}waypoint")]
            self.flows[edge.get("bpmnElement")] = points
            self._label(edge)
        self.nodes = {key: box for key, box in self.shapes.items() if self._tag(key) not in CONTAINERS}

    def _label(self, parent) -> None:
        label = parent.find(f"{{{BPMNDI}}}BPMNLabel")
        if label is not None and label.find(f"{{{DC}}}Bounds") is not None:
            self.labels[parent.get("bpmnElement")] = _bounds(label)

    def _tag(self, key: str) -> str:
        return etree.QName(self.elements[key]).localname if key in self.elements else ""

    def _ancestors(self, key: str) -> set[str]:
        if key not in self.elements:
            return set()
        return {ancestor.get("id") for ancestor in self.elements[key].iterancestors() if ancestor.get("id")}

    def quality(self) -> Quality:
        found = Quality()
        found.missing = [key for key in self._expected() if key not in self.shapes and key not in self.flows]
        found.overlaps = list(self._overlaps())
        found.through_nodes = sorted(set(self._through_nodes()))
        found.slanted = [
            key for key, points in self.flows.items()
            if self._tag(key) != "association" and any(a.x != b.x and a.y != b.y for a, b in _parts(points))
        ]  # fmt: skip
        found.outside_lane = list(self._outside_lane())
        found.loose_ends = list(self._loose_ends())
        self._labels(found)
        found.crossings, found.covered = self._meetings()
        sequence = [points for key, points in self.flows.items() if self._tag(key) == "sequenceFlow"]
        if sequence:
            found.bends_per_flow = round(sum(len(points) - 2 for points in sequence) / len(sequence), 2)
            found.straight_share = round(sum(len(points) == 2 for points in sequence) / len(sequence), 2)
        boxes = list(self.shapes.values())
        found.width = max((box.right for box in boxes), default=0) - min((box.x for box in boxes), default=0)
        found.height = max((box.bottom for box in boxes), default=0) - min((box.y for box in boxes), default=0)
        return found

    def _expected(self) -> Iterator[str]:
        for element in self.root.iter(f"{{{BPMN}}}*"):
            tag = etree.QName(element).localname
            drawn = tag in CONNECTIONS or tag in CONTAINERS - {"group"} or tag in SCOPES or tag == "textAnnotation"
            drawn = drawn or tag.lower().endswith(("task", "gateway", "reference", "callactivity"))
            drawn = drawn or (tag.endswith("Event") and element.get("id") is not None)
            if drawn and element.get("id"):
                yield element.get("id")

    def _overlaps(self) -> Iterator[tuple[str, str]]:
        for (one, box), (other, other_box) in combinations(self.nodes.items(), 2):
            if not box.overlaps(other_box) or one in self._ancestors(other) or other in self._ancestors(one):
                continue
            hosts = {self.elements[key].get("attachedToRef") for key in (one, other)}
            if not hosts & {one, other}:
                yield one, other

    def _ends(self, key: str) -> tuple[str | None, str | None]:
        element = self.elements[key]
        parent = element.getparent().get("id")
        if self._tag(key) == "dataInputAssociation":
            return element.findtext(f"{{{BPMN}}}sourceRef"), parent
        if self._tag(key) == "dataOutputAssociation":
            return parent, element.findtext(f"{{{BPMN}}}targetRef")
        return element.get("sourceRef"), element.get("targetRef")

    def _through_nodes(self) -> Iterator[tuple[str, str]]:
        for key, points in self.flows.items():
            ends = self._ends(key)
            around = {ancestor for end in ends if end for ancestor in self._ancestors(end)}
            hosts = {self.elements[end].get("attachedToRef") for end in ends if end in self.elements}
            for node, box in self.nodes.items():
                if node in around or self._tag(node) == "participant":
                    continue
                core = box.grown(-1)
                if node in hosts and node not in ends:
                    core = box.grown(-19)
                if any(_cuts(core, a, b) for a, b in _parts(points)):
                    yield key, node

    def _outside_lane(self) -> Iterator[str]:
        for lane in self.root.iter(f"{{{BPMN}}}lane"):
            box = self.shapes.get(lane.get("id"))
            for reference in lane.iterfind(f"{{{BPMN}}}flowNodeRef"):
                node = self.shapes.get((reference.text or "").strip())
                if box and node and not (box.x <= node.x and box.y <= node.y and node.bottom <= box.bottom):
                    yield reference.text.strip()

    def _loose_ends(self) -> Iterator[str]:
        for key, points in self.flows.items():
            for end, point in zip(self._ends(key), (points[0], points[-1]), strict=True):
                box = self.shapes.get(end)
                if box is None:
                    continue
                on_side = point.x in (box.x, box.right) or point.y in (box.y, box.bottom)
                if not on_side or not _holds(box.grown(0.6), point):
                    yield key

    def _labels(self, found: Quality) -> None:
        for key, label in self.labels.items():
            core = label.grown(-1)
            for node, box in self.nodes.items():
                around = (
                    node in self._ancestors(key)
                    and _holds(box, Point(label.x, label.y))
                    and _holds(box, Point(label.right, label.bottom))
                )
                if core.overlaps(box) and not around:
                    found.labels_on_nodes.append((key, node))
            for flow, points in self.flows.items():
                if any(_cuts(core, a, b) for a, b in _parts(points)):
                    found.labels_on_flows.append((key, flow))
        for (one, box), (other, other_box) in combinations(self.labels.items(), 2):
            if box.grown(-1).overlaps(other_box.grown(-1)):
                found.labels_on_labels.append((one, other))

    def _meetings(self) -> tuple[int, list[tuple[str, str]]]:
        crossings, covered = 0, []
        for (one, points), (other, other_points) in combinations(self.flows.items(), 2):
            runs_along = False
            for a, b in _parts(points):
                for c, e in _parts(other_points):
                    crossings += _cross(a, b, c, e)
                    runs_along |= _shared_length(a, b, c, e) > 14
            if runs_along and not self._joins(points, other_points):
                covered.append((one, other))
        return crossings, covered

    def _joins(self, points: list[Point], other: list[Point]) -> bool:
        """Flows that begin or end together may share that part."""
        return points[-1] == other[-1] or points[0] == other[0]


def _bounds(parent) -> Box:
    bounds = parent.find(f"{{{DC}}}Bounds")
    return Box(*(float(bounds.get(name)) for name in ("x", "y", "width", "height")))


def _parts(points: list[Point]) -> Iterator[tuple[Point, Point]]:
    return pairwise(points)


def _holds(box: Box, point: Point) -> bool:
    return box.x <= point.x <= box.right and box.y <= point.y <= box.bottom


def _cuts(box: Box, a: Point, b: Point) -> bool:
    """Whether the line a-b runs through the inside of the box."""
    low, high = 0.0, 1.0
    for start, delta, least, most in ((a.x, b.x - a.x, box.x, box.right), (a.y, b.y - a.y, box.y, box.bottom)):
        if delta == 0:
            if not least < start < most:
                return False
            continue
        enter, leave = sorted(((least - start) / delta, (most - start) / delta))
        low, high = max(low, enter), min(high, leave)
    return low < high


def _cross(a: Point, b: Point, c: Point, e: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x)

    return side(a, b, c) * side(a, b, e) < 0 and side(c, e, a) * side(c, e, b) < 0


def _shared_length(a: Point, b: Point, c: Point, e: Point) -> float:
    """How far two parallel parts run closer than `NEAR` to each other."""
    if a.x == b.x and c.x == e.x and abs(a.x - c.x) < NEAR:
        return min(max(a.y, b.y), max(c.y, e.y)) - max(min(a.y, b.y), min(c.y, e.y))
    if a.y == b.y and c.y == e.y and abs(a.y - c.y) < NEAR:
        return min(max(a.x, b.x), max(c.x, e.x)) - max(min(a.x, b.x), min(c.x, e.x))
    return 0.0
