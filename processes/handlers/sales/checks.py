"""Nodes 33 to 39: the facts for credit, availability and compliance, and what people decide about them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from processes.customer_base.characteristics import current_characteristics
from processes.customer_base.credit import change_credit
from processes.customer_base.credit import credit_facts as facts_of
from processes.customer_base.interactions import log_interaction
from processes.customer_base.invoicing import invoice_amount, record_payment
from processes.customer_base.normalising import name_core
from processes.customer_base.orders import amend_order, hold_order
from processes.customer_base.scope import find
from processes.customer_base.stock import available_to_promise
from processes.customer_base.tables import Invoice, Order, OrderLine, Party, Product, Site
from processes.customer_base.working_time import WorkingCalendar
from processes.handlers.sales.orders import mail_customer, order_variables
from processes.handlers.values import ZERO, day, hours_between, items, moment, money, number, required_text, text

handlers = Handlers()
CREDIT_DECISION_TIME = timedelta(hours=4)


@handlers.register("sales.credit_facts")
def credit_facts(job: Job) -> Mapping[str, Any]:
    """What the credit decision looks at, and until when a held order has to be decided (4 office hours)."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        order = find(once.session, Order, required_text(source, "order_id"))
        facts = facts_of(
            once.session,
            party_id=order.party_id,
            amount=order.total,
            prepaid=order.prepaid,
            order_id=order.id,
            now=job.now,
        )
        return once.keep(
            {
                "credit_facts": facts,
                "credit_checked_at": job.now,
                "credit_escalation_at": WorkingCalendar().add(job.now, CREDIT_DECISION_TIME),
                "credit_decision": None,
            }
        )


@handlers.register("sales.apply_credit_decision")
def apply_credit_decision(job: Job) -> Mapping[str, Any]:
    """Do what the controller decided (or the rule, when it rejects): release, raise the limit, hold or refuse."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        decision = text(source, "credit_decision", "refuse")
        reason = text(source, "credit_decision_reason") or text(source, "credit_reason")
        if decision == "raise_limit":
            change_credit(
                session, party_id=order.party_id, credit_limit=number(source, "new_limit"), reason=reason, now=job.now
            )
        if decision in ("refuse", "prepay"):
            hold_order(session, order_id=order.id, kind="credit", reason=reason or decision, now=job.now)
        log_interaction(
            session,
            channel="internal",
            direction="in",
            subject=f"Credit decision for {order.number}: {decision.replace('_', ' ')}",
            body=" ".join(filter(None, [reason, text(source, "guarantee")])) or None,
            party_id=order.party_id,
            outcome=decision,
            now=job.now,
        )
        refused = decision == "refuse"
        return once.keep(
            {
                "credit_ok": None if decision == "prepay" else not refused,
                "credit_hold_hours": hours_between(moment(source, "credit_checked_at"), job.now),
                "order_touched": True,
                **({"refusal_reason": f"credit: {reason}"} if refused else {}),
            }
        )


@handlers.register("sales.prepayment_invoice")
def prepayment_invoice(job: Job) -> Mapping[str, Any]:
    """Ask for the agreed part of the order in advance; the final invoices take it off again."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        share = number(source, "prepay_percent", 30) / 100
        invoice = invoice_amount(
            session,
            party_id=order.party_id,
            description=f"Prepayment of {share * 100:.0f} % for order {order.number}",
            net=money(order.total * share),
            tax_share=ZERO,
            ticket_id=f"prepayment/{order.number}",
            payment_days=10,
            now=job.now,
        )
        body = (
            f"Please pay {invoice.total:.2f} {invoice.currency} (invoice {invoice.number}) in advance within 10 days. "
            f"Your order {order.number} goes on when the money is there."
        )
        mail_customer(job, session, f"Prepayment for order {order.number}", body)
        return once.keep(
            {
                "prepayment_invoice_id": invoice.id,
                "prepayment_invoice_no": invoice.number,
                "prepayment_amount": invoice.total,
            }
        )


