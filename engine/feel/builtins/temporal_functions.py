"""Date and time functions and the two that look at the clock (10.3.4.6, 10.3.4.8, 10.3.4.11)."""

from typing import Any

from engine.feel.budget import Run
from engine.feel.builtins.registry import builtin
from engine.feel.operations import identical
from engine.feel.temporal import Date, DateTime, date_time_from_python

_SECTION = "Date and time"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _date(value: Date | DateTime) -> Date:
    return value if type(value) is Date else value.date


@builtin(
    "is(value1: any, value2: any)",
    _SECTION,
    "Whether both are the same element of FEEL's domain; never null.",
    'is(time("23:00:50z"), time("23:00:50"))',
    "false",
)
def is_same(run: Run, first: Any, second: Any) -> bool:
    return identical(run, first, second)


@builtin(
    "day of year(date: date | date and time)",
    _SECTION,
    "The day within the year.",
    "day of year(date(2019, 9, 17))",
    "260",
)
def day_of_year(value: Date | DateTime) -> int:
    return _date(value).day_of_year


@builtin(
    "day of week(date: date | date and time)",
    _SECTION,
    "The English name of the day.",
    "day of week(date(2019, 9, 17))",
    '"Tuesday"',
)
def day_of_week(value: Date | DateTime) -> str:
    return _DAYS[_date(value).weekday - 1]


@builtin(
    "month of year(date: date | date and time)",
    _SECTION,
    "The English name of the month.",
    "month of year(date(2019, 9, 17))",
    '"September"',
)
def month_of_year(value: Date | DateTime) -> str:
    return _MONTHS[_date(value).month - 1]


@builtin(
    "week of year(date: date | date and time)", _SECTION, "The ISO 8601 week.", "week of year(date(2005, 1, 1))", "53"
)
def week_of_year(value: Date | DateTime) -> int:
    return _date(value).week_of_year


@builtin("now()", _SECTION, "The moment of the evaluation.", "now() instance of date and time", "true")
def now(run: Run) -> DateTime:
    return date_time_from_python(run.now())


@builtin("today()", _SECTION, "The day of the evaluation.", "today() instance of date", "true")
def today(run: Run) -> Date:
    return date_time_from_python(run.now()).date
