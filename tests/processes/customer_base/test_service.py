"""Tickets, the service clock, slots, visits and parts."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.field_service import (
    advance_visit,
    cancel_work_order,
    count_contract_visit,
    create_work_order,
    post_parts,
    post_time_and_cost,
    ranked_slots,
    record_part,
    reserve_parts,
    schedule_visit,
)
from processes.customer_base.sla import calendar_for, pause_sla, resume_sla, sla_state, start_sla, targets_for
from processes.customer_base.slots import Available, Booking, Needed, distance_km, gap_share, rank_slots, reason_against
from processes.customer_base.stock import held_reservations, post_movement, stock_level
from processes.customer_base.tables import InstalledProduct, Visit
from processes.customer_base.tickets import (
    close_ticket,
    create_ticket,
    entitlement_facts,
    identification,
    identify_ticket,
    merge_tickets,
    note_response,
    reopen_ticket,
    resolve_ticket,
    similar_tickets,
    triage_ticket,
)
from processes.customer_base.working_time import AROUND_THE_CLOCK, WorkingCalendar

SHANGHAI = WorkingCalendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-03-02T02:00", 4, "2026-03-02T06:00"),  # Monday 10:00 in Shanghai
        ("2026-03-02T08:00", 4, "2026-03-03T03:00"),  # two hours today, two tomorrow
        ("2026-03-06T09:30", 1, "2026-03-09T01:30"),  # Friday evening to Monday
        ("2026-03-07T05:00", 1, "2026-03-09T02:00"),  # a Saturday does not count
        ("2026-09-30T09:00", 2, "2026-10-08T02:00"),  # the national holiday week does not count
    ],
)
def test_working_hours_skip_nights_weekends_and_holidays(start, hours, expected):
    end = SHANGHAI.add(at(start), timedelta(hours=hours))
    assert end == at(expected)
    assert SHANGHAI.between(at(start), end) == timedelta(hours=hours)


def test_the_clock_round_and_odd_calendars():
    start = at("2026-03-07T05:00")
    assert AROUND_THE_CLOCK.add(start, timedelta(hours=30)) - start == timedelta(hours=30)
    assert SHANGHAI.between(start, start) == timedelta(0)
    assert SHANGHAI.is_open(at("2026-03-02T02:00"))
    assert not SHANGHAI.is_open(at("2026-03-02T12:00"))
    assert SHANGHAI.next_working_day(at("2026-03-06T00:00").date()).isoformat() == "2026-03-09"
    with pytest.raises(InvalidInput, match="weekdays"):
        WorkingCalendar(weekdays=frozenset()).add(start, timedelta(hours=1))
    with pytest.raises(InvalidInput, match="forwards"):
        SHANGHAI.add(start, timedelta(hours=-1))


@pytest.fixture
def machine(session, party_named):
    huadong = party_named("Huadong").id
    return session.scalars(
        select(InstalledProduct).where(InstalledProduct.party_id == huadong, InstalledProduct.product_sku == "PUMP-100")
    ).first()


@pytest.fixture
def ticket(session, now, machine):
    ticket = create_ticket(
        session,
        channel="phone",
        text="Pump is leaking at the shaft",
        caller="+8613800138001",
        serial=machine.serial,
        now=now,
    )
    triage_ticket(session, ticket_id=ticket.id, changes={"kind": "fault", "symptom": "leak", "priority": "P2"})
    return ticket


def test_a_serial_number_brings_customer_contract_and_warranty(session, now, ticket, machine):
    known = identification(session, ticket_id=ticket.id, now=now)
    assert known["party_name"].startswith("Huadong")
    assert (known["serial"], known["contract_tier"], known["under_warranty"]) == (machine.serial, "gold", True)


def test_a_caller_alone_is_recognised_and_a_stranger_is_not(session, now):
    by_mail = create_ticket(session, channel="email", text="Hi", caller="ANN.LEE@riverside.example.com", now=now)
    stranger = create_ticket(session, channel="email", text="Hi", caller="nobody@nowhere.example.com", now=now)
    assert identification(session, ticket_id=by_mail.id, now=now)["party_name"] == "Riverside Packaging Ltd"
    assert identify_ticket(session, ticket_id=stranger.id, now=now)["known"] is False


def test_an_external_key_opens_a_ticket_once(session, now):
    first = create_ticket(session, channel="email", text="Hi", external_key="M-1", now=now)
    assert create_ticket(session, channel="email", text="Hi", external_key="M-1", now=now).id == first.id


def test_similar_tickets_known_problems_and_articles_are_suggested(session, now, ticket, machine):
    again = create_ticket(session, channel="email", text="Leak again", serial=machine.serial, now=now)

    found = similar_tickets(session, ticket_id=again.id, now=now)
    assert [row["ticket_id"] for row in found["duplicates"]] == [ticket.id]

    found = similar_tickets(session, ticket_id=ticket.id, now=now)
    assert found["known_problems"][0]["resolution"] == "Shaft seal replaced, leak test passed"
    assert found["articles"][0]["question"].startswith("Pump leaks")


def test_the_entitlement_facts_know_warranty_contract_and_visits(session, now, ticket, party_named):
    facts = entitlement_facts(session, ticket_id=ticket.id, now=now)
    assert (facts["under_warranty"], facts["has_contract"], facts["visits_left"]) == (True, True, None)
    westlake = create_ticket(session, channel="phone", text="x", party_id=party_named("Westlake").id, now=now)
    assert entitlement_facts(session, ticket_id=westlake.id, now=now)["visits_left"] == 4
    assert count_contract_visit(session, ticket_id=westlake.id) == 3
    expired = create_ticket(session, channel="phone", text="x", party_id=party_named("Pearl River").id, now=now)
    assert entitlement_facts(session, ticket_id=expired.id, now=now)["has_contract"] is False


def test_a_ticket_is_resolved_reopened_within_a_week_and_not_later(session, now, ticket):
    resolve_ticket(session, ticket_id=ticket.id, resolution="New seal", now=now)
    assert ticket.first_response_at == now
    reopen_ticket(session, ticket_id=ticket.id, now=now + timedelta(days=6))
    assert (ticket.status, ticket.reopened) == ("open", 1)
    resolve_ticket(session, ticket_id=ticket.id, resolution="Newer seal", now=now)
    close_ticket(session, ticket_id=ticket.id, now=now)
    with pytest.raises(InvalidState, match="open a new one"):
        reopen_ticket(session, ticket_id=ticket.id, now=now + timedelta(days=8))


def test_a_merged_ticket_points_to_the_one_that_goes_on(session, now, ticket, machine):
    again = create_ticket(session, channel="email", text="Leak", serial=machine.serial, now=now)
    assert merge_tickets(session, ticket_id=again.id, into_id=ticket.id, now=now).id == ticket.id
    assert (again.status, again.duplicate_of_id) == ("merged", ticket.id)
    with pytest.raises(InvalidInput):
        merge_tickets(session, ticket_id=ticket.id, into_id=ticket.id, now=now)


def test_the_targets_follow_priority_and_tier():
    assert targets_for("P2") == (timedelta(hours=1), timedelta(hours=4))
    assert targets_for("P2", "gold") == (timedelta(minutes=30), timedelta(hours=2))
    assert targets_for("P4", "basic") == (timedelta(hours=36), timedelta(hours=108))
    with pytest.raises(InvalidInput, match="P1, P2"):
        targets_for("urgent")


def test_the_service_clock_counts_working_time_and_stands_still_while_waiting(session, now, ticket):
    start_sla(session, ticket_id=ticket.id, response=timedelta(hours=1), resolve=timedelta(hours=12), calendar=SHANGHAI)
    assert ticket.resolve_due_at == at("2026-03-03T05:00")  # eight hours on Monday, four on Tuesday

    note_response(session, ticket_id=ticket.id, now=now + timedelta(minutes=30))
    pause_sla(session, ticket_id=ticket.id, reason="customer sends photos", now=now + timedelta(hours=2))
    waiting = sla_state(ticket, calendar=SHANGHAI, now=now + timedelta(hours=5))
    resume_sla(session, ticket_id=ticket.id, calendar=SHANGHAI, now=now + timedelta(hours=5))
    running = sla_state(ticket, calendar=SHANGHAI, now=now + timedelta(hours=7))

    assert (waiting["paused"], waiting["resolve_share"]) == (True, Decimal("0.1667"))
    assert (running["paused"], running["resolve_share"], running["paused_hours"]) == (
        False,
        Decimal("0.3333"),
        Decimal(3),
    )
    assert ticket.resolve_due_at == at("2026-03-03T08:00")
    assert running["response_met"] is True
    late = sla_state(ticket, calendar=SHANGHAI, now=at("2026-03-03T08:01"))
    assert (late["resolve_met"], late["resolve_share"] > 1) == (False, True)


def test_the_warning_comes_at_three_quarters(session, now, ticket):
    start_sla(session, ticket_id=ticket.id, response=timedelta(hours=4), resolve=timedelta(hours=8), calendar=SHANGHAI)
    state = sla_state(ticket, calendar=SHANGHAI, now=now)
    assert state["response_warn_at"] == now + timedelta(hours=3)


def test_a_gold_contract_has_its_clock_round(session, ticket):
    assert calendar_for(session, ticket) == AROUND_THE_CLOCK
    ticket.contract_id = None
    assert calendar_for(session, ticket) == WorkingCalendar()


def engineer(key="e", **changes) -> Available:
    usual = {
        "key": key, "name": key, "skills": frozenset({"mechanical"}), "permits": frozenset(),
        "regions": frozenset({"east"}), "shift_start": time(8), "shift_end": time(18), "weekdays": frozenset(range(5)),
        "home": (31.2, 121.5),
    }  # fmt: skip
    return Available(**{**usual, **changes})


def needed(**changes) -> Needed:
    usual = {
        "skills": frozenset({"mechanical"}), "permits": frozenset(), "region": "east", "place": (31.3, 121.4),
        "duration": timedelta(hours=2), "earliest_at": at("2026-03-02T00:00"), "latest_at": at("2026-03-04T00:00"),
    }  # fmt: skip
    return Needed(**{**usual, **changes})


@pytest.mark.parametrize(
    ("who", "what", "reason"),
    [
        (engineer(skills=frozenset()), needed(), "skill mechanical"),
        (engineer(), needed(permits=frozenset({"high_voltage"})), "permit high_voltage"),
        (engineer(regions=frozenset({"north"})), needed(), "region east"),
        (engineer(), needed(), None),
    ],
)
def test_skill_permit_and_region_are_conditions(who, what, reason):
    assert reason_against(who, what) == reason
    assert bool(rank_slots([who], what)) is (reason is None)


def test_slots_lie_in_the_shift_and_never_overlap_a_booking_with_its_travel():
    booked = Booking(at("2026-03-02T02:00"), at("2026-03-02T04:00"), place=(31.3, 121.4))
    slots = rank_slots([engineer(bookings=(booked,))], needed(), limit=50)
    for slot in slots:
        start, end = slot.starts_at + timedelta(hours=8), slot.ends_at + timedelta(hours=8)
        assert time(8) <= start.time()
        assert end.time() <= time(18)
        assert slot.ends_at <= booked.starts_at or slot.starts_at >= booked.ends_at


def test_the_nearer_the_known_and_the_equipped_engineer_comes_first():
    plain, near = engineer("plain", home=(31.9, 120.0)), engineer("near")
    knows, equipped = engineer("knows", knows_customer=True), engineer("equipped", has_parts=True, knows_customer=True)
    ranked = rank_slots([plain, near, knows, equipped], needed(), limit=50)
    best: dict[str, float] = {}
    for slot in ranked:
        best[slot.engineer] = max(best.get(slot.engineer, 0), slot.score)
    assert best["plain"] < best["near"] < best["knows"] < best["equipped"]
    assert all(abs(sum(slot.points.values()) - slot.score) < 0.05 for slot in ranked)


def test_a_late_slot_says_so_and_gets_no_points_for_it():
    slots = rank_slots([engineer()], needed(due_at=at("2026-03-02T03:00")), limit=50)
    assert {slot.late for slot in slots} == {True, False}
    assert all((slot.points["sla"] == 0) is slot.late for slot in slots)


def test_the_gap_says_how_clear_the_best_engineer_is():
    one, other = {"engineer": "a", "score": 80}, {"engineer": "b", "score": 60}
    assert gap_share([one, {"engineer": "a", "score": 79}, other]) == 0.25
    assert gap_share([one]) == 1.0


def test_distance_follows_the_great_circle():
    assert round(distance_km((31.23, 121.47), (39.90, 116.40))) == 1067
    assert distance_km((1.0, 2.0), (1.0, 2.0)) == 0


def test_a_visit_from_order_to_posting(session, now, ticket):
    order = create_work_order(session, ticket_id=ticket.id, now=now)
    assert create_work_order(session, ticket_id=ticket.id, now=now).id == order.id
    assert (order.skills, order.duration_minutes) == (["mechanical"], 120)
    before = stock_level(session, sku="SEAL-KIT", location="VAN-LI").on_hand

    parts = reserve_parts(session, work_order_id=order.id, engineer_key="engineer.li", now=now)
    assert (parts["complete"], parts["reserved"][0]["location"]) == (True, "VAN-LI")
    slots = ranked_slots(session, work_order_id=order.id, now=now)
    assert {slot.engineer for slot in slots} <= {"engineer.li", "engineer.zhang", "engineer.guo"}
    visit = schedule_visit(
        session, work_order_id=order.id, engineer_key="engineer.li", starts_at=now + timedelta(hours=1),
        ends_at=now + timedelta(hours=3), now=now,
    )  # fmt: skip
    for state, hours in (("confirmed", 0), ("accepted", 0), ("en_route", 1), ("on_site", 1.5)):
        advance_visit(session, visit_id=visit.id, state=state, now=now + timedelta(hours=hours))
    record_part(session, visit_id=visit.id, sku="SEAL-KIT", quantity=Decimal(1))
    record_part(session, visit_id=visit.id, sku="SEAL-KIT", quantity=Decimal(1), direction="removed")
    advance_visit(
        session, visit_id=visit.id, state="done", now=now + timedelta(hours=3.5), fixed=True, signed_by="王丽"
    )

    post_parts(session, visit_id=visit.id, now=now)
    post_parts(session, visit_id=visit.id, now=now)
    cost = post_time_and_cost(session, visit_id=visit.id)

    assert stock_level(session, sku="SEAL-KIT", location="VAN-LI").on_hand == before - 1
    assert stock_level(session, sku="SEAL-KIT", location="RETURNS").on_hand == 1
    assert held_reservations(session, reference=order.id) == []
    assert (cost["labour_minutes"], cost["travel_minutes"]) == (120, 30)
    assert cost["cost"] == Decimal(450) + Decimal(165)
    assert order.status == "done"


def test_parts_that_are_nowhere_are_named_with_their_lead_time(session, now, ticket):
    order = create_work_order(session, ticket_id=ticket.id, now=now)
    order.parts = [{"sku": "SPINDLE-12", "quantity": "1"}]
    assert reserve_parts(session, work_order_id=order.id, now=now)["missing"] == [
        {"sku": "SPINDLE-12", "quantity": Decimal(1), "lead_time_days": 45}
    ]


def test_an_engineer_is_not_booked_twice_and_an_open_visit_is_moved(session, now, ticket, machine):
    order = create_work_order(session, ticket_id=ticket.id, now=now)
    when = {"starts_at": now, "ends_at": now + timedelta(hours=2), "now": now}
    first = schedule_visit(session, work_order_id=order.id, engineer_key="engineer.li", **when)
    moved = schedule_visit(session, work_order_id=order.id, engineer_key="engineer.zhang", **when)
    assert moved.id == first.id

    other = create_ticket(session, channel="phone", text="Noise", serial=machine.serial, now=now)
    second = create_work_order(session, ticket_id=other.id, now=now)
    with pytest.raises(InvalidState, match="choose another slot"):
        schedule_visit(session, work_order_id=second.id, engineer_key="engineer.zhang", **when)
    with pytest.raises(InvalidInput, match="no engineer 'ghost'"):
        schedule_visit(session, work_order_id=second.id, engineer_key="ghost", **when)


def test_a_visit_takes_no_forbidden_step(session, now, ticket):
    order = create_work_order(session, ticket_id=ticket.id, now=now)
    visit = schedule_visit(
        session,
        work_order_id=order.id,
        engineer_key="engineer.li",
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        now=now,
    )
    with pytest.raises(InvalidState, match="not to 'done'"):
        advance_visit(session, visit_id=visit.id, state="done", now=now)


def test_cancelling_gives_back_parts_and_slot(session, now, ticket):
    order = create_work_order(session, ticket_id=ticket.id, now=now)
    reserve_parts(session, work_order_id=order.id, now=now)
    schedule_visit(
        session,
        work_order_id=order.id,
        engineer_key="engineer.li",
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        now=now,
    )
    cancel_work_order(session, work_order_id=order.id, now=now)
    assert held_reservations(session, reference=order.id) == []
    assert [visit.state for visit in session.scalars(select(Visit))] == ["cancelled"]
    post_movement(session, sku="SEAL-KIT", quantity=Decimal(1), reason="receipt", now=now)
