"""Stock by location: receipts, moves, reservations, and what can be promised when.

Always: on hand ≥ reserved ≥ 0 at every location, and the sum of a product's movements is its stock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState, NotFound
from processes.customer_base.amounts import ZERO, decimal_of, shown
from processes.customer_base.products import products_by_sku
from processes.customer_base.scope import add
from processes.customer_base.tables import Reservation, StockLevel, StockLocation, StockMovement

MAIN_WAREHOUSE = "MAIN"
SELLABLE = ("warehouse",)


class StockShort(InvalidState):
    """There is not enough free stock for what was asked."""


def add_location(session: Session, *, code: str, name: str, kind: str, region: str | None = None) -> StockLocation:
    """A place for stock: warehouse, van, returns or quarantine."""
    if kind not in ("warehouse", "van", "returns", "quarantine"):
        raise InvalidInput(f"A stock location is a warehouse, van, returns or quarantine, found '{kind}'.")
    return add(session, StockLocation(code=code, name=name, kind=kind, region=region))


def stock_level(session: Session, *, sku: str, location: str = MAIN_WAREHOUSE) -> StockLevel:
    """The level of a product at a location, locked for this transaction; an empty one when there was none."""
    level = session.scalar(
        select(StockLevel).where(StockLevel.product_sku == sku, StockLevel.location_code == location).with_for_update()
    )
    if level is None:
        if session.scalar(select(StockLocation.id).where(StockLocation.code == location)) is None:
            raise NotFound(f"There is no stock location '{location}': create it first.")
        products_by_sku(session, [sku])
        level = add(session, StockLevel(product_sku=sku, location_code=location, on_hand=ZERO, reserved=ZERO))
    return level


def post_movement(
    session: Session,
    *,
    sku: str,
    quantity: Decimal,
    reason: str,
    now: datetime,
    location: str = MAIN_WAREHOUSE,
    reference: str | None = None,
    serial: str | None = None,
    unit_value: Decimal | None = None,
    valuation_class: str = "new",
) -> StockMovement:
    """Change on-hand stock: positive comes in, negative goes out. StockShort when the free stock is less."""
    level = stock_level(session, sku=sku, location=location)
    if level.on_hand + quantity < level.reserved:
        free = level.on_hand - level.reserved
        raise StockShort(
            f"{shown(-quantity)} of {sku} should leave {location}, but only {shown(free)} are free "
            f"({shown(level.on_hand)} on hand, {shown(level.reserved)} reserved): receive or transfer stock first."
        )
    level.on_hand += quantity
    return add(
        session,
        StockMovement(
            location_code=location,
            product_sku=sku,
            quantity=quantity,
            reason=reason,
            reference=reference,
            serial=serial,
            unit_value=unit_value,
            valuation_class=valuation_class,
            at=now,
        ),
    )


def transfer(
    session: Session,
    *,
    sku: str,
    quantity: Decimal,
    source: str,
    destination: str,
    now: datetime,
    reference: str | None = None,
) -> None:
    """Move free stock from one location to another."""
    if quantity <= 0:
        raise InvalidInput(f"A transfer moves more than 0, found {quantity} of {sku}.")
    post_movement(
        session, sku=sku, quantity=-quantity, reason="transfer", location=source, reference=reference, now=now
    )
    post_movement(
        session, sku=sku, quantity=quantity, reason="transfer", location=destination, reference=reference, now=now
    )


def set_stock(
    session: Session, *, sku: str, on_hand: Decimal, now: datetime, location: str = MAIN_WAREHOUSE
) -> Decimal:
    """Adjust the stock to what was counted; gives the difference (0: nothing posted)."""
    difference = on_hand - stock_level(session, sku=sku, location=location).on_hand
    if difference:
        post_movement(session, sku=sku, quantity=difference, reason="adjustment", location=location, now=now)
    return difference


def reserve(
    session: Session, *, sku: str, quantity: Decimal, reference: str, now: datetime, location: str = MAIN_WAREHOUSE
) -> Reservation:
    """Promise free stock to something; StockShort when there is not enough."""
    if quantity <= 0:
        raise InvalidInput(f"A reservation needs more than 0, found {quantity} of {sku}.")
    level = stock_level(session, sku=sku, location=location)
    free = level.on_hand - level.reserved
    if free < quantity:
        raise StockShort(
            f"{shown(quantity)} of {sku} were asked at {location}, {shown(free)} are free: split, wait or substitute."
        )
    level.reserved += quantity
    return add(
        session,
        Reservation(
            product_sku=sku,
            location_code=location,
            quantity=quantity,
            reference=reference,
            status="held",
            created_at=now,
        ),
    )


def held_reservations(session: Session, *, reference: str) -> list[Reservation]:
    """What is still held for something, oldest first."""
    held = select(Reservation).where(Reservation.reference == reference, Reservation.status == "held")
    return list(session.scalars(held.order_by(Reservation.created_at, Reservation.id)))


def release(session: Session, *, reference: str, now: datetime) -> Decimal:
    """Give back all stock that is held for something; gives how much that was. Releasing twice changes nothing."""
    released = ZERO
    for reservation in held_reservations(session, reference=reference):
        stock_level(
            session, sku=reservation.product_sku, location=reservation.location_code
        ).reserved -= reservation.quantity
        reservation.status, reservation.closed_at = "released", now
        released += reservation.quantity
    session.flush()
    return released


def consume(
    session: Session,
    *,
    reference: str,
    sku: str,
    quantity: Decimal,
    now: datetime,
    reason: str = "delivery",
    location: str = MAIN_WAREHOUSE,
    movement_reference: str | None = None,
    serials: Iterable[str] = (),
) -> None:
    """Take goods out: first from what is held for the reference, the rest from free stock (StockShort when missing)."""
    open_quantity = quantity
    for reservation in held_reservations(session, reference=reference):
        if reservation.product_sku != sku or open_quantity == 0:
            continue
        taken = min(reservation.quantity, open_quantity)
        stock_level(session, sku=sku, location=reservation.location_code).reserved -= taken
        _take_out(session, sku, taken, reason, reservation.location_code, movement_reference or reference, now)
        _shrink(session, reservation, taken, now)
        open_quantity -= taken
    if open_quantity > 0:
        _take_out(session, sku, open_quantity, reason, location, movement_reference or reference, now)


def _take_out(
    session: Session, sku: str, quantity: Decimal, reason: str, location: str, reference: str, now: datetime
) -> None:
    post_movement(session, sku=sku, quantity=-quantity, reason=reason, location=location, reference=reference, now=now)


def _shrink(session: Session, reservation: Reservation, taken: Decimal, now: datetime) -> None:
    if taken == reservation.quantity:
        reservation.status, reservation.closed_at = "consumed", now
    else:
        reservation.quantity -= taken
    session.flush()


@dataclass(frozen=True)
class Availability:
    """What can be promised of one product: how many at once, and the day on which all of it is there."""

    sku: str
    asked: Decimal
    free: Decimal
    at_once: Decimal
    missing: Decimal
    available_on: date
    status: str  # full | partial | none

    def as_variables(self) -> dict[str, Any]:
        return dict(self.__dict__)


def free_stock(session: Session, *, skus: Iterable[str], kinds: Iterable[str] = SELLABLE) -> dict[str, Decimal]:
    """Stock on hand that nobody reserved, by product, over all locations of these kinds."""
    skus = list(skus)
    rows = session.execute(
        select(StockLevel.product_sku, func.sum(StockLevel.on_hand), func.sum(StockLevel.reserved))
        .join(StockLocation, StockLocation.code == StockLevel.location_code)
        .where(
            StockLevel.product_sku.in_(skus),
            StockLocation.kind.in_(tuple(kinds)),
            StockLocation.enterprise_id == StockLevel.enterprise_id,
        )
        .group_by(StockLevel.product_sku)
    )
    return dict.fromkeys(skus, ZERO) | {sku: on_hand - reserved for sku, on_hand, reserved in rows}


def available_to_promise(session: Session, *, lines: Iterable[Mapping[str, Any]], on: date) -> list[Availability]:
    """What can be promised for each line `{sku, quantity}`; what is missing comes after the product's lead time.

    Services and other products without stock are always there after their lead time.
    """
    wanted = [
        (str(line.get("sku") or line.get("product_sku")), decimal_of(line["quantity"], "quantity")) for line in lines
    ]
    skus = [sku for sku, _ in wanted]
    products, free = products_by_sku(session, skus), free_stock(session, skus=skus)
    result = []
    for sku, quantity in wanted:
        product = products[sku]
        free_now = free[sku] if product.stocked else quantity
        at_once = min(free_now, quantity)
        free[sku] -= at_once if product.stocked else ZERO
        missing = quantity - at_once
        status = "full" if missing == 0 else "partial" if at_once > 0 else "none"
        ready_on = on if missing == 0 and product.stocked else on + timedelta(days=product.lead_time_days)
        result.append(Availability(sku, quantity, free_now, at_once, missing, ready_on, status))
    return result


def choose_location(session: Session, *, sku: str, quantity: Decimal, locations: Iterable[str]) -> str | None:
    """The first of these locations that has enough free stock (van → depot → hub), or None."""
    for location in locations:
        level = session.scalar(
            select(StockLevel).where(StockLevel.product_sku == sku, StockLevel.location_code == location)
        )
        if level and level.on_hand - level.reserved >= quantity:
            return location
    return None


def locations_of_kind(session: Session, kind: str) -> list[StockLocation]:
    """The locations of a kind, by code."""
    return list(session.scalars(select(StockLocation).where(StockLocation.kind == kind).order_by(StockLocation.code)))


def days_of_cover(session: Session, *, sku: str, now: datetime, window_days: int = 30) -> Decimal | None:
    """How many days the sellable stock lasts at the deliveries of the last days; None when nothing was delivered."""
    delivered = session.scalar(
        select(func.sum(StockMovement.quantity)).where(
            StockMovement.product_sku == sku,
            StockMovement.reason == "delivery",
            StockMovement.at >= now - timedelta(days=window_days),
        )
    )
    if not delivered:
        return None
    per_day = -delivered / window_days
    return (free_stock(session, skus=[sku])[sku] / per_day).quantize(Decimal("0.1"))


def levels_of(session: Session, sku: str) -> list[StockLevel]:
    """A product's levels at all locations."""
    return list(
        session.scalars(select(StockLevel).where(StockLevel.product_sku == sku).order_by(StockLevel.location_code))
    )
