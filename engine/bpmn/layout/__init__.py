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
from engine.bpmn.layout.splicing import splice
from engine.errors import InvalidModel

__all__ = ["lay_out", "lay_out_xml"]


def lay_out(tree: etree._ElementTree | etree._Element) -> None:
    """Writes a new diagram into the document, in place of the one it may have.

    Raises `InvalidModel` where the document is no BPMN or refers to elements that it does not have.
    """
    root = tree.getroot() if hasattr(tree, "getroot") else tree
    _draw(root)


def lay_out_xml(xml: bytes) -> bytes:
    """The document with a new diagram; in a UTF-8 document every other byte stays as it was.

    Raises `InvalidModel` as `lay_out` does, and where the text is not well-formed XML or declares a document type.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        tree = etree.fromstring(xml, parser).getroottree()
    except etree.XMLSyntaxError as error:
        raise InvalidModel(f"A well-formed XML document was expected; found: {error}. Correct the file.") from error
    if tree.docinfo.doctype:
        raise InvalidModel("A BPMN document without document type was expected; found a DOCTYPE. Remove it.")
    diagrams = _draw(tree.getroot())
    if (tree.docinfo.encoding or "UTF-8").upper() in ("UTF-8", "US-ASCII", "ASCII"):
        return splice(xml, tree.getroot(), diagrams)
    return etree.tostring(tree, xml_declaration=True, encoding=tree.docinfo.encoding)


def _draw(root: etree._Element) -> list[etree._Element]:
    drawing = read_drawing(root)
    arrange(drawing)
    diagrams = write_diagrams(root, drawing)
    for old in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        root.remove(old)
    if len(root):
        root[-1].tail = "\n  "
    for diagram in diagrams:
        diagram.tail = "\n  "
        root.append(diagram)
    root[-1].tail = "\n"
    return diagrams
