from dataclasses import replace
from decimal import Decimal

import pytest

from practice_repo.next_best_activity.availability import Exclusion
from practice_repo.next_best_activity.candidate import (
    Budget,
    Horizon,
    InvalidPortfolio,
    Portfolio,
    Standing,
)
from practice_repo.next_best_activity.exploration import Rules, explore
from practice_repo.next_best_activity.loop import run_scan

from .portfolios import candidate, net, the_test_vector

POSITIVE = Rules("positive")


def reasons(result) -> dict[str, str]:
    return {each.id: each.reason for each in (getattr(result, "left_out", None) or result.excluded)}


def test_exhaust_deploys_until_nothing_is_left_and_brings_280():
    run = run_scan(the_test_vector())

    assert run.order == ("P5", "P1", "P2", "P6", "P3")
    assert net(the_test_vector(), run.order) == 280
    assert run.stop_reason == "no new available practice"
    assert reasons(run) == {"P4": "excluded by P6"}


def test_positive_stops_before_the_first_loss_and_brings_300():
    run = run_scan(the_test_vector(), rules=POSITIVE)

    assert run.order == ("P5", "P1", "P2", "P6")
    assert net(the_test_vector(), run.order) == 300
    assert "P3 with S = -0.17 (-1/6), is not above 0" in run.stop_reason


def test_the_trace_starts_at_one_and_says_what_is_kept():
    texts = [str(step) for step in explore(the_test_vector()).steps]

    assert texts[0] == "N=1: S(P1) = 2, the first and so the best so far"
    assert texts[1] == "N=2: S(P2) = 2 does not beat S(P1) = 2 (larger net benefit): keep P1"
    assert texts[3].startswith("N=4: S(P5) = costless, effect 50 beats S(P1) = 2")


def test_adjacent_stops_at_the_first_that_is_not_better():
    found = explore(the_test_vector(), rules=Rules(reading="adjacent"))

    assert [step.n for step in found.steps] == [1, 2]
    assert found.best.id == "P1"


def test_static_walks_down_the_order_sorted_once_even_when_estimates_change():
    portfolio = Portfolio((candidate("a", 30, 10), candidate("b", 20, 10), candidate("c", 15, 10)))

    def learn(now: Portfolio, _completed: str) -> Portfolio:
        return Portfolio(
            tuple(replace(each, effect=Decimal(90)) if each.id == "c" else each for each in now.candidates)
        )

    assert run_scan(portfolio, rules=Rules(reading="static"), learn=learn).order == ("a", "b", "c")
    assert run_scan(portfolio, learn=learn).order == ("a", "c", "b")


def test_static_and_linear_agree_while_estimates_stay():
    portfolio = the_test_vector()

    assert run_scan(portfolio, rules=Rules(reading="static")).order == run_scan(portfolio).order


def test_a_practice_that_becomes_available_during_the_loop_is_in_the_next_scan():
    portfolio = Portfolio((candidate("a", 30, 10),))

    def learn(now: Portfolio, completed: str) -> Portfolio:
        return Portfolio((*now.candidates, candidate("new", 5, 1))) if completed == "a" else now

    assert run_scan(portfolio, learn=learn).order == ("a", "new")


def test_a_loss_needs_confirmation():
    found = explore(Portfolio((candidate("a", 5, 10),)))

    assert found.best.id == "a"
    assert found.needs_confirmation


def test_practices_without_an_index_are_shown_but_never_recommended():
    found = explore(Portfolio((candidate("unknown", None, 5), candidate("nothing", 0, 0))))

    assert found.best is None
    assert [each.id for each in found.without_index] == ["nothing", "unknown"]


def test_what_cannot_start_today_is_left_out_with_its_reason():
    portfolio = Portfolio(
        (
            candidate("late", 9, 1, window=(10, None)),
            candidate("long", 9, 1, duration_days=50, window=(None, 40)),
            candidate("beyond", 9, 1, duration_days=101),
            candidate("dear", 9, 51),
            candidate("crowd", 9, 1, staff={"analyst": Decimal(3)}),
            candidate("orphan", 9, 1, prerequisites=("nowhere",)),
            candidate("no", 9, 1),
            candidate("later", 9, 1),
            candidate("there", 9, 1),
            candidate("moving", 9, 1),
            candidate("rival", 9, 1, excludes=("there",)),
            candidate("held", 9, 1),
        ),
        Budget(Decimal(50)),
        Horizon(100),
        {"analyst": Decimal(2)},
    )
    standing = Standing(done={"there": 0}, running=frozenset({"moving"}))
    standing = standing.rejecting("no", "too big").deferring("later", 30)

    found = explore(portfolio, standing, barred={"held": Exclusion("held", "eligibility", "needs the licence X")})

    assert found.best is None
    assert reasons(found) == {
        "late": "its window opens on day 10, today is day 0",
        "long": "started on day 0 it ends on day 50, after its window closes on day 40",
        "beyond": "started on day 0 it ends on day 101, after the horizon ends on day 100",
        "dear": "costs 51, 50 of the budget is left",
        "crowd": "needs 3 analyst, 2 exist",
        "orphan": "needs nowhere, which is neither a candidate nor in place",
        "no": "rejected: too big",
        "later": "deferred until day 30",
        "there": "already in place",
        "moving": "its rollout is running",
        "rival": "excluded by there",
        "held": "needs the licence X",
    }


