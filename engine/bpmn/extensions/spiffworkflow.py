"""SpiffWorkflow (spiff-arena): extension elements; its expressions are Python, read as FEEL where it is FEEL too."""

from collections.abc import Callable

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import expression, value
from engine.bpmn.elements import Value, VariableMapping
from engine.bpmn.extensions.extension import Extension, children, extension_elements, text_of

NAMESPACE = names.SPIFFWORKFLOW
FORM_PROPERTIES = ("formJsonSchemaFilename", "formKey")


def read(node: etree._Element, extension: Extension) -> None:
    """Fill the extension from spiffworkflow: elements."""
    for namespace, local, child in extension_elements(node):
        if namespace == NAMESPACE and local in ELEMENTS:
            ELEMENTS[local](child, extension)


def _service_task_operator(node: etree._Element, extension: Extension) -> None:
    operator = node.get("id")
    extension.say(
        topic=value(operator),
        implementation=f"operator {operator}",
        result_variable=node.get("resultVariable") or None,
    )
    for _namespace, local, group in children(node):
        for _space, _local, parameter in children(group) if local == "parameters" else ():
            source = expression(parameter.get("value"))
            if source and parameter.get("id"):
                extension.inputs.append(VariableMapping(Value(expression=source), parameter.get("id")))


def _called_decision(node: etree._Element, extension: Extension) -> None:
    extension.say(decision=value(text_of(node)))


def _instructions(node: etree._Element, extension: Extension) -> None:
    extension.properties.setdefault("instructionsForEndUser", text_of(node))


def _properties(node: etree._Element, extension: Extension) -> None:
    for _namespace, _local, child in children(node):
        name = child.get("name")
        if not name:
            continue
        extension.properties.setdefault(name, child.get("value") or "")
        if name in FORM_PROPERTIES:
            extension.say(form_key=value((child.get("value") or "").removesuffix(".json")))


def _foreign_script(node: etree._Element, extension: Extension) -> None:
    if text_of(node):
        local = names.split(node.tag)[1]
        extension.problems.append(
            f"the spiffworkflow:{local} is Python text, which Praxis never runs; write input or output mappings in FEEL"
        )


def _message_variable(node: etree._Element, extension: Extension) -> None:
    extension.say(message_variable=text_of(node) or None)


def _message_payload(node: etree._Element, extension: Extension) -> None:
    payload = expression(text_of(node))
    if payload:
        extension.send.append(VariableMapping(Value(expression=payload), "payload"))


def _correlation(node: etree._Element, extension: Extension) -> None:
    """spiffworkflow:processVariableCorrelation: property and the process side's expression."""
    parts = {local: text_of(child) for _namespace, local, child in children(node)}
    source = expression(parts.get("variableCorrelation") or parts.get("propertyExpression"))
    name = parts.get("propertyId")
    if source and name:
        extension.correlation.append(VariableMapping(Value(expression=source), name))


def _code_variable(node: etree._Element, extension: Extension) -> None:
    extension.say(code_variable=text_of(node) or None)


ELEMENTS: dict[str, Callable[[etree._Element, Extension], None]] = {
    "serviceTaskOperator": _service_task_operator,
    "calledDecisionId": _called_decision,
    "instructionsForEndUser": _instructions,
    "properties": _properties,
    "preScript": _foreign_script,
    "postScript": _foreign_script,
    "messageVariable": _message_variable,
    "messagePayload": _message_payload,
    "processVariableCorrelation": _correlation,
    "variableName": _code_variable,
}
