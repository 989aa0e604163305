"""Reads the shapes and connections of a BPMN document into drawings."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.text import label_size, wrap
from engine.errors import InvalidModel

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"

ANNOTATION_WIDTH = 100
ANNOTATION_LINE_HEIGHT = 14.4

SUB_PROCESS_TAGS = {"subProcess", "transaction", "adHocSubProcess"}
TASK_TAGS = {
    "task", "userTask", "serviceTask", "sendTask", "receiveTask", "manualTask", "scriptTask", "businessRuleTask",
    "callActivity",
}  # fmt: skip
EVENT_TAGS = {
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "implicitThrowEvent",
}  # fmt: skip
GATEWAY_TAGS = {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"}
DATA_TAGS = {"dataObjectReference": d.DATA_OBJECT_SIZE, "dataStoreReference": d.DATA_STORE_SIZE}


def read_drawing(root: etree._Element) -> d.Drawing:
    """The drawing of the document's collaboration or, without one, of its processes.

    Raises `InvalidModel` where the root is no BPMN document or a connection ends at nothing that can be drawn.
    """
    if root.tag != f"{{{BPMN}}}definitions":
        raise InvalidModel(
            f"A BPMN 2.0 document was expected, with root element 'definitions' in namespace {BPMN}; "
            f"found '{root.tag}'. Export the model as BPMN 2.0 XML."
        )
    return _Reader(root).read()


class _Reader:
    def __init__(self, root: etree._Element):
        self.root = root
        self.nodes: dict[str, d.Node] = {}
        self.flows: dict[str, d.Flow] = {}
        self.late: list[tuple[etree._Element, d.Scope]] = []
        self.collapsed = _collapsed_in_old_diagram(root)
        self.details: list[tuple[etree._Element, d.Node]] = []
        self.group_elements: list[etree._Element] = []

    def read(self) -> d.Drawing:
        collaboration = self.root.find(f"{{{BPMN}}}collaboration")
        processes = {process.get("id"): process for process in self.root.iterfind(f"{{{BPMN}}}process")}
        if collaboration is None and not processes:
            raise InvalidModel("A process was expected in the document; found none. Add a 'process' element.")
        plane = collaboration if collaboration is not None else next(iter(processes.values()))
        scope = d.Scope(_id(plane))
        drawing = d.Drawing(_id(plane), scope)
        if collaboration is not None:
            self._read_participants(collaboration, processes, drawing)
            self._read_elements(collaboration, scope, {})
        else:
            drawing.lanes = self._read_process(plane, scope, None)
        drawing.details = [self._detail(element, node) for element, node in self.details]
        self._read_connections()
        self._share_out(drawing)
        return drawing

    # --- shapes -------------------------------------------------------------------------------------------------

    def _read_participants(self, collaboration, processes, drawing: d.Drawing) -> None:
        for participant in collaboration.iterfind(f"{{{BPMN}}}participant"):
            process = processes.get(_local_part(participant.get("processRef")))
            identity, name = _id(participant), participant.get("name", "")
            if process is None or not _has_shapes(process):
                box = d.Node(identity, d.POOL, name, 0, 60)
                drawing.black_boxes.append(box)
                self.nodes[identity] = box
                if process is not None:
                    self.nodes[_id(process)] = box
                continue
            pool = d.Pool(identity, name)
            pool.lanes = self._read_process(process, drawing.scope, pool)
            drawing.pools.append(pool)

    def _read_process(self, process, scope: d.Scope, pool: d.Pool | None) -> list[d.Lane]:
        lanes: list[d.Lane] = []
        bands: list[d.Band] = []
        band_of: dict[str, d.Band] = {}
        for lane_set in process.iterfind(f"{{{BPMN}}}laneSet"):
            self._read_lanes(lane_set, 0, lanes, bands, band_of, pool)
        if not bands:
            bands = [d.Band(name=pool.name if pool else "", pool=pool)]
        if pool is not None:
            pool.bands = bands
        first = len(scope.bands)
        scope.bands.extend(bands)
        indexes = {id(band): first + index for index, band in enumerate(bands)}
        self._read_elements(process, scope, {key: indexes[id(band)] for key, band in band_of.items()}, first)
        return lanes

    def _read_lanes(self, lane_set, depth, lanes, bands, band_of, pool) -> list[d.Band]:
        found: list[d.Band] = []
        for element in lane_set.iterfind(f"{{{BPMN}}}lane"):
            lane = d.Lane(_id(element), depth)
            lanes.append(lane)
            children = element.find(f"{{{BPMN}}}childLaneSet")
            if children is not None and len(children):
                lane.bands = self._read_lanes(children, depth + 1, lanes, bands, band_of, pool)
            else:
                lane.bands = [d.Band(_id(element), element.get("name", ""), pool, depth + 1)]
                bands.extend(lane.bands)
            for reference in element.iterfind(f"{{{BPMN}}}flowNodeRef"):
                band_of.setdefault(_local_part(reference.text), lane.bands[0])
            found.extend(lane.bands)
        return found

    def _read_elements(self, parent, scope: d.Scope, band_of: dict[str, int], default_band: int | None = None) -> None:
        unplaced: list[d.Node] = []
        hosts: list[tuple[d.Node, str]] = []
        for element in _elements(parent):
            tag = etree.QName(element).localname
            node = self._node(element, tag, scope)
            if node is None:
                if tag == "group":
                    self.group_elements.append(element)
                elif tag in ("sequenceFlow", "messageFlow", "association"):
                    self.late.append((element, scope))
                continue
            node.scope = scope
            scope.nodes.append(node)
            self.nodes[node.id] = node
            if node.id in band_of:
                node.band = band_of[node.id]
            else:
                node.band = -1
                unplaced.append(node)
            if tag == "boundaryEvent":
                hosts.append((node, _local_part(element.get("attachedToRef"))))
            self.late.extend((association, scope) for association in _data_associations(element))
        for node, host_id in hosts:
            self._attach(node, host_id)
        self._guess_bands(parent, unplaced, default_band)

    def _attach(self, node: d.Node, host_id: str) -> None:
        host = self.nodes.get(host_id)
        if host is None or host.kind not in (d.TASK, d.SUB_PROCESS):
            raise InvalidModel(
                f"Boundary event '{node.name}' ({node.id}) should be attached to an activity of its process; found "
                f"'{host_id}'. Correct attachedToRef."
            )
        node.host = host
        node.band = host.band
        host.attached.append(node)
        if host.kind == d.TASK and len(host.attached) > 2:
            host.width = 50.0 * len(host.attached)

    def _guess_bands(self, parent, unplaced: list[d.Node], default_band: int | None) -> None:
        """Nodes that no lane names go to the lane of a neighbour, else to the last lane."""
        neighbours: dict[str, list[str]] = {}
        for flow in parent.iter(f"{{{BPMN}}}sequenceFlow", f"{{{BPMN}}}association"):
            source, target = _local_part(flow.get("sourceRef")), _local_part(flow.get("targetRef"))
            neighbours.setdefault(source, []).append(target)
            neighbours.setdefault(target, []).append(source)
        for _ in range(3):
            for node in unplaced:
                if node.host is not None:
                    node.band = node.host.band
                for other in neighbours.get(node.id, ()):
                    if node.band < 0 and other in self.nodes and self.nodes[other].scope is node.scope:
                        node.band = self.nodes[other].band
        for node in unplaced:
            if node.band < 0:
                bands = len(node.scope.bands) if node.scope else 1
                last = max(0, bands - 1) if default_band is not None else 0
                node.band = last if node.is_event_sub_process else (default_band or 0)

    def _node(self, element, tag: str, scope: d.Scope) -> d.Node | None:
        identity, name = element.get("id"), element.get("name", "")
        if identity is None:
            return None
        if tag in SUB_PROCESS_TAGS:
            return self._sub_process(element)
        if tag in TASK_TAGS:
            return d.Node(identity, d.TASK, name, *d.TASK_SIZE)
        if tag in EVENT_TAGS:
            return _with_label(d.Node(identity, d.EVENT, name, *d.EVENT_SIZE))
        if tag in GATEWAY_TAGS:
            node = _with_label(d.Node(identity, d.GATEWAY, name, *d.GATEWAY_SIZE), 80)
            node.is_exclusive = tag == "exclusiveGateway"
            return node
        if tag in DATA_TAGS:
            return _with_label(d.Node(identity, d.DATA, name, *DATA_TAGS[tag]))
        if tag == "textAnnotation":
            return _annotation(element, identity)
        return None

    def _sub_process(self, element) -> d.Node:
        node = d.Node(_id(element), d.SUB_PROCESS, element.get("name", ""), *d.TASK_SIZE)
        node.is_event_sub_process = element.get("triggeredByEvent") in ("true", "1")
        if not _has_shapes(element):
            return node
        if node.id in self.collapsed:
            self.details.append((element, node))
            return node
        node.is_expanded = True
        node.inner = d.Scope(node.id, bands=[d.Band()], host=node)
        self._read_elements(element, node.inner, {})
        return node

    def _detail(self, element, node: d.Node) -> d.Drawing:
        """The diagram of its own that a collapsed sub-process opens."""
        scope = d.Scope(node.id, bands=[d.Band()])
        detail = d.Drawing(node.id, scope)
        self._read_elements(element, scope, {})
        return detail

    # --- connections --------------------------------------------------------------------------------------------

    def _read_connections(self) -> None:
        pending = [(element, scope) for element, scope in self.late]
        for element, _ in sorted(pending, key=lambda pair: etree.QName(pair[0]).localname == "association"):
            flow = self._flow(element)
            if flow is not None:
                self.flows[flow.id] = flow

    def _flow(self, element) -> d.Flow | None:
        tag = etree.QName(element).localname
        identity = element.get("id")
        if tag in ("dataInputAssociation", "dataOutputAssociation"):
            return self._data_flow(element, tag, identity)
        source_id, target_id = _local_part(element.get("sourceRef")), _local_part(element.get("targetRef"))
        source, target = self.nodes.get(source_id), self.nodes.get(target_id)
        if tag == "association" and source is None and source_id in self.flows:
            source, source_id, target, target_id = target, target_id, source, source_id
        target_flow = self.flows.get(target_id) if tag == "association" else None
        if tag == "association" and (source is None or (target is None and target_flow is None)):
            return None
        if identity is None or source is None or (target is None and target_flow is None):
            missing = source_id if source is None else target_id
            raise InvalidModel(
                f"{tag} '{identity}' should connect two elements that can be drawn; found '{missing}', which is none. "
                f"Correct its sourceRef or targetRef."
            )
        kind = {"sequenceFlow": d.SEQUENCE, "messageFlow": d.MESSAGE}.get(tag, d.ASSOCIATION)
        flow = d.Flow(identity, kind, source, target, element.get("name", "") if tag != "association" else "")
        flow.target_flow = target_flow
        if flow.name:
            flow.label_size = label_size(flow.name)
        owner = self.root.find(f".//*[@id='{source_id}']") if kind == d.SEQUENCE and "'" not in source_id else None
        flow.is_default = owner is not None and owner.get("default") == identity
        return flow

    def _data_flow(self, element, tag: str, identity: str | None) -> d.Flow | None:
        activity = element.getparent()
        owner = self.nodes.get(activity.get("id", ""))
        field = "sourceRef" if tag == "dataInputAssociation" else "targetRef"
        data = self.nodes.get(_local_part(element.findtext(f"{{{BPMN}}}{field}")))
        if identity is None or owner is None or data is None:
            return None
        ends = (data, owner) if tag == "dataInputAssociation" else (owner, data)
        return d.Flow(identity, d.ASSOCIATION, *ends)

    def _share_out(self, drawing: d.Drawing) -> None:
        """Gives each drawing its flows, and splits the flows that cross the border of a sub-process into wires."""
        drawings = [drawing, *drawing.details]
        home = {id(scope): one for one in drawings for scope in _scopes(one.scope)}
        for flow in self.flows.values():
            end = flow.target or (flow.target_flow and flow.target_flow.source)
            scopes = [node.scope or drawing.scope for node in (flow.source, end)]
            one = home[id(scopes[0])]
            if home[id(scopes[1])] is not one:
                continue  # from a diagram into the detail of a collapsed sub-process: nothing to draw
            one.flows.append(flow)
            if flow.target is not None:
                _split_into_wires(flow, one.scope)


def _split_into_wires(flow: d.Flow, top: d.Scope) -> None:
    source_path, target_path = _path(flow.source, top), _path(flow.target, top)
    shared = 0
    while shared < min(len(source_path), len(target_path)) and source_path[shared][0] is target_path[shared][0]:
        shared += 1
    common = source_path[shared - 1][0]
    first = _climb(flow, source_path[shared:], outward=True)
    last = _climb(flow, target_path[shared:], outward=False)
    source_end = d.End(source_path[shared - 1][1] or flow.source, first[-1] if first else None)
    target_end = d.End(target_path[shared - 1][1] or flow.target, last[-1] if last else None)
    crossing = d.Wire(flow, source_end, target_end)
    common.wires.append(crossing)
    flow.wires = [*first, crossing, *reversed(last)]


def _climb(flow: d.Flow, path: list[tuple[d.Scope, d.Node | None]], outward: bool) -> list[d.Wire]:
    """The wires from a deep node up to the border below the common scope, innermost first."""
    wires: list[d.Wire] = []
    for scope, holder in reversed(path):
        node = holder or (flow.source if outward else flow.target)
        near = d.End(node, wires[-1] if wires else None)
        far = d.End(exit_side="bottom")
        wire = d.Wire(flow, near, far) if outward else d.Wire(flow, far, near)
        scope.wires.append(wire)
        wires.append(wire)
    return wires


def _path(node: d.Node, top: d.Scope) -> list[tuple[d.Scope, d.Node | None]]:
    """Scopes from the top to the node's own, each with the sub-process that leads deeper (None at the end)."""
    scope = node.scope or top
    path: list[tuple[d.Scope, d.Node | None]] = [(scope, None)]
    while scope.host is not None:
        holder = scope.host
        scope = holder.scope or top
        path.append((scope, holder))
    path.reverse()
    return path


