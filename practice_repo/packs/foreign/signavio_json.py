"""Signavio's own JSON of a BPMN diagram as BPMN 2.0 XML, with its drawing; what has no counterpart is reported.

The JSON is a tree of shapes: each has a `resourceId`, a `stencil`, `properties`, `bounds` relative to its parent and
`childShapes`; connections name their `target`, a boundary event stands among the `outgoing` of its host.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from engine.bpmn import names
from engine.errors import InvalidInput
from practice_repo.packs.foreign.report import Item

LARGEST = 10 * 1024 * 1024
DEEPEST = 50
TASKS = {
    "User": "userTask",
    "Service": "serviceTask",
    "Script": "scriptTask",
    "Manual": "manualTask",
    "Send": "sendTask",
    "Receive": "receiveTask",
    "Business Rule": "businessRuleTask",
}
SUB_PROCESSES = {"Subprocess": "subProcess", "CollapsedSubprocess": "subProcess", "EventSubprocess": "subProcess"}
GATEWAYS = {
    "Exclusive_Databased_Gateway": "exclusiveGateway",
    "ParallelGateway": "parallelGateway",
    "InclusiveGateway": "inclusiveGateway",
    "EventbasedGateway": "eventBasedGateway",
    "ComplexGateway": "complexGateway",
}
EVENT = re.compile(
    r"(?P<place>Start|Intermediate|End)(?P<kind>None|Message|Timer|Error|Escalation|Signal|Conditional|Link|"
    r"Compensation|Cancel|Terminate|Multiple)?Event(?P<way>Catching|Throwing)?"
)
DEFINITIONS = {
    "Message": "messageEventDefinition",
    "Timer": "timerEventDefinition",
    "Error": "errorEventDefinition",
    "Escalation": "escalationEventDefinition",
    "Signal": "signalEventDefinition",
    "Conditional": "conditionalEventDefinition",
    "Link": "linkEventDefinition",
    "Compensation": "compensateEventDefinition",
    "Cancel": "cancelEventDefinition",
    "Terminate": "terminateEventDefinition",
}
ROOTS = {"Message": "message", "Signal": "signal", "Error": "error", "Escalation": "escalation"}
TIMERS = {"timeduration": "timeDuration", "timedate": "timeDate", "timecycle": "timeCycle"}
LOOPS = {"Standard": None, "Parallel": "false", "MultiInstance": "false", "Sequential": "true"}
POOLS = frozenset({"Pool", "CollapsedPool"})
FLOWS = {"SequenceFlow": "sequenceFlow", "MessageFlow": "messageFlow"}


@dataclass
class _Shape:
    id: str
    stencil: str
    properties: Mapping[str, Any]
    bounds: tuple[float, float, float, float]  # x, y, width, height on the diagram
    parent: "_Shape | None" = None
    children: list["_Shape"] = field(default_factory=list)
    outgoing: list[str] = field(default_factory=list)
    target: str = ""
    dockers: list[tuple[float, float]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " ".join(str(self.properties.get("name") or "").split())

    def walk(self) -> Iterator["_Shape"]:
        yield self
        for child in self.children:
            yield from child.walk()


def is_signavio_json(content: bytes) -> bool:
    """Whether the bytes look like a diagram in Signavio's JSON."""
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"{") and b'"stencil' in content


def read_signavio_json(content: bytes) -> tuple[bytes, list[Item]]:
    """The diagram as BPMN 2.0 XML, and what was left out. Raises `InvalidInput` for what is no such diagram."""
    if len(content) > LARGEST:
        raise InvalidInput(f"The Signavio JSON has {len(content):,} bytes; at most {LARGEST:,} are read.")
    try:
        document = json.loads(content.decode("utf-8-sig"))
        diagram = _shape(document, None, 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"This is no Signavio JSON that can be read ({error!r}): export BPMN 2.0 XML.") from error
    if diagram.stencil != "BPMNDiagram":
        raise InvalidInput(f"The JSON is a Signavio '{diagram.stencil}', no BPMN diagram: choose a BPMN diagram.")
    return _Writer(diagram).write()


