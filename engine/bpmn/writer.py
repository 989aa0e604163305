"""Changes a BPMN file where it is told to and nowhere else: diagram, foreign extensions and layout stay byte for byte.

    editor = Editor(source)
    editor.set_name("task_1", "Check order")
    changed = editor.source()

The text is edited in place, at the positions an XML scan finds; it is never parsed and printed anew. Files that are
not in UTF-8 come back in UTF-8.
"""

import codecs
import re
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from engine.bpmn import names
from engine.bpmn.elements import Model
from engine.bpmn.secure_xml import parse_xml
from engine.errors import InvalidInput, NotFound

ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
REFERENCES = frozenset(names.bpmn(local) for local in ("incoming", "outgoing", "flowNodeRef"))
ENCODING = re.compile(rb"""(<\?xml[^>]*?encoding\s*=\s*)("[^"]*"|'[^']*')""")


def write_model(model: Model) -> bytes:
    """The file that a model was read from, byte for byte."""
    return model.source


@dataclass(slots=True)
class _Span:
    """Where an element stands in the text: `<a …>` from start to opened, `</a>` from closing to end."""

    tag: str
    start: int
    opened: int
    closing: int = 0
    end: int = 0
    parent: "_Span | None" = None
    attributes: dict[str, str] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)

    @property
    def identifier(self) -> str:
        return self.attributes.get("id", "")

    @property
    def is_empty_tag(self) -> bool:
        return self.closing == self.opened == self.end


