"""What a case of lead to order leaves behind: one outcome record with its measures (the raw material of the KPIs)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.handlers import Job
from engine.store.types import plain
from processes.customer_base.records import record_outcome as keep_outcome
from processes.handlers.values import flag, hours_between, items, moment, number, text

PRACTICE = "lead_to_order"


def case_reference(job: Job) -> str:
    """What people call this case: its business key, lead, order or quote number."""
    source = job.variables
    found = job.business_key or text(source, "lead_ref") or text(source, "order_no") or text(source, "quote_no")
    return found or job.process_instance_id


def record_outcome(session: Session, job: Job, outcome: str, extra: Mapping[str, Any] | None = None) -> None:
    """Keep what the case achieved: its own measures and those of `extra`."""
    keep_outcome(
        session,
        practice=PRACTICE,
        case_reference=case_reference(job),
        outcome=outcome,
        measures=plain({**measures_of(job), **(extra or {})}),
        started_at=moment(job.variables, "lead_received_at") or moment(job.variables, "order_received_at"),
        ended_at=job.now,
    )


def measures_of(job: Job) -> dict[str, Any]:
    """The facts of a case that its variables tell; what did not happen is left out."""
    found = {**_lead_measures(job), **_offer_measures(job), **_order_measures(job)}
    return {name: value for name, value in found.items() if value is not None}


def _lead_measures(job: Job) -> dict[str, Any]:
    source = job.variables
    received, contacted = moment(source, "lead_received_at"), moment(source, "first_contact_at")
    if received is None:
        return {"is_lead": False}
    due = moment(source, "first_sla_due_at")
    return {
        "is_lead": True,
        "source": text(source, "source") or None,
        "grade": text(source, "grade") or None,
        "response_hours": hours_between(received, contacted),
        "in_sla": contacted <= due if contacted and due else None,
        "reached": flag(source, "was_reached"),
        "qualified": text(source, "lead_outcome") == "qualified",
        "attempts": source.get("attempts"),
    }


def _offer_measures(job: Job) -> dict[str, Any]:
    source = job.variables
    if not text(source, "quote_no"):
        return {}
    return {
        "quote_hours": hours_between(moment(source, "offer_asked_at"), moment(source, "first_quote_sent_at")),
        "quote_versions": source.get("quote_version"),
        "list_total": number(source, "quote_list_total"),
        "net_total": number(source, "quote_net"),
        "discount_share": number(source, "discount_share"),
        "planned_amount": number(source, "amount") or None,
        "approval_level": source.get("approval_level"),
        "approval_hours": source.get("approval_hours"),
        "document_by_hand": bool(source.get("document_by_hand")),
        "configured": bool(items(source, "configurations")),
        "cycle_days": _days(hours_between(moment(source, "lead_received_at"), moment(source, "accepted_at"))),
    }


def _order_measures(job: Job) -> dict[str, Any]:
    source = job.variables
    if not text(source, "order_no"):
        return {}
    received = moment(source, "order_received_at")
    return {
        "is_order": True,
        "order_total": number(source, "order_total"),
        "first_pass": source.get("order_first_pass"),
        "touchless": not source.get("order_touched"),
        "configuration_error": bool(source.get("configuration_error")),
        "credit_held": text(source, "credit_result") in ("hold", "reject"),
        "credit_hold_hours": source.get("credit_hold_hours"),
        "confirm_hours": hours_between(received, moment(source, "confirmed_at")),
    }


def _days(hours: Decimal | None) -> Decimal | None:
    return None if hours is None else (hours / 24).quantize(Decimal("0.01"))
