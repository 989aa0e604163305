"""Leads: taking them in, working them, turning them into parties with opportunities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.amounts import decimal_of
from processes.customer_base.characteristics import move_characteristics, record_behaviour, record_characteristics
from processes.customer_base.interactions import log_interaction
from processes.customer_base.matching import OPEN_LEADS, remember_lead
from processes.customer_base.normalising import clean_contact
from processes.customer_base.numbering import next_number
from processes.customer_base.parties import add_contact, create_party, give_consent, resolve_party, update_party
from processes.customer_base.scope import add, find
from processes.customer_base.tables import Contact, Interaction, Lead, MatchKey, Opportunity, Party

LEAD_FIELDS = {
    "company", "contact_name", "role", "email", "phone", "tax_id", "city", "region", "country", "industry", "employees",
    "language", "need", "product_sku", "consent", "campaign_id", "external_key", "owner",
}  # fmt: skip
MARKETING_CHANNELS = ("email", "phone", "sms", "im")


def create_lead(
    session: Session,
    *,
    source: str,
    channel: str,
    now: datetime,
    fields: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
) -> Lead:
    """A new lead, with contact data in its one form where it can be read; with a known external key: the first one.

    `extra` keeps what has no field of its own; it becomes descriptive characteristics.
    """
    external_key = fields.get("external_key")
    if external_key:
        known = session.scalar(select(Lead).where(Lead.external_key == external_key))
        if known:
            return known
    values = _typed(clean_contact({key: value for key, value in fields.items() if key in LEAD_FIELDS}).values)
    lead = Lead(number=next_number(session, "lead", now), source=source, channel=channel, created_at=now, **values)
    lead.extra = dict(extra or {})
    add(session, lead)
    remember_lead(session, lead)
    if extra:
        record_characteristics(session, kind="descriptive", values=extra, now=now, lead_id=lead.id, source=source)
    return lead


def update_lead(session: Session, *, lead_id: str, changes: Mapping[str, Any]) -> Lead:
    """Correct or complete a lead; contact data are brought into their one form, what cannot be read is refused."""
    lead = find(session, Lead, lead_id)
    cleaned = clean_contact({key: value for key, value in changes.items() if key in LEAD_FIELDS})
    if cleaned.problems:
        raise InvalidInput(" ".join(cleaned.problems.values()))
    for field, value in _typed(cleaned.values).items():
        setattr(lead, field, value)
    session.flush()
    remember_lead(session, lead)
    return lead


def grade_lead(session: Session, *, lead_id: str, score: int, grade: str) -> Lead:
    """Keep a lead's score and grade."""
    lead = find(session, Lead, lead_id)
    lead.score, lead.grade = int(score), grade
    return lead


def assign_lead(session: Session, *, lead_id: str, owner: str, sla_due_at: datetime) -> Lead:
    """Give a lead an owner, and a moment until which the first contact is due."""
    lead = find(session, Lead, lead_id)
    lead.owner, lead.sla_due_at = owner, sla_due_at
    if lead.status == "new":
        lead.status = "working"
    return lead


def open_leads_of(session: Session, owner: str) -> int:
    """How many open leads somebody works on."""
    return len(session.scalars(select(Lead.id).where(Lead.owner == owner, Lead.status.in_(OPEN_LEADS))).all())


def record_contact_attempt(
    session: Session,
    *,
    lead_id: str,
    channel: str,
    reached: bool,
    summary: str,
    now: datetime,
    agent: str | None = None,
    do_not_call: bool = False,
) -> Lead:
    """One attempt to reach a lead, logged as an interaction."""
    lead = find(session, Lead, lead_id)
    lead.attempts += 1
    lead.first_contact_at = lead.first_contact_at or now
    if do_not_call:
        lead.consent = False
    log_interaction(
        session,
        channel=channel,
        direction="out",
        subject="First contact" if lead.attempts == 1 else f"Contact attempt {lead.attempts}",
        body=summary,
        agent=agent,
        outcome="reached" if reached else "not reached",
        lead_id=lead_id,
        party_id=lead.party_id,
        now=now,
    )
    return lead


def close_lead(session: Session, *, lead_id: str, status: str, now: datetime, reason: str | None = None) -> Lead:
    """End the work on a lead: `disqualified`, `discarded`, `nurtured`, `later` or `merged`."""
    if status not in ("disqualified", "discarded", "nurtured", "later", "merged"):
        raise InvalidInput(f"A lead is closed as disqualified, discarded, nurtured, later or merged, found '{status}'.")
    lead = find(session, Lead, lead_id)
    lead.status, lead.loss_reason = status, reason
    record_behaviour(session, item=f"lead {status}", lead_id=lead_id, value=reason or 1, now=now)
    return lead


def attach_lead(session: Session, *, lead_id: str, kind: str, subject_id: str, now: datetime) -> dict[str, Any]:
    """Attach a lead to what we know already.

    To an open lead: it is merged into that one and logged as a further interaction (`action` "merged").
    To a party: it goes on as a new need of that customer (`action` "new_need").
    """
    lead = find(session, Lead, lead_id)
    if kind == "lead":
        earlier = find(session, Lead, subject_id)
        if earlier.id == lead.id:
            raise InvalidInput("A lead cannot be attached to itself: choose the earlier lead.")
        lead.status, lead.merged_into_id, lead.party_id = "merged", earlier.id, earlier.party_id
        _fill_gaps(earlier, lead)
        session.flush()
        remember_lead(session, earlier)
        target = {"lead_id": earlier.id, "party_id": earlier.party_id, "action": "merged", "owner": earlier.owner}
    else:
        party = resolve_party(session, subject_id)
        lead.party_id = party.id
        move_characteristics(session, lead_id=lead.id, party_id=party.id)
        target = {"lead_id": lead.id, "party_id": party.id, "action": "new_need", "owner": party.owner}
    log_interaction(
        session,
        channel=lead.channel,
        direction="in",
        subject=f"Enquiry {lead.number}",
        body=lead.need,
        lead_id=target["lead_id"],
        party_id=target["party_id"],
        now=now,
        references={"lead": lead.number, "source": lead.source},
    )
    return target


