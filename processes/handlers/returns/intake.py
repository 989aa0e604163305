"""Nodes 2 to 11: trace, authorise, refuse, extend, cancel, receive."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.handlers import Handlers, Job
from processes.customer_base.credit import change_credit, credit_profile
from processes.customer_base.interactions import log_interaction
from processes.customer_base.invoicing import invoice_amount
from processes.customer_base.parties import find_contact, primary_contact
from processes.customer_base.products import products_by_sku
from processes.customer_base.returns import (
    authorise_return,
    create_return,
    finish_return,
    receive_return,
    trace_return,
)
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, Party, ReturnOrder
from processes.handlers.returns.notices import send_notice
from processes.handlers.values import ZERO, flag, items, moment, number, required_text, text

handlers = Handlers()
PRIVATE_DAYS, BUSINESS_DAYS, EXTENSION_DAYS = 14, 30, 14


@handlers.register("returns.trace")
def trace(job: Job) -> Mapping[str, Any]:
    """Find order, delivery, serial, warranty and earlier returns, and open the return."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        asked = items(source, "lines")
        if not asked:
            raise InvalidInput(
                "A return request names what comes back: give at least one line {sku, quantity, reason}."
            )
        contact = _contact(session, source)
        found = trace_return(
            session,
            lines=[{**line, "reason": text(line, "reason", "no_reason")} for line in asked],
            order_number=text(source, "order_no") or None,
            serial=text(source, "serial") or None,
            party_id=text(source, "party_id") or (contact.party_id if contact else None),
            now=job.now,
        )
        party = find(session, Party, found["party_id"]) if found["party_id"] else None
        contact = contact or (primary_contact(session, party_id=party.id) if party else None)
        returned = create_return(
            session,
            lines=_without_excess(found["lines"]),
            party_id=party.id if party else None,
            order_id=found["order_id"],
            contact_id=contact.id if contact else None,
            ticket_id=text(source, "ticket_id") or None,
            wish=text(source, "wish", "refund"),
            now=job.now,
        )
        return once.keep(
            {
                "rma_id": returned.id,
                "rma_no": returned.number,
                "party_id": party.id if party else None,
                "contact_id": contact.id if contact else None,
                "email": contact.email if contact else text(source, "contact_email") or None,
                "customer_name": party.name if party else text(source, "contact_email", "unknown"),
                "order_no": found["order_number"] or text(source, "order_no") or None,
                "wish": returned.wish,
                "requested_at": job.now,
                "intake": "requested",
                "extended": False,
                "customer": _customer_facts(session, job, party, found),
                "lines": [
                    _line_facts(session, source, found, asked[position], line, returned.lines[position].id)
                    for position, line in enumerate(found["lines"])
                ],
            }
        )


def _contact(session: Session, source: Mapping[str, Any]) -> Contact | None:
    known = text(source, "contact_id")
    if known:
        return find(session, Contact, known)
    for caller in (text(source, "contact_email"), text(source, "contact_phone")):
        matching = find_contact(session, caller=caller) if caller else []
        if matching:
            return matching[0]
    return None


