"""BPMN files as documents: one record per element that can be referred to, everything inside of it as fields."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine.bpmn import names
from engine.bpmn.names import qualified, split
from engine.bpmn.secure_xml import parse_xml
from practice_repo.algebra.document import (
    UNRESOLVED,
    Document,
    FieldValue,
    Record,
    is_reference,
    unreadable,
)
from practice_repo.algebra.xml_fields import XML_NAMESPACE, Flattener, Vocabulary, build, squeezed

UID = qualified(names.PRAXIS, "uid")
XSI_TYPE = qualified(names.XSI, "type")
DEFINITIONS = "definitions"

PREFIXES = {
    names.BPMN: "bpmn",
    names.XSI: "xsi",
    names.PRAXIS: "praxis",
    names.CAMUNDA: "camunda",
    names.FLOWABLE: "flowable",
    names.ACTIVITI: "activiti",
    names.ZEEBE: "zeebe",
    names.SPIFFWORKFLOW: "spiffworkflow",
    XML_NAMESPACE: "xml",
}
DIAGRAM_PREFIXES = {
    names.BPMN_DI: "bpmndi",
    names.DIAGRAM_COMMON: "dc",
    names.DIAGRAM_INTERCHANGE: "di",
    "http://bpmn.io/schema/bpmn/biocolor/1.0": "bioc",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0": "color",
}
TOOL_METADATA = re.compile(
    r"signavio|bpmn\.io/schema|camunda\.org/schema/(modeler|1\.0/modeler)|non-normative/color|bizagi|trisotech|"
    r"yaoqiang|visual-paradigm|sparxsystems|bonitasoft|boc-group|adonis|bocgroup|oracle\.com|ibm\.com|omnigraffle|"
    r"itp-commerce|w4\.eu|mid\.de|innovator|aris|softwareag|eclipse\.org/bpmn2/ext|jboss\.org/drools|gbpm|"
    r"sourceforge\.net|visio|modelio|magicdraw|nomagic|cardanit|intalio|knowprocess|processmaker|sap\.com|"
    r"triso|bpsim|/spec/DD/|/spec/BPMN/20100524/DI",
    re.IGNORECASE,
)

SUB_PROCESSES = names.SUB_PROCESSES
CONTAINERS = SUB_PROCESSES | {
    "process", "collaboration", "choreography", "globalConversation", "conversation", "subConversation",
    "subChoreography", "laneSet", "lane", "category",
}  # fmt: skip
NESTED = frozenset(
    {
        "documentation", "extensionElements", "ioSpecification", "ioBinding", "property", "auditing", "monitoring",
        "incoming", "outgoing", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics",
        "dataInputAssociation", "dataOutputAssociation", "flowNodeRef", "partitionElement", "correlationSubscription",
        "resourceRole", "performer", "humanPerformer", "potentialOwner", "supports", "supportedInterfaceRef",
        "completionCondition", "participantAssociation", "messageFlowAssociation", "correlationKey",
        "choreographyRef", "categoryValueRef", "script", "text", "participantRef", "messageFlowRef",
        "initiatingParticipantRef", "definitionalCollaborationRef", "conversationAssociation",
    }
)  # fmt: skip
KEPT_AS_XML = frozenset({"import", "extension", "relationship"})
REBUILT = frozenset({"incoming", "outgoing", "flowNodeRef"})
ACTIVITY_LIKE = names.ACTIVITIES | {"globalTask"}

DEFAULTS = {
    ("*", "isForCompensation"): "false",
    ("*", "startQuantity"): "1",
    ("*", "completionQuantity"): "1",
    ("process", "isExecutable"): "false",
    ("process", "processType"): "None",
    ("process", "isClosed"): "false",
    ("collaboration", "isClosed"): "false",
    ("startEvent", "isInterrupting"): "true",
    ("boundaryEvent", "cancelActivity"): "true",
    ("*", "parallelMultiple"): "false",
    ("*", "instantiate"): "false",
    ("*", "triggeredByEvent"): "false",
    ("eventBasedGateway", "eventGatewayType"): "Exclusive",
    ("*", "isCollection"): "false",
    ("*", "isSequential"): "false",
    ("multiInstanceLoopCharacteristics", "behavior"): "All",
    ("standardLoopCharacteristics", "testBefore"): "false",
    ("adHocSubProcess", "ordering"): "Parallel",
    ("adHocSubProcess", "cancelRemainingInstances"): "true",
    ("transaction", "method"): "##Compensate",
    ("compensateEventDefinition", "waitForCompletion"): "true",
    ("dataStore", "isUnlimited"): "true",
    ("itemDefinition", "itemKind"): "Information",
    ("association", "associationDirection"): "None",
    ("textAnnotation", "textFormat"): "text/plain",
    ("documentation", "textFormat"): "text/plain",
    ("participantMultiplicity", "minimum"): "0",
    ("participantMultiplicity", "maximum"): "1",
    ("sequenceFlow", "isImmediate"): "true",
    ("userTask", "implementation"): "##unspecified",
    ("serviceTask", "implementation"): "##WebService",
    ("sendTask", "implementation"): "##WebService",
    ("receiveTask", "implementation"): "##WebService",
    ("businessRuleTask", "implementation"): "##unspecified",
}
EXPRESSIONS = frozenset(
    {
        "conditionExpression", "condition", "timeDate", "timeDuration", "timeCycle", "loopCardinality",
        "completionCondition", "loopCondition", "activationCondition", "transformation", "from", "to",
        "resourceParameterBinding", "formalExpression",
    }
)  # fmt: skip
CHILDREN = (
    "documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef", "incoming", "outgoing",
    "ioSpecification", "property", "dataInput", "dataOutput", "dataInputAssociation",
    "dataOutputAssociation", "inputSet", "outputSet", "resourceRole", "performer", "humanPerformer", "potentialOwner",
    "sourceRef", "targetRef", "transformation", "assignment",
    "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "loopCardinality", "loopDataInputRef",
    "loopDataOutputRef", "inputDataItem", "outputDataItem", "complexBehaviorDefinition", "conditionExpression",
    "messageEventDefinition", "timerEventDefinition", "signalEventDefinition", "errorEventDefinition",
    "escalationEventDefinition", "conditionalEventDefinition", "compensateEventDefinition", "linkEventDefinition",
    "terminateEventDefinition", "cancelEventDefinition", "eventDefinitionRef", "script", "activationCondition",
    "laneSet", "completionCondition", "condition", "text", "dataState", "participantMultiplicity", "partitionElement",
    "supportedInterfaceRef", "interfaceRef", "participantRef", "flowNodeRef", "childLaneSet",
    "correlationSubscription", "supports", "ioBinding", "operation", "inMessageRef", "outMessageRef", "errorRef",
    "correlationPropertyRetrievalExpression", "messagePath", "resourceParameter", "correlationKey",
    "correlationPropertyRef", "endPointRef", "participantAssociation", "messageFlowAssociation", "choreographyRef",
    "partnerEntityRef", "partnerRoleRef", "dataInputRefs", "dataOutputRefs",
)  # fmt: skip
RANKS = {tag: number for number, tag in enumerate(CHILDREN)}

WORDS = Vocabulary(
    home=names.BPMN,
    prefixes=PREFIXES,
    naming={
        "praxis:property": "name",
        "praxis:input": "target",
        "praxis:output": "target",
        "praxis:correlation": "name",
        "praxis:send": "variable",
        "camunda:inputParameter": "name",
        "camunda:outputParameter": "name",
        "camunda:property": "name",
        "camunda:field": "name",
        "camunda:formField": "id",
        "flowable:field": "name",
        "zeebe:input": "target",
        "zeebe:output": "target",
        "zeebe:header": "key",
        "zeebe:property": "name",
    },
    unordered=frozenset({"praxis:property", "praxis:correlation", "praxis:send", "camunda:property", "zeebe:header",
                         "zeebe:property", "camunda:field", "flowable:field"}),
    defaults=DEFAULTS,
    dropped=frozenset({"gatewayDirection"}),
    containers=frozenset({"extensionElements", "ioSpecification", "inputSet", "outputSet",
                          "praxis:ioMapping", "zeebe:ioMapping", "zeebe:taskHeaders",
                          "zeebe:properties", "camunda:properties", "camunda:inputOutput"}),
    ranks=RANKS,
    ignored=lambda namespace: bool(TOOL_METADATA.search(namespace)),
    typed=dict.fromkeys(EXPRESSIONS, "bpmn:tFormalExpression"),
    elements=frozenset(CHILDREN) - {"errorRef", "sourceRef", "targetRef"},
)  # fmt: skip

RENAMED = {"sourceRef": "source", "targetRef": "target", "attachedToRef": "attached_to"}
WRITTEN = {new: old for old, new in RENAMED.items()}
ORDERED_GATEWAYS = frozenset({"exclusiveGateway", "complexGateway"})


def read(name: str, content: bytes) -> Document:
    root = parse_xml(content)
    if root.tag != names.bpmn("definitions"):
        raise unreadable(name, f"expected BPMN 2.0 with the root 'definitions', found '{split(root.tag)[1]}'.")
    return _Reader(name, root).document()


def write(document: Document) -> bytes:
    return _Writer(document).content()


def _local(node: etree._Element) -> str:
    return split(node.tag)[1]


class _Reader:
    """Walks one file twice: first who is who, then what they say."""

    def __init__(self, name: str, root: etree._Element):
        self.name = name
        self.root = root
        self.nodes: list[tuple[etree._Element, etree._Element | None]] = []
        self.xml_ids: dict[etree._Element, str] = {}
        self.keys: dict[etree._Element, str] = {}
        self.by_id: dict[str, str] = {}
        self.copied: dict[etree._Element, str] = {}
        self.fields: dict[str, dict[str, FieldValue]] = {}
        self.spelling: dict[str, dict[str, str]] = {}
        self.nested_ids: dict[str, str] = {}

    def document(self) -> Document:
        self.collect(self.root, None)
        self.give_ids()
        self.give_keys()
        for node, parent in self.nodes:
            self.read_fields(node, parent)
        self.resolve()
        self.read_lanes()
        self.read_flow_order()
        records = {}
        for node, _parent in self.nodes:
            key = self.keys[node]
            records[key] = Record(key, self.kind(node), self.xml_ids[node], self.fields[key])
        if DEFINITIONS not in records and (said := self.definitions_fields()):
            records[DEFINITIONS] = Record(DEFINITIONS, DEFINITIONS, "", said)
        return Document(self.name, "bpmn", records, self.layout(), self.extras())

    # who is who

    def collect(self, container: etree._Element, parent: etree._Element | None) -> None:
        for child in container:
            if not isinstance(child.tag, str) or split(child.tag)[0] != names.BPMN:
                continue
            local = _local(child)
            if local in NESTED or (parent is None and local in KEPT_AS_XML | {"documentation"}):
                continue
            if parent is not None and _local(parent) == "lane" and local != "childLaneSet":
                continue
            self.nodes.append((child, parent))
            if local in CONTAINERS or local == "childLaneSet":
                self.collect(child, child)

    @staticmethod
    def kind(node: etree._Element) -> str:
        return "laneSet" if _local(node) == "childLaneSet" else _local(node)

    def give_ids(self) -> None:
        """The XML ids; elements without one (the standard allows that) get one made of kind and number."""
        taken = {node.get("id", "").strip() for node in self.root.iter() if isinstance(node.tag, str)}
        number = 0
        for node, _parent in self.nodes:
            identifier = node.get("id", "").strip()
            while not identifier or (identifier in self.xml_ids.values() and not node.get("id")):
                number += 1
                made = f"{_local(node)}_without_id_{number}"
                identifier = "" if made in taken else made
            self.xml_ids[node] = identifier

    def give_keys(self) -> None:
        """Lineage: the uid, or else the id. A copy, which carries another element's uid, is known by its own id."""
        claimed: dict[str, etree._Element] = {}
        claims = [(node, node.get(UID, "").strip() or self.xml_ids[node]) for node, _ in self.nodes]
        for node, claim in claims:
            if claim == self.xml_ids[node]:
                claimed.setdefault(claim, node)
        for node, claim in claims:
            if claimed.setdefault(claim, node) is not node:
                self.copied[node] = claim
        owners = {node: key for key, node in claimed.items()}
        for node, _claim in claims:
            key = owners.get(node) or self.xml_ids[node]
            number = 2
            while key in claimed and claimed[key] is not node:
                key, number = f"{self.xml_ids[node]}.{number}", number + 1
            claimed[key] = node
            self.keys[node] = key
            self.by_id.setdefault(self.xml_ids[node], key)

    # what they say

    def read_fields(self, node: etree._Element, parent: etree._Element | None) -> None:
        key, local = self.keys[node], _local(node)
        flat = Flattener(WORDS)
        flat.attributes(node, "", frozenset({"name", "praxis:uid"}))
        inner = [child for child in node if isinstance(child.tag, str) and self.is_nested(child)]
        flat.children(inner, "")
        fields = {RENAMED.get(name, name): value for name, value in flat.fields.items()}
        self.put_condition(fields, flat)
        self.put_documentation(fields, inner, flat)
        if label := " ".join((node.get("name") or "").split()):
            fields["name"] = label
            if label != (node.get("name") or "").strip():
                flat.spelling["name"] = node.get("name") or ""
        if node in self.copied and local not in {"documentation"}:
            fields["copied_from"] = self.copied[node]
        fields["parent"] = self.keys[parent] if parent is not None else ""
        self.fields[key] = fields
        if flat.spelling:
            self.spelling[key] = dict(flat.spelling)
        for identifier, path in flat.ids.items():
            self.nested_ids[f"{key}#{path}"] = identifier

    def is_nested(self, child: etree._Element) -> bool:
        """Whether the element is part of what its record says: no record itself, not derived, not empty words."""
        if child in self.keys:
            return False
        if child.tag == names.bpmn("documentation"):
            return bool("".join(child.itertext()).strip())
        return split(child.tag)[0] != names.BPMN or _local(child) not in REBUILT

    @staticmethod
    def put_condition(fields: dict[str, FieldValue], flat: Flattener) -> None:
        for name in [name for name in fields if name.partition("@")[0].partition("/")[0] == "conditionExpression"]:
            fields["condition" + name.removeprefix("conditionExpression")] = fields.pop(name)
        if fields.get("condition") == "":
            del fields["condition"]
        if "conditionExpression" in flat.spelling:
            flat.spelling["condition"] = flat.spelling.pop("conditionExpression")

    @staticmethod
    def put_documentation(fields: dict[str, FieldValue], inner: list[etree._Element], flat: Flattener) -> None:
        """Several plain documentations are one text."""
        found = {name for name in fields if re.fullmatch(r"documentation(\[#\d+\])?", name)}
        if any(name.startswith("documentation") and name not in found for name in fields):
            return
        texts = ["".join(node.itertext()).strip() for node in inner if node.tag == names.bpmn("documentation")]
        for name in found:
            del fields[name]
            flat.spelling.pop(name, None)
        if text := "\n".join(filter(None, texts)):
            fields["documentation"] = text

    def resolve(self) -> None:
        """References as keys; what the file does not hold is marked."""
        places = {identifier: place for place, identifier in reversed(self.nested_ids.items())}
        places |= self.by_id
        for fields in self.fields.values():
            for name, value in fields.items():
                if name not in {"parent", "lane"} and is_reference(name) and isinstance(value, str):
                    fields[name] = self.resolved(value, places)

    @staticmethod
    def resolved(value: str, places: Mapping[str, str]) -> str:
        text = value.strip()
        found = places.get(text) or places.get(text.rpartition(":")[2])
        return found or (UNRESOLVED + text if text else "")

    def read_lanes(self) -> None:
        """The innermost lane of every flow node; one that is in the lane of its sub-process anyway names none."""
        lane_of: dict[str, str] = {}
        for node, _parent in self.nodes:
            if _local(node) == "lane":
                for member in node.findall(names.bpmn("flowNodeRef")):
                    key = self.by_id.get((member.text or "").strip())
                    if key:
                        lane_of[key] = self.keys[node]
        for node, parent in self.nodes:
            key = self.keys[node]
            lane = lane_of.get(key)
            if lane and lane != self.lane_around(parent, lane_of) and _local(node) in names.FLOW_NODES:
                self.fields[key]["lane"] = lane

    def lane_around(self, parent: etree._Element | None, lane_of: Mapping[str, str]) -> str | None:
        while parent is not None and _local(parent) in SUB_PROCESSES:
            if self.keys[parent] in lane_of:
                return lane_of[self.keys[parent]]
            parent = parent.getparent()
            if parent not in self.keys:
                return None
        return None

    def read_flow_order(self) -> None:
        outgoing: dict[str, list[str]] = {}
        for node, _parent in self.nodes:
            if _local(node) == "sequenceFlow":
                fields = self.fields[self.keys[node]]
                outgoing.setdefault(str(fields.get("source")), []).append(self.keys[node])
        for node, _parent in self.nodes:
            if _local(node) in ORDERED_GATEWAYS:
                key = self.keys[node]
                flows = [flow for flow in outgoing.get(key, ()) if flow != self.fields[key].get("default")]
                if len(flows) > 1 and any(self.fields[flow].get("condition") for flow in flows):
                    self.fields[key]["flows"] = tuple(flows)

    def definitions_fields(self) -> dict[str, FieldValue]:
        """What the file says as a whole and that changes how it runs."""
        flat = Flattener(WORDS)
        flat.children(
            [node for node in self.root if node.tag in {names.bpmn("documentation"), names.bpmn("extensionElements")}],
            "",
        )
        fields = dict(flat.fields)
        language = self.root.get("expressionLanguage", "").strip()
        if language and "xpath" not in language.lower():
            fields["expressionLanguage"] = language
        return {**fields, "parent": ""} if fields else {}

    # beside the records

    def layout(self) -> dict[str, Any]:
        places = {identifier: place for place, identifier in reversed(self.nested_ids.items())} | self.by_id
        layout: dict[str, Any] = {}
        for plane in self.root.iter(qualified(names.BPMN_DI, "BPMNPlane")):
            owner = self.resolved(plane.get("bpmnElement", ""), places)
            for drawn in plane:
                key = (
                    places.get(drawn.get("bpmnElement", "").strip().rpartition(":")[2])
                    if isinstance(drawn.tag, str)
                    else None
                )
                if key and key not in layout:
                    layout[key] = _drawn(drawn, owner)
        return layout

    def extras(self) -> dict[str, Any]:
        planes = [
            {
                "element": self.by_id.get(plane.get("bpmnElement", "").strip().rpartition(":")[2], ""),
                "id": plane.get("id") or "",
                "diagram": plane.getparent().get("id") or "",
                "name": plane.getparent().get("name") or "",
            }
            for plane in self.root.iter(qualified(names.BPMN_DI, "BPMNPlane"))
        ]
        return {
            "definitions": dict(self.root.attrib),
            "prefixes": {prefix: uri for prefix, uri in self.root.nsmap.items() if prefix},
            "order": tuple(self.keys[node] for node, _ in self.nodes),
            "nested_ids": self.nested_ids,
            "spelling": self.spelling,
            "planes": planes,
            "stamped": any(node.get(UID) for node, _ in self.nodes),
            "kept": tuple(
                etree.tostring(node, with_tail=False).decode()
                for node in self.root
                if isinstance(node.tag, str) and split(node.tag)[0] == names.BPMN and _local(node) in KEPT_AS_XML
            ),
        }


