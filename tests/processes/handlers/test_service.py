"""What the handlers of ticket to dispatch promise, on the demo customer base."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from engine.feel import normalise
from engine.handlers import BpmnError, Job
from processes.customer_base.stock import free_stock, held_reservations, stock_level
from processes.customer_base.tables import (
    Contract,
    Interaction,
    Invoice,
    KnowledgeArticle,
    MailboxMessage,
    OutcomeRecord,
    Settlement,
    Ticket,
    Visit,
    WorkOrder,
)
from processes.handlers.resources import DEFAULT_ENTERPRISE, Resources
from processes.handlers.service import handlers
from processes.handlers.service.intake import _confidence
from processes.handlers.service.knowledge import personal_data
from processes.handlers.service.visiting import in_sample

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)  # Monday, 17:00 in Shanghai: one working hour is left
P3 = {"response_hours": 8, "resolve_hours": 24, "on_site_hours": 72}
WESTLAKE = {"contact_email": "zhao.min@westlake.example.com", "serial": "CONV-20-1008"}
RIVERSIDE = {"contact_email": "ann.lee@riverside.example.com", "serial": "CONV-20-1013"}
HUADONG = {"contact_email": "wang.li@huadong.example.com", "serial": "PUMP-100-1001"}
JINLING = {"contact_email": "zhou.jing@jinling.example.com", "serial": "GATEWAY-4G-1016"}


class World:
    """Handlers on one in-memory customer base; variables are merged from job to job as in a case."""

    def __init__(self):
        self.resources = Resources.in_memory(NOW)
        self.now = NOW
        self.case = {}
        self.count = 0

    def run(self, topic, key=None, **variables):
        self.count += 1
        self.case |= variables
        job = Job(
            topic=f"service.{topic}",
            variables=normalise(dict(self.case)),
            idempotency_key=key or f"job-{self.count}",
            now=self.now,
            resources=self.resources,
        )
        result = dict(handlers.get(job.topic)(job) or {})
        self.case |= result
        return result

    def base(self):
        return self.resources.session_for(DEFAULT_ENTERPRISE, self.now)

    def mails(self):
        with self.base() as session:
            return [(mail.recipient, mail.subject) for mail in session.scalars(select(MailboxMessage))]

    def row(self, table, row_id):
        with self.base() as session:
            return session.get(table, row_id)

    def total(self, table):
        with self.base() as session:
            return session.scalar(select(func.count()).select_from(table))

    def opened(self, whose=WESTLAKE, **variables):
        self.run("identify", ticket_ref="CALL-1", channel="phone", text="It makes a grinding noise", **whose)
        self.run("keep_triage", **{"kind": "fault", "symptom_code": "noise", **variables})
        return self

    def timed(self, priority="P3", targets=None):
        self.run("start_sla", priority=priority, sla_targets=targets or P3)
        return self

    def ordered(self, **variables):
        self.run("work_order", **variables)
        self.run("reserve_parts")
        return self

    def planned(self, engineer="engineer.li", start=datetime(2026, 1, 6, 1, tzinfo=UTC)):
        self.run("slots")
        self.run("propose_appointment", engineer_id=engineer, visit_start=start, visit_end=start + timedelta(hours=3))
        self.run("ask_engineer")
        return self

    def on_site(self):
        self.run("confirm_visit")
        self.run("en_route", eta_minutes=30)
        self.now += timedelta(minutes=30)
        self.run("check_in", safety_checklist=["power_off"])
        self.now += timedelta(minutes=90)
        return self


@pytest.fixture
def world():
    return World()


# ---------------------------------------------------------------------- intake


def test_the_same_reference_opens_one_ticket(world):
    first = world.run("identify", ticket_ref="WEB-1", text="Leaks", channel="portal", **HUADONG)

    again = world.run("identify", ticket_ref="WEB-1", text="Leaks", channel="portal", **HUADONG)

    assert again["ticket_id"] == first["ticket_id"]


def test_a_repeated_job_has_its_effect_once(world):
    world.opened()

    first = world.run("start_sla", key="same", priority="P3", sla_targets=P3)
    again = world.run("start_sla", key="same", priority="P3", sla_targets=P3)

    assert again == first
    assert [subject for _, subject in world.mails()].count("工单 T-2026-00002：已受理") == 1


def test_a_serial_number_finds_customer_and_contract(world):
    found = world.run("identify", ticket_ref="X", text="Loud", contact_email="who@else.example", serial="PUMP-100-1001")

    assert found["customer_name"].startswith("Huadong")
    assert (found["contract_tier"], found["around_the_clock"]) == ("gold", True)


def test_triage_identifies_a_caller_who_was_unknown(world):
    world.run("identify", ticket_ref="X", text="Loud", contact_email="who@else.example")
    assert world.case["customer_known"] is False

    found = world.run("keep_triage", kind="fault", serial="CONV-20-1008")

    assert (found["customer_known"], found["contract_covers"]) == (True, True)


def test_an_ended_contract_does_not_cover(world):
    world.opened({"contact_email": "huang.ting@pearlriver.example.com", "serial": "PUMP-100-1000"})

    assert (world.case["contract_covers"], world.case["contract_tier"]) == (False, None)


def test_without_a_machine_there_is_no_warranty(world):
    world.opened({"contact_email": "chen.xiao@dragonfly.example.com"})

    assert world.case["warranty_valid"] is False
    assert world.case["days_out_of_warranty"] > 365


COMPLETE = {
    "customer_known": True,
    "product_sku": "CONV-20",
    "kind": "fault",
    "category": "hardware",
    "symptom_code": "noise",
    "impact": "one_user",
    "urgency": "now",
}


@pytest.mark.parametrize(
    ("changes", "duplicates", "expected"),
    [
        ({}, False, "1.00"),
        ({}, True, "0"),
        ({"customer_known": False}, False, "0"),
        ({"impact": None, "urgency": None}, False, "0.67"),
        ({"kind": "preventive", "category": None, "impact": None}, False, "1"),
        ({"kind": "preventive", "product_sku": None}, False, "0"),
    ],
)
def test_nobody_has_to_triage_what_is_complete_and_new(changes, duplicates, expected):
    assert _confidence({**COMPLETE, **changes}, duplicates=duplicates) == Decimal(expected)


def test_open_tickets_of_the_same_machine_are_suggested(world):
    world.opened()
    second = World()
    second.resources = world.resources
    second.count = 100
    second.run("identify", ticket_ref="CALL-2", text="Noise again", **WESTLAKE)

    suggestions = second.run("similar")["suggestions"]

    assert ("open ticket", world.case["ticket_no"]) in [(row["kind"], row["number"]) for row in suggestions]


def test_an_unknown_duplicate_is_no_duplicate(world):
    world.opened(duplicate_of="T-1999-1")

    assert world.case["duplicate_of"] is None


# ---------------------------------------------------------------------- the clock


def test_targets_are_counted_in_working_time(world):
    world.opened().timed()

    assert world.case["response_due_at"] == datetime(2026, 1, 6, 8, tzinfo=UTC)
    assert world.case["resolve_due_at"] == datetime(2026, 1, 8, 6, tzinfo=UTC)


def test_a_contract_may_count_every_hour(world):
    world.opened(HUADONG).timed()

    assert world.case["response_due_at"] == NOW + timedelta(hours=8)


def test_the_clock_stands_while_the_customer_has_to_act(world):
    world.opened(HUADONG).timed()
    world.run("log_attempt", outcome="wait_customer", steps_tried="Asked")
    world.run("pause_sla", question_to_customer="Which lamp?")
    assert world.run("sla_next") == {"sla_state": "paused", "sla_next_at": None}

    world.now += timedelta(days=2)
    world.run("resume_sla", reply_text="Red")

    assert world.case["resolve_due_at"] == NOW + timedelta(days=2, hours=24)
    assert world.run("sla_next") == {"sla_state": "running", "sla_next_at": NOW + timedelta(days=2, hours=18)}


def test_a_pause_hides_what_would_be_due(world):
    world.opened(HUADONG).timed()
    world.run("pause_sla", question_to_customer="Which lamp?")
    world.now += timedelta(days=2)

    assert world.run("sla_check")["sla_told"] == []


def test_each_milestone_is_told_once_to_whom_it_concerns(world):
    world.opened(HUADONG).timed()
    told = []
    for hours in (6, 8, 18, 24):
        world.now = NOW + timedelta(hours=hours)
        told += world.run("sla_check")["sla_told"]

    assert told == ["response_warning", "response_breach", "resolve_warning", "resolve_breach"]
    assert [recipient for recipient, _ in world.mails()][-2:] == [
        "service_agent@praxis.example",
        "service_manager@praxis.example",
    ]
    assert world.run("sla_next")["sla_state"] == "over"


def test_a_milestone_is_due_when_its_timer_goes_off(world):
    world.now += timedelta(microseconds=500)
    world.opened(HUADONG).timed()

    world.now = world.run("sla_next")["sla_next_at"].replace(microsecond=0)

    assert world.run("sla_check")["sla_told"] == ["response_warning"]


def test_an_answer_ends_the_response_clock(world):
    world.opened(HUADONG).timed()
    world.run("log_attempt", outcome="L2", steps_tried="Asked")
    world.now += timedelta(hours=10)

    assert world.run("sla_check")["sla_told"] == []


def test_a_specialist_has_four_working_hours(world):
    world.opened().timed()

    assert world.run("log_attempt", outcome="L2")["specialist_due_at"] == datetime(2026, 1, 6, 4, tzinfo=UTC)


def test_a_reopened_ticket_has_its_resolve_time_anew(world):
    world.opened(HUADONG).timed()
    world.run("resolve", resolution="Done", outcome="solved")
    world.now += timedelta(days=2)

    found = world.run("reopen", reopen_reason="It is back")

    assert found["resolve_due_at"] == world.now + timedelta(hours=24)
    assert (found["reopened"], found["sla_running"]) == (1, True)


def test_customers_are_written_to_in_their_language(world):
    world.opened().timed()
    english = World()
    english.opened(RIVERSIDE).timed()

    assert "已受理" in world.mails()[-1][1]
    assert "we are on it" in english.mails()[-1][1]


# ---------------------------------------------------------------------- parts and planning


def test_a_work_order_takes_what_its_symptom_needs(world):
    world.opened().timed().ordered()

    assert world.case["required_skills"] == ["mechanical"]
    assert [part["sku"] for part in world.case["parts_needed"]] == ["BEAR-6204"]
    assert world.case["parts_available"] is True


def test_missing_parts_are_named(world):
    world.opened(symptom_code="spindle_fault").timed().ordered()

    assert world.case["parts_available"] is False
    assert world.case["shortage_text"] == "1 × SPINDLE-12"


def test_sources_of_parts_are_offered_fastest_first(world):
    wanted = [{"sku": "SEAL-KIT", "quantity": 2, "lead_time_days": 5}]

    sources = world.run("find_part_source", shortages=wanted)["part_sources"]

    assert [row["days"] for row in sources] == sorted(row["days"] for row in sources)
    assert (sources[0]["days"], sources[0]["location"] is not None) == (1, True)
    assert sources[-1]["source"] == "Supplier"


def test_parts_that_the_warehouse_booked_are_not_booked_again(world):
    world.opened(symptom_code="spindle_fault").timed().ordered()
    world.run("receive_parts")
    assert world.run("receive_parts")["parts_received"] == []

    with world.base() as session:
        assert free_stock(session, skus=["SPINDLE-12"])["SPINDLE-12"] == 1


def test_parts_from_a_van_move_to_the_warehouse(world):
    world.opened().timed().ordered()
    with world.base() as session:
        before = free_stock(session, skus=["SEAL-KIT"])["SEAL-KIT"]
    wanted = [{"sku": "SEAL-KIT", "quantity": before + 2}]

    world.run("receive_parts", shortages=wanted, part_location="VAN-LI")

    with world.base() as session:
        assert stock_level(session, sku="SEAL-KIT", location="VAN-LI").on_hand == 2
        assert free_stock(session, skus=["SEAL-KIT"])["SEAL-KIT"] == before + 2


def test_only_engineers_with_the_skills_are_ranked(world):
    world.opened(symptom_code="spindle_fault").timed().ordered()

    ranked = world.run("slots")["ranked_slots"]

    assert {row["engineer_id"] for row in ranked} == {"engineer.zhang"}
    assert world.case["slot_gap"] == 1


def test_who_refused_is_not_ranked_again(world):
    world.opened().timed().ordered().planned()

    world.run("count_refusal")
    ranked = world.run("slots")["ranked_slots"]

    assert ranked
    assert "engineer.li" not in {row["engineer_id"] for row in ranked}
    assert world.case["refusals"] == 1


def test_nothing_is_offered_before_the_customers_wish(world):
    world.opened().timed().ordered()

    ranked = world.run("slots", appointment_from="2026-01-08")["ranked_slots"]

    assert min(row["start"] for row in ranked) >= datetime(2026, 1, 8, tzinfo=UTC)


def test_a_slot_is_given_once(world):
    world.opened().timed().ordered().planned()
    other = World()
    other.resources, other.count = world.resources, 500
    other.run("identify", ticket_ref="CALL-9", text="Leaks", **HUADONG)
    other.run("keep_triage", kind="fault", symptom_code="leak")
    other.timed().ordered()

    with pytest.raises(BpmnError) as raised:
        other.planned()

    assert raised.value.code == "SLOT_TAKEN"
    assert "already has a visit" in raised.value.message


def test_the_manager_hears_at_once_when_nobody_takes_a_p1(world):
    world.opened().timed("P1").ordered().planned()

    world.run("count_refusal")

    assert world.mails()[-1] == ("service_manager@praxis.example", "P1 ticket T-2026-00002: no engineer yet")


# ---------------------------------------------------------------------- the visit


def used(quantity=2):
    return {"parts_used": [{"sku": "BEAR-6204", "quantity": quantity}], "cause_code": "worn", "action_code": "replaced"}


def test_a_visit_takes_parts_out_of_the_van_and_brings_old_ones_back(world):
    world.opened().timed().ordered().planned().on_site()
    world.run("complete_visit", **used(), parts_removed=[{"sku": "BEAR-6204", "quantity": 2}], signed_by="Zhao Min")

    world.run("post_parts")

    with world.base() as session:
        assert stock_level(session, sku="BEAR-6204", location="VAN-LI").on_hand == 10
        assert stock_level(session, sku="BEAR-6204", location="RETURNS").on_hand == 2
        assert held_reservations(session, reference=world.case["work_order_id"]) == []


def test_time_and_cost_come_from_the_visit(world):
    world.opened().timed().ordered().planned().on_site()
    world.run("complete_visit", **used(), signed_by="Zhao Min", rating=5)

    posted = world.run("post_time")

    assert posted["travel_minutes"] == 30
    assert posted["visit_cost"] == Decimal(180) * 2 + Decimal(48)  # two hours and two bearings
    assert posted["total_cost"] == posted["visit_cost"]


def test_an_unfinished_visit_posts_what_it_used_and_frees_the_rest(world):
    world.opened().timed().ordered().planned().on_site()

    world.run("leave_unfinished", **used(1))

    visit = world.row(Visit, world.case["visit_id"])
    assert (visit.state, visit.cost) == ("follow_up", Decimal(180) * 2 + Decimal(24))
    with world.base() as session:
        assert held_reservations(session, reference=world.case["work_order_id"]) == []


def test_a_further_visit_brings_what_was_missing(world):
    world.opened().timed().ordered().planned().on_site()
    world.run("leave_unfinished", **used(1))

    world.run("work_order", visit_no=2, missing_parts=[{"sku": "BELT-2M", "quantity": 1}])

    assert [(part["sku"], part["quantity"]) for part in world.case["parts_needed"]] == [("BELT-2M", 1)]


def test_a_visit_that_is_over_frees_its_engineer(world):
    world.opened().timed().ordered().planned().on_site()
    world.run("leave_unfinished", **used(1))
    world.run("work_order", visit_no=2)
    world.run("reserve_parts")

    world.planned(start=datetime(2026, 1, 6, 2, tzinfo=UTC))

    assert world.row(Visit, world.case["visit_id"]).state == "confirmed"


def test_an_absent_customer_pays_the_wasted_trip_and_nothing_else_of_it(world):
    world.opened().timed().ordered().planned()
    world.run("confirm_visit")
    world.run("en_route")
    assert world.run("customer_absent")["absences"] == 1

    world.run("absence_fee")
    world.run("bill", entitlement="billable", agreed_amount=1800)

    assert world.case["absence_invoice_no"] != world.case["invoice_no"]


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"priority": "P1"}, ["P1"]),
        ({"total_cost": 100, "estimated_cost": 80}, ["cost above 120 % of the estimate"]),
        ({"total_cost": 96, "estimated_cost": 80}, []),
        ({"ticket_ref": "CALL-12"}, ["sample"]),
    ],
)
def test_a_supervisor_looks_at_what_stands_out(world, changes, reasons):
    world.opened().timed().ordered().planned().on_site()
    world.run("complete_visit", **used(), signed_by="Zhao Min")
    world.run("post_time")

    assert world.run("review_facts", **changes)["review_reasons"] == reasons


def test_a_job_without_signature_is_reviewed(world):
    world.opened().timed().ordered().planned().on_site()
    world.run("complete_visit", **used())

    assert world.run("review_facts")["review_reasons"] == ["data missing"]


def test_every_twentieth_ticket_is_in_the_sample():
    chosen = sum(in_sample(f"T-{number}") for number in range(2_000))

    assert 70 <= chosen <= 130


# ---------------------------------------------------------------------- money


def test_a_contract_visit_is_counted(world):
    world.opened().timed().ordered().planned().on_site()
    world.run("complete_visit", **used(), signed_by="Zhao Min")

    billed = world.run("bill", entitlement="contract")

    assert (billed["contract_visits_left"], billed["invoice_no"]) == (3, None)
    ticket = world.row(Ticket, world.case["ticket_id"])
    assert world.row(Contract, ticket.contract_id).used_visits == 1


@pytest.mark.parametrize(
    ("variables", "net"),
    [
        ({"agreed_amount": 1800}, 1800),
        ({"agreed_amount": 1800, "review_decision": "correct", "corrected_amount": 1500}, 1500),
    ],
)
def test_what_was_agreed_is_invoiced_unless_the_supervisor_corrects_it(world, variables, net):
    world.opened().timed()

    world.run("bill", entitlement="billable", **variables)

    with world.base() as session:
        invoice = session.scalar(select(Invoice).where(Invoice.number == world.case["invoice_no"]))
        assert invoice.total == Decimal(net) * Decimal("1.13")


def test_a_correction_to_nothing_sends_no_invoice(world):
    world.opened().timed()

    billed = world.run("bill", entitlement="billable", agreed_amount=900, review_decision="correct", corrected_amount=0)

    assert billed["invoice_no"] is None


def test_warranty_costs_are_noted_and_not_invoiced(world):
    world.opened(JINLING).timed().ordered().planned().on_site()
    world.run("complete_visit", **used(), signed_by="周静")
    world.run("post_time")

    assert world.run("bill", entitlement="warranty")["invoice_no"] is None

    with world.base() as session:
        noted = session.scalar(select(Interaction).where(Interaction.outcome == "warranty"))
        assert noted.references["cost"] == str(world.case["total_cost"])


# ---------------------------------------------------------------------- ends


def test_cancelling_frees_parts_slot_and_engineer(world):
    world.opened().timed().ordered().planned()

    world.run("cancel_ticket", cancel_reason="scrapped")

    assert world.row(WorkOrder, world.case["work_order_id"]).status == "cancelled"
    assert world.row(Visit, world.case["visit_id"]).state == "cancelled"
    with world.base() as session:
        assert held_reservations(session, reference=world.case["work_order_id"]) == []
    assert ("engineer.li@praxis.example", "Visit for T-2026-00002 is called off") in world.mails()


def test_closing_keeps_what_the_case_achieved(world):
    world.opened(HUADONG).timed()
    world.run("log_attempt", outcome="wait_customer")
    world.run("pause_sla", question_to_customer="?")
    world.now += timedelta(hours=10)
    world.run("resume_sla")
    world.run("resolve", outcome="solved", resolution="Done")
    world.run("keep_survey", score=4, comment="good")

    world.run("close_ticket", closing_status="closed")

    with world.base() as session:
        kept = session.scalar(select(OutcomeRecord).where(OutcomeRecord.practice == "ticket_to_dispatch"))
        measures = kept.measures
    assert (kept.outcome, measures["attempts"], measures["visits"], measures["score"]) == ("closed", "1", "0", "4")
    assert (measures["resolve_hours"], measures["paused_hours"]) == ("10.00", "10.0")
    assert (measures["response_met"], measures["resolve_met"]) == ("True", "True")


def test_a_refund_goes_back_on_a_paid_invoice_and_a_voucher_is_a_credit(world):
    world.opened(HUADONG)
    answer = {"complaint_answer": "Sorry", "redress_amount": 500}

    world.run("answer_complaint", key="a", redress_final="refund", **answer)
    world.run("answer_complaint", key="a", redress_final="refund", **answer)
    world.run("answer_complaint", key="b", redress_final="voucher", **answer)

    with world.base() as session:
        settled = session.scalars(select(Settlement).where(Settlement.settlement_key.startswith("complaint/"))).all()
        assert sorted((row.kind, row.invoice_id is not None) for row in settled) == [
            ("credit_note", False),
            ("refund", True),
        ]


def test_an_apology_costs_nothing(world):
    world.opened(HUADONG)

    answered = world.run("answer_complaint", redress_final="apology", redress_amount=500, complaint_answer="Sorry")

    assert answered["settlement_no"] is None


def test_a_product_fault_reaches_quality(world):
    world.opened(HUADONG)
    complaint = {"complaint_answer": "Sorry", "complaint_cause": "weak seal", "complaint_topic": "product"}

    assert world.run("complaint_to_quality", our_fault=True, **complaint)["nonconformity_no"]
    assert world.row(Ticket, world.case["ticket_id"]).root_cause == "weak seal"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Tighten the screw by 90 degrees.", 0),
        ("Ask wang.li@huadong.example.com", 1),
        ("Call +86 138 0013 8001 or wang.li@huadong.example.com", 2),
    ],
)
def test_articles_are_searched_for_personal_data(words, found):
    assert len(personal_data(words)) == found


def test_a_question_that_is_answered_already_is_shown_to_the_reviewer(world):
    found = world.run("check_article", article_title="Controller shows error E42", article_text="Restart it.")

    assert [row["finding"] for row in found["article_findings"]] == ["Very like 'Controller shows error E42'."]


def test_a_published_article_is_found_and_reviewed_after_half_a_year(world):
    world.opened()
    before = world.total(KnowledgeArticle)

    world.run("publish_article", article_title="为什么有异响？", article_text="拧紧螺丝。")

    article = world.row(KnowledgeArticle, world.case["article_id"])
    assert world.total(KnowledgeArticle) == before + 1
    assert (article.language, article.symptom, article.review_due_on.isoformat()) == ("zh", "noise", "2026-07-06")
