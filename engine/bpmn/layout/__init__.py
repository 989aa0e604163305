"""Draws a BPMN model: writes a diagram that people like to read into a document that has none.

    >>> drawn = lay_out_xml(bpmn_bytes)          # doctest: +SKIP

The way: `reading` makes a `drawing`; `columns` and `rows` give each node its cell; `routing` finds the way of each
flow over the `grid`; `tracks` and `frame` turn cells and ways into px; `labels` finds room for names; `interchange`
writes the result. `quality` measures it.
"""

from __future__ import annotations

from lxml import etree

from engine.bpmn.layout.arranging import arrange
from engine.bpmn.layout.interchange import write_diagrams
from engine.bpmn.layout.reading import BPMNDI, read_drawing
from engine.errors import InvalidModel

__all__ = ["lay_out", "lay_out_xml"]


def lay_out(tree: etree._ElementTree | etree._Element) -> None:
    """Writes a new diagram into the document, in place of the one it may have.

    Raises `InvalidModel` where the document is no BPMN or refers to elements that it does not have.
    """
    root = tree.getroot() if hasattr(tree, "getroot") else tree
    drawing = read_drawing(root)
    arrange(drawing)
    diagrams = write_diagrams(root, drawing)
    for old in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        _remove(old)
    last = root[-1] if len(root) else None
    if last is not None:
        last.tail = "\n  "
    for diagram in diagrams:
        diagram.tail = "\n  "
        root.append(diagram)
    root[-1].tail = "\n"


def lay_out_xml(xml: bytes) -> bytes:
    """The document with a new diagram; everything else stays as it was written."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        tree = etree.fromstring(xml, parser).getroottree()
    except etree.XMLSyntaxError as error:
        raise InvalidModel(f"A well-formed XML document was expected; found: {error}. Correct the file.") from error
    lay_out(tree)
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8")


def _remove(element: etree._Element) -> None:
    """Without the text that follows it getting lost."""
    parent, previous = element.getparent(), element.getprevious()
    if element.tail and element.tail.strip():
        if previous is not None:
            previous.tail = (previous.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
