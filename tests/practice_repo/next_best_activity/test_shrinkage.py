import random
import statistics

import pytest

from engine.errors import InvalidInput
from practice_repo.next_best_activity.shrinkage import (
    Outcome,
    dersimonian_laird,
    paule_mandel,
    pool,
    publish,
    shrink,
    similarity,
    with_expert,
)


def outcomes_of(truths: dict[str, float], each: int, noise: float = 1.0, **more) -> list[Outcome]:
    chance = random.Random(7)
    return [
        Outcome(key, chance.gauss(truth, noise), noise, "experiment", **more)
        for key, truth in truths.items()
        for _ in range(each)
    ]


def test_both_estimators_find_how_much_practices_differ():
    chance = random.Random(1)
    values = [chance.gauss(0, (4 + 1) ** 0.5) for _ in range(3000)]

    assert paule_mandel(values, [1.0] * 3000) == pytest.approx(4, rel=0.1)
    assert dersimonian_laird(values, [1.0] * 3000) == pytest.approx(4, rel=0.1)


def test_paule_mandel_solves_its_equation_where_variances_differ():
    values, variances = [0.0, 3.0, 5.0, 9.0], [1.0, 0.5, 2.0, 4.0]

    between = paule_mandel(values, variances)
    weights = [1 / (variance + between) for variance in variances]
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)

    assert sum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True)) == pytest.approx(3)


def test_values_that_differ_no_more_than_their_noise_differ_not_at_all():
    assert paule_mandel([1.0, 1.1, 0.9], [1.0] * 3) == dersimonian_laird([1.0, 1.1, 0.9], [1.0] * 3) == 0


def test_little_evidence_is_drawn_to_the_segment_and_much_is_not():
    truths = {f"P{n}": float(n) for n in range(10)}
    little, much = shrink(outcomes_of(truths, 1)), shrink(outcomes_of(truths, 50))

    assert little["P9"].weight < much["P9"].weight
    assert much["P9"].mean == pytest.approx(9, abs=0.5)
    assert much["P9"].deviation < little["P9"].deviation


def test_the_best_of_many_noisy_numbers_promises_less_after_shrinkage():
    truths = {f"P{n}": 1.0 + 0.01 * n for n in range(40)}
    noisy = outcomes_of(truths, 1)

    raw = max(outcome.value for outcome in noisy)
    shrunk = max(estimate.mean for estimate in shrink(noisy).values())

    assert abs(shrunk - 1.2) < abs(raw - 1.2) / 2


def test_intervals_hold_what_they_promise():
    chance = random.Random(3)
    truths = {f"P{n}": chance.gauss(2, 1) for n in range(400)}
    estimates = shrink(outcomes_of(truths, 4))

    inside = [abs(truths[key] - each.mean) <= 1.2816 * each.deviation for key, each in estimates.items()]

    assert 0.75 <= statistics.fmean(inside) <= 0.85


@pytest.mark.parametrize(
    ("practices_in_family_and_industry", "practices_in_family", "segment"),
    [(3, 0, "family scoring in banking"), (1, 2, "family scoring"), (1, 1, "area sales")],
)
def test_a_thin_segment_gives_way_to_the_next_wider_one(practices_in_family_and_industry, practices_in_family, segment):
    inside = [f"in{n}" for n in range(practices_in_family_and_industry)]
    outcomes = [Outcome(key, 1, 1, family="scoring", industry="banking", area="sales") for key in inside]
    outcomes += [
        Outcome(f"out{n}", 1, 1, family="scoring", industry="retail", area="sales") for n in range(practices_in_family)
    ]
    outcomes += [Outcome("other", 1, 1, family="quotes", area="sales")]

    found = shrink(outcomes, industry="banking")["in0"]

    assert found.segment == segment
    assert found.said == f"based on 1 deployments, 1 in your industry; rest from {segment}"


def test_a_practice_without_relatives_falls_back_on_all():
    assert shrink([Outcome("a", 1, 1), Outcome("b", 2, 1)])["a"].segment == "all practices"


def test_strong_methods_and_near_contexts_count_for_more():
    strong = Outcome("a", 10, 1, "experiment")
    weak, distant = Outcome("a", 0, 1, "claim"), Outcome("a", 0, 1, "experiment", similarity=similarity(3))

    assert strong.variance < weak.variance
    assert strong.variance < distant.variance
    assert pool([Outcome("a", 1, 1, "experiment"), Outcome("a", 0, 1, "claim")])[0] > 0.9


def test_nothing_is_published_from_fewer_than_three_enterprises():
    two = [Outcome("a", 1, 1, enterprise=name) for name in ("x", "x", "y")]

    assert publish(two) is None
    assert publish([*two, Outcome("a", 1, 1, enterprise="z")]).enterprises == 3


def test_an_expert_who_was_often_wrong_counts_for_little():
    library = shrink(outcomes_of({"a": 5.0, "b": 1.0, "c": 3.0}, 4))["a"]

    sure, _ = with_expert(library, 0, past_error=0.1)
    unsure, _ = with_expert(library, 0, past_error=100)

    assert abs(sure) < 0.5
    assert unsure == pytest.approx(library.mean, abs=0.1)
    assert with_expert(None, 4, past_error=2) == (4, 2)


@pytest.mark.parametrize(
    "wrong", [{"method": "rumour"}, {"standard_error": 0}, {"value": float("nan")}, {"similarity": 0}]
)
def test_outcomes_that_say_nothing_are_refused(wrong):
    with pytest.raises(InvalidInput, match="xpected"):
        Outcome(**{"practice": "a", "value": 1, "standard_error": 1, **wrong})
