"""Orders that change or are cancelled while they are fulfilled."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from processes.customer_base.deliveries import deliveries_of as deliveries_of_order
from processes.customer_base.orders import amend_order as amend
from processes.customer_base.orders import cancel_order as cancel
from processes.customer_base.parties import add_site
from processes.customer_base.pricing import Item, price_offer
from processes.customer_base.scope import find
from processes.customer_base.stock import (
    available_to_promise,
    release,
)
from processes.customer_base.tables import (
    DeliveryLine,
    Order,
    OrderLine,
    Party,
)
from processes.handlers.sales.fulfilment import shrink_order_line, sum_up
from processes.handlers.sales.orders import mail_customer, order_variables
from processes.handlers.sales.outcomes import record_outcome
from processes.handlers.values import ZERO, day, items, number, required_text, text

handlers = Handlers()
OPEN_DELIVERIES = ("planned", "picked", "packed")


@handlers.register("sales.check_change")
def check_change(job: Job) -> Mapping[str, Any]:
    """Whether an order can still change as asked: nothing shipped, and the goods can be had; with its price."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        changes = change_lines(source)
        feasible = order.status in ("new", "confirmed")
        problem = None if feasible else f"Order {order.number} is {order.status}: shipped goods cannot change."
        price_change = ZERO
        if feasible and changes:
            more = _additions(order, changes)
            if more:
                found = available_to_promise(session, lines=more, on=job.now.date())
                price_change = _price_of(session, job, order, more)
                late = max(row.available_on for row in found)
                problem = None if late <= job.now.date() else f"Further goods are available on {late}."
        return once.keep({"change_feasible": feasible, "change_problem": problem, "change_amount": price_change})


def change_lines(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The wished lines `{sku, quantity}`; dropping a product is the quantity 0."""
    kind, rows = text(source, "change_kind"), items(source, "change_lines")
    if kind not in ("quantity", "add_line", "remove_line"):
        return []
    if kind == "remove_line":
        return [{**row, "quantity": ZERO} for row in rows]
    return rows


def _additions(order: Order, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ordered = {line.product_sku: line.quantity for line in order.lines if not line.cancelled}
    more = ((text(row, "sku"), number(row, "quantity") - ordered.get(text(row, "sku"), ZERO)) for row in changes)
    return [{"sku": sku, "quantity": quantity} for sku, quantity in more if quantity > 0]


def _price_of(session: Session, job: Job, order: Order, lines: Sequence[Mapping[str, Any]]) -> Decimal:
    party = find(session, Party, order.party_id)
    wanted = [Item(text(row, "sku"), number(row, "quantity")) for row in lines]
    offer = price_offer(
        session, items=wanted, on=job.now.date(), party_id=party.id, region=party.region, currency=order.currency
    )
    return offer.net_total


@handlers.register("sales.amend_order")
def amend_order(job: Job) -> Mapping[str, Any]:
    """Change the order and what is planned for it, with an audit of before and after."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        kind = text(source, "change_kind")
        audit = amend(session, order_id=order.id, changes=change_lines(source), now=job.now)
        if kind == "date":
            _move(session, order, day(source, "change_date"))
        elif kind == "address" and text(source, "change_address"):
            site = add_site(
                session,
                party_id=order.party_id,
                name=text(source, "change_address")[:300],
                street=text(source, "change_address")[:300],
                kind="delivery",
                now=job.now,
            )
            order.site_id = site.id
        _replan_open_deliveries(session, order)
        body = text(source, "change_comment") or f"Your order {order.number} is changed; new total {order.total:.2f}."
        mail_customer(job, session, f"Order {order.number} changed", body)
        return once.keep({**order_variables(order), "change_audit": audit, "order_touched": True})


def _move(session: Session, order: Order, new_day: date | None) -> None:
    order.promised_on = new_day
    for delivery in deliveries_of_order(session, order.id):
        if delivery.status in OPEN_DELIVERIES:
            delivery.planned_on = new_day


def _replan_open_deliveries(session: Session, order: Order) -> None:
    """The first delivery that has not left takes what the order now has; cancelled lines leave every delivery."""
    waiting = [row for row in deliveries_of_order(session, order.id) if row.status in OPEN_DELIVERIES]
    if not waiting:
        return
    planned = {line.id: ZERO for line in order.lines}
    for delivery in waiting:
        for row in list(delivery.lines):
            ordered = find(session, OrderLine, row.order_line_id)
            if ordered.cancelled:
                delivery.lines.remove(row)
                continue
            row.quantity = min(row.quantity, ordered.quantity - ordered.delivered - planned[ordered.id])
            planned[ordered.id] += row.quantity
    first = waiting[0]
    for line in order.lines:
        more = line.quantity - line.delivered - planned[line.id]
        if line.cancelled or more <= 0:
            continue
        known = next((row for row in first.lines if row.order_line_id == line.id), None)
        if known is None:
            first.lines.append(
                DeliveryLine(order_line_id=line.id, product_sku=line.product_sku, quantity=more, serials=[])
            )
        else:
            known.quantity += more
    session.flush()


@handlers.register("sales.decline_change")
def decline_change(job: Job) -> Mapping[str, Any]:
    """Tell the customer that the order stays as it is, and why."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        source = job.variables
        why = text(source, "change_comment") or text(source, "change_problem") or "It cannot be changed any more."
        mail_customer(job, once.session, f"Order {text(source, 'order_no')}: change not possible", why)
        return once.keep({"change_feasible": False})


@handlers.register("sales.order_state")
def order_state(job: Job) -> Mapping[str, Any]:
    """What of the order has left the house: `shipped_lines` with serial numbers."""
    with job.resources.transaction(job) as session:
        order = find(session, Order, required_text(job.variables, "order_id"))
        serials: dict[str, list[str]] = {}
        for delivery in deliveries_of_order(session, order.id):
            for row in delivery.lines:
                serials.setdefault(row.order_line_id, []).extend(row.serials)
        lines = [
            {
                "sku": line.product_sku,
                "quantity": line.delivered - line.returned,
                "qty": line.delivered - line.returned,
                "serial": next(iter(serials.get(line.id, [])), None),
                "reason": "cancelled",
            }
            for line in order.lines
            if line.delivered > line.returned
        ]
    return {"shipped_lines": lines}


@handlers.register("sales.cancel_order")
def cancel_order(job: Job) -> Mapping[str, Any]:
    """Give back the stock of what has not been shipped; an order of which nothing left is cancelled as a whole."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, find(once.session, Order, required_text(source, "order_id"))
        reason = text(source, "cancel_reason") or "cancelled by the customer"
        if any(line.delivered > 0 for line in order.lines):
            _cancel_rest(session, order, job)
        else:
            cancel(session, order_id=order.id, reason=reason, now=job.now)
        mail_customer(job, session, f"Order {order.number} cancelled", f"Your order {order.number} is cancelled.")
        record_outcome(session, job, "cancelled", {"refusal_reason": reason})
        return once.keep({"order_status": "cancelled", "cancelled_at": job.now})


def _cancel_rest(session: Session, order: Order, job: Job) -> None:
    for delivery in deliveries_of_order(session, order.id):
        if delivery.status in OPEN_DELIVERIES:
            delivery.status = "cancelled"
    for line in order.lines:
        if line.delivered < line.quantity:
            release(session, reference=line.id, now=job.now)
            shrink_order_line(line, line.delivered)
    sum_up(session, order.id)
