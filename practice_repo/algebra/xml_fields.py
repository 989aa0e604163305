"""What lies nested in an XML element, as fields (path → text), and back.

    timerEventDefinition/timeDuration = "PT4H"
    messageEventDefinition@messageRef = "order_sent"
    extensionElements/praxis:ioMapping/praxis:input[items]@source = "=lines"
    extensionElements/praxis:ioMapping/praxis:input/order = ("items", "rate")
    dataInputAssociation[#2]/sourceRef = "order"

Elements that stand several times are told apart by the attribute that names them, else by their number. An element
without text, attributes and children is a field with an empty text. Text mixed with elements is kept as XML (`!xml`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from lxml import etree

from engine.bpmn.names import split
from practice_repo.algebra.document import FieldValue

SEGMENT = re.compile(r"(?P<tag>[^\[\]@!/]+)(\[(?P<key>[^\]]*)\])?")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True)
class Vocabulary:
    """What a reader must know about a format: its namespace, and which contents have which meaning."""

    home: str
    prefixes: Mapping[str, str]  # namespace → canonical prefix
    naming: Mapping[str, str] = field(default_factory=dict)  # tag → the attribute that tells siblings apart
    unordered: frozenset[str] = frozenset()  # tags of named siblings whose order has no meaning
    defaults: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (tag, attribute) → the standard's default
    dropped: frozenset[str] = frozenset()  # attributes of the home vocabulary without meaning
    containers: frozenset[str] = frozenset()  # tags that mean nothing when they are empty
    ranks: Mapping[str, int] = field(default_factory=dict)  # tag → its place among its siblings
    ignored: Callable[[str], bool] = lambda namespace: False  # namespaces without meaning
    typed: Mapping[str, str] = field(default_factory=dict)  # tag → xsi:type that is written and not compared
    elements: frozenset[str] = frozenset()  # direct children that are no attribute of the same name

    def tag(self, qualified: str) -> str:
        """`userTask`, `praxis:input`, `{urn%3Aother}thing`."""
        namespace, local = split(qualified)
        if namespace == self.home or not namespace:
            return local
        prefix = self.prefixes.get(namespace)
        return f"{prefix}:{local}" if prefix else f"{{{quote(namespace, safe='')}}}{local}"

    def qualified(self, tag: str, *, attribute: bool = False) -> str:
        if tag.startswith("{"):
            namespace, _, local = tag[1:].partition("}")
            return f"{{{unquote(namespace)}}}{local}"
        prefix, colon, local = tag.partition(":")
        if not colon:
            return tag if attribute else f"{{{self.home}}}{tag}"
        namespace = next((uri for uri, known in self.prefixes.items() if known == prefix), "")
        return f"{{{namespace}}}{local}" if namespace else local


def squeezed(text: str) -> str:
    """White space collapsed, but not inside of quoted texts; texts with comments keep their lines."""
    text = text.strip()
    if "//" in text or "/*" in text:
        return "\n".join(line.rstrip() for line in text.splitlines())
    parts, end = [], 0
    for literal in LITERAL.finditer(text):
        parts += [re.sub(r"\s+", " ", text[end : literal.start()]), literal.group()]
        end = literal.end()
    return "".join([*parts, re.sub(r"\s+", " ", text[end:])])


class Flattener:
    """Reads nested elements. `ids` gives the path of every nested element that has an id."""

    def __init__(self, words: Vocabulary):
        self.words = words
        self.ids: dict[str, str] = {}
        self.spelling: dict[str, str] = {}
        self.fields: dict[str, FieldValue] = {}

    def attributes(self, node: etree._Element, path: str, skip: frozenset[str] = frozenset()) -> None:
        tag = self.words.tag(node.tag)
        for qualified, value in node.attrib.items():
            namespace, local = split(qualified)
            name = self.words.tag(qualified) if namespace else local
            if name in skip or name == "id" or name in self.words.dropped or self.words.ignored(namespace):
                continue
            if name == "xsi:type" and tag in self.words.typed:
                continue
            if self.words.defaults.get((tag, name), self.words.defaults.get(("*", name))) == value:
                continue
            self.put(f"{path}@{name}" if path or name in self.words.elements else name, value)

    def put(self, path: str, text: str) -> None:
        value = squeezed(text)
        self.fields[path] = value
        if value != text.strip():
            self.spelling[path] = text.strip()

    def children(self, nodes: list[etree._Element], path: str) -> None:
        """The elements, each under its path."""
        by_tag: dict[str, list[etree._Element]] = {}
        for node in nodes:
            if isinstance(node.tag, str) and not self.words.ignored(split(node.tag)[0]):
                by_tag.setdefault(self.words.tag(node.tag), []).append(node)
        for tag, siblings in by_tag.items():
            self.siblings(tag, siblings, f"{path}/{tag}" if path else tag)

    def siblings(self, tag: str, nodes: list[etree._Element], path: str) -> None:
        naming = self.words.naming.get(tag)
        names = [node.get(naming) or "" for node in nodes] if naming else []
        if naming and all(names) and len(set(names)) == len(names):
            for node, name in zip(nodes, names, strict=True):
                self.element(node, f"{path}[{quote(name, safe=': .,()=+-')}]", frozenset({naming}))
            if len(nodes) > 1 and tag not in self.words.unordered:
                self.fields[f"{path}/order"] = tuple(names)
            return
        for number, node in enumerate(nodes, 1):
            self.element(node, path if number == 1 else f"{path}[#{number}]", frozenset())

    def element(self, node: etree._Element, path: str, skip: frozenset[str]) -> None:
        known = len(self.fields)
        if node.get("id"):
            self.ids[node.get("id").strip()] = path
        self.attributes(node, path, skip)
        inner = [child for child in node if isinstance(child.tag, str)]
        text = (node.text or "").strip()
        if inner and (text or any((child.tail or "").strip() for child in node)):
            self.fields[f"{path}!xml"] = _as_xml(node)
            return
        if text and not inner:
            self.put(self.leaf(path), node.text or "")
            return
        self.children(inner, path)
        if len(self.fields) == known and self.words.tag(node.tag) not in self.words.containers and not inner:
            self.fields[self.leaf(path)] = ""

    def leaf(self, path: str) -> str:
        """The path of an element's text; one that could be taken for an attribute's ends with a slash."""
        return path if "/" in path or "[" in path or path in self.words.elements else f"{path}/"


def _as_xml(node: etree._Element) -> str:
    text = etree.tostring(node, method="c14n", exclusive=True, with_tail=False).decode()
    return re.sub(r"\s+", " ", text).strip()


@dataclass
class _Node:
    """One nested element while it is put together again."""

    tag: str
    key: str | None = None
    text: str | None = None
    raw: str | None = None
    path: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: dict[str, "_Node"] = field(default_factory=dict)
    orders: dict[str, tuple[str, ...]] = field(default_factory=dict)


def build(parent: etree._Element, fields: Mapping[str, FieldValue], words: Vocabulary, ids: Mapping[str, str]) -> None:
    """Put nested elements and attributes into the parent. `ids`: path → id of nested elements that need one."""
    root = _Node("")
    for path, value in fields.items():
        _place(root, path, value, words)
    for name, value in root.attributes.items():
        parent.set(words.qualified(name, attribute=True), value)
    for node in _sorted(root, words):
        parent.append(_element(node, words, ids))


def _place(root: _Node, path: str, value: FieldValue, words: Vocabulary) -> None:
    if isinstance(value, tuple):
        node = _descend(root, path.removesuffix("/order"), leave_last=True)
        node.orders[path.removesuffix("/order").rpartition("/")[2]] = value
    elif path.endswith("!xml"):
        _descend(root, path.removesuffix("!xml")).raw = str(value)
    else:
        way, at, attribute = path.rpartition("@")
        if at:
            _descend(root, way).attributes[attribute] = _text(value)
        elif "/" in path or "[" in path or path in words.elements:
            _descend(root, path).text = _text(value)
        else:
            root.attributes[path] = _text(value)


def _text(value: FieldValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _descend(root: _Node, path: str, *, leave_last: bool = False) -> _Node:
    node = root
    segments = [each for each in path.split("/") if each]
    done = ""
    for segment in segments[:-1] if leave_last else segments:
        done = f"{done}/{segment}" if done else segment
        found = SEGMENT.match(segment)
        tag, key = (found["tag"], found["key"]) if found else (segment, None)
        if segment.startswith("{"):  # a namespace in braces may hold what a segment must not
            tag, _, rest = segment.partition("[")
            key = rest.removesuffix("]") if rest else None
        node = node.children.setdefault(segment, _Node(tag, key, path=done))
    return node


def _sorted(parent: _Node, words: Vocabulary) -> list[_Node]:
    """As the schema wants them, else as they stand; siblings of one tag together, in their order where it is given."""
    tags = list(dict.fromkeys(node.tag for node in parent.children.values()))

    def place(node: _Node) -> tuple[int, int, int, int]:
        order = parent.orders.get(node.tag, ())
        key = unquote(node.key) if node.key else ""
        number = int(node.key[1:]) if node.key and node.key.startswith("#") else 0
        return (
            words.ranks.get(node.tag, 500),
            tags.index(node.tag),
            order.index(key) if key in order else len(order),
            number,
        )

    return sorted(parent.children.values(), key=place)


def _element(node: _Node, words: Vocabulary, ids: Mapping[str, str]) -> etree._Element:
    if node.raw is not None:
        return etree.fromstring(node.raw, etree.XMLParser(resolve_entities=False, no_network=True))
    element = etree.Element(words.qualified(node.tag))
    if node.path in ids:
        element.set("id", ids[node.path])
    if node.key and not node.key.startswith("#") and node.tag in words.naming:
        element.set(words.naming[node.tag], unquote(node.key))
    if node.tag in words.typed:
        element.set("{http://www.w3.org/2001/XMLSchema-instance}type", words.typed[node.tag])
    for name, value in node.attributes.items():
        element.set(words.qualified(name, attribute=True), value)
    if node.text:
        element.text = node.text
    for child in _sorted(node, words):
        element.append(_element(child, words, ids))
    return element
