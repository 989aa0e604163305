"""Product configuration: the model of a product, checking choices, what they cost, and freezing the result."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.handlers import Handlers, Job
from processes.customer_base.products import ConfigurationCheck, product_by_sku
from processes.customer_base.products import check_configuration as check_choices
from processes.customer_base.stock import free_stock
from processes.customer_base.tables import Product
from processes.handlers.values import ZERO, flag, items, money, number, required_text, text

handlers = Handlers()
VALID_DAYS = 30


@handlers.register("sales.load_product_model")
def load_product_model(job: Job) -> Mapping[str, Any]:
    """What can be chosen: options, prices, lead time, and how many lie in stock."""
    with job.resources.transaction(job) as session:
        product = product_by_sku(session, required_text(job.variables, "product_family"))
        model = {
            "sku": product.sku,
            "name": product.name,
            "list_price": product.list_price,
            "currency": product.currency,
            "lead_time_days": product.lead_time_days,
            "options": list(product.options),
            "in_stock": free_stock(session, skus=[product.sku])[product.sku],
        }
    return {"product_model": model, "configuration_check": None, "special_request": None}


@handlers.register("sales.check_configuration")
def check_configuration(job: Job) -> Mapping[str, Any]:
    """Whether the choices fit together, what they force, what they cost and how long they take."""
    with job.resources.transaction(job) as session:
        product = product_by_sku(session, required_text(job.variables, "product_family"))
        choices = chosen(items(job.variables, "choices"))
        check = check_choices(product, choices)
    return {
        "configuration_check": {
            "valid": not check.conflicts,
            "complete": not check.missing,
            "conflicts": list(check.conflicts),
            "missing": [_option_name(product, key) for key in check.missing],
            "forced": forced_choices(product, check.choices),
            "choices": dict(check.choices),
            "unit_price": check.price,
            "lead_time_days": check.lead_time_days,
        },
        "feasible": None,
        "extra_cost": None,
        "extra_days": None,
    }


def chosen(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Rows {option, choice} as a dictionary; a later row for the same option counts."""
    return {text(row, "option"): text(row, "choice") for row in rows if text(row, "option") and text(row, "choice")}


def forced_choices(product: Product, choices: Mapping[str, str]) -> list[str]:
    """What the choices require and nobody has chosen yet, as "option=choice"."""
    picked = {f"{option}={choice}" for option, choice in choices.items()}
    forced: list[str] = []
    for option in product.options:
        for choice in option["choices"]:
            if f"{option['key']}={choice['key']}" in picked:
                forced.extend(needed for needed in choice.get("requires", ()) if needed not in picked)
    return list(dict.fromkeys(forced))


def _option_name(product: Product, key: str) -> str:
    return next((str(option["name"]) for option in product.options if option["key"] == key), key)


@handlers.register("sales.cost_configuration")
def cost_configuration(job: Job) -> Mapping[str, Any]:
    """Bill of material, cost, price and lead time; a special request adds what engineering said."""
    source = job.variables
    with job.resources.transaction(job) as session:
        product = product_by_sku(session, required_text(source, "product_family"))
        check = check_choices(product, chosen(items(source, "choices")))
        free = free_stock(session, skus=[product.sku])[product.sku]
    is_special = bool(text(source, "special_request")) and flag(source, "feasible")
    extra_cost = number(source, "extra_cost") if is_special else ZERO
    extra_days = int(number(source, "extra_days")) if is_special else 0
    cost_share = product.cost / product.list_price if product.list_price else ZERO
    unit_cost = money(check.price * cost_share + extra_cost)
    unit_price = money(check.price + (extra_cost / cost_share if cost_share else extra_cost))
    quantity = number(source, "quantity", 1)
    return {
        "configuration_cost": {
            "bill_of_material": bill_of_material(product, check, quantity),
            "quantity": quantity,
            "unit_cost": unit_cost,
            "unit_price": unit_price,
            "margin_share": ((unit_price - unit_cost) / unit_price).quantize(Decimal("0.0001")) if unit_price else ZERO,
            "lead_time_days": check.lead_time_days + extra_days,
            "capacity_ok": not product.stocked or free >= quantity or check.lead_time_days > 0,
            "is_special": is_special,
        }
    }


def bill_of_material(product: Product, check: ConfigurationCheck, quantity: Decimal) -> list[dict[str, Any]]:
    """The base product and every chosen option, each with its quantity."""
    rows = [{"item": product.sku, "name": product.name, "quantity": quantity}]
    for option in product.options:
        choice = next((row for row in option["choices"] if row["key"] == check.choices.get(option["key"])), None)
        if choice:
            rows.append(
                {
                    "item": f"{product.sku}/{option['key']}={choice['key']}",
                    "name": f"{option['name']}: {choice['name']}",
                    "quantity": quantity,
                }
            )
    return rows


@handlers.register("sales.freeze_configuration")
def freeze_configuration(job: Job) -> Mapping[str, Any]:
    """The configuration as it was agreed: with a digest by which a later change of the model shows."""
    source = job.variables
    with job.resources.transaction(job) as session:
        product = product_by_sku(session, required_text(source, "product_family"))
        check = check_choices(product, chosen(items(source, "choices")))
    cost = dict(source.get("configuration_cost") or {})
    given = source.get("line")
    line = given if isinstance(given, Mapping) else {}
    return {
        "configuration": {
            "position": line.get("position"),
            "sku": product.sku,
            "quantity": number(source, "quantity", 1),
            "choices": dict(check.choices),
            "unit_price": cost.get("unit_price", check.price),
            "unit_cost": cost.get("unit_cost"),
            "list_price": check.price,
            "lead_time_days": cost.get("lead_time_days", check.lead_time_days),
            "bill_of_material": cost.get("bill_of_material", []),
            "special_request": text(source, "special_request") or None,
            "is_special": bool(cost.get("is_special")),
            "agreed_by": text(source, "accepted_by") or None,
            "hash": check.digest,
            "valid_until": job.now.date() + timedelta(days=VALID_DAYS),
        }
    }
