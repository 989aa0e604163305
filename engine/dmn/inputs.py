"""JSON → FEEL values by the declared types: JSON has no dates, so texts become what the model says they are."""

from collections.abc import Mapping
from typing import Any

from engine.dmn.decisions import Decisions
from engine.dmn.graph import CompiledModel, FunctionNode
from engine.feel import normalise
from engine.feel.errors import Undefined
from engine.feel.temporal import DATE_PATTERN, Date, DateTime, Time, parse_duration
from engine.feel.types import Type


def _moment(text: str) -> Date | DateTime:
    """A text that denotes a date is one; the type check then makes a date and time of it (10.3.2.9.4)."""
    return Date.parse(text) if DATE_PATTERN.fullmatch(text) else DateTime.parse(text)


PARSERS = {
    "date": Date.parse,
    "time": Time.parse,
    "date and time": _moment,
    "days and time duration": parse_duration,
    "years and months duration": parse_duration,
    "duration": parse_duration,
}


def typed_inputs(decisions: Decisions, data: Mapping[str, Any], service: str | None = None) -> dict[str, Any]:
    """The variables of a JSON object, with texts turned into the temporal types that inputs declare.

    A text that does not denote such a value stays a text, which the type check then refuses with a message.
    """
    parameters = _parameter_types(decisions, service)
    return {
        name: _read(value, parameters.get(name) or _type_of(decisions.models, name), decisions.models, name)
        for name, value in data.items()
    }


def _parameter_types(decisions: Decisions, name: str | None) -> dict[str, Type | None]:
    node = decisions.function(name) if name else None
    if not isinstance(node, FunctionNode):
        return {}
    function = node.function
    return dict(zip(function.parameters, function.parameter_types, strict=True))


def _type_of(models: tuple[CompiledModel, ...], name: str) -> Type | None:
    for model in models:
        for node in model.by_id.values():
            if name in (node.name, node.element.name):
                return node.type
    return None


def _read(value: Any, wanted: Type | None, models: tuple[CompiledModel, ...], name: str) -> Any:
    if wanted is None and isinstance(value, Mapping):  # the inputs of an imported model, under its prefix
        imported = tuple(model.imported[name] for model in models if name in model.imported)
        if imported:
            return {key: _read(each, _type_of(imported, key), imported, key) for key, each in value.items()}
    return typed(normalise(value), wanted)


def typed(value: Any, wanted: Type | None) -> Any:
    """The value with its texts, however deep, turned into the temporal values that the type asks for."""
    if wanted is None:
        return value
    if type(value) is list:
        item = wanted.item if wanted.kind == "list" else wanted
        return [typed(each, item) for each in value]
    if wanted.kind == "list":
        return typed(value, wanted.item)
    if type(value) is dict:
        return {key: typed(each, wanted.entries.get(key)) for key, each in value.items()}
    parse = PARSERS.get(wanted.kind)
    if type(value) is not str or parse is None:
        return value
    try:
        return parse(value)
    except Undefined:
        return value
