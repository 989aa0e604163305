"""The customer page: everything about one party in one answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from processes.customer_base.amounts import ZERO
from processes.customer_base.characteristics import current_characteristics
from processes.customer_base.credit import credit_facts
from processes.customer_base.interactions import timeline
from processes.customer_base.invoicing import receivables, revenue
from processes.customer_base.parties import contacts_of, resolve_party
from processes.customer_base.segments import recency_frequency_value
from processes.customer_base.tables import (
    Consent,
    Contact,
    Contract,
    InstalledProduct,
    Interaction,
    Invoice,
    Lead,
    Opportunity,
    Order,
    Party,
    Quote,
    ReturnOrder,
    Site,
    Ticket,
)

MOST_ROWS = 50


@dataclass(frozen=True)
class Profile:
    """A party all around: rows newest first, at most 50 of each."""

    party: Party
    contacts: list[Contact]
    sites: list[Site]
    consents: list[Consent]
    characteristics: Mapping[str, list[dict[str, Any]]]  # descriptive, behavioural, external
    interactions: list[Interaction]
    leads: list[Lead]
    opportunities: list[Opportunity]
    quotes: list[Quote]
    orders: list[Order]
    invoices: list[Invoice]
    receivables: list[dict[str, Any]]
    installed_products: list[InstalledProduct]
    contracts: list[Contract]
    tickets: list[Ticket]
    returns: list[ReturnOrder]
    credit: dict[str, Any]
    figures: dict[str, Any]  # revenue, orders, open_tickets, days_since_order, class
    children: list[Party]  # parties below this one


def profile(session: Session, party_id: str, *, now: datetime) -> Profile:
    """Everything about a party; for a merged one: the party it was merged into."""
    party = resolve_party(session, party_id)
    contacts = contacts_of(session, party.id)
    orders = _newest(session, Order, party.id)
    tickets = _newest(session, Ticket, party.id)
    return Profile(
        party=party,
        contacts=contacts,
        sites=_newest(session, Site, party.id),
        consents=_consents(session, contacts),
        characteristics=current_characteristics(session, party_id=party.id),
        interactions=timeline(session, party_id=party.id, limit=MOST_ROWS),
        leads=_newest(session, Lead, party.id),
        opportunities=_newest(session, Opportunity, party.id),
        quotes=_newest(session, Quote, party.id),
        orders=orders,
        invoices=_newest(session, Invoice, party.id),
        receivables=receivables(session, on=now.date(), party_id=party.id),
        installed_products=_newest(session, InstalledProduct, party.id),
        contracts=_newest(session, Contract, party.id),
        tickets=tickets,
        returns=_newest(session, ReturnOrder, party.id),
        credit=credit_facts(session, party_id=party.id, amount=ZERO, now=now),
        figures=_figures(session, party, orders, tickets, now),
        children=list(session.scalars(select(Party).where(Party.hierarchy_parent_id == party.id).order_by(Party.name))),
    )


def _newest(session: Session, table: Any, party_id: str) -> list[Any]:
    statement = select(table).where(table.party_id == party_id).order_by(table.created_at.desc(), table.id.desc())
    return list(session.scalars(statement.limit(MOST_ROWS)))


def _consents(session: Session, contacts: list[Contact]) -> list[Consent]:
    ids = [contact.id for contact in contacts]
    return list(session.scalars(select(Consent).where(Consent.contact_id.in_(ids)).order_by(Consent.given_at)))


def _figures(
    session: Session, party: Party, orders: list[Order], tickets: list[Ticket], now: datetime
) -> dict[str, Any]:
    live = [order for order in orders if order.status not in ("new", "cancelled", "refused")]
    last_at = max((order.ordered_at for order in live), default=None)
    days = (now - last_at).days if last_at else None
    total: Decimal = revenue(session, party_id=party.id)
    return {
        "revenue": total,
        "orders": len(live),
        "open_tickets": sum(ticket.status in ("new", "open", "waiting", "scheduled") for ticket in tickets),
        "days_since_order": days,
        "class": recency_frequency_value({"orders": len(live), "days_since_order": days}),
    }
