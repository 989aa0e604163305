"""Nested plain data (JSON, TOML) as fields, and back.

    {"validate": {"required": true}, "values": [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]}

    validate/required = True
    values[yes]/label = "Yes"
    values[no]/label = "No"
    values/order = ("yes", "no")

A list of texts is one field; entries of other lists are told apart by what names them, else by their number.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from practice_repo.algebra.document import KEYED_FIELDS, FieldValue, is_reference

NAMES = ("key", "value", "id", "name", "path", "number")  # what tells entries of a list apart, in this order
SEGMENT = re.compile(r"([^\[\]]*)(?:\[([^\]]*)\])?$")
EMPTY = "{}"


def flatten(content: Mapping[str, Any]) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {}
    for name, value in content.items():
        _flatten(_quoted(str(name)), value, fields)
    return fields


def _flatten(path: str, value: Any, fields: dict[str, FieldValue]) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _flatten(f"{path}/{_quoted(str(name))}", inner, fields)
        if not value:
            fields[f"{path}/{EMPTY}"] = ""
    elif isinstance(value, Sequence) and not isinstance(value, str):
        _flatten_list(path, list(value), fields)
    elif value is not None:
        fields[path] = scalar(value)


def _flatten_list(path: str, values: list[Any], fields: dict[str, FieldValue]) -> None:
    if all(isinstance(each, str) for each in values):
        fields[path] = tuple(values)
        return
    naming = naming_of(values)
    for number, value in enumerate(values, 1):
        if naming:
            inner = {name: each for name, each in value.items() if name != naming}
            _flatten(f"{path}[{naming}={_quoted(value[naming])}]", inner, fields)
        else:
            _flatten(f"{path}[#{number}]", {EMPTY: None} if value is None else value, fields)
    if naming:
        fields[f"{path}/order"] = tuple(value[naming] for value in values)


def naming_of(values: Sequence[Any]) -> str | None:
    """The entry that every mapping of the list has as a text of its own."""
    if not values or not all(isinstance(value, Mapping) for value in values):
        return None
    for name in NAMES:
        found = [value.get(name) for value in values]
        if all(isinstance(each, str) and each for each in found) and len(set(found)) == len(found):
            return name
    return None


def scalar(value: Any) -> FieldValue:
    """Whole numbers are whole numbers, however they were written."""
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def nest(fields: Mapping[str, FieldValue]) -> dict[str, Any]:
    """The plain data that the fields came from."""
    root: dict[str, Any] = {}
    for path, value in fields.items():
        _place(root, path, value)
    return {name: _finished(each) for name, each in root.items()}


class _List(dict[str, Any]):
    """Entries of a list by what names them, until all are known."""

    order: tuple[str, ...] = ()


def _place(root: dict[str, Any], path: str, value: FieldValue) -> None:
    segments = path.split("/")
    if isinstance(value, tuple) and segments[-1] == "order" and len(segments) > 1:
        holder = _descend(root, segments[:-2])
        found = holder.get(_unquoted(segments[-2]))
        if isinstance(found, _List):
            found.order = value
            return
    holder = _descend(root, segments[:-1])
    name, key = _split(segments[-1])
    if name == EMPTY:
        return
    plain = list(value) if isinstance(value, tuple) else value
    if key is None:
        holder[name] = plain
    else:
        holder.setdefault(name, _List())[key] = plain


def _descend(root: dict[str, Any], segments: Sequence[str]) -> dict[str, Any]:
    node = root
    for segment in segments:
        name, key = _split(segment)
        if key is None:
            if not isinstance(node.get(name, {}), dict):
                node[name] = {}  # a text that became a table
            node = node.setdefault(name, {})
        else:
            node = node.setdefault(name, _List()).setdefault(key, {})
    return node


def _split(segment: str) -> tuple[str, str | None]:
    found = SEGMENT.match(segment)
    if found is None:
        return _unquoted(segment), None
    return _unquoted(found[1]), found[2]


def _finished(value: Any) -> Any:
    if isinstance(value, _List):
        return [_entry(key, each) for key, each in sorted(value.items(), key=lambda item: _position(item[0], value))]
    if isinstance(value, dict):
        return {name: _finished(each) for name, each in value.items()}
    return value


def _position(key: str, entries: _List) -> tuple[int, int]:
    if key.startswith("#"):
        return int(key[1:]), 0
    name = _unquoted(key.partition("=")[2])
    return (entries.order.index(name) if name in entries.order else len(entries.order)), 0


def _entry(key: str, value: Any) -> Any:
    if key.startswith("#"):
        return _finished(value)
    naming, _, name = key.partition("=")
    return {naming: _unquoted(name), **_finished(value)}


def _quoted(name: str) -> str:
    """The name as part of a path; one that would be read as a reference to another record gets a dot before it."""
    quoted = quote(name, safe=" :.,()+-'{}")
    if quoted.startswith("."):
        return "%2E" + quoted[1:]
    return f".{quoted}" if is_reference(name) or name.startswith(KEYED_FIELDS) else quoted


def _unquoted(name: str) -> str:
    return unquote(name.removeprefix("."))
