"""Chance from a seed: the same question gets the same answer, whatever was drawn before."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from processes.simulation.profile import Effect, Profile, Spread

DAY = timedelta(days=1)
LEAST_MINUTES = 1.0

InForce = Sequence[tuple[Effect, date]]
"""Effects with the days of their go-live."""


@dataclass(frozen=True, order=True)
class Arrival:
    """A case that begins: `key` names it for ever, `number` is different for every case of the process."""

    at: datetime
    key: str
    number: int


def arrivals(profile: Profile, start: datetime, end: datetime, *, seed: int, factor: float = 1.0) -> Iterator[Arrival]:
    """The cases that begin from `start` up to before `end`, in order of time; `factor` makes them more or fewer.

    A Poisson process whose rate follows month, weekday, holidays and hour. Every day is drawn for itself, so that
    overlapping spans agree about the days that they share.
    """
    zone = ZoneInfo(profile.timezone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for arrival in _arrivals_of(profile, day, zone, seed, factor):
            if start <= arrival.at < end:
                yield arrival
        day += DAY


def _arrivals_of(profile: Profile, day: date, zone: ZoneInfo, seed: int, factor: float) -> list[Arrival]:
    chance = _chance(seed, profile.process, day.isoformat())
    rate = factor * expected(profile, day)
    starts = sorted(_moment(profile, day, zone, chance) for _ in range(_poisson(rate, chance)))
    return [
        Arrival(at, f"{profile.process}/{seed}/{day.isoformat()}/{number}", day.toordinal() * 1000 % 10**8 + number)
        for number, at in enumerate(starts, start=1)
    ]


def expected(profile: Profile, day: date) -> float:
    """How many cases begin on this day, on average."""
    said = profile.arrivals
    rate = said.per_week * said.weekdays[day.weekday()] / sum(said.weekdays) * said.months[day.month - 1]
    if day.weekday() < 5 and not profile.calendar.is_working_day(day):
        rate *= said.holidays
    return rate


def _moment(profile: Profile, day: date, zone: ZoneInfo, chance: Random) -> datetime:
    spans = profile.arrivals.hours
    begin, end, _ = chance.choices(spans, weights=[share for _, _, share in spans])[0]
    seconds = int(chance.uniform(begin * 3600, end * 3600))
    return (datetime.combine(day, time(), zone) + timedelta(seconds=seconds)).astimezone(UTC)


def _poisson(mean: float, chance: Random) -> int:
    """How often something happens that happens `mean` times on average: exponential gaps until they fill the unit."""
    count, passed = 0, chance.expovariate(1.0)
    while passed < mean:
        count += 1
        passed += chance.expovariate(1.0)
    return count


def story(profile: Profile, arrival: Arrival, *, seed: int, effects: InForce = ()) -> str:
    """The scenario that the case lives."""
    weights = {name: weight * _factor(effects, "stories", name, arrival.at) for name, weight in profile.stories.items()}
    return _chance(seed, arrival.key, "story").choices(list(weights), weights=list(weights.values()))[0]


def cast(profile: Profile, case_key: str, *, seed: int) -> Mapping[str, str]:
    """Who plays the case: texts of the scenario with what stands for them this time; nothing without [[cast]]."""
    return _chance(seed, case_key, "cast").choice(profile.cast) if profile.cast else {}


def duration(
    profile: Profile, element_id: str, case_key: str, visit: int, at: datetime, *, seed: int, effects: InForce = ()
) -> timedelta:
    """Working time of the case's so-manieth visit of a user task that is taken up at this moment."""
    spread = profile.habit(element_id).spread
    minutes = _lognormal(spread, _chance(seed, case_key, element_id, str(visit)))
    return _minutes(minutes * _factor(effects, "tasks", element_id, at))


def reply(
    profile: Profile, message: str, case_key: str, visit: int, at: datetime, *, seed: int, effects: InForce = ()
) -> timedelta:
    """How long the customer, the supplier or the carrier takes to send a message."""
    spread = profile.replies.get(message, profile.default_reply)
    minutes = _lognormal(spread, _chance(seed, case_key, "reply", message, str(visit)))
    return _minutes(minutes * _factor(effects, "replies", message, at))


def _lognormal(spread: Spread, chance: Random) -> float:
    return spread.median * math.exp(chance.gauss(0.0, 1.0) * spread.sigma)


def _minutes(minutes: float) -> timedelta:
    return timedelta(seconds=round(60 * max(LEAST_MINUTES, minutes)))


def _factor(effects: InForce, kind: str, name: str, moment: datetime) -> float:
    """All effects on this name together, each as far as its ramp has come."""
    product = 1.0
    for effect, go_live in effects:
        factors: Mapping[str, float] = getattr(effect, kind)
        if name in factors:
            product *= 1 + (factors[name] - 1) * effect.strength(go_live, moment)
    return product


def _chance(seed: int, *what: str) -> Random:
    return Random("/".join((str(seed), *what)))
