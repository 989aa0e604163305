"""BPMN files out of records: a complete, valid file in an order that follows from its content."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine.bpmn import names
from engine.bpmn.names import qualified
from practice_repo.algebra.bpmn_words import (
    AFTER_CHILDREN,
    DEFINITIONS,
    DIAGRAM_PREFIXES,
    PREFIXES,
    RANKS,
    RESOURCES,
    STAMPED,
    UID,
    WORDS,
    WRITTEN,
    local_name,
)
from practice_repo.algebra.document import UNRESOLVED, Document, FieldValue, Record, is_reference
from practice_repo.algebra.xml_fields import build, squeezed


class Writer:
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
        ordered = list(dict.fromkeys([*known, *self.records]))
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
            if RANKS.get(local_name(child), 500) < RANKS["incoming"] or local_name(child) == "partitionElement"
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
        at = sum(1 for child in node if local_name(child) not in behind)
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
