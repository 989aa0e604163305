"""Lineage: writes into a model who is who, so that its copies know it whatever their tools do to the ids."""

import re
from xml.parsers import expat

from engine.bpmn.names import BPMN, PRAXIS
from engine.bpmn.secure_xml import parse_xml
from practice_repo.algebra.bpmn_words import STAMPED
from practice_repo.algebra.document import Document, read_document

TAG_NAME = re.compile(rb"<[^\s/>]+")
SEPARATOR = "\t"  # cannot stand in a namespace or a name


def stamp(document: Document) -> Document:
    """The BPMN document that writes `praxis:uid` on every flow element, lane, message, participant and process."""
    return document.with_records(document.records, stamped=True)


def stamp_lineage(content: bytes) -> bytes:
    """The BPMN file with `praxis:uid` on what has none; every other byte stays.

    Raises InvalidModel for what is no BPMN.

    >>> model = b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p"/></definitions>'
    >>> stamp_lineage(model).decode().partition("<process")[2]
    ' praxis:uid="p" id="p"/></definitions>'
    """
    root = parse_xml(content)
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if encoding not in {"UTF-8", "ASCII", "US-ASCII"}:
        return stamp(read_document("model.bpmn", content)).write()
    prefix = next((prefix for prefix, uri in root.nsmap.items() if uri == PRAXIS and prefix), None)
    insertions = _insertions(content, prefix or "praxis")
    if prefix is None and insertions:
        at = TAG_NAME.search(content, _root_position(content)).end()  # type: ignore[union-attr]
        insertions.insert(0, (at, f' xmlns:praxis="{PRAXIS}"'.encode()))
    parts, end = [], 0
    for at, text in insertions:
        parts += [content[end:at], text]
        end = at
    return b"".join([*parts, content[end:]])


def _insertions(content: bytes, prefix: str) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)

    def start(tag: str, attributes: dict[str, str]) -> None:
        namespace, _, local = tag.rpartition(SEPARATOR)
        identifier = attributes.get("id", "").strip()
        if namespace == BPMN and local in STAMPED and identifier and f"{PRAXIS}{SEPARATOR}uid" not in attributes:
            name = TAG_NAME.match(content, parser.CurrentByteIndex)
            if name:
                found.append((name.end(), f' {prefix}:uid="{identifier}"'.encode()))

    parser.StartElementHandler = start
    parser.Parse(content, True)
    return found


def _root_position(content: bytes) -> int:
    """Where the first element starts."""
    found: list[int] = []
    parser = expat.ParserCreate()

    def start(_tag: str, _attributes: dict[str, str]) -> None:
        if not found:
            found.append(parser.CurrentByteIndex)

    parser.StartElementHandler = start
    parser.Parse(content, True)
    return found[0]
