import random
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

import pytest

from practice_repo.next_best_activity.availability import Exclusion
from practice_repo.next_best_activity.candidate import (
    Budget,
    Horizon,
    InvalidPortfolio,
    Portfolio,
    Standing,
    Synergy,
)
from practice_repo.next_best_activity.plan import make_plan

from .portfolios import candidate, net, the_test_vector


def chosen(plan) -> set[str]:
    return {each.id for each in plan.placements}


def days(plan) -> dict[str, tuple[int, int]]:
    return {each.id: (each.start, each.finish) for each in plan.placements}


def reasons(plan) -> dict[str, str]:
    return {each.id: each.reason for each in plan.left_out}


def test_the_plan_finds_the_optimum_of_510():
    plan = make_plan(the_test_vector())

    assert [each.id for each in plan.placements] == ["P5", "P1", "P2", "P3", "P4"]
    assert (plan.value, plan.status, plan.gap) == (510, "optimal", 0)
    assert reasons(plan) == {"P6": "excluded by P4, which the plan holds"}


def test_the_explanation_holds_the_plan_against_the_pick_of_the_paper():
    portfolio = Portfolio(tuple(each for each in the_test_vector().candidates if each.id in ("P3", "P4", "P6")))

    plan = make_plan(portfolio)

    assert plan.placements[0].id == "P3"
    assert plan.trace == (
        "The plan starts with P3 and is worth 280 (optimal); the paper's loop to its end 50.",
        "The paper's scan picks P6 with S = 0.50.",
        "P3 comes first because it opens P4: together S = 1.27 (14/11).",
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_other_choice_is_worth_more(seed):
    chance = random.Random(seed)
    candidates = [
        candidate(
            f"P{n}",
            chance.randint(0, 100),
            chance.randint(1, 50),
            prerequisites=tuple({f"P{chance.randrange(n)}"}) if n and chance.random() < 0.5 else (),
            excludes=(f"P{chance.randrange(8)}",) if chance.random() < 0.2 else (),
        )
        for n in range(8)
    ]
    candidates = [replace(each, excludes=tuple(set(each.excludes) - {each.id})) for each in candidates]
    portfolio = Portfolio(tuple(candidates), Budget(Decimal(90)))

    best = max(
        net(portfolio, choice)
        for size in range(9)
        for choice in combinations(sorted(portfolio.by_id), size)
        if is_allowed(portfolio, choice)
    )

    assert make_plan(portfolio).value == best


def is_allowed(portfolio: Portfolio, choice: tuple[str, ...]) -> bool:
    members = [portfolio.by_id[key] for key in choice]
    return (
        sum(each.cost for each in members) <= portfolio.budget.total
        and all(set(each.prerequisites) <= set(choice) for each in members)
        and not any(set(each.excludes) & set(choice) for each in members)
    )


def test_staff_and_windows_decide_when():
    analyst = {"analyst": Decimal(1)}
    portfolio = Portfolio(
        (
            candidate("a", 90, 10, duration_days=20, staff=analyst),
            candidate("b", 50, 10, duration_days=20, staff=analyst),
            candidate("c", 40, 10, duration_days=10, window=(45, 60)),
        ),
        horizon=Horizon(60),
        staff=analyst,
    )

    plan = make_plan(portfolio)

    assert days(plan) == {"a": (0, 20), "b": (20, 40), "c": (45, 55)}


def test_parallel_rollouts_are_limited():
    portfolio = Portfolio(
        tuple(candidate(key, 90, 10, duration_days=20) for key in "abc"), horizon=Horizon(40), parallel=1
    )

    plan = make_plan(portfolio)

    assert sorted(days(plan).values()) == [(0, 20), (20, 40)]


def test_half_heads_are_counted_exactly():
    half = {"analyst": Decimal("0.5")}
    portfolio = Portfolio(
        tuple(candidate(key, 90, 10, duration_days=30, staff=half) for key in "abc"),
        horizon=Horizon(30),
        staff={"analyst": Decimal("1.4")},
    )

    assert len(make_plan(portfolio).placements) == 2


def test_costs_are_charged_to_the_period_of_the_start():
    portfolio = Portfolio(
        tuple(candidate(key, 90, 10) for key in "abcd"),
        Budget(None, (Decimal(10), Decimal(0), Decimal(20))),
        Horizon(90, 30),
    )

    plan = make_plan(portfolio)

    assert sorted(start for start, _ in days(plan).values()) == [0, 60, 60]
    assert list(reasons(plan).values()) == ["d finds no room in staff, windows or the budgets of the periods"]


def test_lags_and_durations_separate_a_practice_from_its_prerequisite():
    portfolio = Portfolio(
        (
            candidate("base", 0, 10, duration_days=20),
            candidate("top", 90, 10, prerequisites=("base",), lag_days=5, duration_days=10),
        ),
        horizon=Horizon(35),
    )

    assert days(make_plan(portfolio)) == {"base": (0, 20), "top": (25, 35)}
    too_short = replace(portfolio, horizon=Horizon(34))
    assert reasons(make_plan(too_short)) == {
        "base": "base would add -10 to the net benefit",
        "top": "cannot end in time: it would have to start by day 24",
    }


def test_synergies_count_when_all_are_there():
    portfolio = Portfolio((candidate("a", 9, 10), candidate("b", 9, 10)), synergies=(Synergy(("a", "b"), Decimal(5)),))

    plan = make_plan(portfolio)

    assert chosen(plan) == {"a", "b"}
    assert (plan.value, plan.synergy) == (3, 5)


def test_what_two_bring_together_may_be_less():
    portfolio = Portfolio(
        (candidate("a", 19, 10), candidate("b", 18, 10)), synergies=(Synergy(("a", "b"), Decimal(-12)),)
    )

    assert chosen(make_plan(portfolio)) == {"a"}


def test_must_haves_are_planned_although_they_lose():
    portfolio = Portfolio((candidate("law", 0, 10, must=True, prerequisites=("base",)), candidate("base", 0, 5)))

    assert chosen(make_plan(portfolio)) == {"law", "base"}


@pytest.mark.parametrize(
    ("portfolio", "said"),
    [
        (Portfolio((candidate("law", 0, 10, must=True),), Budget(Decimal(5))), r"must-haves .*\(law\)"),
        (Portfolio((candidate("law", 0, 10, must=True, prerequisites=("x",)),)), "needs x, which is neither"),
        (Portfolio((candidate("law", None, 10, must=True),)), "nobody has estimated effect of law"),
        (Portfolio((candidate("a", 9, 1, area="sales"),), coverage={"service": 1}), "at least 1 of area service"),
    ],
)
def test_demands_that_cannot_be_met_are_named(portfolio, said):
    with pytest.raises(InvalidPortfolio, match=said):
        make_plan(portfolio)


def test_the_risk_floor_keeps_out_what_may_lose_too_much():
    portfolio = Portfolio(
        (candidate("bold", 100, 50, low_effect=Decimal(0)), candidate("safe", 30, 10, low_effect=Decimal(25)))
    )

    assert chosen(make_plan(portfolio)) == {"bold", "safe"}
    assert chosen(make_plan(replace(portfolio, risk_floor=Decimal(0)))) == {"safe"}


def test_areas_are_covered():
    portfolio = Portfolio(
        (candidate("a", 30, 10, area="sales"), candidate("b", 5, 10, area="service")), coverage={"service": 1}
    )

    assert chosen(make_plan(portfolio)) == {"a", "b"}


def test_the_effect_counts_with_its_chance_of_success():
    portfolio = Portfolio((candidate("a", 100, 60, success=Decimal("0.5")), candidate("b", 30, 20)))

    plan = make_plan(portfolio)

    assert chosen(plan) == {"b"}
    assert reasons(plan) == {"a": "a would add -10.0 to the net benefit"}


def test_a_plan_goes_on_from_where_the_enterprise_stands():
    portfolio = replace(the_test_vector(), budget=Budget(Decimal(220)))
    standing = Standing(day=40, done={"P3": 30}, spent=Decimal(120))

    plan = make_plan(portfolio, standing)

    assert chosen(plan) == {"P4", "P5"}
    assert {each.start for each in plan.placements} == {40}
    assert reasons(plan)["P3"] == "already in place"


def test_an_empty_portfolio_has_an_empty_plan():
    assert make_plan(Portfolio(())).placements == ()


def test_amounts_beyond_the_solver_and_amounts_of_fractions_are_planned_together():
    portfolio = Portfolio(
        (candidate("big", "1e40", "3e39"), candidate("dear", "2e40", "9e39"), candidate("tiny", "0.0000001", 0)),
        Budget(Decimal("4e39")),
    )

    assert chosen(make_plan(portfolio)) >= {"big"}
    assert "dear" not in chosen(make_plan(portfolio))


def test_a_limit_that_nobody_reaches_does_not_disturb():
    portfolio = replace(the_test_vector(), budget=Budget(Decimal("1e50"), Decimal("1e50")), risk_floor=Decimal("-1e50"))

    assert make_plan(portfolio).value == 510


def test_an_unreachable_risk_floor_is_named():
    with pytest.raises(InvalidPortfolio, match="a net benefit of 1E"):
        make_plan(replace(the_test_vector(), risk_floor=Decimal("1e50")))


def test_what_a_gate_holds_back_is_neither_planned_nor_the_pick_of_the_paper():
    held = Exclusion("P5", "eligibility", "needs the licence X")

    plan = make_plan(the_test_vector(), barred={"P5": held})

    assert chosen(plan) == {"P1", "P2", "P3", "P4"}
    assert reasons(plan)["P5"] == "needs the licence X"
    assert plan.trace[1] == "The paper's scan picks P1, too: S = 2."
