"""What we know of a party: descriptive, behavioural (captured from process events) and external characteristics."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.store.types import plain
from processes.customer_base.scope import add
from processes.customer_base.tables import Characteristic

KINDS = ("descriptive", "behavioural", "external")
DEFAULT_PURPOSE = "customer care"


def record_characteristic(
    session: Session,
    *,
    kind: str,
    item: str,
    value: Any,
    now: datetime,
    party_id: str | None = None,
    lead_id: str | None = None,
    source: str = "employee",
    confidence: Decimal = Decimal(1),
    purpose: str | None = DEFAULT_PURPOSE,
    observed_at: datetime | None = None,
) -> Characteristic:
    """One observation; the same value observed again only renews the date."""
    if kind not in KINDS:
        raise InvalidInput(f"A characteristic is one of {', '.join(KINDS)}, found '{kind}'.")
    if not party_id and not lead_id:
        raise InvalidInput(f"The characteristic '{item}' needs a party or a lead that it describes.")
    observed_at, text = observed_at or now, as_text(value)
    latest = _latest(session, kind=kind, item=item, party_id=party_id, lead_id=lead_id)
    if latest and latest.value == text and kind != "behavioural":
        latest.observed_at = max(latest.observed_at, observed_at)
        return latest
    return add(
        session,
        Characteristic(
            party_id=party_id,
            lead_id=lead_id,
            kind=kind,
            item=item,
            value=text,
            observed_at=observed_at,
            source=source,
            confidence=confidence,
            purpose=purpose,
            created_at=now,
        ),
    )


def record_characteristics(
    session: Session,
    *,
    kind: str,
    values: Mapping[str, Any],
    now: datetime,
    party_id: str | None = None,
    lead_id: str | None = None,
    source: str = "employee",
) -> int:
    """Several observations of one kind; empty values are left out. Gives how many were recorded."""
    filled = {item: value for item, value in values.items() if value not in (None, "", [], {})}
    for item, value in filled.items():
        record_characteristic(
            session, kind=kind, item=item, value=value, now=now, party_id=party_id, lead_id=lead_id, source=source
        )
    return len(filled)


def record_behaviour(
    session: Session,
    *,
    item: str,
    now: datetime,
    party_id: str | None = None,
    lead_id: str | None = None,
    value: Any = 1,
    source: str = "process",
) -> Characteristic:
    """Something a party did (asked for a quote, bought, clicked, paid late), as a process saw it."""
    return record_characteristic(
        session, kind="behavioural", item=item, value=value, now=now, party_id=party_id, lead_id=lead_id, source=source
    )


def current_characteristics(
    session: Session, *, party_id: str | None = None, lead_id: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The newest value of every item by kind; behavioural items with how often they were observed (`count`)."""
    rows = session.scalars(
        select(Characteristic)
        .where(_subject(party_id, lead_id))
        .order_by(Characteristic.observed_at.desc(), Characteristic.id.desc())
    )
    found: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    for row in rows:
        known = found[row.kind].get(row.item)
        if known:
            known["count"] += 1
            continue
        found[row.kind][row.item] = {
            "item": row.item,
            "value": row.value,
            "observed_at": row.observed_at,
            "source": row.source,
            "confidence": row.confidence,
            "purpose": row.purpose,
            "count": 1,
        }
    return {kind: sorted(items.values(), key=lambda item: item["item"]) for kind, items in found.items()}


def behaviour_count(
    session: Session, *, item: str, since: datetime, party_id: str | None = None, lead_id: str | None = None
) -> int:
    """How often a behaviour was observed since a moment."""
    rows = session.scalars(
        select(Characteristic.id).where(
            _subject(party_id, lead_id),
            Characteristic.kind == "behavioural",
            Characteristic.item == item,
            Characteristic.observed_at >= since,
        )
    )
    return len(rows.all())


def move_characteristics(session: Session, *, lead_id: str, party_id: str) -> None:
    """What was known of a lead is now known of the party."""
    for row in session.scalars(select(Characteristic).where(Characteristic.lead_id == lead_id)):
        row.party_id = party_id


def as_text(value: Any) -> str:
    """The value as it is stored and shown."""
    value = plain(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(as_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {as_text(item)}" for key, item in value.items())
    return str(value)


def _subject(party_id: str | None, lead_id: str | None) -> Any:
    return Characteristic.party_id == party_id if party_id else Characteristic.lead_id == lead_id


def _latest(
    session: Session, *, kind: str, item: str, party_id: str | None, lead_id: str | None
) -> Characteristic | None:
    return session.scalar(
        select(Characteristic)
        .where(_subject(party_id, lead_id), Characteristic.kind == kind, Characteristic.item == item)
        .order_by(Characteristic.observed_at.desc(), Characteristic.id.desc())
        .limit(1)
    )
