"""Every place of a package's files where somebody may have written a name, and the way to write something else there.

A place has a mode that says how to read its text:

| Mode | What it is | What is looked for |
|---|---|---|
| text | words for people: labels, documentation, comments | everything |
| value | one word or code: option values, literals of conditions | everything; known names in pieces of the code |
| expression | FEEL or a script: its literals and comments are texts or values | known names in identifiers, too |
| identifier | ids, references, keys, file names | known names in pieces |
| user | who does a task | is a person, unless it is an expression |
| metadata | who or what wrote the file | is taken out |
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

from lxml import etree

from engine.bpmn.secure_xml import parse_xml
from engine.errors import EngineError

TEXT, VALUE, EXPRESSION, IDENTIFIER, USER, METADATA, NUMBER, NAMESPACE = (
    "text", "value", "expression", "identifier", "user", "metadata", "number", "namespace",
)  # fmt: skip


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


METADATA_NAMES = _names("""
    exporter exporterVersion author authors creator createdBy modifiedBy lastModifiedBy maintainer generator modeler
    modelerVersion executionPlatform executionPlatformVersion
""")
USER_NAMES = _names("assignee candidateUsers candidate_users initiator")
TEXT_NAMES = _names("""
    name label title description documentation text help placeholder summary question readme subject caption tooltip
    hint note comment
""")
IDENTIFIER_NAMES = _names("""
    id key type default bpmnElement dmnElementRef href typeRef calledElement calledDecision formKey topic taskHeader
    variable target decisionId processId itemKind hitPolicy aggregation uid touchpoint searchable role candidateGroups
    candidateStarters process
""")
EXPRESSION_TAGS = _names("""
    conditionExpression script completionCondition condition loopCondition loopCardinality timeDuration timeDate
    timeCycle expression from to inputEntry outputEntry inputExpression outputValues inputValues defaultOutputEntry body
    literalExpression activationCondition
""")
TEXT_TAGS = frozenset({"documentation", "description", "textAnnotation", "annotationEntry", "annotation", "question"})
NAMESPACE_NAMES = _names("targetNamespace namespace expressionLanguage typeLanguage implementation schemaLocation")
FEEL_NAMED = _names(
    "inputData variable decision informationItem businessKnowledgeModel formalParameter output itemComponent"
)
CODE_NAMED = FEEL_NAMED | _names("error signal message escalation")
PLAIN = re.compile(r"[A-Za-z0-9_.:/#@+*%$&=?~-]*")
EXPRESSION_SIGN = re.compile(r"^\s*=|[$#]\{")


@dataclass(frozen=True)
class Place:
    """One text of a file. `number` is its position in the source, by which it is written again."""

    number: int
    element: str
    where: str
    text: str
    mode: str


class Source(Protocol):
    places: list[Place]

    def write(self, texts: Mapping[int, str]) -> bytes:
        """The file with these texts at the places with these numbers."""


def read_source(name: str, content: bytes) -> Source | None:
    """The places of a file by its ending; None for one that is no text (it cannot be screened)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    ending = PurePosixPath(name).suffix.lower()
    readers = {".bpmn": XmlSource, ".dmn": XmlSource, ".xml": XmlSource, ".svg": XmlSource, ".json": JsonSource}
    try:
        if ending in readers:
            return readers[ending](content)
        if ending == ".toml" and text is not None:
            return TomlSource(text)
    except (EngineError, etree.LxmlError, ValueError):
        pass  # not what its name says: then it is read as a text
    return None if text is None else TextSource(text)


def mode_of(name: str, text: str) -> str:
    """How the text of an attribute, key or tag is read."""
    local = name.partition(":")[0] if ":" in name and name.partition(":")[0] in TEXT_NAMES else name.split(":")[-1]
    if local in METADATA_NAMES:
        return METADATA
    if EXPRESSION_SIGN.search(text):
        return EXPRESSION
    if local in USER_NAMES:
        return USER
    if local in IDENTIFIER_NAMES or local.endswith(("Ref", "Refs", "Id")):
        return IDENTIFIER
    if local in TEXT_NAMES:
        return TEXT
    return VALUE if PLAIN.fullmatch(text) else TEXT


