import random

import pytest

from engine.errors import InvalidInput
from practice_repo.outcomes.effects import (
    before_after,
    difference_in_differences,
    experiment_effect,
    interrupted_time_series,
)
from practice_repo.outcomes.kpis import kpi_value
from tests.practice_repo.outcomes.shop import CARD, cases

TRUE_CHANGE = -2.0


def hours(chance, mean, count=80):
    return kpi_value(CARD, "mean_hours", cases(chance, count, hours=mean))


def test_before_and_after_finds_the_change_when_nothing_else_happens():
    chance = random.Random(5)

    held = sum(
        effect.low <= TRUE_CHANGE <= effect.high
        for effect in (before_after(hours(chance, 10), hours(chance, 8)) for _ in range(30))
    )

    assert held >= 26


def test_a_comparison_group_takes_off_what_happened_to_all():
    chance = random.Random(6)
    parts = hours(chance, 10, 200), hours(chance, 11, 200), hours(chance, 12, 200), hours(chance, 15, 200)

    naive, compared = before_after(*parts[:2]), difference_in_differences(*parts)

    assert naive.change > 0.5  # a season made all cases slower by 3 hours
    assert compared.low <= TRUE_CHANGE <= compared.high
    assert compared.improvement == -compared.change > 0
    assert (naive.weight, compared.weight, experiment_effect(*parts[:2]).weight) == (0.4, 0.7, 1.0)


def test_a_series_takes_off_its_own_trend():
    chance = random.Random(8)
    before = [10 - 0.2 * week + chance.gauss(0, 0.3) for week in range(20)]
    after = [10 - 0.2 * week - 2 + chance.gauss(0, 0.3) for week in range(20, 40)]

    effect = interrupted_time_series("mean_hours", before, after, better="lower")

    assert effect.low <= TRUE_CHANGE <= effect.high
    assert effect.high - effect.low < 1.5
    assert sum(after) / 20 - sum(before) / 20 == pytest.approx(-6, abs=0.3)  # what before and after would have said


def test_a_series_without_a_change_seldom_shows_one():
    chance = random.Random(9)

    false_alarms = 0
    for _ in range(100):
        weeks = [5 + 0.1 * week + chance.gauss(0, 1) for week in range(40)]
        false_alarms += interrupted_time_series("x", weeks[:20], weeks[20:]).p_value < 0.05

    assert false_alarms <= 12


def test_too_few_cases_are_not_compared():
    with pytest.raises(InvalidInput, match="take more weeks"):
        before_after(hours(random.Random(1), 10, 1), hours(random.Random(1), 10))


def test_windows_of_two_kpis_are_not_compared():
    chance = random.Random(1)
    other = kpi_value(CARD, "good_share", cases(chance, 50))

    with pytest.raises(InvalidInput, match="one KPI"):
        before_after(hours(chance, 10), other)


def test_a_short_series_is_refused():
    with pytest.raises(InvalidInput, match="4 weeks"):
        interrupted_time_series("x", [1, 2, 3], [1, 2, 3, 4])
