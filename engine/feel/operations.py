"""FEEL's operators on values: comparison, arithmetic, ternary logic, properties (DMN 1.5, 10.3.2.15)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import numbers, temporal
from engine.feel.budget import Run
from engine.feel.errors import EvaluationError, Undefined
from engine.feel.numbers import NUMBER_TYPES
from engine.feel.temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from engine.feel.values import Function, Range

MAX_COMPARED_NODES = 2_000_000
_KIND_NAMES = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "string",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysTimeDuration: "days and time duration",
    YearsMonthsDuration: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
}
_DURATIONS = (DaysTimeDuration, YearsMonthsDuration)


def kind_name(value: Any) -> str:
    """The FEEL type of the value, by name."""
    return _KIND_NAMES.get(type(value)) or ("function" if isinstance(value, Function) else type(value).__name__)


# -- equality ---------------------------------------------------------------------------------------------------------


def equals(left: Any, right: Any) -> bool | None:
    """FEEL's `=`: true or false for values of one kind and for null, null for values of different kinds."""
    kind = type(left)
    if kind is type(right):
        if kind is list or kind is dict:
            return _equal_trees(left, right, [MAX_COMPARED_NODES])
        if kind is Range:
            return _equal_ranges(left, right)
        return left == right
    if left is None or right is None:
        return False
    if kind in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return left == right
    if isinstance(left, Function) and isinstance(right, Function):
        return left is right
    return None


def equals_in(run: Run, left: Any, right: Any) -> bool | None:
    """Like `equals`, with the compared parts of lists and contexts counted as work of the evaluation."""
    kind = type(left)
    if kind is not type(right) or (kind is not list and kind is not dict):
        return equals(left, right)
    room = [MAX_COMPARED_NODES]
    result = _equal_trees(left, right, room)
    run.charge(MAX_COMPARED_NODES - room[0])
    return result


def _equal_trees(left: Any, right: Any, room: list[int]) -> bool:
    if left is right:
        return True
    room[0] -= 1
    if room[0] < 0:
        raise EvaluationError("The compared values have too many parts.", "iterations")
    if type(left) is list and type(right) is list:
        return len(left) == len(right) and all(_equal_trees(a, b, room) for a, b in zip(left, right, strict=True))
    if type(left) is dict and type(right) is dict:
        return left.keys() == right.keys() and all(_equal_trees(item, right[key], room) for key, item in left.items())
    return equals(left, right) is True


def _equal_ranges(left: Range, right: Range) -> bool:
    return (
        left.operator == right.operator
        and left.start_included is right.start_included
        and left.end_included is right.end_included
        and equals(left.start, right.start) is True
        and equals(left.end, right.end) is True
    )


def identical(run: Run, left: Any, right: Any) -> bool:
    """FEEL's `is`: whether both are the same element of the semantic domain; never null."""
    if type(left) is DateTime and type(right) is DateTime:
        return left.local_nanos == right.local_nanos and left.offset_seconds == right.offset_seconds
    if type(left) is Time and type(right) is Time:
        return left.day_nanos == right.day_nanos and left.offset_seconds == right.offset_seconds
    return equals_in(run, left, right) is True


# -- order ------------------------------------------------------------------------------------------------------------


def less(left: Any, right: Any) -> bool | None:
    """FEEL's `<`: null for null, for values of different kinds and for kinds without an order."""
    kind = type(left)
    if kind in NUMBER_TYPES:
        return left < right if type(right) in NUMBER_TYPES else None
    if kind is not type(right):
        return None
    if kind is str:
        return left < right
    if kind is Date or kind in _DURATIONS:
        return left.key < right.key
    if kind is Time or kind is DateTime:
        first, second = _comparable_keys(left, right)
        return first < second
    return None


def _comparable_keys(left: Any, right: Any) -> tuple[int, int]:
    """Table 54: where one side has no offset it uses that of the other, so both are told on the local clock."""
    if left.has_zone == right.has_zone:
        return left.key, right.key
    if type(left) is Time:
        return left.day_nanos, right.day_nanos
    return left.local_nanos, right.local_nanos


def less_or_equal(left: Any, right: Any) -> bool | None:
    """FEEL's `<=`, which the standard defines as `<` or `=`."""
    smaller = less(left, right)
    return smaller if smaller is None or smaller else equals(left, right)


def greater(left: Any, right: Any) -> bool | None:
    return less(right, left)


def greater_or_equal(left: Any, right: Any) -> bool | None:
    larger = less(right, left)
    return larger if larger is None or larger else equals(left, right)


def unequal(left: Any, right: Any) -> bool | None:
    same = equals(left, right)
    return None if same is None else not same