def _without_excess(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """More than was delivered is a question for the reviewer, not an error: such a line refers to no order line."""
    return [line if line["quantity_ok"] else {**line, "order_line_id": None} for line in lines]


def _customer_facts(session: Session, job: Job, party: Party | None, found: Mapping[str, Any]) -> dict[str, Any]:
    if party is None:
        return {"known": False, "abuse_score": ZERO, "blocked": False, "deposit_possible": False, "store_near": False}
    profile = credit_profile(session, party_id=party.id, now=job.now)
    return {
        "known": True,
        "kind": party.kind,
        "abuse_score": found["abuse_score"],
        "returns_in_year": found["returns_in_year"],
        "blocked": profile.blocked,
        "advance_exchange": (party.tier or "") in ("gold", "vip", "24x7"),
        "deposit_possible": (profile.credit_limit or profile.starter_limit) > found["value"],
        "store_near": False,
    }


def _line_facts(
    session: Session,
    source: Mapping[str, Any],
    found: Mapping[str, Any],
    asked: Mapping[str, Any],
    line: Mapping[str, Any],
    line_id: str,
) -> dict[str, Any]:
    product = products_by_sku(session, [line["sku"]])[line["sku"]]
    warranty_to = found["warranty_to"]
    return {
        "line_id": line_id,
        "sku": line["sku"],
        "name": product.name,
        "serial": line.get("serial"),
        "quantity": line["quantity"],
        "returnable": line["returnable_quantity"] if found["our_sale"] else line["quantity"],
        "reason": line["reason"],
        "condition": text(asked, "condition") or None,
        "opened": flag(asked, "opened"),
        "value": line["unit_paid"] * line["quantity"],
        "unit_paid": line["unit_paid"],
        "our_sale": found["our_sale"],
        "days_since_delivery": found["days_since_delivery"],
        "warranty_to": warranty_to,
        "warranty_valid": found["under_warranty"],
        "recall": flag(source, "recall") or line["reason"] == "recall",
        "final_sale": not line["returnable"],
        "hygiene": line["hygiene"],
        "hazardous": line["hazardous"],
        "data_bearing": line["data_bearing"],
        "private_online": flag(source, "private_online"),
        "region": text(source, "region", "CN"),
        "abuse_score": found["abuse_score"],
        "weight_kg": product.weight_kg,
        "on_site": False,
        "direct_to_supplier": False,
    }


@handlers.register("returns.authorise")
def authorise(job: Job) -> Mapping[str, Any]:
    """RMA number, label and instructions; due after 14 days, 30 for companies."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        customer = source.get("customer") or {}
        days = BUSINESS_DAYS if customer.get("kind") == "org" else PRIVATE_DAYS
        due_at = datetime.combine(job.now.date() + timedelta(days=days), time(23, 59), UTC)
        route = text(source, "route", "drop_off")
        returned = authorise_return(
            once.session,
            return_id=required_text(source, "rma_id"),
            route=route,
            due_on=due_at.date(),
            instructions=_instructions(source),
            now=job.now,
        )
        words = {**source, "due_at": due_at.date(), "route": route, "instructions": returned.instructions}
        send_notice(once.session, job, "authorised", returned, words)
        return once.keep({"intake": "authorised", "label": returned.label, "due_at": due_at, "authorised_at": job.now})


def _instructions(source: Mapping[str, Any]) -> str:
    parts = ["Put the label on the outside and the delivery note inside."]
    if any(line.get("data_bearing") for line in items(source, "lines")):
        parts.append("Remove your data before you send the device.")
    if any(line.get("hazardous") for line in items(source, "lines")):
        parts.append("Only our certified carrier may transport it: wait for the pick-up.")
    return " ".join(parts)


@handlers.register("returns.reject")
def reject(job: Job) -> Mapping[str, Any]:
    """Tell the customer the reason and the way to appeal."""
    source = job.variables
    reason = text(source, "review_reason") or text(source, "eligibility_reason", "not covered by our terms")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        returned = find(once.session, ReturnOrder, required_text(source, "rma_id"))
        send_notice(once.session, job, "refused", returned, {**source, "refusal_reason": reason})
        return once.keep({"refusal_reason": reason})


@handlers.register("returns.hold_deposit")
def hold_deposit(job: Job) -> Mapping[str, Any]:
    """Hold the value of the goods on the customer's credit until they are here."""
    source = job.variables
    value = sum((number(line, "value") for line in items(source, "lines")), ZERO)
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        returned = find(once.session, ReturnOrder, required_text(source, "rma_id"))
        returned.advance_exchange, returned.deposit = True, value
        if returned.party_id:
            profile = credit_profile(once.session, party_id=returned.party_id, now=job.now)
            change_credit(
                once.session,
                party_id=returned.party_id,
                credit_limit=max(profile.credit_limit - value, ZERO),
                reason=f"deposit for {returned.number}",
                now=job.now,
            )
        return once.keep({"deposit": value})


def release_deposit(session: Session, returned: ReturnOrder, now: datetime) -> None:
    """Give the held credit back: the goods are here, or charged."""
    if returned.deposit and returned.party_id:
        profile = credit_profile(session, party_id=returned.party_id, now=now)
        change_credit(
            session,
            party_id=returned.party_id,
            credit_limit=profile.credit_limit + returned.deposit,
            reason=f"deposit for {returned.number} released",
            now=now,
        )
        returned.deposit = None


@handlers.register("returns.extend")
def extend(job: Job) -> Mapping[str, Any]:
    """Two more weeks, once."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        due_at = datetime.combine(job.now.date() + timedelta(days=EXTENSION_DAYS), time(23, 59), UTC)
        find(once.session, ReturnOrder, required_text(job.variables, "rma_id")).due_on = due_at.date()
        return once.keep({"due_at": due_at, "extended": True})


@handlers.register("returns.close_not_received")
def close_not_received(job: Job) -> Mapping[str, Any]:
    """Nothing came: the return ends; a replacement that went first is charged."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        returned = find(session, ReturnOrder, required_text(source, "rma_id"))
        charged = None
        if returned.advance_exchange and returned.party_id:
            value = sum((number(line, "value") for line in items(source, "lines")), ZERO)
            invoice = invoice_amount(
                session,
                party_id=returned.party_id,
                description=f"Replacement of {returned.number}, goods not returned",
                net=value,
                now=job.now,
            )
            charged = invoice.number
            release_deposit(session, returned, job.now)
        finish_return(session, return_id=returned.id, status="not_received", now=job.now)
        return once.keep({"intake": "not_received", "charged_invoice_no": charged})


@handlers.register("returns.cancel")
def cancel(job: Job) -> Mapping[str, Any]:
    """The customer keeps the goods."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        returned = find(once.session, ReturnOrder, required_text(job.variables, "rma_id"))
        release_deposit(once.session, returned, job.now)
        finish_return(once.session, return_id=returned.id, status="cancelled", now=job.now)
        send_notice(once.session, job, "cancelled", returned, job.variables)
        return once.keep({"intake": "cancelled"})


@handlers.register("returns.book_receipt")
def book_receipt(job: Job) -> Mapping[str, Any]:
    """Book what really came and list what differs from the request."""
    source = job.variables
    state = {"damaged": "damaged", "empty": "empty"}.get(text(source, "parcel_state"))
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        returned = find(session, ReturnOrder, required_text(source, "rma_id"))
        parcels = [
            {
                "sku": row["sku"],
                "quantity": number(row, "quantity"),
                "serial": text(row, "serial") or None,
                "state": state,
            }
            for row in items(source, "receipts")
        ]
        differences = receive_return(session, return_id=returned.id, received=parcels, now=job.now)
        release_deposit(session, returned, job.now)
        known = {line["line_id"]: line for line in items(source, "lines")}
        return once.keep(
            {
                "received_at": job.now,
                "discrepancies": [
                    {
                        "line_id": row["return_line_id"],
                        "sku": row["sku"],
                        "kind": row["kind"],
                        "expected": row["expected"],
                        "found": row["received"],
                    }
                    for row in differences
                ],
                "received_lines": [
                    {
                        **known.get(line.id, {"line_id": line.id, "sku": line.product_sku, "name": line.product_sku}),
                        "received": line.received,
                        "discrepancy": line.discrepancy,
                    }
                    for line in returned.lines
                    if line.received > 0
                ],
            }
        )


@handlers.register("returns.record_discrepancies")
def record_discrepancies(job: Job) -> Mapping[str, Any]:
    """Track what was decided about the difference, with owner and due day."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        returned = find(once.session, ReturnOrder, required_text(source, "rma_id"))
        differences = "; ".join(f"{row['kind']} {row['sku']}" for row in items(source, "discrepancies"))
        log_interaction(
            once.session,
            channel="internal",
            direction="in",
            subject=f"Discrepancy of {returned.number}: {differences}",
            body=text(source, "discrepancy_note") or None,
            party_id=returned.party_id,
            agent=text(source, "discrepancy_owner") or None,
            outcome=text(source, "discrepancy_action", "accept"),
            references={"return": returned.number, "due": str(moment(source, "discrepancy_due") or "")},
            now=job.now,
        )
        return once.keep({"discrepancy_found": True})
