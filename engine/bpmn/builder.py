"""Builds BPMN in a few lines, for tests and tools.

    ProcessBuilder("p").start("s").user_task("u", formKey="offer").exclusive("x") \\
        .branch("x", "amount > 100").end("large").branch("x").end("small").xml()

Every step appends an element behind the last one. `branch(id, condition)` goes back to an element and leaves it by a
new flow; `connect(id)` leads on to an element that exists; `inside()`/`done()` enter and leave a sub-process.
Keyword arguments are attributes: standard ones as they are, ours (those of praxis.xsd) in the praxis namespace.
"""

from typing import Any

from lxml import etree

from engine.bpmn import names
from engine.bpmn.elements import Model
from engine.bpmn.reader import read_model

PRAXIS_ATTRIBUTES = frozenset(
    {
        "assignee",
        "candidateUsers",
        "candidateGroups",
        "formKey",
        "due",
        "followUp",
        "priority",
        "touchpoint",
        "topic",
        "uid",
        "retries",
        "retryBackoff",
        "resultVariable",
        "decision",
        "binding",
        "version",
        "propagateAll",
        "codeVariable",
        "messageVariable",
        "businessKey",
        "title",
        "searchable",
        "candidateStarters",
        "versionTag",
        "role",
    }
)
TIMER_ELEMENTS = {"duration": "timeDuration", "date": "timeDate", "cycle": "timeCycle"}
DEFINITION_ELEMENTS = {kind: local for local, kind in names.EVENT_DEFINITIONS.items()}
NAMESPACES = {
    None: names.BPMN,
    "praxis": names.PRAXIS,
    "xsi": names.XSI,
}


