"""XML from strangers: no document type, no entities, no network, bounded size, depth and number of elements."""

from lxml import etree

from engine.bpmn import names
from engine.errors import Finding, InvalidModel

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 100
MAX_ELEMENTS = 20_000  # of the model itself; references to flows and the diagram interchange are not counted
MAX_XML_ELEMENTS = 200_000
UNCOUNTED = frozenset({names.bpmn("incoming"), names.bpmn("outgoing"), names.bpmn("flowNodeRef")})


class _TooMuch(Exception):
    """Raised inside the scan to stop it at once."""


class _Scan:
    """A parser target that builds nothing and stops at the first thing a model must not contain."""

    def __init__(self) -> None:
        self.depth = self.elements = self.xml_elements = 0

    def start(self, tag: str, attributes: object) -> None:
        self.depth += 1
        self.xml_elements += 1
        if tag not in UNCOUNTED and names.split(tag)[0] not in names.DIAGRAM_NAMESPACES:
            self.elements += 1
        if self.depth > MAX_DEPTH:
            raise _TooMuch(f"is nested deeper than {MAX_DEPTH} levels; flatten it or use call activities")
        if self.elements > MAX_ELEMENTS or self.xml_elements > MAX_XML_ELEMENTS:
            raise _TooMuch(f"has more than {MAX_ELEMENTS:,} elements; split it into processes that call each other")

    def end(self, tag: str) -> None:
        self.depth -= 1

    def doctype(self, name: str, public_id: str | None, system_id: str | None) -> None:
        raise _TooMuch("declares a document type (<!DOCTYPE …>), which no model needs; remove that declaration")

    def close(self) -> None:
        return None


def parse_xml(source: bytes, what: str = "BPMN") -> etree._Element:
    """The root element of a document that is safe to walk.

    Raises InvalidModel with one finding (rule `xml`, with the line where there is one) when the bytes are too many,
    are no well-formed XML, declare a document type, or exceed the limits of this module.
    """
    if len(source) > MAX_BYTES:
        megabytes = MAX_BYTES // (1024 * 1024)
        raise _refused(f"has {len(source):,} bytes; at most {megabytes} MB are read", None, what)
    if not source.strip():
        raise _refused("is empty", None, what)
    try:
        etree.fromstring(source, _parser(_Scan()))
        return etree.fromstring(source, _parser())
    except _TooMuch as error:
        raise _refused(str(error), None, what) from None
    except etree.XMLSyntaxError as error:
        raise _refused(f"is not well-formed XML: {error.msg}", error.lineno or None, what) from None
    except (ValueError, LookupError, AssertionError) as error:
        raise _refused(f"is not readable as XML: {error}", None, what) from None


def _parser(target: object = None) -> etree.XMLParser:
    return etree.XMLParser(
        target=target,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        strip_cdata=False,
    )


def _refused(reason: str, line: int | None, what: str) -> InvalidModel:
    finding = Finding("xml", f"The file {reason}.", line=line)
    return InvalidModel(f"This is not a {what} file that can be read: it {reason}.", [finding])
