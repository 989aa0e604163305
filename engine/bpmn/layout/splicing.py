"""Puts diagrams into the text of a document and leaves every other byte as it was."""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

from engine.bpmn.layout.reading import BPMNDI


def splice(xml: bytes, root: etree._Element, diagrams: list[etree._Element]) -> bytes:
    """The UTF-8 document with `diagrams` (which stand in the tree of `root`) in place of the ones it has."""
    old, end = _places(xml)
    pieces, position = [], 0
    for start, stop in old:
        start = len(xml[:start].rstrip(b" \t"))
        if xml[start - 1 : start] == b"\n":
            start -= 1
        if xml[start - 1 : start] == b"\r":
            start -= 1
        pieces.append(xml[position:start])
        position = stop
    body = (b"".join(pieces) + xml[position:end]).rstrip()
    new = b"".join(b"\n  " + _serialised(diagram, root) for diagram in diagrams)
    return body + new + b"\n" + xml[end:]


def _places(xml: bytes) -> tuple[list[tuple[int, int]], int]:
    """Where the old diagrams begin and end, and where the end tag of the root begins."""
    parser = expat.ParserCreate(namespace_separator=" ")
    old: list[tuple[int, int]] = []
    open_elements: list[tuple[str, int]] = []
    end = len(xml)

    def start_element(name: str, _attributes: dict[str, str]) -> None:
        open_elements.append((name, parser.CurrentByteIndex))

    def end_element(_name: str) -> None:
        nonlocal end
        name, start = open_elements.pop()
        if not open_elements:
            end = parser.CurrentByteIndex
        elif len(open_elements) == 1 and name == f"{BPMNDI} BPMNDiagram":
            old.append((start, xml.index(b">", parser.CurrentByteIndex) + 1))

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.Parse(xml, True)
    return old, end


def _serialised(diagram: etree._Element, root: etree._Element) -> bytes:
    """Without the namespaces that the root declares already."""
    text = etree.tostring(diagram, encoding="UTF-8", with_tail=False)
    text = text.split(b"?>", 1)[-1].strip() if text.startswith(b"<?xml") else text.strip()
    tag, rest = text.split(b">", 1)
    for prefix, uri in root.nsmap.items():
        name = f"xmlns:{prefix}" if prefix else "xmlns"
        tag = tag.replace(f' {name}="{uri}"'.encode(), b"")
    return tag + b">" + rest
