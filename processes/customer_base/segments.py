"""Audiences: who fits a rule, and who of them must be left out, with the reason.

A rule is `{"all": [condition, …]}` or `{"any": […]}`, a condition `{"field": …, "op": …, "value": …}` with op
`= != in not_in >= <= contains is_known` over the fields of `FIELDS`, or over a characteristic as `item:<name>`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.amounts import ZERO, decimal_of
from processes.customer_base.scope import add, find
from processes.customer_base.tables import (
    Characteristic,
    Consent,
    Contact,
    CreditProfile,
    InstalledProduct,
    Order,
    OrderLine,
    Party,
    Segment,
    SegmentMember,
    Send,
    Ticket,
)

FIELDS = (
    "kind", "industry", "employees", "country", "region", "city", "language", "status", "tier", "key_account", "owner",
    "annual_revenue", "orders", "revenue", "days_since_order", "bought", "installed",
)  # fmt: skip
CONTACT_CAP = 4  # marketing messages to one contact within CAP_DAYS, over all channels
CAP_DAYS = 30
CHANNEL_ADDRESS = {"email": "email", "sms": "phone", "phone": "phone", "im": "phone"}


@dataclass(frozen=True)
class Audience:
    """The contacts that a rule gives, and how many were left out for which reason."""

    members: tuple[tuple[str, str], ...]  # (contact id, party id)
    excluded: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.members)


def compute_audience(
    session: Session,
    *,
    rule: Mapping[str, Any],
    now: datetime,
    channels: Iterable[str] = ("email",),
    purpose: str = "marketing",
) -> Audience:
    """The contacts that may be addressed over at least one channel: one per party, the primary one if possible.

    Reasons for leaving out: employee, credit_block, open_complaint, no_contact, invalid_address, opted_out, no_consent,
    frequency_cap.
    """
    facts = party_facts(session, now=now)
    fitting = [party_id for party_id, values in facts.items() if fits(rule, values)]
    blocked = _ids(session, select(CreditProfile.party_id).where(CreditProfile.blocked.is_(True)))
    complaining = _ids(
        session,
        select(Ticket.party_id).where(
            Ticket.kind == "complaint", Ticket.status.not_in(("resolved", "closed", "cancelled", "merged"))
        ),
    )
    reach = _Reach(session, tuple(channels), purpose, now)
    members, excluded = [], Counter[str]()
    for party_id in fitting:
        if facts[party_id]["is_employee"]:
            excluded["employee"] += 1
        elif party_id in blocked:
            excluded["credit_block"] += 1
        elif party_id in complaining:
            excluded["open_complaint"] += 1
        else:
            found, reason = reach.contact_for(party_id)
            if found:
                members.append((found, party_id))
            else:
                excluded[reason] += 1
    return Audience(tuple(members), dict(excluded))


def save_segment(
    session: Session,
    *,
    key: str,
    name: str,
    rule: Mapping[str, Any],
    audience: Audience,
    now: datetime,
    campaign_id: str | None = None,
    hold_out_share: Decimal = ZERO,
) -> Segment:
    """Keep an audience as the next version of a segment, with its hold-out chosen."""
    last = session.scalar(select(func.max(Segment.version)).where(Segment.key == key)) or 0
    segment = Segment(
        key=key,
        version=last + 1,
        name=name,
        campaign_id=campaign_id,
        rule=dict(rule),
        size=audience.size,
        excluded=dict(audience.excluded),
        as_of=now,
        created_at=now,
    )
    add(session, segment)
    for contact_id, party_id in audience.members:
        session.add(
            SegmentMember(
                segment_id=segment.id,
                contact_id=contact_id,
                party_id=party_id,
                hold_out=is_held_out(key, contact_id, hold_out_share),
            )
        )
    session.flush()
    return segment


def set_hold_out(session: Session, *, segment_id: str, hold_out_share: Decimal) -> dict[str, int]:
    """Choose the hold-out anew; gives `{members, hold_out, addressed}`."""
    segment = find(session, Segment, segment_id)
    members = session.scalars(select(SegmentMember).where(SegmentMember.segment_id == segment_id)).all()
    for member in members:
        member.hold_out = is_held_out(segment.key, member.contact_id, hold_out_share)
    session.flush()
    held_out = sum(member.hold_out for member in members)
    return {"members": len(members), "hold_out": held_out, "addressed": len(members) - held_out}


def is_held_out(key: str, contact_id: str, share: Decimal) -> bool:
    """Whether a contact is left alone on purpose: decided by a hash, so the choice is even and can be repeated."""
    if not 0 <= share < 1:
        raise InvalidInput(f"The hold-out is a share from 0 to below 1, found {share}.")
    digest = hashlib.sha256(f"{key}/{contact_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def party_facts(session: Session, *, now: datetime) -> dict[str, dict[str, Any]]:
    """What rules can ask about every party (see `FIELDS`), by party id."""
    facts: dict[str, dict[str, Any]] = {}
    for party in session.scalars(select(Party).where(Party.status.not_in(("merged", "inactive", "supplier")))):
        values = {name: getattr(party, name, None) for name in FIELDS}
        values |= {"is_employee": party.is_employee, "orders": 0, "revenue": ZERO, "days_since_order": None}
        values |= {"bought": set(), "installed": set(), "items": {}}
        facts[party.id] = values
    live = Order.status.not_in(("cancelled", "refused", "new"))
    totals = select(Order.party_id, func.count(), func.sum(Order.net_total), func.max(Order.ordered_at)).where(live)
    for party_id, orders, revenue, last_at in session.execute(totals.group_by(Order.party_id)):
        if party_id in facts:
            facts[party_id] |= {"orders": orders, "revenue": revenue, "days_since_order": (now - last_at).days}
    bought = select(Order.party_id, OrderLine.product_sku).join(OrderLine, OrderLine.order_id == Order.id).where(live)
    for party_id, sku in session.execute(bought.distinct()):
        if party_id in facts:
            facts[party_id]["bought"].add(sku)
    for party_id, sku in session.execute(select(InstalledProduct.party_id, InstalledProduct.product_sku).distinct()):
        if party_id in facts:
            facts[party_id]["installed"].add(sku)
    items = select(Characteristic.party_id, Characteristic.item, Characteristic.value).order_by(
        Characteristic.observed_at
    )
    for described, item, value in session.execute(items.where(Characteristic.party_id.is_not(None))):
        if described in facts:
            facts[described]["items"][item] = value
    return facts


def fits(rule: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Whether a party's facts satisfy a rule; an empty rule takes everybody (pure)."""
    if "all" in rule:
        return all(fits(part, facts) for part in rule["all"])
    if "any" in rule:
        return any(fits(part, facts) for part in rule["any"])
    if not rule:
        return True
    name, operator, wanted = rule.get("field"), rule.get("op", "="), rule.get("value")
    if isinstance(name, str) and name.startswith("item:"):
        actual = facts.get("items", {}).get(name.removeprefix("item:"))
    elif name in FIELDS:
        actual = facts.get(name)
    else:
        raise InvalidInput(f"A rule asks for one of {', '.join(FIELDS)} or item:<name>, found '{name}'.")
    return _compare(actual, operator, wanted)


