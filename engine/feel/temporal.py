"""FEEL's dates, times and durations (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8).

Python's own types stop at the years 1 and 9999, know no time with an IANA zone and count microseconds; FEEL's years
run from -999,999,999 to 999,999,999. The types here are small, immutable by convention, count nanoseconds, and are
equal to (and hash like) the `datetime` values that denote the same, so that Python code need not care.
"""

import datetime as python
import re
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.feel.errors import Undefined

MAX_YEAR = 999_999_999
NANOS = 1_000_000_000
DAY_SECONDS = 86_400
DAY_NANOS = DAY_SECONDS * NANOS
MAX_OFFSET_SECONDS = 14 * 3600
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_EPOCH_ORDINAL = python.date(1970, 1, 1).toordinal()
_CYCLE_DAYS = 146_097  # days in the 400 years after which the Gregorian calendar repeats

_DATE = r"(?P<year>-?(?:\d{4}|[1-9]\d{4,8}))-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = (
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,40}))?"
    r"(?P<zone>[zZ]|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z][A-Za-z0-9_+/-]*)?"
)
DATE_PATTERN = re.compile(_DATE, re.ASCII)
TIME_PATTERN = re.compile(_TIME, re.ASCII)
DATE_TIME_PATTERN = re.compile(f"{_DATE}(?:T{_TIME})?", re.ASCII)
DATE_WITH_OFFSET_PATTERN = re.compile(f"{_DATE}(?P<zone>[zZ]|[+-]\\d\\d:\\d\\d)", re.ASCII)
DAYS_TIME_PATTERN = re.compile(
    r"(-)?P(?:(\d{1,18})D)?(?:(T)(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,18})(?:\.(\d{1,40}))?S)?)?", re.ASCII
)
YEARS_MONTHS_PATTERN = re.compile(r"(-)?P(?:(\d{1,18})Y)?(?:(\d{1,18})M)?", re.ASCII)