class XmlSource:
    """BPMN and DMN: attributes, texts, comments, processing instructions and namespaces."""

    def __init__(self, content: bytes):
        parse_xml(content)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False)
        self.tree = etree.ElementTree(etree.fromstring(content, parser))
        self.content = content
        self.places: list[Place] = []
        self._writers: list[tuple[str, Any, str]] = []
        root = self.tree.getroot()
        before = reversed(list(root.itersiblings(preceding=True)))
        for node in (*before, *root.iter(), *root.itersiblings()):
            self._read(node)
        for uri in dict.fromkeys(
            uri for node in root.iter() if isinstance(node.tag, str) for uri in node.nsmap.values()
        ):
            self._add("", "namespace", uri, NAMESPACE, ("namespace", uri, ""))
        for prefix in dict.fromkeys(
            prefix for node in root.iter() if isinstance(node.tag, str) for prefix in node.nsmap if prefix
        ):
            self._add("", "namespace prefix", prefix, IDENTIFIER, ("prefix", prefix, ""))

    def _add(self, element: str, where: str, text: str, mode: str, writer: tuple[str, Any, str]) -> None:
        self.places.append(Place(len(self.places), element, where, text, mode))
        self._writers.append(writer)

    def _read(self, node: Any) -> None:
        element = _element_of(node)
        if not isinstance(node.tag, str):
            kind = "comment" if node.tag is etree.Comment else "processing instruction"
            self._add(element, kind, node.text or "", TEXT, ("text", node, ""))
        else:
            for name, value in node.attrib.items():
                local = etree.QName(name).localname
                mode = self._attribute_mode(node, local, value)
                self._add(element, local, value, mode, ("attribute", node, name))
            if node.text and node.text.strip():
                local = etree.QName(node.tag).localname
                self._add(element, local, node.text, _tag_mode(node, local), ("text", node, ""))
        if node.tail and node.tail.strip():
            self._add(element, "text", node.tail, TEXT, ("tail", node, ""))

    def _attribute_mode(self, node: Any, local: str, value: str) -> str:
        if local in (
            "targetNamespace",
            "namespace",
            "expressionLanguage",
            "typeLanguage",
            "implementation",
            "schemaLocation",
        ):
            return NAMESPACE
        tag = etree.QName(node.tag).localname
        if local == "name" and tag in ("property", "field", "param", "header", "inputParameter", "outputParameter"):
            return VALUE if PLAIN.fullmatch(value) else TEXT
        if local == "name" and tag in CODE_NAMED:
            return EXPRESSION if tag in FEEL_NAMED else VALUE if PLAIN.fullmatch(value) else TEXT
        if local == "value" and node.get("name", "").partition(":")[0] in METADATA_NAMES:
            return METADATA
        return mode_of(local, value)

    def write(self, texts: Mapping[int, str]) -> bytes:
        namespaces: dict[str, str] = {}
        prefixes: dict[str, str] = {}
        for number, text in texts.items():
            kind, node, name = self._writers[number]
            if kind == "attribute":
                if text == "" and self.places[number].mode == METADATA:
                    del node.attrib[name]
                else:
                    node.set(name, text)
            elif kind in ("text", "tail"):
                setattr(node, kind, text)
            else:
                (namespaces if kind == "namespace" else prefixes)[node] = text
        content = etree.tostring(self.tree, encoding="UTF-8", xml_declaration=True).decode()
        for uri, new in namespaces.items():
            content = content.replace(f'"{uri}"', f'"{new}"')
        for prefix, new in prefixes.items():
            content = re.sub(rf"(xmlns:|</?|\s){re.escape(prefix)}(?=[:=])", rf"\g<1>{new}", content)
        return content.encode()


def _element_of(node: Any) -> str:
    while node is not None:
        identifier = node.get("id") if isinstance(node.tag, str) else None
        if identifier:
            return identifier
        node = node.getparent()
    return ""


def _tag_mode(node: Any, local: str) -> str:
    parent = node.getparent()
    outer = etree.QName(parent.tag).localname if parent is not None else ""
    if local in TEXT_TAGS or outer in TEXT_TAGS:
        return TEXT
    if local in EXPRESSION_TAGS or outer in EXPRESSION_TAGS:
        return EXPRESSION
    if local in ("incoming", "outgoing", "flowNodeRef") or local.endswith("Ref"):
        return IDENTIFIER
    return mode_of(local, node.text)


