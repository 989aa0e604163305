"""The customer base in figures: counts, completeness, value and consent."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from processes.customer_base.overview import FACTS, overview
from processes.customer_base.parties import add_contact, create_party, give_consent, withdraw_consent
from processes.customer_base.tables import Contact, Order, Party


def test_a_new_customer_lowers_the_completeness(session, now):
    before = overview(session, now=now)
    create_party(session, name="Nordwind", country="DE", now=now)
    after = overview(session, now=now)

    assert after.figures["customers"] == before.figures["customers"] + 1
    assert after.figures["filled"] < before.figures["filled"]
    filled = {each.fact: (each.filled, each.of) for each in after.completeness}
    was = {each.fact: (each.filled, each.of) for each in before.completeness}
    assert filled["country"] == (was["country"][0] + 1, was["country"][1] + 1)
    assert filled["industry"] == (was["industry"][0], was["industry"][1] + 1)
    assert tuple(filled) == FACTS


def test_suppliers_and_merged_parties_are_no_customers(session, now):
    before = overview(session, now=now).figures["customers"]
    party = create_party(session, name="Nordwind", now=now)
    session.execute(update(Party).where(Party.id == party.id).values(status="supplier"))

    assert overview(session, now=now).figures["customers"] == before


def test_consents_count_until_they_are_withdrawn(session, now):
    party = create_party(session, name="Nordwind", now=now)
    contact = add_contact(session, party_id=party.id, name="Ms Chen", email="chen@nordwind.example", now=now)
    before = overview(session, now=now).figures
    about = {"contact_id": contact.id, "purpose": "marketing", "now": now}
    give_consent(session, channel="email", basis="opt_in", source="fair", **about)
    given = overview(session, now=now).figures
    withdraw_consent(session, **about)
    gone = overview(session, now=now).figures

    names = ("consents", "withdrawn", "without_consent")
    changes = [[each[name] - before[name] for name in names] for each in (given, gone)]
    assert changes == [[1, 0, -1], [0, 1, 0]]


def test_a_contact_that_cannot_be_reached_is_not_counted_as_reachable(session, now):
    party = create_party(session, name="Nordwind", now=now)
    before = overview(session, now=now).figures
    add_contact(session, party_id=party.id, name="Ms Chen", email="chen@nordwind.example", now=now)
    session.execute(update(Contact).where(Contact.email == "chen@nordwind.example").values(email_invalid=True))
    after = overview(session, now=now).figures

    assert after["contacts"] == before["contacts"] + 1
    assert after["reachable"] == before["reachable"]


def test_the_best_fifth_of_the_buyers_has_its_share(session, now):
    order_ids = list(session.scalars(select(Order.id).order_by(Order.id)))
    parties = list(session.scalars(select(Party.id).order_by(Party.id)))[:5]
    session.execute(update(Order).values(status="cancelled"))
    for order_id, party_id, amount in zip(order_ids, parties, (600, 100, 100, 100, 100), strict=False):
        values = {"status": "closed", "party_id": party_id, "net_total": Decimal(amount), "currency": "CNY"}
        session.execute(update(Order).where(Order.id == order_id).values(**values))
    found = overview(session, now=now)

    assert (found.figures["buyers"], found.figures["value_per_buyer"], found.currency) == (5, 100, "CNY")
    assert found.figures["top_fifth"] == pytest.approx(0.6)


def test_values_in_several_currencies_are_not_added(session, now):
    order_id = session.scalars(select(Order.id).where(Order.status.not_in(("cancelled", "refused", "new")))).first()
    session.execute(update(Order).where(Order.id == order_id).values(currency="EUR"))

    found = overview(session, now=now)

    assert (found.currency, found.figures["value_per_buyer"], found.figures["top_fifth"]) == (None, None, None)


def test_contracts_are_in_force_between_their_days(session, now):
    here = overview(session, now=now).figures["contracts"]

    assert here > 0
    assert overview(session, now=now + timedelta(days=3650)).figures["contracts"] == 0
