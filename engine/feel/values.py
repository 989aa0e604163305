"""The values of FEEL's semantic domain, how Python values become them, and how they are shown."""

import datetime as python
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.feel.budget import Run
from engine.feel.errors import EvaluationError, Undefined
from engine.feel.numbers import display_number, rounded, simplified
from engine.feel.temporal import (
    TEMPORAL_TYPES,
    date_from_python,
    date_time_from_python,
    duration_from_python,
    time_from_python,
)

MAX_NESTING = 200
MAX_NODES = 2_000_000
MAX_SHOWN_NODES = 1_000_000
MOST_JSON_DIGITS = 4_000  # Python's own JSON writer stops at 4,300
PLAIN_NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Range:
    """An interval; an endpoint of None is undefined (the interval is open to that side).

    `operator` is "=" or "!=" for the values that `(= 5)` and `(!= 5)` denote, which differ from every interval (Table
    53: ranges are equal when they have the same endpoints and the same comparison operator or inclusivity).
    """

    __slots__ = ("end", "end_included", "operator", "start", "start_included")

    def __init__(
        self, start: Any, end: Any, start_included: bool = True, end_included: bool = True, operator: str | None = None
    ):
        self.start = start
        self.end = end
        self.start_included = start_included
        self.end_included = end_included
        self.operator = operator

    def __eq__(self, other: object) -> bool:
        if type(other) is not Range:
            return NotImplemented
        return (
            self.start == other.start
            and self.end == other.end
            and self.start_included is other.start_included
            and self.end_included is other.end_included
            and self.operator == other.operator
        )

    def __hash__(self) -> int:
        return hash((self.start, self.end, self.start_included, self.end_included))

    def __repr__(self) -> str:
        return f"Range({display(self)})"


class Function:
    """Anything that can be invoked. `parameters` are the names that named invocation knows."""

    parameters: Sequence[str] = ()
    name = ""

    def invoke(self, run: Run, arguments: list[Any]) -> Any:
        """The result for positional arguments; null with a warning where they do not fit."""
        raise NotImplementedError

    def invoke_named(self, run: Run, arguments: Mapping[str, Any]) -> Any:
        """The result for named arguments; parameters without an argument are null (10.3.2.13.5)."""
        unknown = [name for name in arguments if name not in self.parameters]
        if unknown:
            run.warn(
                "{} has no parameter named '{}'; it has {}", self, unknown[0], ", ".join(self.parameters) or "none"
            )
            return None
        return self.invoke(run, [arguments.get(name) for name in self.parameters])

    def accepts_count(self, count: int) -> bool:
        """Whether a positional invocation may have this many arguments."""
        return count == len(self.parameters)

    def accepts_types(self, kinds: Sequence[str]) -> bool:
        """Whether arguments of these kinds of types may be given, as far as that is known."""
        return self.accepts_count(len(kinds))

    def __str__(self) -> str:
        return f"function {self.name}({', '.join(self.parameters)})" if self.name else display(self)


class NativeFunction(Function):
    """A Python callable as a FEEL function: business knowledge models, decision services."""

    def __init__(self, parameters: Sequence[str], call: Callable[..., Any], name: str = ""):
        self.parameters = tuple(parameters)
        self.call = call
        self.name = name

    def invoke(self, run: Run, arguments: list[Any]) -> Any:
        if len(arguments) != len(self.parameters):
            run.warn("{} expects {} arguments, {} given", self, len(self.parameters), len(arguments))
            return None
        run.enter()
        try:
            return normalise(self.call(*arguments))
        except Undefined as reason:
            run.warn("{}: {}", self, reason)
            return None
        finally:
            run.depth -= 1


def function_value(parameters: Sequence[str], call: Callable[..., Any], name: str = "") -> NativeFunction:
    """A FEEL function that hands its arguments, as FEEL values and in order, to a Python callable."""
    return NativeFunction(parameters, call, name)


# Types whose values need no conversion when they enter an evaluation.
PLAIN = frozenset({type(None), bool, int, str, Range, *TEMPORAL_TYPES})


def normalise(value: Any) -> Any:
    """The FEEL value that a Python value stands for; lists and dicts that need no change are returned as they are.

    Floats become decimals of their shortest text, tuples and sets lists, other mappings dicts with string keys,
    `datetime` values FEEL's temporal types. Raises InvalidInput for a value of any other type.
    """
    if type(value) in PLAIN:
        return value
    return _normalise(value, 0, [MAX_NODES])


def _normalise(value: Any, depth: int, room: list[int]) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return value
    if depth > MAX_NESTING:
        raise InvalidInput(
            f"Lists and contexts may be nested {MAX_NESTING} deep; this value is deeper or contains itself."
        )
    if kind is dict:
        return _normalise_dict(value, depth + 1, _less_room(room, len(value)))
    if kind is list:
        return _normalise_list(value, depth + 1, _less_room(room, len(value)))
    if kind is Decimal:
        return _normalise_decimal(value)
    if kind is float:
        return _normalise_decimal(Decimal(repr(value)))
    if isinstance(value, Function):
        return value
    return _normalise_foreign(value, depth + 1, room)


