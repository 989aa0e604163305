"""Nodes 21 to 28: the visit, what it used and cost, whether it is reviewed, and who pays."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from processes.customer_base import field_service
from processes.customer_base.interactions import log_interaction
from processes.customer_base.invoicing import invoice_amount
from processes.customer_base.scope import find
from processes.customer_base.tables import Ticket, Visit, WorkOrder
from processes.customer_base.tickets import triage_ticket
from processes.handlers.service.clock import ticket_of
from processes.handlers.service.notices import send_notice
from processes.handlers.values import ZERO, items, number, required_text, text

handlers = Handlers()
WASTED_TRIP = Decimal(300)
REVIEW_ABOVE = Decimal("1.2")  # of the estimate
SAMPLE_OF = 20  # every 20th ticket is looked at


@handlers.register("service.en_route")
def en_route(job: Job) -> Mapping[str, Any]:
    """The engineer drives: the customer hears when to expect whom."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        visit_id = required_text(job.variables, "visit_id")
        field_service.advance_visit(session, visit_id=visit_id, state="en_route", now=job.now)
        send_notice(session, job, "on_the_way", ticket_of(session, job), job.variables)
        return once.keep({"visit_state": "en_route", "travel_started_at": job.now})


@handlers.register("service.check_in")
def check_in(job: Job) -> Mapping[str, Any]:
    """The engineer is there: time, place and safety check are kept."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        readings = {"safety": list(source.get("safety_checklist") or ()), "position": text(source, "position")}
        visit_id = required_text(source, "visit_id")
        field_service.advance_visit(
            once.session, visit_id=visit_id, state="on_site", readings=readings, now=job.now
        )  # fmt: skip
        return once.keep({"visit_state": "on_site", "arrived_at": job.now})


@handlers.register("service.customer_absent")
def customer_absent(job: Job) -> Mapping[str, Any]:
    """Nobody was there: the visit ends, the customer hears of it; a second time costs."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        visit_id = required_text(source, "visit_id")
        field_service.advance_visit(session, visit_id=visit_id, state="cancelled", now=job.now)
        send_notice(session, job, "customer_absent", ticket_of(session, job), source)
        absences = int(number(source, "absences")) + 1
        return once.keep({"visit_result": "absent", "absences": absences, "customer_present": None})


@handlers.register("service.absence_fee")
def absence_fee(job: Job) -> Mapping[str, Any]:
    """Charge the wasted trip."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        ticket = ticket_of(once.session, job)
        if not ticket.party_id:
            return once.keep({"absence_invoice_no": None})
        invoice = invoice_amount(
            once.session,
            party_id=ticket.party_id,
            description=f"Wasted trip, ticket {ticket.number}",
            net=WASTED_TRIP,
            now=job.now,
        )
        return once.keep({"absence_invoice_no": invoice.number})


@handlers.register("service.leave_unfinished")
def leave_unfinished(job: Job) -> Mapping[str, Any]:
    """The work is not done: what was used and how long it took is posted, another visit follows."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        visit = _finish(session, job, "follow_up")
        field_service.post_parts(session, visit_id=visit.id, now=job.now)
        return once.keep({**_post_time(session, job, visit), "visit_state": visit.state})


@handlers.register("service.complete_visit")
def complete_visit(job: Job) -> Mapping[str, Any]:
    """The work is done and signed: report, signature and rating are kept."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        visit = _finish(once.session, job, "done")
        visit.fixed = True
        visit.signed_by = text(source, "signed_by") or None
        visit.rating = int(number(source, "rating")) or None
        visit.remarks = text(source, "customer_remarks") or None
        return once.keep({"visit_state": visit.state, "left_at": visit.left_at})


def _finish(session: Session, job: Job, state: str) -> Visit:
    source = job.variables
    visit = find(session, Visit, required_text(source, "visit_id"))
    for direction in ("used", "removed"):
        for row in items(source, f"parts_{direction}"):
            field_service.record_part(
                session,
                visit_id=visit.id,
                sku=text(row, "sku"),
                quantity=number(row, "quantity", 1),
                direction=direction,
                serial=text(row, "serial") or None,
            )
    return field_service.advance_visit(
        session,
        visit_id=visit.id,
        state=state,
        now=job.now,
        checklist=[str(point) for point in source.get("work_checklist") or ()],
        readings={**visit.readings, "readings": text(source, "readings")},
        cause_code=text(source, "cause_code") or None,
        action_code=text(source, "action_code") or None,
    )


@handlers.register("service.post_parts")
def post_parts(job: Job) -> Mapping[str, Any]:
    """Used parts leave the stock, removed ones go to the returns."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        visit_id = required_text(job.variables, "visit_id")
        return once.keep({"parts_posted": field_service.post_parts(once.session, visit_id=visit_id, now=job.now)})


