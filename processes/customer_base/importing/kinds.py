"""Customers, products, stock and tickets line by line; orders by their number."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import EngineError, InvalidInput
from processes.customer_base.characteristics import record_characteristics
from processes.customer_base.credit import change_credit
from processes.customer_base.importing.report import ImportReport, LineProblem, Start
from processes.customer_base.importing.values import Line, plain_values
from processes.customer_base.matching import find_duplicates
from processes.customer_base.normalising import clean_contact
from processes.customer_base.orders import order_from_lines
from processes.customer_base.parties import PARTY_FIELDS, add_contact, add_site, create_party, update_party
from processes.customer_base.pricing import Item
from processes.customer_base.products import create_product
from processes.customer_base.stock import MAIN_WAREHOUSE, add_location, set_stock, stock_level
from processes.customer_base.tables import Order, Party, Product, Site, StockLocation, Ticket
from processes.customer_base.tickets import create_ticket

ImportOne = Callable[[Session, Line, ImportReport, str, datetime], None]
PRODUCT_FIELDS = (
    "name", "name_zh", "list_price", "cost", "category", "kind", "unit", "currency", "tax_share", "weight_kg",
    "lead_time_days", "warranty_months", "serialised", "hazardous", "returnable",
)  # fmt: skip
PRODUCT_KINDS = ("goods", "part", "service", "consumable")


def import_customer(session: Session, line: Line, report: ImportReport, source: str, now: datetime) -> None:
    """A party with its contact, site, credit limit and further characteristics."""
    line.needed("name")
    cleaned = clean_contact(line.values)
    for problem in cleaned.problems.values():
        report.problems.append(LineProblem(line.number, problem, is_error=False))
    values = cleaned.values
    fields = {name: value for name, value in values.items() if name in PARTY_FIELDS}
    fields["kind"] = "person" if str(fields.get("kind", "")).casefold() in ("person", "private", "个人") else "org"
    key = fields.setdefault("external_key", f"sha:{line.digest}")
    party = session.scalar(select(Party).where(Party.external_key == key)) or _same_party(session, values)
    if party is None:
        party = create_party(session, status="customer", now=now, **fields)
        report.created += 1
    else:
        changes = {name: value for name, value in fields.items() if getattr(party, name) != value}
        if str(key).startswith("sha:"):
            changes.pop("external_key", None)
        if changes:
            update_party(session, party_id=party.id, changes=changes, now=now)
            report.updated += 1
        else:
            report.unchanged += 1
    _complete_party(session, party, values, line, source, now)


def import_product(session: Session, line: Line, report: ImportReport, source: str, now: datetime) -> None:
    """A product by its sku."""
    sku = str(line.needed("sku"))
    fields = {name: line.values[name] for name in PRODUCT_FIELDS if name in line.values}
    if fields.get("kind", "goods") not in PRODUCT_KINDS:
        raise InvalidInput(f"A product's kind is one of {', '.join(PRODUCT_KINDS)}, found '{fields['kind']}'.")
    if fields.get("tax_share", Decimal(0)) > 1:
        fields["tax_share"] = fields["tax_share"] / 100  # 13 means 13 %
    product = session.scalar(select(Product).where(Product.sku == sku))
    if product is None:
        line.needed("name"), line.needed("list_price")
        fields = {"category": "other", "cost": Decimal(0), **fields}
        create_product(session, sku=sku, stocked=fields.get("kind") != "service", now=now, **fields)
        report.created += 1
        return
    changes = {name: value for name, value in fields.items() if getattr(product, name) != value}
    for name, value in changes.items():
        setattr(product, name, value)
    report.updated += bool(changes)
    report.unchanged += not changes


def import_stock(session: Session, line: Line, report: ImportReport, source: str, now: datetime) -> None:
    """The counted stock of a product at a location, which is created as a warehouse when it is new."""
    sku, on_hand = str(line.needed("sku")), line.needed("on_hand")
    if on_hand < 0:
        raise InvalidInput(f"Stock cannot be negative, found {on_hand} of {sku}.")
    location = line.text("location") or MAIN_WAREHOUSE
    if session.scalar(select(StockLocation.id).where(StockLocation.code == location)) is None:
        add_location(session, code=location, name=location, kind="warehouse")
    difference = set_stock(session, sku=sku, on_hand=on_hand, location=location, now=now)
    level = stock_level(session, sku=sku, location=location)
    limits = {name: line.values[name] for name in ("minimum", "maximum") if name in line.values}
    changed = bool(difference) or any(getattr(level, name) != value for name, value in limits.items())
    for name, value in limits.items():
        setattr(level, name, value)
    report.updated += changed
    report.unchanged += not changed


def import_ticket(session: Session, line: Line, report: ImportReport, source: str, now: datetime) -> None:
    """A ticket, which asks for `TicketCreated`."""
    text, key = str(line.needed("text")), line.text("external_key") or f"sha:{line.digest}"
    if session.scalar(select(Ticket.id).where(Ticket.external_key == key)):
        report.unchanged += 1
        return
    created_at = line.values.get("created_at", now)
    ticket = create_ticket(
        session,
        channel=line.text("channel") or "import",
        text=text,
        caller=line.text("caller"),
        serial=line.text("serial"),
        category=line.text("category"),
        external_key=key,
        extra=line.extra,
        now=min(created_at, now),
    )
    report.created += 1
    reference = key if line.values.get("external_key") else ticket.number
    variables = {
        **plain_values(line),
        "ticket_id": ticket.id,
        "ticket_no": ticket.number,
        "ticket_ref": reference,
        "channel": ticket.channel,
        "text": text,
        "contact": ticket.caller,
    }
    report.starts.append(Start("TicketCreated", {"ticket_ref": reference}, variables))


def import_orders(session: Session, lines: list[Line], report: ImportReport, *, now: datetime) -> None:
    """Orders by customer and number: their lines may stand anywhere in the file; one bad line keeps its order out."""
    orders: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        try:
            key = (str(line.needed("customer")), str(line.needed("purchase_order_number")))
            line.needed("sku"), line.needed("quantity")
        except InvalidInput as error:
            report.problems.append(LineProblem(line.number, str(error)))
            continue
        orders.setdefault(key, []).append(line)
    bad_numbers = {problem.line for problem in report.errors}
    for (customer, number), order_lines in orders.items():
        try:
            with session.begin_nested():
                _import_order(session, customer, number, order_lines, report, now)
        except (EngineError, IntegrityError) as error:
            for line in order_lines:
                if line.number not in bad_numbers:
                    report.problems.append(LineProblem(line.number, f"Order {number}: {error}"))


def _import_order(
    session: Session, customer: str, number: str, lines: list[Line], report: ImportReport, now: datetime
) -> None:
    party = _customer(session, customer)
    known = select(Order.id).where(Order.party_id == party.id, Order.purchase_order_number == number)
    if session.scalar(known):
        report.unchanged += len(lines)
        return
    order_from_lines(
        session,
        party_id=party.id,
        purchase_order_number=number,
        lines=[
            Item(str(line.values["sku"]), line.values["quantity"], manual_unit_price=line.values.get("unit_price"))
            for line in lines
        ],
        now=min((line.values["ordered_at"] for line in lines if line.values.get("ordered_at")), default=now),
    )
    report.created += len(lines)


def _customer(session: Session, text: str) -> Party:
    """The customer with this number, key or tax id, else the only one of this name."""
    exact = (Party.number == text) | (Party.external_key == text) | (Party.tax_id == text)
    found = session.scalars(select(Party).where(exact, Party.status != "merged")).all()
    if len(found) == 1:
        return found[0]
    named = session.scalars(
        select(Party).where((Party.name == text) | (Party.name_zh == text), Party.status != "merged")
    ).all()
    if len(named) == 1:
        return named[0]
    problem = "is not known" if not named else f"stands for {len(named)} customers"
    raise InvalidInput(f"The customer '{text}' {problem}: use the customer's number, or import customers first.")


def _same_party(session: Session, values: dict[str, Any]) -> Party | None:
    """A party with the same tax id, e-mail address or phone."""
    candidates = find_duplicates(
        session,
        email=values.get("email"),
        phone=values.get("phone"),
        tax_id=values.get("tax_id"),
        kinds=("party",),
    )
    exact = [candidate for candidate in candidates if candidate.is_exact]
    return session.get(Party, exact[0].id) if exact else None


def _complete_party(
    session: Session, party: Party, values: dict[str, Any], line: Line, source: str, now: datetime
) -> None:
    if values.get("email") or values.get("phone"):
        add_contact(
            session,
            party_id=party.id,
            name=values.get("contact_name") or values.get("email") or party.name,
            email=values.get("email"),
            phone=values.get("phone"),
            now=now,
        )
    street = values.get("street")
    if street and session.scalar(select(Site.id).where(Site.party_id == party.id, Site.street == street)) is None:
        add_site(
            session,
            party_id=party.id,
            name=values.get("city") or "Main site",
            street=street,
            postal_code=values.get("postal_code"),
            city=party.city,
            region=party.region,
            country=party.country,
            now=now,
        )
    if "credit_limit" in values:
        change_credit(session, party_id=party.id, credit_limit=values["credit_limit"], now=now)
    record_characteristics(session, kind="descriptive", values=line.extra, party_id=party.id, source=source, now=now)


ONE_BY_ONE: dict[str, ImportOne] = {
    "customers": import_customer,
    "products": import_product,
    "stock": import_stock,
    "tickets": import_ticket,
}