def _shape(source: Mapping[str, Any], parent: _Shape | None, depth: int) -> _Shape:
    if depth > DEEPEST:
        raise ValueError(f"shapes are nested deeper than {DEEPEST} levels")
    upper, lower = (
        (source.get("bounds") or {}).get("upperLeft") or {},
        (source.get("bounds") or {}).get("lowerRight") or {},
    )
    x, y = float(upper.get("x", 0)), float(upper.get("y", 0))
    width, height = float(lower.get("x", 0)) - x, float(lower.get("y", 0)) - y
    if parent is not None and parent.parent is not None:  # relative to everything but the diagram
        x, y = x + parent.bounds[0], y + parent.bounds[1]
    found = _Shape(
        _identifier(str(source["resourceId"])),
        str(source["stencil"]["id"]),
        source.get("properties") or {},
        (x, y, width, height),
        parent,
        outgoing=[_identifier(str(each["resourceId"])) for each in source.get("outgoing") or ()],
        target=_identifier(str((source.get("target") or {}).get("resourceId") or "")),
        dockers=[(float(each["x"]), float(each["y"])) for each in source.get("dockers") or ()],
    )
    found.children = [_shape(child, found, depth + 1) for child in source.get("childShapes") or ()]
    return found


def _identifier(text: str) -> str:
    """An XML id: Signavio's are, but for some old ones that begin with a digit."""
    clean = re.sub(r"[^\w.-]", "_", text)
    return f"id_{clean}" if clean and not re.match(r"[A-Za-z_]", clean) else clean


