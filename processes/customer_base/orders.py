"""Orders: import from a quote or a purchase order, checks, confirmation, change, cancellation, status."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.amounts import ZERO, cents, decimal_of, shown
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.numbering import next_number
from processes.customer_base.opportunities import win_opportunity
from processes.customer_base.pricing import Item, Offer, price_offer
from processes.customer_base.products import products_by_sku
from processes.customer_base.scope import add, find
from processes.customer_base.stock import MAIN_WAREHOUSE, choose_location, locations_of_kind, release, reserve
from processes.customer_base.tables import (
    Delivery,
    Invoice,
    Order,
    OrderHold,
    OrderLine,
    Party,
    Payment,
    Product,
    Quote,
    ReturnOrder,
    Site,
)

PRICE_TOLERANCE_SHARE = Decimal("0.005")
CHANGEABLE = ("new", "confirmed")


def order_from_quote(
    session: Session,
    *,
    quote_id: str,
    now: datetime,
    purchase_order_number: str | None = None,
    lines: Iterable[Mapping[str, Any]] | None = None,
    site_id: str | None = None,
    prepaid: bool = False,
) -> Order:
    """The order for an accepted quote. The same purchase order number, or the same quote, gives the first order.

    `lines` (`{sku, quantity, unit_price?}`) are the customer's own, when a purchase order came; `check_order` compares.
    """
    quote = find(session, Quote, quote_id)
    known = _known_order(session, quote.party_id, purchase_order_number, quote_id)
    if known:
        return known
    quoted = {line.product_sku: line for line in quote.lines}
    order = Order(
        number=next_number(session, "order", now),
        party_id=quote.party_id,
        contact_id=quote.contact_id,
        site_id=site_id or _delivery_site(session, quote.party_id),
        quote_id=quote.id,
        opportunity_id=quote.opportunity_id,
        purchase_order_number=purchase_order_number,
        currency=quote.currency,
        freight=quote.freight,
        payment_days=quote.payment_days,
        prepaid=prepaid,
        ordered_at=now,
        created_at=now,
        net_total=ZERO,
        tax=ZERO,
        total=ZERO,
    )
    wanted = (
        [dict(line) for line in lines]
        if lines
        else [
            {"sku": line.product_sku, "quantity": line.quantity, "unit_price": line.unit_price} for line in quote.lines
        ]
    )
    products = {
        product.sku: product
        for product in session.scalars(
            select(Product).where(Product.sku.in_([str(line.get("sku")) for line in wanted]))
        )
    }
    order.lines = [
        _order_line(position, line, products.get(str(line.get("sku"))), quoted.get(str(line.get("sku"))))
        for position, line in enumerate(wanted, start=1)
    ]
    return _settle(session, order, now)


def order_from_lines(
    session: Session,
    *,
    party_id: str,
    lines: Iterable[Item | Mapping[str, Any]],
    now: datetime,
    purchase_order_number: str | None = None,
    channel: str = "import",
    site_id: str | None = None,
    contact_id: str | None = None,
    prepaid: bool = False,
    promotion_code: str | None = None,
    replaces_return_id: str | None = None,
    free_of_charge: bool = False,
) -> Order:
    """The order for lines without a quote (purchase order file, portal, replacement), priced by our rules.

    The same purchase order number of the same party gives the first order.
    """
    known = _known_order(session, party_id, purchase_order_number, None)
    if known:
        return known
    party = find(session, Party, party_id)
    offer = price_offer(
        session,
        items=lines,
        on=now.date(),
        party_id=party_id,
        region=party.region,
        promotion_code=promotion_code,
        currency=party.currency,
    )
    order = Order(
        number=next_number(session, "order", now),
        party_id=party_id,
        contact_id=contact_id,
        site_id=site_id or _delivery_site(session, party_id),
        purchase_order_number=purchase_order_number,
        channel=channel,
        currency=offer.currency,
        freight=ZERO if free_of_charge else offer.freight,
        prepaid=prepaid,
        replaces_return_id=replaces_return_id,
        ordered_at=now,
        created_at=now,
        net_total=ZERO,
        tax=ZERO,
        total=ZERO,
    )
    order.lines = lines_of_offer(offer, free_of_charge=free_of_charge)
    return _settle(session, order, now)


def lines_of_offer(offer: Offer, *, free_of_charge: bool = False) -> list[OrderLine]:
    """New order lines with the prices of an offer (or without any price)."""
    factor = ZERO if free_of_charge else Decimal(1)
    return [
        OrderLine(
            position=position,
            product_sku=line.sku,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price * factor,
            net=line.net * factor,
            tax=line.tax * factor,
            unit_cost=line.unit_cost,
            configuration=line.configuration,
        )
        for position, line in enumerate(offer.lines, start=1)
    ]


@dataclass(frozen=True)
class OrderError:
    """One thing about an order that somebody has to put right."""

    code: str  # unknown_product | quantity | price | not_quoted | missing | address | configuration
    message: str
    position: int | None = None

    def as_variables(self) -> dict[str, Any]:
        return dict(self.__dict__)


def check_order(session: Session, *, order_id: str) -> list[OrderError]:
    """Whether an order is complete and consistent: known products, address, and lines like the quote's (0.5 %)."""
    order = find(session, Order, order_id)
    errors: list[OrderError] = []
    if order.site_id is None:
        errors.append(OrderError("address", "There is no delivery address: choose or add a site of the customer."))
    known = set(session.scalars(select(Product.sku).where(Product.sku.in_([line.product_sku for line in order.lines]))))
    for line in order.lines:
        if line.product_sku not in known:
            message = f"'{line.product_sku}' is not in the catalogue: map it to one of our products."
            errors.append(OrderError("unknown_product", message, line.position))
        if line.quantity <= 0:
            errors.append(
                OrderError("quantity", f"The quantity must be above 0, found {line.quantity}.", line.position)
            )
    if order.quote_id:
        errors.extend(_differences_to_quote(order, find(session, Quote, order.quote_id)))
    return errors


