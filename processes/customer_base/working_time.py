"""Working time: office hours on working days, without public holidays; or the clock round (pure).

calendar = WorkingCalendar(country="CN", timezone="Asia/Shanghai")
calendar.add(now, timedelta(hours=4))        # the moment four working hours later
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from engine.errors import InvalidInput

MOST_DAYS = 3660


@dataclass(frozen=True)
class WorkingCalendar:
    """When people work. `weekdays`: 0 is Monday; `country` (ISO alpha-2) brings its public holidays."""

    timezone: str = "Asia/Shanghai"
    country: str | None = "CN"
    opens: time = time(9)
    closes: time = time(18)
    weekdays: frozenset[int] = frozenset(range(5))
    around_the_clock: bool = False

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The moment when `duration` of working time after `start` is over."""
        if duration < timedelta(0):
            raise InvalidInput(f"Working time can only be added forwards, found {duration}.")
        if self.around_the_clock:
            return start + duration
        left = duration
        for opens_at, closes_at in self._spans(start):
            begin = max(opens_at, start)
            if left <= closes_at - begin:
                return (begin + left).astimezone(UTC)
            left -= closes_at - begin
        raise InvalidInput(f"{duration} of working time does not end within ten years: check the calendar's weekdays.")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`, 0 when the end is not later."""
        if end <= start:
            return timedelta(0)
        if self.around_the_clock:
            return end - start
        worked = timedelta(0)
        for opens_at, closes_at in self._spans(start):
            if opens_at >= end:
                break
            worked += max(min(closes_at, end) - max(opens_at, start), timedelta(0))
        return worked

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody works at this moment."""
        if self.around_the_clock:
            return True
        local = moment.astimezone(ZoneInfo(self.timezone))
        return self.is_working_day(local.date()) and self.opens <= local.time() < self.closes

    def is_working_day(self, day: date) -> bool:
        """Whether this day is one of the weekdays and no public holiday."""
        return self.around_the_clock or (day.weekday() in self.weekdays and day not in self._holidays(day.year))

    def next_working_day(self, day: date) -> date:
        """The first working day after a day."""
        for ahead in range(1, MOST_DAYS):
            if self.is_working_day(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        raise InvalidInput("The calendar has no working days: check its weekdays.")

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans from the day of `start` on that end after it."""
        zone = ZoneInfo(self.timezone)
        day = start.astimezone(zone).date()
        for _ in range(MOST_DAYS):
            if self.is_working_day(day):
                opens_at, closes_at = (
                    datetime.combine(day, at, zone).astimezone(UTC) for at in (self.opens, self.closes)
                )
                if closes_at > start:
                    yield opens_at, closes_at
            day += timedelta(days=1)

    def _holidays(self, year: int) -> frozenset[date]:
        return _public_holidays(self.country, year) if self.country else frozenset()


AROUND_THE_CLOCK = WorkingCalendar(around_the_clock=True)


@lru_cache(maxsize=256)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()
