"""Complaint handling (D.15): the answer with its redress, and the cause to quality."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from processes.customer_base.invoicing import refundable, settle
from processes.customer_base.quality import open_nonconformity
from processes.customer_base.tables import Invoice, Ticket
from processes.customer_base.tickets import resolve_ticket
from processes.handlers.service.clock import ticket_of
from processes.handlers.service.notices import send_notice
from processes.handlers.values import flag, number, required_text, text

handlers = Handlers()


@handlers.register("service.answer_complaint")
def answer(job: Job) -> Mapping[str, Any]:
    """Answer the customer; a refund or voucher is booked, once per answer."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        amount = number(source, "redress_amount")
        redress = text(source, "redress_final", "apology")
        settlement_no = None
        if redress in ("refund", "voucher") and amount > 0 and ticket.party_id:
            settlement_no = _settle(session, job, ticket, redress, amount)
        send_notice(session, job, "complaint_answer", ticket, source)
        answers = int(number(source, "answers")) + 1
        return once.keep({"settlement_no": settlement_no, "answers": answers, "complaint_decision": None})


def _settle(session: Session, job: Job, ticket: Ticket, redress: str, amount: Decimal) -> str:
    """Money goes back on the newest invoice that was paid; where none fits, and for vouchers, it is a credit."""
    invoice_id = _paid_invoice(session, ticket, amount) if redress == "refund" else None
    settlement = settle(
        session,
        settlement_key=f"complaint/{job.idempotency_key}",
        kind="refund" if invoice_id else "credit_note",
        party_id=str(ticket.party_id),
        invoice_id=invoice_id,
        amount=amount,
        breakdown={"ticket": ticket.number, "redress": redress},
        now=job.now,
    )
    return settlement.number


def _paid_invoice(session: Session, ticket: Ticket, amount: Decimal) -> str | None:
    newest_first = select(Invoice).where(Invoice.party_id == ticket.party_id).order_by(Invoice.created_at.desc())
    for invoice in session.scalars(newest_first):
        if refundable(session, invoice_id=invoice.id) >= amount:
            return invoice.id
    return None


@handlers.register("service.complaint_to_quality")
def to_quality(job: Job) -> Mapping[str, Any]:
    """Keep cause and answer; a fault of the product opens a nonconformity."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, ticket = once.session, ticket_of(once.session, job)
        resolve_ticket(
            session,
            ticket_id=ticket.id,
            resolution=required_text(source, "complaint_answer"),
            root_cause=text(source, "complaint_cause") or None,
            now=job.now,
        )
        number_ = None
        if text(source, "complaint_topic") == "product" and flag(source, "our_fault") and text(source, "product_sku"):
            found = open_nonconformity(
                session, sku=text(source, "product_sku"), defect_code="complaint", occurrences=1, now=job.now
            )
            number_ = found.number
        return once.keep({"nonconformity_no": number_, "ticket_status": "resolved"})
