"""Nodes 41 and 42: shipping deliveries, planning them anew when stock is short, invoicing them."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.handlers import BpmnError, Handlers, Job
from processes.customer_base.deliveries import advance_delivery, confirm_arrival
from processes.customer_base.deliveries import ship_delivery as ship
from processes.customer_base.documents.writing import write_invoice
from processes.customer_base.invoicing import invoice_delivery as invoice
from processes.customer_base.invoicing import open_amount, settle
from processes.customer_base.numbering import next_number
from processes.customer_base.orders import cancel_order as cancel
from processes.customer_base.products import product_by_sku
from processes.customer_base.scope import add, find
from processes.customer_base.stock import (
    StockShort,
    available_to_promise,
    free_stock,
    post_movement,
    release,
    reserve,
)
from processes.customer_base.tables import (
    Delivery,
    DeliveryLine,
    Invoice,
    Order,
    OrderLine,
    Settlement,
)
from processes.handlers.sales.orders import delivery_variables, mail_customer
from processes.handlers.sales.outcomes import record_outcome
from processes.handlers.values import ZERO, day, flag, items, number, required_text, text

handlers = Handlers()
SHORT = "SHORT_STOCK"


def _delivery_of(source: Mapping[str, Any]) -> dict[str, Any]:
    delivery = source.get("delivery")
    if not isinstance(delivery, Mapping) or not delivery.get("delivery_id"):
        raise InvalidInput("The variable 'delivery' must name the delivery ('delivery_id').")
    return dict(delivery)


@handlers.register("sales.ship_delivery")
def ship_delivery(job: Job) -> Mapping[str, Any]:
    """Hand a packed delivery to the carrier and tell the customer. Error SHORT_STOCK when the stock is not there."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, known = once.session, _delivery_of(source)
        delivery = find(session, Delivery, known["delivery_id"])
        carrier = text(source, "carrier", "Praxis Logistics")
        tracking = f"{delivery.number}-1"
        try:
            advance_delivery(session, delivery_id=delivery.id, status="packed")
            ship(
                session,
                delivery_id=delivery.id,
                serials=serials_by_sku(delivery, text(source, "serials")),
                carrier=carrier,
                tracking_number=tracking,
                produce_missing=flag(known, "drop_ship"),
                now=job.now,
            )
        except StockShort as error:
            raise BpmnError(SHORT, str(error), {"short_note": str(error)}) from error
        body = (
            f"Delivery {delivery.number} is on its way with {carrier}, tracking number {tracking}.\n\n您的货物已发出。"
        )
        mail_customer(job, session, f"Shipping notice {delivery.number}", body)
        return once.keep(
            {
                "delivery_result": {
                    "delivery_id": delivery.id,
                    "number": delivery.number,
                    "status": "shipped",
                    "planned_on": delivery.planned_on,
                    "undamaged": True,
                    "invoices": _earlier_invoices(source),
                }
            }
        )


