"""Nodes 13 to 20: the work order, engineers and slots, appointment and acceptance."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidState
from engine.handlers import BpmnError, Handlers, Job
from processes.customer_base import field_service
from processes.customer_base.scope import find
from processes.customer_base.slots import Slot, gap_share
from processes.customer_base.tables import Engineer, Site, Ticket, Visit, WorkOrder
from processes.handlers.service.clock import ticket_of
from processes.handlers.service.notices import send_notice
from processes.handlers.service.parts import order_of, part_choices, part_lines
from processes.handlers.values import items, moment, number, required_text, text

handlers = Handlers()
DEFAULT_ON_SITE_HOURS = 120


@handlers.register("service.work_order")
def work_order(job: Job) -> Mapping[str, Any]:
    """The work order by the symptom's template; a further visit takes the same one with the parts that were missing."""
    source = job.variables
    visit_no = int(number(source, "visit_no", 1))
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        until = job.now + timedelta(hours=int(number(source, "on_site_hours", DEFAULT_ON_SITE_HOURS)))
        order = field_service.create_work_order(
            session, ticket_id=ticket.id, window_start_at=job.now, window_end_at=until, now=job.now
        )
        if visit_no > 1:
            _go_again(order, source, job.now)
        return once.keep({**_as_variables(session, order, ticket), "visit_no": visit_no})


def _go_again(order: WorkOrder, source: Mapping[str, Any], now: datetime) -> None:
    order.parts = part_lines(items(source, "missing_parts"))
    order.window_start_at = now
    order.window_end_at = max(order.window_end_at or now, now + timedelta(days=field_service.HORIZON_DAYS))


def _as_variables(session: Session, order: WorkOrder, ticket: Ticket) -> dict[str, Any]:
    return {
        "work_order_id": order.id,
        "work_order_no": order.number,
        "required_skills": list(order.skills),
        "duration_minutes": order.duration_minutes,
        "parts_needed": [{**part, "quantity": number(part, "quantity", 1)} for part in order.parts],
        "tools": list(order.tools),
        "permits": list(order.permits),
        "part_choices": part_choices(session),
        "site_address": _address(session, order),
        "estimated_cost": order.estimated_cost,
        "ticket_status": ticket.status,
        "missing_parts": [],
        "parts_used": [],
        "parts_removed": [],
        "refusals": 0,
        "refused_by": [],
        "appointment_from": None,
    }


def _address(session: Session, order: WorkOrder) -> str:
    if not order.site_id:
        return ""
    site = find(session, Site, order.site_id)
    return ", ".join(part for part in (site.name, site.street, site.city, site.access_notes) if part)


@handlers.register("service.slots")
def slots(job: Job) -> Mapping[str, Any]:
    """Engineers and free slots, best first; without those who refused, and not before the customer's wish."""
    source = job.variables
    refused = [str(key) for key in source.get("refused_by") or ()]
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, order_of(once.session, job)
        order.window_start_at = max(job.now, moment(source, "appointment_from") or job.now)
        ranked = field_service.ranked_slots(
            session,
            work_order_id=order.id,
            emergency=text(source, "priority") == "P1",
            except_engineers=refused,
            now=job.now,
        )
        return once.keep(
            {
                "ranked_slots": [_row(slot) for slot in ranked],
                "slot_gap": gap_share(ranked) if ranked else 0,
                "engineers": _choices(session, ranked),
                "refusals": int(number(source, "refusals")),
                "refused_by": refused,
                "engineer_id": None,
                "engineer_decision": None,
                "appointment_decision": None,
            }
        )


def _row(slot: Slot) -> dict[str, Any]:
    return {
        "engineer_id": slot.engineer,
        "engineer": slot.engineer_name,
        "start": slot.starts_at,
        "end": slot.ends_at,
        "travel_minutes": slot.travel_minutes,
        "score": number({"score": slot.score}, "score"),
        "late": slot.late,
    }


