"""BPMN files as documents: one record per element that can be referred to, everything inside of it as fields."""

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from engine.bpmn import names
from engine.bpmn.names import qualified, split
from engine.bpmn.secure_xml import parse_xml
from practice_repo.algebra.bpmn_words import (
    CONTAINERS,
    DEFINITIONS,
    DIAGRAM_PREFIXES,
    KEPT_AS_XML,
    NESTED,
    ORDERED_GATEWAYS,
    REBUILT,
    RENAMED,
    UID,
    WORDS,
    local_name,
)
from practice_repo.algebra.bpmn_writing import Writer
from practice_repo.algebra.document import UNRESOLVED, Document, FieldValue, Record, is_reference, unreadable
from practice_repo.algebra.xml_fields import Flattener


def read(name: str, content: bytes) -> Document:
    """The model as records. Raises InvalidModel for what is no BPMN 2.0."""
    root = parse_xml(content)
    if root.tag != names.bpmn("definitions"):
        raise unreadable(name, f"expected BPMN 2.0 with the root 'definitions', found '{split(root.tag)[1]}'.")
    return _Reader(name, root).document()


def write(document: Document) -> bytes:
    """The complete file, with incoming, outgoing and the members of lanes as they follow from the records."""
    return Writer(document).content()


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
            local = local_name(child)
            if local in NESTED or (parent is None and local in KEPT_AS_XML | {"documentation"}):
                continue
            if parent is not None and local_name(parent) == "lane" and local != "childLaneSet":
                continue
            self.nodes.append((child, parent))
            if local in CONTAINERS or local == "childLaneSet":
                self.collect(child, child)

    @staticmethod
    def kind(node: etree._Element) -> str:
        return "laneSet" if local_name(node) == "childLaneSet" else local_name(node)

    def give_ids(self) -> None:
        """The XML ids; elements without one (the standard allows that) get one made of kind and number."""
        taken = {node.get("id", "").strip() for node in self.root.iter() if isinstance(node.tag, str)}
        number = 0
        for node, _parent in self.nodes:
            identifier = node.get("id", "").strip()
            while not identifier:
                number += 1
                made = f"{local_name(node)}_without_id_{number}"
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
        key, local = self.keys[node], local_name(node)
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
        return split(child.tag)[0] != names.BPMN or local_name(child) not in REBUILT

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
            if local_name(node) == "lane":
                for member in node.findall(names.bpmn("flowNodeRef")):
                    key = self.by_id.get((member.text or "").strip())
                    if key:
                        lane_of[key] = self.keys[node]
        for node, parent in self.nodes:
            key = self.keys[node]
            lane = lane_of.get(key)
            if lane and lane != self.lane_around(parent, lane_of) and local_name(node) in names.FLOW_NODES:
                self.fields[key]["lane"] = lane

    def lane_around(self, parent: etree._Element | None, lane_of: Mapping[str, str]) -> str | None:
        while parent is not None and local_name(parent) in names.SUB_PROCESSES:
            if self.keys[parent] in lane_of:
                return lane_of[self.keys[parent]]
            parent = parent.getparent()
            if parent not in self.keys:
                return None
        return None

    def read_flow_order(self) -> None:
        outgoing: dict[str, list[str]] = {}
        for node, _parent in self.nodes:
            if local_name(node) == "sequenceFlow":
                fields = self.fields[self.keys[node]]
                outgoing.setdefault(str(fields.get("source")), []).append(self.keys[node])
        for node, _parent in self.nodes:
            if local_name(node) in ORDERED_GATEWAYS:
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
                if isinstance(node.tag, str) and split(node.tag)[0] == names.BPMN and local_name(node) in KEPT_AS_XML
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
        local = local_name(child) if isinstance(child.tag, str) else ""
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
