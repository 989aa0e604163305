"""A lossless JSON form of FEEL values, for snapshots: 1 stays 1, true stays true, dates stay dates."""

from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.feel.errors import Undefined
from engine.feel.temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, parse_duration
from engine.feel.values import MAX_NODES, Function, Range, display, normalise

TAG = "$"
_JSON_INTEGER = 2**63
_WRITERS: dict[type, str] = {
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysTimeDuration: "duration",
    YearsMonthsDuration: "duration",
}
_UNCHANGED = frozenset({str, bool, type(None)})
_READERS = {
    "date": Date.parse,
    "time": Time.parse,
    "date and time": DateTime.parse,
    "duration": parse_duration,
    "number": Decimal,
    "integer": lambda text: int(text, 16),  # decimal digits have a limit in Python, hexadecimal ones have none
}


def dump(value: Any) -> Any:
    """JSON-able data from which `load` makes an equal value of equal types.

    Plain values are returned as they are; others become `{"$": kind, "v": text}`, also contexts that have a key "$".
    Raises InvalidInput for functions, for what is no FEEL value, and for values too large or deep to be stored.
    """
    try:
        return _dump(value, [MAX_NODES])
    except RecursionError as error:
        raise InvalidInput("A value is nested too deeply to be stored; store a simpler one.") from error


def _dump(value: Any, room: list[int]) -> Any:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if -_JSON_INTEGER <= value < _JSON_INTEGER else {TAG: "integer", "v": format(value, "x")}
    if kind is list:
        return _dump_list(value, room)
    if kind is dict:
        return _dump_dict(value, room)
    if kind is Decimal:
        return {TAG: "number", "v": str(value)}
    if kind in _WRITERS:
        return {TAG: _WRITERS[kind], "v": display(value)}
    if kind is Range:
        parts = [dump(value.start), dump(value.end), value.start_included, value.end_included]
        if value.operator is not None:
            parts.append(value.operator)
        return {TAG: "range", "v": parts}
    if isinstance(value, Function):
        raise InvalidInput(f"A function cannot be stored in a variable: {value}. Store its result instead.")
    return _dump(normalise(value), room)


def _count(room: list[int], size: int) -> None:
    room[0] -= size + 1
    if room[0] < 0:
        raise InvalidInput(f"A value with more than {MAX_NODES} parts cannot be stored; store a smaller one.")


def _dump_list(values: list[Any], room: list[int]) -> list[Any]:
    _count(room, len(values))
    for index, item in enumerate(values):
        if type(item) in _UNCHANGED:
            continue
        changed = _dump(item, room)
        if changed is not item:
            return [*values[:index], changed, *[_dump(rest, room) for rest in values[index + 1 :]]]
    return values


def _dump_dict(values: dict[Any, Any], room: list[int]) -> dict[str, Any]:
    _count(room, len(values))
    if TAG in values:
        return {TAG: "context", "v": [[str(key), _dump(item, room)] for key, item in values.items()]}
    changed: dict[str, Any] | None = None
    for key, item in values.items():
        if type(key) is not str:
            return _dump_dict({str(name): content for name, content in values.items()}, room)
        if type(item) in _UNCHANGED:
            continue
        dumped = _dump(item, room)
        if dumped is not item:
            if changed is None:
                changed = dict(values)
            changed[key] = dumped
    return values if changed is None else changed


def load(data: Any) -> Any:
    """The value that `dump` wrote; raises InvalidInput where the data is not of that form."""
    try:
        return _load(data)
    except RecursionError as error:
        raise InvalidInput("A stored value is nested too deeply to be read.") from error


def _load(data: Any) -> Any:
    kind = type(data)
    if kind is list:
        return _load_list(data)
    if kind is dict:
        return _load_tagged(data) if TAG in data else _load_dict(data)
    return normalise(data) if kind is float else data


def _load_list(data: list[Any]) -> list[Any]:
    for index, item in enumerate(data):
        if type(item) in _UNCHANGED or type(item) is int:
            continue
        loaded = _load(item)
        if loaded is not item:
            return [*data[:index], loaded, *[_load(rest) for rest in data[index + 1 :]]]
    return data


def _load_dict(data: dict[str, Any]) -> Any:
    changed: dict[str, Any] | None = None
    for key, item in data.items():
        if type(item) in _UNCHANGED or type(item) is int:
            continue
        loaded = _load(item)
        if loaded is not item:
            if changed is None:
                changed = dict(data)
            changed[key] = loaded
    return data if changed is None else changed


def _load_tagged(data: dict[str, Any]) -> Any:
    kind, content = data[TAG], data.get("v")
    try:
        if kind == "context":
            return {key: _load(item) for key, item in content}
        if kind == "range":
            start, end, *rest = content
            return Range(_load(start), _load(end), *rest)
        return _READERS[kind](content)
    except (KeyError, TypeError, ValueError, ArithmeticError, Undefined) as error:
        raise InvalidInput(f"A stored value cannot be read: {str(data)[:80]}. Expected what dump() wrote.") from error
