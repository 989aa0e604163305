from decimal import Decimal

import pytest

from practice_repo.next_best_activity.candidate import Portfolio
from practice_repo.next_best_activity.exploration import explore
from practice_repo.next_best_activity.gates import ChangeLoadPolicy, Conditions, Enterprise, Kpi, hold_back

from .portfolios import candidate

HALF = Decimal("0.5")


@pytest.mark.parametrize(
    ("asks", "enterprise", "gate", "reason"),
    [
        (Conditions(licences=frozenset({"telephony"})), Enterprise(), "eligibility", "needs the licence telephony"),
        (Conditions(forbidden_regions=frozenset({"X"})), Enterprise(region="X"), "eligibility", "is not allowed in X"),
        (
            Conditions(least_employees=50),
            Enterprise(employees=20),
            "eligibility",
            "is made for 50 employees or more, there are 20",
        ),
        (
            Conditions(industries=frozenset({"banking"})),
            Enterprise(industry="machinery"),
            "eligibility",
            "is made for banking, not for machinery",
        ),
        (Conditions(), Enterprise(in_place=frozenset({"K01"})), "applicability", "already in place"),
        (
            Conditions(needs=frozenset({"N1"})),
            Enterprise(open_needs=frozenset({"N2"})),
            "applicability",
            "none of its needs is open: N1",
        ),
        (
            Conditions(kpi="win_rate"),
            Enterprise(kpis={"win_rate": Kpi(HALF, Decimal("0.4"))}),
            "applicability",
            "the KPI win_rate is 0.5 and meets its target of 0.4",
        ),
        (
            Conditions(risk=3),
            Enterprise(risk_appetite=1),
            "suitability",
            "its risk is 3, the enterprise takes at most 1",
        ),
        (
            Conditions(least_data_quality=Decimal("0.8")),
            Enterprise(data_quality=HALF),
            "suitability",
            "needs 80% complete records, 50% are",
        ),
        (
            Conditions(department="sales"),
            Enterprise(running_in={"sales": 2}),
            "change load",
            "2 rollouts run in sales, at most 2 at once",
        ),
        (
            Conditions(department="sales", change_points=4),
            Enterprise(load_of={"sales": 7}),
            "change load",
            "sales bears 7 change points, 4 more are above 10",
        ),
        (
            Conditions(department="sales"),
            Enterprise(failed_on={"sales": 90}, day=100),
            "change load",
            "sales rests until day 120 after a failed rollout",
        ),
        (
            Conditions(),
            Enterprise(rejected_on={"K01": (10, 20, 30)}, day=100),
            "change load",
            "was rejected 3 times, asked again on day 210",
        ),
    ],
)
def test_a_gate_holds_back_with_its_reason(asks, enterprise, gate, reason):
    held = hold_back(["K01"], {"K01": asks}, enterprise)["K01"]

    assert (held.gate, held.reason) == (gate, reason)


@pytest.mark.parametrize(
    "enterprise",
    [
        Enterprise(),
        Enterprise(kpis={"win_rate": Kpi(Decimal("0.3"), Decimal("0.4"))}),
        Enterprise(failed_on={"sales": 60}, day=100),
        Enterprise(rejected_on={"K01": (10, 20)}, day=30),
    ],
)
def test_what_is_unknown_or_long_ago_holds_nothing_back(enterprise):
    asks = Conditions(kpi="win_rate", department="sales", needs=frozenset({"N1"}), least_employees=50)

    assert hold_back(["K01"], {"K01": asks}, enterprise, ChangeLoadPolicy()) == {}


def test_the_selector_tells_what_the_gates_found():
    portfolio = Portfolio((candidate("K01", 9, 1), candidate("K02", 5, 1)))
    held = hold_back(portfolio.by_id, {"K01": Conditions(risk=3)}, Enterprise(risk_appetite=1))

    found = explore(portfolio, barred=held)

    assert found.best.id == "K02"
    assert [(each.id, each.gate) for each in found.excluded] == [("K01", "suitability")]
