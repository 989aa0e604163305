"""Invoices, payments, dunning, refunds and credit notes.

Always: refunded ≤ paid ≤ total; a payment reference or settlement key books once.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.amounts import ZERO, cents
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.numbering import next_number
from processes.customer_base.scope import add, find
from processes.customer_base.tables import (
    Delivery,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
    Party,
    Payment,
    Settlement,
)

DUNNING_DAYS = (3, 17, 31)  # days after the due day from which level 1, 2, 3 applies


def invoice_delivery(session: Session, *, delivery_id: str, now: datetime) -> Invoice:
    """The invoice for what a delivery brought, freight with the order's first one. Invoicing twice gives the first."""
    known = session.scalar(select(Invoice).where(Invoice.delivery_id == delivery_id))
    if known:
        return known
    delivery = find(session, Delivery, delivery_id)
    if delivery.status not in ("shipped", "delivered"):
        raise InvalidState(f"Delivery {delivery.number} is {delivery.status}: invoice it once it is shipped.")
    quantities = {line.order_line_id: line.quantity for line in delivery.lines}
    return _invoice_order_lines(session, delivery.order_id, quantities, delivery_id, now)


def invoice_order(session: Session, *, order_id: str, now: datetime) -> Invoice:
    """One invoice for all that is delivered but not invoiced yet (prepaid: for all that is ordered)."""
    order = find(session, Order, order_id)
    quantities = {
        line.id: (line.quantity if order.prepaid else line.delivered) - line.invoiced
        for line in order.lines
        if not line.cancelled
    }
    quantities = {line_id: quantity for line_id, quantity in quantities.items() if quantity > 0}
    if not quantities:
        known = session.scalar(select(Invoice).where(Invoice.order_id == order_id).order_by(Invoice.number.desc()))
        if known:
            return known
        raise InvalidState(f"Nothing of order {order.number} is delivered yet: ship first, or mark it prepaid.")
    return _invoice_order_lines(session, order_id, quantities, None, now)


def invoice_amount(
    session: Session,
    *,
    party_id: str,
    description: str,
    net: Decimal,
    now: datetime,
    tax_share: Decimal = Decimal("0.13"),
    ticket_id: str | None = None,
    payment_days: int = 30,
) -> Invoice:
    """An invoice for a service; one per ticket."""
    known = session.scalar(select(Invoice).where(Invoice.ticket_id == ticket_id)) if ticket_id else None
    if known:
        return known
    if net <= 0:
        raise InvalidInput(f"An invoice needs an amount above 0, found {net}.")
    line = InvoiceLine(
        position=1,
        description=description,
        quantity=Decimal(1),
        unit_price=net,
        net=cents(net),
        tax=cents(net * tax_share),
    )
    party = find(session, Party, party_id)
    invoice = _new_invoice(session, party_id, party.currency, [line], payment_days, now)
    invoice.ticket_id = ticket_id
    return add(session, invoice)


def record_payment(
    session: Session,
    *,
    invoice_id: str,
    amount: Decimal,
    payment_reference: str,
    now: datetime,
    method: str = "transfer",
) -> Payment:
    """Book money that came in; the same reference books once. More than is due is refused."""
    known = session.scalar(select(Payment).where(Payment.payment_reference == payment_reference))
    if known:
        return known
    invoice = find(session, Invoice, invoice_id)
    if amount <= 0:
        raise InvalidInput(f"A payment is above 0, found {amount}; use a refund to pay back.")
    if amount > open_amount(invoice):
        raise InvalidInput(
            f"{amount} came in for invoice {invoice.number}, only {open_amount(invoice)} is due: split the payment."
        )
    invoice.paid += amount
    if open_amount(invoice) == 0:
        invoice.status = "paid"
        days_late = (now.date() - invoice.due_on).days
        value = f"{days_late} days late" if days_late > 0 else "on time"
        record_behaviour(session, item="paid invoice", party_id=invoice.party_id, value=value, now=now)
    payment = Payment(
        invoice_id=invoice_id,
        payment_reference=payment_reference,
        amount=amount,
        method=method,
        received_at=now,
        created_at=now,
    )
    return add(session, payment)


def open_amount(invoice: Invoice) -> Decimal:
    """What is still due: total less payments and credit notes."""
    if invoice.status == "cancelled":
        return ZERO
    return max(invoice.total - invoice.paid - invoice.credited, ZERO)