def hold_order(session: Session, *, order_id: str, kind: str, reason: str, now: datetime) -> OrderHold:
    """Stop an order until somebody releases it; the open hold of this kind when there is one."""
    for hold in open_holds(session, order_id=order_id):
        if hold.kind == kind:
            return hold
    find(session, Order, order_id)
    return add(session, OrderHold(order_id=order_id, kind=kind, reason=reason, created_at=now))


def release_hold(session: Session, *, order_id: str, kind: str, released_by: str, reason: str, now: datetime) -> int:
    """Let an order go on; gives how many holds of the kind were open."""
    holds = [hold for hold in open_holds(session, order_id=order_id) if hold.kind == kind]
    for hold in holds:
        hold.released_at, hold.released_by, hold.release_reason = now, released_by, reason
    return len(holds)


def open_holds(session: Session, *, order_id: str) -> list[OrderHold]:
    """The holds of an order that nobody released yet."""
    return list(
        session.scalars(select(OrderHold).where(OrderHold.order_id == order_id, OrderHold.released_at.is_(None)))
    )


def confirm_order(session: Session, *, order_id: str, now: datetime, promised_on: date | None = None) -> Order:
    """Freeze prices, reserve what is free in stock and confirm; confirming twice changes nothing.

    Goods that are not in stock stay unreserved: they are made or bought, and taken from stock when shipped.
    """
    order = find(session, Order, order_id)
    if order.status == "confirmed":
        return order
    if order.status != "new":
        raise InvalidState(f"Order {order.number} is {order.status} and cannot be confirmed.")
    holds = open_holds(session, order_id=order_id)
    if holds:
        reasons = "; ".join(f"{hold.kind}: {hold.reason}" for hold in holds)
        raise InvalidState(f"Order {order.number} is on hold ({reasons}): release it first.")
    products = products_by_sku(session, [line.product_sku for line in order.lines])
    longest = 0
    for line in _live_lines(order):
        product = products[line.product_sku]
        if product.stocked and _reserve_what_is_free(session, line, now):
            continue
        longest = max(longest, product.lead_time_days)
    order.promised_on = promised_on or now.date() + timedelta(days=max(longest, 1))
    order.status, order.confirmed_at = "confirmed", now
    if order.quote_id:
        find(session, Quote, order.quote_id).status = "accepted"
    if order.opportunity_id:
        win_opportunity(session, opportunity_id=order.opportunity_id, amount=order.net_total, now=now)
    party = find(session, Party, order.party_id)
    party.status = "customer"
    record_behaviour(session, item="ordered", party_id=order.party_id, value=order.number, now=now)
    session.flush()
    return order


def refuse_order(session: Session, *, order_id: str, reason: str, now: datetime) -> Order:
    """We do not deliver: nothing stays reserved."""
    order = find(session, Order, order_id)
    if order.status not in CHANGEABLE:
        raise InvalidState(f"Order {order.number} is {order.status} and cannot be refused any more.")
    _release_lines(session, order, now)
    order.status, order.cancel_reason, order.cancelled_at = "refused", reason, now
    return order


def cancel_order(session: Session, *, order_id: str, reason: str, now: datetime) -> Order:
    """Cancel an order and give its stock back. InvalidState once something is shipped: that comes back as a return."""
    order = find(session, Order, order_id)
    if order.status == "cancelled":
        return order
    if order.status not in CHANGEABLE or any(line.delivered > 0 for line in order.lines):
        raise InvalidState(f"Order {order.number} is {order.status}: shipped goods come back as a return.")
    _release_lines(session, order, now)
    for delivery in session.scalars(select(Delivery).where(Delivery.order_id == order_id)):
        delivery.status = "cancelled"
    order.status, order.cancel_reason, order.cancelled_at = "cancelled", reason, now
    record_behaviour(session, item="cancelled order", party_id=order.party_id, value=reason, now=now)
    return order


