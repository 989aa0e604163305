"""Returns: trace what was sold, authorise, receive, inspect, decide where goods go and what the customer gets.

Always: returned ≤ delivered, disposed ≤ received, units in = units disposed + units in the house.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.amounts import ZERO, cents, decimal_of, shown
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.dispositions import DISPOSITIONS
from processes.customer_base.invoicing import invoices_of_line
from processes.customer_base.numbering import next_number
from processes.customer_base.products import product_by_sku
from processes.customer_base.scope import add, find
from processes.customer_base.stock import locations_of_kind, post_movement
from processes.customer_base.tables import (
    Delivery,
    DeliveryLine,
    Disposition,
    Inspection,
    InstalledProduct,
    Order,
    OrderLine,
    ReturnLine,
    ReturnOrder,
    SupplierClaim,
)

FINISHED = ("closed", "rejected", "cancelled", "not_received")
VALUATION = {"restock": "new", "refurbish": "refurbished", "repair": "repaired", "parts": "parts"}


def trace_return(
    session: Session,
    *,
    now: datetime,
    lines: Iterable[Mapping[str, Any]],
    order_number: str | None = None,
    serial: str | None = None,
    party_id: str | None = None,
) -> dict[str, Any]:
    """Find what a return refers to: order, delivery, serial number, warranty, what came back before.

    `lines`: `{sku, quantity, reason, serial?, condition?}`. Gives `{our_sale, order_id, order_number, party_id,
    delivered_at, days_since_delivery, value, earlier_returns, returns_in_year, abuse_score, under_warranty,
    warranty_to, quantity_ok, lines: [{sku, serial, quantity, returnable_quantity, order_line_id, unit_paid, reason,
    condition, returnable, hazardous, data_bearing, hygiene, quantity_ok}]}`.
    """
    lines = [dict(line) for line in lines]
    serial = serial or next((line["serial"] for line in lines if line.get("serial")), None)
    order = _traced_order(session, order_number, serial, party_id, lines)
    installed = session.scalar(select(InstalledProduct).where(InstalledProduct.serial == serial)) if serial else None
    traced = [_trace_line(session, order, line) for line in lines]
    delivered_at = _delivered_at(session, order) if order else None
    owner = order.party_id if order else installed.party_id if installed else party_id
    warranty_to = installed.warranty_to if installed else _warranty_end(session, traced, delivered_at)
    recent = _returns_since(session, owner, now - timedelta(days=365)) if owner else 0
    return {
        "our_sale": order is not None or installed is not None,
        "order_id": order.id if order else None,
        "order_number": order.number if order else None,
        "party_id": owner,
        "delivered_at": delivered_at,
        "days_since_delivery": (now - delivered_at).days if delivered_at else None,
        "value": sum((line["unit_paid"] * line["quantity"] for line in traced), ZERO),
        "earlier_returns": _returns_of_order(session, order.id) if order else 0,
        "returns_in_year": recent,
        "abuse_score": abuse_score(recent, _orders_since(session, owner, now - timedelta(days=365)) if owner else 0),
        "under_warranty": bool(warranty_to and warranty_to >= now.date()),
        "warranty_to": warranty_to,
        "quantity_ok": all(line["quantity_ok"] for line in traced),
        "lines": traced,
    }


def abuse_score(returns: int, orders: int) -> Decimal:
    """How much returning stands out, 0 to 1: the share of returns per order, damped while there are few (pure)."""
    return (Decimal(returns) / (Decimal(orders) + 3)).min(Decimal(1)).quantize(Decimal("0.01"))


def create_return(
    session: Session,
    *,
    lines: Iterable[Mapping[str, Any]],
    now: datetime,
    party_id: str | None = None,
    order_id: str | None = None,
    contact_id: str | None = None,
    ticket_id: str | None = None,
    wish: str | None = None,
) -> ReturnOrder:
    """A return in draft, with its number; `lines` as `trace_return` gives them.

    InvalidInput when more should come back than was delivered and has not come back yet.
    """
    returned = ReturnOrder(
        number=next_number(session, "return", now),
        party_id=party_id,
        order_id=order_id,
        contact_id=contact_id,
        ticket_id=ticket_id,
        wish=wish,
        status="draft",
        created_at=now,
    )
    for position, line in enumerate(lines, start=1):
        quantity = decimal_of(line.get("quantity", 1), "quantity")
        order_line_id = line.get("order_line_id")
        if order_line_id:
            _check_returnable(session, order_line_id, quantity)
        unit_paid = line.get("unit_paid")
        returned.lines.append(
            ReturnLine(
                position=position,
                order_line_id=order_line_id,
                product_sku=product_by_sku(session, str(line["sku"])).sku,
                serial=line.get("serial"),
                quantity=quantity,
                reason=line.get("reason") or "other",
                condition=line.get("condition"),
                unit_paid=None if unit_paid is None else decimal_of(unit_paid, "unit price paid"),
            )
        )
    if not returned.lines:
        raise InvalidInput("A return needs at least one line: say what comes back.")
    add(session, returned)
    if party_id:
        record_behaviour(session, item="asked for return", party_id=party_id, value=returned.number, now=now)
    return returned


def authorise_return(
    session: Session, *, return_id: str, route: str, due_on: date, now: datetime, instructions: str | None = None
) -> ReturnOrder:
    """Allow a return: label, instructions, due day. Authorising twice changes nothing."""
    returned = find(session, ReturnOrder, return_id)
    if returned.status == "authorised":
        return returned
    _expect(returned, ("draft",))
    returned.status, returned.route, returned.due_on, returned.authorised_at = "authorised", route, due_on, now
    returned.label = f"{returned.number}-{returned.id[-6:].upper()}"
    returned.instructions = instructions
    return returned


def receive_return(
    session: Session, *, return_id: str, received: Iterable[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Book what really came, `[{sku, quantity, serial?, state?}]`, into the returns warehouse.

    Gives the discrepancies `[{kind, sku, expected, received, serial?}]`, kind: short, over, wrong_item, wrong_serial,
    damaged_in_transit or empty. What is over or wrong is booked as well, so that it can be sent back or kept.
    """
    returned = find(session, ReturnOrder, return_id)
    if returned.status == "received":
        return _noted_discrepancies(returned)
    _expect(returned, ("draft", "authorised"))
    parcels = [dict(parcel) for parcel in received]
    location = returns_location(session)
    for line in returned.lines:
        matching = [p for p in parcels if p["sku"] == line.product_sku and not p.get("taken")]
        quantity = sum((decimal_of(parcel.get("quantity", 1), "quantity") for parcel in matching), ZERO)
        for parcel in matching:
            parcel["taken"] = True
        line.received = quantity
        line.discrepancy = _discrepancy(line, quantity, matching)
        if quantity and _is_stocked(session, line.product_sku):
            _book(session, returned, line.product_sku, quantity, location, now, line.serial)
        if line.order_line_id and quantity:
            _count_returned(session, line, quantity)
    for parcel in parcels:
        if not parcel.get("taken"):
            _add_unexpected(session, returned, parcel, location, now)
    returned.status, returned.received_at = "received", now
    session.flush()
    return _noted_discrepancies(returned)