def _numbers(node: etree._Element) -> list[float]:
    return [_number(node.get(name)) for name in ("x", "y", "width", "height")]


def _number(text: str | None) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        return 0
    return int(value) if value == int(value) else value


def _drawn(node: etree._Element, plane: str) -> dict[str, Any]:
    """A shape or edge: bounds or waypoints, bounds of its label, other attributes."""
    drawn: dict[str, Any] = {"plane": plane}
    for child in node:
        local = _local(child) if isinstance(child.tag, str) else ""
        if local == "Bounds":
            drawn["bounds"] = _numbers(child)
        elif local == "waypoint":
            drawn.setdefault("waypoints", []).append([_number(child.get("x")), _number(child.get("y"))])
        elif local == "BPMNLabel":
            bounds = child.find(qualified(names.DIAGRAM_COMMON, "Bounds"))
            drawn["label"] = _numbers(bounds) if bounds is not None else []
    drawn["id"] = node.get("id") or ""
    drawn["attributes"] = {
        _diagram_name(name): value for name, value in node.attrib.items() if name not in {"id", "bpmnElement"}
    }
    return drawn


def _diagram_name(name: str) -> str:
    namespace, local = split(name)
    prefix = DIAGRAM_PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else name


class _Writer:
    """Puts one file together."""

    def __init__(self, document: Document):
        self.document = document
        self.records = document.records
        self.extras = document.extras
        self.ids = _unique_ids(document)
        self.spelling: Mapping[str, Mapping[str, str]] = self.extras.get("spelling") or {}
        self.nested = self.nested_ids()
        self.outgoing: dict[str, list[str]] = {}
        self.incoming: dict[str, list[str]] = {}
        self.members: dict[str, list[str]] = {}
        self.ordered = self.order()
        self.children: dict[str, list[Record]] = {}
        for key in self.ordered:
            record = self.records[key]
            parent = record.parent if record.parent in self.records else ""
            self.children.setdefault(parent, []).append(record)
            if record.kind == "sequenceFlow":
                self.outgoing.setdefault(str(record.get("source")), []).append(key)
                self.incoming.setdefault(str(record.get("target")), []).append(key)
            if record.get("lane"):
                self.members.setdefault(str(record.get("lane")), []).append(key)

    def nested_ids(self) -> dict[str, dict[str, str]]:
        """Owner → path → id of the elements inside of records that have one, or need one because of a reference."""
        known = dict(self.extras.get("nested_ids") or {})
        taken = set(self.ids.values()) | set(known.values())
        for record in self.records.values():
            for name, value in record.fields.items():
                if is_reference(name) and isinstance(value, str) and "#" in value and value not in known:
                    owner, _, path = value.partition("#")
                    known[value] = _free(f"{self.ids.get(owner, owner)}_{_slug(path)}", taken)
        nested: dict[str, dict[str, str]] = {}
        for place, identifier in known.items():
            owner, _, path = place.partition("#")
            nested.setdefault(owner, {})[path] = identifier
        return nested

    def order(self) -> list[str]:
        """Known elements where they were, new ones behind; the flows of a gateway as it evaluates them."""
        known = [key for key in self.extras.get("order") or () if key in self.records]
        ordered = known + [key for key in self.records if key not in set(known)]
        position = {key: at for at, key in enumerate(ordered)}
        for record in self.records.values():
            flows = [key for key in record.get("flows", ()) if key in position]
            places = sorted(position[key] for key in flows)
            for place, key in zip(places, flows, strict=True):
                ordered[place] = key
        return ordered

    def content(self) -> bytes:
        root = etree.Element(names.bpmn("definitions"), nsmap=self.namespaces())
        for name, value in (self.extras.get("definitions") or {}).items():
            root.set(name, value)
        if not root.get("targetNamespace"):
            root.set("targetNamespace", "urn:praxis:models")
        if definitions := self.records.get(DEFINITIONS):
            self.fill(root, definitions)
        for kept in self.extras.get("kept") or ():
            root.append(etree.fromstring(kept, etree.XMLParser(resolve_entities=False, no_network=True)))
        roots = [record for record in self.children.get("", ()) if record.key != DEFINITIONS]
        for record in sorted(roots, key=lambda each: {"collaboration": 1, "process": 2}.get(each.kind, 0)):
            root.append(self.element(record))
        self.draw(root)
        declared = set((self.extras.get("prefixes") or {}).values())  # the engine tells tools by what they declare
        kept = [prefix for prefix, uri in root.nsmap.items() if uri in declared or prefix in names.PREFIXES]
        etree.cleanup_namespaces(root, keep_ns_prefixes=kept)
        etree.indent(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"

    def namespaces(self) -> dict[str, str]:
        canonical = {prefix: uri for uri, prefix in PREFIXES.items() if prefix != "xml"}
        canonical |= {prefix: uri for uri, prefix in DIAGRAM_PREFIXES.items()}
        taken = set(canonical.values())
        foreign = {
            prefix: uri
            for prefix, uri in (self.extras.get("prefixes") or {}).items()
            if uri not in taken and prefix not in canonical
        }
        return canonical | foreign

    def element(self, record: Record) -> etree._Element:
        is_inner = record.kind == "laneSet" and self.kind_of(record.parent) == "lane"
        node = etree.Element(names.bpmn("childLaneSet" if is_inner else record.kind))
        node.set("id", self.ids[record.key])
        self.fill(node, record)
        self.insert_references(node, record)
        self.insert_children(node, record)
        return node

    def kind_of(self, key: str) -> str:
        found = self.records.get(key)
        return found.kind if found else ""

    def fill(self, node: etree._Element, record: Record) -> None:
        """Attributes and nested elements."""
        if name := self.spelled(record, "name"):
            node.set("name", name)
        if uid := self.uid(record):
            node.set(UID, uid)
        fields = {}
        for name in record.fields:
            if name in {"name", "parent", "lane", "flows", "copied_from"}:
                continue
            value = self.spelled(record, name)
            if isinstance(value, str) and is_reference(name):
                value = self.written_reference(value)
            if re.match(r"condition(@|/|$)", name):
                name = "conditionExpression" + name.removeprefix("condition")
            fields[WRITTEN.get(name, name)] = value
        build(node, fields, WORDS, self.nested.get(record.key, {}))
        for specification in node.iter(names.bpmn("ioSpecification")):
            for needed in ("inputSet", "outputSet"):  # the schema wants them, empty ones too
                if specification.find(names.bpmn(needed)) is None:
                    specification.append(etree.Element(names.bpmn(needed)))

    def uid(self, record: Record) -> str:
        """The lineage to write: where it is not the id, and everywhere in files that carry it."""
        if record.key == DEFINITIONS:
            return ""
        if copied_from := record.get("copied_from"):
            return str(copied_from)
        is_told = self.extras.get("stamped") and record.kind in STAMPED
        return record.key if is_told or record.key != self.ids[record.key] else ""

    def spelled(self, record: Record, name: str) -> FieldValue:
        """The text as someone wrote it, where that means what the field says."""
        value = record.fields.get(name)
        written = self.spelling.get(record.key, {}).get(name)
        if written is not None and isinstance(value, str):
            meant = " ".join(written.split()) if name == "name" else squeezed(written)
            if meant == value:
                return written
        return value

    def written_reference(self, value: str) -> str:
        if value.startswith(UNRESOLVED):
            return value.removeprefix(UNRESOLVED)
        owner, hash_sign, path = value.partition("#")
        if hash_sign:
            return self.nested.get(owner, {}).get(path, value)
        return self.ids.get(value, value)

    def insert_references(self, node: etree._Element, record: Record) -> None:
        """incoming and outgoing of flow nodes, members of lanes: where the schema wants them."""
        references = []
        if record.kind in names.FLOW_NODES or record.kind == "choreographyTask":
            references += [("incoming", key) for key in self.incoming.get(record.key, ())]
            references += [("outgoing", key) for key in self.outgoing.get(record.key, ())]
        if record.kind == "lane":
            references += [("flowNodeRef", key) for key in self.members.get(record.key, ())]
        at = sum(
            1
            for child in node
            if RANKS.get(_local(child), 500) < RANKS["incoming"] or _local(child) == "partitionElement"
        )
        for offset, (tag, key) in enumerate(references):
            reference = etree.Element(names.bpmn(tag))
            reference.text = self.ids[key]
            node.insert(at + offset, reference)

    def insert_children(self, node: etree._Element, record: Record) -> None:
        children = self.children.get(record.key, ())
        if record.kind == "collaboration":
            ranks = {"participant": 0, "messageFlow": 1}
            children = sorted(children, key=lambda each: ranks.get(each.kind, 2))
        else:
            artifacts = {"textAnnotation", "association", "group"}
            children = sorted(children, key=lambda each: (each.kind != "laneSet", each.kind in artifacts))
        behind = AFTER_CHILDREN | (RESOURCES if record.kind == "process" else set())
        at = sum(1 for child in node if _local(child) not in behind)
        for offset, child in enumerate(children):
            node.insert(at + offset, self.element(child))

    # the drawing

    def draw(self, root: etree._Element) -> None:
        planes = [plane for plane in self.extras.get("planes") or () if plane["element"] in self.records]
        drawn = {key: place for key, place in self.document.layout.items() if key.partition("#")[0] in self.records}
        if not drawn:
            return
        if not planes:
            owner = next((r.key for r in self.records.values() if r.kind == "collaboration"), None)
            owner = owner or next((r.key for r in self.records.values() if r.kind == "process"), "")
            planes = [{"element": owner, "id": "plane", "diagram": "diagram", "name": ""}]
        taken = set(self.ids.values()) | {each for known in self.nested.values() for each in known.values()}
        known = {plane["element"] for plane in planes}
        for plane in planes:
            diagram = etree.SubElement(
                root, qualified(names.BPMN_DI, "BPMNDiagram"), id=_free(plane["diagram"] or "diagram", taken)
            )
            if plane["name"]:
                diagram.set("name", plane["name"])
            surface = etree.SubElement(
                diagram, qualified(names.BPMN_DI, "BPMNPlane"), id=_free(plane["id"] or "plane", taken)
            )
            surface.set("bpmnElement", self.ids[plane["element"]])
            for key, place in drawn.items():
                if place.get("plane") == plane["element"] or (plane is planes[0] and place.get("plane") not in known):
                    self.draw_one(surface, key, place, taken)

    def draw_one(self, surface: etree._Element, key: str, place: Mapping[str, Any], taken: set[str]) -> None:
        is_edge = "waypoints" in place
        node = etree.SubElement(surface, qualified(names.BPMN_DI, "BPMNEdge" if is_edge else "BPMNShape"))
        identifier = self.written_reference(key)
        node.set("id", _free(place.get("id") or f"{identifier}_di", taken))
        node.set("bpmnElement", identifier)
        for name, value in (place.get("attributes") or {}).items():
            node.set(_diagram_qualified(name), str(value))
        if is_edge:
            for x, y in place["waypoints"]:
                etree.SubElement(node, qualified(names.DIAGRAM_INTERCHANGE, "waypoint"), x=_short(x), y=_short(y))
        elif "bounds" in place:
            _bounds(node, place["bounds"])
        if "label" in place:
            label = etree.SubElement(node, qualified(names.BPMN_DI, "BPMNLabel"))
            if place["label"]:
                _bounds(label, place["label"])


AFTER_CHILDREN = frozenset(
    {"completionCondition", "correlationSubscription", "supports", "correlationKey", "participantAssociation"}
)
RESOURCES = frozenset({"resourceRole", "performer", "humanPerformer", "potentialOwner"})
STAMPED = names.FLOW_NODES | {"sequenceFlow", "lane", "message", "process", "participant"}


def _bounds(node: etree._Element, numbers: Iterable[float]) -> None:
    bounds = etree.SubElement(node, qualified(names.DIAGRAM_COMMON, "Bounds"))
    for name, number in zip(("x", "y", "width", "height"), numbers, strict=True):
        bounds.set(name, _short(number))


def _short(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _diagram_qualified(name: str) -> str:
    prefix, colon, local = name.partition(":")
    namespace = next((uri for uri, known in DIAGRAM_PREFIXES.items() if known == prefix), None)
    return qualified(namespace, local) if colon and namespace and not name.startswith("{") else name


def _unique_ids(document: Document) -> dict[str, str]:
    """Key → XML id; every id once, and a valid XML name."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for record in document.records.values():
        ids[record.key] = _free(_slug(record.id or record.key), taken)
    return ids


def _free(wanted: str, taken: set[str]) -> str:
    free, number = wanted, 2
    while free in taken:
        free, number = f"{wanted}_{number}", number + 1
    taken.add(free)
    return free


def _slug(text: str) -> str:
    """A valid XML id out of any text; texts that are one stay as they are."""
    slug = re.sub(r"[^\w.\-]+", "_", text)
    return slug if re.match(r"[^\W\d]", slug) else f"_{slug}"
