"""Which tool wrote a BPMN file, and which namespaces are whose."""

from collections.abc import Iterator

from lxml import etree

from engine.bpmn import names

VENDORS = {
    names.CAMUNDA: "Camunda 7",
    names.ZEEBE: "Camunda 8",
    names.FLOWABLE: "Flowable",
    names.ACTIVITI: "Activiti",
    names.SPIFFWORKFLOW: "SpiffWorkflow",
}
PARTS_OF_NAMESPACES = (  # for tools whose extensions say nothing that runs; the first that fits
    ("signavio", "Signavio"),
    ("trisotech", "Trisotech"),
    ("bizagi", "Bizagi"),
    ("adonis", "ADONIS"),
    ("boc-group", "ADONIS"),
    ("drools", "jBPM"),
    ("jboss", "jBPM"),
    ("omg.org/spec/bpmn/non-normative/color", "BPMN in Color"),
    ("bpmn.io/schema/bpmn/biocolor", "bpmn.io"),
    ("camunda.org/schema/modeler", "Camunda Modeler"),
    ("ibm.com", "IBM"),
    ("oracle.com", "Oracle"),
    ("itp-commerce", "itp-commerce"),
    ("yaoqiang", "Yaoqiang"),
    ("visual-paradigm", "Visual Paradigm"),
    ("sparxsystems", "Enterprise Architect"),
    ("w4.eu", "W4"),
    ("aris", "ARIS"),
    ("omnivise", "MIWG"),
)
STANDARD = {
    names.BPMN,
    names.BPMN_DI,
    names.DIAGRAM_COMMON,
    names.DIAGRAM_INTERCHANGE,
    names.XSI,
    names.PRAXIS,
    "http://www.w3.org/2001/XMLSchema",
    "http://www.w3.org/XML/1998/namespace",
}


def tool_of(root: etree._Element) -> str:
    """How people call the tool that wrote the file: by what runs in it, else by its exporter, else unknown."""
    used = list(used_namespaces(root))
    for namespace, name in VENDORS.items():
        if namespace in used:
            return name
    exporter = " ".join(filter(None, ((root.get("exporter") or "").partition(",")[0], root.get("exporterVersion"))))
    if exporter:
        return exporter
    declared = [*used, *(str(namespace) for namespace in root.nsmap.values())]
    return next((VENDORS.get(found) or title_of(found) for found in declared if found not in STANDARD), "unknown tool")


def title_of(namespace: str) -> str:
    """How people call the owner of a namespace; the namespace itself when nobody knows."""
    lowered = namespace.lower()
    return VENDORS.get(namespace) or next((name for part, name in PARTS_OF_NAMESPACES if part in lowered), namespace)


def used_namespaces(root: etree._Element) -> Iterator[str]:
    """Namespaces of elements and attributes that are not BPMN's own, each once, in document order."""
    seen = set(STANDARD) | {""}
    for node in root.iter(etree.Element):
        for name in (node.tag, *node.attrib):
            namespace = names.split(str(name))[0]
            if namespace not in seen:
                seen.add(namespace)
                yield namespace
