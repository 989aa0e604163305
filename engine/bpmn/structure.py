"""What makes a file unreadable as a process: broken references between flow nodes and flows, ids used twice."""

from collections.abc import Iterator, Mapping

from lxml import etree

from engine.bpmn import names
from engine.errors import Finding

ADDRESSED = (
    names.FLOW_NODES
    | names.DATA_OBJECTS
    | {"process", "sequenceFlow", "lane", "participant", "messageFlow", "message", "signal", "error", "escalation"}
)


def findings(definitions: etree._Element) -> Iterator[Finding]:
    """Everything in the file that forbids to build a model of it, in document order per kind."""
    yield from _duplicates(definitions)
    nodes = {
        node.get("id"): node
        for node in definitions.iter(etree.Element)
        if node.get("id") and names.split(node.tag)[0] == names.BPMN and names.split(node.tag)[1] in ADDRESSED
    }
    for flow in definitions.iter(names.bpmn("sequenceFlow")):
        yield from _of_flow(flow, nodes)


def _duplicates(definitions: etree._Element) -> Iterator[Finding]:
    first: dict[str, etree._Element] = {}
    for node in definitions.iter(etree.Element):
        namespace, local = names.split(node.tag)
        identifier = node.get("id")
        if not identifier or namespace != names.BPMN or local not in ADDRESSED:
            continue
        earlier = first.setdefault(identifier, node)
        if earlier is not node:
            message = (
                f"The id '{identifier}' of this {local} is already used by a {names.split(earlier.tag)[1]} "
                f"(line {earlier.sourceline}); give each its own id."
            )
            yield Finding("unique-id", message, identifier, node.get("name"), node.sourceline)


def _of_flow(flow: etree._Element, nodes: Mapping[str, etree._Element]) -> Iterator[Finding]:
    for attribute, end in (("sourceRef", "source"), ("targetRef", "target")):
        reason = _end_problem(flow, attribute, nodes)
        if reason:
            message = f"The {end} of the sequence flow {reason}."
            yield Finding("sequence-flow", message, flow.get("id"), flow.get("name"), flow.sourceline)


def _end_problem(flow: etree._Element, attribute: str, nodes: Mapping[str, etree._Element]) -> str | None:
    reference = (flow.get(attribute) or "").strip()
    if not reference:
        return f"is missing: {attribute} must name a flow node"
    node = nodes.get(reference)
    if node is None:
        return f"does not exist: no element has the id '{reference}'; connect the flow again"
    local = names.split(node.tag)[1]
    if local not in names.FLOW_NODES:
        return f"'{reference}' is a {local}, not an activity, event or gateway"
    if node.getparent() is not flow.getparent():
        return f"'{reference}' lies in another process or sub-process; use a message flow or an event instead"
    if attribute == "targetRef" and local in {"startEvent", "boundaryEvent"}:
        return f"'{reference}' is a {local}, which nothing can flow into"
    if attribute == "sourceRef" and local == "endEvent":
        return f"'{reference}' is an end event, which nothing can flow out of"
    return None
