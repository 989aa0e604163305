"""Nodes 13, 15 and 22 to 25: inspection, values of the options, postings, repair, supplier."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.handlers import Handlers, Job
from processes.customer_base.dispositions import disposition_values
from processes.customer_base.products import products_by_sku
from processes.customer_base.returns import (
    create_supplier_claim,
    decide_supplier_claim,
    post_disposition,
    record_inspection,
)
from processes.customer_base.scope import find
from processes.customer_base.stock import StockShort, post_movement, reserve
from processes.customer_base.tables import ReturnLine, ReturnOrder, SupplierClaim
from processes.handlers.returns.notices import send_notice
from processes.handlers.values import ZERO, day, flag, items, number, required_text, text

handlers = Handlers()
BOOKINGS = {"credit": "credited", "replace": "replaced", "refuse": "refused"}
SUPPLIER_WARRANTY = timedelta(days=730)
LONG_AGO = 9999


@handlers.register("returns.record_inspections")
def record_inspections(job: Job) -> Mapping[str, Any]:
    """Keep what the inspector found and what each way for the goods is worth."""
    source = job.variables
    found = {row["line_id"]: row for row in items(source, "inspections")}
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, graded = once.session, []
        lines = items(source, "received_lines")
        products = products_by_sku(session, [line["sku"] for line in lines])
        for line in lines:
            report = found.get(line["line_id"], {})
            record_inspection(
                session,
                return_line_id=line["line_id"],
                now=job.now,
                result=text(report, "result", "inspected"),
                fault_found=flag(report, "fault_found"),
                defect_code=text(report, "defect_code") or None,
                cause=text(report, "cause", "none"),
                grade=text(report, "grade", "X"),
                accessories_complete=report.get("accessories_complete") is not False,
                data_wiped=flag(report, "data_wiped"),
                repairable=flag(report, "repairable"),
                repair_cost=number(report, "repair_cost"),
                notes=text(report, "notes") or None,
            )
            graded.append(_graded(session, job, line, report, products[line["sku"]].supplier_id is not None))
        return once.keep({"graded_lines": graded, "graded_at": job.now})


def _graded(
    session, job: Job, line: Mapping[str, Any], report: Mapping[str, Any], has_supplier: bool
) -> dict[str, Any]:
    values = disposition_values(
        session, sku=line["sku"], grade=text(report, "grade", "X"), repair_cost=number(report, "repair_cost")
    )
    delivered_days = line.get("days_since_delivery")
    warranty_to = day(line, "warranty_to")
    out_of = (job.now.date() - warranty_to).days if warranty_to is not None else LONG_AGO
    return {
        **line,
        **{
            name: report.get(name)
            for name in ("fault_found", "defect_code", "cause", "grade", "data_wiped", "repairable")
        },
        "accessories_complete": report.get("accessories_complete") is not False,
        "repair_cost": number(report, "repair_cost"),
        "wish": text(job.variables, "wish"),
        "supplier_warranty": has_supplier
        and delivered_days is not None
        and timedelta(days=int(delivered_days)) <= SUPPLIER_WARRANTY,
        "days_out_of_warranty": max(out_of, 0),
        "options": [{"kind": row["kind"], "net_value": row["value"]} for row in values],
    }


@handlers.register("returns.post_goods")
def post_goods(job: Job) -> Mapping[str, Any]:
    """Move the pieces to where they go, with their new value. Repaired goods that were shipped are already gone."""
    source = job.variables
    line, kind = dict(source.get("line") or {}), required_text(source, "disposition")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        row = find(once.session, ReturnLine, required_text(line, "line_id"))
        rest = row.received - row.disposed
        if rest <= 0:
            return once.keep({"posted": ZERO})
        value = next((number(option, "net_value") for option in items(line, "options") if option["kind"] == kind), ZERO)
        post_disposition(
            once.session,
            return_line_id=row.id,
            kind=kind,
            net_value=max(value, ZERO) * rest,
            alternatives=items(source, "alternatives"),
            certificate=text(source, "certificate") or None,
            now=job.now,
        )
        row.outcome = kind
        for part in items(source, "harvested") if kind == "parts" else ():
            post_movement(
                once.session,
                sku=part["sku"],
                quantity=number(part, "quantity"),
                reason="harvest",
                reference=text(source, "rma_no"),
                valuation_class="used",
                now=job.now,
            )
        return once.keep({"posted": rest})


@handlers.register("returns.reserve_parts")
def reserve_parts(job: Job) -> Mapping[str, Any]:
    """Reserve what the repair needs; what is short is listed and the bench waits for it."""
    source = job.variables
    short = []
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        reference = f"{text(source, 'rma_no')}/{(source.get('line') or {}).get('line_id', '')}"
        for part in items(source, "repair_parts"):
            try:
                reserve(
                    once.session, sku=part["sku"], quantity=number(part, "quantity"), reference=reference, now=job.now
                )
            except StockShort:
                short.append(part["sku"])
        return once.keep({"parts_short": short})


@handlers.register("returns.ship_repaired")
def ship_repaired(job: Job) -> Mapping[str, Any]:
    """Back to the customer: out of the returns warehouse, without a value for us."""
    source = job.variables
    line = dict(source.get("line") or {})
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        row = find(once.session, ReturnLine, required_text(line, "line_id"))
        rest = row.received - row.disposed
        if rest > 0:
            done = post_disposition(once.session, return_line_id=row.id, kind="repair", net_value=ZERO, now=job.now)
            post_movement(
                once.session,
                sku=row.product_sku,
                quantity=-rest,
                reason="repaired goods shipped",
                location=done.location_code,
                reference=text(source, "rma_no"),
                serial=row.serial,
                now=job.now,
            )
        returned = find(once.session, ReturnOrder, row.return_id)
        send_notice(once.session, job, "repaired", returned, {**source, "sku": row.product_sku})
        return once.keep({"repaired_shipped_at": job.now})


@handlers.register("returns.claim_supplier")
def claim_supplier(job: Job) -> Mapping[str, Any]:
    """Write the claim and send it."""
    source = job.variables
    line = dict(source.get("line") or {})
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        row = find(session, ReturnLine, required_text(line, "line_id"))
        cost = products_by_sku(session, [row.product_sku])[row.product_sku].cost * (row.received or row.quantity)
        claim = create_supplier_claim(
            session, return_line_id=row.id, amount=cost, defect_code=text(line, "defect_code") or None, now=job.now
        )
        words = {
            "claim_no": claim.number,
            "amount": claim.amount,
            "sku": row.product_sku,
            "defect_code": claim.defect_code,
        }
        send_notice(session, job, "claim", find(session, ReturnOrder, row.return_id), words)
        return once.keep({"claim_id": claim.id, "claim_no": claim.number, "claim_amount": claim.amount})


@handlers.register("returns.book_claim")
def book_claim(job: Job) -> Mapping[str, Any]:
    """Book what the supplier decided."""
    source = job.variables
    decision = required_text(source, "supplier_decision")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        claim = find(once.session, SupplierClaim, required_text(source, "claim_id"))
        credited = source.get("credited_amount")
        decide_supplier_claim(
            once.session,
            claim_id=claim.id,
            decision=BOOKINGS.get(decision, decision),
            credited=Decimal(str(credited)) if credited is not None else None,
            now=job.now,
        )
        return once.keep({"claim_status": claim.status})
