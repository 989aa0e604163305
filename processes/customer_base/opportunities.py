"""Deals in the making."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.scope import find
from processes.customer_base.tables import Opportunity

PROBABILITIES = {
    "qualification": Decimal("0.20"),
    "discovery": Decimal("0.30"),
    "proposal": Decimal("0.50"),
    "negotiation": Decimal("0.80"),
    "won": Decimal(1),
    "lost": Decimal(0),
}
PLANNED_FIELDS = {
    "name", "amount", "currency", "probability", "close_on", "competitors", "requirements", "next_step", "next_step_on",
    "forecast_category", "owner", "contact_id",
}  # fmt: skip


def plan_opportunity(
    session: Session, *, opportunity_id: str, changes: Mapping[str, Any], stage: str | None = None
) -> Opportunity:
    """Change the plan of a deal; a new stage brings its usual probability unless one is given."""
    unknown = sorted(set(changes) - PLANNED_FIELDS)
    if unknown:
        raise InvalidInput(
            f"An opportunity has no {', '.join(unknown)}; known are {', '.join(sorted(PLANNED_FIELDS))}."
        )
    opportunity = find(session, Opportunity, opportunity_id)
    if stage:
        _enter(opportunity, stage)
    for field, value in changes.items():
        setattr(opportunity, field, value)
    session.flush()
    return opportunity


def win_opportunity(
    session: Session, *, opportunity_id: str, now: datetime, amount: Decimal | None = None
) -> Opportunity:
    """The customer bought."""
    opportunity = find(session, Opportunity, opportunity_id)
    if opportunity.stage != "won":
        _enter(opportunity, "won")
        opportunity.closed_at, opportunity.forecast_category = now, "closed"
        opportunity.amount = amount if amount is not None else opportunity.amount
        record_behaviour(session, item="won deal", party_id=opportunity.party_id, value=opportunity.number, now=now)
    return opportunity


def lose_opportunity(
    session: Session, *, opportunity_id: str, reason: str, now: datetime, competitor: str | None = None
) -> Opportunity:
    """The customer did not buy, and why."""
    opportunity = find(session, Opportunity, opportunity_id)
    if opportunity.stage != "lost":
        _enter(opportunity, "lost")
        opportunity.closed_at, opportunity.forecast_category = now, "omitted"
        record_behaviour(session, item="lost deal", party_id=opportunity.party_id, value=reason, now=now)
    opportunity.loss_reason, opportunity.competitor_lost_to = reason, competitor
    return opportunity


def _enter(opportunity: Opportunity, stage: str) -> None:
    if stage not in PROBABILITIES:
        raise InvalidInput(f"An opportunity's stage is one of {', '.join(PROBABILITIES)}, found '{stage}'.")
    opportunity.stage, opportunity.probability = stage, PROBABILITIES[stage]
