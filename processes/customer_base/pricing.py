"""What something costs: list price × quantity, quantity break, customer agreement, promotion, freight, tax, margin.

`calculate` is pure; `price_offer` reads products and rules and calls it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.amounts import ZERO, cents, decimal_of
from processes.customer_base.products import check_configuration, products_by_sku
from processes.customer_base.tables import PriceRule, Product

FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Item:
    """What is wanted: a product, how many, its options, and a discount that somebody grants by hand (share 0–1)."""

    sku: str
    quantity: Decimal
    choices: Mapping[str, str] = field(default_factory=dict)
    manual_discount_share: Decimal = ZERO
    manual_unit_price: Decimal | None = None
    description: str | None = None

    @classmethod
    def from_variables(cls, line: Mapping[str, Any]) -> "Item":
        """Read a process variable: `{sku, quantity, choices?, discount_share?, unit_price?, description?}`."""
        sku = line.get("sku") or line.get("product_sku")
        if not sku:
            raise InvalidInput(f"A line needs a product ('sku'), found {dict(line)}.")
        quantity = line.get("quantity", line.get("qty"))
        unit_price = line.get("manual_unit_price")
        return cls(
            sku=str(sku),
            quantity=decimal_of(1 if quantity is None else quantity, "quantity"),
            choices=dict(line.get("choices") or {}),
            manual_discount_share=decimal_of(line.get("discount_share") or 0, "discount"),
            manual_unit_price=None if unit_price is None else decimal_of(unit_price, "unit price"),
            description=line.get("description"),
        )


@dataclass(frozen=True)
class PricedLine:
    """One line of an offer; `discount_share` is the distance from list, `reasons` say which rules gave it."""

    sku: str
    description: str
    quantity: Decimal
    list_price: Decimal
    unit_price: Decimal
    discount_share: Decimal
    net: Decimal
    tax: Decimal
    tax_share: Decimal
    unit_cost: Decimal
    lead_time_days: int
    weight_kg: Decimal
    configuration: dict[str, Any]
    reasons: tuple[str, ...]

    def as_variables(self) -> dict[str, Any]:
        """The line as a process variable."""
        return {**self.__dict__, "reasons": list(self.reasons), "configuration": dict(self.configuration)}


@dataclass(frozen=True)
class Offer:
    """A priced offer, every amount to the cent; `total` = net_total + freight + tax."""

    lines: tuple[PricedLine, ...]
    currency: str
    list_total: Decimal
    net_total: Decimal
    freight: Decimal
    tax: Decimal
    total: Decimal
    cost_total: Decimal
    margin: Decimal
    margin_share: Decimal  # margin / net_total
    discount_share: Decimal  # 1 - net_total / list_total

    def as_variables(self) -> dict[str, Any]:
        """The offer as process variables."""
        return {**self.__dict__, "lines": [line.as_variables() for line in self.lines]}


def price_offer(
    session: Session,
    *,
    items: Iterable[Item | Mapping[str, Any]],
    on: date,
    party_id: str | None = None,
    region: str | None = None,
    promotion_code: str | None = None,
    currency: str = "CNY",
) -> Offer:
    """Price items for a customer on a day, with the rules that hold then."""
    wanted = [item if isinstance(item, Item) else Item.from_variables(item) for item in items]
    if not wanted:
        raise InvalidInput("An offer needs at least one line: add a product.")
    products = products_by_sku(session, [item.sku for item in wanted])
    rules = _rules_in_force(session, on, party_id)
    return calculate(
        wanted, products, rules, party_id=party_id, region=region, promotion_code=promotion_code, currency=currency
    )


def calculate(
    items: Sequence[Item],
    products: Mapping[str, Product],
    rules: Sequence[PriceRule],
    *,
    party_id: str | None = None,
    region: str | None = None,
    promotion_code: str | None = None,
    currency: str = "CNY",
) -> Offer:
    """The offer for these items under these rules (pure).

    The best single one of quantity break, agreement and promotion counts for a line, they do not add up; a discount
    granted by hand comes on top; a price set by hand replaces everything.
    """
    by_category = _quantity_by_category(items, products)
    lines = tuple(
        _price_line(item, products[item.sku], rules, by_category, party_id, promotion_code, currency) for item in items
    )
    net_total = sum((line.net for line in lines), ZERO)
    list_total = sum((cents(line.list_price * line.quantity) for line in lines), ZERO)
    weight = sum((line.weight_kg * line.quantity for line in lines), ZERO)
    freight = _freight(rules, net_total, weight, region)
    top_tax_share = max((line.tax_share for line in lines), default=ZERO)
    tax = sum((line.tax for line in lines), ZERO) + cents(freight * top_tax_share)
    cost_total = sum((cents(line.unit_cost * line.quantity) for line in lines), ZERO)
    margin = net_total - cost_total
    return Offer(
        lines=lines,
        currency=currency,
        list_total=list_total,
        net_total=net_total,
        freight=freight,
        tax=tax,
        total=net_total + freight + tax,
        cost_total=cost_total,
        margin=margin,
        margin_share=_share(margin, net_total),
        discount_share=_share(list_total - net_total, list_total),
    )


def _price_line(
    item: Item,
    product: Product,
    rules: Sequence[PriceRule],
    by_category: Mapping[str, Decimal],
    party_id: str | None,
    promotion_code: str | None,
    currency: str,
) -> PricedLine:
    if item.quantity <= 0:
        raise InvalidInput(f"The quantity of {item.sku} must be above 0, found {item.quantity}.")
    if product.currency != currency:
        raise InvalidInput(
            f"{product.sku} is priced in {product.currency}, the offer is in {currency}: use one currency."
        )
    if not 0 <= item.manual_discount_share <= 1:
        raise InvalidInput(f"The discount on {item.sku} is a share from 0 to 1, found {item.manual_discount_share}.")
    configuration = check_configuration(product, item.choices) if product.options else None
    if configuration and not configuration.is_valid:
        problems = [*configuration.conflicts, *(f"Choose {key}." for key in configuration.missing)]
        raise InvalidInput(f"The configuration of {product.sku} is not complete and valid: {' '.join(problems)}")
    list_price = configuration.price if configuration else product.list_price
    unit_price, reasons = _best_price(item, product, list_price, rules, by_category, party_id, promotion_code)
    if item.manual_discount_share:
        unit_price = unit_price * (1 - item.manual_discount_share)
        reasons = (*reasons, f"discount granted {item.manual_discount_share:.2%}")
    if item.manual_unit_price is not None:
        unit_price, reasons = item.manual_unit_price, ("price set by hand",)
    unit_price = cents(unit_price)
    net = cents(unit_price * item.quantity)
    return PricedLine(
        sku=item.sku,
        description=item.description or product.name,
        quantity=item.quantity,
        list_price=list_price,
        unit_price=unit_price,
        discount_share=_share(list_price - unit_price, list_price),
        net=net,
        tax=cents(net * product.tax_share),
        tax_share=product.tax_share,
        unit_cost=product.cost,
        lead_time_days=configuration.lead_time_days if configuration else product.lead_time_days,
        weight_kg=product.weight_kg,
        configuration={"choices": configuration.choices, "digest": configuration.digest} if configuration else {},
        reasons=reasons,
    )


def _best_price(
    item: Item,
    product: Product,
    list_price: Decimal,
    rules: Sequence[PriceRule],
    by_category: Mapping[str, Decimal],
    party_id: str | None,
    promotion_code: str | None,
) -> tuple[Decimal, tuple[str, ...]]:
    best, reason = list_price, None
    for rule in rules:
        if rule.kind not in ("quantity_break", "agreement", "promotion") or not _concerns(rule, product, party_id):
            continue
        if rule.kind == "promotion" and rule.code and rule.code != promotion_code:
            continue
        counted = item.quantity if rule.product_sku else by_category.get(product.category, item.quantity)
        if counted < rule.min_quantity:
            continue
        offered = _rule_price(rule, product, list_price)
        if offered < best:
            best, reason = offered, f"{rule.kind.replace('_', ' ')}: {rule.name}"
    return best, (reason,) if reason else ()


def _rule_price(rule: PriceRule, product: Product, list_price: Decimal) -> Decimal:
    """A fixed unit price replaces the product's list price; options stay on top of it."""
    if rule.unit_price is not None:
        return rule.unit_price + (list_price - product.list_price)
    return list_price * (1 - (rule.discount_share or ZERO))


