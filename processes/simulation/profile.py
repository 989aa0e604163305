"""What a pack's `simulation.toml` says: how cases arrive, which stories they live, how long work takes, who works."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import InvalidInput
from processes.customer_base.working_time import WorkingCalendar

PROFILE = "simulation.toml"
EVERY_DAY, EVERY_MONTH = 7, 12
REQUIRED = object()


@dataclass(frozen=True)
class Spread:
    """A lognormal duration: `median` (minutes of work, or of waiting) and `sigma`, the deviation of its logarithm."""

    median: float
    sigma: float = 0.5


@dataclass(frozen=True)
class Arrivals:
    """Cases per ordinary week, and how they spread over months, weekdays and the hours of a day."""

    per_week: float
    months: tuple[float, ...] = (1.0,) * EVERY_MONTH  # January first; factors
    weekdays: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0)  # Monday first; shares of the week
    holidays: float = 0.0  # factor of public holidays
    hours: tuple[tuple[int, int, float], ...] = ((9, 18, 1.0),)  # from, to, share of the day


@dataclass(frozen=True)
class TaskHabit:
    """How long a user task takes, what the forms are answered instead of the scenario's words, and when it begins."""

    spread: Spread
    answers: Mapping[str, Any] = field(default_factory=dict)  # a value, or "=FEEL" over the case's variables
    not_before: str = ""  # FEEL that gives a moment


@dataclass(frozen=True)
class Team:
    """People of one role and when they work."""

    role: str
    heads: int
    calendar: WorkingCalendar


@dataclass(frozen=True)
class Effect:
    """A change that is known to be true: from its go-live on, work takes another time and stories come more often."""

    key: str
    tasks: Mapping[str, float] = field(default_factory=dict)  # element id → factor on its duration
    stories: Mapping[str, float] = field(default_factory=dict)  # scenario → factor on its weight
    replies: Mapping[str, float] = field(default_factory=dict)  # message → factor on the waiting time
    ramp_days: float = 0.0
    description: str = ""

    def strength(self, go_live: date, moment: datetime) -> float:
        """How much of the effect holds at this moment: 0 before the go-live, 1 when the ramp is over."""
        since = (moment - datetime.combine(go_live, time(), moment.tzinfo)) / timedelta(days=1)
        if since < 0:
            return 0.0
        return 1.0 if since >= self.ramp_days else since / self.ramp_days


@dataclass(frozen=True)
class Profile:
    """The simulation profile of one process."""

    process: str
    arrivals: Arrivals
    stories: Mapping[str, float]  # scenario → weight
    default_task: Spread
    default_reply: Spread
    tasks: Mapping[str, TaskHabit]
    replies: Mapping[str, Spread]
    teams: tuple[Team, ...]
    effects: Mapping[str, Effect]
    cast: tuple[Mapping[str, str], ...] = ()  # who plays a case: text of the scenario → what it is this time
    unique: tuple[str, ...] = ()  # variables that get a number of their own in every case
    timezone: str = "Asia/Shanghai"
    country: str | None = "CN"

    @property
    def calendar(self) -> WorkingCalendar:
        """The calendar that says which days are public holidays."""
        return WorkingCalendar(timezone=self.timezone, country=self.country)

    def habit(self, element_id: str) -> TaskHabit:
        return self.tasks.get(element_id) or TaskHabit(self.default_task)

    def effect(self, key: str) -> Effect:
        """The effect of this name. Raises `InvalidInput` naming those that there are."""
        if key not in self.effects:
            known = ", ".join(self.effects) or "none"
            raise InvalidInput(f"The profile of '{self.process}' has no effect '{key}'. Known effects: {known}.")
        return self.effects[key]