def is_leap_year(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if is_leap_year(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    before = year - 1
    ordinal = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE_MONTH[month - 1] + day
    if month > 2 and is_leap_year(year):
        ordinal += 1
    return ordinal - _EPOCH_ORDINAL


def date_of_day(number: int) -> "Date":
    """The date that lies `number` days after 1970-01-01."""
    cycles, rest = divmod(number + _EPOCH_ORDINAL - 1, _CYCLE_DAYS)
    found = python.date.fromordinal(rest + 1)
    return Date(found.year + cycles * 400, found.month, found.day)


def _fraction_to_nanos(fraction: str | None) -> int:
    return int(fraction[:9].ljust(9, "0")) if fraction else 0


def _fraction_text(nanosecond: int) -> str:
    return f".{nanosecond:09d}".rstrip("0") if nanosecond else ""


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    """The rules of the IANA time zone; raises `Undefined` where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise Undefined(f"there is no time zone '{name}'") from error


def _year_with_rules(year: int) -> int:
    """A year that `zoneinfo` can handle and whose calendar is that of `year`."""
    if 2 <= year <= 9998:
        return year
    return 2000 + year % 400 if year > 0 else 400 + year % 400


def zone_offset_seconds(zone: str, local_seconds: int) -> int:
    """The offset from UTC that holds in `zone` at a local time given in seconds since 1970-01-01T00:00:00."""
    days, seconds = divmod(local_seconds, DAY_SECONDS)
    date = date_of_day(days)
    moment = python.datetime(_year_with_rules(date.year), date.month, date.day) + python.timedelta(seconds=seconds)
    return _offset(moment.replace(tzinfo=zone_of(zone)))


def zone_offset_at_instant(zone: str, utc_seconds: int) -> int:
    """The offset from UTC that holds in `zone` at an instant given in seconds since the epoch."""
    days, seconds = divmod(utc_seconds, DAY_SECONDS)
    date = date_of_day(days)
    moment = python.datetime(_year_with_rules(date.year), date.month, date.day, tzinfo=python.UTC)
    return _offset((moment + python.timedelta(seconds=seconds)).astimezone(zone_of(zone)))


def _offset(moment: python.datetime) -> int:
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def parse_zone(text: str | None) -> tuple[int | None, str | None]:
    """Offset in seconds and IANA name of the end of a time string; raises `Undefined` where they are not legal."""
    if not text:
        return None, None
    if text in "zZ":
        return 0, None
    if text[0] == "@":
        zone_of(text[1:])
        return None, text[1:]
    hours, minutes, seconds = int(text[1:3]), int(text[4:6]), int(text[7:9] or 0)
    total = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or total > MAX_OFFSET_SECONDS:
        raise Undefined(f"the time offset {text} is not within -14:00..+14:00")
    return (-total if text[0] == "-" else total), None


def display_zone(offset: int | None, zone: str | None) -> str:
    if zone is not None:
        return f"@{zone}"
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    minutes, seconds = divmod(abs(offset), 60)
    text = f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{text}:{seconds:02d}" if seconds else text


class Date:
    """A day of the calendar. Compares equal to the `datetime.date` of the same day."""

    __slots__ = ("day", "month", "year")

    def __init__(self, year: int, month: int, day: int):
        if not -MAX_YEAR <= year <= MAX_YEAR:
            raise Undefined(f"the year {year} is not within -999999999..999999999")
        if not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
            raise Undefined(f"there is no day {year}-{month}-{day} in the calendar")
        self.year = year
        self.month = month
        self.day = day

    @classmethod
    def parse(cls, text: str) -> "Date":
        """The date that an xs:date text without time zone denotes; raises `Undefined` for any other text."""
        found = DATE_PATTERN.fullmatch(text)
        if found is None:
            raise Undefined(f"'{text[:60]}' is not a date such as 2026-01-31")
        return cls(int(found["year"]), int(found["month"]), int(found["day"]))

    @property
    def number(self) -> int:
        """Days since 1970-01-01."""
        return day_number(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """1 for Monday to 7 for Sunday."""
        return (self.number + 3) % 7 + 1

    @property
    def day_of_year(self) -> int:
        return self.number - day_number(self.year, 1, 1) + 1

    @property
    def week_of_year(self) -> int:
        """The ISO 8601 week."""
        thursday = date_of_day(self.number - self.weekday + 4)
        return (thursday.day_of_year - 1) // 7 + 1

    def plus_months(self, months: int) -> "Date":
        """The same day `months` later, or the last day of that month where it is shorter."""
        total = self.year * 12 + self.month - 1 + months
        year, month = total // 12, total % 12 + 1
        if not -MAX_YEAR <= year <= MAX_YEAR:
            raise Undefined(f"the year {year} is not within -999999999..999999999")
        return Date(year, month, min(self.day, days_in_month(year, month)))

    @property
    def key(self) -> tuple[int, int, int]:
        """What orders dates."""
        return (self.year, self.month, self.day)

    def to_python(self) -> python.date:
        """The `datetime.date`; raises ValueError where the year is not within 1..9999."""
        return python.date(self.year, self.month, self.day)

    def isoformat(self) -> str:
        """The text that `date()` reads, such as 2026-01-31."""
        year = f"{self.year:04d}" if self.year >= 0 else f"-{-self.year:04d}"
        return f"{year}-{self.month:02d}-{self.day:02d}"

    def __eq__(self, other: object) -> bool:
        if type(other) is Date:
            return self.key == other.key
        if isinstance(other, python.date) and not isinstance(other, python.datetime):
            return self.key == (other.year, other.month, other.day)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_python()) if 1 <= self.year <= 9999 else hash(self.key)

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"Date({self.isoformat()})"


class Time:
    """A time of day with nanoseconds: local, with an offset from UTC in seconds, or with the name of an IANA zone."""

    __slots__ = ("hour", "minute", "nanosecond", "offset", "second", "zone")

    def __init__(
        self,
        hour: int,
        minute: int,
        second: int,
        nanosecond: int = 0,
        offset: int | None = None,
        zone: str | None = None,
    ):
        if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
            raise Undefined(f"there is no time {hour}:{minute}:{second}")
        self.hour = hour
        self.minute = minute
        self.second = second
        self.nanosecond = nanosecond
        self.offset = offset
        self.zone = zone

    @classmethod
    def parse(cls, text: str) -> "Time":
        """The time that an xs:time text, or one with @Zone, denotes; raises `Undefined` for any other text."""
        found = TIME_PATTERN.fullmatch(text)
        if found is None:
            raise Undefined(f"'{text[:60]}' is not a time such as 13:45:00, 13:45:00+01:00 or 13:45:00@Europe/Paris")
        time, _ = cls._from_match(found)
        return time

    @classmethod
    def _from_match(cls, found: re.Match[str]) -> tuple["Time", int]:
        """The time and the days to carry (one for 24:00:00)."""
        hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"])
        nanos = _fraction_to_nanos(found["fraction"])
        offset, zone = parse_zone(found["zone"])
        if hour == 24 and minute == second == nanos == 0:
            return cls(0, 0, 0, 0, offset, zone), 1
        return cls(hour, minute, second, nanos, offset, zone), 0

    @classmethod
    def of_day_nanos(cls, nanos: int, offset: int | None = None, zone: str | None = None) -> "Time":
        """The time `nanos` nanoseconds after midnight, modulo one day."""
        seconds, rest = divmod(nanos % DAY_NANOS, NANOS)
        return cls(seconds // 3600, seconds // 60 % 60, seconds % 60, rest, offset, zone)

    @property
    def day_nanos(self) -> int:
        """Nanoseconds since the local midnight."""
        return (self.hour * 3600 + self.minute * 60 + self.second) * NANOS + self.nanosecond

    @property
    def has_zone(self) -> bool:
        return self.offset is not None or self.zone is not None

    @property
    def offset_seconds(self) -> int | None:
        """Seconds ahead of UTC. A zone without a date has the offset that held on 1970-01-01."""
        if self.zone is not None:
            return zone_offset_seconds(self.zone, self.day_nanos // NANOS)
        return self.offset

    @property
    def seconds(self) -> int | Decimal:
        return _with_fraction(self.second, self.nanosecond)

    @property
    def key(self) -> int:
        """Nanoseconds since midnight UTC (local midnight where there is no offset)."""
        return self.day_nanos - (self.offset_seconds or 0) * NANOS

    def to_python(self) -> python.time:
        """The `datetime.time`, to the microsecond; a zone becomes a `ZoneInfo`."""
        return python.time(
            self.hour, self.minute, self.second, self.nanosecond // 1000, tzinfo=_tzinfo(self.offset, self.zone)
        )

    def isoformat(self) -> str:
        """The text that `time()` reads, such as 13:45:00+01:00 or 13:45:00@Europe/Paris."""
        return (
            f"{self.hour:02d}:{self.minute:02d}:{self.second:02d}{_fraction_text(self.nanosecond)}"
            f"{display_zone(self.offset, self.zone)}"
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is python.time:
            other = time_from_python(other)
        if type(other) is Time:
            return self.has_zone == other.has_zone and self.key == other.key
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"Time({self.isoformat()})"


class DateTime:
    """A date and a time of day: local, with an offset, or in an IANA zone. Compares equal to `datetime.datetime`."""

    __slots__ = ("date", "time")

    def __init__(self, date: Date, time: Time):
        self.date = date
        self.time = time

    @classmethod
    def parse(cls, text: str) -> "DateTime":
        """The value of an xs:dateTime or xs:date text, or one with @Zone; raises `Undefined` for any other text."""
        found = DATE_TIME_PATTERN.fullmatch(text)
        if found is None:
            return cls._parse_date_with_offset(text)
        date = Date(int(found["year"]), int(found["month"]), int(found["day"]))
        if found["hour"] is None:
            return cls(date, Time(0, 0, 0))
        time, carried_days = Time._from_match(found)
        return cls(date_of_day(date.number + carried_days) if carried_days else date, time)

    @classmethod
    def _parse_date_with_offset(cls, text: str) -> "DateTime":
        found = DATE_WITH_OFFSET_PATTERN.fullmatch(text)
        if found is None:
            raise Undefined(f"'{text[:60]}' is not a date and time such as 2026-01-31T13:45:00")
        offset, _ = parse_zone(found["zone"])
        return cls(Date(int(found["year"]), int(found["month"]), int(found["day"])), Time(0, 0, 0, 0, offset))

    @classmethod
    def of_local_nanos(cls, nanos: int, offset: int | None = None, zone: str | None = None) -> "DateTime":
        """The date and time `nanos` nanoseconds after 1970-01-01T00:00:00 on the clock of that place."""
        days, rest = divmod(nanos, DAY_NANOS)
        return cls(date_of_day(days), Time.of_day_nanos(rest, offset, zone))

    year = property(lambda self: self.date.year)
    month = property(lambda self: self.date.month)
    day = property(lambda self: self.date.day)
    weekday = property(lambda self: self.date.weekday)
    hour = property(lambda self: self.time.hour)
    minute = property(lambda self: self.time.minute)
    second = property(lambda self: self.time.second)
    nanosecond = property(lambda self: self.time.nanosecond)
    offset = property(lambda self: self.time.offset)
    zone = property(lambda self: self.time.zone)
    has_zone = property(lambda self: self.time.has_zone)

    @property
    def local_nanos(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 on the clock of that place."""
        return self.date.number * DAY_NANOS + self.time.day_nanos

    @property
    def offset_seconds(self) -> int | None:
        if self.time.zone is not None:
            return zone_offset_seconds(self.time.zone, self.local_nanos // NANOS)
        return self.time.offset

    @property
    def key(self) -> int:
        """Nanoseconds since the epoch (of the local clock where there is no offset)."""
        return self.local_nanos - (self.offset_seconds or 0) * NANOS

    def plus_nanos(self, nanos: int) -> "DateTime":
        """The instant so much later, told on the same clock."""
        if self.time.zone is None:
            return DateTime.of_local_nanos(self.local_nanos + nanos, self.time.offset)
        return self.of_instant(self.key + nanos, self.time.zone)

    @classmethod
    def of_instant(cls, nanos: int, zone: str) -> "DateTime":
        """The instant `nanos` nanoseconds after the epoch, told in the zone."""
        return cls.of_local_nanos(nanos + zone_offset_at_instant(zone, nanos // NANOS) * NANOS, None, zone)

    def plus_months(self, months: int) -> "DateTime":
        return DateTime(self.date.plus_months(months), self.time)

    def to_python(self) -> python.datetime:
        """The `datetime.datetime`, to the microsecond; raises ValueError where the year is not within 1..9999."""
        return python.datetime.combine(self.date.to_python(), self.time.to_python())

    def isoformat(self) -> str:
        """The text that `date and time()` reads."""
        return f"{self.date.isoformat()}T{self.time.isoformat()}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, python.datetime):
            other = date_time_from_python(other)
        if type(other) is DateTime:
            return self.has_zone == other.has_zone and self.key == other.key
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_python()) if 2 <= self.date.year <= 9998 else hash(self.key)

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"DateTime({self.isoformat()})"


class DaysTimeDuration:
    """An amount of time in nanoseconds. Compares equal to the `datetime.timedelta` of the same length."""

    __slots__ = ("nanos",)

    def __init__(self, nanos: int):
        self.nanos = nanos

    @classmethod
    def of_seconds(cls, seconds: int) -> "DaysTimeDuration":
        return cls(seconds * NANOS)

    @property
    def sign(self) -> int:
        return -1 if self.nanos < 0 else 1

    @property
    def days(self) -> int:
        return self.sign * (abs(self.nanos) // DAY_NANOS)

    @property
    def hours(self) -> int:
        return self.sign * (abs(self.nanos) // NANOS // 3600 % 24)

    @property
    def minutes(self) -> int:
        return self.sign * (abs(self.nanos) // NANOS // 60 % 60)

    @property
    def seconds(self) -> int | Decimal:
        value = _with_fraction(abs(self.nanos) // NANOS % 60, abs(self.nanos) % NANOS)
        return value.copy_negate() if self.sign < 0 and type(value) is Decimal else self.sign * value

    @property
    def key(self) -> int:
        return self.nanos

    def to_python(self) -> python.timedelta:
        """The `datetime.timedelta`, to the microsecond; raises OverflowError beyond its 10**9 days."""
        return python.timedelta(microseconds=self.nanos // 1000)

    def isoformat(self) -> str:
        """The text that `duration()` reads, such as P1DT2H."""
        total, nanosecond = divmod(abs(self.nanos), NANOS)
        days, rest = divmod(total, DAY_SECONDS)
        clock = f"{rest // 3600}H" if rest // 3600 else ""
        clock += f"{rest // 60 % 60}M" if rest // 60 % 60 else ""
        if rest % 60 or nanosecond or not (days or clock):
            clock += f"{rest % 60}{_fraction_text(nanosecond)}S"
        text = "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
        return f"-{text}" if self.nanos < 0 else text

    def __eq__(self, other: object) -> bool:
        if type(other) is DaysTimeDuration:
            return self.nanos == other.nanos
        if isinstance(other, python.timedelta):
            return self.nanos == duration_from_python(other).nanos
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_python()) if abs(self.nanos) < DAY_NANOS * 10**8 else hash(self.nanos)

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"DaysTimeDuration({self.isoformat()})"


class YearsMonthsDuration:
    """A number of months."""

    __slots__ = ("total_months",)

    def __init__(self, total_months: int):
        self.total_months = total_months

    @property
    def years(self) -> int:
        total = self.total_months
        return -(-total // 12) if total < 0 else total // 12

    @property
    def months(self) -> int:
        total = self.total_months
        return -(-total % 12) if total < 0 else total % 12

    @property
    def key(self) -> int:
        return self.total_months

    def isoformat(self) -> str:
        """The text that `duration()` reads, such as P1Y2M."""
        years, months = divmod(abs(self.total_months), 12)
        text = "P" + (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"-{text}" if self.total_months < 0 else text

    def __eq__(self, other: object) -> bool:
        return self.total_months == other.total_months if type(other) is YearsMonthsDuration else NotImplemented

    def __hash__(self) -> int:
        return hash((YearsMonthsDuration, self.total_months))

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"YearsMonthsDuration({self.isoformat()})"


Duration = DaysTimeDuration | YearsMonthsDuration
Temporal = Date | Time | DateTime | DaysTimeDuration | YearsMonthsDuration
TEMPORAL_TYPES = frozenset({Date, Time, DateTime, DaysTimeDuration, YearsMonthsDuration})


def _with_fraction(second: int, nanosecond: int) -> int | Decimal:
    if not nanosecond:
        return second
    return Decimal(f"{second}.{nanosecond:09d}".rstrip("0"))


def _tzinfo(offset: int | None, zone: str | None) -> python.tzinfo | None:
    if zone is not None:
        return zone_of(zone)
    return None if offset is None else python.timezone(python.timedelta(seconds=offset))


def parse_duration(text: str) -> Duration:
    """The duration that an xs:dayTimeDuration or xs:yearMonthDuration text denotes; else raises `Undefined`."""
    found = YEARS_MONTHS_PATTERN.fullmatch(text)
    if found and (found[2] or found[3]):
        total = int(found[2] or 0) * 12 + int(found[3] or 0)
        return YearsMonthsDuration(-total if found[1] else total)
    found = DAYS_TIME_PATTERN.fullmatch(text)
    if found is None or not any(found.group(2, 4, 5, 6)) or (found[3] and not any(found.group(4, 5, 6))):
        raise Undefined(f"'{text[:60]}' is not a duration such as P1DT2H or P1Y6M")
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 4, 5, 6))
    total_seconds = days * DAY_SECONDS + hours * 3600 + minutes * 60 + seconds
    nanos = total_seconds * NANOS + _fraction_to_nanos(found[7])
    return DaysTimeDuration(-nanos if found[1] else nanos)


def parse_temporal(text: str) -> Temporal:
    """The value of an at-literal (grammar rule 65); raises `Undefined` where the text denotes none."""
    if "P" in text[:2]:
        return parse_duration(text)
    if DATE_PATTERN.fullmatch(text):
        return Date.parse(text)
    if TIME_PATTERN.fullmatch(text):
        return Time.parse(text)
    return DateTime.parse(text)


def midnight_utc(date: Date) -> DateTime:
    """The date and time that a date stands for in implicit conversions (10.3.2.3.5)."""
    return DateTime(date, Time(0, 0, 0, 0, 0))


def time_from_python(value: python.time) -> Time:
    offset, zone = _zone_from_python(value)
    return Time(value.hour, value.minute, value.second, value.microsecond * 1000, offset, zone)


def date_time_from_python(value: python.datetime) -> DateTime:
    return _with_offset_of(value, DateTime(Date(value.year, value.month, value.day), time_from_python(value.timetz())))


def _with_offset_of(value: python.datetime, found: DateTime) -> DateTime:
    """The same clock reading with the offset of a Python value whose time zone depends on the date."""
    offset = value.utcoffset()
    if offset is None or found.time.zone is not None:
        return found
    time = found.time
    seconds = int(offset.total_seconds())
    return DateTime(found.date, Time(time.hour, time.minute, time.second, time.nanosecond, seconds))


def date_from_python(value: python.date) -> Date:
    return Date(value.year, value.month, value.day)


def duration_from_python(value: python.timedelta) -> DaysTimeDuration:
    return DaysTimeDuration(((value.days * DAY_SECONDS + value.seconds) * 1_000_000 + value.microseconds) * 1000)


def _zone_from_python(value: python.time) -> tuple[int | None, str | None]:
    key = getattr(value.tzinfo, "key", None)
    if key is not None:
        return (0, None) if key == "UTC" else (None, key)
    offset = value.utcoffset()
    return (None if offset is None else int(offset.total_seconds())), None


def _years_and_months_between(start: Date, start_nanos: int, end: Date, end_nanos: int) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    before = (end.day, end_nanos) < (start.day, start_nanos)
    after = (end.day, end_nanos) > (start.day, start_nanos)
    if months > 0 and before:
        return months - 1
    if months < 0 and after:
        return months + 1
    return months


def years_and_months_between(start: Date | DateTime, end: Date | DateTime) -> YearsMonthsDuration:
    """Whole months from start to end, towards zero."""
    first, last = _date_and_nanos(start), _date_and_nanos(end)
    return YearsMonthsDuration(_years_and_months_between(*first, *last))


def _date_and_nanos(value: Date | DateTime) -> tuple[Date, int]:
    return (value, 0) if type(value) is Date else (value.date, value.time.day_nanos)