def record_inspection(session: Session, *, return_line_id: str, now: datetime, **findings: Any) -> Inspection:
    """What inspecting a line gave (`result fault_found defect_code cause grade accessories_complete data_wiped
    repairable repair_cost inspector notes`); inspecting again replaces it."""
    line = find(session, ReturnLine, return_line_id)
    if findings.get("grade") not in ("A", "B", "C", "D", "X"):
        raise InvalidInput(f"A grade is A, B, C, D or X, found '{findings.get('grade')}'.")
    inspection = inspection_of(session, line.id)
    if inspection is None:
        inspection = Inspection(return_line_id=line.id, created_at=now)
        session.add(inspection)
    for field, value in {"result": "inspected", "fault_found": False, **findings}.items():
        setattr(inspection, field, value)
    returned = find(session, ReturnOrder, line.return_id)
    session.flush()
    if all(inspection_of(session, other.id) for other in returned.lines):
        returned.status = "inspected"
    return inspection


def inspection_of(session: Session, return_line_id: str) -> Inspection | None:
    """What inspecting a line gave, if it has been inspected."""
    return session.scalar(select(Inspection).where(Inspection.return_line_id == return_line_id))


def post_disposition(
    session: Session,
    *,
    return_line_id: str,
    kind: str,
    now: datetime,
    quantity: Decimal | None = None,
    net_value: Decimal | None = None,
    alternatives: Iterable[Mapping[str, Any]] = (),
    certificate: str | None = None,
    location: str | None = None,
) -> Disposition:
    """Move received pieces to where they go, with their new value; all that is not disposed yet without a quantity.

    restock, refurbish and repair go to the warehouse, quarantine to the quarantine store, the others leave the house.
    Recycling hazardous goods needs a certificate; goods that carry data must be wiped first.
    """
    if kind not in DISPOSITIONS:
        raise InvalidInput(f"A disposition is one of {', '.join(DISPOSITIONS)}, found '{kind}'.")
    line = find(session, ReturnLine, return_line_id)
    rest = line.received - line.disposed
    quantity = rest if quantity is None else quantity
    if quantity <= 0 or quantity > rest:
        raise InvalidState(
            f"{shown(quantity)} of {line.product_sku} should be disposed, {shown(rest)} are in the house."
        )
    product = product_by_sku(session, line.product_sku)
    if kind == "recycle" and product.hazardous and not certificate:
        raise InvalidInput(f"{product.sku} is hazardous: recycling it needs the certificate's number.")
    inspection = inspection_of(session, line.id)
    if product.data_bearing and kind not in ("quarantine", "recycle") and not (inspection and inspection.data_wiped):
        raise InvalidInput(f"{product.sku} carries data: wipe it before '{kind}' and note that in the inspection.")
    returned = find(session, ReturnOrder, line.return_id)
    target = _target(session, kind, location)
    if product.stocked:
        _move(session, returned, line, quantity, kind, target, net_value, now)
    line.disposed += quantity
    disposition = Disposition(
        return_line_id=line.id,
        kind=kind,
        quantity=quantity,
        net_value=net_value,
        alternatives=[dict(item) for item in alternatives],
        certificate=certificate,
        location_code=target,
        created_at=now,
    )
    return add(session, disposition)


