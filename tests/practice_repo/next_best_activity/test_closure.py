from decimal import Decimal

from practice_repo.next_best_activity.candidate import Budget, Horizon, Portfolio, Standing
from practice_repo.next_best_activity.closure import Bundle, explore_bundles
from practice_repo.next_best_activity.exploration import Rules
from practice_repo.next_best_activity.loop import run_closure

from .portfolios import candidate, net, the_test_vector


def test_an_enabler_is_deployed_for_what_it_opens_and_the_total_is_510():
    run = run_closure(the_test_vector())

    assert run.order == ("P5", "P1", "P2", "P3", "P4")
    assert net(the_test_vector(), run.order) == 510
    assert {each.id: each.reason for each in run.left_out} == {"P6": "excluded by P4"}


def test_a_bundle_holds_what_is_missing_in_the_order_of_the_prerequisites():
    portfolio = Portfolio(
        (
            candidate("top", 100, 10, prerequisites=("left", "right")),
            candidate("left", 0, 10, prerequisites=("base",)),
            candidate("right", 0, 10, prerequisites=("base",)),
            candidate("base", 0, 10),
        )
    )

    bundle: Bundle = explore_bundles(portfolio, Standing(done={"left": 0, "base": 0})).best

    assert bundle.ids == ("right", "top")
    assert explore_bundles(portfolio).best.ids == ("base", "left", "right", "top")


def test_a_bundle_that_excludes_itself_is_left_out_with_the_reason():
    portfolio = Portfolio(
        (
            candidate("top", 100, 10, prerequisites=("left", "right")),
            candidate("left", 0, 10),
            candidate("right", 0, 10, excludes=("left",)),
        )
    )

    found = explore_bundles(portfolio)

    assert {each.id: each.reason for each in found.excluded} == {
        "top": "needs left and right, which exclude each other"
    }


def test_a_bundle_needs_the_estimate_of_every_member():
    portfolio = Portfolio((candidate("top", 100, 10, prerequisites=("base",)), candidate("base", None, 10)))

    run = run_closure(portfolio)

    assert run.order == ()
    assert {each.id: each.reason for each in run.left_out} == {
        "base": "needs estimate: nobody has estimated effect of base",
        "top": "needs estimate: nobody has estimated effect of base",
    }


def test_a_bundle_is_paid_as_a_whole_or_not_begun():
    portfolio = Portfolio(
        (candidate("top", 100, 10, prerequisites=("base",)), candidate("base", 0, 15)), Budget(Decimal(20))
    )

    run = run_closure(portfolio)

    assert run.order == ()
    assert {each.id: each.reason for each in run.left_out}["top"] == "costs 25, 20 of the budget is left"


def test_a_bundle_that_cannot_end_in_time_is_not_begun():
    portfolio = Portfolio(
        (
            candidate("top", 100, 10, prerequisites=("base",), duration_days=20),
            candidate("base", 0, 15, duration_days=20),
        ),
        horizon=Horizon(30),
    )

    found = explore_bundles(portfolio)

    assert found.best is None
    assert {each.id: each.reason for each in found.excluded} == {
        "top": "started on day 20 it ends on day 40, after the horizon ends on day 30"
    }


def test_members_wait_for_the_money_of_the_next_period():
    portfolio = Portfolio(
        (candidate("top", 100, 10, prerequisites=("base",)), candidate("base", 0, 10)),
        Budget(None, Decimal(10)),
        Horizon(90, 30),
    )

    assert [(each.id, each.start) for each in run_closure(portfolio).placements] == [("base", 0), ("top", 30)]


def test_exhaust_goes_on_with_bundles_that_lose():
    portfolio = Portfolio((candidate("a", 5, 10), candidate("b", 20, 10)))

    assert run_closure(portfolio, rules=Rules("exhaust")).order == ("b", "a")
    assert run_closure(portfolio).order == ("b",)


def test_a_must_have_is_deployed_although_it_loses():
    portfolio = Portfolio(
        (candidate("law", 0, 10, must=True, prerequisites=("base",)), candidate("base", 0, 1), candidate("c", 1, 5))
    )

    assert run_closure(portfolio).order == ("base", "law")
