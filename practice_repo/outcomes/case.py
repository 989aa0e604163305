"""One case as its history tells it, and the names under which a fact's formula finds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from engine.feel import display, function_value, normalise

HOUR = timedelta(hours=1)
KEPT = Decimal("0.0001")
CONTEXTS = frozenset({"variables", "outcome", "visits", "first", "last"})  # read by entry: visits.answer


class Calendar(Protocol):
    """When people work; `processes.customer_base.working_time.WorkingCalendar` is one."""

    def between(self, start: datetime, end: datetime) -> timedelta: ...

    def is_working_day(self, day: date) -> bool: ...


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of a BPMN element, also inside of called processes."""

    element_id: str
    started_at: datetime
    ended_at: datetime | None
    state: str  # active | completed | cancelled
    by: str | None = None  # who completed the user task
    type: str = ""  # BPMN's word: userTask, endEvent …

    @property
    def context(self) -> dict[str, Any]:
        return {"started_at": self.started_at, "ended_at": self.ended_at, "state": self.state, "by": self.by}


@dataclass(frozen=True, slots=True)
class Case:
    """A process instance with its history: visits in the order in which they began, the variables as they are now.

    `outcome` are the measures that the case left in the customer base, empty when it left none.
    """

    id: str
    process_id: str
    definition_id: str
    business_key: str | None
    state: str  # active | suspended | completed | cancelled
    started_at: datetime
    ended_at: datetime | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @property
    def end_event(self) -> str | None:
        """The end event that was reached last; None for a case that runs or was cancelled."""
        ends = [visit for visit in self.visits if visit.type == "endEvent" and visit.ended_at is not None]
        return (
            max(ends, key=lambda visit: visit.ended_at or visit.started_at).element_id
            if ends and self.state == "completed"
            else None
        )


def names_of(
    case: Case, calendar: Calendar | None = None, needed: frozenset[tuple[str, str]] | None = None
) -> dict[str, Any]:
    """What a fact's formula may say.

    The case's variables by name, and as `variables`, should one be called like the following; `case_id`,
    `business_key`, `started_at`, `ended_at`, `state`, `end_event`, `outcome`; `visits`, `first`, `last` by element id;
    `hours_between(from, to)` and `working_hours_between(from, to)`, which counts working time when there is a calendar.
    `needed`, (context, entry), leaves all other entries of `CONTEXTS` out: large values make formulas slow.
    """
    visits: dict[str, list[dict[str, Any]]] = {}
    for visit in case.visits:
        visits.setdefault(visit.element_id, []).append(visit.context)
    contexts: dict[str, Mapping[str, Any]] = {
        "variables": case.variables,
        "outcome": case.outcome,
        "visits": visits,
        "first": {element_id: each[0] for element_id, each in visits.items()},
        "last": {element_id: each[-1] for element_id, each in visits.items()},
    }
    if needed is not None:
        contexts = {
            name: {key: context[key] for key in context if (name, key) in needed} for name, context in contexts.items()
        }
    return {
        **case.variables,
        **{name: normalise(dict(context)) for name, context in contexts.items()},
        "case_id": case.id,
        "business_key": case.business_key,
        "started_at": normalise(case.started_at),
        "ended_at": normalise(case.ended_at),
        "state": case.state,
        "end_event": case.end_event,
        "hours_between": function_value(("from", "to"), hours_between, "hours_between"),
        "working_hours_between": function_value(
            ("from", "to"), lambda start, end: hours_between(start, end, calendar), "working_hours_between"
        ),
    }


def hours_between(start: Any, end: Any, calendar: Calendar | None = None) -> Decimal | None:
    """Hours from one moment to another, in working time with a calendar; None when one of them is unknown."""
    begun, done = moment(start), moment(end)
    if begun is None or done is None:
        return None
    span = calendar.between(begun, done) if calendar else done - begun
    return (Decimal(span // timedelta(seconds=1)) / 3600).quantize(KEPT)


def moment(value: Any) -> datetime | None:
    """The value as a moment in UTC; None when it is none."""
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(display(value).partition("@")[0])
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
