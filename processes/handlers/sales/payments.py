"""Nodes 43 to 45: payments, dunning, and closing the order."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from engine.handlers import Handlers, Job
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.credit import change_credit
from processes.customer_base.interactions import log_interaction
from processes.customer_base.invoicing import DUNNING_DAYS, open_amount, record_payment, settle
from processes.customer_base.invoicing import record_dunning as keep_dunning
from processes.customer_base.orders import close_order as close
from processes.customer_base.parties import primary_contact
from processes.customer_base.records import request_survey
from processes.customer_base.scope import find
from processes.customer_base.tables import Invoice, Order
from processes.handlers.sales.orders import mail_customer
from processes.handlers.sales.outcomes import case_reference, record_outcome
from processes.handlers.values import day, flag, items, number, required_text, text

handlers = Handlers()
DUN_AT = time(1, tzinfo=UTC)
NEXT_LEVEL_DAYS = 14
DISPUTE_DAYS = 30
LETTERS = {
    1: "May we remind you of invoice {number}? {open} {currency} are open since {due_on}.",
    2: "Invoice {number} is overdue: {open} {currency}, due {due_on}. Please pay within 7 days.",
    3: "Last demand for invoice {number}: {open} {currency}, due {due_on}. Further orders need prepayment.",
}


def _invoice(job: Job, session: Any) -> Invoice:
    known = job.variables.get("invoice")
    return find(session, Invoice, known.get("invoice_id") if isinstance(known, Mapping) else None)


def _morning(on: date) -> datetime:
    return datetime.combine(on, DUN_AT)


@handlers.register("sales.open_item")
def open_item(job: Job) -> Mapping[str, Any]:
    """What is still due on the invoice, and when to look after it: three days after the due day."""
    with job.resources.transaction(job) as session:
        invoice = _invoice(job, session)
        return {
            "open_amount": open_amount(invoice),
            "next_dun_at": _morning(invoice.due_on + timedelta(days=DUNNING_DAYS[0])),
            "dunning_level": None,
            "dunning_decision": None,
            "payment_result": {"invoice_id": invoice.id, "number": invoice.number, "status": "paid", "level": 0},
        }


@handlers.register("sales.book_payment")
def book_payment(job: Job) -> Mapping[str, Any]:
    """Book what came in (`paid_amount`, else all that is due). More than is due stays as the customer's credit."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, invoice = once.session, _invoice(job, once.session)
        due = open_amount(invoice)
        came_in = number(source, "paid_amount", due) if source.get("paid_amount") is not None else due
        booked = min(came_in, due)
        if booked > 0:
            record_payment(
                session,
                invoice_id=invoice.id,
                amount=booked,
                payment_reference=text(source, "payment_reference") or job.idempotency_key,
                method=text(source, "payment_method", "transfer"),
                now=job.now,
            )
        if came_in > due:
            settle(
                session,
                settlement_key=f"overpaid/{job.idempotency_key}",
                kind="credit_note",
                party_id=invoice.party_id,
                amount=came_in - due,
                breakdown={"overpaid": str(came_in - due), "invoice": invoice.number},
                now=job.now,
            )
        left = open_amount(invoice)
        return once.keep(
            {
                "open_amount": left,
                "paid_amount": None,
                "payment_reference": None,
                "payment_result": {
                    "invoice_id": invoice.id,
                    "number": invoice.number,
                    "status": "paid" if left == 0 else "partly paid",
                    "level": invoice.dunning_level,
                },
            }
        )


