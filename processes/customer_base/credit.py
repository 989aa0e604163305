"""How far we trust a customer: profile, exposure, and the facts that the credit decision asks for."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from processes.customer_base.amounts import ZERO
from processes.customer_base.invoicing import receivables
from processes.customer_base.scope import add, find
from processes.customer_base.tables import CreditProfile, Invoice, Order, Party

STARTER_LIMIT = Decimal(20000)
OPEN_ORDERS = ("confirmed", "partly_delivered")


def credit_profile(session: Session, *, party_id: str, now: datetime) -> CreditProfile:
    """The party's profile; a new one with the starter limit when there was none."""
    profile = _known_profile(session, party_id)
    if profile:
        return profile
    find(session, Party, party_id)
    return add(session, _starter_profile(party_id, now))


def credit_facts(
    session: Session,
    *,
    party_id: str,
    amount: Decimal,
    now: datetime,
    prepaid: bool = False,
    order_id: str | None = None,
) -> dict[str, Any]:
    """What a credit decision looks at, in the names of the shipped decision table.

    `{blocked, prepaid, overdue_days, overdue_amount, outstanding, open_orders, exposure, amount, credit_limit,
    starter_limit, new_customer, risk_class, terms_days, headroom, overdue_invoices}`; `exposure` is outstanding + open
    orders, without this order; `credit_limit` is the starter limit while none is agreed.
    """
    profile = _known_profile(session, party_id) or _starter_profile(party_id, now)
    due = receivables(session, on=now.date(), party_id=party_id)
    overdue = [item for item in due if item["days_overdue"] > 0]
    outstanding = sum((item["open"] for item in due), ZERO)
    open_orders = _uninvoiced_orders(session, party_id, order_id)
    limit = profile.credit_limit if profile.credit_limit is not None else profile.starter_limit
    return {
        "blocked": profile.blocked,
        "prepaid": prepaid,
        "overdue_days": max((item["days_overdue"] for item in overdue), default=0),
        "overdue_amount": sum((item["open"] for item in overdue), ZERO),
        "outstanding": outstanding,
        "open_orders": open_orders,
        "exposure": outstanding + open_orders,
        "amount": amount,
        "credit_limit": limit,
        "starter_limit": profile.starter_limit,
        "new_customer": profile.credit_limit is None and not _has_paid(session, party_id),
        "risk_class": profile.risk_class,
        "terms_days": profile.terms_days,
        "headroom": limit - outstanding - open_orders - amount,
        "overdue_invoices": overdue,
    }


def change_credit(
    session: Session,
    *,
    party_id: str,
    now: datetime,
    credit_limit: Decimal | None = None,
    blocked: bool | None = None,
    reason: str | None = None,
    risk_class: str | None = None,
) -> CreditProfile:
    """Raise or lower the limit, block or release, set the risk class; what is None stays."""
    profile = credit_profile(session, party_id=party_id, now=now)
    if credit_limit is not None:
        profile.credit_limit = credit_limit
    if blocked is not None:
        profile.blocked, profile.blocked_reason = blocked, reason if blocked else None
    if risk_class is not None:
        profile.risk_class = risk_class
    profile.updated_at = now
    return profile


def ageing(session: Session, *, on: date, party_id: str | None = None) -> dict[str, Decimal]:
    """Open amounts by age: `{not_due, to_30, to_60, to_90, over_90}` (days overdue)."""
    buckets = {"not_due": ZERO, "to_30": ZERO, "to_60": ZERO, "to_90": ZERO, "over_90": ZERO}
    for item in receivables(session, on=on, party_id=party_id):
        days = item["days_overdue"]
        key = (
            "not_due" if days == 0 else "to_30" if days <= 30 else "to_60" if days <= 60 else "to_90" if days <= 90
            else "over_90"
        )  # fmt: skip
        buckets[key] += item["open"]
    return buckets


def _uninvoiced_orders(session: Session, party_id: str, except_order_id: str | None) -> Decimal:
    orders = session.scalars(select(Order).where(Order.party_id == party_id, Order.status.in_(OPEN_ORDERS)))
    total = ZERO
    for order in orders:
        if order.id != except_order_id and not order.prepaid:
            invoiced = session.scalar(select(func.sum(Invoice.total)).where(Invoice.order_id == order.id)) or ZERO
            total += max(order.total - invoiced, ZERO)
    return total


def _has_paid(session: Session, party_id: str) -> bool:
    paid = select(Invoice.id).where(Invoice.party_id == party_id, Invoice.status == "paid").limit(1)
    return session.scalar(paid) is not None


def _known_profile(session: Session, party_id: str) -> CreditProfile | None:
    return session.scalar(select(CreditProfile).where(CreditProfile.party_id == party_id))


def _starter_profile(party_id: str, now: datetime) -> CreditProfile:
    return CreditProfile(
        party_id=party_id, starter_limit=STARTER_LIMIT, risk_class="B", terms_days=30, blocked=False, updated_at=now
    )