class Editor:
    """One BPMN text and the changes to it; every change reads the text anew, so that they can be combined freely.

    Raises InvalidModel for a file that `read_model` would refuse as XML, and NotFound for ids that are not there.
    """

    def __init__(self, source: bytes):
        parse_xml(source)
        self._text = _as_utf_8(source)
        self._scan()

    def source(self) -> bytes:
        """The file with the changes."""
        return self._text

    def set_name(self, element_id: str, name: str) -> None:
        self.set_attribute(element_id, "name", name)

    def set_attribute(self, element_id: str, name: str, value: str | None, namespace: str | None = None) -> None:
        """Set an attribute (of a namespace), or remove it with None; its place among the others stays."""
        if namespace is not None:
            self._declare(namespace)
        span = self._span(element_id)
        written = self._written_name(span, name, namespace).encode()
        tag = self._text[span.start : span.opened]
        found = next((match for match in ATTRIBUTE.finditer(tag) if match[1] == written), None)
        if value is None:
            if found:
                self._replace(span.start + found.start(), span.start + found.end(), b"")
        elif found:
            self._replace(span.start + found.start(2), span.start + found.end(2), _quoted(value))
        else:
            self._replace(self._end_of_attributes(span), None, b" " + written + b"=" + _quoted(value))

    def set_condition(self, flow_id: str, condition: str | None) -> None:
        """Set the condition of a sequence flow, or remove it with None."""
        flow = self._span(flow_id)
        tag = names.bpmn("conditionExpression")
        existing = next((span for span in self._spans if span.parent is flow and span.tag == tag), None)
        if condition is None:
            if existing:
                self._replace(existing.start, existing.end, b"", with_line=True)
        elif existing and not existing.is_empty_tag:
            self._replace(existing.opened, existing.closing, escape(condition).encode())
        else:
            if existing:
                self._replace(existing.start, existing.end, b"", with_line=True)
            bpmn, xsi = self._prefix(flow, names.BPMN), self._declared(flow, names.XSI)
            typed = f' {xsi}:type="{bpmn}tFormalExpression"' if xsi else ""
            self.insert(flow_id, f"<{bpmn}conditionExpression{typed}>{escape(condition)}</{bpmn}conditionExpression>")

    def insert(self, parent_id: str, xml: str) -> None:
        """Put an element's text in at the end of another one, indented as the file is."""
        parent = self._span(parent_id)
        indent = self._indent(parent.start)
        lines = ("\n" + xml.strip("\n")).replace("\n", f"\n{indent}  ").encode()
        if parent.is_empty_tag:
            name = re.match(rb"<([^\s/>]+)", self._text[parent.start : parent.opened])
            closing = b"\n" + indent.encode() + b"</" + (name[1] if name else b"") + b">"
            slash = self._text.rindex(b"/", parent.start, parent.opened)
            self._replace(slash, parent.opened, b">" + lines + closing)
        else:
            at = len(self._text[: parent.closing].rstrip())
            tail = b"" if self._text[at : parent.closing].strip(b" \t\r") else b"\n" + indent.encode()
            self._replace(at, None, lines + tail)

    def insert_element(self, scope_id: str, local: str, element_id: str, name: str = "", **attributes: str) -> None:
        """Add a BPMN element to a process or sub-process; connect it by `insert_flow`."""
        self._must_be_free(element_id)
        bpmn = self._prefix(self._span(scope_id), names.BPMN)
        given = {"id": element_id, **({"name": name} if name else {}), **attributes}
        written = " ".join(f"{key}={_quoted(value).decode()}" for key, value in given.items())
        self.insert(scope_id, f"<{bpmn}{local} {written} />")

    def insert_flow(self, flow_id: str, source_id: str, target_id: str, condition: str | None = None) -> None:
        """Add a sequence flow between two elements of one scope, with the references that the elements keep."""
        self._must_be_free(flow_id)
        scope = self._span(source_id).parent
        if scope is None or not scope.identifier or self._span(target_id).parent is not scope:
            raise InvalidInput(f"'{source_id}' and '{target_id}' lie in different processes; choose two of one.")
        self.insert_element(scope.identifier, "sequenceFlow", flow_id, sourceRef=source_id, targetRef=target_id)
        self._insert_reference(source_id, "outgoing", flow_id)
        self._insert_reference(target_id, "incoming", flow_id)
        if condition is not None:
            self.set_condition(flow_id, condition)

    def remove(self, element_id: str) -> None:
        """Remove an element with its shape and whatever cannot stay without it.

        A flow node takes its flows, associations and boundary events along, a flow the references and defaults that
        name it, a sub-process the shapes of what lies in it.
        """
        for dependent in self._dependents(element_id):
            if self._exists(dependent):
                self.remove(dependent)
        span = self._span(element_id)
        gone = {found.identifier for found in self._spans if found.identifier and _lies_in(found, span)}
        self._replace(span.start, span.end, b"", with_line=True)
        while (found := self._reference_to(gone)) is not None:
            self._replace(found.start, found.end, b"", with_line=True)
        for owner in [found.identifier for found in self._spans if found.attributes.get("default") == element_id]:
            self.set_attribute(owner, "default", None)

    # Inside

    def _insert_reference(self, element_id: str, local: str, flow_id: str) -> None:
        """`<incoming>` and `<outgoing>` go behind the last one of theirs, where the schema wants them."""
        span = self._span(element_id)
        before = {"incoming": {"documentation", "extensionElements", "incoming"}}
        before["outgoing"] = before["incoming"] | {"outgoing"}
        children = [found for found in self._spans if found.parent is span]
        ahead = [found for found in children if names.split(found.tag)[1] in before[local]]
        bpmn = self._prefix(span, names.BPMN)
        xml = f"<{bpmn}{local}>{flow_id}</{bpmn}{local}>"
        if not children:
            self.insert(element_id, xml)
            return
        at = ahead[-1].end if ahead else span.opened
        self._replace(at, None, f"\n{self._indent(span.start)}  {xml}".encode())

    def _dependents(self, element_id: str) -> list[str]:
        """Flows and associations at the element, and its boundary events."""
        return [
            span.identifier
            for span in self._spans
            if span.identifier
            and names.split(span.tag)[0] == names.BPMN
            and element_id in (span.attributes.get(end) for end in ("sourceRef", "targetRef", "attachedToRef"))
        ]

    def _exists(self, element_id: str) -> bool:
        return any(span.identifier == element_id for span in self._spans)

    def _reference_to(self, element_ids: set[str]) -> _Span | None:
        """A reference element to one of the ids, or its shape or edge."""
        for span in self._spans:
            if span.tag in REFERENCES and self._text[span.opened : span.closing].decode().strip() in element_ids:
                return span
            if span.attributes.get("bpmnElement") in element_ids and names.split(span.tag)[1] in {
                "BPMNShape",
                "BPMNEdge",
            }:
                return span
        return None

    def _must_be_free(self, element_id: str) -> None:
        if self._exists(element_id):
            raise InvalidInput(f"The id '{element_id}' is already used; choose another one.")

    def _span(self, element_id: str) -> _Span:
        for span in self._spans:
            if span.identifier == element_id and names.split(span.tag)[0] not in names.DIAGRAM_NAMESPACES:
                return span
        raise NotFound(f"The file has no element '{element_id}'; look up its ids.")

    def _replace(self, start: int, end: int | None, new: bytes, *, with_line: bool = False) -> None:
        """Put new text in place; `with_line` also takes the line break and indentation before the old text."""
        if with_line:
            start = len(self._text[:start].rstrip())
        self._text = self._text[:start] + new + self._text[start if end is None else end :]
        self._scan()

    def _indent(self, position: int) -> str:
        line = self._text[self._text.rfind(b"\n", 0, position) + 1 : position]
        return line.decode() if not line.strip() else ""

    def _end_of_attributes(self, span: _Span) -> int:
        """Behind the last attribute (or the tag's name)."""
        tag = self._text[span.start : span.opened]
        attributes = list(ATTRIBUTE.finditer(tag))
        if attributes:
            return span.start + attributes[-1].end()
        name = re.match(rb"<[^\s/>]+", tag)
        return span.start + (name.end() if name else 1)

    def _declare(self, namespace: str) -> None:
        """Make sure that the root declares a prefix for the namespace."""
        root = self._spans[0]
        if self._declared(root, namespace):
            return
        usual = next((key for key, found in names.PREFIXES.items() if found == namespace), None)
        if usual is None or usual in root.prefixes:
            raise InvalidInput(f"The file declares no prefix for the namespace '{namespace}'; declare one in it.")
        self._replace(self._end_of_attributes(root), None, f' xmlns:{usual}="{namespace}"'.encode())

    def _written_name(self, span: _Span, name: str, namespace: str | None) -> str:
        return f"{self._declared(span, namespace)}:{name}" if namespace else name

    @staticmethod
    def _declared(span: _Span, namespace: str) -> str | None:
        """The prefix of a namespace where the element stands (never the default one)."""
        return next((key for key, found in span.prefixes.items() if found == namespace and key), None)

    def _prefix(self, span: _Span, namespace: str) -> str:
        """`bpmn:` or, where it is the default namespace, nothing."""
        if span.prefixes.get("") == namespace:
            return ""
        prefix = self._declared(span, namespace)
        return f"{prefix}:" if prefix else ""

    def _scan(self) -> None:
        self._spans = _scan(self._text)