def _choices(session: Session, ranked: list[Slot]) -> list[dict[str, str]]:
    """Everybody who works, the ranked ones first: the dispatcher may know better."""
    first = list(dict.fromkeys((slot.engineer, slot.engineer_name) for slot in ranked))
    others = session.scalars(select(Engineer).where(Engineer.active.is_(True)).order_by(Engineer.key))
    return [
        *({"label": name, "value": key} for key, name in first),
        *(
            {"label": f"{engineer.name} (not ranked)", "value": engineer.key}
            for engineer in others
            if engineer.key not in {key for key, _ in first}
        ),
    ]


@handlers.register("service.take_best")
def take_best(job: Job) -> Mapping[str, Any]:
    """The first of the ranking."""
    best = items(job.variables, "ranked_slots")[0]
    return {"engineer_id": best["engineer_id"], "visit_start": best["start"], "visit_end": best["end"]}


@handlers.register("service.propose_appointment")
def propose(job: Job) -> Mapping[str, Any]:
    """Book the slot, take parts from the engineer's van first, and ask the customer. BpmnError SLOT_TAKEN."""
    source = job.variables
    starts_at, ends_at = moment(source, "visit_start"), moment(source, "visit_end")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order, ticket = once.session, order_of(once.session, job), ticket_of(once.session, job)
        engineer = field_service.engineer_by_key(session, required_text(source, "engineer_id"))
        starts_at = starts_at or job.now
        ends_at = max(ends_at or starts_at, starts_at + timedelta(minutes=order.duration_minutes))
        visit = _book(session, order, engineer, starts_at, ends_at, job.now)
        field_service.reserve_parts(session, work_order_id=order.id, engineer_key=engineer.key, now=job.now)
        words = {
            "visit_start": starts_at,
            "visit_end": ends_at,
            "engineer_name": engineer.name,
            "engineer_user": engineer.key,
        }
        send_notice(session, job, "appointment", ticket, {**source, **words})
        return once.keep({**words, "visit_id": visit.id, "ticket_status": ticket.status})


def _book(
    session: Session, order: WorkOrder, engineer: Engineer, starts_at: datetime, ends_at: datetime, now: datetime
) -> Visit:
    try:
        return field_service.schedule_visit(
            session,
            work_order_id=order.id,
            engineer_key=engineer.key,
            starts_at=starts_at,
            ends_at=ends_at,
            now=now,
        )
    except InvalidState as error:
        raise BpmnError("SLOT_TAKEN", str(error)) from error


@handlers.register("service.ask_engineer")
def ask_engineer(job: Job) -> Mapping[str, Any]:
    """The customer has agreed: ask the engineer."""
    return _advance(job, "confirmed", "engineer_asked")


@handlers.register("service.confirm_visit")
def confirm_visit(job: Job) -> Mapping[str, Any]:
    """The engineer comes: tell the customer."""
    return _advance(job, "accepted", "visit_confirmed")


def _advance(job: Job, state: str, notice: str) -> Mapping[str, Any]:
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, visit_id = once.session, required_text(job.variables, "visit_id")
        field_service.advance_visit(session, visit_id=visit_id, state=state, now=job.now)
        send_notice(session, job, notice, ticket_of(session, job), job.variables)
        return once.keep({"visit_state": state})


@handlers.register("service.count_refusal")
def count_refusal(job: Job) -> Mapping[str, Any]:
    """The engineer refused or was silent: free the slot; of a P1 ticket the service manager hears at once."""
    source = job.variables
    engineer = required_text(source, "engineer_id")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        visit_id = required_text(source, "visit_id")
        field_service.advance_visit(session, visit_id=visit_id, state="rejected", now=job.now)
        reason = text(source, "reject_reason", "no answer")
        if text(source, "priority") == "P1":
            send_notice(session, job, "urgent_refused", ticket_of(session, job), {**source, "reject_reason": reason})
        return once.keep(
            {
                "refusals": int(number(source, "refusals")) + 1,
                "refused_by": [*(source.get("refused_by") or ()), engineer],
                "visit_state": "rejected",
                "reject_reason": None,
            }
        )
