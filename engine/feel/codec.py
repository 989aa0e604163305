"""A lossless JSON form of FEEL values, for snapshots: 1 stays 1, true stays true, dates stay dates."""

from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.feel.errors import Undefined
from engine.feel.temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, parse_duration
from engine.feel.values import Function, Range, display, normalise

TAG = "$"
_JSON_INTEGER = 2**63
_WRITERS: dict[type, str] = {
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysTimeDuration: "duration",
    YearsMonthsDuration: "duration",
}
_READERS = {
    "date": Date.parse,
    "time": Time.parse,
    "date and time": DateTime.parse,
    "duration": parse_duration,
    "number": Decimal,
    "integer": int,
}


def dump(value: Any) -> Any:
    """JSON-able data from which `load` makes an equal value of equal types.

    Plain values are returned as they are; others become `{"$": kind, "v": text}`, also contexts that have a key "$".
    Raises InvalidInput for functions and for what is no FEEL value.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if -_JSON_INTEGER <= value < _JSON_INTEGER else {TAG: "integer", "v": str(value)}
    if kind is list:
        return _dump_list(value)
    if kind is dict:
        return _dump_dict(value)
    if kind is Decimal:
        return {TAG: "number", "v": str(value)}
    if kind in _WRITERS:
        return {TAG: _WRITERS[kind], "v": display(value)}
    if kind is Range:
        parts = [dump(value.start), dump(value.end), value.start_included, value.end_included]
        return {TAG: "range", "v": parts}
    if isinstance(value, Function):
        raise InvalidInput(f"A function cannot be stored in a variable: {value}. Store its result instead.")
    return dump(normalise(value))


def _dump_list(values: list[Any]) -> list[Any]:
    for index, item in enumerate(values):
        if dump(item) is not item:
            return [*values[:index], *map(dump, values[index:])]
    return values


def _dump_dict(values: dict[str, Any]) -> dict[str, Any]:
    if TAG in values:
        return {TAG: "context", "v": [[key, dump(item)] for key, item in values.items()]}
    for key, item in values.items():
        if type(key) is not str or dump(item) is not item:
            return _dump_changed(values)
    return values


def _dump_changed(values: dict[Any, Any]) -> dict[str, Any]:
    named = {str(key): item for key, item in values.items()}
    if TAG in named:
        return _dump_dict(named)
    return {key: dump(item) for key, item in named.items()}


def load(data: Any) -> Any:
    """The value that `dump` wrote; raises InvalidInput where the data is not of that form."""
    kind = type(data)
    if kind is list:
        for index, item in enumerate(data):
            if load(item) is not item:
                return [*data[:index], *map(load, data[index:])]
        return data
    if kind is dict:
        return _load_dict(data)
    if kind is float:
        return normalise(data)
    return data


def _load_dict(data: dict[str, Any]) -> Any:
    if TAG in data:
        return _load_tagged(data)
    for item in data.values():
        if load(item) is not item:
            return {key: load(content) for key, content in data.items()}
    return data


def _load_tagged(data: dict[str, Any]) -> Any:
    kind, content = data[TAG], data.get("v")
    try:
        if kind == "context":
            return {key: load(item) for key, item in content}
        if kind == "range":
            start, end, start_included, end_included = content
            return Range(load(start), load(end), start_included, end_included)
        return _READERS[kind](content)
    except (KeyError, TypeError, ValueError, ArithmeticError, Undefined) as error:
        raise InvalidInput(f"A stored value cannot be read: {str(data)[:80]}. Expected what dump() wrote.") from error
