import math
import random
from statistics import NormalDist

import pytest

from engine.errors import InvalidInput
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, Experiment, Guardrail, choose_variant, judge
from practice_repo.outcomes.sequential import bounds, spent
from tests.practice_repo.outcomes.shop import CARD, facts_of


def trial(**changes) -> Experiment:
    return Experiment(**{"key": "e1", "champion_definition_id": "v1", "challenger_definition_id": "v2"} | changes)


def outcomes(experiment, count, *, chance, challenger=0.0, good=0.0):
    """Cases that went the way of their key; the challenger's take that many hours more and are that much better."""
    found = []
    for number in range(count):
        definition_id = experiment.definition_for(f"case-{number}")
        extra, better = (challenger, good) if definition_id == "v2" else (0.0, 0.0)
        row = {"hours": round(chance.gauss(10 + extra, 3), 4), "good": chance.random() < 0.7 + better}
        found += facts_of([row], first=number, definition_id=definition_id)
    return found


def test_the_bounds_are_those_of_the_literature():
    assert bounds((0.2, 0.4, 0.6, 0.8, 1.0)) == pytest.approx((4.8769, 3.3569, 2.6803, 2.2898, 2.0310), abs=2e-3)


def test_one_look_at_the_end_is_the_plain_test():
    assert bounds((1.0,))[0] == pytest.approx(1.95996, abs=1e-4)


def test_the_whole_alpha_is_spent_at_the_end_and_never_more():
    assert spent(0) == 0
    assert spent(0.3) < spent(0.6) < spent(1.0) == spent(1.5) == pytest.approx(0.05)


def test_looking_ten_times_raises_the_false_alarms_not_above_alpha():
    chance, edges = random.Random(21), bounds(tuple(look / 10 for look in range(1, 11)))
    alarms = naive = 0
    for _ in range(1000):
        total, seen, seen_naive = 0.0, False, False
        for look in range(1, 11):
            total += chance.gauss(0, math.sqrt(0.1))
            z = abs(total) / math.sqrt(look / 10)
            seen, seen_naive = seen or z >= edges[look - 1], seen_naive or z >= 1.96
        alarms, naive = alarms + seen, naive + seen_naive

    assert alarms / 1000 == pytest.approx(0.05, abs=0.02)
    assert naive / 1000 > 0.15


@pytest.mark.parametrize("shares", [(), (0.5, 0.4), (0.0, 1.0), (0.5, 1.2), (0.5, 0.5)])
def test_looks_that_go_back_are_refused(shares):
    with pytest.raises(InvalidInput, match="rising shares"):
        bounds(shares)


def test_a_key_always_goes_the_same_way():
    assert {choose_variant("SO-1", 0.3, "e1") for _ in range(5)} == {choose_variant("SO-1", 0.3, "e1")}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_challenger_gets_its_share(share):
    got = sum(choose_variant(f"case-{number}", share, "e1") == CHALLENGER for number in range(4000)) / 4000

    assert got == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000))


def test_experiments_do_not_choose_alike():
    both = sum(choose_variant(f"case-{n}", 0.5, "e1") == choose_variant(f"case-{n}", 0.5, "e2") for n in range(4000))

    assert both / 4000 == pytest.approx(0.5, abs=0.04)


def test_a_better_challenger_wins_before_all_cases_are_in():
    experiment = trial(kpi="mean_hours", planned_cases=400)

    verdict = judge(CARD, experiment, outcomes(experiment, 240, chance=random.Random(1), challenger=-3))

    assert (verdict.state, verdict.is_final) == ("challenger_better", True)
    assert verdict.effect.low <= -3 <= verdict.effect.high
    assert verdict.z >= verdict.bound > NormalDist().inv_cdf(0.975)


def test_a_worse_challenger_loses():
    experiment = trial(kpi="mean_hours", planned_cases=240)

    verdict = judge(CARD, experiment, outcomes(experiment, 240, chance=random.Random(2), challenger=3))

    assert verdict.state == "champion_better"


def test_alike_variants_end_without_a_difference_and_not_before():
    experiment = trial(kpi="mean_hours", planned_cases=200)
    facts = outcomes(experiment, 200, chance=random.Random(3))

    early, late = judge(CARD, experiment, facts[:100]), judge(CARD, experiment, facts, earlier_looks=(0.5,))

    assert (early.state, late.state) == ("continue", "no_difference")


def test_a_guardrail_stops_a_challenger_that_is_faster_but_worse():
    experiment = trial(kpi="mean_hours", planned_cases=1000, guardrails=(Guardrail("good_share", 0.05),))

    verdict = judge(CARD, experiment, outcomes(experiment, 200, chance=random.Random(4), challenger=-2, good=-0.4))

    assert (verdict.state, verdict.broken_guardrails) == ("guardrail", ("good_share",))


def test_cases_that_somebody_sent_the_other_way_do_not_count():
    experiment = trial(kpi="mean_hours", planned_cases=100)
    other = {"v1": "v2", "v2": "v1"}
    facts = [
        facts_of([{"hours": 1}], first=n, definition_id=other[experiment.definition_for(f"case-{n}")])[0]
        for n in range(30)
    ]

    assert judge(CARD, experiment, facts).information == 0


def test_a_handful_of_cases_says_nothing():
    experiment = trial(kpi="mean_hours", planned_cases=100)

    verdict = judge(CARD, experiment, outcomes(experiment, 12, chance=random.Random(5), challenger=-9))

    assert (verdict.state, verdict.effect) == ("continue", None)


@pytest.mark.parametrize("changes", [{"share": 0.0}, {"share": 1.0}, {"planned_cases": 5}])
def test_an_experiment_that_cannot_tell_anything_is_refused(changes):
    with pytest.raises(InvalidInput):
        trial(**{"kpi": "mean_hours", "planned_cases": 100} | changes)


def test_variant_names_are_champion_and_challenger():
    assert {choose_variant(f"k{n}") for n in range(50)} == {CHAMPION, CHALLENGER}
