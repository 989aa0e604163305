"""What the handlers of lead to order promise, on the demo customer base."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from docx import Document as WordDocument
from openpyxl import load_workbook
from sqlalchemy import func, select

from engine.feel import normalise
from engine.handlers import BpmnError, Job
from processes.customer_base.deliveries import deliveries_of
from processes.customer_base.orders import order_by_number
from processes.customer_base.products import product_by_sku
from processes.customer_base.stock import free_stock
from processes.customer_base.tables import (
    Characteristic,
    CreditProfile,
    Document,
    Interaction,
    Invoice,
    Lead,
    MailboxMessage,
    Order,
    OutcomeRecord,
    Party,
    Quote,
    Settlement,
    Survey,
)
from processes.handlers.resources import DEFAULT_ENTERPRISE, Resources
from processes.handlers.sales import handlers
from processes.handlers.sales.fulfilment import serials_by_sku
from processes.handlers.sales.leads import sla_due_at
from processes.handlers.sales.payments import next_step_at

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TAIHU, BINHAI = "91320500MA1FL0002X", "91120000MA1FL0009X"
FILTERS = [{"sku": "FILTER-SET", "quantity": 10}]


class World:
    """Handlers on one in-memory customer base; every call is a new job unless a key is given."""

    def __init__(self, settings=None):
        self.resources = Resources.in_memory(NOW, settings=settings)
        self.count = 0
        self.now = NOW

    def run(self, topic, variables, *, key=None):
        self.count += 1
        job = Job(
            topic=topic,
            variables=normalise(dict(variables)),
            idempotency_key=key or f"job-{self.count}",
            now=self.now,
            resources=self.resources,
        )
        return dict(handlers.get(topic)(job) or {})

    def after(self, topic, variables, **changes):
        """Run and give all variables as they are afterwards."""
        merged = {**variables, **changes}
        return {**merged, **self.run(topic, merged)}

    @contextmanager
    def base(self):
        with self.resources.session_for(DEFAULT_ENTERPRISE, self.now) as session:
            yield session


@pytest.fixture
def world():
    return World()


@pytest.fixture
def lead(world):
    return world.after(
        "sales.register_lead",
        {
            "source": "direct",
            "channel": "web",
            "company": "Nordwind Food Machines",
            "contact_name": "Ms Chen",
            "email": "chen@nordwind.example.com",
            "lead_ref": "WEB-1",
            "need": "Two pumps",
        },
    )


@pytest.fixture
def order(world):
    """A confirmed order of Taihu over ten filter sets, with its one delivery; `free_before` tells the stock before."""
    free_before = free_filters(world)
    imported = world.after("sales.import_order", {"customer_id": TAIHU, "po_no": "4500", "po_lines": FILTERS})
    return {**world.after("sales.confirm_order", imported), "free_before": free_before}


def free_filters(world):
    with world.base() as session:
        return free_stock(session, skus=["FILTER-SET"])["FILTER-SET"]


def shipped(world, order):
    delivery = {**order, "delivery": order["deliveries"][0], "serials": "LOT-1"}
    sent = world.after("sales.ship_delivery", delivery)
    return world.after("sales.update_shipment", sent, shipment_status="delivered")


# ------------------------------------------------------------------------------------------------------------- leads


def test_the_same_job_registers_a_lead_once(world):
    wish = {"company": "Acme Valves", "email": "a@acme.example.com", "need": "Valves"}

    first, again = world.run("sales.register_lead", wish, key="k"), world.run("sales.register_lead", wish, key="k")

    assert again == first
    with world.base() as session:
        assert session.scalar(select(func.count()).select_from(Lead).where(Lead.company == "Acme Valves")) == 1


def test_the_senders_reference_finds_the_first_lead(world, lead):
    again = world.run("sales.register_lead", {**lead, "lead_id": None, "need": "Still two pumps"})

    assert again["lead_id"] == lead["lead_id"]


def test_a_reassignment_leaves_out_who_did_not_act():
    world = World({"people": {"sales_rep": ["chen", "zhao"]}})
    lead = world.after("sales.register_lead", {"company": "Acme", "email": "a@acme.example.com"})
    wish = {**lead, "owner_group": "sales_rep", "assign_method": "round_robin", "score": 80, "grade": "A"}

    first = world.after("sales.assign_owner", wish, sla_minutes=30)
    second = world.run("sales.assign_owner", first)

    assert {first["owner"], second["owner"]} == {"chen", "zhao"}
    assert (first["reassignments"], second["reassignments"]) == (0, 1)
    assert first["sla_due_at"] == NOW + timedelta(minutes=30)


def test_without_people_a_lead_waits_for_its_team(world, lead):
    assigned = world.run("sales.assign_owner", {**lead, "owner_group": "inside_sales", "sla_minutes": 240})

    assert assigned["owner"] is None
    assert assigned["owner_group"] == "inside_sales"


def test_a_working_day_counts_office_hours_only():
    friday_noon = datetime(2026, 1, 9, 4, tzinfo=UTC)  # 12:00 in Shanghai

    assert sla_due_at(friday_noon, 240) == friday_noon + timedelta(hours=4)
    assert sla_due_at(friday_noon, 540) == datetime(2026, 1, 12, 4, tzinfo=UTC)


def test_who_does_not_want_to_be_contacted_loses_the_consent(world, lead):
    contacted = world.after(
        "sales.log_contact", lead, contact_channel="phone", reached=True, summary="No, thanks", do_not_call=True
    )
    world.run("sales.disqualify_lead", contacted)

    with world.base() as session:
        kept = session.get(Lead, lead["lead_id"])
        assert (kept.status, kept.consent, kept.attempts) == ("disqualified", False, 1)
        assert kept.loss_reason == "asked not to be contacted"
        record = session.scalar(select(OutcomeRecord).where(OutcomeRecord.case_reference == "WEB-1"))
        assert record.outcome == "disqualified"
        assert record.measures["reached"] is True


def test_discovery_records_three_kinds_of_characteristics(world):
    with world.base() as session:
        party_id = session.scalar(select(Party.id).where(Party.tax_id == TAIHU))
    world.run(
        "sales.record_characteristics",
        {"party_id": party_id, "sites": 3, "current_use": "Old pumps", "regulation": "Drinking water"},
    )

    with world.base() as session:
        rows = session.scalars(
            select(Characteristic).where(Characteristic.party_id == party_id, Characteristic.source == "discovery")
        )
        assert {(row.kind, row.item) for row in rows} == {
            ("descriptive", "sites"),
            ("behavioural", "current_use"),
            ("external", "regulation"),
        }


def test_a_notice_goes_to_the_owner_and_once(world, lead):
    variables = {**lead, "owner": "chen", "sla_due_at": NOW}

    world.run("sales.notify_lead_sla_warning", variables, key="n")
    world.run("sales.notify_lead_sla_warning", variables, key="n")

    with world.base() as session:
        (mail,) = session.scalars(select(MailboxMessage).where(MailboxMessage.recipient == "chen@localhost"))
        assert "WEB-1" in mail.subject


# ------------------------------------------------------------------------------------------------------------- offers


@pytest.fixture
def offer(world):
    """A priced offer to Taihu: one pump."""
    with world.base() as session:
        party_id = session.scalar(select(Party.id).where(Party.tax_id == TAIHU))
    lines = [{"position": 1, "sku": "PUMP-100", "quantity": 1, "discount_percent": 10, "configurable": False}]
    return world.after("sales.price_offer", {"party_id": party_id, "offer_lines": lines})


def test_an_offer_is_priced_with_the_wished_discount(offer):
    assert offer["quote_net"] == Decimal("11520.00")
    assert offer["discount_share"] == Decimal("0.1000")
    assert offer["quote_version"] == 1


def test_a_counter_offer_brings_the_net_price_and_a_new_version(world, offer):
    countered = world.run("sales.price_offer", {**offer, "counter_price": 12000})

    assert countered["quote_net"] == Decimal("12000.00")
    assert (countered["quote_no"], countered["quote_version"]) == (offer["quote_no"], 2)


def test_the_proposal_opens_in_word_and_excel(world, offer):
    made = world.run("sales.proposal_documents", offer)

    with world.base() as session:
        word, sheet = (session.get(Document, row["id"]) for row in made["quote_documents"])
        text = "".join(WordDocument(BytesIO(word.content)).element.body.itertext())
        assert offer["quote_no"] in text + word.name
        assert "P100" in text
        assert load_workbook(BytesIO(sheet.content)).active.max_row > 5


def test_a_document_that_cannot_be_made_is_an_error_the_model_knows(world, offer):
    with pytest.raises(BpmnError) as caught:
        world.run("sales.proposal_documents", {**offer, "quote_id": "gone"})

    assert caught.value.code == "DOCUMENT_FAILED"


def test_a_sent_quote_knows_when_to_remind_and_when_it_ends(world, offer):
    sent = world.run("sales.send_quote", offer)

    assert sent["quote_valid_until"] == date(2026, 2, 4)
    assert sent["quote_remind_at"] == datetime(2026, 2, 1, 9, tzinfo=UTC)
    assert sent["quote_expires_at"] == datetime(2026, 2, 5, tzinfo=UTC)


def test_a_reminder_comes_once(world, offer):
    sent = world.after("sales.send_quote", offer)

    reminded = world.run("sales.remind_customer", sent)

    assert reminded["quote_remind_at"] > sent["quote_expires_at"]


@pytest.mark.parametrize(
    ("answer", "decision", "status"),
    [
        ({"quote_decision": "accept"}, "accept", "accepted"),
        ({"decision": "reject"}, "reject", "rejected"),
        ({"quote_decision": "change"}, "change", "superseded"),
        ({"expired_decision": "new_version"}, "change", "superseded"),
        ({"expired_decision": "lost"}, "reject", "rejected"),
    ],
)
def test_a_decision_on_a_quote_is_kept(world, offer, answer, decision, status):
    sent = world.after("sales.send_quote", offer)

    decided = world.run("sales.record_decision", {**sent, **answer})

    assert decided["quote_decision"] == decision
    with world.base() as session:
        assert session.get(Quote, offer["quote_id"]).status == status


# ------------------------------------------------------------------------------------------------------ configuration

GOOD = [
    {"option": "motor", "choice": "5kw"},
    {"option": "seal", "choice": "standard"},
    {"option": "control", "choice": "inverter"},
]


def test_a_conflict_says_what_it_forces(world):
    choices = [{"option": "motor", "choice": "3kw"}, {"option": "seal", "choice": "standard"}, GOOD[2]]

    check = world.run("sales.check_configuration", {"product_family": "PUMP-200", "choices": choices})

    assert not check["configuration_check"]["valid"]
    assert check["configuration_check"]["forced"] == ["motor=5kw"]


def test_missing_choices_are_named(world):
    check = world.run("sales.check_configuration", {"product_family": "PUMP-200", "choices": GOOD[:1]})

    assert check["configuration_check"]["missing"] == ["Shaft seal"]
    assert not check["configuration_check"]["complete"]


def test_a_special_request_adds_cost_price_and_days(world):
    wish = {"product_family": "PUMP-200", "choices": GOOD, "quantity": 1}

    plain = world.run("sales.cost_configuration", wish)["configuration_cost"]
    special = world.run(
        "sales.cost_configuration",
        {**wish, "special_request": "Food-grade", "feasible": True, "extra_cost": 500, "extra_days": 10},
    )["configuration_cost"]

    assert special["unit_cost"] - plain["unit_cost"] == 500
    assert special["unit_price"] > plain["unit_price"] + 500
    assert special["lead_time_days"] == plain["lead_time_days"] + 10
    assert special["margin_share"] == plain["margin_share"]


def test_an_order_shows_that_the_model_changed_since_the_quote(world):
    with world.base() as session:
        party_id = session.scalar(select(Party.id).where(Party.tax_id == TAIHU))
    frozen = world.run(
        "sales.freeze_configuration",
        {"product_family": "PUMP-200", "choices": GOOD, "quantity": 1, "line": {"position": 1, "sku": "PUMP-200"}},
    )["configuration"]
    lines = [{"position": 1, "sku": "PUMP-200", "quantity": 1}]
    offer = world.after("sales.price_offer", {"party_id": party_id, "offer_lines": lines, "configurations": [frozen]})
    with world.base() as session:
        product_by_sku(session, "PUMP-200").list_price += 100

    imported = world.run("sales.import_order", {**offer, "po_no": "4501"})

    assert [error["code"] for error in imported["order_errors"]] == ["configuration"]
    assert imported["configuration_error"] is True


# ------------------------------------------------------------------------------------------------------------- orders


def test_one_purchase_order_makes_one_order(world):
    first = world.run("sales.import_order", {"customer_id": TAIHU, "po_no": "4500", "po_lines": FILTERS})
    again = world.run("sales.import_order", {"customer_id": TAIHU, "po_no": "4500", "po_lines": FILTERS})

    assert again["order_id"] == first["order_id"]
    assert first["order_errors"] == []
    assert first["order_first_pass"] is True


@pytest.mark.parametrize(("price", "codes"), [("261.30", []), ("258.70", []), ("262", ["price"]), ("200", ["price"])])
def test_half_a_percent_of_price_difference_is_tolerated(world, price, codes):
    lines = [{"sku": "FILTER-SET", "quantity": 1, "unit_price": Decimal(price)}]

    imported = world.run("sales.import_order", {"customer_id": TAIHU, "po_no": "4502", "po_lines": lines})

    assert [error["code"] for error in imported["order_errors"]] == codes


def test_an_accepted_deviation_brings_the_customers_price(world):
    lines = [{"sku": "FILTER-SET", "quantity": 10, "unit_price": 200}]
    imported = world.after("sales.import_order", {"customer_id": TAIHU, "po_no": "4503", "po_lines": lines})

    corrected = world.run("sales.import_order", {**imported, "fix_decision": "fix", "accept_deviation": True})

    assert corrected["order_errors"] == []
    assert corrected["order_net"] == Decimal("2000.00")
    assert corrected["order_first_pass"] is False


def test_lines_that_cannot_be_read_make_no_order(world):
    lines = [{"sku": "NO-SUCH", "quantity": 1}, {"sku": "FILTER-SET", "quantity": 0}]

    imported = world.run("sales.import_order", {"customer_id": TAIHU, "po_no": "4504", "po_lines": lines})

    assert [error["code"] for error in imported["order_errors"]] == ["unknown_product", "quantity"]
    assert imported["order_no"] is None
    with world.base() as session:
        assert order_by_number(session, "4504") is None


def test_a_replacement_costs_nothing_and_is_made_once(world):
    wish = {"customer_id": TAIHU, "rma_id": "RMA-1", "lines": [{"sku": "FILTER-SET", "quantity": 1}]}

    first, again = world.run("sales.import_order", wish), world.run("sales.import_order", wish)

    assert first["order_total"] == 0
    assert again["order_id"] == first["order_id"]


def test_a_confirmed_order_holds_its_stock(world, order):
    assert free_filters(world) == order["free_before"] - 10
    with world.base() as session:
        assert session.get(Order, order["order_id"]).status == "confirmed"
    assert [line["quantity"] for line in order["deliveries"][0]["lines"]] == [10]


# ------------------------------------------------------------------------------------------------------------- checks


def test_a_refused_credit_keeps_its_reason(world):
    imported = world.after("sales.import_order", {"customer_id": BINHAI, "po_no": "1", "po_lines": FILTERS})
    facts = world.after("sales.credit_facts", imported)

    decided = world.run(
        "sales.apply_credit_decision",
        {**facts, "credit_decision": "refuse", "credit_decision_reason": "Pay first"},
    )

    assert facts["credit_facts"]["overdue_days"] > 60
    assert facts["credit_escalation_at"] == datetime(2026, 1, 6, 4, tzinfo=UTC)  # 4 office hours in Shanghai
    assert decided["credit_ok"] is False
    assert decided["refusal_reason"] == "credit: Pay first"


def test_a_raised_limit_is_kept_in_the_profile(world):
    imported = world.after("sales.import_order", {"customer_id": BINHAI, "po_no": "2", "po_lines": FILTERS})

    world.run("sales.apply_credit_decision", {**imported, "credit_decision": "raise_limit", "new_limit": 90000})

    with world.base() as session:
        party_id = session.scalar(select(Party.id).where(Party.tax_id == BINHAI))
        limit = session.scalar(select(CreditProfile.credit_limit).where(CreditProfile.party_id == party_id))
        assert limit == 90000


def test_a_split_plan_delivers_what_is_there_and_the_rest_later(world):
    lines = [{"sku": "CONV-60", "quantity": 5}]
    imported = world.after("sales.import_order", {"customer_id": TAIHU, "po_no": "3", "po_lines": lines})
    checked = world.after("sales.check_availability", imported)
    planned = world.after("sales.plan_delivery", checked, plan_decision="split")
    confirmed = world.run("sales.confirm_order", planned)

    assert checked["availability"] == "partial"
    assert [delivery["lines"][0]["quantity"] for delivery in confirmed["deliveries"]] == [3, 2]


def test_a_prepayment_is_taken_off_the_invoice(world):
    imported = world.after("sales.import_order", {"customer_id": TAIHU, "po_no": "4", "po_lines": FILTERS})
    asked = world.after("sales.prepayment_invoice", imported, prepay_percent=30)
    paid = world.after("sales.book_prepayment", asked)
    arrived = shipped(world, world.after("sales.confirm_order", paid))

    invoiced = world.run("sales.invoice_delivery", arrived)["delivery_result"]["invoices"][0]

    assert paid["prepaid_amount"] == (imported["order_total"] * Decimal("0.3")).quantize(Decimal("0.01"))
    assert invoiced["open"] == invoiced["total"] - paid["prepaid_amount"]


# --------------------------------------------------------------------------------------------------------- fulfilment


def test_serial_numbers_go_to_their_products(world, order):
    with world.base() as session:
        found = session.get(Order, order["order_id"])
        delivery = _delivery(session, found)
        delivery.lines[0].quantity = Decimal(2)

        assert serials_by_sku(delivery, "A1\nA2\nA3") == {"FILTER-SET": ["A1", "A2"]}
        assert serials_by_sku(delivery, "OTHER: B1, FILTER-SET: A1") == {"FILTER-SET": ["A1"]}


def _delivery(session, order):
    return deliveries_of(session, order.id)[0]


def test_short_stock_is_an_error_the_model_knows_and_changes_nothing(world):
    lines = [{"sku": "CONV-60", "quantity": 5}]
    imported = world.after("sales.import_order", {"customer_id": TAIHU, "po_no": "5", "po_lines": lines})
    confirmed = world.after("sales.confirm_order", imported)

    with pytest.raises(BpmnError) as caught:
        world.run("sales.ship_delivery", {**confirmed, "delivery": confirmed["deliveries"][0]})

    assert caught.value.code == "SHORT_STOCK"
    with world.base() as session:
        assert session.get(Order, confirmed["order_id"]).status == "confirmed"
        assert free_stock(session, skus=["CONV-60"])["CONV-60"] == 3


def test_a_shelf_with_less_than_the_books_corrects_the_books(world, order):
    short = {**order, "delivery": order["deliveries"][0], "short_lines": [{"sku": "FILTER-SET", "missing": 4}]}

    planned = world.run("sales.replan_delivery", {**short, "plan_decision": "split", "plan_date": date(2026, 1, 12)})

    assert [line["quantity"] for line in planned["delivery"]["lines"]] == [6]
    assert [line["quantity"] for line in planned["remaining_delivery"]["lines"]] == [4]
    assert free_filters(world) == order["free_before"] - 4 - 6  # lost, promised


def test_a_change_reaches_order_and_delivery(world, order):
    wish = {"change_kind": "quantity", "change_lines": [{"sku": "FILTER-SET", "quantity": 12}]}
    checked = world.after("sales.check_change", order, **wish)

    amended = world.run("sales.amend_order", checked)

    assert checked["change_feasible"] is True
    assert amended["order_net"] == Decimal("3120.00")
    with world.base() as session:
        assert _delivery(session, session.get(Order, order["order_id"])).lines[0].quantity == 12


def test_a_cancelled_order_gives_its_stock_back(world, order):
    state = world.after("sales.order_state", order)

    cancelled = world.run("sales.cancel_order", state)

    assert state["shipped_lines"] == []
    assert cancelled["order_status"] == "cancelled"
    assert free_filters(world) == order["free_before"]


def test_what_is_shipped_comes_back_as_a_return(world, order):
    state = world.run("sales.order_state", shipped(world, order))

    assert [(line["sku"], line["quantity"]) for line in state["shipped_lines"]] == [("FILTER-SET", 10)]


# ----------------------------------------------------------------------------------------------------------- payments


@pytest.fixture
def invoiced(world, order):
    result = world.after("sales.invoice_delivery", shipped(world, order))
    completed = world.after("sales.complete_fulfilment", result, delivery_results=[result["delivery_result"]])
    return world.after("sales.open_item", completed, invoice=completed["invoices"][0])


def test_collection_starts_three_days_after_the_due_day(world, invoiced):
    with world.base() as session:
        due_on = session.get(Invoice, invoiced["invoice"]["invoice_id"]).due_on

    assert invoiced["next_dun_at"].date() == due_on + timedelta(days=3)


def test_a_partial_payment_leaves_the_rest_open(world, invoiced):
    booked = world.run("sales.book_payment", {**invoiced, "paid_amount": 1000, "payment_reference": "B1"})

    assert booked["open_amount"] == invoiced["open_amount"] - 1000
    assert booked["payment_result"]["status"] == "partly paid"


def test_one_payment_reference_books_once(world, invoiced):
    payment = {**invoiced, "paid_amount": 1000, "payment_reference": "B1"}
    world.run("sales.book_payment", payment)

    again = world.run("sales.book_payment", payment)

    assert again["open_amount"] == invoiced["open_amount"] - 1000


def test_what_is_paid_too_much_stays_the_customers_credit(world, invoiced):
    booked = world.run("sales.book_payment", {**invoiced, "paid_amount": invoiced["open_amount"] + 50})

    assert booked["open_amount"] == 0
    with world.base() as session:
        credit = session.scalar(select(Settlement).where(Settlement.settlement_key.startswith("overpaid/")))
        assert credit.amount == 50


def test_the_next_dunning_step_waits_for_what_was_agreed():
    today = date(2026, 2, 9)

    assert next_step_at(today, "promise", date(2026, 2, 20)).date() == date(2026, 2, 21)
    assert next_step_at(today, "remind", None).date() == date(2026, 2, 23)
    assert next_step_at(today, "dispute", None).date() == date(2026, 3, 11)


def test_a_written_off_invoice_leaves_nothing_open(world, invoiced):
    written_off = world.run("sales.write_off", invoiced)

    assert written_off["open_amount"] == 0
    assert written_off["payment_result"]["lost"] == invoiced["open_amount"]
    with world.base() as session:
        assert session.get(Invoice, invoiced["invoice"]["invoice_id"]).status == "credited"


def test_a_closed_order_leaves_survey_behaviour_and_outcome(world, invoiced):
    paid = world.after("sales.book_payment", invoiced)

    closed = world.run("sales.close_order", {**paid, "payments": [paid["payment_result"]]})

    assert closed["order_status"] == "closed"
    with world.base() as session:
        number = invoiced["order_no"]
        assert session.scalar(select(Survey.id).where(Survey.case_reference == number))
        record = session.scalar(select(OutcomeRecord).where(OutcomeRecord.case_reference == number))
        assert record.outcome == "won"
        assert record.measures["right_invoice"] is True
        assert record.measures["touchless"] is True
        assert session.scalar(select(Characteristic.id).where(Characteristic.item == "completed order"))
        assert session.scalar(select(Interaction.id).where(Interaction.subject == f"Survey on order {number}"))
