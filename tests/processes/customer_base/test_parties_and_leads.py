"""Parties, consents and the way of a lead."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.characteristics import (
    behaviour_count,
    current_characteristics,
    record_behaviour,
    record_characteristic,
)
from processes.customer_base.credit import change_credit, credit_profile
from processes.customer_base.interactions import timeline
from processes.customer_base.leads import (
    attach_lead,
    close_lead,
    convert_lead,
    create_lead,
    record_contact_attempt,
    update_lead,
)
from processes.customer_base.matching import find_duplicates
from processes.customer_base.opportunities import lose_opportunity, plan_opportunity, win_opportunity
from processes.customer_base.orders import order_from_lines
from processes.customer_base.parties import (
    add_contact,
    contacts_of,
    create_party,
    find_contact,
    give_consent,
    has_consent,
    merge_parties,
    resolve_party,
    search_parties,
    withdraw_consent,
)
from processes.customer_base.profiles import profile
from processes.customer_base.tables import Order


@pytest.fixture
def lead(session, now):
    return create_lead(
        session,
        source="fair",
        channel="event",
        now=now,
        fields={
            "company": "ZETA VALVES LTD",
            "contact_name": "Zoe Young",
            "email": "ZOE@zeta.example.com",
            "phone": "+44 20 7946 0999",
            "city": "Leeds",
            "employees": Decimal(40),
            "consent": True,
            "need": "Two pumps",
        },
        extra={"booth": "B12"},
    )


def test_the_same_contact_is_completed_instead_of_doubled(session, now):
    party = create_party(session, name="Beta", country="GB", now=now)
    first = add_contact(session, party_id=party.id, name="Bob", email="bob@beta.example.com", now=now)

    second = add_contact(
        session, party_id=party.id, name="Bob B.", email="BOB@beta.example.com", phone="020 7946 0958", now=now
    )

    assert second.id == first.id
    assert (second.phone, second.is_primary) == ("+442079460958", True)
    assert [contact.id for contact in find_contact(session, caller="0044 20 7946 0958", country="GB")] in (
        [],
        [first.id],
    )
    assert [contact.id for contact in find_contact(session, caller="+44 20 7946 0958")] == [first.id]


def test_a_consent_holds_for_its_purpose_and_channel_until_it_is_withdrawn(session, now, party_named):
    (contact, *_) = contacts_of(session, party_named("Huadong").id)
    give_consent(session, contact_id=contact.id, purpose="survey", channel="email", now=now)
    assert has_consent(session, contact_id=contact.id, purpose="survey", channel="email")
    assert not has_consent(session, contact_id=contact.id, purpose="survey", channel="phone")

    withdraw_consent(session, contact_id=contact.id, purpose="survey", now=now)

    assert not has_consent(session, contact_id=contact.id, purpose="survey", channel="email")
    assert has_consent(session, contact_id=contact.id, purpose="marketing", channel="email")


def test_merging_moves_everything_and_leaves_an_alias(session, now, party_named):
    keep, duplicate = party_named("Huadong"), party_named("Taihu")
    orders = len(session.scalars(select(Order).where(Order.party_id.in_([keep.id, duplicate.id]))).all())
    change_credit(session, party_id=duplicate.id, credit_limit=Decimal(1000), blocked=True, reason="late", now=now)

    merge_parties(session, keep_id=keep.id, duplicate_id=duplicate.id, now=now)

    assert len(session.scalars(select(Order).where(Order.party_id == keep.id)).all()) == orders
    assert resolve_party(session, duplicate.id).id == keep.id
    assert profile(session, duplicate.id, now=now).party.id == keep.id
    found = find_duplicates(session, email="li.qiang@taihu.example.com", kinds=["party"])
    assert [candidate.id for candidate in found] == [keep.id]
    stricter = credit_profile(session, party_id=keep.id, now=now)
    assert (stricter.credit_limit, stricter.blocked) == (Decimal(1000), True)
    with pytest.raises(InvalidState, match="already been merged"):
        merge_parties(session, keep_id=keep.id, duplicate_id=duplicate.id, now=now)


def test_parties_with_the_same_purchase_order_number_do_not_merge(session, now, party_named):
    one, other = party_named("Huadong"), party_named("Taihu")
    for party in (one, other):
        order_from_lines(
            session,
            party_id=party.id,
            lines=[{"sku": "FILTER-SET", "quantity": 1}],
            purchase_order_number="SAME",
            now=now,
        )

    with pytest.raises(InvalidState, match="SAME"):
        merge_parties(session, keep_id=one.id, duplicate_id=other.id, now=now)


def test_a_search_takes_wildcards_literally(session):
    assert search_parties(session, text="%") == []
    assert [party.name_zh for party in search_parties(session, text="华东精密")] == ["华东精密机械有限公司"]


def test_a_lead_is_taken_in_clean_and_keeps_what_has_no_field(session, lead):
    assert (lead.company, lead.email, lead.phone) == ("Zeta Valves Ltd", "zoe@zeta.example.com", "+442079460999")
    assert (lead.employees, lead.status, lead.number) == (40, "new", "L-2026-00001")
    (booth,) = current_characteristics(session, lead_id=lead.id)["descriptive"]
    assert (booth["item"], booth["value"]) == ("booth", "B12")


def test_an_external_key_takes_a_lead_in_once(session, now):
    fields = {"company": "Once", "email": "o@once.example.com", "external_key": "WEB-1"}
    first = create_lead(session, source="web", channel="web", now=now, fields=fields)
    assert create_lead(session, source="web", channel="web", now=now, fields=fields).id == first.id


def test_correcting_a_lead_refuses_what_cannot_be_read(session, lead):
    with pytest.raises(InvalidInput, match="phone number"):
        update_lead(session, lead_id=lead.id, changes={"phone": "12"})
    update_lead(session, lead_id=lead.id, changes={"email": "new@zeta.example.com"})
    assert [item.id for item in find_duplicates(session, email="new@zeta.example.com")] == [lead.id]


def test_converting_gives_party_contact_opportunity_and_keeps_the_history(session, lead, now):
    record_contact_attempt(session, lead_id=lead.id, channel="phone", reached=True, summary="Nice talk", now=now)

    done = convert_lead(session, lead_id=lead.id, amount=Decimal(25600), now=now)

    assert (done.party.name, done.party.employees, done.contact.email) == (
        "Zeta Valves Ltd",
        40,
        "zoe@zeta.example.com",
    )
    assert (done.opportunity.source, done.opportunity.amount) == ("fair", Decimal(25600))
    assert has_consent(session, contact_id=done.contact.id, purpose="marketing", channel="email")
    assert [row.subject for row in timeline(session, party_id=done.party.id)] == ["First contact"]
    everything = profile(session, done.party.id, now=now)
    assert [item["item"] for item in everything.characteristics["descriptive"]] == ["booth"]
    assert [item["item"] for item in everything.characteristics["behavioural"]] == ["qualified enquiry"]
    assert convert_lead(session, lead_id=lead.id, now=now).opportunity.id == done.opportunity.id


def test_a_closed_lead_cannot_be_converted(session, lead, now):
    close_lead(session, lead_id=lead.id, status="disqualified", reason="student", now=now)
    with pytest.raises(InvalidState, match="disqualified"):
        convert_lead(session, lead_id=lead.id, now=now)


def test_attaching_to_a_party_makes_a_new_need_of_that_customer(session, lead, now, party_named):
    riverside = party_named("Riverside")

    target = attach_lead(session, lead_id=lead.id, kind="party", subject_id=riverside.id, now=now)
    done = convert_lead(session, lead_id=lead.id, now=now)

    assert target["action"] == "new_need"
    assert done.party.id == riverside.id
    assert lead.need in [row.body for row in timeline(session, party_id=riverside.id)]


def test_attaching_to_an_open_lead_merges_and_fills_gaps(session, lead, now):
    fields = {"company": "Zeta Valves", "email": "zoe@zeta.example.com", "role": "Buyer", "need": "And a filter"}
    again = create_lead(session, source="web", channel="web", now=now, fields=fields)

    target = attach_lead(session, lead_id=again.id, kind="lead", subject_id=lead.id, now=now)

    assert (target["action"], target["lead_id"], again.status) == ("merged", lead.id, "merged")
    assert (lead.role, lead.need) == ("Buyer", "Two pumps\nAnd a filter")


def test_an_opportunity_follows_its_stages(session, lead, now):
    opportunity = convert_lead(session, lead_id=lead.id, now=now).opportunity
    plan_opportunity(session, opportunity_id=opportunity.id, stage="negotiation", changes={"amount": Decimal(9000)})
    assert opportunity.probability == Decimal("0.8")
    win_opportunity(session, opportunity_id=opportunity.id, now=now)
    assert (opportunity.stage, opportunity.closed_at) == ("won", now)
    with pytest.raises(InvalidInput, match="stage"):
        plan_opportunity(session, opportunity_id=opportunity.id, stage="maybe", changes={})
    lose_opportunity(session, opportunity_id=opportunity.id, reason="price", competitor="Other Co", now=now)
    assert (opportunity.stage, opportunity.loss_reason, opportunity.competitor_lost_to) == ("lost", "price", "Other Co")


def test_the_newest_value_counts_and_behaviour_is_counted(session, now, party_named):
    party_id = party_named("Taihu").id
    record_characteristic(session, kind="descriptive", item="sites", value=2, party_id=party_id, now=now)
    record_characteristic(session, kind="descriptive", item="sites", value=3, party_id=party_id, now=now)
    for _ in range(3):
        record_behaviour(session, item="visited price page", party_id=party_id, now=now)

    current = current_characteristics(session, party_id=party_id)

    assert [item["value"] for item in current["descriptive"] if item["item"] == "sites"] == ["3"]
    assert [item["count"] for item in current["behavioural"] if item["item"] == "visited price page"] == [3]
    assert behaviour_count(session, item="visited price page", since=now, party_id=party_id) == 3
    with pytest.raises(InvalidInput, match="descriptive, behavioural, external"):
        record_characteristic(session, kind="other", item="x", value=1, party_id=party_id, now=now)


def test_the_profile_shows_everything_of_a_customer(session, now, party_named):
    everything = profile(session, party_named("Huadong").id, now=now)

    assert {"descriptive", "behavioural", "external"} == set(everything.characteristics)
    assert all(everything.characteristics.values())
    assert all((everything.orders, everything.invoices, everything.installed_products, everything.contracts))
    assert everything.tickets[0].resolution == "Shaft seal replaced, leak test passed"
    assert everything.figures["class"] == "loyal"
    assert everything.figures["revenue"] > 0
    assert [child.name for child in profile(session, party_named("Capital Transit Group").id, now=now).children] == [
        "Capital Transit Depot North"
    ]
