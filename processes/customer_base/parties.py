"""Parties with their contacts, sites and consents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from engine.store.types import Base
from processes.customer_base.matching import remember_party
from processes.customer_base.normalising import normalise_email, normalise_phone
from processes.customer_base.numbering import next_number
from processes.customer_base.scope import add, find
from processes.customer_base.tables import (
    Consent,
    Contact,
    CreditProfile,
    MatchKey,
    Order,
    Party,
    Site,
)

PARTY_FIELDS = {
    "kind", "name", "name_zh", "tax_id", "industry", "employees", "annual_revenue", "country", "city", "region",
    "language", "currency", "hierarchy_parent_id", "owner", "status", "key_account", "tier", "is_employee",
    "external_key",
}  # fmt: skip


def create_party(session: Session, *, name: str, now: datetime, **fields: Any) -> Party:
    """A new party with its number; `fields` are columns of the party table (see `PARTY_FIELDS`)."""
    _known_fields(fields, PARTY_FIELDS, "party")
    if not name.strip():
        raise InvalidInput("A party needs a name: give the company's or the person's.")
    number = next_number(session, "party", now)
    party = add(session, Party(number=number, name=name.strip(), created_at=now, updated_at=now, **fields))
    remember_party(session, party)
    return party


def update_party(session: Session, *, party_id: str, changes: Mapping[str, Any], now: datetime) -> Party:
    """Change columns of a party; it stays findable by its new values."""
    _known_fields(changes, PARTY_FIELDS, "party")
    party = find(session, Party, party_id)
    for field, value in changes.items():
        setattr(party, field, value)
    party.updated_at = now
    session.flush()
    remember_party(session, party)
    return party


def add_contact(
    session: Session,
    *,
    party_id: str,
    name: str,
    now: datetime,
    email: str | None = None,
    phone: str | None = None,
    **fields: Any,
) -> Contact:
    """A contact of a party, normalised; the one with the same e-mail address or phone is completed instead."""
    party = find(session, Party, party_id)
    email = normalise_email(email) if email else None
    phone = normalise_phone(phone, party.country) if phone else None
    contact = _same_contact(session, party_id, email, phone)
    if contact is None:
        first = session.scalar(select(Contact.id).where(Contact.party_id == party_id).limit(1)) is None
        fields = {"is_primary": first, "language": party.language} | fields
        contact = Contact(party_id=party_id, name=name, email=email, phone=phone, created_at=now, **fields)
        session.add(contact)
    else:
        contact.email, contact.phone = contact.email or email, contact.phone or phone
        for field, value in fields.items():
            setattr(contact, field, value)
    session.flush()
    remember_party(session, party)
    return contact


def add_site(session: Session, *, party_id: str, name: str, now: datetime, **fields: Any) -> Site:
    """A place of a party (`street postal_code city region country latitude longitude access_notes safety kind`)."""
    find(session, Party, party_id)
    return add(session, Site(party_id=party_id, name=name, created_at=now, **fields))


def contacts_of(session: Session, party_id: str) -> list[Contact]:
    """A party's contacts, the primary one first."""
    by_rank = (
        select(Contact).where(Contact.party_id == party_id).order_by(Contact.is_primary.desc(), Contact.created_at)
    )
    return list(session.scalars(by_rank))


def primary_contact(session: Session, party_id: str) -> Contact | None:
    """The contact to turn to first, if there is one."""
    return next(iter(contacts_of(session, party_id)), None)


def find_contact(session: Session, *, caller: str, country: str | None = None) -> list[Contact]:
    """The contacts behind an e-mail address or a phone number as it came in; [] when it is unknown or unreadable."""
    try:
        if "@" in caller:
            where = Contact.email == normalise_email(caller)
        else:
            where = Contact.phone == normalise_phone(caller, country)
    except InvalidInput:
        return []
    return list(session.scalars(select(Contact).where(where).order_by(Contact.created_at)))


def give_consent(
    session: Session,
    *,
    contact_id: str,
    purpose: str,
    channel: str,
    now: datetime,
    basis: str = "opt_in",
    source: str = "form",
) -> Consent:
    """Record a contact's leave; the valid consent when there is one already."""
    find(session, Contact, contact_id)
    known = session.scalar(_valid_consents(contact_id, purpose, channel))
    if known:
        return known
    consent = Consent(contact_id=contact_id, purpose=purpose, channel=channel, basis=basis, given_at=now, source=source)
    consent.created_at = now
    return add(session, consent)


def withdraw_consent(
    session: Session, *, contact_id: str, purpose: str, now: datetime, channel: str | None = None
) -> int:
    """End a contact's consents for a purpose (over one channel, or all); gives how many ended."""
    consents = session.scalars(_valid_consents(contact_id, purpose, channel)).all()
    for consent in consents:
        consent.withdrawn_at = now
    session.flush()
    return len(consents)


