import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from practice_repo.next_best_activity.index import rank_key
from practice_repo.next_best_activity.robustness import Uncertainty, break_even_effect, flips, spreads
from practice_repo.next_best_activity.thompson import Guard, Trial, pick

from .portfolios import candidate

SAFE, BOLD = candidate("safe", 200, 100), candidate("bold", 190, 100)
SPREAD = {"safe": Uncertainty(1), "bold": Uncertainty(80)}
TRIALS = {"safe": Trial(True, True), "bold": Trial(True, True)}


def test_the_spread_of_s_follows_from_the_spread_of_the_effect():
    found = spreads([SAFE, BOLD], SPREAD)["bold"]

    assert found.p50 == pytest.approx(0.9, abs=0.05)
    assert found.p10 == pytest.approx(0.9 - 1.2816 * 0.8, abs=0.08)
    assert found.p90 == pytest.approx(0.9 + 1.2816 * 0.8, abs=0.08)
    assert found.positive == pytest.approx(0.87, abs=0.03)
    assert found.best == pytest.approx(0.45, abs=0.04)


def test_the_probabilities_of_being_best_sum_to_one_and_repeat():
    found = spreads([SAFE, BOLD, candidate("c", 50, 100)], SPREAD)

    assert sum(each.best for each in found.values()) == pytest.approx(1)
    assert found == spreads([BOLD, candidate("c", 50, 100), SAFE], SPREAD)


def test_a_costless_practice_has_no_s_but_a_chance():
    found = spreads([candidate("gift", 5, 0), SAFE], {})["gift"]

    assert (found.p50, found.positive, found.best) == (None, 1, 1)


def test_a_flip_is_where_another_one_draws_level():
    best, other = candidate("a", 300, 100), candidate("b", 160, 80)

    flip = flips([other, best])[0]

    assert (flip.id, flip.effect, flip.cost) == ("b", 240, Fraction(160, 3))
    assert str(flip) == "b would be picked with an effect above 240.00, or a cost below 53.33"
    assert rank_key(replace(other, effect=Decimal("240.01"))) < rank_key(best)
    assert rank_key(replace(other, effect=Decimal("239.99"))) > rank_key(best)


def test_nothing_overtakes_a_costless_benefit():
    assert flips([candidate("gift", 5, 0), SAFE]) == []
    assert break_even_effect(SAFE) == 100


def test_exploration_is_off_by_default():
    found = pick([SAFE, BOLD], SPREAD, TRIALS, Decimal(10_000), Guard(), random.Random(1))

    assert (found.id, found.is_exploring) == ("safe", False)


def test_a_guarded_draw_sometimes_tries_what_may_be_better():
    chance = random.Random(1)
    picks = [pick([SAFE, BOLD], SPREAD, TRIALS, Decimal(10_000), Guard(is_on=True), chance) for _ in range(200)]

    explored = [each for each in picks if each.is_exploring]

    assert 60 < len(explored) < 120
    assert {each.id for each in explored} == {"bold"}


@pytest.mark.parametrize(
    ("trial", "budget", "reason"),
    [
        (Trial(False, True), 10_000, "cannot be undone"),
        (Trial(True, False), 10_000, "its outcome would not be measured"),
        (Trial(True, True), 500, "costs 100, more than 50.0"),
    ],
)
def test_what_is_irreversible_unmeasured_or_dear_is_never_explored(trial, budget, reason):
    chance, trials = random.Random(1), {"safe": TRIALS["safe"], "bold": trial}

    picks = [pick([SAFE, BOLD], SPREAD, trials, Decimal(budget), Guard(is_on=True), chance) for _ in range(50)]

    assert not any(each.is_exploring for each in picks)
    assert picks[0].barred["bold"] == reason
