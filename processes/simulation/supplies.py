"""What suppliers bring while time passes: without it a year of orders would empty the shelves of a demo."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from processes.customer_base.stock import post_movement
from processes.customer_base.tables import StockLevel, StockLocation, StockMovement

KINDS = ("warehouse", "van")
REORDER_BELOW = Decimal("0.5")  # of the usual stock


def replenish(session: Session, *, now: datetime) -> int:
    """Fill up what has fallen below half of its usual stock, the largest receipt there was; gives how many products."""
    usual = _usual_stock(session)
    filled = 0
    levels = select(StockLevel).join(StockLocation, StockLocation.code == StockLevel.location_code)
    for level in session.scalars(levels.where(StockLocation.kind.in_(KINDS)).order_by(StockLevel.id)).all():
        wanted, free = usual.get((level.location_code, level.product_sku), Decimal(0)), level.on_hand - level.reserved
        if free < wanted * REORDER_BELOW:
            post_movement(
                session,
                sku=level.product_sku,
                quantity=wanted - free,
                reason="receipt",
                location=level.location_code,
                now=now,
                reference="simulation",
            )
            filled += 1
    return filled


def _usual_stock(session: Session) -> dict[tuple[str, str], Decimal]:
    """By location and product; what the supplier brings here does not raise it."""
    rows = session.execute(
        select(StockMovement.location_code, StockMovement.product_sku, func.max(StockMovement.quantity))
        .where(StockMovement.reference.is_distinct_from("simulation"))
        .group_by(StockMovement.location_code, StockMovement.product_sku)
    )
    return {(location, sku): most for location, sku, most in rows if most > 0}
