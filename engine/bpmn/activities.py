"""Reads tasks, call activities and loops, and the data flow into and out of activities and events."""

import re
from typing import Any

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import expression, script, value
from engine.bpmn.elements import EventDefinition, Expression, Loop, Value, VariableMapping
from engine.bpmn.event_definitions import message_definition
from engine.bpmn.extensions import Extension, read_extension
from engine.bpmn.extensions.extension import is_true, text_of
from engine.bpmn.roots import Roots, read_expression, variable_name

ROLES = {"humanPerformer": "assignee", "performer": "assignee", "potentialOwner": "candidate_groups"}
EVENT_REFERENCES = ("oneBehaviorEventRef", "noneBehaviorEventRef", "complexBehaviorDefinition")


def task_fields(node: etree._Element, local: str, extension: Extension, roots: Roots) -> dict[str, Any]:
    """The fields of a Task beyond those of every activity."""
    read_resources(node, extension, roots)
    implementation = extension.implementation or _implementation(node)
    topic = extension.topic
    if topic is None and local == "serviceTask":
        topic = value(roots.operation_name(node.get("operationRef")))
    return {
        "assignment": extension.assignment() if local in {"userTask", "manualTask", "task"} else None,
        "topic": topic,
        "retries": extension.retries,
        "retry_backoff": extension.retry_backoff,
        "script": _script(node, extension) if local == "scriptTask" else extension.script if topic is None else None,
        "decision": extension.decision,
        "result_variable": extension.result_variable,
        "message": _message(node, local, extension, roots) if local in {"sendTask", "receiveTask"} else None,
        "instantiate": is_true(node.get("instantiate")) is True,
        "implementation": implementation,
    }


def call_fields(node: etree._Element, extension: Extension) -> dict[str, Any]:
    """The fields of a CallActivity beyond those of every activity."""
    return {
        "called_element": extension.called_element or value(_without_known_prefix(node, node.get("calledElement"))),
        "binding": extension.binding or "latest",
        "version": extension.version,
        "all_in": extension.all_in is not False,
        "all_out": extension.all_out is not False,
    }


def read_loop(node: etree._Element, roots: Roots) -> tuple[Loop | None, list[str]]:
    """Loop characteristics of an activity, and what in them cannot be run."""
    standard = node.find(names.bpmn("standardLoopCharacteristics"))
    if standard is not None:
        return _standard_loop(standard, roots)
    multiple = node.find(names.bpmn("multiInstanceLoopCharacteristics"))
    if multiple is not None:
        return _multi_instance(node, multiple, roots)
    return None, []


def _standard_loop(node: etree._Element, roots: Roots) -> tuple[Loop, list[str]]:
    maximum = (node.get("loopMaximum") or "").strip()
    problems = []
    if maximum and not maximum.isdecimal():
        problems.append(f"loopMaximum '{maximum}' is not a whole number")
        maximum = ""
    loop = Loop(
        "standard",
        condition=read_expression(node.find(names.bpmn("loopCondition")), roots.language),
        test_before=is_true(node.get("testBefore")) is True,
        maximum=int(maximum) if maximum else None,
    )
    return loop, problems


def _multi_instance(activity: etree._Element, node: etree._Element, roots: Roots) -> tuple[Loop, list[str]]:
    extension = read_extension(node)
    data_input, data_output = node.find(names.bpmn("loopDataInputRef")), node.find(names.bpmn("loopDataOutputRef"))
    item, result = node.find(names.bpmn("inputDataItem")), node.find(names.bpmn("outputDataItem"))
    collection, output = extension.collection, extension.output_collection
    if collection is None and data_input is not None:
        collection = expression(_looped_variable(activity, text_of(data_input), roots, "dataInputAssociation"))
    if output is None and data_output is not None:
        output = _looped_variable(activity, text_of(data_output), roots, "dataOutputAssociation") or None
    output_element = extension.output_element
    if output_element is None and result is not None:
        output_element = expression(variable_name(result))
    loop = Loop(
        "sequential" if is_true(node.get("isSequential")) else "parallel",
        cardinality=read_expression(node.find(names.bpmn("loopCardinality")), roots.language),
        collection=collection,
        element_variable=extension.element_variable or (variable_name(item) if item is not None else None),
        output_collection=output,
        output_element=output_element,
        completion_condition=read_expression(node.find(names.bpmn("completionCondition")), roots.language),
    )
    return loop, extension.problems + _behavior_problems(node)


def _looped_variable(activity: etree._Element, reference: str, roots: Roots, association: str) -> str:
    """The variable behind a loop data reference, through the activity's own data association when there is one."""
    inner, outer = ("targetRef", "sourceRef") if association == "dataInputAssociation" else ("sourceRef", "targetRef")
    for node in activity.findall(names.bpmn(association)):
        if _reference(node, inner) == reference and _reference(node, outer):
            return roots.variable(_reference(node, outer))
    return roots.variable(reference)


