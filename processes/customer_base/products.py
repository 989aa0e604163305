"""What we sell: the catalogue, and configurations of products with options."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotFound
from engine.store.types import plain
from processes.customer_base.amounts import ZERO, decimal_of
from processes.customer_base.scope import add
from processes.customer_base.tables import Product


def create_product(
    session: Session,
    *,
    sku: str,
    name: str,
    list_price: Decimal,
    cost: Decimal,
    category: str,
    now: datetime,
    **fields: Any,
) -> Product:
    """A new product; `fields` are further columns of the product table."""
    if list_price < 0 or cost < 0:
        raise InvalidInput(f"Price and cost of {sku} must not be negative, found {list_price} and {cost}.")
    product = Product(sku=sku, name=name, list_price=list_price, cost=cost, category=category, created_at=now, **fields)
    product.options = fields.get("options") or []
    product.recovery = fields.get("recovery") or {}
    return add(session, product)


def product_by_sku(session: Session, sku: str) -> Product:
    """The product with this stock-keeping unit."""
    product = session.scalar(select(Product).where(Product.sku == sku))
    if product is None:
        raise NotFound(f"There is no product '{sku}': look it up in the catalogue.")
    return product


def products_by_sku(session: Session, skus: list[str]) -> dict[str, Product]:
    """The products by stock-keeping unit; NotFound names the ones that are missing."""
    found = {product.sku: product for product in session.scalars(select(Product).where(Product.sku.in_(skus)))}
    missing = sorted(set(skus) - set(found))
    if missing:
        raise NotFound(f"There is no product {', '.join(repr(sku) for sku in missing)}: look it up in the catalogue.")
    return found


def search_products(session: Session, *, text: str = "", category: str | None = None, limit: int = 50) -> list[Product]:
    """Active products whose sku or name contains the text, by sku."""
    statement = select(Product).where(Product.active.is_(True)).order_by(Product.sku).limit(limit)
    if text.strip():
        pattern = "%" + text.strip().replace("%", r"\%").replace("_", r"\_") + "%"
        fields = (Product.sku, Product.name, Product.name_zh)
        statement = statement.where(or_(*(field.ilike(pattern, escape="\\") for field in fields)))
    if category:
        statement = statement.where(Product.category == category)
    return list(session.scalars(statement))


@dataclass(frozen=True)
class ConfigurationCheck:
    """Whether choices fit together, what they cost and how long they take."""

    is_valid: bool
    conflicts: tuple[str, ...]
    missing: tuple[str, ...]  # options without a choice
    choices: dict[str, str]
    price: Decimal  # list price with all options, per piece
    lead_time_days: int
    digest: str  # of product, choices and price: a frozen configuration is recognised by it


def check_configuration(product: Product, choices: Mapping[str, str]) -> ConfigurationCheck:
    """Check a product's chosen options: `choices` maps option key → choice key.

    A choice may have `price`, `lead_time_days`, `requires` and `excludes` (lists of "option=choice").
    """
    taken: dict[str, Mapping[str, Any]] = {}
    conflicts: list[str] = []
    for option in product.options:
        chosen = choices.get(option["key"], option.get("default"))
        known = {choice["key"]: choice for choice in option["choices"]}
        if chosen is None:
            continue
        if chosen not in known:
            conflicts.append(f"{option['name']} has no choice '{chosen}'; it offers {', '.join(known)}.")
            continue
        taken[option["key"]] = known[chosen]
    picked = {f"{option}={choice['key']}" for option, choice in taken.items()}
    for option, choice in taken.items():
        for needed in choice.get("requires", ()):
            if needed not in picked:
                conflicts.append(f"{option}={choice['key']} requires {needed}.")
        for forbidden in choice.get("excludes", ()):
            if forbidden in picked:
                conflicts.append(f"{option}={choice['key']} excludes {forbidden}.")
    unknown = sorted(set(choices) - {option["key"] for option in product.options})
    conflicts.extend(f"{product.sku} has no option '{key}'." for key in unknown)
    missing = tuple(option["key"] for option in product.options if option["key"] not in taken)
    price = product.list_price + sum((decimal_of(choice.get("price", 0)) for choice in taken.values()), ZERO)
    lead_time = product.lead_time_days + max(
        (int(choice.get("lead_time_days", 0)) for choice in taken.values()), default=0
    )
    final = {option: choice["key"] for option, choice in taken.items()}
    return ConfigurationCheck(
        is_valid=not conflicts and not missing,
        conflicts=tuple(conflicts),
        missing=missing,
        choices=final,
        price=price,
        lead_time_days=lead_time,
        digest=configuration_digest(product.sku, final, price),
    )


def configuration_digest(sku: str, choices: Mapping[str, str], price: Decimal) -> str:
    """SHA-256 over product, choices and price."""
    text = json.dumps(plain({"sku": sku, "choices": dict(choices), "price": f"{price:.4f}"}), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
