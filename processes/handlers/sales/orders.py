"""Nodes 30 to 32 and 40: importing an order, what is wrong with it, correcting it, confirming or refusing it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.handlers import Handlers, Job
from processes.customer_base.amounts import cents
from processes.customer_base.deliveries import plan_delivery
from processes.customer_base.interactions import log_interaction
from processes.customer_base.mailing import Mail
from processes.customer_base.orders import (
    PRICE_TOLERANCE_SHARE,
    amend_order,
    check_order,
    open_holds,
    order_from_lines,
    order_from_quote,
    release_hold,
)
from processes.customer_base.orders import confirm_order as confirm
from processes.customer_base.orders import refuse_order as refuse
from processes.customer_base.parties import add_site, contacts_of, primary_contact, resolve_party
from processes.customer_base.products import check_configuration
from processes.customer_base.quotes import latest_quote
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, Delivery, Order, OrderLine, Party, Product, Quote, Site
from processes.handlers.sales.outcomes import case_reference, record_outcome
from processes.handlers.values import ZERO, day, flag, items, number, required_text, text

handlers = Handlers()
PRICE_ERRORS = ("price", "quantity", "not_quoted", "missing")


@handlers.register("sales.import_order")
def import_order(job: Job) -> Mapping[str, Any]:
    """The order of the accepted quote, the purchase order or the replacement, and everything that is wrong with it.

    The same customer and purchase order number (or quote, or return) give the same order, so a correction and a
    repeated import change that one. Lines that cannot be read leave the order unmade and come back as `order_errors`.
    """
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        party = _party_of(session, source)
        if party is None:
            error = {"code": "customer", "field": "customer_id", "message": "The customer is not known: name it."}
            return once.keep(_not_imported(job, [error]))
        site = _ship_to(session, job, party)
        known = _known_order(session, party, source)
        if known is None:
            wrong = [] if _quote_of(session, source) else _unreadable_lines(session, party, _lines(source))
            if wrong:
                return once.keep({**_party_variables(session, party, source), **_not_imported(job, wrong)})
            order = _make_order(session, job, party)
        else:
            order = known
            if _is_correction(source):
                _correct(session, job, order)
        if site:
            order.site_id = site.id
        session.flush()
        errors = order_errors(session, order, source)
        return once.keep(
            {
                **_party_variables(session, party, source),
                **order_variables(order),
                **_import_result(job, errors),
                "order_lines": [
                    _line_variables(line, _asked_prices(source)) for line in order.lines if not line.cancelled
                ],
            }
        )


def _party_of(session: Session, source: Mapping[str, Any]) -> Party | None:
    if text(source, "party_id"):
        return resolve_party(session, text(source, "party_id"))
    quote = _quote_of(session, source)
    if quote:
        return find(session, Party, quote.party_id)
    key = text(source, "customer_id")
    return (
        session.scalar(
            select(Party).where(
                or_(Party.id == key, Party.number == key, Party.external_key == key, Party.tax_id == key)
            )
        )
        if key
        else None
    )


def _quote_of(session: Session, source: Mapping[str, Any]) -> Quote | None:
    if text(source, "quote_id"):
        return find(session, Quote, text(source, "quote_id"))
    return latest_quote(session, text(source, "quote_no")) if text(source, "quote_no") else None


def _ship_to(session: Session, job: Job, party: Party) -> Site | None:
    """The site that the order names; added to the customer when it is new."""
    street, city = text(job.variables, "ship_to_street"), text(job.variables, "ship_to_city")
    if not street and not city:
        return None
    known = session.scalar(select(Site).where(Site.party_id == party.id, Site.street == street, Site.city == city))
    return known or add_site(
        session,
        party_id=party.id,
        name=f"{city} {street}".strip(),
        kind="delivery",
        street=street or None,
        city=city or None,
        country=text(job.variables, "ship_to_country") or party.country,
        now=job.now,
    )


def _known_order(session: Session, party: Party, source: Mapping[str, Any]) -> Order | None:
    if text(source, "order_id") and not text(source, "rma_id"):
        return find(session, Order, text(source, "order_id"))
    if text(source, "rma_id"):
        return session.scalar(select(Order).where(Order.replaces_return_id == text(source, "rma_id")))
    number_ = text(source, "po_no")
    if number_:
        return session.scalar(select(Order).where(Order.party_id == party.id, Order.purchase_order_number == number_))
    return None


def _lines(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The wanted lines: corrected ones first, then the purchase order's, then the plain ones of a message."""
    for name in ("order_lines", "po_lines", "lines"):
        if items(source, name):
            return items(source, name)
    return []


