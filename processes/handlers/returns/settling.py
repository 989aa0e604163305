"""Nodes 17 to 21 and 27: what the customer gets, and closing the return."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from engine.handlers import BpmnError, Handlers, Job
from engine.store.types import plain
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.invoicing import refundable, settle
from processes.customer_base.records import record_outcome, request_survey
from processes.customer_base.returns import finish_return, refund_invoice_id
from processes.customer_base.scope import find
from processes.customer_base.stock import free_stock
from processes.customer_base.tables import Disposition, ReturnOrder, SupplierClaim
from processes.handlers.returns.notices import send_notice
from processes.handlers.values import ZERO, flag, hours_between, items, moment, number, required_text, text

handlers = Handlers()
PRACTICE = "reverse_logistics"
WEAR_SHARE = Decimal("0.5")  # of the price, where the customer misused the goods
MISSING_SHARE = Decimal("0.1")  # of the price, where accessories are missing


@handlers.register("returns.settlement_facts")
def settlement_facts(job: Job) -> Mapping[str, Any]:
    """What the settlement decision looks at: paid share, wear, missing parts, what is possible."""
    source = job.variables
    keep_it = text(source, "intake") == "keep_it"
    lines = items(source, "lines") if keep_it else items(source, "goods_lines")
    with job.resources.transaction(job) as session:
        free = free_stock(session, skus=[line["sku"] for line in lines])
    wear = missing = paid = ZERO
    for line in lines:
        value = number(line, "unit_paid") * number(line, "received", number(line, "quantity"))
        paid += value
        wear += value * WEAR_SHARE if line.get("cause") == "misuse" else ZERO
        missing += value * MISSING_SHARE if line.get("accessories_complete") is False else ZERO
    return {
        "facts": {
            "keep_it": keep_it,
            "acceptable": keep_it or any(_is_acceptable(line) for line in lines),
            "repairable": bool(lines) and all(flag(line, "repairable") for line in lines),
            "replacement_available": all(free.get(line["sku"], ZERO) >= number(line, "quantity") for line in lines),
            "restocking": flag(source, "restocking"),
            "paid": paid,
            "wear": wear,
            "missing_parts": missing,
        }
    }


def _is_acceptable(line: Mapping[str, Any]) -> bool:
    """A withdrawal is always acceptable; a claimed defect must be there and not be the customer's doing."""
    if line.get("reason") in ("no_reason", "wrong_item", "recall", "core"):
        return True
    return flag(line, "fault_found") and line.get("payer") != "customer"


@handlers.register("returns.refund")
def refund(job: Job) -> Mapping[str, Any]:
    """Pay money back or write a credit note, once per return, never more than was paid."""
    source = job.variables
    decided = dict(source.get("settlement") or {})
    kind = (
        "credit_note"
        if decided.get("outcome") == "credit" or text(source, "payment_method") == "credit_note"
        else "refund"
    )
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        returned = find(session, ReturnOrder, required_text(source, "rma_id"))
        amount = number(decided, "amount")
        invoice_id = refund_invoice_id(session, return_id=returned.id)
        if returned.party_id is None or amount <= 0:
            return once.keep({"settlement_no": None, "refunded": ZERO})
        if kind == "refund" and (invoice_id is None or refundable(session, invoice_id=invoice_id) < amount):
            kind = "credit_note"  # nothing, or less, was paid so far: it is set off instead
        try:
            settled = settle(
                session,
                settlement_key=f"{returned.number}/{kind}",
                kind=kind,
                party_id=returned.party_id,
                amount=amount,
                invoice_id=invoice_id if kind == "refund" else None,
                return_id=returned.id,
                breakdown={name: str(value) for name, value in decided.items()},
                now=job.now,
            )
        except (InvalidInput, InvalidState) as error:
            raise BpmnError("PAYMENT_FAILED", str(error)) from error
        returned.status = "settled"
        words = {**source, "amount": amount, "outcome": kind.replace("_", " ")}
        send_notice(session, job, "refunded", returned, words)
        return once.keep({"settlement_no": settled.number, "refunded": amount, "refunded_at": job.now})


@handlers.register("returns.send_back")
def send_back(job: Job) -> Mapping[str, Any]:
    """The claim was not supported: the goods go back against a fee."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        returned = find(once.session, ReturnOrder, required_text(source, "rma_id"))
        fee = number(source, "send_back_fee", 0)
        send_notice(once.session, job, "sent_back", returned, {**source, "fee": fee})
        if returned.party_id:
            record_behaviour(
                once.session, item="return refused", party_id=returned.party_id, value=returned.number, now=job.now
            )
        return once.keep({"refused": True})


@handlers.register("returns.close")
def close(job: Job) -> Mapping[str, Any]:
    """Close the return, ask how it was, and keep what the case achieved."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        returned = find(session, ReturnOrder, required_text(source, "rma_id"))
        finish_return(session, return_id=returned.id, status="closed", now=job.now)
        request_survey(
            session,
            case_reference=returned.number,
            party_id=returned.party_id,
            contact_id=returned.contact_id,
            now=job.now,
        )
        send_notice(session, job, "closed", returned, source)
        record_outcome(
            session,
            practice=PRACTICE,
            case_reference=returned.number,
            outcome=str((source.get("settlement") or {}).get("outcome") or "closed"),
            measures=_measures(job) | _goods_measures(session, returned),
            started_at=moment(source, "requested_at"),
            ended_at=job.now,
        )
        return once.keep({"rma_status": "closed"})


def _goods_measures(session: Session, returned: ReturnOrder) -> dict[str, Any]:
    """What became of each line, with the certificate of its disposal, and what suppliers were asked and gave."""
    lines = [line.id for line in returned.lines]
    goods = session.scalars(select(Disposition).where(Disposition.return_line_id.in_(lines)))
    claims = session.scalars(select(SupplierClaim).where(SupplierClaim.return_line_id.in_(lines)))
    return {
        "goods": [{"line_id": row.return_line_id, "kind": row.kind, "certificate": row.certificate} for row in goods],
        "claims": [plain({"amount": row.amount, "credited": row.credited}) for row in claims],
    }


def _measures(job: Job) -> dict[str, Any]:
    source = job.variables
    requested = moment(source, "requested_at")
    found = {
        "authorisation_hours": hours_between(requested, moment(source, "authorised_at")),
        "cycle_hours": hours_between(requested, job.now),
        "dock_to_grade_hours": hours_between(moment(source, "received_at"), moment(source, "graded_at")),
        "refund_hours": hours_between(moment(source, "graded_at"), moment(source, "refunded_at")),
        "refunded": source.get("refunded"),
        "discrepancy": flag(source, "discrepancy_found"),
        "advance": flag(source, "advance"),
        "refused": flag(source, "refused"),
        "no_fault_found": sum(1 for line in items(source, "graded_lines") if not flag(line, "fault_found")),
        "lines": len(items(source, "graded_lines")),
    }
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in found.items() if value is not None
    }