class ProcessBuilder:
    """One process of a new file; every method but the last ones returns the builder."""

    def __init__(self, process_id: str, *, executable: bool = True, **attributes: Any):
        self.definitions = etree.Element(names.bpmn("definitions"), nsmap=NAMESPACES, id=f"definitions_{process_id}")
        self.definitions.set("targetNamespace", "urn:praxis:models")
        self._roots: dict[tuple[str, str], str] = {}
        self._flow_number = 0
        self._last: str | None = None
        self._condition: str | None = None
        self._outer: list[tuple[etree._Element, str]] = []
        self._container = self._add(self.definitions, "process", process_id, attributes)
        self._container.set("isExecutable", "true" if executable else "false")

    # Elements

    def element(self, local: str, element_id: str, **attributes: Any) -> "ProcessBuilder":
        """Append an element of this kind behind the last one."""
        node = self._add(self._container, local, element_id, attributes)
        self._connect_to(node)
        return self

    def start(self, element_id: str = "start", **attributes: Any) -> "ProcessBuilder":
        """A start event, with a trigger when one is named: message, signal, timer …; see `event`."""
        self._last = None
        return self.event("startEvent", element_id, **attributes)

    def end(self, element_id: str = "end", **attributes: Any) -> "ProcessBuilder":
        self.event("endEvent", element_id, **attributes)
        self._last = None
        return self

    def catch(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.event("intermediateCatchEvent", element_id, **attributes)

    def throw(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.event("intermediateThrowEvent", element_id, **attributes)

    def boundary(self, element_id: str, attached_to: str, **attributes: Any) -> "ProcessBuilder":
        """A boundary event; `interrupting=False` lets the activity go on. What follows it comes next."""
        interrupting = attributes.pop("interrupting", True)
        self._last = None
        self.event("boundaryEvent", element_id, **attributes)
        node = self._find(element_id)
        node.set("attachedToRef", attached_to)
        node.set("cancelActivity", "true" if interrupting else "false")
        return self

    def event(self, local: str, element_id: str, **attributes: Any) -> "ProcessBuilder":
        """An event. Triggers: message, signal, error, escalation, link (a name or code), condition, duration, date,
        cycle (a text), and compensation, terminate, cancel (True, or the activity for a compensation)."""
        triggers = {name: attributes.pop(name) for name in _TRIGGERS if name in attributes}
        self.element(local, element_id, **attributes)
        for name, found in triggers.items():
            self._trigger(self._find(element_id), name, found)
        return self

    def task(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.element("task", element_id, **attributes)

    def user_task(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.element("userTask", element_id, **attributes)

    def service_task(self, element_id: str, topic: str | None = None, **attributes: Any) -> "ProcessBuilder":
        return self.element("serviceTask", element_id, **({"topic": topic} if topic else {}), **attributes)

    def script(self, element_id: str, text: str, **attributes: Any) -> "ProcessBuilder":
        self.element("scriptTask", element_id, **attributes)
        etree.SubElement(self._find(element_id), names.bpmn("script")).text = text
        return self

    def decision(self, element_id: str, decision: str | None = None, **attributes: Any) -> "ProcessBuilder":
        return self.element(
            "businessRuleTask", element_id, **({"decision": decision} if decision else {}), **attributes
        )

    def send(self, element_id: str, message: str | None = None, **attributes: Any) -> "ProcessBuilder":
        return self._with_message("sendTask", element_id, message, attributes)

    def receive(self, element_id: str, message: str | None = None, **attributes: Any) -> "ProcessBuilder":
        return self._with_message("receiveTask", element_id, message, attributes)

    def call(self, element_id: str, called: str | None = None, **attributes: Any) -> "ProcessBuilder":
        return self.element("callActivity", element_id, **({"calledElement": called} if called else {}), **attributes)

    def exclusive(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.element("exclusiveGateway", element_id, **attributes)

    def parallel(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.element("parallelGateway", element_id, **attributes)

    def inclusive(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.element("inclusiveGateway", element_id, **attributes)

    def event_based(self, element_id: str, **attributes: Any) -> "ProcessBuilder":
        return self.element("eventBasedGateway", element_id, **attributes)

    def inside(self, element_id: str, local: str = "subProcess", **attributes: Any) -> "ProcessBuilder":
        """Open a sub-process; what follows lies in it until `done()`."""
        self.element(local, element_id, **attributes)
        self._outer.append((self._container, element_id))
        self._container = self._find(element_id)
        self._last = None
        return self

    def done(self) -> "ProcessBuilder":
        """Close the sub-process; what follows comes behind it."""
        self._container, self._last = self._outer.pop()
        return self

    # Flows

    def branch(self, element_id: str, condition: str | None = None) -> "ProcessBuilder":
        """Go on at an element; the next flow leaves it, under this condition."""
        self._last, self._condition = element_id, condition
        return self

    def otherwise(self, element_id: str) -> "ProcessBuilder":
        """Go on at an element by its default flow."""
        self.branch(element_id)
        self._find(element_id).set("default", f"flow_{self._flow_number + 1}")
        return self

    def apart(self) -> "ProcessBuilder":
        """The next element is not connected to the last one."""
        self._last = None
        return self

    def connect(self, element_id: str) -> "ProcessBuilder":
        """Lead from the last element to one that exists, and end this way."""
        self._connect_to(self._find(element_id))
        self._last = None
        return self

    def flow(
        self, source_id: str, target_id: str, condition: str | None = None, flow_id: str | None = None
    ) -> "ProcessBuilder":
        """A sequence flow between two ids, whether they exist or not."""
        self._flow_number += 1
        flow = self._add(self._container, "sequenceFlow", flow_id or f"flow_{self._flow_number}", {})
        flow.set("sourceRef", source_id)
        flow.set("targetRef", target_id)
        if condition is not None:
            node = etree.SubElement(flow, names.bpmn("conditionExpression"))
            node.set(names.qualified(names.XSI, "type"), "tFormalExpression")
            node.text = condition
        return self

    def compensates(self, boundary_event_id: str, activity_id: str) -> "ProcessBuilder":
        """The association from a compensation boundary event to its activity."""
        node = self._add(self._container, "association", f"association_{boundary_event_id}", {})
        node.set("sourceRef", boundary_event_id)
        node.set("targetRef", activity_id)
        return self

    # What belongs to the last element

    def repeat(self, *, sequential: bool = False, **values: str) -> "ProcessBuilder":
        """Make the last activity a multi-instance: inputCollection, inputElement, outputCollection, outputElement,
        loopCardinality, completionCondition."""
        return self._about_last(lambda node: self._multi_instance(node, sequential, values))

    def loop(
        self, condition: str | None = None, maximum: int | None = None, *, test_before: bool = False
    ) -> "ProcessBuilder":
        """Make the last activity a standard loop."""
        return self._about_last(lambda node: self._standard_loop(node, condition, maximum, test_before))

    def maps(self, *, inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> "ProcessBuilder":
        """Input and output mappings of the last element: target → source."""
        return self._about_last(lambda node: self._io_mapping(node, inputs or {}, outputs or {}))

    def lane(self, lane_id: str, name: str, *element_ids: str) -> "ProcessBuilder":
        """A lane with these flow nodes."""
        process = self.definitions.find(names.bpmn("process"))
        lane_set = process.find(names.bpmn("laneSet"))
        if lane_set is None:
            lane_set = etree.Element(names.bpmn("laneSet"), id="lanes")
            process.insert(0, lane_set)
        lane = self._add(lane_set, "lane", lane_id, {"name": name})
        for element_id in element_ids:
            etree.SubElement(lane, names.bpmn("flowNodeRef")).text = element_id
        return self

    def process(self, process_id: str, **attributes: Any) -> "ProcessBuilder":
        """Begin a further process of the same file."""
        self._last, self._outer = None, []
        self._container = self._add(self.definitions, "process", process_id, {"isExecutable": "true", **attributes})
        return self

    # Results

    def xml(self) -> bytes:
        """The file."""
        return etree.tostring(self.definitions, xml_declaration=True, encoding="UTF-8", pretty_print=True)

    def model(self) -> Model:
        """The file, read."""
        return read_model(self.xml())

    # Inside

    def _add(self, parent: etree._Element, local: str, element_id: str, attributes: dict[str, Any]) -> etree._Element:
        node = etree.SubElement(parent, names.bpmn(local), id=element_id)
        for name, found in attributes.items():
            text = ("true" if found else "false") if isinstance(found, bool) else str(found)
            key = names.qualified(names.PRAXIS, name) if name in PRAXIS_ATTRIBUTES else name
            node.set(key, text)
        return node

    def _find(self, element_id: str) -> etree._Element:
        found = next((node for node in self.definitions.iter(etree.Element) if node.get("id") == element_id), None)
        if found is None:
            raise ValueError(f"There is no element '{element_id}' yet; add it before you refer to it.")
        return found

    def _connect_to(self, node: etree._Element) -> None:
        if self._last is not None:
            self.flow(self._last, node.get("id"), self._condition)
        self._last, self._condition = node.get("id"), None

    def _about_last(self, change) -> "ProcessBuilder":
        if self._last is None:
            raise ValueError("There is no last element; add one first.")
        change(self._find(self._last))
        return self

    def _extension(self, node: etree._Element, local: str, **attributes: str) -> etree._Element:
        holder = node.find(names.bpmn("extensionElements"))
        if holder is None:
            holder = etree.Element(names.bpmn("extensionElements"))
            node.insert(0, holder)
        return etree.SubElement(holder, names.qualified(names.PRAXIS, local), **attributes)

    def _root(self, local: str, name: str) -> str:
        """The id of the root element with this name or code, made when it is new."""
        known = self._roots.get((local, name))
        if known:
            return known
        root_id = self._roots[local, name] = f"{local}_{len(self._roots) + 1}"
        code = {f"{local}Code": name} if local in {"error", "escalation"} else {}
        node = etree.Element(names.bpmn(local), id=root_id, name=name, **code)
        self.definitions.insert(len(self._roots) - 1, node)
        return root_id

    def _with_message(
        self, local: str, element_id: str, message: str | None, attributes: dict[str, Any]
    ) -> "ProcessBuilder":
        reference = {"messageRef": self._root("message", message)} if message else {}
        return self.element(local, element_id, **reference, **attributes)

    def _trigger(self, node: etree._Element, name: str, found: Any) -> None:
        kind = "timer" if name in TIMER_ELEMENTS else {"condition": "conditional"}.get(name, name)
        definition = etree.SubElement(node, names.bpmn(DEFINITION_ELEMENTS[kind]))
        if name in TIMER_ELEMENTS:
            etree.SubElement(definition, names.bpmn(TIMER_ELEMENTS[name])).text = found
        elif name == "condition":
            etree.SubElement(definition, names.bpmn("condition")).text = found
        elif name == "link":
            definition.set("name", found)
        elif name in {"message", "signal", "error", "escalation"} and found is not True:
            definition.set(f"{name}Ref", self._root(name, found))
        elif name == "compensation" and found is not True:
            definition.set("activityRef", found)

    def _multi_instance(self, node: etree._Element, sequential: bool, values: dict[str, str]) -> None:
        loop = etree.SubElement(node, names.bpmn("multiInstanceLoopCharacteristics"))
        loop.set("isSequential", "true" if sequential else "false")
        for local in ("loopCardinality", "completionCondition"):
            if local in values:
                etree.SubElement(loop, names.bpmn(local)).text = values.pop(local)
        if values:
            self._extension(loop, "loopCharacteristics", **values)

    @staticmethod
    def _standard_loop(node: etree._Element, condition: str | None, maximum: int | None, test_before: bool) -> None:
        loop = etree.SubElement(node, names.bpmn("standardLoopCharacteristics"))
        loop.set("testBefore", "true" if test_before else "false")
        if maximum is not None:
            loop.set("loopMaximum", str(maximum))
        if condition is not None:
            etree.SubElement(loop, names.bpmn("loopCondition")).text = condition

    def _io_mapping(self, node: etree._Element, inputs: dict[str, str], outputs: dict[str, str]) -> None:
        mapping = self._extension(node, "ioMapping")
        for local, items in (("input", inputs), ("output", outputs)):
            for target, source in items.items():
                etree.SubElement(mapping, names.qualified(names.PRAXIS, local), source=source, target=target)


_TRIGGERS = (
    "message",
    "signal",
    "error",
    "escalation",
    "link",
    "condition",
    "duration",
    "date",
    "cycle",
    "compensation",
    "terminate",
    "cancel",
)