def has_consent(session: Session, *, contact_id: str, purpose: str, channel: str) -> bool:
    """Whether the contact may be addressed for this purpose over this channel now."""
    return session.scalar(_valid_consents(contact_id, purpose, channel)) is not None


def merge_parties(session: Session, *, keep_id: str, duplicate_id: str, now: datetime) -> Party:
    """Move everything of the duplicate to the party that stays; the duplicate remains as an alias of it.

    Empty fields of the one that stays are filled. InvalidState when orders of the same purchase order number collide.
    """
    if keep_id == duplicate_id:
        raise InvalidInput("A party cannot be merged with itself: choose two different ones.")
    keep, duplicate = find(session, Party, keep_id), find(session, Party, duplicate_id)
    if "merged" in (keep.status, duplicate.status):
        raise InvalidState("One of the two parties has already been merged: look at the one it was merged into.")
    _refuse_same_purchase_orders(session, keep_id, duplicate_id)
    _merge_credit(session, keep_id, duplicate_id)
    for table, column in _references_to_parties():
        session.execute(
            update(table).where(column == duplicate_id).values({column.key: keep_id}),
            execution_options={"synchronize_session": False},
        )
    for field in PARTY_FIELDS - {"name", "status", "external_key"}:
        if getattr(keep, field) is None:
            setattr(keep, field, getattr(duplicate, field))
    if keep.hierarchy_parent_id == keep.id:
        keep.hierarchy_parent_id = None
    keep.key_account = keep.key_account or duplicate.key_account
    duplicate.status, duplicate.merged_into_id = "merged", keep_id
    keep.updated_at = duplicate.updated_at = now
    session.flush()
    session.expire_all()
    session.execute(delete(MatchKey).where(MatchKey.subject_id == duplicate_id))
    remember_party(session, keep)
    return keep


def resolve_party(session: Session, party_id: str) -> Party:
    """The party, or the one it was merged into."""
    party = find(session, Party, party_id)
    while party.merged_into_id:
        party = find(session, Party, party.merged_into_id)
    return party


def search_parties(session: Session, *, text: str, limit: int = 20) -> list[Party]:
    """Parties whose name, number or tax id contains the text, by name."""
    pattern = "%" + text.strip().replace("%", r"\%").replace("_", r"\_") + "%"
    fields = (Party.name, Party.name_zh, Party.number, Party.tax_id)
    matches = or_(*(field.ilike(pattern, escape="\\") for field in fields))
    statement = select(Party).where(matches, Party.status != "merged").order_by(Party.name).limit(limit)
    return list(session.scalars(statement))


def _valid_consents(contact_id: str, purpose: str, channel: str | None) -> Any:
    statement = select(Consent).where(
        Consent.contact_id == contact_id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    return statement.where(Consent.channel == channel) if channel else statement


def _same_contact(session: Session, party_id: str, email: str | None, phone: str | None) -> Contact | None:
    same = [column == value for column, value in ((Contact.email, email), (Contact.phone, phone)) if value]
    if not same:
        return None
    return session.scalar(select(Contact).where(Contact.party_id == party_id, or_(*same)).limit(1))


def _refuse_same_purchase_orders(session: Session, keep_id: str, duplicate_id: str) -> None:
    numbers = select(Order.purchase_order_number).where(
        Order.party_id == keep_id, Order.purchase_order_number.is_not(None)
    )
    clash = session.scalar(
        select(Order.purchase_order_number).where(
            Order.party_id == duplicate_id, Order.purchase_order_number.in_(numbers)
        )
    )
    if clash:
        raise InvalidState(f"Both parties have an order with purchase order number '{clash}': cancel or rename one.")


def _merge_credit(session: Session, keep_id: str, duplicate_id: str) -> None:
    """The stricter credit profile stays."""
    profiles = {
        profile.party_id: profile
        for profile in session.scalars(select(CreditProfile).where(CreditProfile.party_id.in_((keep_id, duplicate_id))))
    }
    if len(profiles) < 2:
        return
    keep, other = profiles[keep_id], profiles[duplicate_id]
    limits = [limit for limit in (keep.credit_limit, other.credit_limit) if limit is not None]
    keep.credit_limit = min(limits) if limits else None
    keep.blocked = keep.blocked or other.blocked
    keep.blocked_reason = keep.blocked_reason or other.blocked_reason
    session.delete(other)
    session.flush()


def _references_to_parties() -> list[tuple[Any, Any]]:
    """Every mapped column that points at a party, except a party's own merge trail."""
    found = []
    for mapper in Base.registry.mappers:
        for attribute in mapper.column_attrs:
            column = attribute.columns[0]
            if any(key.target_fullname == "crm_party.id" for key in column.foreign_keys):
                mapped = getattr(mapper.class_, attribute.key)
                if mapped is not Party.merged_into_id:
                    found.append((mapper.class_, mapped))
    return found


def _known_fields(fields: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(set(fields) - known)
    if unknown:
        raise InvalidInput(f"A {what} has no {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
