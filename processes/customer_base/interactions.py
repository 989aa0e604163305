"""Every contact with a customer, over every channel, in one timeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.scope import add
from processes.customer_base.tables import Interaction


def log_interaction(
    session: Session,
    *,
    channel: str,
    direction: str,
    subject: str,
    now: datetime,
    party_id: str | None = None,
    contact_id: str | None = None,
    lead_id: str | None = None,
    body: str | None = None,
    agent: str | None = None,
    outcome: str | None = None,
    references: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Interaction:
    """One contact, `direction` in (they reached us) or out (we reached them)."""
    if direction not in ("in", "out"):
        raise InvalidInput(f"An interaction goes 'in' or 'out', found '{direction}'.")
    return add(
        session,
        Interaction(
            party_id=party_id,
            contact_id=contact_id,
            lead_id=lead_id,
            channel=channel,
            direction=direction,
            subject=subject[:300],
            body=body,
            at=at or now,
            agent=agent,
            outcome=outcome,
            references=dict(references or {}),
            created_at=now,
        ),
    )


def timeline(
    session: Session, *, party_id: str | None = None, lead_id: str | None = None, limit: int = 50
) -> list[Interaction]:
    """The interactions of a party or a lead, newest first."""
    subject = Interaction.party_id == party_id if party_id else Interaction.lead_id == lead_id
    newest_first = select(Interaction).where(subject).order_by(Interaction.at.desc(), Interaction.id.desc())
    return list(session.scalars(newest_first.limit(limit)))


def last_activity_at(session: Session, *, party_id: str) -> datetime | None:
    """When we last were in contact with a party."""
    return session.scalar(
        select(Interaction.at).where(Interaction.party_id == party_id).order_by(Interaction.at.desc()).limit(1)
    )
