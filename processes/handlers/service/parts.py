"""Node 15: parts for a visit: reserve, find another source, order, book in."""

import math
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from processes.customer_base import field_service
from processes.customer_base.products import product_by_sku
from processes.customer_base.scope import find
from processes.customer_base.stock import (
    MAIN_WAREHOUSE,
    choose_location,
    free_stock,
    locations_of_kind,
    post_movement,
    transfer,
)
from processes.customer_base.tables import Product, StockLocation, WorkOrder
from processes.handlers.service.clock import ticket_of
from processes.handlers.service.notices import send_notice
from processes.handlers.values import ZERO, items, money, number, required_text, text

handlers = Handlers()
COURIER_COST = Decimal(80)
EXPRESS_SURCHARGE = Decimal("0.15")
EXPRESS_SHARE = 3  # express delivery takes a third of the lead time


def order_of(session: Session, job: Job) -> WorkOrder:
    """The work order of the case."""
    return find(session, WorkOrder, required_text(job.variables, "work_order_id"))


def part_choices(session: Session) -> list[dict[str, str]]:
    """What can be chosen as a part in forms, by name."""
    stocked = select(Product).where(Product.kind.in_(("part", "consumable"))).order_by(Product.name)
    return [{"label": f"{product.name} ({product.sku})", "value": product.sku} for product in session.scalars(stocked)]


def part_lines(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Rows of a form as a work order keeps them."""
    return [{"sku": text(row, "sku"), "quantity": str(number(row, "quantity", 1))} for row in rows if text(row, "sku")]


@handlers.register("service.reserve_parts")
def reserve(job: Job) -> Mapping[str, Any]:
    """Keep what the dispatcher checked and reserve the parts; what is missing is listed in `shortages`."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        order = order_of(once.session, job)
        order.parts = part_lines(items(source, "parts_needed"))
        order.duration_minutes = int(number(source, "duration_minutes", order.duration_minutes))
        order.permits = sorted({*order.permits, *([text(source, "permit")] if text(source, "permit") else [])})
        found = field_service.reserve_parts(once.session, work_order_id=order.id, now=job.now)
        return once.keep(
            {
                "parts_available": found["complete"],
                "shortages": found["missing"],
                "shortage_text": ", ".join(f"{row['quantity']} × {row['sku']}" for row in found["missing"]),
                "reservation_id": order.number,
            }
        )


@handlers.register("service.find_part_source")
def find_source(job: Job) -> Mapping[str, Any]:
    """Where the missing parts can come from, fastest first: another van, the supplier express, the supplier."""
    wanted = items(job.variables, "shortages")
    with job.resources.transaction(job) as session:
        sources = [*_vans(session, wanted), *_supplier(session, wanted)]
    return {"part_sources": sorted(sources, key=lambda row: (row["days"], row["cost"]))}


def _vans(session: Session, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"source": van.name, "location": van.code, "days": 1, "cost": COURIER_COST}
        for van in locations_of_kind(session, "van")
        if wanted and all(_holds(session, row, van) for row in wanted)
    ]


def _holds(session: Session, row: Mapping[str, Any], place: StockLocation) -> bool:
    return (
        choose_location(session, sku=row["sku"], quantity=number(row, "quantity"), locations=[place.code]) is not None
    )


def _supplier(session: Session, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    products = [(product_by_sku(session, row["sku"]), number(row, "quantity")) for row in wanted]
    days = max((product.lead_time_days for product, _ in products), default=0)
    value = sum((product.cost * quantity for product, quantity in products), ZERO)
    express_days = max(1, math.ceil(days / EXPRESS_SHARE))
    return [
        {
            "source": "Supplier express",
            "location": None,
            "days": express_days,
            "cost": money(value * (1 + EXPRESS_SURCHARGE)),
        },
        {"source": "Supplier", "location": None, "days": days, "cost": money(value)},
    ]


@handlers.register("service.order_parts")
def order_parts(job: Job) -> Mapping[str, Any]:
    """Order from the chosen source and promise the day."""
    source = job.variables
    wanted = required_text(source, "part_source")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        sources = items(source, "part_sources")
        chosen = next((row for row in sources if row["source"] == wanted), sources[0])
        promised_at = job.now + timedelta(days=int(number(chosen, "days")))
        ticket = ticket_of(once.session, job)
        words = {**source, "part_source": chosen["source"], "parts_promised_at": promised_at}
        send_notice(once.session, job, "part_order", ticket, words)
        return once.keep(
            {"part_location": chosen.get("location"), "part_cost": chosen["cost"], "parts_promised_at": promised_at}
        )


@handlers.register("service.receive_parts")
def receive(job: Job) -> Mapping[str, Any]:
    """Book in what came for the work order, unless the warehouse has booked it already."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order = once.session, order_of(once.session, job)
        booked = []
        for row in items(source, "shortages"):
            sku, quantity = row["sku"], number(row, "quantity")
            missing = quantity - free_stock(session, skus=[sku]).get(sku, ZERO)
            if missing <= 0:
                continue
            _bring(session, sku, missing, text(source, "part_location"), order.number, job)
            booked.append({"sku": sku, "quantity": missing})
        return once.keep({"parts_received": booked})


def _bring(session: Session, sku: str, quantity: Decimal, van: str, reference: str, job: Job) -> None:
    if van and choose_location(session, sku=sku, quantity=quantity, locations=[van]):
        transfer(
            session,
            sku=sku,
            quantity=quantity,
            source=van,
            destination=MAIN_WAREHOUSE,
            reference=reference,
            now=job.now,
        )
        return
    post_movement(session, sku=sku, quantity=quantity, reason="purchase", reference=reference, now=job.now)
