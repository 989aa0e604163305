"""A ticket ends with a signed field visit and is closed, through the screens alone."""

import pytest

pytestmark = pytest.mark.browser


def test_a_ticket_ends_with_a_closed_field_visit(enterprise, people):
    anna, dirk, li, olga = (people[name] for name in ("anna", "dirk", "engineer.li", "olga"))

    anna.starts("Ticket to dispatch").fills(
        ticket_ref="CALL-1001",
        channel="phone",
        contact_email="zhao.min@westlake.example.com",
        serial="CONV-20-1008",
        text="The conveyor makes a grinding noise",
    ).submits()
    anna.claims("Triage").fills(
        kind="fault", category="hardware", symptom_code="noise", impact="one_user", urgency="now"
    ).completes()
    anna.claims("Diagnose and resolve remotely").fills(
        steps_tried="Listened on the phone", outcome="visit", cause="bearing"
    ).completes()
    dirk.claims("Check work order").fills(
        duration_minutes=150, parts_needed=[{"sku": "BEAR-6204", "quantity": 2}], site_safe=True
    ).completes()
    dirk.claims("Assign and schedule").completes()  # the best slot is filled in
    olga.publishes("AppointmentDecision", appointment_decision='"confirm"')
    olga.publishes("EngineerDecision", engineer_decision='"accept"')

    li.opens("En route").fills(eta_minutes=40).completes()
    enterprise.waits(minutes=40)
    li.opens("Check in").fills(customer_present=True, safety_checklist=["power_off", "area_secured"]).completes()
    li.opens("Do the work").fills(
        work_checklist=["diagnosed", "repaired", "tested"],
        cause_code="worn",
        action_code="replaced bearing",
        parts_used=[{"sku": "BEAR-6204", "quantity": 2}],
        work_minutes=90,
        work_state="done",
    ).completes()
    li.opens("Customer sign-off").fills(signed_by="Zhao Min", signature=True, rating=5).completes()
    li.opens("Expenses").fills(expense_items=[{"what": "toll", "amount": 35}]).completes()
    enterprise.waits(days=7)  # nobody complains

    case = olga.looks_at_case("Westlake")
    case.is_in_state("completed")
    case.tells("Triage", "Do the work", "Customer sign-off")
