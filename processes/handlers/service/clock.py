"""Nodes 9 to 12: the service clock, what it says when, and what stops it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from processes.customer_base import sla
from processes.customer_base.interactions import log_interaction
from processes.customer_base.scope import find
from processes.customer_base.tables import Ticket
from processes.customer_base.tickets import OPEN, note_response, triage_ticket
from processes.handlers.service.notices import send_notice
from processes.handlers.values import number, required_text, text

handlers = Handlers()
SPECIALIST_TIME = timedelta(hours=4)  # of working time
NOTIFIED = "sla_notified"  # where a ticket keeps which milestones were told; not a variable: calls work on copies


def ticket_of(session: Session, job: Job) -> Ticket:
    """The ticket of the case."""
    return find(session, Ticket, required_text(job.variables, "ticket_id"))


@handlers.register("service.start_sla")
def start(job: Job) -> Mapping[str, Any]:
    """Set the due moments in working time (or round the clock by contract) and tell the customer."""
    source = job.variables
    targets = dict(source.get("sla_targets") or {})
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        triage_ticket(session, ticket_id=ticket.id, changes={"priority": required_text(source, "priority")})
        sla.start_sla(
            session,
            ticket_id=ticket.id,
            response=_hours(number(targets, "response_hours")),
            resolve=_hours(number(targets, "resolve_hours")),
            calendar=sla.calendar_for(session, ticket),
        )
        due = {"response_due_at": ticket.response_due_at, "resolve_due_at": ticket.resolve_due_at}
        send_notice(session, job, "received", ticket, {**source, **due})
        return once.keep({**due, "on_site_hours": number(targets, "on_site_hours"), "sla_running": True})


def _hours(hours: Decimal) -> timedelta:
    return timedelta(seconds=float(hours * 3600))


def milestones(ticket: Ticket, state: Mapping[str, Any]) -> dict[str, datetime]:
    """What the clock still has to tell of an open ticket, and when (pure): warnings at 75 %, breaches at 100 %."""
    told = set(ticket.extra.get(NOTIFIED, ()))
    planned = {"resolve_warning": state["resolve_warn_at"], "resolve_breach": state["resolve_due_at"]}
    if ticket.first_response_at is None:
        planned |= {"response_warning": state["response_warn_at"], "response_breach": state["response_due_at"]}
    return {name: _whole_second(at) for name, at in planned.items() if at is not None and name not in told}


def _whole_second(at: datetime) -> datetime:
    """Rounded up: a timer that goes off a fraction too early would find nothing due, again and again."""
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


@handlers.register("service.sla_next")
def next_milestone(job: Job) -> Mapping[str, Any]:
    """How the clock stands: `sla_state` running (until `sla_next_at`), paused, or over."""
    with job.resources.transaction(job) as session:
        ticket = ticket_of(session, job)
        state = sla.sla_state(ticket, calendar=sla.calendar_for(session, ticket), now=job.now)
        left = milestones(ticket, state)
    if ticket.status not in OPEN or not left:
        return {"sla_state": "over", "sla_next_at": None}
    if state["paused"]:
        return {"sla_state": "paused", "sla_next_at": None}
    return {"sla_state": "running", "sla_next_at": min(left.values())}


@handlers.register("service.sla_check")
def check(job: Job) -> Mapping[str, Any]:
    """Tell what is due now: a warning to the agents, a breach to the service manager; each once."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        state = sla.sla_state(ticket, calendar=sla.calendar_for(session, ticket), now=job.now)
        due = [] if state["paused"] else [n for n, at in milestones(ticket, state).items() if at <= job.now]
        words = {**job.variables, "response_due_at": ticket.response_due_at, "resolve_due_at": ticket.resolve_due_at}
        for name in due:
            send_notice(session, job, name, ticket, words)
        ticket.extra = {**ticket.extra, NOTIFIED: [*ticket.extra.get(NOTIFIED, ()), *due]}
        return once.keep({"sla_told": due})


@handlers.register("service.log_attempt")
def log_attempt(job: Job) -> Mapping[str, Any]:
    """Keep what was tried; the first attempt stops the response clock. A specialist gets four working hours."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        note_response(session, ticket_id=ticket.id, now=job.now)
        if text(source, "cause"):
            triage_ticket(session, ticket_id=ticket.id, changes={"root_cause": text(source, "cause")})
        log_interaction(
            session,
            channel="internal",
            direction="out",
            subject=f"Ticket {ticket.number}: {text(source, 'outcome')}",
            body=text(source, "analysis") or text(source, "steps_tried") or None,
            party_id=ticket.party_id,
            contact_id=ticket.contact_id,
            outcome=text(source, "outcome") or None,
            references={"ticket": ticket.number, "article": text(source, "article_used")},
            now=job.now,
        )
        specialist_due_at = None
        if text(source, "outcome") == "L2":
            specialist_due_at = sla.calendar_for(session, ticket).add(job.now, SPECIALIST_TIME)
        return once.keep(
            {
                "first_response_at": ticket.first_response_at,
                "attempts": int(number(source, "attempts")) + 1,
                "specialist_due_at": specialist_due_at,
            }
        )


@handlers.register("service.pause_sla")
def pause(job: Job) -> Mapping[str, Any]:
    """The clock stands, because the customer has to act; ask."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        ticket = ticket_of(once.session, job)
        sla.pause_sla(once.session, ticket_id=ticket.id, reason="waiting for the customer", now=job.now)
        send_notice(once.session, job, "question", ticket, job.variables)
        return once.keep({"ticket_status": ticket.status, "waiting_since": job.now})


@handlers.register("service.resume_sla")
def resume(job: Job) -> Mapping[str, Any]:
    """The clock runs on: what was left at the pause is left now."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        sla.resume_sla(session, ticket_id=ticket.id, calendar=sla.calendar_for(session, ticket), now=job.now)
        log_interaction(
            session,
            channel=text(source, "reply_channel", ticket.channel),
            direction="in",
            subject=f"Answer to ticket {ticket.number}",
            body=text(source, "reply_text") or None,
            party_id=ticket.party_id,
            contact_id=ticket.contact_id,
            references={"ticket": ticket.number},
            now=job.now,
        )
        return once.keep(
            {
                "ticket_status": ticket.status,
                "response_due_at": ticket.response_due_at,
                "resolve_due_at": ticket.resolve_due_at,
            }
        )
