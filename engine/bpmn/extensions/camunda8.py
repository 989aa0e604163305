"""Camunda 8 (Zeebe): everything is an extension element, expressions are FEEL with a leading "="."""

from collections.abc import Callable

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import expression, script, value
from engine.bpmn.elements import Value, VariableMapping
from engine.bpmn.extensions.extension import Extension, children, extension_elements, is_true

NAMESPACE = names.ZEEBE
UNNAMED_KEY = ""  # Camunda 8 has one correlation key per message, without a name


def read(node: etree._Element, extension: Extension) -> None:
    """Fill the extension from zeebe: elements."""
    for namespace, local, child in extension_elements(node):
        if namespace == NAMESPACE and local in ELEMENTS:
            ELEMENTS[local](child, extension)


def _task_definition(node: etree._Element, extension: Extension) -> None:
    extension.say(topic=value(node.get("type")), retries=value(node.get("retries")))


def _io_mapping(node: etree._Element, extension: Extension) -> None:
    for _namespace, local, child in children(node):
        mappings = {"input": extension.inputs, "output": extension.outputs}.get(local)
        if mappings is not None and child.get("target"):
            mappings.append(VariableMapping(value(child.get("source")) or Value(text=""), child.get("target").strip()))


def _subscription(node: etree._Element, extension: Extension) -> None:
    key = expression(node.get("correlationKey"))
    if key:
        extension.correlation.append(VariableMapping(Value(expression=key), UNNAMED_KEY))


def _publish_message(node: etree._Element, extension: Extension) -> None:
    key = value(node.get("correlationKey"))
    if key:
        extension.correlation.append(VariableMapping(key, UNNAMED_KEY))


def _called_element(node: etree._Element, extension: Extension) -> None:
    extension.say(
        called_element=value(node.get("processId")),
        binding=node.get("bindingType"),
        version=node.get("versionTag"),
        all_in=is_true(node.get("propagateAllParentVariables", "true")),
        all_out=is_true(node.get("propagateAllChildVariables", "true")),
    )


def _loop_characteristics(node: etree._Element, extension: Extension) -> None:
    extension.say(
        collection=expression(node.get("inputCollection")),
        element_variable=node.get("inputElement") or None,
        output_collection=node.get("outputCollection") or None,
        output_element=expression(node.get("outputElement")),
    )


def _assignment_definition(node: etree._Element, extension: Extension) -> None:
    extension.say(
        assignee=value(node.get("assignee")),
        candidate_groups=value(node.get("candidateGroups")),
        candidate_users=value(node.get("candidateUsers")),
    )


def _form_definition(node: etree._Element, extension: Extension) -> None:
    for name in ("formKey", "formId", "externalReference"):
        extension.say(form_key=value(node.get(name)))


def _called_decision(node: etree._Element, extension: Extension) -> None:
    extension.say(decision=value(node.get("decisionId")), result_variable=node.get("resultVariable") or None)


def _script(node: etree._Element, extension: Extension) -> None:
    extension.say(script=script(node.get("expression")), result_variable=node.get("resultVariable") or None)


def _task_schedule(node: etree._Element, extension: Extension) -> None:
    extension.say(due=value(node.get("dueDate")), follow_up=value(node.get("followUpDate")))


def _priority_definition(node: etree._Element, extension: Extension) -> None:
    extension.say(priority=value(node.get("priority")))


def _named_values(node: etree._Element, extension: Extension) -> None:
    """zeebe:taskHeaders (key, value) and zeebe:properties (name, value)."""
    for _namespace, _local, child in children(node):
        name = child.get("key") or child.get("name")
        if name:
            extension.properties.setdefault(name, child.get("value") or "")


def _version_tag(node: etree._Element, extension: Extension) -> None:
    extension.say(version_tag=node.get("value") or None)


def _ad_hoc(node: etree._Element, extension: Extension) -> None:
    if node.get("activeElementsCollection"):
        extension.problems.append(
            "the activeElementsCollection of zeebe:adHoc chooses the activities by an expression; "
            "put the choice before them as an inclusive gateway"
        )


def _listeners(node: etree._Element, extension: Extension) -> None:
    for _namespace, local, child in children(node):
        extension.notes.append(f"the {local} '{child.get('type')}' is not run; model its work as a task")


ELEMENTS: dict[str, Callable[[etree._Element, Extension], None]] = {
    "taskDefinition": _task_definition,
    "ioMapping": _io_mapping,
    "subscription": _subscription,
    "publishMessage": _publish_message,
    "calledElement": _called_element,
    "loopCharacteristics": _loop_characteristics,
    "assignmentDefinition": _assignment_definition,
    "formDefinition": _form_definition,
    "calledDecision": _called_decision,
    "script": _script,
    "taskSchedule": _task_schedule,
    "priorityDefinition": _priority_definition,
    "taskHeaders": _named_values,
    "properties": _named_values,
    "versionTag": _version_tag,
    "adHoc": _ad_hoc,
    "executionListeners": _listeners,
    "taskListeners": _listeners,
}
