"""DMN files as documents: the graph's elements, and every column and rule of decision tables, as records."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine.bpmn.names import PRAXIS, qualified, split
from engine.dmn.xml import VERSIONS, parse_xml
from practice_repo.algebra.document import (
    UNRESOLVED,
    Document,
    FieldValue,
    Record,
    is_reference,
    unreadable,
)
from practice_repo.algebra.xml_fields import XML_NAMESPACE, Flattener, Vocabulary, build, squeezed

UID = qualified(PRAXIS, "uid")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CAMUNDA = "http://camunda.org/schema/1.0/dmn"
TOOL_METADATA = re.compile(r"trisotech|signavio|bpmn\.io/schema|camunda\.org/schema/modeler|kie\.org|drools|DMNDI|/DD/")
ANY_CELL = "-"

GRAPH = frozenset(
    {
        "decision", "inputData", "businessKnowledgeModel", "knowledgeSource", "decisionService", "itemDefinition",
        "elementCollection", "performanceIndicator", "organizationUnit", "association", "textAnnotation", "group",
    }
)  # fmt: skip
REQUIREMENTS = ("informationRequirement", "knowledgeRequirement", "authorityRequirement")
TABLE_PLACES = ("decisionTable", "encapsulatedLogic/decisionTable")
TABLE_PARTS = ("input", "output", "rule")
CHILDREN = (
    "description", "extensionElements", "import", "itemDefinition", "typeRef", "typeConstraint", "allowedValues",
    "itemComponent", "functionItem", "question", "allowedAnswers", "variable", *REQUIREMENTS, "supportedObjective",
    "impactedPerformanceIndicator", "decisionMaker", "decisionOwner", "usingProcess", "usingTask", "type", "owner",
    "outputDecision", "encapsulatedDecision", "inputDecision", "inputData", "formalParameter", "inputExpression",
    "inputValues", "outputValues", "defaultOutputEntry", "column", "row", "binding", "contextEntry", "parameter",
    "literalExpression", "decisionTable", "context", "invocation", "functionDefinition", "list", "relation",
    "conditional", "filter", "for", "every", "some", "encapsulatedLogic", "text", "importedValues", "sourceRef",
    "targetRef", "input", "output", "annotation", "rule", "inputEntry", "outputEntry", "annotationEntry",
)  # fmt: skip
RANKS = {tag: number for number, tag in enumerate(CHILDREN)}
DEFAULTS = {
    ("decisionTable", "hitPolicy"): "UNIQUE",
    ("decisionTable", "preferredOrientation"): "Rule-as-Row",
    ("itemDefinition", "isCollection"): "false",
    ("itemComponent", "isCollection"): "false",
    ("functionDefinition", "kind"): "FEEL",
    ("encapsulatedLogic", "kind"): "FEEL",
    ("association", "associationDirection"): "None",
    ("textAnnotation", "textFormat"): "text/plain",
}


def words_for(namespace: str) -> Vocabulary:
    return Vocabulary(
        home=namespace,
        prefixes={namespace: "dmn", PRAXIS: "praxis", CAMUNDA: "camunda", XSI: "xsi", XML_NAMESPACE: "xml"},
        defaults=DEFAULTS,
        dropped=frozenset({"preferredOrientation"}),
        containers=frozenset({"extensionElements"}),
        ranks=RANKS,
        ignored=lambda found: bool(TOOL_METADATA.search(found)),
        elements=frozenset(CHILDREN) - {"typeRef", "sourceRef", "targetRef"},
    )


def read(name: str, content: bytes) -> Document:
    root = parse_xml(content)
    namespace, local = split(root.tag)
    if local != "definitions" or namespace not in VERSIONS:
        raise unreadable(name, f"expected DMN 1.1 to 1.5 with the root 'definitions', found '{local}' ({namespace}).")
    return _Reader(name, root, namespace).document()


def write(document: Document) -> bytes:
    return _Writer(document).content()


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


class _Writer:
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
        ordered = known + [key for key in self.records if key not in set(known)]
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
