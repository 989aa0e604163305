"""Tickets: who is it, have we seen it, who pays, and how it ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.interactions import log_interaction
from processes.customer_base.numbering import next_number
from processes.customer_base.parties import find_contact, primary_contact
from processes.customer_base.scope import add, find
from processes.customer_base.tables import (
    Contact,
    Contract,
    InstalledProduct,
    KnowledgeArticle,
    Party,
    Product,
    Ticket,
)

OPEN = ("new", "open", "waiting", "scheduled")
TRIAGE_FIELDS = {
    "kind", "category", "symptom", "impact", "urgency", "safety_risk", "priority", "installed_product_id", "party_id",
    "contact_id", "owner", "entitlement", "status", "root_cause",
}  # fmt: skip
DUPLICATE_DAYS = 7
REOPEN_DAYS = 7


def create_ticket(
    session: Session,
    *,
    channel: str,
    text: str,
    now: datetime,
    caller: str | None = None,
    serial: str | None = None,
    external_key: str | None = None,
    extra: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Ticket:
    """A new ticket, its customer and machine identified where that is clear; a known external key gives the first."""
    if external_key:
        known = session.scalar(select(Ticket).where(Ticket.external_key == external_key))
        if known:
            return known
    ticket = Ticket(
        number=next_number(session, "ticket", now),
        channel=channel,
        caller=caller,
        text=text,
        external_key=external_key,
        extra=dict(extra or {}),
        created_at=now,
        **fields,
    )
    add(session, ticket)
    identify_ticket(session, ticket_id=ticket.id, serial=serial, now=now)
    log_interaction(
        session,
        channel=channel,
        direction="in",
        subject=f"Ticket {ticket.number}",
        body=text,
        party_id=ticket.party_id,
        contact_id=ticket.contact_id,
        references={"ticket": ticket.number},
        now=now,
    )
    if ticket.party_id:
        record_behaviour(session, item="opened ticket", party_id=ticket.party_id, value=ticket.number, now=now)
    return ticket


def identify_ticket(session: Session, *, ticket_id: str, now: datetime, serial: str | None = None) -> dict[str, Any]:
    """Find customer, contact, machine, contract and warranty by serial number, e-mail address or phone.

    `{known, party_id, party_name, tier, contact_id, installed_product_id, product_sku, product_name, serial,
    contract_id, contract_tier, under_warranty, candidates}`; `candidates` when several contacts fit.
    """
    ticket = find(session, Ticket, ticket_id)
    installed = session.scalar(select(InstalledProduct).where(InstalledProduct.serial == serial)) if serial else None
    contacts = find_contact(session, caller=ticket.caller) if ticket.caller else []
    if installed:
        ticket.installed_product_id, ticket.party_id = installed.id, installed.party_id
        contacts = [contact for contact in contacts if contact.party_id == installed.party_id] or contacts[:0]
    parties = {contact.party_id for contact in contacts}
    if ticket.party_id is None and len(parties) == 1:
        ticket.party_id = parties.pop()
    if ticket.contact_id is None and ticket.party_id:
        own = [contact for contact in contacts if contact.party_id == ticket.party_id]
        contact = own[0] if own else primary_contact(session, ticket.party_id)
        ticket.contact_id = contact.id if contact else None
    contract = valid_contract(session, party_id=ticket.party_id, now=now, installed=installed)
    ticket.contract_id = contract.id if contract else None
    session.flush()
    return identification(session, ticket_id=ticket_id, now=now) | {
        "candidates": [] if ticket.party_id else [_candidate(session, contact) for contact in contacts]
    }


def identification(session: Session, *, ticket_id: str, now: datetime) -> dict[str, Any]:
    """What is known of a ticket's customer and machine, see `identify_ticket`."""
    ticket = find(session, Ticket, ticket_id)
    party = find(session, Party, ticket.party_id) if ticket.party_id else None
    installed = find(session, InstalledProduct, ticket.installed_product_id) if ticket.installed_product_id else None
    contract = find(session, Contract, ticket.contract_id) if ticket.contract_id else None
    product = session.scalar(select(Product).where(Product.sku == installed.product_sku)) if installed else None
    return {
        "known": party is not None,
        "party_id": party.id if party else None,
        "party_name": party.name if party else None,
        "tier": party.tier if party else "standard",
        "contact_id": ticket.contact_id,
        "installed_product_id": installed.id if installed else None,
        "site_id": installed.site_id if installed else None,
        "product_sku": installed.product_sku if installed else None,
        "product_name": product.name if product else None,
        "serial": installed.serial if installed else None,
        "contract_id": contract.id if contract else None,
        "contract_tier": contract.tier if contract else None,
        "under_warranty": bool(installed and installed.warranty_to >= now.date()),
        "candidates": [],
    }