class JsonSource:
    """Forms and other JSON: keys, texts and numbers."""

    def __init__(self, content: bytes):
        self.value = json.loads(content)
        self.places: list[Place] = []
        self._writers: list[tuple[Any, Any]] = []
        self._read(self.value, "", "", None, None)

    def _read(self, value: Any, element: str, where: str, holder: Any, key: Any) -> None:
        if isinstance(value, dict):
            element = str(value.get("key") or value.get("id") or value.get("path") or element)
            for name, inner in value.items():
                if name in METADATA_NAMES and isinstance(inner, dict):
                    self._add(element, name, json.dumps(inner, ensure_ascii=False), METADATA, (value, name))
                    continue
                self._add(element, "key", name, IDENTIFIER, (value, ("key", name)))
                self._read(inner, element, name, value, name)
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                self._read(inner, element, where, value, at)
        elif isinstance(value, str) and value.strip():
            mode = mode_of(where, value)
            mode = TEXT if mode == IDENTIFIER and (" " in value or not value.isascii()) else mode
            self._add(element, where, value, mode, (holder, key))
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 100_000:
            self._add(element, where, str(value), NUMBER, (holder, key))

    def _add(self, element: str, where: str, text: str, mode: str, writer: tuple[Any, Any]) -> None:
        self.places.append(Place(len(self.places), element, where, text, mode))
        self._writers.append(writer)

    def write(self, texts: Mapping[int, str]) -> bytes:
        renamed: list[tuple[Any, str, str]] = []
        for number, text in texts.items():
            holder, key = self._writers[number]
            if isinstance(key, tuple):
                renamed.append((holder, key[1], text))
            elif self.places[number].mode == METADATA:
                del holder[key]
            elif holder is None:
                self.value = text
            else:
                holder[key] = int(text) if self.places[number].mode == NUMBER else text
        for holder, old, new in renamed:
            pairs = [(new if name == old else name, value) for name, value in holder.items()]
            holder.clear()
            holder.update(pairs)
        return (json.dumps(self.value, ensure_ascii=False, indent=2) + "\n").encode()


TOML_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[A-Za-z0-9_+:.-]+|\n|.', re.DOTALL
)


class TomlSource:
    """Cards and scenarios: strings, comments, keys and long numbers, changed where they stand."""

    def __init__(self, text: str):
        tomllib.loads(text)
        self.tokens = TOML_TOKEN.findall(text)
        self.places: list[Place] = []
        self._token: list[int] = []
        section, key, counts = "", "", {}
        for at, token in enumerate(self.tokens):
            if token[0] in "\"'":
                is_key = self._next(at) == "="
                value = tomllib.loads(f"x = {token}")["x"]
                key = value if is_key else key
                self._add(section, "key" if is_key else key, value, IDENTIFIER if is_key else mode_of(key, value), at)
            elif token[0] == "#":
                self._add(section, "comment", token[1:], TEXT, at)
            elif re.match(r"[A-Za-z0-9_+.-]", token):
                following = self._next(at)
                if following == "=":
                    key = token.split(".")[-1]
                    self._add(section, "key", token, IDENTIFIER, at)
                elif following == "]" and self._before(at) == "[" and self._starts_line(at):
                    counts[token] = counts.get(token, 0) + 1
                    section = f"{token} {counts[token]}" if counts[token] > 1 or self._is_list(at) else token
                    self._add(section, "section", token, IDENTIFIER, at)
                elif re.fullmatch(r"[+-]?[0-9_]{6,}", token):
                    self._add(section, key, token, NUMBER, at)

    def _next(self, at: int) -> str:
        return next((token for token in self.tokens[at + 1 :] if token not in (" ", "\t")), "")

    def _before(self, at: int) -> str:
        return self.tokens[at - 1] if at else ""

    def _starts_line(self, at: int) -> bool:
        while at and self.tokens[at - 1] in ("[", " ", "\t"):
            at -= 1
        return at == 0 or self.tokens[at - 1] == "\n"

    def _is_list(self, at: int) -> bool:
        return at > 1 and self.tokens[at - 2] == "["

    def _add(self, section: str, where: str, text: str, mode: str, at: int) -> None:
        self.places.append(Place(len(self.places), section, where, text, mode))
        self._token.append(at)

    def write(self, texts: Mapping[int, str]) -> bytes:
        tokens = list(self.tokens)
        for number, text in texts.items():
            at = self._token[number]
            if tokens[at][0] == "#":
                tokens[at] = "#" + text.replace("\n", " ")
            elif tokens[at][0] in "\"'":
                tokens[at] = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
            else:
                tokens[at] = text
        return "".join(tokens).encode()


class TextSource:
    """Readme and the like: one place a line."""

    def __init__(self, text: str):
        self.lines = text.split("\n")
        self.places = [Place(number, "", f"line {number + 1}", line, TEXT) for number, line in enumerate(self.lines)]

    def write(self, texts: Mapping[int, str]) -> bytes:
        return "\n".join(texts.get(number, line) for number, line in enumerate(self.lines)).encode()


LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)


def parts_of(text: str) -> Iterator[tuple[int, str, str]]:
    """The parts of an expression: offset, text and mode; literals without their quotes, comments as texts."""
    at = 0
    for match in LITERAL.finditer(text):
        if match.start() > at:
            yield at, text[at : match.start()], EXPRESSION
        inner = match[0]
        if inner[0] in "\"'":
            content = inner[1:-1]
            yield match.start() + 1, content, VALUE if PLAIN.fullmatch(content) else TEXT
        else:
            yield match.start(), inner, TEXT
        at = match.end()
    if at < len(text):
        yield at, text[at:], EXPRESSION
