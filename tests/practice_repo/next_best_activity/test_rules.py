"""Whatever the portfolio and the mode: no rule is broken, nobody is left out without a reason, answers repeat."""

import random
from decimal import Decimal

import pytest

from practice_repo.next_best_activity.answer import answer
from practice_repo.next_best_activity.candidate import Budget, Candidate, Horizon, InvalidPortfolio, Portfolio
from practice_repo.next_best_activity.exploration import Rules
from tests.benchmarks.nba import violations


def some_portfolio(seed: int) -> Portfolio | None:
    """Up to 14 practices with everything that a portfolio can hold; None when it contradicts itself."""
    chance = random.Random(seed)
    size = chance.randint(1, 14)
    try:
        return Portfolio(
            tuple(some_candidate(n, size, chance) for n in range(size)),
            Budget(chance.choice((None, Decimal(150))), chance.choice((None, Decimal(60), (Decimal(50), Decimal(70))))),
            Horizon(chance.choice((None, 100, 60)), chance.choice((30, 20))),
            chance.choice((None, {"analyst": Decimal("1.5")})),
            parallel=chance.choice((None, 1, 2)),
        )
    except InvalidPortfolio:
        return None


def some_candidate(n: int, size: int, chance: random.Random) -> Candidate:
    return Candidate(
        f"P{n}",
        None if chance.random() < 0.05 else Decimal(chance.randint(-20, 100)),
        None if chance.random() < 0.05 else Decimal(chance.choice((0, chance.randint(1, 60), chance.randint(1, 60)))),
        prerequisites=tuple(sorted({f"P{chance.randrange(n)}" for _ in range(chance.choice((0, 1, 2)))})) if n else (),
        excludes=tuple({f"P{chance.randrange(size)}"} - {f"P{n}"}) if chance.random() < 0.15 else (),
        group="one" if chance.random() < 0.15 else None,
        duration_days=chance.choice((0, 5, 10, 30)),
        lag_days=chance.choice((0, 0, 3)),
        window=(chance.choice((None, None, 20)), chance.choice((None, None, 80))),
        staff={"analyst": Decimal(chance.choice(("0.5", "1", "2")))} if chance.random() < 0.5 else {},
        must=chance.random() < 0.03,
    )


PORTFOLIOS = {seed: found for seed in range(18) if (found := some_portfolio(seed))}
WITHOUT_MUSTS = [seed for seed, portfolio in PORTFOLIOS.items() if not portfolio.must_have]


@pytest.mark.parametrize(
    ("mode", "seed"),
    [
        *(("scan", seed) for seed in PORTFOLIOS),
        *(("closure", seed) for seed in PORTFOLIOS),
        *(("plan", seed) for seed in WITHOUT_MUSTS),  # a must-have that finds no room is an error of a plan
    ],
)
def test_no_rule_is_broken_and_every_reason_is_told(seed, mode):
    portfolio = PORTFOLIOS[seed]

    told = answer(portfolio, mode=mode, is_loop=True)

    broken = [each for each in violations(portfolio, told["plan"]) if not each.startswith("must")]
    assert broken == []
    assert set(told["order"]) | {each["id"] for each in told["excluded"] if each["reason"]} == set(portfolio.by_id)
    assert told == answer(portfolio, mode=mode, is_loop=True)


@pytest.mark.parametrize("seed", WITHOUT_MUSTS)
def test_a_plan_is_never_worth_less_than_the_loop_over_bundles(seed):
    plan, loop = (
        answer(PORTFOLIOS[seed], mode=mode, is_loop=True, rules=Rules("positive")) for mode in ("plan", "closure")
    )

    assert plan["totals"]["net"] >= loop["totals"]["net"]