def conjunction(left: Any, right: Any) -> bool | None:
    """Table 50: anything but true and false counts as null."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def disjunction(left: Any, right: Any) -> bool | None:
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


def negation(value: Any) -> bool | None:
    return not value if type(value) is bool else None


COMPARISONS: dict[str, Callable[[Any, Any], bool | None]] = {
    "=": equals,
    "!=": unequal,
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
}


# -- ranges -----------------------------------------------------------------------------------------------------------


def between(value: Any, start: Any, end: Any, start_included: bool, end_included: bool) -> bool | None:
    """Whether the value lies between two endpoints (Table 55)."""
    low = less_or_equal(start, value) if start_included else less(start, value)
    if low is False:
        return False
    return conjunction(low, less_or_equal(value, end) if end_included else less(value, end))


def in_range(value: Any, interval: Range) -> bool | None:
    """Whether the value lies in the range; an undefined endpoint bounds nothing."""
    if interval.operator is not None:
        return COMPARISONS[interval.operator](value, interval.start)
    low: bool | None = True
    if interval.start is not None:
        low = less_or_equal(interval.start, value) if interval.start_included else less(interval.start, value)
    if low is False or interval.end is None:
        return low
    return conjunction(low, less_or_equal(value, interval.end) if interval.end_included else less(value, interval.end))


def make_range(start: Any, end: Any, start_included: bool, end_included: bool) -> Range:
    """The range between two endpoints of one ordered kind, start before end; else raises `Undefined`."""
    ordered = less_or_equal(start, end)
    if ordered is None:
        raise Undefined(
            f"a range needs two endpoints of one ordered type, found {kind_name(start)} and {kind_name(end)}"
        )
    if not ordered:
        raise Undefined("a range needs a start that is not after its end")
    return Range(start, end, start_included, end_included)


# -- arithmetic -------------------------------------------------------------------------------------------------------


def add(left: Any, right: Any) -> Any:
    """FEEL's `+` (Table 57); raises `Undefined` for values that cannot be added."""
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return numbers.add(left, right)
    operation = _ADDITIONS.get((type(left), type(right)))
    if operation is None:
        raise _not_defined("add", left, right, "and")
    return operation(left, right)


def subtract(left: Any, right: Any) -> Any:
    """FEEL's `-` (Table 57); raises `Undefined` for values that cannot be subtracted."""
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return numbers.subtract(left, right)
    operation = _SUBTRACTIONS.get((type(left), type(right)))
    if operation is None:
        raise _not_defined("subtract", right, left, "from")
    return operation(left, right)


def multiply(left: Any, right: Any) -> Any:
    """FEEL's `*` (Table 59); raises `Undefined` for values that cannot be multiplied."""
    left_is_number, right_is_number = type(left) in NUMBER_TYPES, type(right) in NUMBER_TYPES
    if left_is_number and right_is_number:
        return numbers.multiply(left, right)
    if left_is_number and type(right) in _DURATIONS:
        return _scaled(right, left)
    if right_is_number and type(left) in _DURATIONS:
        return _scaled(left, right)
    raise _not_defined("multiply", left, right, "and")


def divide(left: Any, right: Any) -> Any:
    """FEEL's `/` (Table 59); raises `Undefined` for zero and for values that cannot be divided."""
    right_is_number = type(right) in NUMBER_TYPES
    if type(left) in NUMBER_TYPES and right_is_number:
        return numbers.divide(left, right)
    if type(left) in _DURATIONS:
        if right_is_number:
            return _duration(type(left), numbers.divide(left.key, right))
        if type(left) is type(right):
            return numbers.divide(left.key, right.key)
    raise _not_defined("divide", left, right, "by")


def power(left: Any, right: Any) -> Any:
    """FEEL's `**` (Table 60)."""
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return numbers.power(left, right)
    raise _not_defined("raise", left, right, "to the power of")


def negate(value: Any) -> Any:
    """FEEL's prefix `-` for numbers and durations."""
    kind = type(value)
    if kind is int:
        return -value
    if kind is Decimal:
        return value.copy_negate() if value else value
    if kind in _DURATIONS:
        return kind(-value.key)
    raise Undefined(f"only numbers and durations can be negated, not a {kind_name(value)}")


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}


def _not_defined(verb: str, left: Any, right: Any, joined_by: str) -> Undefined:
    return Undefined(f"cannot {verb} {kind_name(left)} {joined_by} {kind_name(right)}")


def _scaled(duration: Any, factor: int | Decimal) -> Any:
    return _duration(type(duration), numbers.multiply(duration.key, factor))


def _duration(kind: type, amount: int | Decimal) -> Any:
    """Months are cut to whole ones, nanoseconds rounded."""
    if type(amount) is int:
        return kind(amount)
    if amount.adjusted() > 40:
        raise Undefined("a duration is too long")
    return kind(int(amount) if kind is YearsMonthsDuration else int(amount.to_integral_value()))