def test_the_loop_waits_for_windows_deferrals_and_the_money_of_the_next_period():
    portfolio = Portfolio(
        (
            candidate("window", 50, 10, window=(20, None), duration_days=5),
            candidate("first", 90, 10),
            candidate("second", 40, 10),
            candidate("put_off", 80, 0),
        ),
        Budget(None, Decimal(10)),
        Horizon(None, 30),
    )

    run = run_scan(portfolio, Standing().deferring("put_off", 7))

    assert [(each.id, each.start) for each in run.placements] == [
        ("first", 0),
        ("put_off", 7),
        ("window", 30),
        ("second", 60),
    ]


def test_a_cost_above_every_period_ends_the_loop_instead_of_waiting_for_ever():
    run = run_scan(Portfolio((candidate("a", 50, 11),), Budget(None, Decimal(10))))

    assert run.order == ()
    assert reasons(run) == {"a": "costs 11, 10 of the budget of period 1 is left"}


def test_an_unaffordable_practice_is_passed_over_for_the_next_best():
    portfolio = Portfolio((candidate("dear", 90, 30), candidate("cheap", 20, 10)), Budget(Decimal(20)))

    assert run_scan(portfolio).order == ("cheap",)


def test_money_is_kept_for_must_haves():
    portfolio = Portfolio(
        (
            candidate("tempting", 90, 15),
            candidate("law", 0, 10, must=True, prerequisites=("base",)),
            candidate("base", 0, 5),
        ),
        Budget(Decimal(20)),
    )

    run = run_scan(portfolio, rules=POSITIVE)

    assert run.order == ("base", "law")
    assert "is kept for must-haves" not in reasons(run)["tempting"]
    assert (
        reasons(explore(portfolio))["tempting"]
        == "costs 15, 20 of the budget is left, of which 15 is kept for must-haves"
    )


def test_only_one_practice_of_a_group_is_deployed():
    portfolio = Portfolio((candidate("a", 30, 10, group="scoring"), candidate("b", 20, 10, group="scoring")))

    run = run_scan(portfolio)

    assert run.order == ("a",)
    assert reasons(run) == {"b": "excluded by a"}


def test_an_abort_keeps_the_cost_and_brings_back_what_was_excluded():
    portfolio = Portfolio((candidate("a", 30, 10, excludes=("b",)), candidate("b", 20, 10)), Budget(Decimal(30)))
    started = Standing().starting(portfolio.by_id["a"], portfolio.horizon)
    assert reasons(explore(portfolio, started))["b"] == "excluded by a"

    aborted = started.aborting("a")

    assert aborted.spent == 10
    assert explore(portfolio, aborted).excluded == ()


def test_a_lag_after_the_prerequisite_is_waited_for():
    portfolio = Portfolio(
        (candidate("a", 30, 10, duration_days=5), candidate("b", 20, 10, prerequisites=("a",), lag_days=3))
    )

    assert [(each.id, each.start, each.finish) for each in run_scan(portfolio).placements] == [("a", 0, 5), ("b", 8, 8)]


@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        ((candidate("a", 1, 1), candidate("a", 2, 2)), "more than one has: a"),
        (
            (candidate("a", 1, 1, prerequisites=("b",)), candidate("b", 1, 1, prerequisites=("a",))),
            "a needs b needs a",
        ),
        ((candidate("a", 1, 1, prerequisites=("a",)),), "a needs a"),
        ((candidate("a", 1, 1, must=True), candidate("b", 1, 1, must=True, excludes=("a",))), "exclude each other"),
    ],
)
def test_portfolios_that_contradict_themselves_are_refused(candidates, said):
    with pytest.raises(InvalidPortfolio, match=said):
        Portfolio(candidates)