def _earlier_invoices(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    earlier = source.get("delivery_result")
    return items(earlier, "invoices") if isinstance(earlier, Mapping) else []


def serials_by_sku(delivery: Delivery, written: str) -> dict[str, list[str]]:
    """Serial numbers by product: one per line, `sku: serial`, or just the serial when there is one product."""
    only = delivery.lines[0].product_sku if len(delivery.lines) == 1 else None
    found: dict[str, list[str]] = {}
    for row in written.replace(",", "\n").splitlines():
        sku, separator, serial = row.partition(":")
        if not separator:
            sku, serial = only or "", row
        if sku.strip() and serial.strip():
            found.setdefault(sku.strip(), []).append(serial.strip())
    known = {line.product_sku: int(line.quantity) for line in delivery.lines}
    return {sku: serials[: known[sku]] for sku, serials in found.items() if sku in known}


@handlers.register("sales.update_shipment")
def update_shipment(job: Job) -> Mapping[str, Any]:
    """What the carrier reports: `shipment_status` in_transit, delivered or damaged (delivered, but not whole)."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        result = dict(source.get("delivery_result") or {})
        status = text(source, "shipment_status") or text(source, "status", "delivered")
        delivery = find(once.session, Delivery, result["delivery_id"])
        if status in ("delivered", "damaged"):
            confirm_arrival(once.session, delivery_id=delivery.id, now=job.now)
            result["status"], result["delivered_at"] = "delivered", job.now
            result["undamaged"] = status == "delivered"
            result["on_time"] = delivery.planned_on is None or job.now.date() <= delivery.planned_on
        else:
            result["status"] = status
        return once.keep({"delivery_result": result, "shipment_status": None})


@handlers.register("sales.replan_delivery")
def replan_delivery(job: Job) -> Mapping[str, Any]:
    """Stock was short: deliver later, in parts, something else, from the supplier, or less."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, known = once.session, _delivery_of(source)
        delivery = find(session, Delivery, known["delivery_id"])
        missing = missing_quantities(session, delivery, items(source, "short_lines"), job)
        decision, rest = required_text(source, "plan_decision"), None
        planned_on = day(source, "plan_date") or _restock_day(session, delivery, job.now.date())
        if decision == "wait":
            delivery.planned_on = planned_on
        elif decision == "split":
            rest = _split_off(session, delivery, missing, planned_on, job)
        elif decision == "substitute":
            _swap(session, delivery, text(source, "substitute_for"), required_text(source, "substitute_sku"), job)
        elif decision == "cancel_line":
            _drop(session, delivery, missing, job)
        session.flush()
        session.refresh(delivery)
        drop_ship = decision == "drop_ship" or flag(known, "drop_ship")
        return once.keep(
            {
                "delivery": delivery_variables(session, delivery, drop_ship=drop_ship),
                "remaining_delivery": delivery_variables(session, rest, drop_ship=drop_ship) if rest else None,
                "short_lines": [],
                "pick_complete": None,
            }
        )


def missing_quantities(
    session: Session, delivery: Delivery, reported: Sequence[Mapping[str, Any]], job: Job
) -> dict[str, Decimal]:
    """What is missing by product: what the warehouse reported (the stock is corrected), else what the books say."""
    missing = {text(row, "sku"): number(row, "missing") for row in reported if number(row, "missing") > 0}
    for line in delivery.lines:
        lacking = min(missing.get(line.product_sku, ZERO), line.quantity)
        if lacking > 0:
            _correct_stock(session, delivery, line, lacking, job)
    if missing:
        return missing
    found = {}
    for line in delivery.lines:
        free = free_stock(session, skus=[line.product_sku])[line.product_sku]
        release(session, reference=line.order_line_id, now=job.now)
        there = free_stock(session, skus=[line.product_sku])[line.product_sku]
        if there > free:
            reserve_again = min(there - free, line.quantity)
            reserve(
                session,
                sku=line.product_sku,
                quantity=reserve_again,
                reference=line.order_line_id,
                location=delivery.location_code,
                now=job.now,
            )
        found[line.product_sku] = max(line.quantity - there, ZERO)
    return {sku: quantity for sku, quantity in found.items() if quantity > 0}


def _correct_stock(session: Session, delivery: Delivery, line: DeliveryLine, lacking: Decimal, job: Job) -> None:
    """The shelf has less than the books: give back the promise, write off what is not there, promise the rest."""
    release(session, reference=line.order_line_id, now=job.now)
    free = free_stock(session, skus=[line.product_sku])[line.product_sku]
    if free > 0:
        post_movement(
            session,
            sku=line.product_sku,
            quantity=-min(lacking, free),
            reason="adjustment",
            location=delivery.location_code,
            reference=delivery.number,
            now=job.now,
        )
    left = min(line.quantity - lacking, max(free - lacking, ZERO))
    if left > 0:
        reserve(
            session,
            sku=line.product_sku,
            quantity=left,
            reference=line.order_line_id,
            location=delivery.location_code,
            now=job.now,
        )


def _restock_day(session: Session, delivery: Delivery, today: date) -> date:
    rows = available_to_promise(
        session,
        lines=[{"sku": line.product_sku, "quantity": line.quantity} for line in delivery.lines],
        on=today,
    )
    return max((row.available_on for row in rows), default=today)


def _split_off(
    session: Session, delivery: Delivery, missing: Mapping[str, Decimal], planned_on: date, job: Job
) -> Delivery | None:
    """A second delivery with what is missing; this one keeps what is there."""
    rest_lines = []
    for line in list(delivery.lines):
        lacking = min(missing.get(line.product_sku, ZERO), line.quantity)
        if lacking <= 0:
            continue
        rest_lines.append(
            DeliveryLine(order_line_id=line.order_line_id, product_sku=line.product_sku, quantity=lacking, serials=[])
        )
        _reduce(delivery, line, line.quantity - lacking)
    if not rest_lines:
        return None
    rest = Delivery(
        number=next_number(session, "delivery", job.now),
        order_id=delivery.order_id,
        status="planned",
        location_code=delivery.location_code,
        planned_on=planned_on,
        created_at=job.now,
    )
    rest.lines = rest_lines
    return add(session, rest)


def _reduce(delivery: Delivery, line: DeliveryLine, quantity: Decimal) -> None:
    if quantity <= 0:
        delivery.lines.remove(line)
    else:
        line.quantity = quantity


def _drop(session: Session, delivery: Delivery, missing: Mapping[str, Decimal], job: Job) -> None:
    """Deliver less: what is missing leaves the order too."""
    for line in list(delivery.lines):
        lacking = min(missing.get(line.product_sku, ZERO), line.quantity)
        if lacking <= 0:
            continue
        ordered = find(session, OrderLine, line.order_line_id)
        shrink_order_line(ordered, ordered.quantity - lacking)
        _reduce(delivery, line, line.quantity - lacking)
    sum_up(session, delivery.order_id)
    if not delivery.lines:
        delivery.status = "cancelled"


def shrink_order_line(line: OrderLine, quantity: Decimal) -> None:
    """Order less of a line at the same price; nothing cancels it."""
    tax_share = line.tax / line.net if line.net else ZERO
    if quantity <= 0:
        line.cancelled = True
        return
    line.quantity = quantity
    line.net = (line.unit_price * quantity).quantize(Decimal("0.01"))
    line.tax = (line.net * tax_share).quantize(Decimal("0.01"))


def sum_up(session: Session, order_id: str) -> None:
    """Bring the order's totals in line with its lines."""
    order = find(session, Order, order_id)
    live = [line for line in order.lines if not line.cancelled]
    order.net_total = sum((line.net for line in live), ZERO)
    rate = max((line.tax / line.net for line in live if line.net), default=ZERO)
    order.tax = sum((line.tax for line in live), ZERO) + (order.freight * rate).quantize(Decimal("0.01"))
    order.total = order.net_total + order.freight + order.tax
    session.flush()


def _swap(session: Session, delivery: Delivery, old_sku: str, new_sku: str, job: Job) -> None:
    """Deliver another product at the price of the first one."""
    line = next((row for row in delivery.lines if row.product_sku == old_sku), delivery.lines[0])
    product = product_by_sku(session, new_sku)
    release(session, reference=line.order_line_id, now=job.now)
    ordered = find(session, OrderLine, line.order_line_id)
    ordered.product_sku, ordered.description, ordered.unit_cost = product.sku, product.name, product.cost
    ordered.configuration = {}
    line.product_sku = product.sku


@handlers.register("sales.invoice_delivery")
def invoice_delivery(job: Job) -> Mapping[str, Any]:
    """The invoice of a delivery, less what was paid in advance; the customer gets it by mail."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, result = once.session, dict(source.get("delivery_result") or {})
        made = invoice(session, delivery_id=result["delivery_id"], now=job.now)
        _take_off_prepayment(session, made, number(source, "prepaid_amount"), text(source, "order_no"), job)
        if made.total > 0:
            body = (
                f"Invoice {made.number} over {made.total:.2f} {made.currency}, due {made.due_on}; "
                f"to pay: {open_amount(made):.2f}."
            )
            papers = write_invoice(
                session, invoice_id=made.id, now=job.now, seller=job.resources.settings.get("seller")
            )
            mail_customer(job, session, f"Invoice {made.number}", body, [paper.id for paper in papers])
        result["invoices"] = [*items(result, "invoices"), invoice_variables(made)]
        return once.keep({"delivery_result": result})


def invoice_variables(made: Invoice) -> dict[str, Any]:
    """An invoice as the process sees it."""
    return {
        "invoice_id": made.id,
        "invoice_no": made.number,
        "total": made.total,
        "open": open_amount(made),
        "due_on": made.due_on,
    }


def _take_off_prepayment(session: Session, made: Invoice, prepaid: Decimal, order_no: str, job: Job) -> None:
    prefix = f"prepayment/{order_no}/"
    used = sum(
        session.scalars(select(Settlement.amount).where(Settlement.settlement_key.startswith(prefix))).all(), ZERO
    )
    amount = min(prepaid - used, open_amount(made))
    if amount > 0:
        settle(
            session,
            settlement_key=f"{prefix}{made.number}",
            kind="credit_note",
            party_id=made.party_id,
            amount=amount,
            invoice_id=made.id,
            breakdown={"prepayment": str(amount)},
            now=job.now,
        )


@handlers.register("sales.complete_fulfilment")
def complete_fulfilment(job: Job) -> Mapping[str, Any]:
    """All deliveries have ended: what was delivered, on time and whole, and which invoices are open."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        results = items(source, "delivery_results")
        delivered = [row for row in results if row.get("status") == "delivered"]
        if not delivered:
            cancel(session, order_id=order.id, reason="nothing could be delivered", now=job.now)
            record_outcome(session, job, "cancelled", {"refusal_reason": "nothing could be delivered"})
            return once.keep({"order_status": "cancelled", "invoices": []})
        order.status = "delivered"
        invoices = [row for result in delivered for row in items(result, "invoices")]
        return once.keep(
            {
                "order_status": "delivered",
                "invoices": invoices,
                "order_total": order.total,
                "delivered_on_time": all(row.get("on_time") is not False for row in delivered),
                "delivered_undamaged": all(row.get("undamaged") is not False for row in delivered),
                "delivered_complete": len(delivered) == len(results),
            }
        )