def _concerns(rule: PriceRule, product: Product, party_id: str | None) -> bool:
    return (
        rule.product_sku in (None, product.sku)
        and rule.category in (None, product.category)
        and (rule.party_id is None or rule.party_id == party_id)
    )


def _freight(rules: Sequence[PriceRule], net_total: Decimal, weight_kg: Decimal, region: str | None) -> Decimal:
    """The rate of the region (else the general one) with the highest amount from which it holds."""
    rates = [
        rule
        for rule in rules
        if rule.kind == "freight" and rule.region in (None, region) and net_total >= rule.min_amount
    ]
    if not rates:
        return ZERO
    rate = max(rates, key=lambda rule: (rule.region is not None, rule.min_amount))
    return cents((rate.flat or ZERO) + (rate.per_kg or ZERO) * weight_kg)


def _quantity_by_category(items: Sequence[Item], products: Mapping[str, Product]) -> dict[str, Decimal]:
    quantities: dict[str, Decimal] = {}
    for item in items:
        category = products[item.sku].category
        quantities[category] = quantities.get(category, ZERO) + item.quantity
    return quantities


def _rules_in_force(session: Session, on: date, party_id: str | None) -> list[PriceRule]:
    return list(
        session.scalars(
            select(PriceRule)
            .where(
                or_(PriceRule.party_id.is_(None), PriceRule.party_id == party_id),
                or_(PriceRule.valid_from.is_(None), PriceRule.valid_from <= on),
                or_(PriceRule.valid_to.is_(None), PriceRule.valid_to >= on),
            )
            .order_by(PriceRule.id)
        )
    )


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole).quantize(FOUR_PLACES) if whole else ZERO
