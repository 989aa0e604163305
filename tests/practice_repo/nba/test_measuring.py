"""What was done to cases on purpose is found again, by the best method that they allow."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from engine.errors import InvalidInput
from practice_repo.card import Kpi
from practice_repo.expectations import Expectation, ExpectedEffect
from practice_repo.measuring import Groups, Measured, actual_effect, groups_of, measure, windows_of
from practice_repo.outcomes.experiment import choose_variant
from processes.customer_base.working_time import WorkingCalendar
from tests.practice_repo.nba.weekly import LIVE, NOW, at, facts, rollout, weeks_of
from tests.practice_repo.outcomes.shop import CARD, NAME


def windows(**about):
    asked = {"rollout": rollout(), "go_live": LIVE, "weeks": 8, "ramp_weeks": 2, "calendar": None, "now": NOW}
    return windows_of(**asked | about)


def measured(found, kpi="mean_hours", *, spans=None, plan=None, definition_ids=frozenset(), experiment=None, **more):
    spans = spans or windows()
    groups = groups_of(found, spans, plan or {}, definition_ids, experiment, NOW)
    rows = measure(CARD, facts(found), spans, groups, **more)
    return next((each for each in rows if each.kpi == kpi), None)


# Methods --------------------------------------------------------------------------------------------------------------


def test_a_change_is_found_between_two_windows():
    chance = random.Random(1)

    found = measured(weeks_of(chance, -8, 0, 10) + weeks_of(chance, 2, 10, 8))

    assert (found.method, found.weight) == ("before-after", 0.4)
    assert (found.baseline, found.after) == (pytest.approx(10, abs=0.5), pytest.approx(8, abs=0.5))
    assert found.change == pytest.approx(-2, abs=3 * found.se)
    assert found.improvement == -found.change
    assert found.n == 2 * 8 * 12
    assert (found.window_start, found.window_end) == (LIVE + timedelta(weeks=2), LIVE + timedelta(weeks=10, days=-1))


def test_what_happened_to_everybody_is_taken_off_where_a_team_went_on_as_before():
    chance = random.Random(2)
    season = [
        weeks_of(chance, first, last, 10 - shift, team="south") for first, last, shift in ((-8, 0, 0), (2, 10, 3))
    ]
    rolled_out = [
        weeks_of(chance, first, last, 12 - shift, team="north") for first, last, shift in ((-8, 0, 0), (2, 10, 5))
    ]
    cases = [case for weeks in (*season, *rolled_out) for case in weeks]

    found = measured(cases, plan={"group": {"variable": "team", "treated": ["north"]}})

    assert found.method == "difference-in-differences"
    assert found.change == pytest.approx(-2, abs=3 * found.se)
    assert found.after - found.baseline == pytest.approx(-5, abs=0.6)


def test_versions_that_others_still_use_are_a_comparison_group():
    chance = random.Random(3)
    stayed = weeks_of(chance, -8, 0, 10, definition_id="old") + weeks_of(chance, 2, 10, 9, definition_id="old")
    changed = weeks_of(chance, -8, 0, 12, definition_id="v1") + weeks_of(chance, 2, 10, 8, definition_id="v2")

    found = measured(stayed + changed, definition_ids=frozenset({"v2"}))

    assert found.method == "difference-in-differences"
    assert found.change == pytest.approx(-3, abs=3 * found.se)


def test_a_few_left_over_cases_of_the_old_version_are_no_comparison_group():
    chance = random.Random(4)
    cases = weeks_of(chance, -8, 0, 10) + weeks_of(chance, 2, 10, 8, definition_id="v2")
    cases += weeks_of(chance, 2, 3, 10, per_week=4)

    assert measured(cases, definition_ids=frozenset({"v2"})).method == "before-after"


def test_a_trend_that_was_there_before_is_not_the_rollouts_effect():
    chance = random.Random(5)

    def trend(step):
        cases = weeks_of(chance, -26, 10, lambda week: 20 - 0.3 * week + (step if week >= 0 else 0), sd=1)
        return measured(cases)

    nothing, something = trend(0), trend(-4)

    assert nothing.method == something.method == "interrupted time series"
    assert nothing.after - nothing.baseline == pytest.approx(-3, abs=0.4)  # what two windows would call an effect
    assert nothing.change == pytest.approx(0, abs=3 * nothing.se)
    assert something.change == pytest.approx(-4, abs=3 * something.se)
    assert something.se < 0.6


def test_a_short_series_without_a_trend_leaves_the_word_to_the_windows():
    methods = []
    for seed in range(8):
        chance = random.Random(seed)
        found = measured(weeks_of(chance, -13, 0, 10) + weeks_of(chance, 0, 10, 8))
        methods.append(found.method)
        assert found.change == pytest.approx(-2, abs=4 * found.se)

    assert methods.count("before-after") >= 6


def test_an_experiment_outweighs_everything():
    chance = random.Random(6)
    cases = weeks_of(chance, -26, 0, 10)
    for case in weeks_of(chance, 0, 10, 10):
        better = choose_variant(case.id, 0.5, "e1") == "challenger"
        hours = case.variables["hours"] - (2 if better else 0)
        changed = replace(case, variables={**case.variables, "hours": hours}, definition_id="v2" if better else "v1")
        cases.append(changed)
    row = SimpleNamespace(
        id="e1",
        champion_definition_id="v1",
        challenger_definition_id="v2",
        kpi="mean_hours",
        planned_cases=100,
        share=0.5,
        guardrails=[],
        started_at=at(LIVE, 0),
        ended_at=None,
    )

    found = measured(cases, experiment=row, definition_ids=frozenset({"v2"}))

    assert (found.method, found.weight) == ("experiment", 1.0)
    assert found.change == pytest.approx(-2, abs=3 * found.se)
    assert (found.window_start, found.window_end) == (LIVE, NOW.date())


def test_without_cases_before_what_people_said_is_a_claim():
    found = measured(weeks_of(random.Random(7), 2, 10, 8), claims={"mean_hours": Decimal(11)})

    assert (found.method, found.weight, found.baseline) == ("claim", 0.1, 11)
    assert found.improvement == pytest.approx(3, abs=0.6)
    assert measured(weeks_of(random.Random(7), 2, 10, 8)) is None


def test_a_sum_of_the_window_has_no_series_of_weeks():
    card = replace(CARD, kpis=(Kpi("count", NAME, "count", "higher", "sum(cases[hours != null].hours)"),))
    found = weeks_of(random.Random(8), -26, 10, lambda week: 20 - 0.3 * week, sd=1)

    [row] = measure(card, facts(found), windows())

    assert row.method == "before-after"


def test_kpis_that_need_the_books_are_left_out():
    chance = random.Random(9)

    assert measured(weeks_of(chance, -8, 0, 10) + weeks_of(chance, 2, 10, 8), "cost_per_case") is None


def test_the_intervals_hold_what_is_true():
    """Nineteen of twenty times: the standard errors are those of the truth."""
    held = 0
    for seed in range(40):
        chance = random.Random(seed)
        found = measured(weeks_of(chance, -6, 0, 10) + weeks_of(chance, 2, 8, 9))
        held += found.effect.low <= -1 <= found.effect.high

    assert held >= 35


def test_a_comparison_group_needs_a_variable_and_values():
    with pytest.raises(InvalidInput, match="variable"):
        groups_of([], windows(), {"group": {"variable": "team"}}, frozenset(), None, NOW)


def test_without_a_known_version_nobody_is_left_to_compare_with():
    cases = weeks_of(random.Random(1), -8, 10, 10)

    assert groups_of(cases, windows(), {}, frozenset(), None, NOW) == Groups()


# Windows --------------------------------------------------------------------------------------------------------------


def test_windows_are_equal_whole_weeks_around_the_ramp():
    found = windows()

    assert [len(each.mondays) for each in (found.before, found.after, found.history)] == [8, 8, 26]
    assert found.before.mondays[-1] == LIVE - timedelta(weeks=1)
    assert found.after.mondays[0] == LIVE + timedelta(weeks=2)
    assert found.gap == 2


def test_only_weeks_that_are_over_count_and_the_ramp_gives_way():
    early = windows(now=at(LIVE + timedelta(weeks=5), 1))
    earlier = windows(now=at(LIVE + timedelta(weeks=1, days=3)))

    assert [len(each.mondays) for each in (early.before, early.after)] == [3, 3]
    assert earlier.after.mondays == (LIVE,)
    assert windows(now=at(LIVE + timedelta(days=6))) is None


def test_the_baseline_ends_before_the_pilot():
    pilot = at(LIVE - timedelta(weeks=4))

    assert windows(rollout=rollout(pilot_at=pilot)).before.mondays[-1] == LIVE - timedelta(weeks=5)


def test_holiday_weeks_are_left_out_on_the_clock_of_the_calendar():
    found = windows(go_live=date(2026, 9, 14), calendar=WorkingCalendar())

    assert found.after.timezone == "Asia/Shanghai"
    assert date(2026, 10, 5) not in found.after.mondays


# Money ----------------------------------------------------------------------------------------------------------------


def row(kpi="mean_hours", improvement=2.0, better="lower", practice="shop"):
    change = -improvement if better == "lower" else improvement
    days = (LIVE, LIVE + timedelta(days=55))
    return Measured(practice, kpi, "hours", better, 10.0, 8.0, change, 0.3, 190, "before-after", *days)


def test_what_was_measured_reads_back_as_it_was_written():
    assert Measured.of_json(row().to_json()) == row()
    assert row().to_json()["improvement"] == 2
    assert row().to_json()["low"] == pytest.approx(-2 - 1.96 * 0.3, abs=0.001)


def test_the_actual_effect_is_the_expectation_with_what_was_measured():
    hours = ExpectedEffect(
        "mean_hours", "shop", change=Decimal(3), volume_per_year=Decimal(1000), unit_value=Decimal(5)
    )
    share = ExpectedEffect(
        "good_share", "shop", change=Decimal("0.1"), volume_per_year=Decimal(1000), unit_value=Decimal(9)
    )
    expectation = Expectation(effects=(hours, share), lump_effect=Decimal(777), full_after_days=0)

    assert actual_effect(expectation, [row()], horizon_days=365) == 10_000
    assert actual_effect(expectation, [row(improvement=-1.0)], horizon_days=365) == -5_000
    assert actual_effect(expectation, [row()], horizon_days=365, stated=Decimal(50)) == 10_050
    assert actual_effect(expectation, [], horizon_days=365, stated=Decimal(50)) == 50
    assert actual_effect(expectation, [], horizon_days=365) is None
    assert actual_effect(expectation, [row(practice="other")], horizon_days=365) is None
