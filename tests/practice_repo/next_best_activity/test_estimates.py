from decimal import Decimal

import pytest

from engine.errors import InvalidInput
from practice_repo.next_best_activity.estimates import (
    CostDriver,
    EffectDriver,
    Project,
    Ramp,
    cost_factor,
    cost_of,
    effect_of,
    tornado,
)

LEADS = EffectDriver("win_rate", Decimal("0.02"), Decimal(1000), Decimal(150))  # 3,000 a year


def test_an_effect_is_change_times_volume_times_value():
    assert effect_of([LEADS], 365) == Decimal("3000.00")


def test_a_ramp_brings_half_of_its_days():
    ramp = Ramp(go_live_day=65, full_after_days=100)

    assert ramp.days_of_full_effect(365) == 250
    assert ramp.days_of_full_effect(115) == Decimal("12.5")
    assert ramp.days_of_full_effect(60) == 0


def test_side_effects_are_taken_off():
    assert effect_of([LEADS], 365, run_effects=Decimal(500)) == Decimal("2500.00")


def test_a_cost_has_a_reserve_for_resistance_a_factor_and_its_run_cost():
    drivers = [
        CostDriver("workshop", hours=Decimal(10), hourly_rate=Decimal(50)),
        CostDriver("adapter", amount=Decimal(500)),
        CostDriver("licence", amount=Decimal(365), per_year=True),
    ]

    cost = cost_of(drivers, 365, go_live_day=165, resistance_share=Decimal("0.1"), factor=Decimal("1.2"))

    assert cost == Decimal("1520.00")  # 1000 * 1.2 * 1.1 + 200


def test_the_cost_factor_of_a_family_is_the_median_and_p80_of_its_overruns():
    projects = [Project(Decimal(100), Decimal(actual), "scoring") for actual in (100, 150, 200)]

    factor = cost_factor(projects, family="scoring")

    assert (factor.median, factor.projects, factor.reference_class) == (Decimal("1.5000"), 3, "family scoring")
    assert Decimal("1.5") < factor.p80 < Decimal("2")


def test_a_family_with_two_projects_borrows_from_its_area():
    projects = [Project(Decimal(100), Decimal(200), "scoring", "sales")] * 2
    projects += [Project(Decimal(100), Decimal(110), "quotes", "sales")] * 3

    assert cost_factor(projects, "scoring", "sales").reference_class == "area sales"
    assert cost_factor(projects[:2], "scoring", "sales").median == 1


def test_costs_of_nothing_are_refused():
    with pytest.raises(InvalidInput, match="above 0"):
        cost_factor([Project(Decimal(0), Decimal(5))])


def test_the_tornado_starts_with_what_moves_the_effect_most():
    speed = EffectDriver("hours", Decimal(1), Decimal(100), Decimal(40))

    bars = tornado(
        [speed, LEADS],
        {"win_rate": (Decimal("0.01"), Decimal("0.03")), "hours": (Decimal("0.9"), Decimal("1.1"))},
        365,
    )

    assert bars == [
        ("win_rate", Decimal("5500.00"), Decimal("8500.00")),
        ("hours", Decimal("6600.00"), Decimal("7400.00")),
    ]
