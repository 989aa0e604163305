"""What a model means to the engine, place by place: to prove that a conversion has changed nothing."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from engine.bpmn.elements import Element, Expression, Model, Process, SequenceFlow

WITHOUT_MEANING = frozenset({"line", "source", "digest", "exporter", "notes"})
PARTS = frozenset({"elements", "flows"})


def meanings(model: Model) -> dict[str, Any]:
    """Id of every process, flow node, sequence flow and root element → its meaning in plain values."""
    found: dict[str, Any] = {"": _plain_without(model, {"processes", "messages"})}
    for message in model.messages.values():
        found[message.id] = _plain(message)
    for process in model.processes:
        found[process.id] = _plain_without(process, PARTS)
        _collect(process, found)
    return found


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Ids whose meaning is not the same."""
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def _collect(scope: Process | Element, found: dict[str, Any]) -> None:
    flows: Mapping[str, SequenceFlow] = getattr(scope, "flows", {})
    for flow in flows.values():
        found[flow.id] = _plain(flow)
    elements: Mapping[str, Element] = getattr(scope, "elements", {})
    for element in elements.values():
        found[element.id] = _plain_without(element, PARTS)
        _collect(element, found)


def _plain_without(value: Any, left_out: frozenset[str] | set[str]) -> dict[str, Any]:
    names = [field.name for field in fields(value) if field.name not in WITHOUT_MEANING | left_out]
    return {"": type(value).__name__, **{name: _plain(getattr(value, name)) for name in names}}


def _plain(value: Any) -> Any:
    if isinstance(value, Expression):
        return ("FEEL", " ".join(value.feel.split()), value.source if value.problem else "", value.problem)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_without(value, frozenset())
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