def amend_order(
    session: Session, *, order_id: str, changes: Iterable[Mapping[str, Any]], now: datetime
) -> dict[str, Any]:
    """Change quantities of lines that are not shipped: `[{sku, quantity}]`, 0 cancels, an unknown sku adds a line.

    Prices of existing lines stay, new lines are priced by today's rules. Gives the audit
    `{order_id, differences: [{sku, before, after}], total_before, total_after}`.
    """
    order = find(session, Order, order_id)
    if order.status not in CHANGEABLE:
        raise InvalidState(f"Order {order.number} is {order.status} and cannot be changed any more.")
    before_total, differences = order.total, []
    by_sku = {line.product_sku: line for line in order.lines}
    for change in changes:
        sku, quantity = str(change["sku"]), decimal_of(change["quantity"], "quantity")
        line = by_sku.get(sku)
        differences.append({"sku": sku, "before": line.quantity if line else ZERO, "after": quantity})
        if line is None:
            _add_line(session, order, sku, quantity, now)
        else:
            _change_line(session, order, line, quantity, now)
    _sum_up(order)
    session.flush()
    return {
        "order_id": order.id,
        "differences": differences,
        "total_before": before_total,
        "total_after": order.total,
    }


def close_order(session: Session, *, order_id: str, now: datetime) -> Order:
    """Everything is delivered and paid."""
    order = find(session, Order, order_id)
    if order.status not in ("delivered", "closed"):
        raise InvalidState(f"Order {order.number} is {order.status}: only delivered orders are closed.")
    order.status, order.closed_at = "closed", order.closed_at or now
    return order


def order_by_number(session: Session, number: str) -> Order | None:
    """The order with this number of ours, or the customer's purchase order number."""
    return session.scalar(select(Order).where(Order.number == number)) or session.scalar(
        select(Order).where(Order.purchase_order_number == number).limit(1)
    )


def order_status(session: Session, *, order_id: str) -> list[dict[str, Any]]:
    """The whole way of an order from quote to payment and return: `[{at, event, detail}]` in order of time."""
    order = find(session, Order, order_id)
    events: list[tuple[datetime | None, str, str]] = []
    if order.quote_id:
        quote = find(session, Quote, order.quote_id)
        events.append((quote.sent_at, "quote sent", quote.number))
        events.append((quote.decided_at, f"quote {quote.status}", quote.number))
    events.append((order.ordered_at, "ordered", order.number))
    for hold in session.scalars(select(OrderHold).where(OrderHold.order_id == order_id)):
        events.append((hold.created_at, f"on hold: {hold.kind}", hold.reason))
        events.append((hold.released_at, "hold released", hold.kind))
    events.append((order.confirmed_at, "confirmed", f"promised for {order.promised_on}"))
    for delivery in session.scalars(select(Delivery).where(Delivery.order_id == order_id)):
        events.append((delivery.shipped_at, "shipped", f"{delivery.number} {delivery.tracking_number or ''}".strip()))
        events.append((delivery.delivered_at, "delivered", delivery.number))
    for invoice in session.scalars(select(Invoice).where(Invoice.order_id == order_id)):
        events.append((invoice.created_at, "invoiced", f"{invoice.number} due {invoice.due_on}"))
        for payment in session.scalars(select(Payment).where(Payment.invoice_id == invoice.id)):
            events.append((payment.received_at, "paid", f"{payment.amount:.2f} for {invoice.number}"))
    for returned in session.scalars(select(ReturnOrder).where(ReturnOrder.order_id == order_id)):
        events.append((returned.created_at, f"return {returned.status}", returned.number))
    events.append((order.cancelled_at, order.status, order.cancel_reason or ""))
    events.append((order.closed_at, "closed", ""))
    happened = [{"at": at, "event": event, "detail": detail} for at, event, detail in events if at]
    return sorted(happened, key=lambda step: step["at"])


def quantities_by_line(order: Order) -> dict[str, Decimal]:
    """What of each live line is still to be delivered, by order line id."""
    return {line.id: line.quantity - line.delivered for line in _live_lines(order) if line.quantity > line.delivered}


def _known_order(
    session: Session, party_id: str, purchase_order_number: str | None, quote_id: str | None
) -> Order | None:
    if purchase_order_number:
        return session.scalar(
            select(Order).where(Order.party_id == party_id, Order.purchase_order_number == purchase_order_number)
        )
    if quote_id:
        return session.scalar(
            select(Order).where(Order.quote_id == quote_id, Order.status.not_in(("cancelled", "refused"))).limit(1)
        )
    return None