def settlement_amount(
    *,
    lines: Iterable[Mapping[str, Any]],
    restocking_fee_share: Decimal = ZERO,
    missing_parts: Decimal = ZERO,
    wear_share: Decimal = ZERO,
    refund_freight: Decimal = ZERO,
) -> dict[str, Any]:
    """What the customer gets for returned lines `{quantity, unit_paid (gross), cause?}` (pure).

    Paid share − restocking fee − missing parts − wear (only where the cause is misuse), never below 0.
    `{paid, restocking_fee, wear, missing_parts, freight, amount}`.
    """
    paid = wear = ZERO
    for line in lines:
        value = decimal_of(line["unit_paid"], "unit price paid") * decimal_of(line["quantity"], "quantity")
        paid += value
        if line.get("cause") == "misuse":
            wear += value * wear_share
    fee = cents(paid * restocking_fee_share)
    amount = max(cents(paid) - fee - cents(wear) - missing_parts + refund_freight, ZERO)
    return {
        "paid": cents(paid),
        "restocking_fee": fee,
        "wear": cents(wear),
        "missing_parts": missing_parts,
        "freight": refund_freight,
        "amount": amount,
    }


def refund_invoice_id(session: Session, *, return_id: str) -> str | None:
    """The invoice on which a return's lines were paid, the one with the most left to refund."""
    returned = find(session, ReturnOrder, return_id)
    invoices = {
        invoice.id: invoice
        for line in returned.lines
        if line.order_line_id
        for invoice in invoices_of_line(session, order_line_id=line.order_line_id)
    }
    best = max(invoices.values(), key=lambda invoice: invoice.paid - invoice.refunded, default=None)
    return best.id if best else None


def finish_return(session: Session, *, return_id: str, status: str, now: datetime) -> ReturnOrder:
    """End a return: closed, rejected, cancelled or not_received. Closing needs every received piece disposed."""
    if status not in FINISHED:
        raise InvalidInput(f"A return ends as {', '.join(FINISHED)}, found '{status}'.")
    returned = find(session, ReturnOrder, return_id)
    if returned.status == status:
        return returned
    open_pieces = sum((line.received - line.disposed for line in returned.lines), ZERO)
    if status == "closed" and open_pieces:
        raise InvalidState(
            f"{shown(open_pieces)} pieces of return {returned.number} have no disposition yet: decide them first."
        )
    if status in ("cancelled", "not_received") and returned.received_at:
        raise InvalidState(f"The goods of return {returned.number} have arrived: it cannot be {status} any more.")
    returned.status, returned.closed_at = status, now
    return returned


def create_supplier_claim(
    session: Session, *, return_line_id: str, amount: Decimal, now: datetime, defect_code: str | None = None
) -> SupplierClaim:
    """Claim a defective line's cost from its supplier; one claim per line."""
    known = session.scalar(select(SupplierClaim).where(SupplierClaim.return_line_id == return_line_id))
    if known:
        return known
    line = find(session, ReturnLine, return_line_id)
    product = product_by_sku(session, line.product_sku)
    claim = SupplierClaim(
        number=next_number(session, "claim", now),
        supplier_id=product.supplier_id,
        return_line_id=line.id,
        product_sku=product.sku,
        quantity=line.received or line.quantity,
        amount=cents(amount),
        defect_code=defect_code,
        created_at=now,
    )
    return add(session, claim)