def read_profile(text: str, *, process: str) -> Profile:
    """The profile that the TOML says. Raises `InvalidInput` naming the table, the key and what was expected."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{PROFILE} of '{process}' is not TOML: {error}.") from error
    whole = _Table(document, f"{PROFILE} of '{process}'")
    zone, country = whole.text("timezone", "Asia/Shanghai"), whole.text("country", "CN") or None
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput(f"{whole.name}: '{zone}' is no time zone; expected a name such as Asia/Shanghai.") from error
    profile = Profile(
        process=whole.text("process", process),
        arrivals=_arrivals(whole.table("arrivals")),
        stories=_unique(whole, "story", "scenario", lambda each: each.number("weight", least=0)),
        default_task=_default(whole.table("default_task", {}), "median_minutes", 1, 15),
        default_reply=_default(whole.table("default_reply", {}), "median_hours", 60, 8),
        tasks=_unique(whole, "task", "element", _habit),
        replies=_unique(whole, "reply", "message", lambda each: _spread(each, "median_hours", 60, REQUIRED)),
        teams=tuple(_unique(whole, "team", "role", lambda each: _team(each, zone, country)).values()),
        effects=_unique(whole, "effect", "key", _effect),
        cast=tuple(_cast(whole)),
        unique=tuple(whole.texts("unique")),
        timezone=zone,
        country=country,
    )
    whole.nothing_else()
    if not sum(profile.stories.values()):
        raise InvalidInput(f"{whole.name}: expected a [[story]] with a weight above 0, found none.")
    return profile


class _Table:
    """A TOML table that knows its name, for errors, and which of its keys were asked for."""

    def __init__(self, values: Any, name: str):
        if not isinstance(values, Mapping):
            raise InvalidInput(f"{name} should be a table, but is {values!r}.")
        self.values, self.name = values, name
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = REQUIRED) -> Any:
        self.asked.add(key)
        found = self.values.get(key, default)
        if found is REQUIRED:
            raise InvalidInput(f"{self.name}: '{key}' is missing.")
        return found

    def text(self, key: str, default: Any = REQUIRED) -> str:
        found = self.get(key, default)
        if not isinstance(found, str):
            raise InvalidInput(f"{self.name}: '{key}' should be a text, but is {found!r}.")
        return found

    def number(self, key: str, default: Any = REQUIRED, *, least: float = 0.0, above: bool = False) -> float:
        return _number(self.get(key, default), f"{self.name}: '{key}'", least, above)

    def whole(self, key: str, *, least: int) -> int:
        found = self.get(key)
        if not isinstance(found, int) or isinstance(found, bool) or found < least:
            raise InvalidInput(f"{self.name}: '{key}' should be a whole number from {least}, but is {found!r}.")
        return found

    def numbers(self, key: str, count: int, default: tuple[float, ...]) -> tuple[float, ...]:
        found = self.get(key, default)
        if not isinstance(found, list | tuple) or len(found) != count:
            raise InvalidInput(f"{self.name}: '{key}' should be a list of {count} numbers, but is {found!r}.")
        numbers = tuple(_number(each, f"{self.name}: '{key}'", 0, False) for each in found)
        if not sum(numbers):
            raise InvalidInput(f"{self.name}: at least one number of '{key}' should be above 0.")
        return numbers

    def texts(self, key: str) -> list[str]:
        found = self.get(key, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise InvalidInput(f"{self.name}: '{key}' should be a list of texts, but is {found!r}.")
        return found

    def table(self, key: str, default: Any = REQUIRED) -> "_Table":
        return _Table(self.get(key, default), f"{self.name} [{key}]")

    def factors(self, key: str) -> dict[str, float]:
        table = self.table(key, {})
        return {name: table.number(name, above=True) for name in table.values}

    def nothing_else(self) -> None:
        unknown = sorted(set(self.values) - self.asked)
        if unknown:
            known = ", ".join(sorted(self.asked))
            raise InvalidInput(f"{self.name} has the unknown key '{unknown[0]}'; known keys are {known}.")


def _number(value: Any, what: str, least: float, above: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < least or (above and value <= least):
        wanted = f"a number above {least:g}" if above else f"a number from {least:g}"
        raise InvalidInput(f"{what} should be {wanted}, but is {value!r}.")
    return float(value)


def _unique(whole: _Table, key: str, by: str, read: Any) -> dict[str, Any]:
    """The rows of [[key]], each read, by their name."""
    rows = whole.get(key, [])
    if not isinstance(rows, list):
        raise InvalidInput(f"{whole.name}: '{key}' should stand as [[{key}]] tables.")
    found: dict[str, Any] = {}
    for number, row in enumerate(rows, start=1):
        table = _Table(row, f"{whole.name} [[{key}]] {number}")
        name = table.text(by)
        if name in found:
            raise InvalidInput(f"{table.name}: '{name}' stands twice; say each {by} once.")
        found[name] = read(table)
        table.nothing_else()
    return found


def _cast(whole: _Table) -> list[dict[str, str]]:
    rows = whole.get("cast", [])
    if not isinstance(rows, list):
        raise InvalidInput(f"{whole.name}: 'cast' should stand as [[cast]] tables.")
    tables = [_Table(row, f"{whole.name} [[cast]] {number}") for number, row in enumerate(rows, start=1)]
    return [{text: table.text(text) for text in table.values} for table in tables]


def _arrivals(table: _Table) -> Arrivals:
    plain = Arrivals(1)
    found = Arrivals(
        per_week=table.number("per_week", above=True),
        months=table.numbers("months", EVERY_MONTH, plain.months),
        weekdays=table.numbers("weekdays", EVERY_DAY, plain.weekdays),
        holidays=table.number("holidays", plain.holidays),
        hours=_hours(table.table("hours", {"9-18": 1})),
    )
    table.nothing_else()
    return found


def _hours(table: _Table) -> tuple[tuple[int, int, float], ...]:
    found = []
    for span in table.values:
        begin, _, end = span.partition("-")
        if not (begin.isdigit() and end.isdigit() and 0 <= int(begin) < int(end) <= 24):
            raise InvalidInput(f"{table.name}: '{span}' should be hours of a day such as 9-12.")
        found.append((int(begin), int(end), table.number(span)))
    if not sum(share for _, _, share in found):
        raise InvalidInput(f"{table.name}: at least one span should have a share above 0.")
    return tuple(found)


def _spread(table: _Table, key: str, minutes: int, default: Any) -> Spread:
    return Spread(table.number(key, default, above=True) * minutes, table.number("spread", 0.5))


def _default(table: _Table, key: str, minutes: int, default: float) -> Spread:
    found = _spread(table, key, minutes, default)
    table.nothing_else()
    return found


def _habit(table: _Table) -> TaskHabit:
    spread = _spread(table, "median_minutes", 1, REQUIRED)
    return TaskHabit(spread, dict(table.table("answers", {}).values), table.text("not_before", ""))


def _team(table: _Table, zone: str, country: str | None) -> Team:
    opens, closes = (_time(table, key, default) for key, default in (("opens", "09:00"), ("closes", "18:00")))
    days = table.get("days", [0, 1, 2, 3, 4])
    if not isinstance(days, list) or not days or not set(days) <= set(range(EVERY_DAY)):
        raise InvalidInput(f"{table.name}: 'days' should be a list of weekdays, 0 for Monday to 6, but is {days!r}.")
    if closes <= opens:
        raise InvalidInput(f"{table.name}: 'closes' should be later than 'opens'.")
    calendar = WorkingCalendar(
        zone, country if table.get("holidays_off", True) else None, opens, closes, frozenset(days)
    )
    return Team(table.text("role"), table.whole("heads", least=1), calendar)


def _time(table: _Table, key: str, default: str) -> time:
    text = table.text(key, default)
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{table.name}: '{key}' should be a time such as 08:30, but is {text!r}.") from error


def _effect(table: _Table) -> Effect:
    return Effect(
        key=table.text("key"),
        tasks=table.factors("tasks"),
        stories=table.factors("stories"),
        replies=table.factors("replies"),
        ramp_days=table.number("ramp_days", 0),
        description=table.text("description", ""),
    )
