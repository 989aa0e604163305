"""Camunda 7 and its siblings Flowable and Activiti: the same attributes in three namespaces."""

import json
import re

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import JUEL_OPENING, expression, value
from engine.bpmn.elements import Expression, Value, VariableMapping
from engine.bpmn.extensions.extension import Extension, children, extension_elements, is_true, text_of

VALUES = {
    "assignee": "assignee",
    "candidateUsers": "candidate_users",
    "candidateGroups": "candidate_groups",
    "formKey": "form_key",
    "formRef": "form_key",
    "dueDate": "due",
    "followUpDate": "follow_up",
    "priority": "priority",
    "decisionRef": "decision",
    "decisionTableReferenceKey": "decision",
}
TEXTS = {
    "resultVariable": "result_variable",
    "resultVariableName": "result_variable",
    "elementVariable": "element_variable",
    "errorCodeVariable": "code_variable",
    "escalationCodeVariable": "code_variable",
    "errorMessageVariable": "message_variable",
    "versionTag": "version_tag",
    "calledElementBinding": "binding",
    "calledElementVersion": "version",
}
IMPLEMENTATIONS = ("class", "delegateExpression", "expression")
UNSUPPORTED = {
    "caseRef": "calls a CMMN case; call a BPMN process instead (calledElement)",
    "variableMappingClass": "maps variables in Java; write input and output mappings instead",
    "variableMappingDelegateExpression": "maps variables in Java; write input and output mappings instead",
    "skipExpression": "skips the activity; put an exclusive gateway before it instead",
    "resource": "keeps its text in another file; write it into the diagram in FEEL",
    "elementIndexVariable": "names the loop's index; use loopCounter, which counts from 1",
}
READ_OVER = {
    "initiator": "does not name a variable here; the starter is known to the worklist",
    "variableName": "does not limit the condition; it is looked at after every change",
    "variableEvents": "does not limit the condition; it is looked at after every change",
}
SAME_RESULT = {"singleEntry", "collectEntries"}
LISTENERS = {"executionListener", "taskListener", "eventListener"}


def read(node: etree._Element, extension: Extension) -> None:
    """Fill the extension from camunda:, flowable: and activiti: attributes and elements."""
    for namespace in names.CAMUNDA_7_NAMESPACES:
        attributes = {
            names.split(str(name))[1]: str(text)
            for name, text in node.attrib.items()
            if names.split(str(name))[0] == namespace
        }
        if attributes:
            _read_attributes(attributes, extension)
    elements = [
        (local, child)
        for namespace, local, child in extension_elements(node)
        if namespace in names.CAMUNDA_7_NAMESPACES
    ]
    for local, child in elements:
        _read_element(local, child, extension)
    if any(local in {"in", "out"} for local, _child in elements):
        extension.say(all_in=False, all_out=False)


def _read_attributes(attributes: dict[str, str], extension: Extension) -> None:
    for name, text in attributes.items():
        if name in VALUES:
            extension.say(**{VALUES[name]: value(text)})
        elif name in TEXTS:
            extension.say(**{TEXTS[name]: text.strip() or None})
        elif name in UNSUPPORTED:
            extension.problems.append(f"the attribute {name} {UNSUPPORTED[name]}")
        elif name in READ_OVER:
            extension.notes.append(f"the attribute {name} {READ_OVER[name]}")
        elif name == "mapDecisionResult" and text not in SAME_RESULT:
            extension.notes.append(
                f'mapDecisionResult="{text}" is not followed: a decision with one output gives its value, '
                "with several a context, and a collecting table a list of these"
            )
    extension.say(collection=expression(attributes.get("collection")))
    if is_true(attributes.get("inheritVariables")):
        extension.say(all_in=True)
    starters = [attributes[name] for name in ("candidateStarterGroups", "candidateStarterUsers") if name in attributes]
    extension.say(candidate_starters=value(", ".join(starters)))
    _read_implementation(attributes, extension)


def _read_implementation(attributes: dict[str, str], extension: Extension) -> None:
    """The topic is what is written, else the name of the class or bean that does the work there."""
    kind = attributes.get("type")
    if attributes.get("topic") or kind in {"external", "external-worker"}:
        extension.say(topic=value(attributes.get("topic")))
    elif kind:
        extension.say(topic=Value(text=kind), implementation=f"type {kind}")
    for name in IMPLEMENTATIONS:
        text = attributes.get(name, "").strip()
        if text and name == "expression" and extension.topic is None and _is_computed(text, extension):
            extension.say(script=expression(text), implementation=text)
        elif text:
            extension.say(topic=Value(text=_bean(text)), implementation=text)


def _is_computed(text: str, extension: Extension) -> bool:
    """Whether a service task's expression is a value that FEEL can compute, and no call of a bean."""
    found = expression(text) if JUEL_OPENING.match(text) else None
    if found is None or found.problem:
        return False
    return extension.result_variable is not None or not found.feel.isidentifier()


