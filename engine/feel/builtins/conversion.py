"""Conversion and boolean functions (10.3.4.1, 10.3.4.2)."""

import re
from typing import Any

from engine.feel import temporal
from engine.feel.budget import Run
from engine.feel.builtins.registry import builtin
from engine.feel.errors import FeelSyntaxError, Undefined
from engine.feel.numbers import NUMBER_TYPES, as_integer, parse_number
from engine.feel.operations import make_range
from engine.feel.parser import Parser
from engine.feel.temporal import Date, DateTime, DaysTimeDuration, Time
from engine.feel.tree import AtLiteral, Call, Literal, Name
from engine.feel.values import Range, display

_NUMERIC_LITERAL = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SECTION = "Conversion"


@builtin(
    "date(from: string)",
    _SECTION,
    "Reads a date, takes the date of a date and time, or makes one of year, month and day.",
    'date("2012-12-25")',
    '@"2012-12-25"',
)
def date_of_text(text: str) -> Date:
    return Date.parse(text)


@builtin("date(from: date | date and time)")
def date_of_moment(moment: Date | DateTime) -> Date:
    return moment if type(moment) is Date else moment.date


@builtin("date(year: number, month: number, day: number)")
def date_of_parts(year: Any, month: Any, day: Any) -> Date:
    return Date(*_integers(year, month, day))


def _integers(*values: Any) -> list[int]:
    whole = [as_integer(value) for value in values]
    if None in whole:
        raise Undefined("whole numbers are needed")
    return whole


@builtin(
    "date and time(from: string)",
    _SECTION,
    "Reads a date and time, or joins a date and a time.",
    'date and time("2012-12-24T23:59:00")',
    'date and time(date("2012-12-24"), time("23:59:00"))',
)
def date_and_time_of_text(text: str) -> DateTime:
    return DateTime.parse(text)


@builtin("date and time(from: date and time)")
def date_and_time_of_moment(moment: DateTime) -> DateTime:
    return moment


@builtin("date and time(date: date | date and time, time: time)")
def date_and_time_of_parts(date: Date | DateTime, time: Time) -> DateTime:
    return DateTime(date if type(date) is Date else date.date, time)


@builtin(
    "time(from: string)",
    _SECTION,
    "Reads a time, takes the time of a date and time, or makes one of hour, minute, second and offset.",
    'time("23:59:00z") + duration("PT2M")',
    'time("00:01:00@Etc/UTC")',
)
def time_of_text(text: str) -> Time:
    return Time.parse(text)


@builtin("time(from: time | date and time | date)")
def time_of_moment(moment: Time | DateTime | Date) -> Time:
    if type(moment) is Date:
        return temporal.midnight_utc(moment).time
    return moment if type(moment) is Time else moment.time


