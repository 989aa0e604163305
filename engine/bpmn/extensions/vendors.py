"""The vendors in order: what the first one says is not overruled by a later one."""

from lxml import etree

from engine.bpmn.extensions import camunda7, camunda8, praxis, spiffworkflow
from engine.bpmn.extensions.extension import Extension

VENDORS = (praxis, camunda8, camunda7, spiffworkflow)


def read_extension(*nodes: etree._Element | None) -> Extension:
    """What all vendors' attributes and elements say about these nodes; earlier nodes win."""
    extension = Extension()
    for node in nodes:
        if node is not None:
            for vendor in VENDORS:
                vendor.read(node, extension)
    return extension