def _bean(text: str) -> str:
    """`chargeCard` of "${chargeCard.execute(order)}"; a class name as it is."""
    if not JUEL_OPENING.match(text):
        return text
    found = re.match(r"[$#]\{\s*([A-Za-z_]\w*)", text)
    return found[1] if found else text


def _read_element(local: str, node: etree._Element, extension: Extension) -> None:
    if local == "inputOutput":
        _read_input_output(node, extension)
    elif local in {"in", "out"}:
        _read_call_mapping(local, node, extension)
    elif local == "failedJobRetryTimeCycle":
        _read_retry(text_of(node), extension)
    elif local in {"properties", "property"}:
        _read_properties(local, node, extension)
    elif local == "connector":
        _read_connector(node, extension)
    elif local == "field":
        extension.inputs.append(VariableMapping(_field_value(node), node.get("name") or ""))
    elif local in LISTENERS:
        done_by = node.get("class") or node.get("delegateExpression") or node.get("expression") or "a script"
        extension.notes.append(f"the {local} '{done_by}' is not run; model its work as a task")
    elif local == "errorEventDefinition":
        extension.notes.append("errors are mapped by the handler, not by the camunda:errorEventDefinition of the task")


def _read_input_output(node: etree._Element, extension: Extension) -> None:
    for _namespace, local, child in children(node):
        target = {"inputParameter": extension.inputs, "outputParameter": extension.outputs}.get(local)
        if target is not None:
            target.append(VariableMapping(_parameter(child, extension), (child.get("name") or "").strip()))
    if extension.outputs:
        extension.say(outputs_only=False)


def _parameter(node: etree._Element, extension: Extension) -> Value:
    for _namespace, local, child in children(node):
        if local == "script":
            extension.problems.append(
                f"the parameter '{node.get('name')}' is a {child.get('scriptFormat') or 'foreign'} script, "
                "which Praxis never runs; write FEEL with a leading '='"
            )
            return Value(text="")
        feel = _structure(local, child)
        return Value(expression=feel)
    return value(text_of(node)) or Value(text="")


def _structure(local: str, node: etree._Element) -> Expression:
    """A camunda:list or camunda:map as a FEEL list or context."""
    items = []
    for _namespace, _local, child in children(node):
        nested = next(((name, inner) for _space, name, inner in children(child)), None)
        item = Value(expression=_structure(*nested)) if nested else value(text_of(child)) or Value(text="")
        if item.expression and item.expression.problem:
            return item.expression
        feel = item.expression.feel if item.expression else json.dumps(item.text, ensure_ascii=False)
        items.append(f"{json.dumps(child.get('key'), ensure_ascii=False)}: {feel}" if local == "map" else feel)
    text = "{" + ", ".join(items) + "}" if local == "map" else "[" + ", ".join(items) + "]"
    return Expression(text, text)


def _read_call_mapping(local: str, node: etree._Element, extension: Extension) -> None:
    """camunda:in and camunda:out of a call activity, and camunda:in of a signal event."""
    if node.get("variables") == "all":
        extension.say(**{"all_in" if local == "in" else "all_out": True})
    source = expression(node.get("source") or node.get("sourceExpression"))
    target = (node.get("target") or node.get("targetExpression") or "").strip()
    if source and target:
        mappings = extension.inputs if local == "in" else extension.outputs
        mappings.append(VariableMapping(Value(expression=source), target))


def _read_retry(text: str, extension: Extension) -> None:
    """`R3/PT10M` or a list of durations `PT10M,PT1H`."""
    found = re.fullmatch(r"R(\d+)/(.+)", text)
    if found:
        extension.say(retries=Value(text=found[1]), retry_backoff=found[2].strip())
    elif text and not JUEL_OPENING.search(text):
        extension.say(retries=Value(text=str(len(text.split(",")) + 1)), retry_backoff=text)


def _read_properties(local: str, node: etree._Element, extension: Extension) -> None:
    found = [node] if local == "property" else [child for _namespace, _local, child in children(node)]
    for child in found:
        if child.get("name"):
            extension.properties.setdefault(child.get("name"), child.get("value") or "")


def _read_connector(node: etree._Element, extension: Extension) -> None:
    for _namespace, local, child in children(node):
        if local == "connectorId":
            extension.say(topic=value(text_of(child)), implementation=f"connector {text_of(child)}")
        elif local == "inputOutput":
            _read_input_output(child, extension)


def _field_value(node: etree._Element) -> Value:
    text = node.get("stringValue") or node.get("expression")
    inner = next((text_of(child) for _namespace, _local, child in children(node)), "")
    return value(text or inner) or Value(text="")