def _behavior_problems(node: etree._Element) -> list[str]:
    """`behavior` other than All throws events per instance; without such an event it is the same as All."""
    throws = any(node.get(name) or node.find(names.bpmn(name)) is not None for name in EVENT_REFERENCES)
    behavior = node.get("behavior", "All")
    if behavior == "All" or not throws:
        return []
    problem = (
        f'behavior="{behavior}" of the multi-instance throws events while it runs; '
        "throw them by an intermediate event inside the repeated activity instead"
    )
    return [problem]


def read_data_flow(node: etree._Element, extension: Extension, roots: Roots) -> None:
    """Add standard data associations that compute or rename something to the input and output mappings.

    An association that only connects a data object to a data input of the same name is documentation: variables are
    visible without it.
    """
    if not extension.inputs:
        for association in node.findall(names.bpmn("dataInputAssociation")):
            extension.inputs += _associated(association, roots)
    if not extension.outputs:
        for association in node.findall(names.bpmn("dataOutputAssociation")):
            extension.outputs += _associated(association, roots)


def _associated(association: etree._Element, roots: Roots) -> list[VariableMapping]:
    assignments = association.findall(names.bpmn("assignment"))
    target = _reference(association, "targetRef")
    if assignments:
        return [mapping for node in assignments if (mapping := _assigned(node, target, roots))]
    source = _reference(association, "sourceRef")
    transformation = read_expression(association.find(names.bpmn("transformation")), roots.language)
    if transformation is None:
        named = roots.is_variable(source) and roots.is_variable(target)
        if not named or roots.variable(source) == roots.variable(target):
            return []
        transformation = expression(roots.variable(source))
    name = roots.variable(target)
    return [VariableMapping(Value(expression=transformation), name)] if transformation and name else []


def _assigned(assignment: etree._Element, target: str, roots: Roots) -> VariableMapping | None:
    source = read_expression(assignment.find(names.bpmn("from")), roots.language)
    to = assignment.find(names.bpmn("to"))
    name = text_of(to) if to is not None else ""
    name = roots.variable(name or target)
    return VariableMapping(Value(expression=source), name) if source and name else None


def _reference(node: etree._Element, local: str) -> str:
    found = node.find(names.bpmn(local))
    return text_of(found) if found is not None else ""


def read_resources(node: etree._Element, extension: Extension, roots: Roots) -> None:
    """Standard resource roles: performers become the assignee, potential owners the candidate groups."""
    for local, target in ROLES.items():
        for role in node.findall(names.bpmn(local)):
            found = _resource(role, roots)
            users, groups = _users_and_groups(found.text) if found and found.text else ([], [])
            if target == "candidate_groups" and (users or groups):
                extension.say(candidate_users=value(", ".join(users)), candidate_groups=value(", ".join(groups)))
            else:
                extension.say(**{target: found})


def _resource(role: etree._Element, roots: Roots) -> Value | None:
    formal = role.find(f"{names.bpmn('resourceAssignmentExpression')}/{names.bpmn('formalExpression')}")
    if formal is not None:
        return value(text_of(formal))
    reference = role.find(names.bpmn("resourceRef"))
    if reference is None:
        return value(role.get("name"))
    root = roots.find(text_of(reference), "resource")
    return value(root.get("name") if root is not None else text_of(reference))


def _users_and_groups(text: str) -> tuple[list[str], list[str]]:
    """`user(kermit), group(management), sales` → users and groups; a bare word is a group."""
    users: list[str] = []
    groups: list[str] = []
    for word in (part.strip() for part in text.split(",")):
        found = re.fullmatch(r"(user|group)\((.*)\)", word)
        if word:
            (users if found and found[1] == "user" else groups).append(found[2].strip() if found else word)
    return users, groups


def _script(node: etree._Element, extension: Extension) -> Expression | None:
    if extension.script is not None:
        return extension.script
    text = node.find(names.bpmn("script"))
    return script(text_of(text) if text is not None else "", node.get("scriptFormat"))


def _message(node: etree._Element, local: str, extension: Extension, roots: Roots) -> EventDefinition:
    reference = node.get("messageRef")
    if not reference:
        direction = "inMessageRef"
        reference = roots.operation_message(node.get("operationRef"), direction)
    return message_definition(roots, reference, extension, throws=local == "sendTask")


def _implementation(node: etree._Element) -> str | None:
    text = (node.get("implementation") or "").strip()
    return None if text.startswith("##") else text or None


def _without_known_prefix(node: etree._Element, name: str | None) -> str | None:
    prefix, colon, rest = (name or "").partition(":")
    return rest if colon and prefix in node.nsmap else name