def recency_frequency_value(facts: Mapping[str, Any]) -> str:
    """A simple class out of days since the last order, number of orders and revenue (pure).

    champion, loyal, new, at_risk, lost or prospect.
    """
    days, orders = facts.get("days_since_order"), facts.get("orders", 0)
    if not orders or days is None:
        return "prospect"
    if days > 730:
        return "lost"
    if days > 365:
        return "at_risk"
    if orders == 1:
        return "new"
    return "champion" if orders >= 5 and days <= 180 else "loyal"


def _compare(actual: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "=":
            return actual == wanted
        case "!=":
            return actual != wanted
        case "in":
            return bool(set(actual) & set(wanted)) if isinstance(actual, set) else actual in wanted
        case "not_in":
            return not (set(actual) & set(wanted)) if isinstance(actual, set) else actual not in wanted
        case ">=":
            return actual is not None and decimal_of(actual) >= decimal_of(wanted)
        case "<=":
            return actual is not None and decimal_of(actual) <= decimal_of(wanted)
        case "contains":
            return actual is not None and (
                wanted in actual if isinstance(actual, set) else str(wanted).casefold() in str(actual).casefold()
            )
        case "is_known":
            return actual not in (None, "", set())
    raise InvalidInput(f"A rule compares with = != in not_in >= <= contains is_known, found '{operator}'.")


class _Reach:
    """Which contact of a party one may address, read for all parties at once."""

    def __init__(self, session: Session, channels: tuple[str, ...], purpose: str, now: datetime):
        self.channels = channels
        self.contacts: dict[str, list[Contact]] = {}
        order = (Contact.is_primary.desc(), Contact.created_at)
        for contact in session.scalars(select(Contact).order_by(*order)):
            self.contacts.setdefault(contact.party_id, []).append(contact)
        consents = select(Consent.contact_id, Consent.channel, Consent.withdrawn_at).where(Consent.purpose == purpose)
        self.valid: set[tuple[str, str]] = set()
        self.withdrawn: set[tuple[str, str]] = set()
        for contact_id, channel, withdrawn_at in session.execute(consents):
            (self.withdrawn if withdrawn_at else self.valid).add((contact_id, channel))
        self.sends = dict(
            session.execute(
                select(Send.contact_id, func.count())
                .where(Send.kind == "live", Send.sent_at > now - timedelta(days=CAP_DAYS))
                .group_by(Send.contact_id)
            ).all()
        )

    def contact_for(self, party_id: str) -> tuple[str | None, str]:
        worst = "no_contact"
        for contact in self.contacts.get(party_id, ()):
            reason = self._reason_against(contact)
            if reason is None:
                return contact.id, ""
            worst = reason
        return None, worst

    def _reason_against(self, contact: Contact) -> str | None:
        reachable = [name for name in self.channels if getattr(contact, CHANNEL_ADDRESS.get(name, "email"))]
        if not reachable:
            return "no_contact"
        if contact.email_invalid and set(reachable) == {"email"}:
            return "invalid_address"
        if not any((contact.id, name) in self.valid for name in reachable):
            return "opted_out" if any((contact.id, name) in self.withdrawn for name in reachable) else "no_consent"
        if self.sends.get(contact.id, 0) >= CONTACT_CAP:
            return "frequency_cap"
        return None


def _ids(session: Session, statement: Any) -> set[str]:
    return set(session.scalars(statement))