def _unreadable_lines(session: Session, party: Party, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not lines:
        return [{"code": "lines", "field": "order_lines", "message": "The order has no lines: add what is wanted."}]
    skus = [text(line, "sku") for line in lines]
    known = {product.sku: product for product in session.scalars(select(Product).where(Product.sku.in_(skus)))}
    errors = []
    for position, line in enumerate(lines, 1):
        sku = text(line, "sku")
        if sku not in known:
            errors.append(_error(position, "unknown_product", "sku", "The product is not in the catalogue.", found=sku))
        elif number(line, "quantity") <= 0:
            errors.append(_error(position, "quantity", "quantity", "The quantity must be above 0.", found=sku))
        elif known[sku].options:
            errors.extend(_configuration_errors(position, known[sku], dict(line.get("choices") or {})))
    return errors


def _configuration_errors(position: int, product: Product, choices: Mapping[str, str]) -> list[dict[str, Any]]:
    check = check_configuration(product, choices)
    problems = [*check.conflicts, *(f"Choose {key}." for key in check.missing)]
    return [_error(position, "configuration", "choices", problem, found=product.sku) for problem in problems]


def _error(position: int | None, code: str, field: str, message: str, **values: Any) -> dict[str, Any]:
    return {"position": position, "code": code, "field": field, "message": message, **values}


def _make_order(session: Session, job: Job, party: Party) -> Order:
    source = job.variables
    quote, po_number = _quote_of(session, source), text(source, "po_no") or None
    if quote and not text(source, "rma_id"):
        return order_from_quote(
            session,
            quote_id=quote.id,
            purchase_order_number=po_number or quote.number,
            lines=items(source, "order_lines") or items(source, "po_lines") or None,
            prepaid=flag(source, "prepaid"),
            now=job.now,
        )
    contact = primary_contact(session, party.id)
    return order_from_lines(
        session,
        party_id=party.id,
        lines=_lines(source),
        purchase_order_number=po_number,
        channel="return" if text(source, "rma_id") else text(source, "channel", "import"),
        contact_id=contact.id if contact else None,
        prepaid=flag(source, "prepaid"),
        replaces_return_id=text(source, "rma_id") or None,
        free_of_charge=bool(text(source, "rma_id")),
        now=job.now,
    )


def _is_correction(source: Mapping[str, Any]) -> bool:
    return text(source, "fix_decision") == "fix" or text(source, "fix_decision") == "send_back"


def _correct(session: Session, job: Job, order: Order) -> None:
    """Bring an order that nobody confirmed yet to the corrected lines and number."""
    source = job.variables
    if order.status != "new":
        return
    if text(source, "po_no"):
        order.purchase_order_number = text(source, "po_no")
    wanted = {text(line, "sku"): line for line in _lines(source) if text(line, "sku")}
    for line in list(order.lines):
        if line.product_sku not in wanted:
            order.lines.remove(line)
    session.flush()
    known = {line.product_sku: line for line in order.lines}
    new = [{"sku": sku, "quantity": number(line, "quantity", 1)} for sku, line in wanted.items() if sku not in known]
    amend_order(session, order_id=order.id, changes=_catalogued(session, new), now=job.now)
    for line in order.lines:
        _reprice(line, wanted.get(line.product_sku, {}))
    amend_order(session, order_id=order.id, changes=[], now=job.now)  # sums up


def _catalogued(session: Session, lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    skus = [line["sku"] for line in lines]
    known = set(session.scalars(select(Product.sku).where(Product.sku.in_(skus))))
    return [line for line in lines if line["sku"] in known]


def _reprice(line: OrderLine, wanted: Mapping[str, Any]) -> None:
    tax_share = line.tax / line.net if line.net else Decimal("0.13")
    line.quantity = number(wanted, "quantity", line.quantity)
    if wanted.get("unit_price") is not None:
        line.unit_price = number(wanted, "unit_price")
    line.net = cents(line.unit_price * line.quantity)
    line.tax = cents(line.net * tax_share)


def order_errors(session: Session, order: Order, source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What keeps an order from being checked: incomplete, unlike the quote, priced differently, outdated options."""
    errors = [
        _error(found.position, found.code, found.code, found.message)
        for found in check_order(session, order_id=order.id)
    ]
    if not order.quote_id and not text(source, "rma_id"):
        errors.extend(_price_differences(order, _asked_prices(source)))
    if order.quote_id:
        errors.extend(_outdated_configurations(session, order))
    if flag(source, "accept_deviation"):
        errors = [error for error in errors if error["code"] not in PRICE_ERRORS]
    return errors


def _price_differences(order: Order, asked: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """A purchase order's own prices against ours; 0.5 % is tolerated."""
    errors = []
    for line in order.lines:
        price = asked.get(line.product_sku)
        if price is not None and abs(price - line.unit_price) > line.unit_price * PRICE_TOLERANCE_SHARE:
            message = f"{line.product_sku} is ordered at {price}, our price is {line.unit_price}."
            errors.append(_error(line.position, "price", "unit_price", message, expected=line.unit_price, found=price))
    return errors


def _outdated_configurations(session: Session, order: Order) -> list[dict[str, Any]]:
    errors = []
    for line in order.lines:
        digest = line.configuration.get("digest")
        product = session.scalar(select(Product).where(Product.sku == line.product_sku))
        if not digest or product is None:
            continue
        check = check_configuration(product, line.configuration.get("choices", {}))
        if not check.is_valid or check.digest != digest:
            message = f"The model of {line.product_sku} changed since it was configured: configure it again."
            errors.append(_error(line.position, "configuration", "choices", message))
    return errors


def _not_imported(job: Job, errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        **_import_result(job, errors),
        "order_id": job.variables.get("order_id"),
        "order_no": None,
        "order_lines": _lines(job.variables),
    }


def _import_result(job: Job, errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    source = job.variables
    is_first = source.get("order_received_at") is None
    configuration_error = any(error.get("code") == "configuration" for error in errors)
    return {
        "order_errors": [dict(error) for error in errors],
        "order_received_at": source.get("order_received_at") or job.now,
        "order_first_pass": not errors if is_first else source.get("order_first_pass"),
        "order_touched": bool(source.get("order_touched")) or bool(errors),
        "configuration_error": bool(source.get("configuration_error")) or configuration_error,
        "fix_decision": None,
        "availability": None,
        "credit_ok": None,
        "delivery_ok": None,
        "compliance_ok": None,
    }


def _party_variables(session: Session, party: Party, source: Mapping[str, Any]) -> dict[str, Any]:
    contact = primary_contact(session, party.id)
    return {
        "party_id": party.id,
        "customer_id": party.number,
        "customer_name": party.name,
        "contact_name": text(source, "contact_name") or (contact.name if contact else None),
        "email": text(source, "email") or (contact.email if contact else None),
        "phone": text(source, "phone") or (contact.phone if contact else None),
    }


def order_variables(order: Order) -> dict[str, Any]:
    """An order as the process sees it."""
    return {
        "order_id": order.id,
        "order_no": order.number,
        "po_no": order.purchase_order_number,
        "order_net": order.net_total,
        "order_total": order.total,
        "order_status": order.status,
        "currency": order.currency,
    }


def _asked_prices(source: Mapping[str, Any]) -> dict[str, Decimal]:
    """The prices that the customer's own order names, by product."""
    return {
        text(line, "sku"): number(line, "unit_price") for line in _lines(source) if line.get("unit_price") is not None
    }


def _line_variables(line: OrderLine, asked: Mapping[str, Decimal]) -> dict[str, Any]:
    return {
        "position": line.position,
        "sku": line.product_sku,
        "name": line.description,
        "quantity": line.quantity,
        "unit_price": asked.get(line.product_sku, line.unit_price),
        "configuration_hash": line.configuration.get("digest"),
        "choices": dict(line.configuration.get("choices", {})),
    }


@handlers.register("sales.ask_customer")
def ask_customer(job: Job) -> Mapping[str, Any]:
    """Send an order back to the customer with a question."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        source = job.variables
        reference = text(source, "order_no") or text(source, "po_no")
        mail_customer(job, once.session, f"Question on your order {reference}", required_text(source, "question"))
        return once.keep({"order_touched": True, "order_ref": reference or case_reference(job)})


def mail_customer(job: Job, session: Session, subject: str, body: str, documents: Sequence[str] = ()) -> bool:
    """Mail the case's contact and log it; whether there was an address."""
    source = job.variables
    party_id = text(source, "party_id") or None
    contact = find(session, Contact, text(source, "contact_id")) if text(source, "contact_id") else None
    if contact is None and party_id:
        contact = next(iter(contacts_of(session, party_id)), None)
    address = (contact.email if contact else None) or text(source, "email")
    if address:
        mail = Mail(
            key=job.idempotency_key,
            to=address,
            subject=subject,
            body=body,
            document_ids=list(documents),
            case_reference=case_reference(job),
        )
        job.resources.send(session, mail, now=job.now)
    if party_id:
        log_interaction(
            session,
            channel="email" if address else "mail",
            direction="out",
            subject=subject,
            body=body,
            party_id=party_id,
            contact_id=contact.id if contact else None,
            now=job.now,
        )
    return bool(address)


@handlers.register("sales.release_order")
def release_order(job: Job) -> Mapping[str, Any]:
    """All checks are passed: nothing holds the order any more."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        order_id = required_text(job.variables, "order_id")
        for hold in open_holds(once.session, order_id=order_id):
            release_hold(
                once.session,
                order_id=order_id,
                kind=hold.kind,
                released_by="checks",
                reason=text(job.variables, "credit_decision_reason") or "all checks passed",
                now=job.now,
            )
        return once.keep({"order_status": "released"})


@handlers.register("sales.refuse_order")
def refuse_order(job: Job) -> Mapping[str, Any]:
    """The order is not accepted: told to the customer, nothing stays reserved."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, reason = once.session, text(source, "refusal_reason") or "not accepted"
        if text(source, "order_no"):
            refuse(session, order_id=required_text(source, "order_id"), reason=reason[:300], now=job.now)
        reference = text(source, "po_no") or text(source, "order_no")
        mail_customer(job, session, f"Your order {reference}", text(source, "refusal_message") or reason)
        record_outcome(session, job, "refused", {"refusal_reason": reason})
        return once.keep({"order_status": "refused"})


@handlers.register("sales.confirm_order")
def confirm_order(job: Job) -> Mapping[str, Any]:
    """Freeze the prices, reserve stock, plan the deliveries as agreed and confirm to the customer."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, order_id = once.session, required_text(source, "order_id")
        order = confirm(session, order_id=order_id, promised_on=day(source, "plan_date"), now=job.now)
        deliveries = [_plan(session, job, order, part) for part in delivery_parts(source)]
        if source.get("plan_date") is None and any(delivery.planned_on for delivery in deliveries):
            order.promised_on = max(delivery.planned_on for delivery in deliveries if delivery.planned_on)
        body = (
            f"Thank you for your order {order.purchase_order_number or ''}. We confirm it as {order.number} over "
            f"{order.total:.2f} {order.currency}, delivery by {order.promised_on}.\n\n"
            f"感谢您的订单,我们已确认,编号 {order.number}。"
        )
        mail_customer(job, session, f"Order confirmation {order.number}", body)
        return once.keep(
            {
                **order_variables(order),
                "confirmed_at": job.now,
                "promised_on": order.promised_on,
                "deliveries": [
                    delivery_variables(session, delivery, drop_ship=text(source, "plan_decision") == "drop_ship")
                    for delivery in deliveries
                ],
            }
        )


def delivery_parts(source: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The agreed parts `{lines, planned_on}`; without a plan one part with everything."""
    return items(source, "delivery_parts") or [{}]


def _plan(session: Session, job: Job, order: Order, part: Mapping[str, Any]) -> Delivery:
    return plan_delivery(
        session,
        order_id=order.id,
        lines=items(part, "lines") or None,
        planned_on=day(part, "planned_on"),
        now=job.now,
    )


def delivery_variables(session: Session, delivery: Delivery, *, drop_ship: bool = False) -> dict[str, Any]:
    """A delivery as the process sees it; `planned_at` is the morning of the planned day."""
    names = {
        line.id: line.description
        for line in session.scalars(select(OrderLine).where(OrderLine.order_id == delivery.order_id))
    }
    planned_on = delivery.planned_on or delivery.created_at.date()
    return {
        "delivery_id": delivery.id,
        "number": delivery.number,
        "location": delivery.location_code,
        "planned_on": planned_on,
        "planned_at": datetime.combine(planned_on, time(1, tzinfo=UTC)),
        "drop_ship": drop_ship,
        "lines": [
            {"sku": line.product_sku, "name": names.get(line.order_line_id), "quantity": line.quantity}
            for line in delivery.lines
            if line.quantity > ZERO
        ],
    }


def known_party(session: Session, source: Mapping[str, Any]) -> Party:
    """The customer of the case. Raises NotFound when there is none."""
    party = _party_of(session, source)
    if party is None:
        raise NotFound("The case has no customer yet: import the order first.")
    return party