def decide_supplier_claim(
    session: Session, *, claim_id: str, decision: str, now: datetime, credited: Decimal | None = None
) -> SupplierClaim:
    """The supplier's answer: credited (with an amount, at most the claim's), replaced or refused."""
    if decision not in ("credited", "replaced", "refused"):
        raise InvalidInput(f"A supplier's decision is credited, replaced or refused, found '{decision}'.")
    claim = find(session, SupplierClaim, claim_id)
    credited = (claim.amount if credited is None else credited) if decision == "credited" else ZERO
    if not 0 <= credited <= claim.amount:
        raise InvalidInput(f"A supplier credits from 0 to {claim.amount}, found {credited}.")
    claim.status, claim.credited, claim.decided_at = decision, credited, now
    return claim


def returns_location(session: Session) -> str:
    """The code of the returns warehouse."""
    return _first_location(session, "returns")


def return_by_number(session: Session, number: str) -> ReturnOrder | None:
    """The return with this number or label."""
    return session.scalar(
        select(ReturnOrder).where((ReturnOrder.number == number) | (ReturnOrder.label == number)).limit(1)
    )


def _traced_order(
    session: Session,
    order_number: str | None,
    serial: str | None,
    party_id: str | None,
    lines: Iterable[Mapping[str, Any]],
) -> Order | None:
    if order_number:
        return session.scalar(select(Order).where(Order.number == order_number))
    if serial:
        installed = session.scalar(select(InstalledProduct).where(InstalledProduct.serial == serial))
        if installed and installed.order_line_id:
            return find(session, Order, find(session, OrderLine, installed.order_line_id).order_id)
    if party_id is None:
        return None
    skus = [str(line.get("sku")) for line in lines]
    return session.scalar(
        select(Order)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.party_id == party_id, OrderLine.product_sku.in_(skus), OrderLine.delivered > OrderLine.returned)
        .order_by(Order.ordered_at.desc())
        .limit(1)
    )


def _trace_line(session: Session, order: Order | None, line: Mapping[str, Any]) -> dict[str, Any]:
    sku, quantity = str(line["sku"]), decimal_of(line.get("quantity", 1), "quantity")
    product = product_by_sku(session, sku)
    ordered = next((item for item in order.lines if item.product_sku == sku), None) if order else None
    left = ordered.delivered - ordered.returned - _announced(session, ordered.id) if ordered else ZERO
    gross = (ordered.net + ordered.tax) / ordered.quantity if ordered and ordered.quantity else ZERO
    return {
        "sku": sku,
        "name": product.name,
        "serial": line.get("serial"),
        "quantity": quantity,
        "returnable_quantity": max(left, ZERO),
        "order_line_id": ordered.id if ordered else None,
        "unit_paid": cents(gross),
        "reason": line.get("reason"),
        "condition": line.get("condition"),
        "returnable": product.returnable,
        "hazardous": product.hazardous,
        "data_bearing": product.data_bearing,
        "hygiene": product.hygiene,
        "quantity_ok": ordered is not None and quantity <= left,
    }


def _announced(session: Session, order_line_id: str) -> Decimal:
    """What open returns of a line have asked for and not received yet."""
    return (
        session.scalar(
            select(func.sum(ReturnLine.quantity))
            .join(ReturnOrder, ReturnOrder.id == ReturnLine.return_id)
            .where(ReturnLine.order_line_id == order_line_id, ReturnOrder.status.in_(("draft", "authorised")))
        )
        or ZERO
    )


def _check_returnable(session: Session, order_line_id: str, quantity: Decimal) -> None:
    ordered = find(session, OrderLine, order_line_id)
    left = ordered.delivered - ordered.returned - _announced(session, order_line_id)
    if quantity <= 0 or quantity > left:
        raise InvalidInput(
            f"{shown(quantity)} of {ordered.product_sku} should come back, but only {shown(left)} were delivered "
            "and are not returned or announced yet: correct the quantity."
        )


def _delivered_at(session: Session, order: Order) -> datetime | None:
    return session.scalar(
        select(func.max(func.coalesce(Delivery.delivered_at, Delivery.shipped_at)))
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .where(Delivery.order_id == order.id)
    )


def _warranty_end(session: Session, lines: list[dict[str, Any]], delivered_at: datetime | None) -> date | None:
    if delivered_at is None or not lines:
        return None
    months = min(product_by_sku(session, line["sku"]).warranty_months for line in lines)
    return delivered_at.date() + timedelta(days=round(months * 30.44))


def _returns_since(session: Session, party_id: str, since: datetime) -> int:
    counted = select(func.count(ReturnOrder.id)).where(
        ReturnOrder.party_id == party_id, ReturnOrder.created_at >= since, ReturnOrder.status != "cancelled"
    )
    return session.scalar(counted) or 0


