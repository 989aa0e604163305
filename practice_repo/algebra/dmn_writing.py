"""DMN files out of records."""

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from engine.bpmn.names import PRAXIS, qualified, split
from practice_repo.algebra.dmn_words import (
    ANY_CELL,
    GRAPH,
    RANKS,
    TABLE_PLACES,
    UID,
    words_for,
)
from practice_repo.algebra.document import UNRESOLVED, Document, FieldValue, Record, is_reference
from practice_repo.algebra.xml_fields import build, squeezed


class Writer:
    def __init__(self, document: Document):
        self.document = document
        self.records = document.records
        self.extras = document.extras
        self.namespace = self.extras.get("namespace") or "https://www.omg.org/spec/DMN/20191111/MODEL/"
        self.words = words_for(self.namespace)
        self.spelling: Mapping[str, Mapping[str, str]] = self.extras.get("spelling") or {}
        self.nested_ids: dict[str, str] = dict(self.extras.get("nested_ids") or {})
        self.taken: set[str] = set()
        self.ids = {key: self.free(record.id or key) for key, record in self.records.items()}
        self.taken.update(self.nested_ids.values())

    def free(self, wanted: str) -> str:
        name = re.sub(r"[^\w.\-]+", "_", wanted)
        name = name if re.match(r"[^\W\d]", name) else f"_{name}"
        free, number = name, 2
        while free in self.taken:
            free, number = f"{name}_{number}", number + 1
        self.taken.add(free)
        return free

    def nested_id(self, place: str, otherwise: str) -> str:
        if place not in self.nested_ids:
            self.nested_ids[place] = self.free(otherwise)
        return self.nested_ids[place]

    def tag(self, local: str) -> str:
        return qualified(self.namespace, local)

    def content(self) -> bytes:
        prefixes = {None: self.namespace, "praxis": PRAXIS}
        prefixes |= {
            prefix: uri
            for prefix, uri in (self.extras.get("prefixes") or {}).items()
            if uri != self.namespace and prefix
        }
        root = etree.Element(self.tag("definitions"), nsmap=prefixes)
        for name, value in (self.extras.get("definitions") or {}).items():
            root.set(name, value)
        if definitions := self.records.get("definitions"):
            self.fill(root, definitions)
        for kept in self.extras.get("kept") or ():
            root.append(etree.fromstring(kept, etree.XMLParser(resolve_entities=False, no_network=True)))
        known = [key for key in self.extras.get("order") or () if key in self.records]
        ordered = list(dict.fromkeys([*known, *self.records]))
        for key in sorted(ordered, key=lambda each: self.records[each].kind != "itemDefinition"):
            record = self.records[key]
            if record.kind in GRAPH:
                root.append(self.element(record))
        self.draw(root)
        etree.cleanup_namespaces(root)
        etree.indent(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"

    def element(self, record: Record) -> etree._Element:
        node = etree.Element(self.tag(record.kind))
        node.set("id", self.ids[record.key])
        self.fill(node, record)
        if (
            record.kind in {"decision", "inputData", "businessKnowledgeModel"}
            and node.find(self.tag("variable")) is not None
        ):
            variable = node.find(self.tag("variable"))
            if not variable.get("name"):
                variable.set("name", node.get("name") or "")
        elif record.kind in {"decision", "inputData"}:
            self.insert(
                node,
                etree.Element(
                    self.tag("variable"),
                    name=node.get("name") or "",
                    id=self.nested_id(f"{record.key}#variable", f"variable_{self.ids[record.key]}"),
                ),
            )
        for name, value in record.fields.items():
            if name.startswith("requires:"):
                self.insert(node, self.requirement(record, name, str(value)))
        for table in self.document.children(record.key):
            if table.kind == "decisionTable":
                self.insert_table(node, table)
        return node

    def insert(self, parent: etree._Element, node: etree._Element) -> None:
        """Put the node behind all that the schema wants before it."""
        rank = RANKS.get(split(node.tag)[1], 500)
        at = sum(1 for child in parent if RANKS.get(split(child.tag)[1], 500) <= rank)
        parent.insert(at, node)

    def requirement(self, record: Record, name: str, value: str) -> etree._Element:
        requirement, _, required = value.partition("/")
        target = name.removeprefix("requires:")
        node = etree.Element(self.tag(requirement))
        node.set("id", self.nested_id(f"{record.key}#{name}", f"{self.ids[record.key]}_needs_{target}"))
        etree.SubElement(node, self.tag(required), href=self.href(target))
        return node

    def href(self, target: str) -> str:
        return target.removeprefix(UNRESOLVED) if target.startswith(UNRESOLVED) else f"#{self.ids.get(target, target)}"

    def fill(self, node: etree._Element, record: Record) -> None:
        if record.name:
            node.set("name", record.name)
        if record.key != record.id and record.kind != "definitions":
            node.set(UID, record.key)
        fields: dict[str, FieldValue] = {}
        for name in record.fields:
            if name in {"name", "parent", "rules", "inputs", "outputs", "place", "annotation"}:
                continue
            if name.startswith(("in:", "out:", "requires:")):
                continue
            value = self.spelled(record, name)
            if name.partition("@")[2] == "href":
                value = self.href(str(value))
            elif isinstance(value, str) and is_reference(name):
                value = self.reference(value)
            fields["hitPolicy" if name == "hit_policy" else name] = value
        paths = {
            place.partition("#")[2]: identifier
            for place, identifier in self.nested_ids.items()
            if place.partition("#")[0] == record.key
        }
        build(node, fields, self.words, paths)

    def reference(self, value: str) -> str:
        if value.startswith(UNRESOLVED):
            return value.removeprefix(UNRESOLVED)
        return self.nested_ids.get(value, "") if "#" in value else self.ids.get(value, value)

    def spelled(self, record: Record, name: str) -> FieldValue:
        value = record.fields.get(name)
        written = self.spelling.get(record.key, {}).get(name)
        return written if written is not None and squeezed(written) == value else value

    def insert_table(self, parent: etree._Element, record: Record) -> None:
        table = etree.Element(self.tag("decisionTable"))
        table.set("id", self.ids[record.key])
        self.fill(table, record)
        columns = {name: self.listed(record, name, kind) for name, kind in (("inputs", "input"), ("outputs", "output"))}
        for column in [*columns["inputs"], *columns["outputs"]]:
            node = etree.Element(self.tag(column.kind))
            node.set("id", self.ids[column.key])
            self.fill(node, column)
            self.insert(table, node)
        for rule in self.listed(record, "rules", "rule"):
            self.insert(table, self.rule(rule, columns))
        place = str(record.get("place") or TABLE_PLACES[0])
        if place != TABLE_PLACES[0]:
            logic = parent.find(self.tag("encapsulatedLogic"))
            if logic is None:
                logic = etree.Element(self.tag("encapsulatedLogic"))
                self.insert(parent, logic)
            parent = logic
        self.insert(parent, table)

    def listed(self, table: Record, name: str, kind: str) -> list[Record]:
        """The columns or rules in their order; those that the order forgot come last."""
        inside = [each for each in self.document.children(table.key) if each.kind == kind]
        order = {key: at for at, key in enumerate(table.get(name, ()))}
        return sorted(inside, key=lambda each: order.get(each.key, len(order)))

    def rule(self, record: Record, columns: Mapping[str, list[Record]]) -> etree._Element:
        node = etree.Element(self.tag("rule"))
        node.set("id", self.ids[record.key])
        self.fill(node, record)
        if annotation := record.get("annotation"):
            description = etree.Element(self.tag("description"))
            description.text = str(annotation)
            self.insert(node, description)
        for prefix, local, name in (("in:", "inputEntry", "inputs"), ("out:", "outputEntry", "outputs")):
            for column in columns[name]:
                field = prefix + column.key
                entry = etree.Element(self.tag(local))
                known = self.nested_ids.get(f"{record.key}#{field}")
                entry.set(
                    "id", known or self.nested_id(f"{record.key}#{field}", f"{self.ids[record.key]}_{column.key}")
                )
                text = etree.SubElement(entry, self.tag("text"))
                text.text = str(self.spelled(record, field) or (ANY_CELL if prefix == "in:" else "")) or None
                self.insert(node, entry)
        return node

    def draw(self, root: etree._Element) -> None:
        drawn = {key: place for key, place in self.document.layout.items() if self.still_there(key)}
        diagrams = self.extras.get("diagrams") or ()
        if not drawn or not diagrams:
            return
        around = etree.SubElement(root, diagrams[0]["around"])
        for number, diagram in enumerate(diagrams):
            node = etree.SubElement(around, diagram["tag"])
            for name, value in diagram["attributes"].items():
                node.set(name, value)
            for key, place in drawn.items():
                if place.get("plane", 0) == number:
                    self.draw_one(node, key, place, diagram["tag"])

    def still_there(self, key: str) -> bool:
        owner, hash_sign, field = key.partition("#")
        record = self.records.get(owner)
        return record is not None and (not hash_sign or field in record.fields or not field.startswith("requires:"))

    def draw_one(self, diagram: etree._Element, key: str, place: Mapping[str, Any], tag: str) -> None:
        namespace = split(tag)[0]
        is_edge = "waypoints" in place
        node = etree.SubElement(diagram, place.get("tag") or qualified(namespace, "DMNEdge" if is_edge else "DMNShape"))
        identifier = self.nested_ids.get(key, key) if "#" in key else self.ids[key]
        node.set("id", self.free(place.get("id") or f"{identifier}_di"))
        node.set("dmnElementRef", identifier)
        for name, value in place.get("attributes", {}).items():
            node.set(name, value)
        if "bounds" in place:
            bounds = etree.SubElement(
                node, place.get("bounds_tag") or "{http://www.omg.org/spec/DMN/20180521/DC/}Bounds"
            )
            for name, number in zip(("x", "y", "width", "height"), place["bounds"], strict=True):
                bounds.set(name, _short(number))
        for x, y in place.get("waypoints", ()):
            waypoint = place.get("waypoint_tag") or "{http://www.omg.org/spec/DMN/20180521/DI/}waypoint"
            etree.SubElement(node, waypoint, x=_short(x), y=_short(y))
        for raw in place.get("raw", ()):
            node.append(etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True)))


def _short(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
