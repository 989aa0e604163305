"""DMN files as documents: the graph's elements, and every column and rule of decision tables, as records."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine.bpmn.names import qualified, split
from engine.dmn.xml import VERSIONS, parse_xml
from practice_repo.algebra.dmn_words import (
    ANY_CELL,
    GRAPH,
    REQUIREMENTS,
    TABLE_PARTS,
    TABLE_PLACES,
    UID,
    words_for,
)
from practice_repo.algebra.dmn_writing import Writer
from practice_repo.algebra.document import UNRESOLVED, Document, FieldValue, Record, is_reference, unreadable
from practice_repo.algebra.xml_fields import Flattener, squeezed


def read(name: str, content: bytes) -> Document:
    """The decisions as records. Raises InvalidModel for what is no DMN 1.1 to 1.5."""
    root = parse_xml(content)
    namespace, local = split(root.tag)
    if local != "definitions" or namespace not in VERSIONS:
        raise unreadable(name, f"expected DMN 1.1 to 1.5 with the root 'definitions', found '{local}' ({namespace}).")
    return _Reader(name, root, namespace).document()


def write(document: Document) -> bytes:
    """The complete file, in the version of DMN that it was read in."""
    return Writer(document).content()


class _Reader:
    def __init__(self, name: str, root: etree._Element, namespace: str):
        self.name = name
        self.root = root
        self.namespace = namespace
        self.words = words_for(namespace)
        self.records: dict[str, Record] = {}
        self.by_id: dict[str, str] = {}
        self.nested_ids: dict[str, str] = {}
        self.spelling: dict[str, dict[str, str]] = {}

    def document(self) -> Document:
        drawn = [node for node in self.root if isinstance(node.tag, str) and self.local(node) in GRAPH]
        keys = {node: self.new_key(node, node.get("name") or self.local(node)) for node in drawn}
        for node, key in keys.items():
            if node.get("id"):
                self.by_id.setdefault(node.get("id"), key)
        for node, key in keys.items():
            self.read_element(node, key)
        self.resolve()
        self.read_definitions()
        return Document(self.name, "dmn", self.records, self.layout(), self.extras())

    def local(self, node: etree._Element) -> str:
        namespace, local = split(node.tag)
        return local if namespace == self.namespace else ""

    def new_key(self, node: etree._Element, otherwise: str) -> str:
        """The lineage uid, the id or (foreign files) what the element says; never one that is taken."""
        wanted = node.get(UID) or node.get("id") or otherwise
        key, number = wanted, 2
        while key in self.records:
            key, number = f"{wanted}.{number}", number + 1
        self.records[key] = Record(key, "", "", {})
        return key

    def put(
        self, key: str, node: etree._Element, fields: Mapping[str, FieldValue], spelling: Mapping[str, str]
    ) -> None:
        self.records[key] = Record(key, self.local(node), node.get("id") or key, fields)
        if spelling:
            self.spelling[key] = dict(spelling)

    def flat(self, node: etree._Element, key: str, skip: Iterable[etree._Element] = ()) -> Flattener:
        """Attributes and nested elements as fields, without the elements to skip."""
        skipped = set(skip)
        flat = Flattener(self.words)
        flat.attributes(node, "", frozenset({"name", "praxis:uid"}))
        flat.children([child for child in node if isinstance(child.tag, str) and child not in skipped], "")
        label = " ".join((node.get("name") or "").split())
        if label:
            flat.fields["name"] = label
        for identifier, path in flat.ids.items():
            self.nested_ids[f"{key}#{path}"] = identifier
        return flat

    def read_element(self, node: etree._Element, key: str) -> None:
        requirements = [child for child in node if self.local(child) in REQUIREMENTS] if len(node) else []
        tables = self.tables(node)
        skip = {*requirements, *(table for table, _path in tables)}
        logic = [child for child in node if self.local(child) == "encapsulatedLogic"]
        if tables and tables[0][1] == TABLE_PLACES[1]:
            skip.update(child for child in logic if not child.attrib and len(child) == 1)
        flat = self.flat(node, key, skip)
        fields: dict[str, FieldValue] = {"parent": "", **flat.fields}
        if fields.get("variable@name") == fields.get("name"):
            fields.pop("variable@name", None)
        fields.pop("variable/", None)
        if fields.get("variable") == "":
            del fields["variable"]
        for requirement in requirements:
            self.read_requirement(requirement, key, fields)
        self.put(key, node, fields, flat.spelling)
        for table, place in tables:
            self.read_table(table, key, place)

    def tables(self, node: etree._Element) -> list[tuple[etree._Element, str]]:
        found = []
        for place in TABLE_PLACES:
            path = "/".join(qualified(self.namespace, part) for part in place.split("/"))
            found += [(table, place) for table in node.findall(path)]
        return found[:1]

    def read_requirement(self, node: etree._Element, key: str, fields: dict[str, FieldValue]) -> None:
        for required in node:
            href = required.get("href") if isinstance(required.tag, str) else None
            if href:
                target = self.target(href)
                fields[f"requires:{target}"] = f"{self.local(node)}/{self.local(required)}"
                if node.get("id"):
                    self.nested_ids[f"{key}#requires:{target}"] = node.get("id")

    def target(self, href: str) -> str:
        namespace, _, identifier = href.rpartition("#")
        is_here = not namespace or namespace == self.root.get("namespace")
        return self.by_id.get(identifier, UNRESOLVED + href) if is_here else UNRESOLVED + href

    def read_table(self, table: etree._Element, owner: str, place: str) -> None:
        key = self.new_key(table, f"{owner}_table")
        parts = [child for child in table if self.local(child) in TABLE_PARTS]
        flat = self.flat(table, key, parts)
        fields: dict[str, FieldValue] = {"parent": owner, "hit_policy": "UNIQUE", **flat.fields}
        if policy := fields.pop("hitPolicy", None):
            fields["hit_policy"] = policy
        if place != TABLE_PLACES[0]:
            fields["place"] = place
        inputs = [self.read_column(node, key, number) for number, node in enumerate(self.parts(table, "input"), 1)]
        outputs = [self.read_column(node, key, number) for number, node in enumerate(self.parts(table, "output"), 1)]
        rules = [self.read_rule(node, key, inputs, outputs) for node in self.parts(table, "rule")]
        for name, keys in (("inputs", inputs), ("outputs", outputs), ("rules", rules)):
            if keys:
                fields[name] = tuple(keys)
        self.put(key, table, fields, flat.spelling)

    def parts(self, table: etree._Element, local: str) -> list[etree._Element]:
        return [child for child in table if self.local(child) == local]

    def read_column(self, node: etree._Element, table: str, number: int) -> str:
        key = self.new_key(node, f"{table}_{self.local(node)}_{number}")
        flat = self.flat(node, key)
        self.put(key, node, {"parent": table, **flat.fields}, flat.spelling)
        return key

    def read_rule(self, node: etree._Element, table: str, inputs: list[str], outputs: list[str]) -> str:
        cells = {
            prefix: [child for child in node if self.local(child) == local]
            for prefix, local in (("in:", "inputEntry"), ("out:", "outputEntry"))
        }
        description = [child for child in node if self.local(child) == "description"]
        conditions = [self.cell(cell) for cell in cells["in:"]]
        content = hashlib.sha256("\0".join(conditions).encode()).hexdigest()[:12]
        key = self.new_key(node, f"{table}_rule_{content}")
        flat = self.flat(node, key, [*cells["in:"], *cells["out:"], *description])
        fields: dict[str, FieldValue] = {"parent": table, **flat.fields}
        spelling = dict(flat.spelling)
        for prefix, columns in (("in:", inputs), ("out:", outputs)):
            for column, cell in zip(columns, cells[prefix], strict=False):
                name, text = prefix + column, self.cell(cell)
                if text and not (prefix == "in:" and text == ANY_CELL):
                    fields[name] = text
                    self.note_spelling(spelling, name, self.written(cell), text)
                if cell.get("id"):
                    self.nested_ids[f"{key}#{name}"] = cell.get("id")
        if description and (text := squeezed("".join(description[0].itertext()))):
            fields["annotation"] = text
        self.put(key, node, fields, spelling)
        return key

    @staticmethod
    def note_spelling(spelling: dict[str, str], name: str, written: str, text: str) -> None:
        if written != text:
            spelling[name] = written

    def written(self, cell: etree._Element) -> str:
        return "".join(cell.itertext()).strip()

    def cell(self, cell: etree._Element) -> str:
        return squeezed(self.written(cell))

    def resolve(self) -> None:
        places = {identifier: place for place, identifier in reversed(self.nested_ids.items())} | self.by_id
        for record in list(self.records.values()):
            fields = dict(record.fields)
            for name, value in fields.items():
                if name.partition("@")[2] == "href" and isinstance(value, str):
                    fields[name] = self.target(value)
                elif name != "parent" and is_reference(name) and isinstance(value, str) and value:
                    fields[name] = places.get(value, UNRESOLVED + value)
            self.records[record.key] = Record(record.key, record.kind, record.id, fields)

    def read_definitions(self) -> None:
        """What the file says as a whole: its words, and in which language its expressions are."""
        flat = Flattener(self.words)
        flat.children([node for node in self.root if self.local(node) in {"description", "extensionElements"}], "")
        for name in ("expressionLanguage", "typeLanguage"):
            language = self.root.get(name)
            if language and "feel" not in language.lower():
                flat.fields[name] = language
        if flat.fields:
            self.records["definitions"] = Record("definitions", "definitions", "", {"parent": "", **flat.fields})

    def layout(self) -> dict[str, Any]:
        places = {identifier: place for place, identifier in reversed(self.nested_ids.items())} | self.by_id
        layout: dict[str, Any] = {}
        for number, diagram in enumerate(self.diagrams()):
            for drawn in diagram:
                local = split(drawn.tag)[1] if isinstance(drawn.tag, str) else ""
                key = places.get((drawn.get("dmnElementRef") or "").rpartition(":")[2])
                if local in {"DMNShape", "DMNEdge"} and key and key not in layout:
                    layout[key] = _drawn(drawn, number)
        return layout

    def diagrams(self) -> list[etree._Element]:
        return [node for node in self.root.iter() if isinstance(node.tag, str) and split(node.tag)[1] == "DMNDiagram"]

    def extras(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "definitions": dict(self.root.attrib),
            "prefixes": dict(self.root.nsmap),
            "order": tuple(self.records),
            "nested_ids": self.nested_ids,
            "spelling": self.spelling,
            "diagrams": [
                {"tag": node.tag, "around": node.getparent().tag, "attributes": dict(node.attrib)}
                for node in self.diagrams()
            ],
            "kept": tuple(
                etree.tostring(node, with_tail=False).decode() for node in self.root if self.local(node) == "import"
            ),
        }


def _drawn(node: etree._Element, diagram: int) -> dict[str, Any]:
    drawn: dict[str, Any] = {"plane": diagram, "tag": node.tag, "attributes": {}, "raw": []}
    for name, value in node.attrib.items():
        if name == "id":
            drawn["id"] = value
        elif name != "dmnElementRef":
            drawn["attributes"][name] = value
    for child in node:
        local = split(child.tag)[1] if isinstance(child.tag, str) else ""
        if local == "Bounds":
            drawn["bounds"] = [float(child.get(name) or 0) for name in ("x", "y", "width", "height")]
            drawn["bounds_tag"] = child.tag
        elif local == "waypoint":
            drawn.setdefault("waypoints", []).append([float(child.get("x") or 0), float(child.get("y") or 0)])
            drawn["waypoint_tag"] = child.tag
        elif local:
            drawn["raw"].append(etree.tostring(child, with_tail=False).decode())
    return drawn