@handlers.register("sales.record_dunning")
def record_dunning(job: Job) -> Mapping[str, Any]:
    """One step of collection: the letter of its level, a promise or dispute kept, the credit profile set."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, invoice = once.session, _invoice(job, once.session)
        level, decision = int(number(source, "dunning_level", 1)), text(source, "dunning_decision", "remind")
        promised_on = day(source, "promise_date") if decision == "promise" else None
        keep_dunning(
            session,
            invoice_id=invoice.id,
            level=level,
            promised_on=promised_on,
            disputed=decision == "dispute",
            now=job.now,
        )
        if decision in ("remind", "promise"):
            letter = LETTERS.get(level, LETTERS[3]).format(
                number=invoice.number,
                open=f"{open_amount(invoice):.2f}",
                currency=invoice.currency,
                due_on=invoice.due_on,
            )
            mail_customer(job, session, f"Invoice {invoice.number}: reminder {level}", letter)
        if flag(source, "block_customer") or text(source, "new_risk_class"):
            change_credit(
                session,
                party_id=invoice.party_id,
                blocked=True if flag(source, "block_customer") else None,
                reason=f"dunning level {level} of {invoice.number}",
                risk_class=text(source, "new_risk_class") or None,
                now=job.now,
            )
        return once.keep({"next_dun_at": next_step_at(job.now.date(), decision, promised_on), "block_customer": None})


def next_step_at(today: date, decision: str, promised_on: date | None) -> datetime:
    """When the next dunning step is due: the day after a promise, a month after a dispute, else two weeks on."""
    if promised_on:
        return _morning(max(promised_on, today) + timedelta(days=1))
    return _morning(today + timedelta(days=DISPUTE_DAYS if decision == "dispute" else NEXT_LEVEL_DAYS))


@handlers.register("sales.write_off")
def write_off(job: Job) -> Mapping[str, Any]:
    """Give up what is open on the invoice; the customer only buys against prepayment from now on."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, invoice = once.session, _invoice(job, once.session)
        lost = open_amount(invoice)
        if lost > 0:
            settle(
                session,
                settlement_key=f"write-off/{invoice.number}",
                kind="credit_note",
                party_id=invoice.party_id,
                amount=lost,
                invoice_id=invoice.id,
                breakdown={"written_off": str(lost)},
                now=job.now,
            )
        change_credit(session, party_id=invoice.party_id, risk_class="D", now=job.now)
        return once.keep(
            {
                "open_amount": open_amount(invoice),
                "payment_result": {
                    "invoice_id": invoice.id,
                    "number": invoice.number,
                    "status": "written off",
                    "level": invoice.dunning_level,
                    "lost": lost,
                },
            }
        )


@handlers.register("sales.close_order")
def close_order(job: Job) -> Mapping[str, Any]:
    """Close the order: behaviour kept, survey asked, outcome recorded."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        close(session, order_id=order.id, now=job.now)
        record_behaviour(session, item="completed order", party_id=order.party_id, value=order.total, now=job.now)
        _ask_survey(job, session, order)
        payments = items(source, "payments")
        record_outcome(
            session,
            job,
            "won",
            {
                "deal": "won",
                "delivered": True,
                "on_time": source.get("delivered_on_time"),
                "complete": source.get("delivered_complete"),
                "undamaged": source.get("delivered_undamaged"),
                "right_invoice": all(row.get("status") == "paid" for row in payments),
                "dunned": any(number(row, "level") > 0 for row in payments),
            },
        )
        return once.keep({"order_status": "closed", "closed_at": job.now})


def _ask_survey(job: Job, session: Any, order: Order) -> None:
    contact = primary_contact(session, order.party_id)
    request_survey(
        session,
        case_reference=order.number,
        party_id=order.party_id,
        contact_id=contact.id if contact else None,
        now=job.now,
    )
    body = (
        f"Your order {order.number} is complete. How satisfied are you, 1 to 5?\n\n"
        f"您对订单 {order.number} 满意吗(1 到 5 分)?"
    )
    if not mail_customer(job, session, f"Survey on order {order.number}", body):
        log_interaction(
            session,
            channel="internal",
            direction="in",
            subject=f"No address for the survey of {case_reference(job)}",
            party_id=order.party_id,
            now=job.now,
        )
