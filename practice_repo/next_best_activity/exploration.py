"""The exploration of the paper: scan the available practices for the largest S, deploy the best, scan again.

N starts at 1; S(N+1) is compared with the best so far and the better one is kept. The paper stops when no new
available practice is left (`exhaust`); `positive` stops when the best S is not above a threshold. Other readings of
the sentence are kept as switches: `adjacent` stops a scan at the first S(N+1) <= S(N), `static` sorts once and walks
down.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from practice_repo.next_best_activity.availability import Availability, Exclusion
from practice_repo.next_best_activity.candidate import ZERO, Candidate, Portfolio, Standing
from practice_repo.next_best_activity.index import RANKABLE, index_of, kind_of, rank_key
from practice_repo.next_best_activity.scan import Exploration, Step, scan, winner

STOPS = ("exhaust", "positive")
READINGS = ("linear", "adjacent", "static")
NONE_LEFT = "no new available practice"


@dataclass(frozen=True)
class Rules:
    """How to explore: the paper's reading and stop rule are the defaults."""

    stop: str = "exhaust"
    reading: str = "linear"
    threshold: Decimal = ZERO


def explore(
    portfolio: Portfolio,
    standing: Standing = Standing(),
    rules: Rules = Rules(),
    barred: Mapping[str, Exclusion] | None = None,
    frozen_order: Sequence[str] | None = None,
) -> Exploration[Candidate]:
    """One scan over what is available today. `frozen_order` is the order that `static` sorted once; without it the
    order of today is taken."""
    available, without_index, excluded, open_musts = _sort_out(portfolio, standing, barred)
    steps = _steps(available, rules.reading, frozen_order)
    best = winner(steps)
    if best and rules.stop == "positive" and not index_of(best).exceeds(rules.threshold):
        # Must-haves are deployed whatever they bring; for the others the loop ends here.
        stopped = f"the best, {best.id} with S = {index_of(best)}, is not above {rules.threshold}"
        steps_of_musts = _steps([each for each in available if each.id in open_musts], rules.reading, frozen_order)
        best, steps = winner(steps_of_musts), steps_of_musts or steps
        return Exploration(best, available, without_index, excluded, steps, None if best else stopped)
    return Exploration(best, available, without_index, excluded, steps, None if best else NONE_LEFT)


def _sort_out(
    portfolio: Portfolio, standing: Standing, barred: Mapping[str, Exclusion] | None
) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...], tuple[Exclusion, ...], frozenset[str]]:
    here = Availability(portfolio, standing, barred)
    available, without_index, excluded = [], [], []
    for candidate in portfolio.in_library_order:
        exclusion = here.of(candidate)
        if exclusion is not None:
            excluded.append(exclusion)
        elif kind_of(candidate) in RANKABLE:
            available.append(candidate)
        else:
            without_index.append(candidate)
    return tuple(available), tuple(without_index), tuple(excluded), frozenset(here.open_musts)


def _steps(available: Sequence[Candidate], reading: str, frozen_order: Sequence[str] | None) -> tuple[Step, ...]:
    if reading == "static":
        return tuple(_walk(available, frozen_order))
    return tuple(scan(available, is_adjacent=reading == "adjacent"))


def _walk(available: Sequence[Candidate], frozen_order: Sequence[str] | None) -> Iterator[Step]:
    if frozen_order is None:
        first = min(available, key=rank_key, default=None)
    else:
        place = {key: index for index, key in enumerate(frozen_order)}
        first = min(available, key=lambda each: (place.get(each.id, len(place)), each.id), default=None)
    if first is not None:
        yield Step(1, first, None, True)


def sorted_once(portfolio: Portfolio) -> tuple[str, ...]:
    """The ids in the order that `static` walks down."""
    rankable = (each for each in portfolio.candidates if kind_of(each) in RANKABLE)
    return tuple(each.id for each in sorted(rankable, key=rank_key))
