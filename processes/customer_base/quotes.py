"""Offers to customers, version by version."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.numbering import next_number
from processes.customer_base.pricing import Offer
from processes.customer_base.scope import add, find
from processes.customer_base.tables import Opportunity, Party, Quote, QuoteLine

VALID_DAYS = 30
DECISIONS = {"accept": "accepted", "reject": "rejected", "change": "superseded"}


def create_quote(
    session: Session,
    *,
    party_id: str,
    offer: Offer,
    now: datetime,
    contact_id: str | None = None,
    opportunity_id: str | None = None,
    valid_days: int = VALID_DAYS,
    terms: str | None = None,
    payment_days: int = 30,
    language: str | None = None,
    revises: Quote | None = None,
) -> Quote:
    """A quote with the offer's frozen prices; with `revises`, the next version of that one, which is superseded."""
    party = find(session, Party, party_id)
    if revises is not None:
        revises.status = "superseded"
    quote = Quote(
        number=revises.number if revises else next_number(session, "quote", now),
        version=revises.version + 1 if revises else 1,
        status="draft",
        party_id=party_id,
        contact_id=contact_id,
        opportunity_id=opportunity_id,
        currency=offer.currency,
        list_total=offer.list_total,
        net_total=offer.net_total,
        freight=offer.freight,
        tax=offer.tax,
        total=offer.total,
        margin_share=offer.margin_share,
        discount_share=offer.discount_share,
        valid_to=now.date() + timedelta(days=valid_days),
        terms=terms,
        payment_days=payment_days,
        language=language or party.language,
        created_at=now,
    )
    quote.lines = [
        QuoteLine(
            position=position,
            product_sku=line.sku,
            description=line.description,
            quantity=line.quantity,
            list_price=line.list_price,
            unit_price=line.unit_price,
            discount_share=line.discount_share,
            net=line.net,
            tax=line.tax,
            unit_cost=line.unit_cost,
            lead_time_days=line.lead_time_days,
            configuration=line.configuration,
            reasons=list(line.reasons),
        )
        for position, line in enumerate(offer.lines, start=1)
    ]
    add(session, quote)
    if opportunity_id:
        opportunity = find(session, Opportunity, opportunity_id)
        opportunity.amount, opportunity.stage = offer.net_total, "proposal"
    return quote


def revise_quote(
    session: Session, *, quote_id: str, offer: Offer, now: datetime, valid_days: int = VALID_DAYS
) -> Quote:
    """The next version of a quote with new prices; the earlier version is superseded."""
    earlier = find(session, Quote, quote_id)
    if earlier.status == "accepted":
        raise InvalidState(f"Quote {earlier.number} v{earlier.version} is accepted: change the order instead.")
    return create_quote(
        session,
        party_id=earlier.party_id,
        offer=offer,
        contact_id=earlier.contact_id,
        opportunity_id=earlier.opportunity_id,
        terms=earlier.terms,
        payment_days=earlier.payment_days,
        language=earlier.language,
        valid_days=valid_days,
        revises=earlier,
        now=now,
    )


def latest_quote(session: Session, number: str) -> Quote | None:
    """The newest version of a quote number."""
    return session.scalar(select(Quote).where(Quote.number == number).order_by(Quote.version.desc()).limit(1))


def approve_quote(session: Session, *, quote_id: str) -> Quote:
    """The prices may go out."""
    quote = find(session, Quote, quote_id)
    _expect(quote, ("draft", "approved"))
    quote.status = "approved"
    return quote


def mark_sent(session: Session, *, quote_id: str, now: datetime) -> Quote:
    """The quote has gone to the customer."""
    quote = find(session, Quote, quote_id)
    _expect(quote, ("draft", "approved", "sent"))
    if quote.status != "sent":
        quote.status, quote.sent_at = "sent", now
        record_behaviour(session, item="received quote", party_id=quote.party_id, value=quote.number, now=now)
    return quote


def decide_quote(session: Session, *, quote_id: str, decision: str, now: datetime, reason: str | None = None) -> Quote:
    """The customer's `accept`, `reject` or `change`; deciding the same twice changes nothing."""
    if decision not in DECISIONS:
        raise InvalidInput(f"A decision on a quote is accept, reject or change, found '{decision}'.")
    quote = find(session, Quote, quote_id)
    if quote.decision == decision:
        return quote
    _expect(quote, ("draft", "approved", "sent", "expired"))
    if decision == "accept" and now.date() > quote.valid_to:
        raise InvalidState(f"Quote {quote.number} was valid until {quote.valid_to}: extend it or make a new version.")
    quote.status, quote.decision, quote.decision_reason, quote.decided_at = DECISIONS[decision], decision, reason, now
    record_behaviour(session, item=f"quote {DECISIONS[decision]}", party_id=quote.party_id, value=quote.number, now=now)
    return quote


def expire_quote(session: Session, *, quote_id: str) -> Quote:
    """Nobody decided in time."""
    quote = find(session, Quote, quote_id)
    _expect(quote, ("draft", "approved", "sent", "expired"))
    quote.status = "expired"
    return quote


def extend_quote(session: Session, *, quote_id: str, valid_to: date) -> Quote:
    """Keep an open or expired quote's prices until a later day."""
    quote = find(session, Quote, quote_id)
    _expect(quote, ("draft", "approved", "sent", "expired"))
    if valid_to <= quote.valid_to:
        raise InvalidInput(f"The new last day must lie after {quote.valid_to}, found {valid_to}.")
    quote.valid_to = valid_to
    quote.status = "sent" if quote.sent_at else "draft"
    return quote


def _expect(quote: Quote, states: tuple[str, ...]) -> None:
    if quote.status not in states:
        raise InvalidState(f"Quote {quote.number} v{quote.version} is {quote.status}: open its latest version.")