def days_overdue(invoice: Invoice, on: date) -> int:
    """Days past the due day while something is open, else 0."""
    return max((on - invoice.due_on).days, 0) if open_amount(invoice) > 0 else 0


def dunning_level(invoice: Invoice, on: date) -> int:
    """Which reminder is due on a day: 0 none, 1 friendly, 2 firm, 3 last; none while disputed or promised."""
    if invoice.disputed or (invoice.promised_on and on <= invoice.promised_on):
        return 0
    late = days_overdue(invoice, on)
    return sum(late >= days for days in DUNNING_DAYS)


def record_dunning(
    session: Session,
    *,
    invoice_id: str,
    level: int,
    now: datetime,
    promised_on: date | None = None,
    disputed: bool = False,
) -> Invoice:
    """Keep what a dunning step gave: its level, a promised day, a dispute."""
    invoice = find(session, Invoice, invoice_id)
    invoice.dunning_level = max(invoice.dunning_level, level)
    invoice.dunned_at, invoice.promised_on, invoice.disputed = now, promised_on, disputed
    record_behaviour(session, item="dunned", party_id=invoice.party_id, value=level, now=now)
    return invoice


def receivables(session: Session, *, on: date, party_id: str | None = None) -> list[dict[str, Any]]:
    """Open invoices, most overdue first.

    `[{invoice_id, number, party_id, order_id, open, due_on, days_overdue, dunning_level}]`
    """
    statement = select(Invoice).where(Invoice.status == "open").order_by(Invoice.due_on)
    if party_id:
        statement = statement.where(Invoice.party_id == party_id)
    return [
        {
            "invoice_id": invoice.id,
            "number": invoice.number,
            "party_id": invoice.party_id,
            "order_id": invoice.order_id,
            "open": open_amount(invoice),
            "due_on": invoice.due_on,
            "days_overdue": days_overdue(invoice, on),
            "dunning_level": dunning_level(invoice, on),
        }
        for invoice in session.scalars(statement)
        if open_amount(invoice) > 0
    ]


def is_order_paid(session: Session, *, order_id: str) -> bool:
    """Whether the order is invoiced completely and nothing of it is due."""
    order = find(session, Order, order_id)
    invoices = session.scalars(select(Invoice).where(Invoice.order_id == order_id)).all()
    invoiced = all(line.invoiced >= line.quantity for line in order.lines if not line.cancelled)
    return bool(invoices) and invoiced and all(open_amount(invoice) == 0 for invoice in invoices)


def settle(
    session: Session,
    *,
    settlement_key: str,
    kind: str,
    party_id: str,
    amount: Decimal,
    now: datetime,
    invoice_id: str | None = None,
    return_id: str | None = None,
    breakdown: dict[str, Any] | None = None,
) -> Settlement:
    """Refund money or write a credit note; the same key settles once.

    A refund needs an invoice and never exceeds what was paid on it and not refunded yet. A credit note lowers what is
    due on its invoice; beyond that it is a credit in the customer's favour.
    """
    known = session.scalar(select(Settlement).where(Settlement.settlement_key == settlement_key))
    if known:
        return known
    if kind not in ("refund", "credit_note"):
        raise InvalidInput(f"A settlement is a refund or a credit_note, found '{kind}'.")
    amount = cents(amount)
    if amount <= 0:
        raise InvalidInput(f"A settlement is above 0, found {amount}.")
    invoice = find(session, Invoice, invoice_id) if invoice_id else None
    if kind == "refund":
        _book_refund(invoice, amount)
    elif invoice is not None:
        _book_credit(invoice, amount)
    settlement = Settlement(
        number=next_number(session, "settlement", now),
        settlement_key=settlement_key,
        party_id=party_id,
        return_id=return_id,
        invoice_id=invoice_id,
        kind=kind,
        amount=amount,
        currency=invoice.currency if invoice else find(session, Party, party_id).currency,
        breakdown=dict(breakdown or {}),
        settled_at=now,
        created_at=now,
    )
    add(session, settlement)
    record_behaviour(session, item=kind.replace("_", " "), party_id=party_id, value=amount, now=now)
    return settlement


