"""Times as BPMN models write them: ISO 8601 dates, durations and repeating intervals, and cron texts for cycles.

A moment without a zone is UTC. Month arithmetic keeps the day where the month has it, else takes the month's last
day. Cycles are computed from the moment they were armed, so that they never drift.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
_EXAMPLES = "for example PT4H, P1DT12H or P1M"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: whole calendar months and an exact rest."""

    months: int = 0
    rest: timedelta = timedelta()

    def add_to(self, moment: datetime, times: int = 1) -> datetime:
        """The moment that lies this duration (`times` over) after another one."""
        return moment + relativedelta(months=self.months * times) + self.rest * times

    def total_seconds(self) -> float:
        """The length in seconds, a month counted as 30 days."""
        return self.months * 30 * 86_400 + self.rest.total_seconds()

    def __bool__(self) -> bool:
        return bool(self.months or self.rest)


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration such as `P1DT12H`, `P2W`, `PT0.5S`. Raises InvalidInput."""
    match = _DURATION.fullmatch(text.strip())
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
    body, zone = text.strip(), UTC
    named = _ZONE.search(body)
    try:
        if named:
            zone = ZoneInfo(named.group(1) or named.group(2))
            body = body[: named.start()]
        moment = datetime.fromisoformat(body)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise InvalidInput(
            f"A date should be written as in ISO 8601, for example 2026-03-01T09:00:00Z, but is '{text}'."
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repeating moment. `repetitions` None: without an end."""

    repetitions: int | None
    interval: Duration | None = None
    start: datetime | None = None
    end: datetime | None = None
    cron: str | None = None

    def occurrence(self, armed_at: datetime, index: int) -> datetime | None:
        """The index-th moment (from 0) of a cycle armed at `armed_at`; None when it is over."""
        if self.repetitions is not None and index >= self.repetitions:
            return None
        if self.cron is not None:
            return self._cron_moment(armed_at, index)
        if self.start is not None:
            moment = self.interval.add_to(self.start, index + self._missed(armed_at))
        else:
            moment = self.interval.add_to(armed_at, index + 1)
        return None if self.end is not None and moment > self.end else moment

    def _missed(self, armed_at: datetime) -> int:
        """How many occurrences lie before the cycle was armed: they do not happen any more."""
        if self.start >= armed_at:
            return 0
        guess = int((armed_at - self.start).total_seconds() // max(self.interval.total_seconds(), 1e-6))
        guess = max(0, guess - 2)
        while self.interval.add_to(self.start, guess) < armed_at:
            guess += 1
        return guess

    def _cron_moment(self, armed_at: datetime, index: int) -> datetime:
        schedule = croniter(self.cron, armed_at, second_at_beginning=len(self.cron.split()) == 6)
        moment = armed_at
        for _ in range(index + 1):
            moment = schedule.get_next(datetime)
        return moment


def parse_cycle(text: str) -> Cycle:
    """Read `R3/PT1H`, `R/2026-01-01T00:00:00Z/PT1H`, `R2/PT1H/2026-12-31` or a cron text. Raises InvalidInput."""
    body = text.strip()
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
        start, end = parse_moment(parts[0]), parse_moment(parts[1])
        return _positive(Cycle(repetitions, Duration(0, end - start), start), text)
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
        croniter(text, second_at_beginning=fields == 6)
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
