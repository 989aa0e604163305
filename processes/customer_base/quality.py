"""Defects: how often, and what is done about them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.numbering import next_number
from processes.customer_base.scope import add, find
from processes.customer_base.tables import Inspection, Nonconformity, ReturnLine

STEPS = {"containment": "contained", "cause": "cause_found", "action": "acted", "verification": "verified"}


def defect_count(session: Session, *, sku: str, defect_code: str, now: datetime, days: int = 30) -> int:
    """How many inspections found this defect of this product within the last days."""
    counted = (
        select(func.count(Inspection.id))
        .join(ReturnLine, ReturnLine.id == Inspection.return_line_id)
        .where(
            ReturnLine.product_sku == sku,
            Inspection.defect_code == defect_code,
            Inspection.fault_found.is_(True),
            Inspection.created_at >= now - timedelta(days=days),
        )
    )
    return session.scalar(counted) or 0


def open_nonconformity(
    session: Session, *, sku: str, defect_code: str, occurrences: int, now: datetime, safety: bool = False
) -> Nonconformity:
    """The open nonconformity of a product and defect, a new one when there is none; occurrences are kept up to date."""
    known = session.scalar(
        select(Nonconformity).where(
            Nonconformity.product_sku == sku,
            Nonconformity.defect_code == defect_code,
            Nonconformity.status != "verified",
        )
    )
    if known:
        known.occurrences = max(known.occurrences, occurrences)
        known.safety = known.safety or safety
        return known
    return add(
        session,
        Nonconformity(
            number=next_number(session, "nonconformity", now),
            product_sku=sku,
            defect_code=defect_code,
            safety=safety,
            occurrences=occurrences,
            created_at=now,
        ),
    )


def record_step(session: Session, *, nonconformity_id: str, step: str, text: str, now: datetime) -> Nonconformity:
    """Keep what was done: containment, cause, action or verification (which closes it)."""
    if step not in STEPS:
        raise InvalidInput(f"A step is one of {', '.join(STEPS)}, found '{step}'.")
    nonconformity = find(session, Nonconformity, nonconformity_id)
    setattr(nonconformity, step, text)
    nonconformity.status = STEPS[step]
    if step == "verification":
        nonconformity.closed_at = now
    return nonconformity


def defect_list(session: Session, *, since: datetime) -> list[dict[str, Any]]:
    """Defects found since a moment, most frequent first: `[{sku, defect_code, count}]`."""
    counted = func.count(Inspection.id)
    rows = session.execute(
        select(ReturnLine.product_sku, Inspection.defect_code, counted)
        .join(ReturnLine, ReturnLine.id == Inspection.return_line_id)
        .where(Inspection.fault_found.is_(True), Inspection.created_at >= since)
        .group_by(ReturnLine.product_sku, Inspection.defect_code)
        .order_by(counted.desc(), ReturnLine.product_sku)
    )
    return [{"sku": sku, "defect_code": code, "count": count} for sku, code, count in rows]