class _Writer:
    def __init__(self, diagram: _Shape):
        self.diagram = diagram
        self.shapes = {shape.id: shape for shape in diagram.walk()}
        self.hosts = {
            event: shape.id
            for shape in diagram.walk()
            for event in shape.outgoing
            if event in self.shapes and EVENT.fullmatch(self.shapes[event].stencil) and shape.stencil not in FLOWS
        }
        self.sources = {each: shape.id for shape in diagram.walk() for each in shape.outgoing}
        self.written: set[str] = set()
        self.left_out: list[Item] = []
        self.roots: list[etree._Element] = []

    def write(self) -> tuple[bytes, list[Item]]:
        prefixes = {
            "bpmn": names.BPMN,
            "bpmndi": names.BPMN_DI,
            "dc": names.DIAGRAM_COMMON,
            "di": names.DIAGRAM_INTERCHANGE,
        }
        root = etree.Element(names.bpmn("definitions"), nsmap={**prefixes, "xsi": names.XSI, "praxis": names.PRAXIS})
        root.set("id", "definitions_of_" + (self.diagram.id or "diagram"))
        root.set("targetNamespace", "urn:praxis:imported")
        root.set("exporter", "Signavio Process Editor (JSON)")
        pools = [shape for shape in self.diagram.children if shape.stencil in POOLS]
        scopes = [pool for pool in pools if pool.stencil == "Pool"]
        loose = [shape for shape in self.diagram.children if shape.stencil not in POOLS]
        collaboration = etree.SubElement(root, names.bpmn("collaboration"), id="collaboration") if pools else None
        for pool in pools:
            participant = etree.SubElement(collaboration, names.bpmn("participant"), id=pool.id, name=pool.name)
            self.written.add(pool.id)
            if pool in scopes:
                participant.set("processRef", f"process_{pool.id}")
        main = [(f"process_{pool.id}", pool.name, pool.children) for pool in scopes]
        if not scopes or any(shape.stencil not in FLOWS for shape in loose if self._is_node(shape)):
            main.append(("process_of_the_diagram", self.diagram.name or "Process", loose))
        for identifier, name, children in main:
            self._process(root, identifier, name, children)
        for shape in self.diagram.walk():
            if shape.stencil == "MessageFlow" and collaboration is not None:
                self._message_flow(collaboration, shape)
        for found in reversed(self.roots):
            root.insert(0, found)
        self._draw(root, "collaboration" if pools else "process_of_the_diagram")
        self._note_what_is_left_out()
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), self.left_out

    def _process(self, root: etree._Element, identifier: str, name: str, children: list[_Shape]) -> None:
        process = etree.SubElement(root, names.bpmn("process"), id=identifier, name=name, isExecutable="false")
        lanes = [shape for child in children for shape in child.walk() if shape.stencil == "Lane"]
        innermost = [lane for lane in lanes if not any(child.stencil == "Lane" for child in lane.children)]
        if innermost:
            lane_set = etree.SubElement(process, names.bpmn("laneSet"), id=f"lanes_of_{identifier}")
            for lane in innermost:
                self._lane(lane_set, lane)
        nodes = [node for lane in innermost for node in lane.children] + [
            child for child in children if child.stencil != "Lane"
        ]
        self._scope(process, nodes)
        for flow in self._flows_between(nodes):
            self._sequence_flow(process, flow)

    def _lane(self, lane_set: etree._Element, lane: _Shape) -> None:
        node = etree.SubElement(lane_set, names.bpmn("lane"), id=lane.id, name=lane.name)
        self.written.add(lane.id)
        for child in lane.children:
            if self._is_node(child):
                etree.SubElement(node, names.bpmn("flowNodeRef")).text = child.id

    def _scope(self, parent: etree._Element, shapes: list[_Shape]) -> None:
        for shape in shapes:
            if self._is_node(shape):
                self._node(parent, shape)

    def _is_node(self, shape: _Shape) -> bool:
        known = shape.stencil in GATEWAYS or shape.stencil in SUB_PROCESSES or shape.stencil == "Task"
        return known or EVENT.fullmatch(shape.stencil) is not None

    def _flows_between(self, nodes: list[_Shape]) -> Iterator[_Shape]:
        """Sequence flows whose two ends are these nodes, wherever they hang in the tree."""
        own = {node.id for node in nodes}
        for shape in self.diagram.walk():
            if shape.stencil == "SequenceFlow" and {self.sources.get(shape.id), self._target(shape)} <= own:
                yield shape

    def _target(self, flow: _Shape) -> str:
        return flow.target or next((each for each in flow.outgoing if each in self.shapes), "")

    def _node(self, parent: etree._Element, shape: _Shape) -> None:
        event = EVENT.fullmatch(shape.stencil)
        if event:
            node = self._event(parent, shape, event)
        elif shape.stencil in GATEWAYS:
            node = etree.SubElement(parent, names.bpmn(GATEWAYS[shape.stencil]), id=shape.id)
        elif shape.stencil in SUB_PROCESSES:
            node = self._sub_process(parent, shape)
        else:
            local = TASKS.get(str(shape.properties.get("tasktype")), "task")
            if str(shape.properties.get("callacitivity") or shape.properties.get("callactivity")).lower() == "true":
                local = "callActivity"
            node = etree.SubElement(parent, names.bpmn(local), id=shape.id)
        self.written.add(shape.id)
        if shape.name:
            node.set("name", shape.name)
        self._documentation(node, shape)
        self._loop(node, shape)

    def _sub_process(self, parent: etree._Element, shape: _Shape) -> etree._Element:
        node = etree.SubElement(parent, names.bpmn("subProcess"), id=shape.id)
        if shape.stencil == "EventSubprocess":
            node.set("triggeredByEvent", "true")
        self._scope(node, shape.children)
        for flow in self._flows_between(shape.children):
            self._sequence_flow(node, flow)
        return node

    def _event(self, parent: etree._Element, shape: _Shape, event: re.Match[str]) -> etree._Element:
        host = self.hosts.get(shape.id)
        local = {"Start": "startEvent", "End": "endEvent"}.get(event["place"])
        if local is None:
            throws = event["way"] == "Throwing" or (event["kind"] is None and event["way"] is None)
            local = "boundaryEvent" if host else "intermediateThrowEvent" if throws else "intermediateCatchEvent"
        node = etree.SubElement(parent, names.bpmn(local), id=shape.id)
        if local == "boundaryEvent":
            node.set("attachedToRef", host or "")
            if str(shape.properties.get("boundarycancelactivity", "true")).lower() == "false":
                node.set("cancelActivity", "false")
        if str(shape.properties.get("isinterrupting", "true")).lower() == "false" and local == "startEvent":
            node.set("isInterrupting", "false")
        if event["kind"] in DEFINITIONS:
            self._definition(node, shape, event["kind"])
        return node

    def _definition(self, node: etree._Element, shape: _Shape, kind: str) -> None:
        definition = etree.SubElement(node, names.bpmn(DEFINITIONS[kind]), id=f"{shape.id}_definition")
        if kind in ROOTS:
            root = etree.Element(
                names.bpmn(ROOTS[kind]), id=f"{shape.id}_{ROOTS[kind]}", name=shape.name or ROOTS[kind]
            )
            code = shape.properties.get(f"{ROOTS[kind]}code")
            if code:
                root.set(f"{ROOTS[kind]}Code", str(code))
            self.roots.append(root)
            definition.set(f"{ROOTS[kind]}Ref", root.get("id"))
        elif kind == "Link":
            definition.set("name", shape.name)
        elif kind == "Timer":
            for key, local in TIMERS.items():
                if shape.properties.get(key):
                    self._expression(definition, local, str(shape.properties[key]))
                    break
        elif kind == "Conditional" and shape.properties.get("condition"):
            self._expression(definition, "condition", str(shape.properties["condition"]))

    @staticmethod
    def _expression(parent: etree._Element, local: str, text: str) -> None:
        node = etree.SubElement(parent, names.bpmn(local))
        node.set(names.qualified(names.XSI, "type"), "bpmn:tFormalExpression")
        node.text = text

    def _documentation(self, node: etree._Element, shape: _Shape) -> None:
        text = re.sub(r"<[^>]+>", "", str(shape.properties.get("documentation") or "")).strip()
        if text:
            found = etree.Element(names.bpmn("documentation"))
            found.text = text
            node.insert(0, found)

    @staticmethod
    def _loop(node: etree._Element, shape: _Shape) -> None:
        kind = str(shape.properties.get("looptype") or "None")
        if kind not in LOOPS:
            return
        if LOOPS[kind] is None:
            etree.SubElement(node, names.bpmn("standardLoopCharacteristics"))
        else:
            etree.SubElement(node, names.bpmn("multiInstanceLoopCharacteristics"), isSequential=LOOPS[kind])

    def _sequence_flow(self, scope: etree._Element, shape: _Shape) -> None:
        source = self.sources[shape.id]
        node = etree.SubElement(
            scope, names.bpmn("sequenceFlow"), id=shape.id, sourceRef=source, targetRef=self._target(shape)
        )
        self.written.add(shape.id)
        if shape.name:
            node.set("name", shape.name)
        if str(shape.properties.get("conditiontype")) == "Default":
            for found in scope:
                if found.get("id") == source:
                    found.set("default", shape.id)
        if shape.properties.get("conditionexpression"):
            self._expression(node, "conditionExpression", str(shape.properties["conditionexpression"]))

    def _message_flow(self, collaboration: etree._Element, shape: _Shape) -> None:
        source, target = self.sources.get(shape.id, ""), self._target(shape)
        if source in self.written and target in self.written:
            found = {"id": shape.id, "sourceRef": source, "targetRef": target}
            node = etree.SubElement(collaboration, names.bpmn("messageFlow"), found)
            self.written.add(shape.id)
            if shape.name:
                node.set("name", shape.name)

    # The drawing

    def _draw(self, root: etree._Element, plane_of: str) -> None:
        diagram = etree.SubElement(root, names.qualified(names.BPMN_DI, "BPMNDiagram"), id="diagram")
        plane = etree.SubElement(diagram, names.qualified(names.BPMN_DI, "BPMNPlane"), id="plane", bpmnElement=plane_of)
        for shape in self.diagram.walk():
            if shape.id not in self.written:
                continue
            if shape.stencil in FLOWS:
                self._edge(plane, shape)
            else:
                self._box(plane, shape)

    @staticmethod
    def _box(plane: etree._Element, shape: _Shape) -> None:
        drawn = etree.SubElement(
            plane, names.qualified(names.BPMN_DI, "BPMNShape"), id=f"{shape.id}_shape", bpmnElement=shape.id
        )
        if shape.stencil in POOLS or shape.stencil == "Lane":
            drawn.set("isHorizontal", "true")
        if shape.stencil in {"Subprocess", "EventSubprocess"}:
            drawn.set("isExpanded", "true")
        place = dict(zip(("x", "y", "width", "height"), (f"{number:g}" for number in shape.bounds), strict=True))
        etree.SubElement(drawn, names.qualified(names.DIAGRAM_COMMON, "Bounds"), place)

    def _edge(self, plane: etree._Element, shape: _Shape) -> None:
        """First and last docker are relative to the shapes at the ends, those between to the diagram."""
        source, target = self.shapes[self.sources[shape.id]], self.shapes[self._target(shape)]
        points = list(shape.dockers) or [
            (source.bounds[2] / 2, source.bounds[3] / 2),
            (target.bounds[2] / 2, target.bounds[3] / 2),
        ]
        points[0] = (points[0][0] + source.bounds[0], points[0][1] + source.bounds[1])
        points[-1] = (points[-1][0] + target.bounds[0], points[-1][1] + target.bounds[1])
        drawn = etree.SubElement(
            plane, names.qualified(names.BPMN_DI, "BPMNEdge"), id=f"{shape.id}_edge", bpmnElement=shape.id
        )
        for x, y in points if len(points) > 1 else points * 2:
            etree.SubElement(drawn, names.qualified(names.DIAGRAM_INTERCHANGE, "waypoint"), x=f"{x:g}", y=f"{y:g}")

    def _note_what_is_left_out(self) -> None:
        for shape in self.diagram.walk():
            if shape.id not in self.written and shape is not self.diagram:
                place = (shape.id, shape.name or None)
                self.left_out.append(
                    Item(f"a '{shape.stencil}' of the diagram has no counterpart that runs", "", *place)
                )