def valid_contract(
    session: Session, *, party_id: str | None, now: datetime, installed: InstalledProduct | None = None
) -> Contract | None:
    """The contract that covers a machine now, else the party's own."""
    today = now.date()
    if installed and installed.contract_id:
        contract = find(session, Contract, installed.contract_id)
        if contract.valid_from <= today <= contract.valid_to:
            return contract
    if not party_id:
        return None
    return session.scalar(
        select(Contract)
        .where(Contract.party_id == party_id, Contract.valid_from <= today, Contract.valid_to >= today)
        .order_by(Contract.valid_to.desc())
        .limit(1)
    )


def similar_tickets(session: Session, *, ticket_id: str, now: datetime, limit: int = 5) -> dict[str, Any]:
    """What resembles a ticket: `{duplicates, known_problems, articles}`, lists of dicts, best first.

    duplicates: open tickets of the same machine or customer within 7 days; known_problems: solved tickets with a like
    text; articles: answers that fit.
    """
    ticket = find(session, Ticket, ticket_id)
    recent = select(Ticket).where(
        Ticket.id != ticket.id, Ticket.status.in_(OPEN), Ticket.created_at >= now - timedelta(days=DUPLICATE_DAYS)
    )
    same = [
        column == value
        for column, value in (
            (Ticket.installed_product_id, ticket.installed_product_id),
            (Ticket.party_id, ticket.party_id),
        )
        if value
    ]
    duplicates = [_likeness(ticket, other) for other in session.scalars(recent.where(or_(*same)))] if same else []
    duplicates = [row for row in duplicates if row["score"] >= 0.4 or row["same_machine"]]
    solved = session.scalars(
        select(Ticket)
        .where(Ticket.id != ticket.id, Ticket.resolution.is_not(None))
        .order_by(Ticket.created_at.desc())
        .limit(500)
    )
    known = [row for row in (_likeness(ticket, other) for other in solved) if row["score"] >= 0.6]
    return {
        "duplicates": _best(duplicates, limit),
        "known_problems": _best(known, limit),
        "articles": suggest_articles(session, text=ticket.text, symptom=ticket.symptom, limit=limit),
    }


def suggest_articles(
    session: Session, *, text: str, symptom: str | None = None, language: str | None = None, limit: int = 5
) -> list[dict[str, Any]]:
    """Published answers that fit a text: `[{article_id, question, answer, score}]`, best first."""
    statement = select(KnowledgeArticle).where(KnowledgeArticle.published.is_(True))
    if language:
        statement = statement.where(KnowledgeArticle.language == language)
    rows = []
    for article in session.scalars(statement):
        score = fuzz.token_set_ratio(text.casefold(), article.question.casefold()) / 100
        if symptom and article.symptom == symptom:
            score = min(score + 0.3, 1.0)
        if score >= 0.45:
            rows.append(
                {
                    "article_id": article.id,
                    "question": article.question,
                    "answer": article.answer,
                    "score": round(score, 2),
                }
            )
    return _best(rows, limit)


def triage_ticket(session: Session, *, ticket_id: str, changes: Mapping[str, Any]) -> Ticket:
    """Keep what triage found (`TRIAGE_FIELDS`)."""
    unknown = sorted(set(changes) - TRIAGE_FIELDS)
    if unknown:
        raise InvalidInput(f"Triage cannot set {', '.join(unknown)}; known are {', '.join(sorted(TRIAGE_FIELDS))}.")
    ticket = find(session, Ticket, ticket_id)
    for field, value in changes.items():
        setattr(ticket, field, value)
    if ticket.status == "new":
        ticket.status = "open"
    session.flush()
    return ticket


def entitlement_facts(session: Session, *, ticket_id: str, now: datetime) -> dict[str, Any]:
    """What the entitlement decision looks at.

    `{under_warranty, has_contract, contract_tier, coverage, visits_left, warranty_expired_days, tier}`; visits_left
    None: unlimited.
    """
    ticket = find(session, Ticket, ticket_id)
    known = identification(session, ticket_id=ticket_id, now=now)
    contract = find(session, Contract, ticket.contract_id) if ticket.contract_id else None
    installed = find(session, InstalledProduct, ticket.installed_product_id) if ticket.installed_product_id else None
    expired = (now.date() - installed.warranty_to).days if installed else None
    left = (
        contract.included_visits - contract.used_visits if contract and contract.included_visits is not None else None
    )
    return {
        "under_warranty": known["under_warranty"],
        "has_contract": contract is not None,
        "contract_tier": contract.tier if contract else None,
        "coverage": contract.coverage if contract else "none",
        "visits_left": left,
        "warranty_expired_days": expired,
        "tier": known["tier"],
    }


