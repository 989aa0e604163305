"""Forms (form-js JSON) as documents: the form, and one record per component."""

import json
import re
from collections.abc import Mapping
from typing import Any

from practice_repo.algebra.document import Document, Record, unreadable
from practice_repo.algebra.plain_fields import flatten, nest

FORM = "form"
COMPONENT = "component"
NO_MEANING = frozenset({"schemaVersion", "exporter", "executionPlatform", "executionPlatformVersion", "versionTag"})
NAMING = ("key", "path")


def read(name: str, content: bytes) -> Document:
    try:
        source = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise unreadable(name, f"expected a JSON object in UTF-8: {error}.") from error
    if not isinstance(source, dict) or not isinstance(source.get("components", []), list):
        raise unreadable(name, "expected a JSON object with the list 'components'.")
    records: dict[str, Record] = {}
    said = {key: value for key, value in source.items() if key not in NO_MEANING | {"id", "components"}}
    fields: dict[str, Any] = {"parent": "", **flatten(said)}
    records[FORM] = Record(FORM, FORM, str(source.get("id") or ""), fields)
    keys = tuple(_read_component(each, FORM, "", records, name) for each in source.get("components", []))
    if keys:
        fields["components"] = keys
    extras = {"form": {key: value for key, value in source.items() if key in NO_MEANING}}
    return Document(name, "form", records, {}, extras)


def _read_component(source: Any, parent: str, scope: str, records: dict[str, Record], file: str) -> str:
    """The component's key. The fields of a list are named within it, those of a group as the others around it."""
    if not isinstance(source, Mapping):
        raise unreadable(file, f"expected component objects in 'components', found {json.dumps(source)[:80]}.")
    naming = next((name for name in NAMING if isinstance(source.get(name), str) and source[name]), None)
    key = scope + (source[naming] if naming else str(source.get("id") or "") or _described(source))
    free, number = key, 2
    while free in records:
        free, number = f"{key}~{number}", number + 1
    inner = source.get("components")
    said = {name: value for name, value in source.items() if name not in {"id", "components", "layout"}}
    fields: dict[str, Any] = {"parent": parent, **flatten(said)}
    records[free] = Record(free, COMPONENT, str(source.get("id") or ""), fields)
    if isinstance(inner, list) and inner:
        within = f"{free}." if source.get("path") or source.get("type") == "dynamiclist" else scope
        fields["components"] = tuple(_read_component(each, free, within, records, file) for each in inner)
    return free


def _described(source: Mapping[str, Any]) -> str:
    words = str(source.get("text") or source.get("label") or "")
    return "_".join([str(source.get("type") or COMPONENT), *re.findall(r"\w+", words)[:6]])


def write(document: Document) -> bytes:
    form = document.records.get(FORM)
    content: dict[str, Any] = {}
    if form is not None:
        content = nest({name: value for name, value in form.fields.items() if name not in {"parent", "components"}})
        content = {**_ahead(content, "type"), "id": form.id, **document.extras.get("form", {}), **content}
        content["components"] = [_written(document, key) for key in _inner(document, form)]
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _written(document: Document, key: str) -> dict[str, Any]:
    record = document.records[key]
    content = nest({name: value for name, value in record.fields.items() if name not in {"parent", "components"}})
    ahead = _ahead(content, "type", *NAMING)
    written = {**ahead, **({"id": record.id} if record.id else {}), **content}
    inner = _inner(document, record)
    if inner or "components" in record.fields:
        written["components"] = [_written(document, each) for each in inner]
    return written


def _inner(document: Document, record: Record) -> list[str]:
    """The components in their order; those that the order forgot come last."""
    inside = [each.key for each in document.children(record.key)]
    named = [key for key in record.get("components", ()) if key in inside]
    return named + [key for key in inside if key not in named]


def _ahead(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: content.pop(name) for name in names if name in content}