def _shift_date(date: Date, duration: DaysTimeDuration, sign: int) -> Date:
    days = (date.number * temporal.DAY_NANOS + sign * duration.nanos) // temporal.DAY_NANOS
    return _date_of_day(days)


def _date_of_day(days: int) -> Date:
    if abs(days) > 400_000_000_000:
        raise Undefined("the year is not within -999999999..999999999")
    return temporal.date_of_day(days)


def _shift_moment(moment: DateTime, duration: DaysTimeDuration, sign: int) -> DateTime:
    if abs(duration.nanos) > 800_000_000_000 * temporal.DAY_NANOS:
        raise Undefined("the year is not within -999999999..999999999")
    return moment.plus_nanos(sign * duration.nanos)


def _shift_time(time: Time, duration: DaysTimeDuration, sign: int) -> Time:
    return Time.of_day_nanos(time.day_nanos + sign * duration.nanos, time.offset, time.zone)


def _difference(left: DateTime, right: DateTime) -> DaysTimeDuration:
    if left.has_zone != right.has_zone:
        raise Undefined("subtraction needs a time zone on both sides or on neither")
    return DaysTimeDuration(left.key - right.key)


def _time_difference(left: Time, right: Time) -> DaysTimeDuration:
    first, second = _comparable_keys(left, right)
    return DaysTimeDuration(first - second)


_ADDITIONS: dict[tuple[type, type], Callable[[Any, Any], Any]] = {
    (str, str): lambda a, b: a + b,
    (YearsMonthsDuration, YearsMonthsDuration): lambda a, b: YearsMonthsDuration(a.total_months + b.total_months),
    (DaysTimeDuration, DaysTimeDuration): lambda a, b: DaysTimeDuration(a.nanos + b.nanos),
    (Date, YearsMonthsDuration): lambda a, b: a.plus_months(b.total_months),
    (YearsMonthsDuration, Date): lambda a, b: b.plus_months(a.total_months),
    (DateTime, YearsMonthsDuration): lambda a, b: a.plus_months(b.total_months),
    (YearsMonthsDuration, DateTime): lambda a, b: b.plus_months(a.total_months),
    (Date, DaysTimeDuration): lambda a, b: _shift_date(a, b, 1),
    (DaysTimeDuration, Date): lambda a, b: _shift_date(b, a, 1),
    (DateTime, DaysTimeDuration): lambda a, b: _shift_moment(a, b, 1),
    (DaysTimeDuration, DateTime): lambda a, b: _shift_moment(b, a, 1),
    (Time, DaysTimeDuration): lambda a, b: _shift_time(a, b, 1),
    (DaysTimeDuration, Time): lambda a, b: _shift_time(b, a, 1),
}
_SUBTRACTIONS: dict[tuple[type, type], Callable[[Any, Any], Any]] = {
    (YearsMonthsDuration, YearsMonthsDuration): lambda a, b: YearsMonthsDuration(a.total_months - b.total_months),
    (DaysTimeDuration, DaysTimeDuration): lambda a, b: DaysTimeDuration(a.nanos - b.nanos),
    (Date, YearsMonthsDuration): lambda a, b: a.plus_months(-b.total_months),
    (DateTime, YearsMonthsDuration): lambda a, b: a.plus_months(-b.total_months),
    (Date, DaysTimeDuration): lambda a, b: _shift_date(a, b, -1),
    (DateTime, DaysTimeDuration): lambda a, b: _shift_moment(a, b, -1),
    (Time, DaysTimeDuration): lambda a, b: _shift_time(a, b, -1),
    (Date, Date): lambda a, b: DaysTimeDuration((a.number - b.number) * temporal.DAY_NANOS),
    (DateTime, DateTime): _difference,
    (Date, DateTime): lambda a, b: _difference(temporal.midnight_utc(a), b),
    (DateTime, Date): lambda a, b: _difference(a, temporal.midnight_utc(b)),
    (Time, Time): _time_difference,
}


# -- properties -------------------------------------------------------------------------------------------------------


def _offset_duration(value: Time | DateTime) -> DaysTimeDuration | None:
    seconds = value.offset_seconds
    return None if seconds is None else DaysTimeDuration.of_seconds(seconds)


_DATE_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "weekday": lambda value: value.weekday,
}
_TIME_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "time offset": _offset_duration,
    "timezone": lambda value: value.zone,
}
PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    Date: _DATE_PROPERTIES,
    Time: {**_TIME_PROPERTIES, "second": lambda value: value.seconds},
    DateTime: {**_DATE_PROPERTIES, **_TIME_PROPERTIES, "second": lambda value: value.time.seconds},
    YearsMonthsDuration: {"years": lambda value: value.years, "months": lambda value: value.months},
    DaysTimeDuration: {
        "days": lambda value: value.days,
        "hours": lambda value: value.hours,
        "minutes": lambda value: value.minutes,
        "seconds": lambda value: value.seconds,
    },
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}