@builtin("time(hour: number, minute: number, second: number, offset?: days and time duration)")
def time_of_parts(hour: Any, minute: Any, second: Any, offset: DaysTimeDuration | None = None) -> Time:
    whole_hour, whole_minute = _integers(hour, minute)
    if not 0 <= second < 60:
        raise Undefined("the second must be at least 0 and below 60")
    nanos = int(second * temporal.NANOS)
    return Time(whole_hour, whole_minute, nanos // temporal.NANOS, nanos % temporal.NANOS, _offset_seconds(offset))


def _offset_seconds(offset: DaysTimeDuration | None) -> int | None:
    if offset is None:
        return None
    if abs(offset.nanos) > temporal.MAX_OFFSET_SECONDS * temporal.NANOS:
        raise Undefined("the offset must lie within -PT14H..PT14H")
    return offset.nanos // temporal.NANOS


@builtin(
    "number(from: string, grouping separator: string | null, decimal separator: string | null)",
    _SECTION,
    "Reads a number, after removing the grouping separator (space, comma or period) and replacing the decimal one.",
    'number("1 000,0", " ", ",")',
    "1000",
)
def number(text: str, grouping: str | None, point: str | None) -> Any:
    if grouping not in (" ", ",", ".", None) or point not in (",", ".", None):
        raise Undefined(
            "separators are space, comma, period or null for groups, and comma, period or null for decimals"
        )
    if grouping is not None and grouping == point:
        raise Undefined("the two separators must differ")
    plain = text.replace(grouping, "") if grouping else text
    plain = plain.replace(point, ".") if point else plain
    if not _NUMERIC_LITERAL.fullmatch(plain):
        raise Undefined(f"'{text[:60]}' is not a number")
    return parse_number(plain)


@builtin("string(from: any)", _SECTION, "Shows a value as text; null stays null.", "string(1.1)", '"1.1"')
def string(run: Run, value: Any) -> str | None:
    if value is None:
        return None
    text = display(value)
    run.check_string_size(len(text))
    return text


@builtin(
    "duration(from: string)",
    _SECTION,
    "Reads a days and time duration or a years and months duration.",
    'duration("P2Y2M") = duration("P26M")',
    "true",
)
def duration(text: str) -> temporal.Duration:
    return temporal.parse_duration(text)


@builtin("duration(from: days and time duration | years and months duration)")
def duration_of_duration(value: temporal.Duration) -> temporal.Duration:
    return value


@builtin(
    "years and months duration(from: date | date and time, to: date | date and time)",
    _SECTION,
    "The whole months between two dates.",
    'years and months duration(date("2011-12-22"), date("2013-08-24"))',
    'duration("P1Y8M")',
)
def years_and_months_duration(start: Any, end: Any) -> temporal.YearsMonthsDuration:
    return temporal.years_and_months_between(start, end)


@builtin(
    "range(from: string)",
    _SECTION,
    "Reads a range whose endpoints are literals; one endpoint may be missing.",
    'range("[18..21)")',
    "[18..21)",
)
def range_of_text(text: str) -> Range:
    stripped = text.strip()
    if len(stripped) < 5 or stripped[0] not in "[(]" or stripped[-1] not in "])[" or stripped.count("..") < 1:
        raise Undefined(f"'{text[:60]}' is not a range such as [18..21)")
    start_included, end_included = stripped[0] == "[", stripped[-1] == "]"
    start, end = _endpoints(stripped[1:-1])
    if start is None and end is None:
        raise Undefined("a range needs an endpoint")
    if (start is None and start_included) or (end is None and end_included):
        raise Undefined("the side without an endpoint must be open")
    if start is None or end is None:
        return Range(start, end, start_included, end_included)
    return make_range(start, end, start_included, end_included)


def _endpoints(text: str) -> tuple[Any, Any]:
    position = -1
    while (position := text.find("..", position + 1)) >= 0:
        try:
            return _endpoint(text[:position]), _endpoint(text[position + 2 :])
        except FeelSyntaxError:
            continue
    raise Undefined("the endpoints must be literals")


def _endpoint(text: str) -> Any:
    if not text.strip():
        return None
    node = Parser(text, builtins=None, names=("date and time",)).expression_only()
    if type(node) is Literal and (type(node.value) is str or type(node.value) in NUMBER_TYPES):
        return node.value
    if type(node) is AtLiteral:
        return temporal.parse_temporal(node.text)
    if type(node) is Call and type(node.function) is Name and node.function.name in _LITERAL_FUNCTIONS:
        arguments = [argument.value for argument in node.arguments if type(argument) is Literal]
        if len(arguments) == len(node.arguments) == 1 and type(arguments[0]) is str:
            return _LITERAL_FUNCTIONS[node.function.name](arguments[0])
    raise Undefined("the endpoints must be literals")


_LITERAL_FUNCTIONS = {
    "date": Date.parse,
    "time": Time.parse,
    "date and time": DateTime.parse,
    "duration": temporal.parse_duration,
}


@builtin("not(negand: any)", "Boolean", "Logical negation; null for anything but true and false.", "not(true)", "false")
def negate(value: Any) -> bool | None:
    return not value if type(value) is bool else None