def note_response(session: Session, *, ticket_id: str, now: datetime) -> Ticket:
    """Somebody answered the customer: the response clock stops at the first time."""
    ticket = find(session, Ticket, ticket_id)
    ticket.first_response_at = ticket.first_response_at or now
    return ticket


def resolve_ticket(
    session: Session, *, ticket_id: str, resolution: str, now: datetime, root_cause: str | None = None
) -> Ticket:
    """The problem is solved."""
    ticket = note_response(session, ticket_id=ticket_id, now=now)
    _expect_open(ticket, "resolved")
    ticket.status, ticket.resolved_at, ticket.resolution = "resolved", now, resolution
    ticket.root_cause = root_cause or ticket.root_cause
    return ticket


def reopen_ticket(session: Session, *, ticket_id: str, now: datetime, text: str | None = None) -> Ticket:
    """The customer says it is not solved; within 7 days of resolving."""
    ticket = find(session, Ticket, ticket_id)
    if ticket.status not in ("resolved", "closed") or ticket.resolved_at is None:
        raise InvalidState(f"Ticket {ticket.number} is {ticket.status}: there is nothing to reopen.")
    if now - ticket.resolved_at > timedelta(days=REOPEN_DAYS):
        raise InvalidState(f"Ticket {ticket.number} was resolved more than {REOPEN_DAYS} days ago: open a new one.")
    ticket.status, ticket.reopened, ticket.resolved_at, ticket.closed_at = "open", ticket.reopened + 1, None, None
    if ticket.party_id:
        record_behaviour(
            session, item="reopened ticket", party_id=ticket.party_id, value=text or ticket.number, now=now
        )
    return ticket


def close_ticket(session: Session, *, ticket_id: str, now: datetime) -> Ticket:
    """Nothing more to do."""
    ticket = find(session, Ticket, ticket_id)
    ticket.status, ticket.closed_at = "closed", ticket.closed_at or now
    return ticket


def cancel_ticket(session: Session, *, ticket_id: str, now: datetime, reason: str | None = None) -> Ticket:
    """The customer does not need it any more."""
    ticket = find(session, Ticket, ticket_id)
    ticket.status, ticket.closed_at, ticket.resolution = "cancelled", now, reason
    return ticket


def merge_tickets(session: Session, *, ticket_id: str, into_id: str, now: datetime) -> Ticket:
    """This ticket says the same as another one: its text is added there. Gives the ticket that goes on."""
    ticket, keep = find(session, Ticket, ticket_id), find(session, Ticket, into_id)
    if ticket.id == keep.id:
        raise InvalidInput("A ticket cannot be a duplicate of itself: choose the other one.")
    ticket.status, ticket.duplicate_of_id, ticket.closed_at = "merged", keep.id, now
    log_interaction(
        session,
        channel=ticket.channel,
        direction="in",
        subject=f"Ticket {ticket.number} joined {keep.number}",
        body=ticket.text,
        party_id=keep.party_id,
        references={"ticket": keep.number},
        now=now,
    )
    return keep


def _expect_open(ticket: Ticket, wanted: str) -> None:
    if ticket.status not in (*OPEN, "resolved"):
        raise InvalidState(f"Ticket {ticket.number} is {ticket.status} and cannot be {wanted}: reopen it first.")


def _candidate(session: Session, contact: Contact) -> dict[str, Any]:
    party = find(session, Party, contact.party_id)
    return {"contact_id": contact.id, "name": contact.name, "party_id": party.id, "party_name": party.name}


def _likeness(ticket: Ticket, other: Ticket) -> dict[str, Any]:
    return {
        "ticket_id": other.id,
        "number": other.number,
        "text": other.text,
        "status": other.status,
        "resolution": other.resolution,
        "same_machine": bool(ticket.installed_product_id) and other.installed_product_id == ticket.installed_product_id,
        "score": round(fuzz.token_set_ratio(ticket.text.casefold(), other.text.casefold()) / 100, 2),
    }


def _best(rows: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: -row["score"])[:limit]
