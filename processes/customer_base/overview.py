"""What the customer base holds, in figures: how many, how complete, worth how much, with whose leave."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from processes.customer_base.tables import (
    Activity,
    Campaign,
    ChannelEstimate,
    Characteristic,
    Consent,
    Contact,
    ContentAsset,
    Contract,
    Interaction,
    Lead,
    Order,
    Party,
    Quote,
    ReturnOrder,
    Segment,
    SegmentMember,
    Send,
    Survey,
    Target,
    Ticket,
)

NO_CUSTOMERS = ("merged", "inactive", "supplier")  # states of parties
NO_SALES = ("cancelled", "refused", "new")  # states of orders
CLOSED = ("closed", "cancelled", "merged")  # states of tickets
OVER = ("closed", "rejected", "cancelled", "not_received")  # states of returns
ANSWERED_REQUESTS = "data_protection"  # category of tickets in which people ask for their own data
TOP = 5  # one of so many buyers belongs to the best


@dataclass(frozen=True)
class Completeness:
    """How many of the customers have a fact."""

    fact: str  # industry | country | city | tax_id | employees | owner
    filled: int
    of: int

    @property
    def share(self) -> float:
        return self.filled / self.of if self.of else 0.0


@dataclass(frozen=True)
class Overview:
    """`figures` by key: counts, and None where there is nothing to count from; shares are 0 to 1."""

    figures: dict[str, Any]
    completeness: tuple[Completeness, ...]
    currency: str | None  # of the values; None: none or several


FACTS = ("industry", "country", "city", "tax_id", "employees", "owner")


def overview(session: Session, *, now: datetime) -> Overview:
    """The figures of the enterprise to which the session is bound, in a constant number of statements."""
    customers, completeness = _customers(session)
    values, currency = _values(session)
    filled = sum(each.filled for each in completeness) / (len(FACTS) * customers) if customers else None
    figures = {
        "customers": customers,
        "filled": filled,
        **_contacts(session),
        **_consents(session),
        **values,
        **_counts(session, now),
    }
    return Overview(figures, completeness, currency)


def _customers(session: Session) -> tuple[int, tuple[Completeness, ...]]:
    live = Party.status.not_in(NO_CUSTOMERS)
    filled = (func.count(getattr(Party, fact)) for fact in FACTS)
    row = session.execute(select(func.count(Party.id), *filled).where(live)).one()
    return row[0], tuple(Completeness(fact, count, row[0]) for fact, count in zip(FACTS, row[1:], strict=True))


def _contacts(session: Session) -> dict[str, int]:
    """Contacts of customers, and those whom a mail or a call can reach."""
    by_mail = Contact.email.is_not(None) & Contact.email_invalid.is_(False)
    by_phone = Contact.phone.is_not(None) & Contact.do_not_call.is_(False)
    row = session.execute(
        select(
            func.count(Contact.id),
            func.sum(case((or_(by_mail, by_phone), 1), else_=0)),
            func.sum(case((Contact.do_not_call.is_(True), 1), else_=0)),
        )
    ).one()
    return {"contacts": row[0], "reachable": int(row[1] or 0), "do_not_call": int(row[2] or 0)}


def _consents(session: Session) -> dict[str, int]:
    valid = Consent.withdrawn_at.is_(None)
    has_one = select(Consent.id).where(Consent.contact_id == Contact.id, valid)
    return {
        "consents": session.scalar(select(func.count(Consent.id)).where(valid)) or 0,
        "withdrawn": session.scalar(select(func.count(Consent.id)).where(Consent.withdrawn_at.is_not(None))) or 0,
        "without_consent": session.scalar(select(func.count(Contact.id)).where(~has_one.exists())) or 0,
    }


def _values(session: Session) -> tuple[dict[str, Any], str | None]:
    """What buyers have bought so far: the median, and the share of the best fifth; in one currency only."""
    bought = select(Order.party_id, func.sum(Order.net_total), func.min(Order.currency), func.max(Order.currency))
    rows = session.execute(bought.where(Order.status.not_in(NO_SALES)).group_by(Order.party_id)).all()
    figures: dict[str, Any] = {"buyers": len(rows), "value_per_buyer": None, "top_fifth": None}
    currencies = {currency for row in rows for currency in row[2:]}
    if len(currencies) != 1:
        return figures, None
    amounts = sorted((Decimal(row[1]) for row in rows), reverse=True)
    total = sum(amounts)
    best = amounts[: max(1, len(amounts) // TOP)]
    figures["value_per_buyer"] = amounts[len(amounts) // 2]
    figures["top_fifth"] = float(sum(best) / total) if total else None
    return figures, currencies.pop()


def _counts(session: Session, now: datetime) -> dict[str, int]:
    """Plain counts, all in one statement."""
    live_send = Send.kind == "live"
    counted = {
        "interactions": select(func.count(Interaction.id)),
        "characteristics": select(func.count(Characteristic.id)),
        "segments": select(func.count(Segment.key.distinct())),
        "segment_members": select(func.count(SegmentMember.contact_id.distinct())),
        "target_lists": select(func.count(Target.campaign_id.distinct())),
        "targets": select(func.count(Target.contact_id.distinct())),
        "held_out": select(func.count(Target.id)).where(Target.hold_out.is_(True)),
        "leads_qualified": select(func.count(Lead.id)).where(Lead.status.in_(("qualified", "converted"))),
        "channels": select(func.count(Activity.channel.distinct())),
        "sends": select(func.count(Send.id)).where(live_send),
        "channel_estimates": select(func.count(ChannelEstimate.id)),
        "contents": select(func.count(ContentAsset.id)).where(
            ContentAsset.approved_at.is_not(None), ContentAsset.archived.is_(False)
        ),
        "quotes": select(func.count(Quote.id)).where(Quote.sent_at.is_not(None)),
        "campaigns": select(func.count(Campaign.id)),
        "campaigns_running": select(func.count(Campaign.id)).where(Campaign.status == "running"),
        "contracts": select(func.count(Contract.id)).where(
            Contract.valid_from <= now.date(), Contract.valid_to >= now.date()
        ),
        "tickets_open": select(func.count(Ticket.id)).where(Ticket.status.not_in(CLOSED)),
        "returns": select(func.count(ReturnOrder.id)).where(ReturnOrder.status.not_in(OVER)),
        "subject_requests": select(func.count(Ticket.id)).where(Ticket.category == ANSWERED_REQUESTS),
        "surveys": select(func.count(Survey.id)).where(Survey.answered_at.is_not(None)),
    }
    row = session.execute(select(*(each.scalar_subquery().label(name) for name, each in counted.items()))).one()
    return dict(row._mapping)
