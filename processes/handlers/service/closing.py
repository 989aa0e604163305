"""Nodes 29 to 31 and the end by cancelling: tell the customer, survey, reopen, close."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from engine.store.types import plain
from processes.customer_base import sla, tickets
from processes.customer_base.field_service import cancel_work_order
from processes.customer_base.records import answer_survey, record_outcome, request_survey
from processes.customer_base.scope import find
from processes.customer_base.tables import SlaPause, Ticket, Visit, WorkOrder
from processes.handlers.service.clock import NOTIFIED, ticket_of
from processes.handlers.service.notices import send_notice
from processes.handlers.values import hours_between, number, required_text, text

handlers = Handlers()
PRACTICE = "ticket_to_dispatch"
LATE = timedelta(minutes=15)  # so much later still counts as on time
BY_OUTCOME = {
    "no_fault": "No fault was found.",
    "return": "The unit comes in for repair; you get instructions how to send it.",
    "solved": "The problem is solved.",
}


@handlers.register("service.resolve")
def resolve(job: Job) -> Mapping[str, Any]:
    """Stop the clock, tell the customer and ask how it went. The ticket can be reopened for 7 days."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        resolution = _resolution(source)
        sla.resume_sla(session, ticket_id=ticket.id, calendar=sla.calendar_for(session, ticket), now=job.now)
        tickets.resolve_ticket(
            session, ticket_id=ticket.id, resolution=resolution, root_cause=text(source, "cause") or None, now=job.now
        )
        request_survey(
            session,
            case_reference=required_text(source, "ticket_ref"),
            party_id=ticket.party_id,
            contact_id=ticket.contact_id,
            now=job.now,
        )
        send_notice(session, job, "resolved", ticket, {**source, "resolution": resolution})
        return once.keep(
            {
                "ticket_status": "resolved",
                "resolution": resolution,
                "resolved_at": job.now,
                "reopen_until": job.now + timedelta(days=tickets.REOPEN_DAYS),
                "sla_running": False,
            }
        )


def _resolution(source: Mapping[str, Any]) -> str:
    if text(source, "resolution"):
        return text(source, "resolution")
    if text(source, "stuck_decision") == "stop":
        return text(source, "stuck_reason")
    if text(source, "visit_result") == "fixed":
        return f"Fixed on site: {text(source, 'action_code', 'repaired')}."
    return BY_OUTCOME.get(text(source, "outcome"), BY_OUTCOME["solved"])


@handlers.register("service.reopen")
def reopen(job: Job) -> Mapping[str, Any]:
    """It is not solved after all: the ticket is open again and has its resolve time anew."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        ticket = tickets.reopen_ticket(
            session,
            ticket_id=required_text(source, "ticket_id"),
            text=text(source, "reopen_reason") or text(source, "call_summary") or None,
            now=job.now,
        )
        hours = float(number(dict(source.get("sla_targets") or {}), "resolve_hours", 24))
        ticket.resolve_due_at = sla.calendar_for(session, ticket).add(job.now, timedelta(hours=hours))
        told = ticket.extra.get(NOTIFIED, ())
        ticket.extra = {**ticket.extra, NOTIFIED: [name for name in told if name.startswith("response")]}
        send_notice(session, job, "reopened", ticket, source)
        return once.keep(
            {
                "ticket_status": ticket.status,
                "reopened": ticket.reopened,
                "resolve_due_at": ticket.resolve_due_at,
                "outcome": None,
                "resolution": None,
                "visit_result": None,
                "visit_no": 1,
                "sla_running": True,
            }
        )


@handlers.register("service.keep_survey")
def keep_survey(job: Job) -> Mapping[str, Any]:
    """The customer's score, 1 to 5, and comment."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        survey = answer_survey(
            once.session,
            case_reference=required_text(source, "ticket_ref"),
            score=int(number(source, "score")),
            comment=text(source, "comment") or text(source, "survey_comment") or None,
            now=job.now,
        )
        return once.keep({"score": survey.score, "survey_comment": survey.comment})


@handlers.register("service.close_ticket")
def close(job: Job) -> Mapping[str, Any]:
    """Close, as `closing_status` says: closed or declined; what the case achieved is kept as evidence."""
    source = job.variables
    status = text(source, "closing_status", "closed")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        if status == "declined":
            ticket.resolution = "estimate not accepted"
            send_notice(session, job, "declined", ticket, source)
        tickets.close_ticket(session, ticket_id=ticket.id, now=job.now)
        _keep_outcome(session, job, ticket, status)
        return once.keep({"ticket_status": status, "sla_running": False})


