"""From quote to payment, and back: goods and money always add up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.credit import ageing, change_credit, credit_facts
from processes.customer_base.deliveries import (
    advance_delivery,
    confirm_arrival,
    deliveries_of,
    plan_delivery,
    ship_delivery,
)
from processes.customer_base.invoicing import (
    dunning_level,
    invoice_amount,
    invoice_delivery,
    invoice_order,
    is_order_paid,
    open_amount,
    receivables,
    record_dunning,
    record_payment,
    refundable,
    settle,
)
from processes.customer_base.orders import (
    amend_order,
    cancel_order,
    check_order,
    close_order,
    confirm_order,
    hold_order,
    order_from_lines,
    order_from_quote,
    order_status,
    refuse_order,
    release_hold,
)
from processes.customer_base.pricing import price_offer
from processes.customer_base.quotes import (
    create_quote,
    decide_quote,
    extend_quote,
    latest_quote,
    mark_sent,
    revise_quote,
)
from processes.customer_base.stock import StockShort, free_stock, held_reservations, post_movement
from processes.customer_base.tables import InstalledProduct, Opportunity


@pytest.fixture
def customer(party_named):
    return party_named("Westlake")


@pytest.fixture
def quote(session, now, customer):
    items = [{"sku": "PUMP-100", "quantity": 3}, {"sku": "SEAL-KIT", "quantity": 10}]
    offer = price_offer(session, items=items, party_id=customer.id, region=customer.region, on=now.date())
    return create_quote(session, party_id=customer.id, offer=offer, now=now)


@pytest.fixture
def order(session, now, quote):
    mark_sent(session, quote_id=quote.id, now=now)
    decide_quote(session, quote_id=quote.id, decision="accept", now=now)
    return order_from_quote(session, quote_id=quote.id, purchase_order_number="PO-77", now=now)


@pytest.fixture
def invoice(session, now, order):
    confirm_order(session, order_id=order.id, now=now)
    delivery = plan_delivery(session, order_id=order.id, now=now)
    ship_delivery(session, delivery_id=delivery.id, serials={"PUMP-100": ["S-1", "S-2", "S-3"]}, now=now)
    return invoice_delivery(session, delivery_id=delivery.id, now=now)


def test_a_revised_quote_supersedes_its_earlier_version(session, now, quote, customer):
    offer = price_offer(session, items=[{"sku": "PUMP-100", "quantity": 2}], party_id=customer.id, on=now.date())

    second = revise_quote(session, quote_id=quote.id, offer=offer, now=now)

    assert (second.number, second.version, quote.status) == (quote.number, 2, "superseded")
    assert latest_quote(session, quote.number).id == second.id
    with pytest.raises(InvalidState, match="latest version"):
        decide_quote(session, quote_id=quote.id, decision="accept", now=now)


def test_a_quote_past_its_last_day_is_extended_before_it_is_accepted(session, now, quote):
    later = now + timedelta(days=40)
    with pytest.raises(InvalidState, match="extend it"):
        decide_quote(session, quote_id=quote.id, decision="accept", now=later)
    extend_quote(session, quote_id=quote.id, valid_to=later.date())
    assert decide_quote(session, quote_id=quote.id, decision="accept", now=later).status == "accepted"


def test_the_order_has_the_quotes_prices_and_totals(session, order, quote):
    assert (order.net_total, order.freight, order.tax, order.total) == (
        quote.net_total,
        quote.freight,
        quote.tax,
        quote.total,
    )
    assert check_order(session, order_id=order.id) == []


def test_importing_an_order_twice_gives_the_first(session, now, order, quote, customer):
    assert order_from_quote(session, quote_id=quote.id, purchase_order_number="PO-77", now=now).id == order.id
    assert (
        order_from_lines(session, party_id=customer.id, lines=[], purchase_order_number="PO-77", now=now).id == order.id
    )


def test_a_purchase_order_within_half_a_percent_takes_the_quoted_price(session, now, quote):
    lines = [
        {"sku": "PUMP-100", "quantity": 3, "unit_price": "12750"},
        {"sku": "SEAL-KIT", "quantity": 10, "unit_price": "420"},
    ]
    order = order_from_quote(session, quote_id=quote.id, purchase_order_number="PO-78", lines=lines, now=now)
    assert [line.unit_price for line in order.lines] == [Decimal(12800), Decimal(420)]
    assert check_order(session, order_id=order.id) == []


def test_what_differs_from_the_quote_is_listed_with_its_line(session, now, quote):
    lines = [
        {"sku": "PUMP-100", "quantity": 4, "unit_price": "12000"},
        {"sku": "GHOST-1", "quantity": 1, "unit_price": "5"},
    ]
    order = order_from_quote(session, quote_id=quote.id, purchase_order_number="PO-79", lines=lines, now=now)

    errors = {(error.code, error.position) for error in check_order(session, order_id=order.id)}

    assert errors == {("quantity", 1), ("price", 1), ("unknown_product", 2), ("not_quoted", 2), ("missing", None)}


def test_a_held_order_is_not_confirmed_until_the_hold_is_released(session, now, order):
    hold_order(session, order_id=order.id, kind="credit", reason="over limit", now=now)
    hold_order(session, order_id=order.id, kind="credit", reason="again", now=now)
    with pytest.raises(InvalidState, match="credit: over limit"):
        confirm_order(session, order_id=order.id, now=now)
    released = release_hold(session, order_id=order.id, kind="credit", released_by="fin", reason="prepaid", now=now)
    assert released == 1
    assert confirm_order(session, order_id=order.id, now=now).status == "confirmed"


def test_confirming_reserves_and_cancelling_gives_back(session, now, order):
    before = free_stock(session, skus=["PUMP-100"])["PUMP-100"]
    confirm_order(session, order_id=order.id, now=now)
    confirm_order(session, order_id=order.id, now=now)
    assert free_stock(session, skus=["PUMP-100"])["PUMP-100"] == before - 3

    cancel_order(session, order_id=order.id, reason="changed mind", now=now)

    assert free_stock(session, skus=["PUMP-100"])["PUMP-100"] == before
    assert cancel_order(session, order_id=order.id, reason="again", now=now).cancel_reason == "changed mind"


def test_a_shipped_order_is_not_cancelled(session, now, order, invoice):
    with pytest.raises(InvalidState, match="come back as a return"):
        cancel_order(session, order_id=order.id, reason="late", now=now)


def test_refusing_leaves_nothing_reserved(session, now, order):
    refuse_order(session, order_id=order.id, reason="sanctions", now=now)
    assert [held_reservations(session, reference=line.id) for line in order.lines] == [[], []]


def test_a_confirmed_order_wins_its_opportunity(session, now, customer):
    opportunity = Opportunity(
        number="OP-1", party_id=customer.id, name="x", probability=Decimal("0.5"), created_at=now, competitors=[],
        requirements=[],
    )  # fmt: skip
    session.add(opportunity)
    session.flush()
    offer = price_offer(session, items=[{"sku": "SEAL-KIT", "quantity": 1}], on=now.date())
    quote = create_quote(session, party_id=customer.id, offer=offer, opportunity_id=opportunity.id, now=now)
    order = order_from_quote(session, quote_id=quote.id, now=now)
    confirm_order(session, order_id=order.id, now=now)
    assert (opportunity.stage, opportunity.amount) == ("won", order.net_total)


def test_amending_keeps_prices_adds_lines_and_tells_the_difference(session, now, order):
    confirm_order(session, order_id=order.id, now=now)
    before = order.total

    audit = amend_order(
        session,
        order_id=order.id,
        changes=[
            {"sku": "PUMP-100", "quantity": 2},
            {"sku": "SEAL-KIT", "quantity": 0},
            {"sku": "OIL-20L", "quantity": 1},
        ],
        now=now,
    )

    assert [(line.product_sku, line.quantity, line.cancelled) for line in order.lines] == [
        ("PUMP-100", 2, False),
        ("SEAL-KIT", 10, True),
        ("OIL-20L", 1, False),
    ]
    assert (audit["total_before"], audit["total_after"]) == (before, order.total)
    assert order.net_total == Decimal(2 * 12800 + 540)
    assert [row.quantity for row in held_reservations(session, reference=order.lines[0].id)] == [2]


def test_goods_are_delivered_in_parts_and_the_invoices_add_up(session, now, order):
    confirm_order(session, order_id=order.id, now=now)
    first = plan_delivery(session, order_id=order.id, lines=[{"sku": "PUMP-100", "quantity": 1}], now=now)
    second = plan_delivery(session, order_id=order.id, now=now)
    assert [line.quantity for line in second.lines] == [2, 10]
    with pytest.raises(InvalidState, match="planned already"):
        plan_delivery(session, order_id=order.id, now=now)

    invoices = []
    for delivery in (first, second):
        advance_delivery(session, delivery_id=delivery.id, status="picked")
        ship_delivery(session, delivery_id=delivery.id, now=now)
        confirm_arrival(session, delivery_id=delivery.id, now=now)
        invoices.append(invoice_delivery(session, delivery_id=delivery.id, now=now))

    assert order.status == "delivered"
    assert sum(invoice.total for invoice in invoices) == order.total
    assert sum(invoice.tax for invoice in invoices) == order.tax
    assert [delivery.status for delivery in deliveries_of(session, order.id)] == ["delivered", "delivered"]


def test_shipping_twice_takes_the_goods_once(session, now, order):
    confirm_order(session, order_id=order.id, now=now)
    delivery = plan_delivery(session, order_id=order.id, now=now)
    ship_delivery(session, delivery_id=delivery.id, now=now)
    left = free_stock(session, skus=["PUMP-100"])
    ship_delivery(session, delivery_id=delivery.id, now=now)
    assert free_stock(session, skus=["PUMP-100"]) == left


def test_goods_that_are_not_there_are_short_unless_they_are_produced(session, now, customer):
    order = order_from_lines(session, party_id=customer.id, lines=[{"sku": "SPINDLE-12", "quantity": 1}], now=now)
    confirm_order(session, order_id=order.id, now=now)
    delivery = plan_delivery(session, order_id=order.id, now=now)
    with pytest.raises(StockShort), session.begin_nested():
        ship_delivery(session, delivery_id=delivery.id, now=now)
    assert ship_delivery(session, delivery_id=delivery.id, produce_missing=True, now=now).status == "shipped"


def test_a_serial_number_becomes_an_installed_product_under_warranty(session, now, order, invoice):
    installed = session.scalars(select(InstalledProduct).where(InstalledProduct.serial == "S-2")).one()
    assert (installed.party_id, installed.site_id) == (order.party_id, order.site_id)
    assert installed.warranty_to.year == now.year + 2


def test_an_invoice_is_paid_in_parts_but_never_more_than_is_due(session, now, order, invoice):
    record_payment(session, invoice_id=invoice.id, amount=Decimal(1000), payment_reference="B1", now=now)
    record_payment(session, invoice_id=invoice.id, amount=Decimal(1000), payment_reference="B1", now=now)
    assert open_amount(invoice) == invoice.total - 1000
    with pytest.raises(InvalidInput, match="is due"):
        record_payment(session, invoice_id=invoice.id, amount=invoice.total, payment_reference="B2", now=now)
    with pytest.raises(InvalidInput, match="above 0"):
        record_payment(session, invoice_id=invoice.id, amount=Decimal(0), payment_reference="B3", now=now)
    assert not is_order_paid(session, order_id=order.id)

    record_payment(session, invoice_id=invoice.id, amount=open_amount(invoice), payment_reference="B4", now=now)

    assert invoice.status == "paid"
    assert is_order_paid(session, order_id=order.id)
    assert close_order(session, order_id=order.id, now=now).status == "closed"
    assert [step["event"] for step in order_status(session, order_id=order.id)][-1] == "closed"


def test_never_more_is_refunded_than_was_paid(session, now, invoice):
    record_payment(session, invoice_id=invoice.id, amount=Decimal(500), payment_reference="B1", now=now)
    party_id = invoice.party_id
    settle(
        session,
        settlement_key="r1",
        kind="refund",
        party_id=party_id,
        amount=Decimal(300),
        invoice_id=invoice.id,
        now=now,
    )
    settle(
        session,
        settlement_key="r1",
        kind="refund",
        party_id=party_id,
        amount=Decimal(300),
        invoice_id=invoice.id,
        now=now,
    )
    assert refundable(session, invoice_id=invoice.id) == 200

    with pytest.raises(InvalidState, match="lower the amount"):
        settle(
            session,
            settlement_key="r2",
            kind="refund",
            party_id=party_id,
            amount=Decimal(201),
            invoice_id=invoice.id,
            now=now,
        )
    with pytest.raises(InvalidInput, match="needs the invoice"):
        settle(session, settlement_key="r3", kind="refund", party_id=party_id, amount=Decimal(1), now=now)


def test_a_credit_note_lowers_what_is_due(session, now, invoice):
    settle(
        session, settlement_key="c1", kind="credit_note", party_id=invoice.party_id, amount=invoice.total,
        invoice_id=invoice.id, now=now,
    )  # fmt: skip
    assert (open_amount(invoice), invoice.status) == (0, "credited")


@pytest.mark.parametrize(("days", "level"), [(0, 0), (2, 0), (3, 1), (16, 1), (17, 2), (31, 3), (200, 3)])
def test_the_dunning_level_rises_with_the_days_overdue(session, invoice, days, level):
    assert dunning_level(invoice, invoice.due_on + timedelta(days=days)) == level


def test_nobody_is_dunned_before_a_promised_day_or_in_a_dispute(session, now, invoice):
    late = invoice.due_on + timedelta(days=40)
    record_dunning(session, invoice_id=invoice.id, level=1, promised_on=late, now=now)
    assert (dunning_level(invoice, late), dunning_level(invoice, late + timedelta(days=1))) == (0, 3)
    record_dunning(session, invoice_id=invoice.id, level=1, disputed=True, now=now)
    assert dunning_level(invoice, late + timedelta(days=1)) == 0


def test_a_prepaid_order_is_invoiced_before_it_ships(session, now, customer):
    order = order_from_lines(
        session, party_id=customer.id, lines=[{"sku": "SEAL-KIT", "quantity": 2}], prepaid=True, now=now
    )
    assert invoice_order(session, order_id=order.id, now=now).total == order.total
    assert invoice_order(session, order_id=order.id, now=now).total == order.total


def test_a_replacement_is_free_of_charge(session, now, customer):
    order = order_from_lines(
        session, party_id=customer.id, lines=[{"sku": "PUMP-100", "quantity": 1}], replaces_return_id="RMA", now=now,
        free_of_charge=True,
    )  # fmt: skip
    assert (order.total, order.freight, order.lines[0].unit_cost) == (0, 0, Decimal(8200))


def test_one_service_invoice_per_ticket(session, now, customer):
    first = invoice_amount(session, party_id=customer.id, description="Visit", net=Decimal(100), ticket_id="t", now=now)
    again = invoice_amount(session, party_id=customer.id, description="Visit", net=Decimal(100), ticket_id="t", now=now)
    assert (again.id, first.total) == (first.id, Decimal(113))


def test_the_credit_facts_say_what_the_decision_needs(session, now, party_named):
    blocked = credit_facts(session, party_id=party_named("Nordlicht").id, amount=Decimal(10), now=now)
    overdue = credit_facts(session, party_id=party_named("Riverside").id, amount=Decimal(10), now=now)
    starter = credit_facts(session, party_id=party_named("Dragonfly").id, amount=Decimal(30000), now=now)

    assert blocked["blocked"] is True
    assert (overdue["overdue_days"], len(overdue["overdue_invoices"])) == (45, 1)
    assert overdue["overdue_amount"] == overdue["outstanding"] > 0
    assert (starter["new_customer"], starter["credit_limit"], starter["headroom"]) == (True, 20000, -10000)


def test_open_orders_count_into_the_exposure_until_they_are_invoiced(session, now, order, customer):
    def exposure():
        return credit_facts(session, party_id=customer.id, amount=Decimal(0), now=now)["exposure"]

    before = exposure()
    confirm_order(session, order_id=order.id, now=now)
    confirmed = exposure()
    delivery = plan_delivery(session, order_id=order.id, now=now)
    ship_delivery(session, delivery_id=delivery.id, now=now)
    invoice = invoice_delivery(session, delivery_id=delivery.id, now=now)

    assert (before, confirmed, exposure()) == (0, order.total, order.total)
    record_payment(session, invoice_id=invoice.id, amount=invoice.total, payment_reference="B", now=now)
    assert exposure() == 0
    own = credit_facts(session, party_id=customer.id, amount=order.total, order_id=order.id, now=now)
    assert own["open_orders"] == 0


def test_reading_credit_facts_writes_nothing(session, now, party_named):
    credit_facts(session, party_id=party_named("Evergreen Machinery").id, amount=Decimal(1), now=now)
    assert not session.new
    assert not session.dirty


def test_receivables_age(session, now, party_named):
    buckets = ageing(session, on=now.date())
    assert buckets["to_60"] > 0  # Riverside
    assert buckets["to_90"] > 0  # Binhai, Nordlicht
    assert sum(buckets.values()) == sum(item["open"] for item in receivables(session, on=now.date()))
    change_credit(session, party_id=party_named("Binhai").id, blocked=True, reason="late", now=now)


def test_movements_tell_what_left_for_whom(session, now, order, invoice):
    post_movement(session, sku="PUMP-100", quantity=Decimal(1), reason="receipt", now=now)
    assert order.lines[0].delivered == order.lines[0].invoiced == 3
