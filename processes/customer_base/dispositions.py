"""What a returned piece is worth on each way it can go: net recovery values (pure, plus one reader).

NRV = P(sale) × price − handling − repair − freight − holding × days.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from processes.customer_base.amounts import ZERO, cents, decimal_of
from processes.customer_base.products import product_by_sku
from processes.customer_base.tables import Product

DISPOSITIONS = ("restock", "refurbish", "repair", "supplier", "parts", "liquidate", "recycle", "quarantine")
GRADES = {  # which ways a grade leaves open
    "A": ("restock", "refurbish", "liquidate", "supplier", "recycle"),
    "B": ("refurbish", "liquidate", "supplier", "recycle"),
    "C": ("repair", "liquidate", "parts", "supplier", "recycle"),
    "D": ("parts", "supplier", "recycle"),
    "X": ("quarantine",),
}
# Where a product says nothing: price as a share of list, probability of a sale, handling, days until it is sold.
USUAL = {
    "restock": ("1.00", "0.95", "15", 20),
    "refurbish": ("0.75", "0.85", "60", 30),
    "repair": ("0.70", "0.80", "40", 30),
    "supplier": ("0.60", "0.70", "30", 45),
    "parts": ("0.30", "0.60", "80", 90),
    "liquidate": ("0.35", "0.90", "20", 10),
    "recycle": ("0.03", "1.00", "25", 0),
}
HOLDING_SHARE_PER_DAY = Decimal("0.0005")  # of cost


def disposition_values(
    session: Session, *, sku: str, grade: str, repair_cost: Decimal | None = None, freight: Decimal = ZERO
) -> list[dict[str, Any]]:
    """The net recovery value of every way that is open for a grade, best first.

    `[{kind, price, probability, handling, repair, freight, holding, value}]`, per piece.
    """
    product = product_by_sku(session, sku)
    return rank_dispositions(product, grade=grade, repair_cost=repair_cost, freight=freight)


def rank_dispositions(
    product: Product, *, grade: str, repair_cost: Decimal | None = None, freight: Decimal = ZERO
) -> list[dict[str, Any]]:
    """The same for a product at hand (pure)."""
    kinds = [kind for kind in GRADES.get(grade, ("quarantine",)) if kind in USUAL]
    if product.supplier_id is None:
        kinds = [kind for kind in kinds if kind != "supplier"]
    rows = [_row(product, kind, repair_cost, freight) for kind in kinds]
    return sorted(rows, key=lambda row: -row["value"])


def best_disposition(values: list[dict[str, Any]]) -> str:
    """The way with the highest value; recycling when nothing earns more than it costs, quarantine without a way."""
    if not values:
        return "quarantine"
    best = max(values, key=lambda row: row["value"])
    return best["kind"] if best["value"] >= 0 else "recycle"


def _row(product: Product, kind: str, repair_cost: Decimal | None, freight: Decimal) -> dict[str, Any]:
    share, probability, handling, days = USUAL[kind]
    known: Mapping[str, Any] = product.recovery.get(kind, {})
    price = decimal_of(known.get("price", product.list_price * Decimal(share)))
    chance = decimal_of(known.get("probability", probability))
    handling_cost = decimal_of(known.get("handling", handling))
    repair = ZERO
    if kind in ("repair", "refurbish"):
        repair = repair_cost if repair_cost is not None and kind == "repair" else decimal_of(known.get("repair", 0))
    freight_cost = freight if kind in ("supplier", "liquidate") else decimal_of(known.get("freight", 0))
    per_day = decimal_of(known.get("holding_per_day", product.cost * HOLDING_SHARE_PER_DAY))
    holding = cents(per_day * decimal_of(known.get("days", days)))
    return {
        "kind": kind,
        "price": cents(price),
        "probability": chance,
        "handling": handling_cost,
        "repair": repair,
        "freight": freight_cost,
        "holding": holding,
        "value": cents(chance * price - handling_cost - repair - freight_cost - holding),
    }
