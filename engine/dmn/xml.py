"""DMN XML from strangers: no document type, no entities, no network, bounded size."""

from lxml import etree

from engine.errors import Finding, InvalidModel

MOST_BYTES = 10 * 1024 * 1024
MOST_ELEMENTS = 300_000

VERSIONS = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    "https://www.omg.org/spec/DMN/20240513/MODEL/": "1.6",
}


def parse_xml(source: bytes) -> etree._Element:
    """The root element. Raises `InvalidModel` for what is no XML, is too large, or declares a document type."""
    source = source.encode() if isinstance(source, str) else source
    if len(source) > MOST_BYTES:
        raise refused(f"has {len(source):,} bytes; at most {MOST_BYTES // (1024 * 1024)} MB are read")
    if not source.strip():
        raise refused("is empty")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        raise refused(f"is not well-formed XML: {error.msg}", error.lineno or None) from None
    except (ValueError, LookupError) as error:
        raise refused(f"is not readable as XML: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise refused("declares a document type (<!DOCTYPE …>), which no model needs; remove that declaration")
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise refused(f"has more than {MOST_ELEMENTS:,} elements; split it into models that import each other")
    return root


def refused(reason: str, line: int | None = None) -> InvalidModel:
    return InvalidModel(
        f"This is not a DMN file that can be read: it {reason}.", [Finding("dmn-xml", f"The file {reason}.", line=line)]
    )
