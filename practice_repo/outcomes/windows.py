"""Windows before and after a go-live that can be compared: whole ordinary weeks, without the ramp."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.errors import InvalidInput
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.facts import CaseFacts

WEEK = timedelta(days=7)
LEAST_WORKING_DAYS = 4  # a week with fewer is a holiday week: it is compared with nothing
MOST_SKIPPED_WEEKS = 26


@dataclass(frozen=True, slots=True)
class Window:
    """Whole weeks, Monday to Sunday on the clock of `timezone`; holiday weeks between them may be left out."""

    mondays: tuple[date, ...]
    timezone: str = "UTC"

    @property
    def start(self) -> datetime:
        return self._midnight(self.mondays[0])

    @property
    def end(self) -> datetime:
        """The moment after the last week."""
        return self._midnight(self.mondays[-1] + WEEK)

    @property
    def days(self) -> int:
        return 7 * len(self.mondays)

    def contains(self, moment: datetime) -> bool:
        """Whether the moment lies in one of the weeks."""
        day = moment.astimezone(ZoneInfo(self.timezone)).date()
        return monday_of(day) in self.mondays

    def working_days(self, calendar: Calendar) -> int:
        return sum(_working_days(monday, calendar) for monday in self.mondays)

    def weeks(self) -> tuple["Window", ...]:
        """Each week as a window of its own, for a series."""
        return tuple(Window((monday,), self.timezone) for monday in self.mondays)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.timezone)).astimezone(UTC)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def baseline_window(
    change_on: date, *, weeks: int = 8, calendar: Calendar | None = None, timezone: str = "UTC"
) -> Window:
    """The last ordinary weeks that ended before the day of the first change (pilot or go-live)."""
    _at_least_one(weeks)
    last = monday_of(change_on) - WEEK
    return Window(_ordinary(last, -WEEK, weeks, calendar)[::-1], timezone)


def after_window(
    change_on: date, *, ramp_weeks: int = 2, weeks: int = 8, calendar: Calendar | None = None, timezone: str = "UTC"
) -> Window:
    """The first ordinary weeks that began when the ramp of so many whole weeks was over."""
    _at_least_one(weeks)
    if ramp_weeks < 0:
        raise InvalidInput(f"Expected a ramp of 0 weeks or more, found {ramp_weeks}.")
    first = monday_of(change_on + timedelta(days=6)) + ramp_weeks * WEEK
    return Window(_ordinary(first, WEEK, weeks, calendar), timezone)


def _at_least_one(weeks: int) -> None:
    if weeks < 1:
        raise InvalidInput(f"Expected a window of one week or more, found {weeks}.")


def _ordinary(first: date, step: timedelta, weeks: int, calendar: Calendar | None) -> tuple[date, ...]:
    found: list[date] = []
    monday = first
    for _ in range(weeks + MOST_SKIPPED_WEEKS):
        if calendar is None or _working_days(monday, calendar) >= LEAST_WORKING_DAYS:
            found.append(monday)
        if len(found) == weeks:
            return tuple(found)
        monday += step
    raise InvalidInput(
        f"Only {len(found)} of {weeks} weeks have {LEAST_WORKING_DAYS} working days or more: check the calendar."
    )


def _working_days(monday: date, calendar: Calendar) -> int:
    return sum(calendar.is_working_day(monday + timedelta(days=ahead)) for ahead in range(7))


def in_window(window: Window, facts: Iterable[CaseFacts], by: str = "started") -> list[CaseFacts]:
    """The facts of cases that `started`, or `ended`, within the window."""
    moments = ((each, getattr(each, f"{by}_at")) for each in facts)
    return [each for each, moment in moments if moment is not None and window.contains(moment)]