@handlers.register("service.post_time")
def post_time(job: Job) -> Mapping[str, Any]:
    """Labour, travel and what the job has cost over all its visits."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        visit = find(once.session, Visit, required_text(job.variables, "visit_id"))
        return once.keep(_post_time(once.session, job, visit))


def _post_time(session: Session, job: Job, visit: Visit) -> dict[str, Any]:
    minutes = number(job.variables, "work_minutes")
    posted = field_service.post_time_and_cost(
        session, visit_id=visit.id, labour_minutes=int(minutes) if minutes else None
    )
    return {
        "visit_cost": posted["cost"],
        "travel_minutes": posted["travel_minutes"],
        "total_cost": sum((each.cost or ZERO for each in _visits(session, visit.work_order_id)), ZERO),
    }


def _visits(session: Session, work_order_id: str) -> list[Visit]:
    return list(session.scalars(select(Visit).where(Visit.work_order_id == work_order_id)))


@handlers.register("service.review_facts")
def review_facts(job: Job) -> Mapping[str, Any]:
    """Why a supervisor should look at this job: P1, cost, missing data, or the sample."""
    source = job.variables
    with job.resources.transaction(job) as session:
        visits = _visits(session, required_text(source, "work_order_id"))
        done = [visit for visit in visits if visit.state == "done"]
        unsigned = any(not visit.signed_by or not visit.cause_code for visit in done)
    cost, estimate = number(source, "total_cost"), number(source, "estimated_cost")
    reasons = {
        "P1": text(source, "priority") == "P1",
        "cost above 120 % of the estimate": estimate > 0 and cost > estimate * REVIEW_ABOVE,
        "data missing": unsigned or not done,
        "sample": in_sample(required_text(source, "ticket_ref")),
    }
    return {"review_reasons": [reason for reason, holds in reasons.items() if holds]}


def in_sample(reference: str) -> bool:
    """Whether a ticket belongs to the 5 % that are always reviewed: by a hash, so that nobody can choose."""
    return int(hashlib.sha256(reference.encode()).hexdigest(), 16) % SAMPLE_OF == 0


@handlers.register("service.bill")
def bill(job: Job) -> Mapping[str, Any]:
    """Invoice what was agreed, count the visits of a contract, or note the cost of warranty and goodwill."""
    source = job.variables
    entitlement = text(source, "entitlement", "free")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        triage_ticket(session, ticket_id=ticket.id, changes={"entitlement": entitlement})
        visits = _visits_done(session, source)
        result: dict[str, Any] = {"billing": entitlement, "invoice_no": None, "visits": visits}
        if entitlement == "contract":
            left = None
            for _ in range(visits):
                left = field_service.count_contract_visit(session, ticket_id=ticket.id)
            result["contract_visits_left"] = left
        elif entitlement in ("warranty", "goodwill") and visits:
            _note_cost(session, job, ticket, entitlement)
        result["invoice_no"] = _invoice(session, job, ticket)
        return once.keep(result)


def _visits_done(session: Session, source: Mapping[str, Any]) -> int:
    known = text(source, "work_order_id")
    return find(session, WorkOrder, known).visits_done if known else 0


def _invoice(session: Session, job: Job, ticket: Ticket) -> str | None:
    """What the customer agreed to, or what the supervisor corrected it to."""
    source = job.variables
    corrected = text(source, "review_decision") == "correct"
    net = number(source, "corrected_amount" if corrected else "agreed_amount")
    if net <= 0 or not ticket.party_id:
        return None
    invoice = invoice_amount(
        session,
        party_id=ticket.party_id,
        description=f"Service, ticket {ticket.number}",
        net=net,
        ticket_id=ticket.id,
        now=job.now,
    )
    return invoice.number


def _note_cost(session: Session, job: Job, ticket: Ticket, entitlement: str) -> None:
    cost = number(job.variables, "total_cost")
    log_interaction(
        session,
        channel="internal",
        direction="out",
        subject=f"Ticket {ticket.number}: {entitlement} cost {cost}",
        party_id=ticket.party_id,
        outcome=entitlement,
        references={"ticket": ticket.number, "cost": str(cost)},
        now=job.now,
    )