@dataclass(frozen=True)
class Conversion:
    """What became of a lead."""

    party: Party
    contact: Contact | None
    opportunity: Opportunity


def convert_lead(
    session: Session,
    *,
    lead_id: str,
    now: datetime,
    name: str | None = None,
    amount: Decimal | None = None,
    close_on: date | None = None,
) -> Conversion:
    """Party, contact and opportunity out of a lead; source and campaign are kept. Converting twice gives the first."""
    lead = find(session, Lead, lead_id)
    if lead.status == "converted":
        return _earlier_conversion(session, lead)
    if lead.status not in OPEN_LEADS:
        raise InvalidState(f"Lead {lead.number} is {lead.status} and cannot be converted: reopen or choose another.")
    party = _party_of(session, lead, now)
    contact = _contact_of(session, lead, party, now)
    opportunity = add(
        session,
        Opportunity(
            number=next_number(session, "opportunity", now),
            party_id=party.id,
            contact_id=contact.id if contact else None,
            lead_id=lead.id,
            name=name or _opportunity_name(lead, party),
            amount=amount,
            currency=party.currency,
            probability=Decimal("0.20"),
            close_on=close_on,
            competitors=[],
            requirements=[],
            source=lead.source,
            campaign_id=lead.campaign_id,
            owner=lead.owner,
            created_at=now,
        ),
    )
    lead.status, lead.party_id = "converted", party.id
    move_characteristics(session, lead_id=lead.id, party_id=party.id)
    for interaction in session.scalars(select(Interaction).where(Interaction.lead_id == lead.id)):
        interaction.party_id = party.id
    for key in session.scalars(select(MatchKey).where(MatchKey.subject_id == lead.id)):
        session.delete(key)
    record_behaviour(session, item="qualified enquiry", party_id=party.id, value=lead.number, now=now)
    session.flush()
    return Conversion(party, contact, opportunity)


def _party_of(session: Session, lead: Lead, now: datetime) -> Party:
    known = {
        "industry": lead.industry, "employees": lead.employees, "city": lead.city, "region": lead.region,
        "country": lead.country, "tax_id": lead.tax_id, "owner": lead.owner,
    }  # fmt: skip
    if lead.party_id:
        party = resolve_party(session, lead.party_id)
        gaps = {field: value for field, value in known.items() if value and getattr(party, field) is None}
        return update_party(session, party_id=party.id, changes=gaps, now=now)
    name = lead.company or lead.contact_name
    if not name:
        raise InvalidInput(f"Lead {lead.number} has neither a company nor a person's name: complete it first.")
    kind = "org" if lead.company else "person"
    return create_party(session, name=name, kind=kind, language=lead.language, now=now, **known)


def _contact_of(session: Session, lead: Lead, party: Party, now: datetime) -> Contact | None:
    if not (lead.contact_name or lead.email or lead.phone):
        return None
    contact = add_contact(
        session,
        party_id=party.id,
        name=lead.contact_name or lead.email or lead.phone or party.name,
        email=lead.email,
        phone=lead.phone,
        role=lead.role,
        now=now,
    )
    if lead.consent:
        for channel in MARKETING_CHANNELS:
            if (channel == "email" and contact.email) or (channel != "email" and contact.phone):
                give_consent(
                    session, contact_id=contact.id, purpose="marketing", channel=channel, source=lead.source, now=now
                )
    return contact


def _opportunity_name(lead: Lead, party: Party) -> str:
    subject = lead.product_sku or (lead.need or "").strip().split("\n")[0][:80]
    return f"{party.name}: {subject}" if subject else party.name


def _earlier_conversion(session: Session, lead: Lead) -> Conversion:
    opportunity = session.scalar(select(Opportunity).where(Opportunity.lead_id == lead.id))
    if opportunity is None or lead.party_id is None:
        raise InvalidState(f"Lead {lead.number} is converted, but its opportunity is gone: start a new lead.")
    contact = find(session, Contact, opportunity.contact_id) if opportunity.contact_id else None
    return Conversion(find(session, Party, lead.party_id), contact, opportunity)


def _fill_gaps(keep: Lead, other: Lead) -> None:
    for field in LEAD_FIELDS - {"external_key", "consent"}:
        if getattr(keep, field) is None:
            setattr(keep, field, getattr(other, field))
    keep.consent = keep.consent or other.consent
    if other.need and other.need != keep.need:
        keep.need = f"{keep.need or ''}\n{other.need}".strip()


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the lead's columns take them."""
    typed = dict(values)
    if "employees" in typed:
        typed["employees"] = int(decimal_of(typed["employees"], "employees"))
    if "consent" in typed:
        typed["consent"] = str(typed["consent"]).casefold() in ("true", "yes", "1", "y", "是")
    return typed