def _scan(text: bytes) -> list[_Span]:
    """Every element with its place, in document order."""
    parser = expat.ParserCreate(namespace_separator=None)
    spans: list[_Span] = []
    open_spans: list[_Span] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        parent = open_spans[-1] if open_spans else None
        prefixes = dict(parent.prefixes) if parent else {}
        for name, found in attributes.items():
            if name == "xmlns" or name.startswith("xmlns:"):
                prefixes[name.partition(":")[2]] = found
        prefix, _, local = tag.rpartition(":")
        position = parser.CurrentByteIndex
        span = _Span(
            names.qualified(prefixes.get(prefix, ""), local),
            position,
            _end_of_tag(text, position),
            parent=parent,
            attributes=attributes,
            prefixes=prefixes,
        )
        spans.append(span)
        open_spans.append(span)

    def end(tag: str) -> None:
        span = open_spans.pop()
        if text[span.opened - 2 : span.opened] == b"/>":
            span.closing = span.end = span.opened
        else:
            span.closing = parser.CurrentByteIndex
            span.end = text.index(b">", span.closing) + 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(text, True)
    return spans


def _end_of_tag(text: bytes, position: int) -> int:
    """Behind the `>` that closes the tag; one inside an attribute's value does not."""
    found = TAG.match(text, position)
    return found.end() if found else len(text)


def _lies_in(span: _Span | None, around: _Span) -> bool:
    while span is not None and span is not around:
        span = span.parent
    return span is around


def _as_utf_8(source: bytes) -> bytes:
    """The text in UTF-8; unchanged when it is."""
    declared = ENCODING.match(source.removeprefix(codecs.BOM_UTF8))
    encoding = declared[2][1:-1].decode("ascii") if declared else "utf-8"
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if codecs.lookup(encoding).name in {"utf-8", "ascii"}:
        return source
    text = source.decode(encoding)
    return re.sub(r"""(<\?xml[^>]*?encoding\s*=\s*)("[^"]*"|'[^']*')""", r'\1"UTF-8"', text, count=1).encode()


def _quoted(value: str) -> bytes:
    written = escape(value, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})
    return f'"{written}"'.encode()
