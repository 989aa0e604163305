"""Who goes when: engineers × free slots, ranked. Skill, region, permit and shift are conditions, the rest scores."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from processes.customer_base.working_time import WorkingCalendar

WEIGHTS = {"sla": 35, "travel": 25, "continuity": 15, "parts": 15, "load": 10}
SPEED_KM_PER_HOUR = 40
DETOUR = 1.3  # roads are longer than the straight line
UNKNOWN_TRAVEL = timedelta(minutes=45)
SLOTS_PER_DAY = 2
STEP = timedelta(minutes=30)

Place = tuple[float, float]


@dataclass(frozen=True)
class Booking:
    """A visit that an engineer already has."""

    starts_at: datetime
    ends_at: datetime
    place: Place | None = None


@dataclass(frozen=True)
class Available:
    """An engineer as the ranking sees one."""

    key: str
    name: str
    skills: frozenset[str]
    permits: frozenset[str]
    regions: frozenset[str]
    shift_start: time
    shift_end: time
    weekdays: frozenset[int]
    home: Place | None = None
    bookings: tuple[Booking, ...] = ()
    has_parts: bool = False
    knows_customer: bool = False


@dataclass(frozen=True)
class Needed:
    """What a visit needs."""

    skills: frozenset[str]
    permits: frozenset[str]
    region: str | None
    place: Place | None
    duration: timedelta
    earliest_at: datetime
    latest_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True)
class Slot:
    """One proposal; `score` 0–100, `parts` of it by name, `late` when it ends after the promised moment."""

    engineer: str
    engineer_name: str
    starts_at: datetime
    ends_at: datetime
    score: float
    travel_minutes: int
    late: bool
    points: dict[str, float] = field(default_factory=dict)

    def as_variables(self) -> dict[str, Any]:
        return {**self.__dict__, "points": dict(self.points)}


def rank_slots(
    engineers: Iterable[Available],
    needed: Needed,
    *,
    timezone: str = "Asia/Shanghai",
    calendar: WorkingCalendar | None = None,
    limit: int = 10,
) -> list[Slot]:
    """The best slots, best first (pure). `calendar` keeps holidays free; leave it out for emergencies."""
    slots = []
    for engineer in engineers:
        if reason_against(engineer, needed) is None:
            slots.extend(_slots_of(engineer, needed, ZoneInfo(timezone), calendar))
    slots.sort(key=lambda slot: (-slot.score, slot.starts_at, slot.engineer))
    return slots[:limit]


def reason_against(engineer: Available, needed: Needed) -> str | None:
    """Why an engineer cannot go at all: skill, permit or region; or None."""
    if not needed.skills <= engineer.skills:
        return f"skill {', '.join(sorted(needed.skills - engineer.skills))}"
    if not needed.permits <= engineer.permits:
        return f"permit {', '.join(sorted(needed.permits - engineer.permits))}"
    if needed.region and engineer.regions and needed.region not in engineer.regions:
        return f"region {needed.region}"
    return None


def distance_km(start: Place, end: Place) -> float:
    """The great-circle distance of two places (latitude, longitude in degrees), by the haversine formula.

    >>> round(distance_km((31.23, 121.47), (39.90, 116.40)))
    1067
    """
    lat_1, lon_1, lat_2, lon_2 = (math.radians(value) for value in (*start, *end))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * 6371.0 * math.asin(min(1.0, math.sqrt(half)))


def travel_time(start: Place | None, end: Place | None) -> timedelta:
    """How long the way takes by road; 45 minutes where a place is unknown."""
    if start is None or end is None:
        return UNKNOWN_TRAVEL
    return timedelta(hours=distance_km(start, end) * DETOUR / SPEED_KM_PER_HOUR)


def _slots_of(engineer: Available, needed: Needed, zone: ZoneInfo, calendar: WorkingCalendar | None) -> list[Slot]:
    slots: list[Slot] = []
    day = needed.earliest_at.astimezone(zone).date()
    last = needed.latest_at.astimezone(zone).date()
    while day <= last:
        if day.weekday() in engineer.weekdays and (calendar is None or calendar.is_working_day(day)):
            slots.extend(_slots_of_day(engineer, needed, zone, day))
        day += timedelta(days=1)
    return slots


def _slots_of_day(engineer: Available, needed: Needed, zone: ZoneInfo, day: date) -> list[Slot]:
    opens_at = datetime.combine(day, engineer.shift_start, zone).astimezone(UTC)
    closes_at = datetime.combine(day, engineer.shift_end, zone).astimezone(UTC)
    bookings = sorted((b for b in engineer.bookings if opens_at <= b.starts_at < closes_at), key=lambda b: b.starts_at)
    found: list[Slot] = []
    start = _next_step(max(opens_at, needed.earliest_at), opens_at)
    while start + needed.duration <= min(closes_at, needed.latest_at + needed.duration) and len(found) < SLOTS_PER_DAY:
        end = start + needed.duration
        before = next((b for b in reversed(bookings) if b.starts_at < end), None)
        after = next((b for b in bookings if b.starts_at >= end), None)
        there = travel_time(before.place if before else engineer.home, needed.place)
        fits = before is None or before.ends_at + there <= start
        if fits and after is not None:
            fits = end + travel_time(needed.place, after.place) <= after.starts_at
        if fits and start <= needed.latest_at:
            found.append(_score(engineer, needed, start, end, there, bookings, closes_at - opens_at))
            start = end
        start += STEP
    return found


def _score(
    engineer: Available,
    needed: Needed,
    start: datetime,
    end: datetime,
    travel: timedelta,
    bookings: Sequence[Booking],
    shift: timedelta,
) -> Slot:
    booked = sum((b.ends_at - b.starts_at for b in bookings), timedelta(0))
    points = {
        "sla": WEIGHTS["sla"] * _sla_share(needed, start, end),
        "travel": WEIGHTS["travel"] * max(0.0, 1 - travel / timedelta(hours=3)),
        "continuity": WEIGHTS["continuity"] * engineer.knows_customer,
        "parts": WEIGHTS["parts"] * engineer.has_parts,
        "load": WEIGHTS["load"] * max(0.0, 1 - booked / shift),
    }
    return Slot(
        engineer=engineer.key,
        engineer_name=engineer.name,
        starts_at=start,
        ends_at=end,
        score=round(sum(points.values()), 2),
        travel_minutes=round(travel.total_seconds() / 60),
        late=needed.due_at is not None and end > needed.due_at,
        points={name: round(value, 2) for name, value in points.items()},
    )


def _sla_share(needed: Needed, start: datetime, end: datetime) -> float:
    """1 at once, falling to 0.5 at the promised moment, 0 when late; without a promise: sooner is better."""
    horizon = (needed.due_at or needed.latest_at) - needed.earliest_at
    if needed.due_at and end > needed.due_at:
        return 0.0
    if horizon <= timedelta(0):
        return 1.0
    return 1 - 0.5 * min((start - needed.earliest_at) / horizon, 1.0)


def _next_step(moment: datetime, opens_at: datetime) -> datetime:
    steps = math.ceil((moment - opens_at) / STEP)
    return opens_at + steps * STEP


def gap_share(slots: Sequence[Mapping[str, Any] | Slot]) -> float:
    """How far the best slot is ahead of the next engineer's, as a share of its score; 1 when there is no other."""
    scores: dict[str, float] = {}
    for slot in slots:
        row = slot.__dict__ if isinstance(slot, Slot) else slot
        scores[row["engineer"]] = max(scores.get(row["engineer"], 0.0), float(row["score"]))
    ranked = sorted(scores.values(), reverse=True)
    if len(ranked) < 2 or ranked[0] == 0:
        return 1.0
    return round((ranked[0] - ranked[1]) / ranked[0], 4)
