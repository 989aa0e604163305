"""The loop: accept every recommendation, deploy it, learn from it, scan again, until nothing new is available."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from practice_repo.next_best_activity.availability import Exclusion, next_change
from practice_repo.next_best_activity.candidate import Portfolio, Standing
from practice_repo.next_best_activity.closure import WORTH_IT, Placement, explore_bundles
from practice_repo.next_best_activity.exploration import Rules, explore, sorted_once
from practice_repo.next_best_activity.index import NEEDS_ESTIMATE, kind_of
from practice_repo.next_best_activity.scan import Exploration, name_of

Learn = Callable[[Portfolio, str], Portfolio]
Scan = Callable[[Portfolio, Standing], Exploration[Any]]


@dataclass(frozen=True)
class Run:
    """A loop to its end: the explorations in order, what was rolled out when, and why the others were left out."""

    explorations: tuple[Exploration[Any], ...]
    placements: tuple[Placement, ...]
    standing: Standing
    left_out: tuple[Exclusion, ...]
    stop_reason: str

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(each.id for each in self.placements)


def run_scan(
    portfolio: Portfolio,
    standing: Standing = Standing(),
    rules: Rules = Rules(),
    barred: Mapping[str, Exclusion] | None = None,
    learn: Learn | None = None,
) -> Run:
    """The paper's loop. One rollout at a time; when nothing is available the clock goes on to the next day on which a
    window, a period or a deferral may open something. `learn` gets the portfolio and the id that was completed and
    answers with the portfolio of the next scan (new estimates, new practices).
    """
    frozen = sorted_once(portfolio) if rules.reading == "static" else None
    return _repeat(lambda now, here: explore(now, here, rules, barred, frozen), portfolio, standing, learn)


def run_closure(
    portfolio: Portfolio,
    standing: Standing = Standing(),
    rules: Rules = WORTH_IT,
    barred: Mapping[str, Exclusion] | None = None,
    learn: Learn | None = None,
) -> Run:
    """The loop over bundles: the best bundle is deployed as a whole, then the bundles are scored again."""
    return _repeat(lambda now, here: explore_bundles(now, here, rules, barred), portfolio, standing, learn)


def _repeat(scan: Scan, portfolio: Portfolio, standing: Standing, learn: Learn | None) -> Run:
    explorations, placements = [], []
    while True:
        exploration = scan(portfolio, standing)
        explorations.append(exploration)
        if exploration.best is None:
            later = next_change(portfolio, standing, exploration.excluded)
            if later is None:
                break
            standing = standing.at(later)
            continue
        for placement in _placements_of(exploration.best, standing):
            standing = _roll_out(placement, portfolio, standing)
            placements.append(placement)
            portfolio = learn(portfolio, placement.id) if learn else portfolio
    left_out = tuple(_left_out(exploration, portfolio, standing))
    return Run(tuple(explorations), tuple(placements), standing, left_out, exploration.stop_reason or "")


def _placements_of(best: Any, standing: Standing) -> tuple[Placement, ...]:
    alone = (Placement(best.id, standing.day, standing.day + best.duration_days),)
    return getattr(best, "placements", alone)


def _roll_out(placement: Placement, portfolio: Portfolio, standing: Standing) -> Standing:
    candidate = portfolio.by_id[placement.id]
    started = standing.at(placement.start).starting(candidate, portfolio.horizon)
    return started.at(placement.finish).completing(placement.id)


def _left_out(last: Exploration[Any], portfolio: Portfolio, standing: Standing) -> list[Exclusion]:
    """A reason for everything that is not in place at the end."""
    reasons = {each.id: each for each in last.excluded if each.id not in standing.done}
    for each in last.without_index:
        reasons[each.id] = Exclusion(each.id, "estimate", why_without_index(each))
    for each in last.available:
        reasons[each.id] = Exclusion(each.id, "stop", f"the loop stopped: {last.stop_reason}")
    return [reasons[key] for key in sorted(reasons)]


def why_without_index(item: Any) -> str:
    """Why an available practice, or its bundle, has no S."""
    if kind_of(item) != NEEDS_ESTIMATE:
        return f"no-op: {name_of(item)} costs nothing and brings nothing"
    unknown = [each for each in getattr(item, "members", (item,)) if kind_of(each) == NEEDS_ESTIMATE]
    texts = [f"{' and '.join(_missing_estimates(each))} of {each.id}" for each in unknown]
    return f"needs estimate: nobody has estimated {', '.join(texts)}"


def _missing_estimates(candidate: Any) -> list[str]:
    return [name for name in ("effect", "cost") if getattr(candidate, name) is None]
