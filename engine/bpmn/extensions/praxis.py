"""Our own namespace, `urn:praxis:bpmn:1`; its schema is praxis.xsd, its meaning is told in engine/README.md."""

from collections.abc import Callable

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import expression, script, value
from engine.bpmn.elements import Expression, Value, VariableMapping
from engine.bpmn.extensions.extension import Extension, extension_elements, is_true, text_of

NAMESPACE = names.PRAXIS

VALUES = {
    "assignee": "assignee",
    "candidateUsers": "candidate_users",
    "candidateGroups": "candidate_groups",
    "formKey": "form_key",
    "due": "due",
    "followUp": "follow_up",
    "priority": "priority",
    "topic": "topic",
    "retries": "retries",
    "decision": "decision",
    "title": "title",
    "candidateStarters": "candidate_starters",
}
TEXTS = {
    "touchpoint": "touchpoint",
    "retryBackoff": "retry_backoff",
    "resultVariable": "result_variable",
    "binding": "binding",
    "version": "version",
    "codeVariable": "code_variable",
    "messageVariable": "message_variable",
    "searchable": "searchable",
    "versionTag": "version_tag",
    "role": "role",
    "uid": "uid",
}


def read(node: etree._Element, extension: Extension) -> None:
    """Fill the extension from praxis: attributes and elements; an unknown name is a problem, not a silence."""
    for name, text in node.attrib.items():
        namespace, local = names.split(str(name))
        if namespace == NAMESPACE:
            _read_attribute(local, str(text), extension)
    for namespace, local, child in extension_elements(node):
        if namespace == NAMESPACE:
            reader = ELEMENTS.get(local)
            if reader is None:
                extension.problems.append(f"the element praxis:{local} is not known; remove or correct it")
            else:
                reader(child, extension)


def _read_attribute(local: str, text: str, extension: Extension) -> None:
    if local in VALUES:
        extension.say(**{VALUES[local]: value(text)})
    elif local in TEXTS:
        extension.say(**{TEXTS[local]: text.strip() or None})
    elif local == "businessKey":
        extension.say(business_key=expression(text))
    elif local == "propagateAll":
        extension.say(all_in=is_true(text), all_out=is_true(text))
    else:
        extension.problems.append(f"the attribute praxis:{local} is not known; remove or correct it")


def _mapping(child: etree._Element, source: str, target: str, extension: Extension) -> VariableMapping | None:
    name = (child.get(target) or "").strip()
    if not name:
        local = names.split(child.tag)[1]
        extension.problems.append(f"the element praxis:{local} needs an attribute {target} that names the variable")
        return None
    return VariableMapping(value(child.get(source)) or Value(text=""), name)


def _io_mapping(node: etree._Element, extension: Extension) -> None:
    for child in node.iterchildren(tag=etree.Element):
        target = {"input": extension.inputs, "output": extension.outputs}.get(names.split(child.tag)[1])
        mapping = _mapping(child, "source", "target", extension)
        if target is not None and mapping is not None:
            target.append(mapping)


def _loop_characteristics(node: etree._Element, extension: Extension) -> None:
    extension.say(
        collection=expression(node.get("inputCollection")),
        element_variable=node.get("inputElement") or None,
        output_collection=node.get("outputCollection") or None,
        output_element=expression(node.get("outputElement")),
    )


def _correlation(node: etree._Element, extension: Extension) -> None:
    name = (node.get("name") or "").strip()
    source = as_expression_value(expression(node.get("value") or name))
    extension.correlation.append(VariableMapping(source, name))


def _send(node: etree._Element, extension: Extension) -> None:
    name = (node.get("variable") or "").strip()
    if not name:
        extension.problems.append("the element praxis:send needs an attribute variable that names what is sent")
        return
    source = value(node.get("value")) or as_expression_value(expression(name))
    extension.send.append(VariableMapping(source, name))


def _property(node: etree._Element, extension: Extension) -> None:
    name = (node.get("name") or "").strip()
    if name:
        extension.properties.setdefault(name, node.get("value") or text_of(node))


def _script(node: etree._Element, extension: Extension) -> None:
    extension.say(script=script(text_of(node)))


def as_expression_value(found: Expression | None) -> Value:
    """A value that is always an expression (an empty one is the text "")."""
    return Value(expression=found) if found else Value(text="")


ELEMENTS: dict[str, Callable[[etree._Element, Extension], None]] = {
    "ioMapping": _io_mapping,
    "loopCharacteristics": _loop_characteristics,
    "correlation": _correlation,
    "send": _send,
    "property": _property,
    "script": _script,
}
