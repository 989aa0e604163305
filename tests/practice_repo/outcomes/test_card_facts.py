"""The [[fact]] section of a card, and the check that KPIs read nothing else."""

from dataclasses import replace

import pytest

from engine.errors import InvalidInput, InvalidModel
from practice_repo.card import Fact, Kpi, read_card
from practice_repo.outcomes.facts import case_facts, collections_of, figures_of
from practice_repo.outcomes.kpis import kpi_value
from practice_repo.practice import Practice
from practice_repo.practice_check import check_practice
from tests.practice_repo.outcomes.shop import CARD, MONDAY, NAME, facts_of
from tests.practice_repo.test_practice_check import CARD as CARD_TEXT


def found(*facts: Fact, formula: str) -> list[str]:
    card = replace(CARD, kpis=(Kpi("speed", NAME, "hours", "lower", formula),), facts=facts)
    return [str(each) for each in check_practice(Practice(card, {}, {}, {})) if each.rule == "practice-fact"]


def test_a_card_tells_fields_rows_and_figures():
    card = read_card(
        CARD_TEXT
        + '[[fact]]\nkey = "hours"\nformula = "1"\n'
        + '[[fact]]\nkey = "repairs"\nformula = "[]"\nfields = ["passed"]\n'
        + '[[fact]]\nkey = "sales"\nfigure = "From the books"\n'
    )

    assert collections_of(card) == {"cases": {"hours"}, "repairs": {"passed"}}
    assert figures_of(card) == {"sales"}


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ('key = "hours"', "either a formula"),
        ('key = "hours"\nformula = "1"\nfigure = "books"', "either a formula"),
        ('key = "hours"\nfigure = "books"\nfields = ["a"]', "no formula that gives rows"),
        ('key = "hours"\nformular = "1"', "formular"),
    ],
)
def test_a_mistake_in_a_fact_is_named(fact, said):
    with pytest.raises(InvalidModel) as caught:
        read_card(f"{CARD_TEXT}[[fact]]\n{fact}\n")

    assert any(said in finding.message for finding in caught.value.findings)


def test_kpis_that_read_facts_fit():
    rows = Fact("repairs", "[]", ("passed",))

    assert found(Fact("hours", "1"), formula="mean(cases[hours > 2].hours) * days") == []
    assert found(rows, formula="count(repairs[passed = true]) / count(repairs)") == []
    assert found(Fact("sales", figure="books"), formula="sales / count(cases)") == []


@pytest.mark.parametrize(
    ("formula", "missing"),
    [
        ("mean(cases.minutes)", "cases.minutes"),
        ("count(cases[late = true])", "cases.late"),
        ("sum(for c in cases[hours > 1] return c.cost)", "cases.cost"),
        ("sales / count(cases)", "'sales'"),
        ("count(repairs)", "'repairs'"),
    ],
)
def test_what_a_kpi_reads_but_no_fact_tells_is_named(formula, missing):
    findings = found(Fact("hours", "1"), formula=formula)

    assert len(findings) == 1
    assert missing in findings[0]


def test_a_fact_cannot_take_the_name_of_all_cases():
    assert "name the fact differently" in found(Fact("cases", "1"), formula="1")[0]


def test_formulas_that_are_no_feel_are_refused_with_their_key():
    with pytest.raises(InvalidInput, match="'broken'"):
        case_facts(replace(CARD, facts=(Fact("broken", "1 +"),)), [], now=MONDAY)
    with pytest.raises(InvalidInput, match="'speed'"):
        kpi_value(replace(CARD, kpis=(Kpi("speed", NAME, "hours", "lower", "1 +"),)), "speed", facts_of([{}]))