def _scopes(scope: d.Scope) -> Iterator[d.Scope]:
    yield scope
    for node in scope.nodes:
        if node.inner is not None:
            yield from _scopes(node.inner)


def _with_label(node: d.Node, width: float = 90) -> d.Node:
    if node.name:
        node.label_size = label_size(node.name, width)
    return node


def _annotation(element, identity: str) -> d.Node:
    text = (element.findtext(f"{{{BPMN}}}text") or "").strip()
    width = ANNOTATION_WIDTH
    lines = wrap(text, width - 12, 12)
    while len(lines) > 4 and width < 200:
        width += 20
        lines = wrap(text, width - 12, 12)
    height = max(30, 10 * round((len(lines) * ANNOTATION_LINE_HEIGHT + 14) / 10))
    return d.Node(identity, d.ANNOTATION, text, width, height)


def _collapsed_in_old_diagram(root) -> set[str]:
    """Sub-processes that the existing diagram, if any, shows collapsed."""
    return {
        _local_part(shape.get("bpmnElement"))
        for shape in root.iter(f"{{{BPMNDI}}}BPMNShape")
        if shape.get("isExpanded") in ("false", "0")
    }


def _has_shapes(parent) -> bool:
    tags = SUB_PROCESS_TAGS | TASK_TAGS | EVENT_TAGS | GATEWAY_TAGS
    return any(etree.QName(element).localname in tags for element in _elements(parent))


def _elements(parent) -> Iterator[etree._Element]:
    return (child for child in parent if isinstance(child.tag, str) and child.tag.startswith(f"{{{BPMN}}}"))


def _data_associations(element) -> Iterator[etree._Element]:
    return (child for child in _elements(element) if etree.QName(child).localname.endswith("putAssociation"))


def _id(element) -> str:
    identity = element.get("id")
    if not identity:
        raise InvalidModel(
            f"Element '{etree.QName(element).localname}' '{element.get('name', '')}' should have an id, because the "
            f"diagram refers to it; found none. Give it one."
        )
    return identity


def _local_part(reference: str | None) -> str:
    """The id in a reference, which XML allows to be written with a prefix."""
    return (reference or "").strip().rpartition(":")[2]
