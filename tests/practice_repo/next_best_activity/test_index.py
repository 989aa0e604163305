from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice_repo.next_best_activity.candidate import InvalidPortfolio
from practice_repo.next_best_activity.index import index_of, rank_key

from .portfolios import candidate

AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=2)
COSTS = st.decimals(min_value=0, max_value=1000, places=2)


def test_the_index_is_the_net_benefit_per_cost_and_exact():
    index = index_of(candidate("a", 100, 120))

    assert (index.kind, index.value, index.net) == ("finite", Fraction(-1, 6), Decimal(-20))


@pytest.mark.parametrize(
    ("effect", "cost", "kind"),
    [
        (50, 0, "costless"),
        (-5, 0, "costless"),
        (0, 0, "no-op"),
        (None, 5, "needs estimate"),
        (5, None, "needs estimate"),
    ],
)
def test_cases_that_the_division_leaves_open_have_a_class_and_no_value(effect, cost, kind):
    index = index_of(candidate("a", effect, cost))

    assert (index.kind, index.value) == (kind, None)


def test_a_negative_cost_is_refused_with_the_way_out():
    with pytest.raises(InvalidPortfolio, match="a saving belongs to the effect"):
        candidate("a", 10, -1)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e100"])
def test_amounts_that_nobody_can_compute_with_are_refused(amount):
    with pytest.raises(InvalidPortfolio, match="finite effect"):
        candidate("a", amount, 1)


def test_costless_benefits_go_first_and_costless_losses_last():
    items = [candidate("loss", -1, 0), candidate("bad", -500, 1), candidate("good", 900, 1), candidate("gift", 1, 0)]

    assert [each.id for each in sorted(items, key=rank_key)] == ["gift", "good", "bad", "loss"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (candidate("b", 180, 60), candidate("a", 90, 30)),  # larger net benefit
        (candidate("b", 10, 10), candidate("a", 20, 20)),  # smaller cost
        (candidate("b", 20, 10, duration_days=1), candidate("a", 20, 10, duration_days=2)),
        (candidate("b", 20, 10, evidence=3), candidate("a", 20, 10)),
        (candidate("a", 20, 10), candidate("b", 20, 10)),  # id
    ],
)
def test_equal_indexes_are_told_apart_in_a_fixed_order(first, second):
    assert rank_key(first) < rank_key(second)


def test_indexes_that_differ_in_the_fortieth_digit_are_not_equal():
    better = candidate("b", "1." + "0" * 38 + "1", 1)
    worse = candidate("a", 1, 1)

    assert rank_key(better) < rank_key(worse)


@given(AMOUNTS, COSTS, AMOUNTS, COSTS)
def test_the_order_is_the_order_of_the_exact_fractions(effect, cost, other_effect, other_cost):
    one, other = candidate("a", effect, cost), candidate("b", other_effect, other_cost)
    if not cost or not other_cost or index_of(one).value == index_of(other).value:
        return

    assert (rank_key(one) < rank_key(other)) == (index_of(one).value > index_of(other).value)
