"""Forms that foreign models carry inside: Camunda 7 and Flowable form fields, Camunda 8's embedded form-js JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import value
from engine.bpmn.extensions.extension import extension_elements, text_of

SCHEMA_VERSION = 16
FIELD_TYPES = {
    "string": {"type": "textfield"},
    "long": {"type": "number"},
    "integer": {"type": "number"},
    "int": {"type": "number"},
    "double": {"type": "number"},
    "boolean": {"type": "checkbox"},
    "date": {"type": "datetime", "subtype": "date"},
    "enum": {"type": "select"},
    "text": {"type": "textarea"},
}
LIMITS = {"min": "min", "max": "max", "minlength": "minLength", "maxlength": "maxLength"}
EMBEDDED = re.compile(r"camunda-forms:bpmn:(?P<id>.+)")


def form_fields(node: etree._Element) -> list[dict[str, Any]]:
    """The form-js components that a node's camunda:formData or flowable:formProperty elements describe."""
    return [
        _component(local, child)
        for namespace, name, found in extension_elements(node)
        if namespace in names.CAMUNDA_7_NAMESPACES and name in {"formData", "formProperty"}
        for local, child in _fields(name, found)
        if child.get("id")
    ]


def embedded_forms(process: etree._Element) -> dict[str, dict[str, Any]]:
    """Id → form-js JSON of a process's zeebe:userTaskForm elements; what is no JSON is left out."""
    found = {}
    for namespace, local, child in extension_elements(process):
        if namespace == names.ZEEBE and local == "userTaskForm" and child.get("id"):
            try:
                form = json.loads(text_of(child))
            except ValueError:
                continue
            if isinstance(form, dict) and isinstance(form.get("components"), list):
                found[child.get("id")] = form
    return found


def embedded_id(form_key: str) -> str | None:
    """The id in a key such as `camunda-forms:bpmn:UserTaskForm_1`; None for other keys."""
    found = EMBEDDED.fullmatch(form_key)
    return found["id"] if found else None


def form(key: str, components: list[dict[str, Any]]) -> bytes:
    """The form-js file with these components."""
    document = {"type": "default", "id": key, "schemaVersion": SCHEMA_VERSION, "components": components}
    return written(document)


def written(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def placeholder(key: str, text: str) -> bytes:
    """A form with a text only, for a user task whose form has to be drawn."""
    return form(key, [{"type": "text", "id": f"{key}_text", "text": text}])


def _fields(name: str, node: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    if name == "formProperty":
        yield name, node
    else:
        for child in node:
            if isinstance(child.tag, str) and names.split(child.tag)[1] == "formField":
                yield "formField", child


def _component(local: str, node: etree._Element) -> dict[str, Any]:
    kind = (node.get("type") or "string").lower()
    component: dict[str, Any] = {
        "key": node.get("id"),
        "label": node.get("label") or node.get("name") or node.get("id"),
        **FIELD_TYPES.get(kind, FIELD_TYPES["string"]),
    }
    default = _default(node.get("defaultValue") or node.get("default") or node.get("expression"), kind)
    if default is not None:
        component["defaultValue"] = default
    options = [
        {"value": each.get("id"), "label": each.get("name") or each.get("id")}
        for each in node.iter(etree.Element)
        if names.split(each.tag)[1] == "value" and each.get("id")
    ]
    if component["type"] == "select":
        component["values"] = options
    validate = _validation(node)
    if validate:
        component["validate"] = validate
    if node.get("writable") == "false":
        component["readonly"] = True
    return component


def _default(text: str | None, kind: str) -> Any:
    found = value(text)
    if found is None:
        return None
    if found.expression:
        return None if found.expression.problem else f"={found.expression.feel}"
    if kind == "boolean":
        return found.text == "true"
    if kind in {"long", "integer", "int", "double"}:
        try:
            return float(found.text or "") if "." in (found.text or "") else int(found.text or "")
        except ValueError:
            return None
    return found.text


def _validation(node: etree._Element) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    if node.get("required") == "true":
        rules["required"] = True
    for each in node.iter(etree.Element):
        if names.split(each.tag)[1] != "constraint":
            continue
        name, config = (each.get("name") or "").lower(), each.get("config") or ""
        if name == "required":
            rules["required"] = True
        elif name == "readonly":
            continue
        elif name in LIMITS and re.fullmatch(r"-?\d+(\.\d+)?", config):
            rules[LIMITS[name]] = float(config) if "." in config else int(config)
    return rules
