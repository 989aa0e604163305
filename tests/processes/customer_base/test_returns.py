"""Returns: goods and money add up, whatever really arrives."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.deliveries import plan_delivery, ship_delivery
from processes.customer_base.dispositions import best_disposition, disposition_values
from processes.customer_base.invoicing import invoice_delivery, record_payment, settle
from processes.customer_base.orders import confirm_order, order_from_lines
from processes.customer_base.quality import defect_count, defect_list, open_nonconformity, record_step
from processes.customer_base.returns import (
    abuse_score,
    authorise_return,
    create_return,
    create_supplier_claim,
    decide_supplier_claim,
    finish_return,
    inspection_of,
    post_disposition,
    receive_return,
    record_inspection,
    refund_invoice_id,
    return_by_number,
    settlement_amount,
    trace_return,
)
from processes.customer_base.stock import stock_level
from processes.customer_base.tables import InstalledProduct, StockLevel


@pytest.fixture
def sold(session, now, party_named):
    """Four motors, two pumps with serial numbers and an oil can, delivered, invoiced and paid."""
    party = party_named("Westlake")
    lines = [{"sku": "MOTOR-3KW", "quantity": 4}, {"sku": "PUMP-100", "quantity": 2}, {"sku": "OIL-20L", "quantity": 1}]
    order = order_from_lines(session, party_id=party.id, lines=lines, now=now)
    confirm_order(session, order_id=order.id, now=now)
    delivery = plan_delivery(session, order_id=order.id, now=now)
    ship_delivery(session, delivery_id=delivery.id, serials={"PUMP-100": ["P-1", "P-2"]}, now=now)
    invoice = invoice_delivery(session, delivery_id=delivery.id, now=now)
    record_payment(session, invoice_id=invoice.id, amount=invoice.total, payment_reference="W", now=now)
    return order


@pytest.fixture
def ask(session, now, sold):
    """Trace and create a return of the order."""

    def ask(*lines):
        traced = trace_return(session, order_number=sold.number, lines=lines, now=now)
        return create_return(
            session, lines=traced["lines"], party_id=traced["party_id"], order_id=traced["order_id"], now=now
        )

    return ask


@pytest.fixture
def motors(ask):
    return ask({"sku": "MOTOR-3KW", "quantity": 3, "reason": "defect"})


def in_house(session, sku: str) -> Decimal:
    return session.scalar(select(func.sum(StockLevel.on_hand)).where(StockLevel.product_sku == sku))


def test_a_return_is_traced_to_what_was_sold(session, now, sold):
    later = now + timedelta(days=5)
    lines = [{"sku": "MOTOR-3KW", "quantity": 3, "reason": "defect"}]
    traced = trace_return(session, order_number=sold.number, lines=lines, now=later)

    (line,) = traced["lines"]
    assert (traced["our_sale"], traced["days_since_delivery"], traced["quantity_ok"]) == (True, 5, True)
    assert (line["returnable_quantity"], line["unit_paid"]) == (4, Decimal("2655.50"))
    assert (traced["value"], traced["under_warranty"]) == (Decimal("7966.50"), True)


def test_a_serial_number_alone_finds_its_order(session, now, sold):
    traced = trace_return(session, lines=[{"sku": "PUMP-100", "quantity": 1, "serial": "P-2"}], now=now)
    assert (traced["order_id"], traced["warranty_to"].year) == (sold.id, now.year + 2)


def test_what_we_did_not_sell_is_seen_as_such(session, now):
    traced = trace_return(session, lines=[{"sku": "PUMP-100", "quantity": 1, "serial": "FAKE"}], now=now)
    assert (traced["our_sale"], traced["quantity_ok"]) == (False, False)


def test_more_than_was_delivered_never_comes_back(session, ask, motors):
    with pytest.raises(InvalidInput, match="only 1 were delivered"):
        ask({"sku": "MOTOR-3KW", "quantity": 2, "reason": "defect"})
    assert ask({"sku": "MOTOR-3KW", "quantity": 1, "reason": "defect"}).number != motors.number


def test_the_database_itself_keeps_returned_below_delivered(session, sold):
    sold.lines[0].returned = Decimal(5)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_authorising_gives_a_label_and_a_due_day(session, now, motors):
    due_on = now.date() + timedelta(days=14)
    authorise_return(session, return_id=motors.id, route="pickup", due_on=due_on, now=now)
    assert (motors.status, motors.due_on) == ("authorised", due_on)
    assert return_by_number(session, motors.label).id == motors.id


def test_what_arrives_is_booked_and_differences_are_named(session, now, ask):
    returned = ask(
        {"sku": "MOTOR-3KW", "quantity": 3, "reason": "defect"},
        {"sku": "PUMP-100", "quantity": 1, "serial": "P-1", "reason": "defect"},
    )

    differences = receive_return(
        session,
        return_id=returned.id,
        received=[
            {"sku": "MOTOR-3KW", "quantity": 2},
            {"sku": "PUMP-100", "quantity": 1, "serial": "P-2"},
            {"sku": "BELT-2M", "quantity": 1},
        ],
        now=now,
    )

    assert {(row["kind"], row["sku"]) for row in differences} == {
        ("short", "MOTOR-3KW"),
        ("wrong_serial", "PUMP-100"),
        ("wrong_item", "BELT-2M"),
    }
    assert stock_level(session, sku="MOTOR-3KW", location="RETURNS").on_hand == 2
    assert receive_return(session, return_id=returned.id, received=[], now=now) == differences
    assert stock_level(session, sku="MOTOR-3KW", location="RETURNS").on_hand == 2


@pytest.mark.parametrize(
    ("parcel", "kind"),
    [
        ({"quantity": 3, "state": "damaged"}, "damaged_in_transit"),
        ({"quantity": 0, "state": "empty"}, "empty"),
        ({"quantity": 4}, "over"),
    ],
)
def test_every_kind_of_difference_is_named(session, now, motors, sold, parcel, kind):
    differences = receive_return(session, return_id=motors.id, received=[{"sku": "MOTOR-3KW", **parcel}], now=now)
    assert [row["kind"] for row in differences] == [kind]
    assert sold.lines[0].returned <= sold.lines[0].delivered


def test_units_in_are_units_disposed_and_the_rest_stays_in_the_house(session, now, motors):
    before = in_house(session, "MOTOR-3KW")
    receive_return(session, return_id=motors.id, received=[{"sku": "MOTOR-3KW", "quantity": 3}], now=now)
    (line,) = motors.lines
    record_inspection(session, return_line_id=line.id, grade="A", fault_found=False, now=now)
    with pytest.raises(InvalidState, match="3 pieces"):
        finish_return(session, return_id=motors.id, status="closed", now=now)

    post_disposition(session, return_line_id=line.id, kind="restock", quantity=Decimal(1), now=now)
    post_disposition(session, return_line_id=line.id, kind="quarantine", quantity=Decimal(1), now=now)
    post_disposition(session, return_line_id=line.id, kind="recycle", now=now)

    assert in_house(session, "MOTOR-3KW") == before + 2  # one recycled
    assert stock_level(session, sku="MOTOR-3KW", location="QUARANTINE").on_hand == 1
    assert stock_level(session, sku="MOTOR-3KW", location="RETURNS").on_hand == 0
    with pytest.raises(InvalidState, match="0 are in the house"):
        post_disposition(session, return_line_id=line.id, kind="restock", quantity=Decimal(1), now=now)
    assert finish_return(session, return_id=motors.id, status="closed", now=now).status == "closed"


def test_hazardous_goods_need_a_certificate_and_data_are_wiped_first(session, now, party_named):
    common = {"party_id": party_named("Westlake").id, "now": now}
    oil = create_return(session, lines=[{"sku": "OIL-20L", "quantity": 1, "reason": "wrong"}], **common)
    receive_return(session, return_id=oil.id, received=[{"sku": "OIL-20L", "quantity": 1}], now=now)
    with pytest.raises(InvalidInput, match="certificate"):
        post_disposition(session, return_line_id=oil.lines[0].id, kind="recycle", now=now)
    post_disposition(session, return_line_id=oil.lines[0].id, kind="recycle", certificate="C-9", now=now)

    controller = create_return(session, lines=[{"sku": "CTRL-7", "quantity": 1, "reason": "defect"}], **common)
    receive_return(session, return_id=controller.id, received=[{"sku": "CTRL-7", "quantity": 1}], now=now)
    (line,) = controller.lines
    record_inspection(session, return_line_id=line.id, grade="B", fault_found=True, now=now)
    with pytest.raises(InvalidInput, match="wipe it"):
        post_disposition(session, return_line_id=line.id, kind="refurbish", now=now)
    record_inspection(session, return_line_id=line.id, grade="B", fault_found=True, data_wiped=True, now=now)
    assert post_disposition(session, return_line_id=line.id, kind="refurbish", now=now).location_code == "MAIN"
    assert inspection_of(session, line.id).data_wiped


def test_a_return_that_arrived_is_not_cancelled(session, now, motors):
    receive_return(session, return_id=motors.id, received=[{"sku": "MOTOR-3KW", "quantity": 3}], now=now)
    with pytest.raises(InvalidState, match="have arrived"):
        finish_return(session, return_id=motors.id, status="cancelled", now=now)


def test_a_returned_machine_is_no_longer_in_use(session, now, ask):
    returned = ask({"sku": "PUMP-100", "quantity": 1, "serial": "P-1", "reason": "defect"})
    receive_return(
        session, return_id=returned.id, received=[{"sku": "PUMP-100", "quantity": 1, "serial": "P-1"}], now=now
    )
    machine = session.scalars(select(InstalledProduct).where(InstalledProduct.serial == "P-1")).one()
    assert machine.status == "returned"


@pytest.mark.parametrize(
    ("keywords", "amount"),
    [
        ({}, "226.00"),
        ({"restocking_fee_share": Decimal("0.10")}, "203.40"),
        ({"missing_parts": Decimal(26)}, "200.00"),
        ({"wear_share": Decimal("0.5")}, "226.00"),
        ({"refund_freight": Decimal(10)}, "236.00"),
        ({"missing_parts": Decimal(1000)}, "0"),
    ],
)
def test_the_settlement_is_what_was_paid_less_fees(keywords, amount):
    lines = [{"unit_paid": Decimal(113), "quantity": 2, "cause": "material"}]
    assert settlement_amount(lines=lines, **keywords)["amount"] == Decimal(amount)


def test_wear_is_charged_for_misuse_only():
    lines = [{"unit_paid": 100, "quantity": 1, "cause": "misuse"}, {"unit_paid": 100, "quantity": 1, "cause": "design"}]
    assert settlement_amount(lines=lines, wear_share=Decimal("0.3"))["amount"] == 170


def test_a_return_is_refunded_on_the_invoice_that_was_paid(session, now, motors, sold):
    invoice_id = refund_invoice_id(session, return_id=motors.id)
    refund = settle(
        session, settlement_key=f"refund:{motors.id}", kind="refund", party_id=sold.party_id, amount=Decimal("7966.50"),
        invoice_id=invoice_id, return_id=motors.id, now=now,
    )  # fmt: skip
    assert (refund.amount, refund.currency, refund.return_id) == (Decimal("7966.50"), "CNY", motors.id)


def test_recovery_values_rank_the_ways_a_grade_leaves_open(session):
    like_new = disposition_values(session, sku="MOTOR-3KW", grade="A")
    worn = disposition_values(session, sku="MOTOR-3KW", grade="C", repair_cost=Decimal(2000))

    assert best_disposition(like_new) == "restock"
    assert {row["kind"] for row in worn} == {"repair", "liquidate", "parts", "supplier", "recycle"}
    for row in worn:
        expected = row["probability"] * row["price"] - row["handling"] - row["repair"] - row["freight"] - row["holding"]
        assert row["value"] == round(expected, 2)
    assert [row["value"] for row in worn] == sorted((row["value"] for row in worn), reverse=True)
    assert best_disposition(disposition_values(session, sku="MOTOR-3KW", grade="X")) == "quarantine"
    assert best_disposition(disposition_values(session, sku="BEAR-6204", grade="D")) == "recycle"


def test_a_supplier_claim_is_made_once_and_credits_at_most_its_amount(session, now, motors):
    line = motors.lines[0]
    claim = create_supplier_claim(session, return_line_id=line.id, amount=Decimal(4440), defect_code="burnt", now=now)
    assert create_supplier_claim(session, return_line_id=line.id, amount=Decimal(1), now=now).id == claim.id
    assert claim.supplier_id
    with pytest.raises(InvalidInput, match="from 0 to 4440"):
        decide_supplier_claim(session, claim_id=claim.id, decision="credited", credited=Decimal(5000), now=now)
    assert decide_supplier_claim(session, claim_id=claim.id, decision="credited", now=now).credited == 4440


def test_the_same_defect_three_times_is_counted_and_followed_up(session, now, party_named):
    for _ in range(3):
        returned = create_return(
            session,
            lines=[{"sku": "SENSOR-10", "quantity": 1, "reason": "defect"}],
            party_id=party_named("Taihu").id,
            now=now,
        )
        record_inspection(
            session, return_line_id=returned.lines[0].id, grade="D", fault_found=True, defect_code="drift", now=now
        )
    count = defect_count(session, sku="SENSOR-10", defect_code="drift", now=now)
    assert (count, defect_count(session, sku="SENSOR-10", defect_code="drift", now=now + timedelta(days=31))) == (3, 0)
    assert defect_list(session, since=now)[0] == {"sku": "SENSOR-10", "defect_code": "drift", "count": 3}

    first = open_nonconformity(session, sku="SENSOR-10", defect_code="drift", occurrences=3, now=now)
    again = open_nonconformity(session, sku="SENSOR-10", defect_code="drift", occurrences=4, safety=True, now=now)
    assert (again.id, again.occurrences, again.safety) == (first.id, 4, True)
    for step in ("containment", "cause", "action", "verification"):
        record_step(session, nonconformity_id=first.id, step=step, text="done", now=now)
    assert (first.status, first.closed_at) == ("verified", now)


def test_many_returns_with_few_orders_stand_out():
    assert abuse_score(0, 10) == 0
    assert abuse_score(1, 1) < Decimal("0.5") < abuse_score(6, 5)
    assert abuse_score(50, 1) == 1
