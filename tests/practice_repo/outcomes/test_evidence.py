import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.errors import InvalidInput
from practice_repo.next_best_activity.shrinkage import shrink
from practice_repo.outcomes.benchmark import Measured, measured_of, midline, percentile, time_to_median
from practice_repo.outcomes.effects import before_after
from practice_repo.outcomes.evidence import Evidence, evidence_level, evidence_of, releasable
from practice_repo.outcomes.kpis import kpi_value
from tests.practice_repo.outcomes.shop import CARD, cases

AT = datetime(2026, 6, 1, tzinfo=UTC)


def record(seed=1, **changes) -> Evidence:
    chance = random.Random(seed)
    before = kpi_value(CARD, "mean_hours", cases(chance, 100, hours=10))
    after = kpi_value(CARD, "mean_hours", cases(chance, 100, hours=8))
    made = evidence_of(
        before_after(before, after),
        before,
        after,
        package_digest="d" * 64,
        item="shop",
        version="1.0.0",
        enterprise="company-a",
        window=(date(2026, 4, 6), date(2026, 6, 1)),
        at=AT,
        context={"industry": "retail"},
    )
    return replace(made, **changes)


def test_evidence_keeps_what_was_measured():
    made = record()

    assert (made.method, made.weight, made.better, made.unit) == ("before-after", 0.4, "lower", "hours")
    assert made.improvement == pytest.approx(2, abs=1.2)
    assert made.n == 200
    assert made.standard_error == pytest.approx(3 * (2 / 100) ** 0.5, rel=0.35)


def test_evidence_becomes_an_outcome_that_can_be_shrunk():
    outcomes = [record(seed, enterprise=f"company-{seed}").outcome(family="sales") for seed in range(6)]

    learnt = shrink(outcomes, "retail")["shop"]

    assert learnt.mean == pytest.approx(0.2, abs=0.04)  # 2 of 10 hours
    assert (learnt.outcomes, learnt.in_industry) == (6, 6)


def test_without_a_baseline_there_is_no_share_of_it():
    assert record(baseline=0.0).outcome() is None


@pytest.mark.parametrize("changes", [{"method": "guess"}, {"n": 0}, {"sd": -1.0}, {"adoption_rate": 1.2}])
def test_evidence_that_cannot_be_is_refused(changes):
    with pytest.raises(InvalidInput):
        record(**changes)


def test_the_level_of_evidence_grows_with_enterprises_and_method():
    measured = [record(enterprise=name) for name in ("a", "b", "c")]

    assert evidence_level([]) == evidence_level([record(method="claim")]) == 0
    assert evidence_level(measured[:2]) == 1
    assert evidence_level(measured) == 2
    assert evidence_level([record(method="experiment")]) == 3
    assert evidence_level([record(method="experiment", success=False)]) == 0


PEERS = [Measured(f"company-{n}", "win_rate", value, "machinery") for n, value in enumerate((0.1, 0.2, 0.3, 0.4, 0.5))]


def test_the_midline_gives_quartiles_and_the_own_place():
    found = midline(PEERS, "win_rate", industry="machinery", own=0.35)

    assert (found.lower, found.median, found.upper, found.enterprises) == (0.2, 0.3, 0.4, 5)
    assert found.own_percentile == 60
    assert midline(PEERS, "win_rate", own=0.35, better="lower").own_percentile == 40


def test_fewer_than_three_others_are_never_shown():
    assert midline(PEERS[:2], "win_rate") is None
    assert midline(PEERS[:3], "win_rate", own_enterprise="company-0") is None
    assert midline(PEERS[:3], "win_rate").enterprises == 3


def test_many_values_of_one_enterprise_count_once():
    assert midline([Measured("company-1", "win_rate", value) for value in (0.1, 0.2, 0.3)], "win_rate") is None


def test_a_small_industry_is_shown_all_enterprises():
    found = midline([*PEERS, Measured("clinic", "win_rate", 0.9, "health")], "win_rate", industry="health")

    assert (found.industry, found.enterprises) == ("", 6)


def test_examples_stand_in_and_are_marked():
    examples = [Measured(f"example-{n}", "dso_days", 30 + n, illustrative=True) for n in range(4)]

    assert midline(examples, "dso_days").illustrative
    real = [Measured(f"company-{n}", "dso_days", 50.0 + n) for n in range(3)]
    assert (midline([*examples, *real], "dso_days").illustrative, midline([*examples, *real], "dso_days").median) == (
        False,
        51,
    )


def test_the_newest_value_of_an_enterprise_counts():
    records = [record(after=5.0, at=AT + timedelta(days=9)), record(after=9.0)]
    records += [record(after=7.0, enterprise=name) for name in ("b", "c")]

    assert midline(measured_of(records), "mean_hours", industry="retail").median == pytest.approx(19 / 3, abs=0.01)


def test_no_number_of_a_midline_is_one_enterprises_value():
    values = [0.11, 0.17, 0.31, 0.42, 0.58, 0.83, 0.97]

    for count in (3, 4, 5, 6, 7):
        peers = [Measured(f"company-{n}", "win_rate", value) for n, value in enumerate(values[:count])]
        found = midline(peers, "win_rate")
        assert not {found.lower, found.median, found.upper} & set(values)
        assert (found.lower is None) == (found.upper is None) == (count < 5)


def test_a_value_between_known_quartiles_has_a_percentile():
    assert percentile(0.3, 0.2, 0.3, 0.5) == 50
    assert percentile(0.25, 0.2, 0.3, 0.5) == 37.5
    assert percentile(0.25, 0.2, 0.3, 0.5, "lower") == 62.5
    assert (percentile(9, 0.2, 0.3, 0.5), percentile(-9, 0.2, 0.3, 0.5)) == (99, 1)


def test_others_records_are_released_in_batches_of_three_enterprises():
    days = [record(enterprise=name, at=AT + timedelta(days=day)) for day, name in enumerate("aabcadeaf")]

    def released(own="", until=len(days)):
        return "".join(each.enterprise for each in releasable(days[:until], own))

    assert [released(until=count) for count in (3, 4, 6, 7)] == ["", "aabc", "aabc", "aabcade"]
    assert released() == "aabcade"  # a again, and f: a batch of two
    assert sorted(set(released("a"))) == ["a", "b", "c", "d"]


def test_the_time_to_the_median_ends_when_the_kpi_stays_there():
    assert time_to_median([0.1, 0.3, 0.1, None, 0.3, 0.4], 0.3) == 4
    assert time_to_median([5, 4, 3], 3, "lower") == 2
    assert time_to_median([0.1], 0.3) is None
