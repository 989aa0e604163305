"""Who is this? Duplicates by key and by likeness, fast with many parties."""

import time

import pytest
from sqlalchemy import insert

from engine.store.types import new_id
from processes.customer_base.leads import create_lead
from processes.customer_base.matching import add_keys, find_duplicates, likeness, match_keys
from processes.customer_base.parties import add_contact, create_party
from processes.customer_base.tables import Party


@pytest.fixture
def acme(session, now):
    party = create_party(session, name="Acme Valves Ltd", city="Leeds", tax_id="GB 999 8887 77", now=now)
    add_contact(session, party_id=party.id, name="Ann", email="ann@acme.example.com", phone="+442079460958", now=now)
    return party


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        ({"tax_id": "gb999888777"}, "tax_id"),
        ({"email": "ann@acme.example.com"}, "email"),
        ({"phone": "+442079460958"}, "phone"),
    ],
)
def test_the_same_key_is_an_exact_match_whatever_the_name(session, acme, by, reason):
    (first, *_) = find_duplicates(session, name="Something else", **by)

    assert (first.id, first.reason, first.score) == (acme.id, reason, 1.0)


@pytest.mark.parametrize(
    ("name", "city", "found"),
    [
        ("ACME Valve Limited", "Leeds", True),
        ("Acme Valves", None, True),
        ("Valves Acme Ltd", "Leeds", True),
        ("Acme Valves Ltd", "Hamburg", False),
        ("Acne Treatments Ltd", "Leeds", False),
    ],
)
def test_names_in_the_same_city_match_from_a_likeness_of_90_percent(session, acme, name, city, found):
    assert (acme.id in [candidate.id for candidate in find_duplicates(session, name=name, city=city)]) is found


def test_chinese_names_match_without_their_legal_form(session, now):
    party = create_party(session, name="苏州精工阀门制造有限公司", city="苏州", now=now)

    (candidate,) = find_duplicates(session, name="苏州精工阀门制造股份有限公司", city="苏州市")

    assert candidate.id == party.id
    assert find_duplicates(session, name="苏州电子有限公司", city="苏州") == []


def test_open_leads_are_found_and_closed_ones_are_not(session, now):
    lead = create_lead(
        session, source="web", channel="web", now=now, fields={"company": "Zeta", "email": "z@zeta.example.com"}
    )
    assert [item.kind for item in find_duplicates(session, email="z@zeta.example.com")] == ["lead"]

    lead.status = "disqualified"
    session.flush()

    assert find_duplicates(session, email="z@zeta.example.com") == []


def test_likeness_is_symmetric():
    names = ("Acme Valves Ltd", "Leeds"), ("ACME Valve Limited", "Leeds ")
    assert likeness(*names[0], *names[1]) == likeness(*names[1], *names[0]) > 0.9


def test_a_search_among_100000_parties_takes_a_blink(session, now):
    words = ["Golden", "Eastern", "Northern", "Silver", "Bright", "Modern", "Global", "United", "Future", "Pacific"]
    trades = ["Machinery", "Valves", "Foods", "Textiles", "Chemicals", "Logistics", "Electronics", "Packaging"]
    template = {
        "enterprise_id": "acme", "city": "Leeds", "kind": "org", "language": "en", "currency": "CNY",
        "status": "customer", "key_account": False, "tier": "standard", "is_employee": False,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    parties, keys = [], []
    for number in range(100_000):
        name = f"{words[number % 10]} {trades[number % 8]} {number:05d} Ltd"
        party_id = new_id()
        parties.append({**template, "id": party_id, "number": f"X{number}", "name": name})
        keys.extend(("party", party_id, key) for key in match_keys(names=[name]))
    session.execute(insert(Party), parties)
    add_keys(session, keys)

    started = time.perf_counter()
    found = find_duplicates(session, name="Golden Machinery 00040 Limited", city="Leeds")
    seconds = time.perf_counter() - started

    assert found[0].name == "Golden Machinery 00040 Ltd"
    assert seconds < 1.0
