"""Deliveries of an order: planned, picked, packed, shipped, arrived."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.amounts import ZERO, decimal_of, shown
from processes.customer_base.numbering import next_number
from processes.customer_base.orders import quantities_by_line
from processes.customer_base.products import products_by_sku
from processes.customer_base.scope import add, find
from processes.customer_base.stock import MAIN_WAREHOUSE, consume, held_reservations, post_movement
from processes.customer_base.tables import Delivery, DeliveryLine, InstalledProduct, Order, OrderLine, Product

ON_THE_WAY = ("planned", "picked", "packed")


def plan_delivery(
    session: Session,
    *,
    order_id: str,
    now: datetime,
    lines: Iterable[Mapping[str, Any]] | None = None,
    planned_on: date | None = None,
    location: str | None = None,
) -> Delivery:
    """A delivery of some lines (`{sku, quantity}`), or of all that is neither delivered nor planned."""
    order = find(session, Order, order_id)
    if order.status not in ("confirmed", "partly_delivered"):
        raise InvalidState(f"Order {order.number} is {order.status}: confirm it before planning deliveries.")
    open_quantities = _unplanned(session, order)
    chosen = _chosen(order, open_quantities, lines)
    if not chosen:
        raise InvalidState(f"Everything of order {order.number} is delivered or planned already.")
    delivery = Delivery(
        number=next_number(session, "delivery", now),
        order_id=order_id,
        status="planned",
        location_code=location or _location_of(session, chosen),
        planned_on=planned_on or order.promised_on,
        created_at=now,
    )
    delivery.lines = [
        DeliveryLine(order_line_id=line.id, product_sku=line.product_sku, quantity=quantity, serials=[])
        for line, quantity in chosen
    ]
    return add(session, delivery)


def advance_delivery(session: Session, *, delivery_id: str, status: str) -> Delivery:
    """Note that a delivery is picked or packed."""
    delivery = find(session, Delivery, delivery_id)
    if status not in ("picked", "packed"):
        raise InvalidInput(f"A delivery advances to picked or packed, found '{status}'; use ship for the rest.")
    if delivery.status not in ON_THE_WAY:
        raise InvalidState(f"Delivery {delivery.number} is {delivery.status} already.")
    delivery.status = status
    return delivery


def ship_delivery(
    session: Session,
    *,
    delivery_id: str,
    now: datetime,
    serials: Mapping[str, Iterable[str]] | None = None,
    carrier: str | None = None,
    tracking_number: str | None = None,
    produce_missing: bool = False,
) -> Delivery:
    """Take the goods out of stock and count them as delivered. Shipping twice changes nothing.

    `serials` maps sku → serial numbers. StockShort when goods are missing, unless `produce_missing` says that they come
    straight from production (make to order) or the supplier (drop-ship).
    """
    delivery = find(session, Delivery, delivery_id)
    if delivery.status in ("shipped", "delivered"):
        return delivery
    if delivery.status == "cancelled":
        raise InvalidState(f"Delivery {delivery.number} is cancelled.")
    order = find(session, Order, delivery.order_id)
    products = products_by_sku(session, [line.product_sku for line in delivery.lines])
    for line in delivery.lines:
        line.serials = list((serials or {}).get(line.product_sku, ()))
        _take_from_stock(session, delivery, line, products[line.product_sku], produce_missing, now)
        ordered = find(session, OrderLine, line.order_line_id)
        ordered.delivered += line.quantity
        _install(session, order, ordered, line, products[line.product_sku], now)
    delivery.status, delivery.shipped_at = "shipped", now
    delivery.carrier, delivery.tracking_number = carrier, tracking_number
    order.status = "partly_delivered" if quantities_by_line(order) else "delivered"
    session.flush()
    return delivery


def confirm_arrival(session: Session, *, delivery_id: str, now: datetime) -> Delivery:
    """The customer has the goods."""
    delivery = find(session, Delivery, delivery_id)
    if delivery.status not in ("shipped", "delivered"):
        raise InvalidState(f"Delivery {delivery.number} is {delivery.status}: ship it first.")
    delivery.status, delivery.delivered_at = "delivered", delivery.delivered_at or now
    return delivery


def deliveries_of(session: Session, order_id: str) -> list[Delivery]:
    """An order's deliveries, oldest first."""
    return list(session.scalars(select(Delivery).where(Delivery.order_id == order_id).order_by(Delivery.number)))


def _unplanned(session: Session, order: Order) -> dict[str, Decimal]:
    quantities = quantities_by_line(order)
    for delivery in deliveries_of(session, order.id):
        if delivery.status in ON_THE_WAY:
            for line in delivery.lines:
                quantities[line.order_line_id] = quantities.get(line.order_line_id, ZERO) - line.quantity
    return {line_id: quantity for line_id, quantity in quantities.items() if quantity > 0}


def _chosen(
    order: Order, open_quantities: Mapping[str, Decimal], lines: Iterable[Mapping[str, Any]] | None
) -> list[tuple[OrderLine, Decimal]]:
    by_id = {line.id: line for line in order.lines}
    if lines is None:
        return [(by_id[line_id], quantity) for line_id, quantity in open_quantities.items()]
    chosen = []
    for wanted in lines:
        quantity = decimal_of(wanted["quantity"], "quantity")
        line = next((by_id[id_] for id_ in open_quantities if by_id[id_].product_sku == wanted["sku"]), None)
        if line is None or quantity > open_quantities[line.id]:
            open_quantity = open_quantities[line.id] if line else ZERO
            raise InvalidInput(
                f"{shown(quantity)} of {wanted['sku']} should be delivered, "
                f"{shown(open_quantity)} of order {order.number} are open."
            )
        chosen.append((line, quantity))
    return chosen


def _location_of(session: Session, chosen: list[tuple[OrderLine, Decimal]]) -> str:
    for line, _ in chosen:
        for reservation in held_reservations(session, reference=line.id):
            return reservation.location_code
    return MAIN_WAREHOUSE


def _take_from_stock(
    session: Session, delivery: Delivery, line: DeliveryLine, product: Product, produce_missing: bool, now: datetime
) -> None:
    if not product.stocked:
        return
    if produce_missing:
        held = sum((item.quantity for item in held_reservations(session, reference=line.order_line_id)), ZERO)
        if held < line.quantity:
            post_movement(
                session,
                sku=line.product_sku,
                quantity=line.quantity - held,
                reason="receipt",
                location=delivery.location_code,
                reference=delivery.number,
                now=now,
            )
    consume(
        session,
        reference=line.order_line_id,
        sku=line.product_sku,
        quantity=line.quantity,
        location=delivery.location_code,
        movement_reference=delivery.number,
        now=now,
    )


def _install(
    session: Session, order: Order, ordered: OrderLine, line: DeliveryLine, product: Product, now: datetime
) -> None:
    """Every serial number that leaves becomes an installed product with its warranty."""
    for serial in line.serials:
        known = session.scalar(select(InstalledProduct).where(InstalledProduct.serial == serial))
        installed = known or InstalledProduct(serial=serial, created_at=now)
        installed.product_sku, installed.party_id, installed.site_id = product.sku, order.party_id, order.site_id
        installed.order_line_id, installed.installed_on, installed.status = ordered.id, now.date(), "in_use"
        installed.warranty_to = now.date() + relativedelta(months=product.warranty_months)
        installed.configuration = dict(ordered.configuration)
        session.add(installed)
    session.flush()
