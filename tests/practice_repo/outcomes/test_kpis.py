import random
from decimal import Decimal
from statistics import fmean, stdev

import pytest

from engine.errors import NotFound
from practice_repo.outcomes.formulas import used
from practice_repo.outcomes.kpis import kpi_value, kpi_values
from tests.practice_repo.outcomes.shop import CARD, cases, facts_of


def test_a_formula_tells_the_fields_it_reads_of_which_rows():
    reads = used('sum(for c in cases[deal = "won" and plan > 0] return c.net) / target', frozenset({"cases", "visits"}))

    assert reads.fields == {("cases", "deal"), ("cases", "plan"), ("cases", "net")}
    assert reads.names == {"cases", "target"}


def test_a_field_may_be_called_like_a_collection():
    reads = used("count(cases[visits > 0]) / count(visits[on_time = true])", frozenset({"cases", "visits"}))

    assert reads.fields == {("cases", "visits"), ("visits", "on_time")}


def test_a_mean_has_the_spread_of_its_cases():
    facts = cases(random.Random(7), 400)
    hours = [float(each.values["hours"]) for each in facts]

    found = kpi_value(CARD, "mean_hours", facts)

    assert float(found.value) == pytest.approx(fmean(hours))
    assert found.n == 400
    assert found.sd == pytest.approx(stdev(hours), rel=0.3)


@pytest.mark.parametrize(("key", "truth"), [("mean_hours", 10), ("median_hours", 10), ("good_share", 0.7)])
def test_the_interval_holds_the_truth_about_19_times_out_of_20(key, truth):
    chance = random.Random(11)
    held = 0
    for _ in range(30):
        found = kpi_value(CARD, key, cases(chance, 80))
        held += abs(float(found.value) - truth) <= 1.96 * found.standard_error

    assert held >= 25


def test_cases_that_do_not_tell_a_kpi_do_not_count():
    found = kpi_value(CARD, "mean_hours", facts_of([{"hours": 4}, {"hours": 6}, {"hours": None}, {}]))

    assert (found.value, found.n) == (5, 2)


def test_without_cases_a_kpi_has_no_value():
    found = kpi_value(CARD, "mean_hours", [])

    assert (found.value, found.n, found.sd) == (None, 0, None)


def test_a_figure_of_the_books_is_asked_for():
    facts = facts_of([{"hours": 4}, {"hours": 6}])

    assert kpi_value(CARD, "cost_per_case", facts).missing == ("wages",)
    assert kpi_value(CARD, "cost_per_case", facts, figures={"wages": 300}).value == Decimal(150)


def test_all_kpis_of_a_card_come_at_once():
    assert set(kpi_values(CARD, facts_of([{"hours": 4}]))) == {kpi.key for kpi in CARD.kpis}


def test_an_unknown_kpi_is_named_with_those_there_are():
    with pytest.raises(NotFound, match="mean_hours"):
        kpi_value(CARD, "speed", [])


def test_the_same_cases_give_the_same_spread_in_any_order():
    facts = cases(random.Random(3), 90)

    assert kpi_value(CARD, "median_hours", facts).sd == kpi_value(CARD, "median_hours", facts[::-1]).sd