def refundable(session: Session, *, invoice_id: str) -> Decimal:
    """What was paid on an invoice and not paid back yet."""
    invoice = find(session, Invoice, invoice_id)
    return invoice.paid - invoice.refunded


def invoices_of_line(session: Session, *, order_line_id: str) -> list[Invoice]:
    """The invoices on which an order line stands, newest first."""
    return list(
        session.scalars(
            select(Invoice)
            .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
            .where(InvoiceLine.order_line_id == order_line_id)
            .order_by(Invoice.created_at.desc())
        ).unique()
    )


def revenue(session: Session, *, party_id: str, since: date | None = None) -> Decimal:
    """Net amount invoiced to a party."""
    statement = select(func.sum(Invoice.net_total)).where(Invoice.party_id == party_id, Invoice.status != "cancelled")
    if since:
        statement = statement.where(Invoice.invoiced_on >= since)
    return session.scalar(statement) or ZERO


def _book_refund(invoice: Invoice | None, amount: Decimal) -> None:
    if invoice is None:
        raise InvalidInput("A refund needs the invoice that was paid: name it, or write a credit note.")
    rest = invoice.paid - invoice.refunded
    if amount > rest:
        raise InvalidState(
            f"{amount} should be refunded on invoice {invoice.number}, but only {rest} is paid and not refunded yet: "
            "lower the amount or write a credit note."
        )
    invoice.refunded += amount


def _book_credit(invoice: Invoice, amount: Decimal) -> None:
    invoice.credited += min(amount, open_amount(invoice))
    if open_amount(invoice) == 0 and invoice.status == "open":
        invoice.status = "paid" if invoice.paid else "credited"


def _invoice_order_lines(
    session: Session, order_id: str, quantities: dict[str, Decimal], delivery_id: str | None, now: datetime
) -> Invoice:
    order = find(session, Order, order_id)
    lines = []
    for position, (line_id, quantity) in enumerate(quantities.items(), start=1):
        lines.append(_invoice_line(find(session, OrderLine, line_id), quantity, position))
    first = session.scalar(select(Invoice.id).where(Invoice.order_id == order_id).limit(1)) is None
    if first and order.freight:
        goods_tax = sum((line.tax for line in order.lines if not line.cancelled), ZERO)
        lines.append(
            InvoiceLine(
                position=len(lines) + 1,
                description="Freight" if find(session, Party, order.party_id).language != "zh" else "运费",
                quantity=Decimal(1),
                unit_price=order.freight,
                net=order.freight,
                tax=order.tax - goods_tax,
            )
        )
    invoice = _new_invoice(session, order.party_id, order.currency, lines, order.payment_days, now)
    invoice.order_id, invoice.delivery_id = order_id, delivery_id
    return add(session, invoice)


def _invoice_line(line: OrderLine, quantity: Decimal, position: int) -> InvoiceLine:
    """The last part of an order line takes what rounding left over."""
    if line.invoiced + quantity >= line.quantity:
        net = line.net - cents(line.unit_price * line.invoiced)
        tax = line.tax - (cents(line.tax * line.invoiced / line.quantity) if line.quantity else ZERO)
    else:
        net = cents(line.unit_price * quantity)
        tax = cents(line.tax * (line.invoiced + quantity) / line.quantity) - cents(
            line.tax * line.invoiced / line.quantity
        )
    line.invoiced += quantity
    return InvoiceLine(
        order_line_id=line.id,
        position=position,
        description=line.description,
        quantity=quantity,
        unit_price=line.unit_price,
        net=net,
        tax=tax,
    )


def _new_invoice(
    session: Session, party_id: str, currency: str, lines: list[InvoiceLine], payment_days: int, now: datetime
) -> Invoice:
    net_total, tax = sum((line.net for line in lines), ZERO), sum((line.tax for line in lines), ZERO)
    invoice = Invoice(
        number=next_number(session, "invoice", now),
        party_id=party_id,
        currency=currency,
        net_total=net_total,
        tax=tax,
        total=net_total + tax,
        paid=ZERO,
        credited=ZERO,
        refunded=ZERO,
        status="open" if net_total + tax else "paid",
        invoiced_on=now.date(),
        due_on=now.date() + timedelta(days=payment_days),
        created_at=now,
    )
    invoice.lines = lines
    return invoice