@handlers.register("sales.book_prepayment")
def book_prepayment(job: Job) -> Mapping[str, Any]:
    """The money is there: book it and let the order go on."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        invoice = find(once.session, Invoice, required_text(source, "prepayment_invoice_id"))
        record_payment(
            once.session,
            invoice_id=invoice.id,
            amount=invoice.total - invoice.paid,
            payment_reference=text(source, "payment_reference") or f"prepayment/{invoice.number}",
            method=text(source, "method", "transfer"),
            now=job.now,
        )
        return once.keep({"credit_ok": True, "prepaid_amount": invoice.total, "payment_reference": None})


@handlers.register("sales.check_availability")
def check_availability(job: Job) -> Mapping[str, Any]:
    """What of the order can be delivered at once, and when the rest comes: `availability` full, partial, none."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        order = find(once.session, Order, required_text(source, "order_id"))
        lines = [line for line in order.lines if not line.cancelled]
        found = available_to_promise(
            once.session,
            lines=[{"sku": line.product_sku, "quantity": line.quantity} for line in lines],
            on=job.now.date(),
        )
        rows: list[dict[str, Any]] = [
            {
                "position": line.position,
                "sku": line.product_sku,
                "name": line.description,
                "quantity": line.quantity,
                "available": row.at_once,
                "missing": row.missing,
                "available_on": row.available_on,
            }
            for line, row in zip(lines, found, strict=True)
        ]
        missing = [row for row in rows if row["missing"] > 0]
        status = "full" if not missing else "none" if all(row["available"] == 0 for row in rows) else "partial"
        return once.keep(
            {
                "availability": status,
                "availability_lines": rows,
                "available_on": max((row["available_on"] for row in rows), default=job.now.date()),
                "delivery_ok": True if status == "full" else None,
                "delivery_parts": [],
                "plan_decision": None,
                "plan_date": None,
            }
        )


@handlers.register("sales.plan_delivery")
def plan_order(job: Job) -> Mapping[str, Any]:
    """Change the order as it was agreed with the customer, and say in which parts it is delivered."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        decision, rows = required_text(source, "plan_decision"), items(source, "availability_lines")
        if decision == "substitute":
            _substitute(session, order, text(source, "substitute_for"), required_text(source, "substitute_sku"), job)
        elif decision == "cancel_line":
            changes = [{"sku": row["sku"], "quantity": row["available"]} for row in rows if number(row, "missing") > 0]
            amend_order(session, order_id=order.id, changes=changes, now=job.now)
        session.flush()
        something_left = any(not line.cancelled for line in order.lines)
        reason = None if something_left else "nothing of the order can be delivered"
        return once.keep(
            {
                **order_variables(order),
                "delivery_parts": split_parts(rows, day(source, "plan_date")) if decision == "split" else [],
                "plan_date": _promise(decision, source),
                "delivery_ok": something_left,
                "order_touched": True,
                **({"refusal_reason": reason} if reason else {}),
            }
        )


def split_parts(rows: Sequence[Mapping[str, Any]], rest_on: date | None) -> list[dict[str, Any]]:
    """What is there at once, and the rest on its day."""
    now_lines = [{"sku": row["sku"], "quantity": row["available"]} for row in rows if number(row, "available") > 0]
    rest_lines = [{"sku": row["sku"], "quantity": row["missing"]} for row in rows if number(row, "missing") > 0]
    latest = max((found for row in rows if (found := day(row, "available_on"))), default=None)
    parts: list[dict[str, Any]] = [
        {"lines": now_lines, "planned_on": None},
        {"lines": rest_lines, "planned_on": rest_on or latest},
    ]
    return [part for part in parts if part["lines"]]


def _promise(decision: str, source: Mapping[str, Any]) -> date | None:
    if decision in ("wait", "drop_ship"):
        return day(source, "plan_date") or day(source, "available_on")
    return day(source, "plan_date")


def _substitute(session: Session, order: Order, old_sku: str, new_sku: str, job: Job) -> None:
    line = next((row for row in order.lines if row.product_sku == old_sku and not row.cancelled), None)
    if line is None:
        live = [row for row in order.lines if not row.cancelled]
        line = live[0]
    quantity = line.quantity
    changes = [{"sku": line.product_sku, "quantity": ZERO}, {"sku": new_sku, "quantity": quantity}]
    amend_order(session, order_id=order.id, changes=changes, now=job.now)


@handlers.register("sales.compliance_facts")
def compliance_facts(job: Job) -> Mapping[str, Any]:
    """Where the goods go, what they are, and whether the customer stands on a list (setting `sanctioned_parties`)."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        party = find(session, Party, order.party_id)
        site = find(session, Site, order.site_id) if order.site_id else None
        skus = session.scalars(select(OrderLine.product_sku).where(OrderLine.order_id == order.id)).all()
        products = session.scalars(select(Product).where(Product.sku.in_(skus))).all()
        sanctioned = {name_core(name) for name in job.resources.settings.get("sanctioned_parties", ())}
        facts = {
            "country": (site.country if site else None) or party.country or "CN",
            "export_controlled": any(product.export_controlled for product in products),
            "hazardous": any(product.hazardous for product in products),
            "categories": sorted({product.category for product in products}),
            "licence_on_file": _has_licence(session, party.id),
            "sanctioned": name_core(party.name) in sanctioned,
        }
        return once.keep({"compliance_facts": facts, "compliance_decision": None})


def _has_licence(session: Session, party_id: str) -> bool:
    known = current_characteristics(session, party_id=party_id)
    return any("licen" in item["item"].lower() for kind in ("descriptive", "external") for item in known[kind])
