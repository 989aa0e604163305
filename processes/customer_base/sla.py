"""The service clock of a ticket: targets in working time, standing still while the customer has to act."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.scope import find
from processes.customer_base.tables import Contract, SlaPause, Ticket
from processes.customer_base.working_time import AROUND_THE_CLOCK, WorkingCalendar

# Priority → (response, resolve); a tier stretches or shortens them. Parameters: a pack's decision table may say else.
TARGETS = {
    "P1": (timedelta(minutes=30), timedelta(hours=2)),
    "P2": (timedelta(hours=1), timedelta(hours=4)),
    "P3": (timedelta(hours=8), timedelta(hours=24)),
    "P4": (timedelta(hours=24), timedelta(hours=72)),
}
TIER_FACTORS = {"vip": 0.5, "gold": 0.5, "standard": 1.0, "basic": 1.5}
WARN_SHARE = 0.75


def calendar_for(session: Session, ticket: Ticket, *, standard: WorkingCalendar | None = None) -> WorkingCalendar:
    """The clock round for contracts that say so, else the working calendar."""
    from_contract = ticket.contract_id is not None and _contract_is_around_the_clock(session, ticket.contract_id)
    return AROUND_THE_CLOCK if from_contract else standard or WorkingCalendar()


def targets_for(priority: str, tier: str = "standard") -> tuple[timedelta, timedelta]:
    """Response and resolve time of a priority for a tier."""
    if priority not in TARGETS:
        raise InvalidInput(f"A priority is one of {', '.join(TARGETS)}, found '{priority}'.")
    factor = TIER_FACTORS.get(tier, 1.0)
    response, resolve = TARGETS[priority]
    return response * factor, resolve * factor


def start_sla(
    session: Session, *, ticket_id: str, response: timedelta, resolve: timedelta, calendar: WorkingCalendar
) -> Ticket:
    """Set a ticket's due moments, counted from its creation."""
    ticket = find(session, Ticket, ticket_id)
    ticket.response_due_at = calendar.add(ticket.created_at, response)
    ticket.resolve_due_at = calendar.add(ticket.created_at, resolve)
    session.flush()
    return ticket


def pause_sla(session: Session, *, ticket_id: str, reason: str, now: datetime) -> Ticket:
    """Stop the clock; a clock that stands still stays so."""
    ticket = find(session, Ticket, ticket_id)
    if _open_pause(ticket) is None:
        ticket.pauses.append(SlaPause(reason=reason, started_at=now))
        ticket.status = "waiting"
        session.flush()
    return ticket


def resume_sla(session: Session, *, ticket_id: str, calendar: WorkingCalendar, now: datetime) -> Ticket:
    """Let the clock run on: what was left at the pause is left now."""
    ticket = find(session, Ticket, ticket_id)
    pause = _open_pause(ticket)
    if pause is None:
        return ticket
    pause.ended_at = now
    for field in ("response_due_at", "resolve_due_at"):
        due_at = getattr(ticket, field)
        if due_at and due_at > pause.started_at and not (field == "response_due_at" and ticket.first_response_at):
            setattr(ticket, field, calendar.add(now, calendar.between(pause.started_at, due_at)))
    if ticket.status == "waiting":
        ticket.status = "open"
    session.flush()
    return ticket


def sla_state(ticket: Ticket, *, calendar: WorkingCalendar, now: datetime) -> dict[str, Any]:
    """How the clock stands (pure).

    `{paused, response_due_at, resolve_due_at, response_share, resolve_share, response_met, resolve_met,
    response_warn_at, resolve_warn_at, paused_hours}`; a share above 1 is a breach, `…_met` is None while undecided.
    """
    pause = _open_pause(ticket)
    at = pause.started_at if pause else now
    pauses = [(item.started_at, item.ended_at or now) for item in ticket.pauses]
    paused = sum((calendar.between(start, end) for start, end in pauses), timedelta(0))
    state: dict[str, Any] = {"paused": pause is not None, "paused_hours": _hours(paused)}
    for name, due_at, done_at in (
        ("response", ticket.response_due_at, ticket.first_response_at),
        ("resolve", ticket.resolve_due_at, ticket.resolved_at),
    ):
        reached = min(done_at, at) if done_at else at
        # an open pause, and one after the work was done, have not moved the due moment
        moved = [
            (item.started_at, item.ended_at) for item in ticket.pauses if item.ended_at and item.started_at < reached
        ]
        state[f"{name}_due_at"] = due_at
        state[f"{name}_share"] = _share(ticket.created_at, due_at, reached, moved, calendar)
        state[f"{name}_warn_at"] = _warn_at(ticket.created_at, due_at, moved, calendar)
        overdue = due_at is not None and reached > due_at
        state[f"{name}_met"] = False if overdue else True if done_at and due_at else None
    return state


def _share(
    start: datetime,
    due_at: datetime | None,
    reached: datetime,
    pauses: list[tuple[datetime, datetime]],
    calendar: WorkingCalendar,
) -> Decimal | None:
    if due_at is None:
        return None
    whole = calendar.between(start, due_at) - _paused(pauses, start, due_at, calendar)
    used = calendar.between(start, reached) - _paused(pauses, start, reached, calendar)
    return Decimal(str(round(used / whole, 4))) if whole > timedelta(0) else Decimal(1)


def _warn_at(
    start: datetime, due_at: datetime | None, pauses: list[tuple[datetime, datetime]], calendar: WorkingCalendar
) -> datetime | None:
    if due_at is None:
        return None
    whole = calendar.between(start, due_at) - _paused(pauses, start, due_at, calendar)
    return calendar.add(start, whole * WARN_SHARE + _paused(pauses, start, due_at, calendar))


def _paused(
    pauses: list[tuple[datetime, datetime]], start: datetime, end: datetime, calendar: WorkingCalendar
) -> timedelta:
    return sum((calendar.between(max(a, start), min(b, end)) for a, b in pauses), timedelta(0))


def _open_pause(ticket: Ticket) -> SlaPause | None:
    return next((pause for pause in ticket.pauses if pause.ended_at is None), None)


def _contract_is_around_the_clock(session: Session, contract_id: str) -> bool:
    return find(session, Contract, contract_id).around_the_clock


def _hours(duration: timedelta) -> Decimal:
    return Decimal(str(round(duration.total_seconds() / 3600, 2)))
