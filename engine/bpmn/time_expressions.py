"""Times as BPMN models write them: ISO 8601 dates, durations and repeating intervals, and cron texts for cycles.

A moment without a zone is UTC. Month arithmetic keeps the day where the month has it, else takes the month's last
day. Cycles are computed from the moment they were armed, so that they never drift; a cycle with a start moment counts
from there, and what lies before the arming is over. A named zone applies to the moment it stands at.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadCronError, CroniterError, croniter
from dateutil.relativedelta import relativedelta

from engine.errors import InvalidInput

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_DURATION = re.compile(
    rf"P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII,
)
_ZONE = re.compile(r"(?:\[([A-Za-z0-9_+/-]+)\]|@([A-Za-z][A-Za-z0-9_+/-]*))$", re.ASCII)
_REPEAT = re.compile(r"R(\d*)", re.ASCII)
_MAX_LENGTH = 200
_EXAMPLES = "for example PT4H, P1DT12H or P1M"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: whole calendar months and an exact rest."""

    months: int = 0
    rest: timedelta = timedelta()

    def add_to(self, moment: datetime, times: int = 1) -> datetime:
        """The moment that lies this duration (`times` over) after another one. Raises InvalidInput after year 9999."""
        try:
            return moment + relativedelta(months=self.months * times) + self.rest * times
        except (OverflowError, ValueError) as error:
            raise InvalidInput("The time lies after the year 9999; write a shorter duration.") from error

    def total_seconds(self) -> float:
        """The length in seconds, a month counted as 30 days."""
        return self.months * 30 * 86_400 + self.rest.total_seconds()

    def __bool__(self) -> bool:
        return bool(self.months or self.rest)


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration such as `P1DT12H`, `P2W`, `PT0.5S`. Raises InvalidInput."""
    if text.strip().startswith("-"):
        raise InvalidInput(f"A timer's duration cannot be negative, but is '{text}'; write it without '-'.")
    match = _DURATION.fullmatch(text.strip()) if len(text) <= _MAX_LENGTH else None
    parts = match.groups() if match else ()
    if not match or all(part is None for part in parts) or text.strip().endswith("T"):
        raise InvalidInput(f"A duration should be written as in ISO 8601, {_EXAMPLES}, but is '{text}'.")
    years, months, weeks, days, hours, minutes, seconds = (
        float(part.replace(",", ".")) if part else 0.0 for part in parts
    )
    total_months = years * 12 + months
    if total_months != int(total_months):
        raise InvalidInput(f"A duration cannot hold a part of a month, but is '{text}'; write days instead.")
    try:
        rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise InvalidInput(f"The duration '{text}' is longer than time itself; write a shorter one.") from error
    return Duration(int(total_months), rest)


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 date or date and time as aware UTC; without a zone it is UTC. Raises InvalidInput."""
    body = text.strip()
    zone: tzinfo = UTC
    if len(body) > _MAX_LENGTH:
        raise InvalidInput(f"A date has at most {_MAX_LENGTH} characters, found {len(body)}; write one as in ISO 8601.")
    named = _ZONE.search(body)
    try:
        if named:
            zone = ZoneInfo(named.group(1) or named.group(2))
            body = body[: named.start()]
        moment = datetime.fromisoformat(body)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError) as error:
        raise InvalidInput(
            f"A date should be written as in ISO 8601, for example 2026-03-01T09:00:00Z, but is '{text}'."
        ) from error


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repeating moment. `repetitions` None: without an end."""

    repetitions: int | None
    interval: Duration = Duration()  # nothing for a cron text
    start: datetime | None = None
    end: datetime | None = None
    cron: str | None = None

    def occurrence(self, armed_at: datetime, index: int) -> datetime | None:
        """The index-th moment (from 0) of a cycle armed at `armed_at`; None when it is over."""
        if self.start is not None:
            index += self._missed(self.start, armed_at)
        if self.repetitions is not None and index >= self.repetitions:
            return None
        if self.cron is not None:
            return _cron_moment(self.cron, armed_at, index)
        if self.start is not None:
            moment = self.interval.add_to(self.start, index)
        else:
            moment = self.interval.add_to(armed_at, index + 1)
        return None if self.end is not None and moment > self.end else moment

    def _missed(self, start: datetime, armed_at: datetime) -> int:
        """How many occurrences lie before the cycle was armed: they do not happen any more."""
        count = self._surely_within(armed_at - start)
        while self.interval.add_to(start, count) < armed_at:
            count += 1
        return count

    def after(self, armed_at: datetime, moment: datetime) -> datetime | None:
        """The first occurrence later than a moment; None when the cycle is over by then."""
        if self.cron is not None:
            return _cron_after(self.cron, max(armed_at, moment))
        first = self.occurrence(armed_at, 0)
        index = self._surely_within(moment - first) if first is not None else 0
        found = self.occurrence(armed_at, index)
        while found is not None and found <= moment:
            index += 1
            found = self.occurrence(armed_at, index)
        return found

    def _surely_within(self, time: timedelta) -> int:
        """A number of intervals that fit into a time even if all months were long, so that few are left to count."""
        longest = timedelta(days=31 * self.interval.months) + self.interval.rest
        return max(0, time // longest - 1)


def _cron_after(cron: str, moment: datetime) -> datetime:
    return croniter(cron, moment, second_at_beginning=len(cron.split()) == 6).get_next(datetime)


@lru_cache(maxsize=256)
def _cron_counters(cron: str, armed_at: datetime) -> list:
    """The last index asked for and its moment: occurrences are asked for one after the other."""
    return [-1, armed_at]


def _cron_moment(cron: str, armed_at: datetime, index: int) -> datetime:
    counted, moment = _cron_counters(cron, armed_at)
    if index < counted:
        counted, moment = -1, armed_at
    for _ in range(index - counted):
        moment = _cron_after(cron, moment)
    _cron_counters(cron, armed_at)[:] = index, moment
    return moment


@lru_cache(maxsize=1024)
def parse_cycle(text: str) -> Cycle:
    """Read `R3/PT1H`, `R/2026-01-01T00:00:00Z/PT1H`, `R2/PT1H/2026-12-31` or a cron text. Raises InvalidInput."""
    body = text.strip()
    if len(body) > _MAX_LENGTH:
        raise InvalidInput(f"A cycle has at most {_MAX_LENGTH} characters, found {len(body)}; write a shorter one.")
    if not body.startswith("R"):
        return _parse_cron(body)
    repeat, _, rest = body.partition("/")
    match = _REPEAT.fullmatch(repeat)
    parts = rest.split("/") if rest else []
    if not match or not 1 <= len(parts) <= 2:
        raise InvalidInput(f"A cycle should be written as R3/PT1H or as cron text such as 0 8 * * 1, but is '{text}'.")
    repetitions = int(match.group(1)) if match.group(1) else None
    durations = [part for part in parts if part.startswith("P")]
    if len(parts) == 2 and not durations:
        first, second = parse_moment(parts[0]), parse_moment(parts[1])
        return _positive(Cycle(repetitions, Duration(0, second - first), first), text)
    if len(durations) != 1:
        raise InvalidInput(f"A cycle needs one duration, {_EXAMPLES}, but is '{text}'.")
    interval = parse_duration(durations[0])
    start = parse_moment(parts[0]) if len(parts) == 2 and parts[1] is durations[0] else None
    end = parse_moment(parts[1]) if len(parts) == 2 and parts[0] is durations[0] else None
    return _positive(Cycle(repetitions, interval, start, end), text)


def _positive(cycle: Cycle, text: str) -> Cycle:
    if cycle.interval.total_seconds() <= 0:
        raise InvalidInput(f"The duration of a cycle should be longer than nothing, but the cycle is '{text}'.")
    return cycle


def _parse_cron(text: str) -> Cycle:
    try:
        fields = len(text.split())
        if fields not in (5, 6) and not text.startswith("@"):
            raise CroniterBadCronError(f"it has {fields} fields instead of 5 or 6")
        _cron_after(text, datetime(2000, 1, 1, tzinfo=UTC))
    except (CroniterError, ValueError) as error:
        raise InvalidInput(
            f"A cycle should be written as R3/PT1H or as cron text such as 0 8 * * 1, but is '{text}' ({error})."
        ) from error
    return Cycle(None, cron=text)


def due_moment(kind: str, text: str, armed_at: datetime, index: int = 0) -> datetime | None:
    """When a timer is due. `kind`: date, duration or cycle; `index` counts the repetitions of a cycle from 0.

    None: the cycle is over. Raises InvalidInput for a text that is not of its kind.
    """
    if kind == "date":
        return parse_moment(text) if index == 0 else None
    if kind == "duration":
        return parse_duration(text).add_to(armed_at) if index == 0 else None
    return parse_cycle(text).occurrence(armed_at, index)


@dataclass(frozen=True, slots=True)
class TimerPlan:
    """A timer text understood, armed at a moment: one moment, or a cycle of them."""

    armed_at: datetime
    moment: datetime | None = None
    cycle: Cycle | None = None


def parse_timer(kind: str, text: str, now: datetime) -> TimerPlan:
    """The plan of a timer (`kind`: date, duration or cycle) that is armed now. Raises InvalidInput."""
    if kind == "cycle":
        return TimerPlan(now, cycle=parse_cycle(text))
    return TimerPlan(now, moment=due_moment(kind, text, now))


def next_due(plan: TimerPlan, after: datetime | None = None) -> datetime | None:
    """When the timer fires next, later than `after` (the first time without one); None: never again.

    A single moment that lies before its arming is due at once.
    """
    if plan.cycle is None:
        return plan.moment if after is None or plan.moment is None or plan.moment > after else None
    return plan.cycle.occurrence(plan.armed_at, 0) if after is None else plan.cycle.after(plan.armed_at, after)


def check_timer(kind: str, text: str) -> None:
    """Raise InvalidInput when a timer's text cannot be read as a moment, duration or cycle.

    A duration where the model says date, and the other way round, are both clear.
    """
    if kind == "cycle":
        parse_cycle(text)
    elif text.strip().startswith(("P", "-P")):
        parse_duration(text)
    else:
        parse_moment(text)