def _keep_outcome(session: Session, job: Job, ticket: Ticket, outcome: str) -> None:
    state = sla.sla_state(ticket, calendar=sla.calendar_for(session, ticket), now=job.now)
    visits = _visits(session, ticket)
    measures = {
        "kind": ticket.kind,
        "priority": ticket.priority,
        "first_response_hours": hours_between(ticket.created_at, ticket.first_response_at),
        "resolve_hours": hours_between(ticket.created_at, ticket.resolved_at),
        "paused_hours": state["paused_hours"],
        "response_met": state["response_met"],
        "resolve_met": state["resolve_met"],
        "attempts": int(number(job.variables, "attempts")),
        "visits": len(visits),
        "reopened": ticket.reopened,
        "refusals": int(number(job.variables, "refusals")),
        "cost": number(job.variables, "total_cost"),
        "score": job.variables.get("score"),
    }
    record_outcome(
        session,
        practice=PRACTICE,
        case_reference=text(job.variables, "ticket_ref", ticket.number),
        outcome=outcome,
        measures={name: str(value) if value is not None else None for name, value in measures.items()}
        | {"visit_rows": [plain(_visit_measures(session, ticket, visit)) for visit in visits]},
        started_at=ticket.created_at,
        ended_at=job.now,
    )


def _visit_measures(session: Session, ticket: Ticket, visit: Visit) -> dict[str, Any]:
    """What one visit tells: was it on time, minutes, cost, the wait for it, days since the last one."""
    order = find(session, WorkOrder, visit.work_order_id)
    before = session.scalar(_earlier_arrivals(ticket, visit)) if visit.arrived_at else None
    return {
        "on_time": visit.arrived_at <= visit.starts_at + LATE if visit.arrived_at else None,
        "labour_minutes": visit.labour_minutes,
        "travel_minutes": visit.travel_minutes,
        "cost": visit.cost,
        "hours_from_work_order_to_arrival": hours_between(order.created_at, visit.arrived_at),
        "days_since_last_visit": (visit.arrived_at - before).days if before else None,
    }


def _earlier_arrivals(ticket: Ticket, visit: Visit) -> Select:
    """When somebody came to the same machine before; without a known machine, for the same ticket."""
    same = (
        WorkOrder.installed_product_id == ticket.installed_product_id
        if ticket.installed_product_id
        else WorkOrder.ticket_id == ticket.id
    )
    arrivals = select(func.max(Visit.arrived_at)).join(WorkOrder, WorkOrder.id == Visit.work_order_id)
    return arrivals.where(same, Visit.arrived_at < visit.arrived_at, Visit.id != visit.id)


def _visits(session: Session, ticket: Ticket) -> list[Visit]:
    done = Visit.state.in_(("done", "follow_up"))
    of_ticket = (
        select(Visit).join(WorkOrder, WorkOrder.id == Visit.work_order_id).where(WorkOrder.ticket_id == ticket.id)
    )
    return list(session.scalars(of_ticket.where(done)))


@handlers.register("service.cancel_ticket")
def cancel(job: Job) -> Mapping[str, Any]:
    """The customer does not need it any more: parts, slot and engineer are free again."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        open_orders = select(WorkOrder).where(
            WorkOrder.ticket_id == ticket.id, WorkOrder.status.not_in(("done", "cancelled"))
        )
        for order in session.scalars(open_orders).all():
            engineers = _engineers_to_call_off(session, order)
            cancel_work_order(session, work_order_id=order.id, now=job.now)
            for engineer in engineers:
                send_notice(session, job, "visit_called_off", ticket, {**source, "engineer_user": engineer})
        _end_pauses(ticket, job)
        tickets.cancel_ticket(
            session, ticket_id=ticket.id, reason=text(source, "cancel_reason", "cancelled by customer"), now=job.now
        )
        send_notice(session, job, "cancelled", ticket, source)
        _keep_outcome(session, job, ticket, "cancelled")
        return once.keep({"ticket_status": "cancelled", "sla_running": False})


def _engineers_to_call_off(session: Session, order: WorkOrder) -> list[str]:
    planned = Visit.state.in_(("scheduled", "confirmed", "accepted", "en_route"))
    return sorted(set(session.scalars(select(Visit.engineer_key).where(Visit.work_order_id == order.id, planned))))


def _end_pauses(ticket: Ticket, job: Job) -> None:
    pause: SlaPause
    for pause in ticket.pauses:
        pause.ended_at = pause.ended_at or job.now