def _less_room(room: list[int], size: int) -> list[int]:
    """Count the parts of a value, so that one that shares its parts a billion times is refused, not walked through."""
    room[0] -= size + 1
    if room[0] < 0:
        raise EvaluationError(f"A value has more than {MAX_NODES} parts; use smaller lists.", "list_size")
    return room


def _normalise_list(values: list[Any], depth: int, room: list[int]) -> list[Any]:
    for index, item in enumerate(values):
        if type(item) in PLAIN:
            continue
        changed = _normalise(item, depth, room)
        if changed is not item:
            return [*values[:index], changed, *(_normalise(rest, depth, room) for rest in values[index + 1 :])]
    return values


def _normalise_dict(values: dict[Any, Any], depth: int, room: list[int]) -> dict[str, Any]:
    for key, item in values.items():
        if type(key) is not str or (type(item) not in PLAIN and _normalise(item, depth, room) is not item):
            return {str(name): _normalise(content, depth, room) for name, content in values.items()}
    return values


def _normalise_decimal(value: Decimal) -> Any:
    if not value.is_finite():
        return None  # 10.3.2.3.1: FEEL has no value for NaN and infinities, use null instead
    try:
        return rounded(value)
    except Undefined:
        return None


def _normalise_foreign(value: Any, depth: int, room: list[int]) -> Any:
    for python_type, convert in _FOREIGN:
        if isinstance(value, python_type):
            return convert(value)
    if isinstance(value, Mapping):
        return {str(name): _normalise(content, depth, room) for name, content in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_normalise(item, depth, room) for item in value]
    if callable(getattr(value, "items", None)) or not callable(getattr(value, "__iter__", None)):
        raise InvalidInput(
            f"FEEL has no value for the Python type '{type(value).__name__}'; "
            "give numbers, text, booleans, dates, times, durations, lists or dicts."
        )
    return [_normalise(item, depth, room) for item in value]


_FOREIGN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (bool, bool),
    (int, int),
    (str, str.__str__),
    (float, lambda value: _normalise_decimal(Decimal(repr(float(value))))),
    (Decimal, _normalise_decimal),
    (python.datetime, date_time_from_python),
    (python.date, date_from_python),
    (python.time, time_from_python),
    (python.timedelta, duration_from_python),
)


def display(value: Any) -> str:
    """FEEL's string() form: text as it is, numbers in plain digits, temporal values in ISO form, null as `null`."""
    if type(value) is str:
        return value
    try:
        return _shown(value, [MAX_SHOWN_NODES])
    except RecursionError as error:
        raise EvaluationError("A value is nested too deeply to become text.", "depth") from error


def _shown(value: Any, room: list[int]) -> str:
    room[0] -= 1
    if room[0] < 0:
        raise EvaluationError(f"A value of more than {MAX_SHOWN_NODES} parts cannot become text.", "string_size")
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is int or kind is Decimal:
        return display_number(value)
    if kind is list:
        return "[" + ", ".join(_shown(item, room) for item in value) + "]"
    if kind is dict:
        return "{" + ", ".join(f"{_shown_key(key)}: {_shown(item, room)}" for key, item in value.items()) + "}"
    if kind is Range:
        return _shown_range(value, room)
    if isinstance(value, Function):
        return f"function({', '.join(value.parameters)})"
    return str(value)


def quoted(text: str) -> str:
    """The string literal (grammar rule 33) that denotes the text."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: "re.Match[str]") -> str:
    character = found[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _shown_key(key: str) -> str:
    return key if PLAIN_NAME.fullmatch(key) else quoted(key)


def _shown_range(value: Range, room: list[int]) -> str:
    if value.operator is not None:
        return f"{value.operator}{_shown(value.start, room)}"
    if value.start is None:
        return f"{'<=' if value.end_included else '<'}{_shown(value.end, room)}"
    if value.end is None:
        return f"{'>=' if value.start_included else '>'}{_shown(value.start, room)}"
    opening, closing = "[" if value.start_included else "(", "]" if value.end_included else ")"
    return f"{opening}{_shown(value.start, room)}..{_shown(value.end, room)}{closing}"


def to_json(value: Any) -> Any:
    """The value as JSON shows it: temporal values and ranges as their FEEL strings, functions as null."""
    try:
        return _to_json(value, [MAX_NODES])
    except RecursionError as error:
        raise EvaluationError("A value is nested too deeply to become JSON.", "depth") from error


def _to_json(value: Any, room: list[int]) -> Any:
    kind = type(value)
    if kind in (str, bool, int) or value is None:
        return value
    if kind is Decimal:
        return _json_number(value)
    if kind is list:
        _less_room(room, len(value))
        return [_to_json(item, room) for item in value]
    if kind is dict:
        _less_room(room, len(value))
        return {key: _to_json(item, room) for key, item in value.items()}
    if isinstance(value, Function):
        return None
    if kind is Range or kind in TEMPORAL_TYPES:
        return display(value)
    return _to_json(normalise(value), room)


def _json_number(value: Decimal) -> int | float | str:
    exact = simplified(value)
    if type(exact) is int:
        return exact
    if exact != exact.to_integral_value():
        return float(exact)
    return int(exact) if exact.adjusted() < MOST_JSON_DIGITS else display_number(exact)
