"""Short hand for portfolios in tests."""

from decimal import Decimal
from typing import Any

from practice_repo.next_best_activity.candidate import Candidate, Portfolio


def candidate(key: str, effect: Any = None, cost: Any = None, **more: Any) -> Candidate:
    amounts = [None if amount is None else Decimal(str(amount)) for amount in (effect, cost)]
    return Candidate(key, *amounts, **more)


def the_test_vector() -> Portfolio:
    """Six practices: P3 is an enabler with a loss of its own, P6 excludes what P3 opens."""
    return Portfolio(
        (
            candidate("P1", 180, 60),
            candidate("P2", 90, 30),
            candidate("P3", 100, 120),
            candidate("P4", 400, 100, prerequisites=("P3",)),
            candidate("P5", 50, 0),
            candidate("P6", 210, 140, excludes=("P4",)),
        )
    )


def net(portfolio: Portfolio, ids: tuple[str, ...]) -> Decimal:
    return sum((portfolio.by_id[key].effect - portfolio.by_id[key].cost for key in ids), Decimal(0))
