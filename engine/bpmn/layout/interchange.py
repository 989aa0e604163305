"""Writes a drawing as BPMN diagram interchange."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.pools import lane_boxes
from engine.bpmn.layout.reading import BPMNDI, DC, DI

PREFIXES = {"bpmndi": BPMNDI, "dc": DC, "di": DI}


def write_diagrams(root: etree._Element, drawing: d.Drawing) -> list[etree._Element]:
    """The BPMNDiagram elements for the drawing, with the colours of the diagram that `root` has so far."""
    colours = _kept_attributes(root)
    taken = {element.get("id") for element in root.iter() if isinstance(element.tag, str)}
    taken -= {element.get("id") for element in root.iter(f"{{{BPMNDI}}}*", f"{{{DI}}}*")}
    return [_Writer(root, one, colours, taken).diagram() for one in (drawing, *drawing.details)]


class _Writer:
    def __init__(self, root, drawing: d.Drawing, colours: dict[str, dict[str, str]], taken: set[str]):
        self.drawing = drawing
        self.colours = colours
        self.taken = taken
        declared = set(root.nsmap.values())
        self.prefixes = {prefix: uri for prefix, uri in PREFIXES.items() if uri not in declared}

    def diagram(self) -> etree._Element:
        diagram = etree.Element(f"{{{BPMNDI}}}BPMNDiagram", nsmap=self.prefixes)
        diagram.set("id", self._id("BPMNDiagram_" + self.drawing.plane_id))
        plane = etree.SubElement(diagram, f"{{{BPMNDI}}}BPMNPlane")
        plane.set("id", self._id("BPMNPlane_" + self.drawing.plane_id))
        plane.set("bpmnElement", self.drawing.plane_id)
        self._pools(plane)
        self._scope(plane, self.drawing.scope)
        for group_id, members in self.drawing.groups:
            self._group(plane, group_id, members)
        for flow in self.drawing.flows:
            if len(flow.points) > 1:
                self._edge(plane, flow)
        etree.indent(diagram, "  ", level=1)
        return diagram

    def _pools(self, plane) -> None:
        for pool in self.drawing.pools:
            self._shape(plane, pool.id, pool.box, isHorizontal="true")
        for box in self.drawing.black_boxes:
            self._shape(plane, box.id, box.box, isHorizontal="true")
        for lane, box in lane_boxes(self.drawing):
            self._shape(plane, lane.id, box, isHorizontal="true")

    def _scope(self, plane, scope: d.Scope) -> None:
        for node in [*scope.grid_nodes, *(node for node in scope.nodes if node.host is not None)]:
            marks = {}
            if node.kind == d.SUB_PROCESS:
                marks["isExpanded"] = "true" if node.is_expanded else "false"
            if node.is_exclusive:
                marks["isMarkerVisible"] = "true"
            shape = self._shape(plane, node.id, node.box, **marks)
            if node.label is not None:
                self._label(shape, node.label)
            if node.inner is not None:
                self._scope(plane, node.inner)

    def _group(self, plane, group_id: str, members: list[d.Node]) -> None:
        left, top = min(node.x for node in members), min(node.y for node in members)
        right, bottom = max(node.box.right for node in members), max(node.box.bottom for node in members)
        self._shape(plane, group_id, d.Box(left, top, right - left, bottom - top).grown(10))

    def _shape(self, plane, element_id: str, box: d.Box, **marks: str) -> etree._Element:
        shape = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNShape")
        shape.set("id", self._id(element_id + "_di"))
        shape.set("bpmnElement", element_id)
        for name, value in marks.items():
            shape.set(name, value)
        for name, value in self.colours.get(element_id, {}).items():
            shape.set(name, value)
        self._bounds(shape, box)
        return shape

    def _edge(self, plane, flow: d.Flow) -> None:
        edge = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNEdge")
        edge.set("id", self._id(flow.id + "_di"))
        edge.set("bpmnElement", flow.id)
        for name, value in self.colours.get(flow.id, {}).items():
            edge.set(name, value)
        for point in flow.points:
            etree.SubElement(edge, f"{{{DI}}}waypoint", x=_number(point.x), y=_number(point.y))
        if flow.label is not None:
            self._label(edge, flow.label)

    def _label(self, parent, box: d.Box) -> None:
        self._bounds(etree.SubElement(parent, f"{{{BPMNDI}}}BPMNLabel"), box)

    def _bounds(self, parent, box: d.Box) -> None:
        names = ("x", "y", "width", "height")
        etree.SubElement(parent, f"{{{DC}}}Bounds", dict(zip(names, map(_number, box), strict=True)))

    def _id(self, wanted: str) -> str:
        identity, number = wanted, 1
        while identity in self.taken:
            number += 1
            identity = f"{wanted}_{number}"
        self.taken.add(identity)
        return identity


def _kept_attributes(root) -> dict[str, dict[str, str]]:
    """What other vendors wrote on shapes and edges, such as colours, by BPMN element."""
    kept = {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape", f"{{{BPMNDI}}}BPMNEdge"):
        foreign = {name: value for name, value in shape.attrib.items() if name.startswith("{")}
        if foreign:
            kept[shape.get("bpmnElement", "").rpartition(":")[2]] = foreign
    return kept


def _number(value: float) -> str:
    rounded = round(value, 1)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)