def _orders_since(session: Session, party_id: str, since: datetime) -> int:
    counted = select(func.count(Order.id)).where(Order.party_id == party_id, Order.ordered_at >= since)
    return session.scalar(counted) or 0


def _returns_of_order(session: Session, order_id: str) -> int:
    return session.scalar(select(func.count(ReturnOrder.id)).where(ReturnOrder.order_id == order_id)) or 0


def _discrepancy(line: ReturnLine, quantity: Decimal, parcels: list[dict[str, Any]]) -> str | None:
    if any(parcel.get("state") == "empty" for parcel in parcels):
        return "empty"
    if quantity < line.quantity:
        return "short"
    if quantity > line.quantity:
        return "over"
    serials = {parcel.get("serial") for parcel in parcels if parcel.get("serial")}
    if line.serial and serials and line.serial not in serials:
        return "wrong_serial"
    if any(parcel.get("state") == "damaged" for parcel in parcels):
        return "damaged_in_transit"
    return None


def _noted_discrepancies(returned: ReturnOrder) -> list[dict[str, Any]]:
    return [
        {
            "kind": line.discrepancy,
            "sku": line.product_sku,
            "expected": line.quantity if line.discrepancy != "wrong_item" else ZERO,
            "received": line.received,
            "serial": line.serial,
            "return_line_id": line.id,
        }
        for line in returned.lines
        if line.discrepancy
    ]


def _count_returned(session: Session, line: ReturnLine, quantity: Decimal) -> None:
    """Never more than was delivered: what is over stands in the return line's discrepancy."""
    ordered = find(session, OrderLine, line.order_line_id)
    ordered.returned = min(ordered.returned + quantity, ordered.delivered)


def _add_unexpected(
    session: Session, returned: ReturnOrder, parcel: Mapping[str, Any], location: str, now: datetime
) -> None:
    product = product_by_sku(session, str(parcel["sku"]))
    quantity = decimal_of(parcel.get("quantity", 1), "quantity")
    returned.lines.append(
        ReturnLine(
            position=len(returned.lines) + 1,
            product_sku=product.sku,
            serial=parcel.get("serial"),
            quantity=quantity,
            received=quantity,
            disposed=ZERO,
            reason="unexpected",
            discrepancy="wrong_item",
        )
    )
    if product.stocked:
        _book(session, returned, product.sku, quantity, location, now, parcel.get("serial"))


def _book(
    session: Session,
    returned: ReturnOrder,
    sku: str,
    quantity: Decimal,
    location: str,
    now: datetime,
    serial: str | None = None,
) -> None:
    post_movement(
        session,
        sku=sku,
        quantity=quantity,
        reason="return",
        location=location,
        reference=returned.number,
        serial=serial,
        valuation_class="returned",
        unit_value=ZERO,
        now=now,
    )
    installed = session.scalar(select(InstalledProduct).where(InstalledProduct.serial == serial)) if serial else None
    if installed:
        installed.status = "returned"


def _is_stocked(session: Session, sku: str) -> bool:
    return product_by_sku(session, sku).stocked


def _target(session: Session, kind: str, location: str | None) -> str | None:
    if location:
        return location
    if kind in VALUATION:
        return _first_location(session, "warehouse")
    if kind == "quarantine":
        return _first_location(session, "quarantine")
    return None


def _move(
    session: Session,
    returned: ReturnOrder,
    line: ReturnLine,
    quantity: Decimal,
    kind: str,
    target: str | None,
    net_value: Decimal | None,
    now: datetime,
) -> None:
    common: dict[str, Any] = {"sku": line.product_sku, "reference": returned.number, "serial": line.serial, "now": now}
    source = returns_location(session)
    reason = "transfer" if target else "scrap" if kind == "recycle" else "disposal"
    post_movement(session, quantity=-quantity, reason=reason, location=source, **common)
    if target:
        post_movement(
            session,
            quantity=quantity,
            reason=reason,
            location=target,
            unit_value=cents(net_value / quantity) if net_value is not None else None,
            valuation_class=VALUATION.get(kind, "blocked"),
            **common,
        )


def _first_location(session: Session, kind: str) -> str:
    locations = locations_of_kind(session, kind)
    if not locations:
        raise InvalidState(f"There is no stock location of kind '{kind}': create one first.")
    return locations[0].code


def _expect(returned: ReturnOrder, states: tuple[str, ...]) -> None:
    if returned.status not in states:
        raise InvalidState(f"Return {returned.number} is {returned.status}: reload it.")