def _order_line(position: int, line: Mapping[str, Any], product: Product | None, quoted: Any) -> OrderLine:
    quantity = decimal_of(line.get("quantity", 1), "quantity")
    given = line.get("unit_price")
    unit_price = decimal_of(given, "unit price") if given is not None else quoted.unit_price if quoted else ZERO
    if quoted and abs(unit_price - quoted.unit_price) <= quoted.unit_price * PRICE_TOLERANCE_SHARE:
        unit_price = quoted.unit_price
    net = cents(unit_price * quantity)
    return OrderLine(
        position=position,
        product_sku=str(line.get("sku")),
        description=quoted.description
        if quoted
        else product.name
        if product
        else str(line.get("description") or line.get("sku")),
        quantity=quantity,
        unit_price=unit_price,
        net=net,
        tax=cents(net * product.tax_share) if product else ZERO,
        unit_cost=product.cost if product else ZERO,
        configuration=dict(quoted.configuration) if quoted else {},
    )


def _differences_to_quote(order: Order, quote: Quote) -> list[OrderError]:
    errors, quoted = [], {line.product_sku: line for line in quote.lines}
    for line in order.lines:
        offered = quoted.pop(line.product_sku, None)
        if offered is None:
            errors.append(
                OrderError("not_quoted", f"{line.product_sku} was not quoted: quote it first.", line.position)
            )
            continue
        if line.quantity != offered.quantity:
            message = f"{shown(line.quantity)} of {line.product_sku} ordered, {shown(offered.quantity)} quoted."
            errors.append(OrderError("quantity", message, line.position))
        if abs(line.unit_price - offered.unit_price) > offered.unit_price * PRICE_TOLERANCE_SHARE:
            message = f"{line.product_sku} ordered at {line.unit_price}, quoted at {offered.unit_price}."
            errors.append(OrderError("price", message, line.position))
    errors.extend(OrderError("missing", f"{sku} was quoted, but is not ordered.") for sku in quoted)
    return errors


def _settle(session: Session, order: Order, now: datetime) -> Order:
    _sum_up(order)
    add(session, order)
    return order


def _sum_up(order: Order) -> None:
    live = _live_lines(order)
    order.net_total = sum((line.net for line in live), ZERO)
    goods_tax = sum((line.tax for line in live), ZERO)
    rate = max((line.tax / line.net for line in live if line.net), default=ZERO)
    order.tax = goods_tax + cents(order.freight * rate)
    order.total = order.net_total + order.freight + order.tax


def _live_lines(order: Order) -> Sequence[OrderLine]:
    return [line for line in order.lines if not line.cancelled]


def _delivery_site(session: Session, party_id: str) -> str | None:
    """The party's delivery site, else its only site."""
    sites = session.execute(select(Site.id, Site.kind).where(Site.party_id == party_id).order_by(Site.created_at)).all()
    for site in sites:
        if site.kind == "delivery":
            return site.id
    return sites[0].id if sites else None


def _reserve_what_is_free(session: Session, line: OrderLine, now: datetime) -> bool:
    """Reserve a whole line at the first warehouse that has it; whether that went."""
    warehouses = [location.code for location in locations_of_kind(session, "warehouse")] or [MAIN_WAREHOUSE]
    location = choose_location(session, sku=line.product_sku, quantity=line.quantity, locations=warehouses)
    if location is None:
        return False
    reserve(session, sku=line.product_sku, quantity=line.quantity, reference=line.id, location=location, now=now)
    return True


def _release_lines(session: Session, order: Order, now: datetime) -> None:
    for line in order.lines:
        release(session, reference=line.id, now=now)


def _add_line(session: Session, order: Order, sku: str, quantity: Decimal, now: datetime) -> None:
    party = find(session, Party, order.party_id)
    offer = price_offer(
        session,
        items=[Item(sku, quantity)],
        on=now.date(),
        party_id=party.id,
        region=party.region,
        currency=order.currency,
    )
    (line,) = lines_of_offer(offer)
    line.position = max((known.position for known in order.lines), default=0) + 1
    order.lines.append(line)
    session.flush()
    if order.status == "confirmed":
        _reserve_what_is_free(session, line, now)


def _change_line(session: Session, order: Order, line: OrderLine, quantity: Decimal, now: datetime) -> None:
    if quantity < line.delivered:
        raise InvalidInput(
            f"{shown(line.delivered)} of {line.product_sku} are delivered already, found {shown(quantity)}."
        )
    tax_share = line.tax / line.net if line.net else ZERO
    release(session, reference=line.id, now=now)
    if quantity == 0:
        line.cancelled = True
        return
    line.quantity = quantity
    line.net = cents(line.unit_price * quantity)
    line.tax = cents(line.net * tax_share)
    if order.status == "confirmed":
        _reserve_what_is_free(session, line, now)
