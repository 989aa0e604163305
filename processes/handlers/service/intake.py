"""Nodes 1 to 7: who is it, have we seen it, what kind is it, who pays."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, Contract, Party, Ticket
from processes.customer_base.tickets import (
    create_ticket,
    entitlement_facts,
    identification,
    identify_ticket,
    merge_tickets,
    similar_tickets,
    triage_ticket,
)
from processes.handlers.service.notices import send_notice
from processes.handlers.values import flag, required_text, text

handlers = Handlers()
KINDS = ("question", "fault", "request", "complaint", "return", "preventive")
TRIAGE = ("kind", "category", "symptom_code", "impact", "urgency")
NEVER_UNDER_WARRANTY = 9999  # days


@handlers.register("service.identify")
def identify(job: Job) -> Mapping[str, Any]:
    """Open the ticket, once per reference, and find customer, contact, machine, contract and warranty."""
    source = job.variables
    caller = next((text(source, name) for name in ("contact_email", "email", "contact_phone", "phone", "caller")
                   if text(source, name)), None)  # fmt: skip
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        ticket = create_ticket(
            session,
            channel=text(source, "channel", "phone"),
            text=required_text(source, "text"),
            caller=caller,
            serial=text(source, "serial") or None,
            external_key=required_text(source, "ticket_ref"),
            extra={"photos": list(source.get("photos") or ())},
            now=job.now,
        )
        if ticket.party_id is None and _known_party(session, source):
            ticket.party_id = _known_party(session, source)
        known = identify_ticket(session, ticket_id=ticket.id, serial=text(source, "serial") or None, now=job.now)
        return once.keep(
            {
                **_as_variables(session, job, ticket, known),
                "ticket_id": ticket.id,
                "ticket_no": ticket.number,
                "ticket_status": ticket.status,
                "kind": _kind(source),
                "customer_candidates": known["candidates"],
                "opened_at": ticket.created_at,
            }
        )


def _known_party(session: Session, source: Mapping[str, Any]) -> str | None:
    for name in ("party_id", "customer_id"):
        party = session.get(Party, text(source, name)) if text(source, name) else None
        if party is not None:
            return party.id
    return None


def _kind(source: Mapping[str, Any]) -> str | None:
    """The kind that the sender gave; other processes' words count as a request."""
    kind = text(source, "kind")
    return kind if kind in KINDS else "request" if kind else None


def _as_variables(session: Session, job: Job, ticket: Ticket, known: Mapping[str, Any]) -> dict[str, Any]:
    contact = find(session, Contact, ticket.contact_id) if ticket.contact_id else None
    contract = find(session, Contract, ticket.contract_id) if ticket.contract_id else None
    return {
        "party_id": ticket.party_id,
        "customer_name": known["party_name"] or text(job.variables, "contact_name", "unknown customer"),
        "contact_id": ticket.contact_id,
        "contact_email": (contact.email if contact else None) or text(job.variables, "contact_email") or None,
        "serial": known["serial"] or text(job.variables, "serial") or None,
        "product_sku": known["product_sku"],
        "product_name": known["product_name"],
        "tier": known["tier"],
        "contract_tier": known["contract_tier"],
        "around_the_clock": bool(contract and contract.around_the_clock),
        "customer_known": ticket.party_id is not None,
    }


@handlers.register("service.similar")
def similar(job: Job) -> Mapping[str, Any]:
    """Open tickets that say the same, solved ones, articles; and how sure we are without a person's triage (0 to 1)."""
    source = job.variables
    with job.resources.transaction(job) as session:
        found = similar_tickets(session, ticket_id=required_text(source, "ticket_id"), now=job.now)
    suggestions = [
        *(_suggestion("open ticket", row["number"], row["text"], row["score"]) for row in found["duplicates"]),
        *(
            _suggestion("known problem", row["number"], f"{row['text']} → {row['resolution']}", row["score"])
            for row in found["known_problems"]
        ),
        *(_suggestion("article", "", row["question"], row["score"]) for row in found["articles"]),
    ]
    return {"suggestions": suggestions, "confidence": _confidence(source, duplicates=bool(found["duplicates"]))}


def _suggestion(kind: str, number: str, title: str, score: float) -> dict[str, Any]:
    return {"kind": kind, "number": number, "title": title[:160], "score": Decimal(str(score))}


def _confidence(source: Mapping[str, Any], *, duplicates: bool) -> Decimal:
    """Planned visits of known machines are sure; else what triage asks must be there, and nothing like it be open."""
    if not flag(source, "customer_known") or duplicates:
        return Decimal(0)
    if text(source, "kind") == "preventive":
        return Decimal(1) if text(source, "product_sku") else Decimal(0)
    given = [name for name in TRIAGE if text(source, name)]
    machine = bool(text(source, "product_sku")) or text(source, "kind") in ("question", "request", "complaint")
    return (Decimal(len(given) + machine) / (len(TRIAGE) + 1)).quantize(Decimal("0.01"))


@handlers.register("service.keep_triage")
def keep_triage(job: Job) -> Mapping[str, Any]:
    """Keep what triage found, identify again by what it changed, and gather what the entitlement decision looks at."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        ticket = find(session, Ticket, required_text(source, "ticket_id"))
        if ticket.party_id is None:
            ticket.party_id = _known_party(session, source)
        identify_ticket(session, ticket_id=ticket.id, serial=text(source, "serial") or None, now=job.now)
        kind = text(source, "kind", "fault")
        symptom = text(source, "symptom_code", "preventive" if kind == "preventive" else "other")
        changes = {
            "kind": kind,
            "category": text(source, "category", "other"),
            "symptom": symptom,
            "impact": text(source, "impact", "none"),
            "urgency": text(source, "urgency", "week"),
            "safety_risk": flag(source, "safety_risk"),
        }
        triage_ticket(session, ticket_id=ticket.id, changes=changes)
        known = identification(session, ticket_id=ticket.id, now=job.now)
        original = _open_original(session, ticket, text(source, "duplicate_of"))
        return once.keep(
            {
                **_as_variables(session, job, ticket, known),
                **{name: value for name, value in changes.items() if name != "symptom"},
                "symptom_code": symptom,
                "duplicate_of": original.number if original else None,
                "ticket_status": ticket.status,
                **_entitlement(session, job, ticket),
            }
        )


def _open_original(session: Session, ticket: Ticket, number: str) -> Ticket | None:
    if not number or number == ticket.number:
        return None
    return session.scalar(select(Ticket).where(Ticket.number == number))


def _entitlement(session: Session, job: Job, ticket: Ticket) -> dict[str, Any]:
    facts = entitlement_facts(session, ticket_id=ticket.id, now=job.now)
    left, expired = facts["visits_left"], facts["warranty_expired_days"]
    return {
        "warranty_valid": facts["under_warranty"],
        "contract_covers": facts["has_contract"] and facts["coverage"] != "none" and (left is None or left > 0),
        "days_out_of_warranty": NEVER_UNDER_WARRANTY if expired is None else max(expired, 0),
        "cause_misuse": flag(job.variables, "cause_misuse"),
    }


@handlers.register("service.merge_ticket")
def merge_ticket(job: Job) -> Mapping[str, Any]:
    """Add this ticket's words to the open one and tell the customer."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        ticket = find(session, Ticket, required_text(source, "ticket_id"))
        original = session.scalar(select(Ticket).where(Ticket.number == required_text(source, "duplicate_of")))
        merge_tickets(session, ticket_id=ticket.id, into_id=original.id if original else "", now=job.now)
        send_notice(session, job, "merged", ticket, source)
        return once.keep({"ticket_status": "merged"})
