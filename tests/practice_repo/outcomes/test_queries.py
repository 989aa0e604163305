"""Real process instances in a store tell the facts of a card."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import InvalidInput
from practice_repo.card import Fact
from practice_repo.outcomes.experiment import CHALLENGER, Experiment, by_variant, choose_variant
from practice_repo.outcomes.kpis import kpi_value
from practice_repo.outcomes.queries import cases, facts, typed
from tests.practice_repo.outcomes.shop import CARD
from tests.support.office import ACME, Office, counted_statements

SHOP = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test" id="d">
  <process id="shop" isExecutable="true">
    <startEvent id="asked"/>
    <sequenceFlow id="f1" sourceRef="asked" targetRef="answer"/>
    <userTask id="answer" name="Answer"/>
    <sequenceFlow id="f2" sourceRef="answer" targetRef="answered"/>
    <endEvent id="answered" name="Answered"/>
  </process>
</definitions>"""
REAL = replace(
    CARD,
    facts=(
        Fact("hours", "hours_between(first.answer.started_at, last.answer.ended_at)"),
        Fact("good", "happy"),
        Fact("by", "last.answer.by"),
        Fact("end", "end_event"),
        Fact("score", "outcome.score"),
        Fact("answers", "for v in visits.answer return {open: v.ended_at = null}", ("open",)),
        Fact("wages", figure="Wages"),
    ),
)


@pytest.fixture
def office(store, clock):
    office = Office(store, clock)
    office.deploy(SHOP)
    return office


def worked(office, key, hours, happy=True, **about):
    started = office.start("shop", {"customer": key}, business_key=key, **about)
    office.clock.pass_by(hours=hours)
    office.complete("answer", {"happy": happy})
    return started.process_instance_id


def told(office, **arguments):
    span = {"start": office.now - timedelta(days=30), "end": office.now + timedelta(days=1)}
    return office.ask(facts, **{"card": REAL, "enterprise_id": ACME, "now": office.now} | span | arguments)


def test_the_history_of_cases_becomes_facts_oldest_first(office):
    ids = [worked(office, "a", 2), worked(office, "b", 4, happy=False)]
    office.start("shop", business_key="c")

    found = told(office)

    assert [each.case_id for each in found[:2]] == ids
    assert [each.values["hours"] for each in found] == [2, 4, None]
    assert [each.values["good"] for each in found] == [True, False, None]
    assert [(each.values["by"], each.values["end"]) for each in found] == [("boss", "answered")] * 2 + [(None, None)]
    assert [each.rows["answers"] for each in found] == [[{"open": False}]] * 2 + [[{"open": True}]]
    assert kpi_value(REAL, "mean_hours", found).value == 3


def test_the_number_of_statements_does_not_grow_with_the_cases(office):
    worked(office, "a", 1)
    with counted_statements(office.store) as few:
        told(office)
    for number in range(5):
        worked(office, f"b{number}", 1)
    with counted_statements(office.store) as many:
        found = told(office)

    selects = [len([each for each in sent if each.startswith("SELECT")]) for sent in (few, many)]
    assert len(found) == 6
    assert selects == [3, 3]


def test_only_cases_of_the_window_the_enterprise_and_the_version_are_taken(office):
    worked(office, "early", 1)
    office.clock.pass_by(days=10)
    between = office.now
    second = office.deploy(SHOP.replace(b"Answered", b"Told")).definitions[0].definition_id
    late = worked(office, "late", 1)

    assert [each.case_id for each in told(office, start=between)] == [late]
    assert [each.case_id for each in told(office, definition_ids=[second])] == [late]
    assert told(office, enterprise_id="other") == []
    assert told(office, end=between - timedelta(days=20)) == []


def test_cases_can_be_taken_by_their_end(office):
    office.start("shop", business_key="open")

    assert len(told(office)) == 1
    assert told(office, by="ended") == []
    with pytest.raises(InvalidInput, match="started"):
        told(office, by="moved")


def test_what_a_case_left_in_the_customer_base_is_found_by_its_key_or_its_numbers(office):
    worked(office, "a", 1)
    office.start("shop", {"order_no": "SO-1"}, business_key="b")

    found = told(office, outcomes=lambda *_: {"a": {"score": "4"}, "SO-1": {"score": "5"}})

    assert [each.values["score"] for each in found] == [4, 5]


def test_measures_are_read_with_their_types():
    assert typed({"a": "1.50", "b": "True", "c": ["x-1", "2026-01-05"]}) == {
        "a": 1.5,
        "b": True,
        "c": ["x-1", "2026-01-05"],
    }


def test_cases_are_read_in_the_order_of_ids_with_their_variables(office):
    ids = sorted([worked(office, "a", 1), worked(office, "b", 1)])
    span = {"start": office.now - timedelta(days=1), "end": office.now}

    with office.store.reading() as work:
        found = list(cases(work, enterprise_id=ACME, process_ids=["shop"], **span))

    assert [each.id for each in found] == ids
    assert {each.variables["customer"] for each in found} == {"a", "b"}


def test_an_experiment_starts_cases_by_their_key_and_finds_them_again(sqlite_store, clock):
    office = Office(sqlite_store, clock)
    first = office.deploy(SHOP).definitions[0].definition_id
    second = office.deploy(SHOP.replace(b"Answered", b"Told")).definitions[0].definition_id
    experiment = Experiment("e1", first, second, "mean_hours", planned_cases=40)
    for number in range(12):
        key = f"case-{number}"
        worked(office, key, 1, definition_id=experiment.definition_for(key))

    variants = by_variant(experiment, told(office))

    assert sum(map(len, variants.values())) == 12
    assert all(choose_variant(each.business_key, 0.5, "e1") == CHALLENGER for each in variants[CHALLENGER])
