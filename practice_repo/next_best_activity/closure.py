"""Closure-S: a practice and all that it still needs are one bundle, with one index.

The paper's scan sees only what is ready, so an enabler with a loss of its own hides what it opens. Here every
practice that is not yet in place is scored with its missing prerequisites: S = (sum of effects - sum of costs) / sum
of costs. The best bundle is deployed in the order of its prerequisites. (Sets of maximal ratio first: Sidney's
decomposition for weighted completion under precedence.)
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from practice_repo.next_best_activity.availability import Availability, Exclusion, too_dear
from practice_repo.next_best_activity.candidate import EXACT, ZERO, Candidate, Portfolio, Standing, total
from practice_repo.next_best_activity.exploration import NONE_LEFT, Rules
from practice_repo.next_best_activity.index import NEEDS_ESTIMATE, RANKABLE, index_of, kind_of
from practice_repo.next_best_activity.scan import Exploration, name_of, scan, winner

WORTH_IT = Rules(stop="positive")


@dataclass(frozen=True, slots=True)
class Placement:
    """When a practice is rolled out: days from the start of the horizon."""

    id: str
    start: int
    finish: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """A practice (the last member) after its missing prerequisites, deployed one after the other."""

    members: tuple[Candidate, ...]
    placements: tuple[Placement, ...]
    effect: Decimal | None
    cost: Decimal | None

    @property
    def id(self) -> str:
        return self.members[-1].id

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.id for each in self.members)

    @property
    def duration_days(self) -> int:
        return sum(each.duration_days for each in self.members)

    @property
    def evidence(self) -> int:
        return min(each.evidence for each in self.members)


def explore_bundles(
    portfolio: Portfolio,
    standing: Standing = Standing(),
    rules: Rules = WORTH_IT,
    barred: Mapping[str, Exclusion] | None = None,
) -> Exploration[Bundle]:
    """One scan over the bundles that can be started today; by default it stops when none is worth its cost."""
    finder = BundleFinder(portfolio, standing, barred)
    found = [finder.bundle_of(candidate) for candidate in portfolio.in_library_order]
    bundles = [each for each in found if isinstance(each, Bundle)]
    excluded = tuple(each for each in found if isinstance(each, Exclusion))
    available = tuple(each for each in bundles if kind_of(each) in RANKABLE)
    without_index = tuple(each for each in bundles if kind_of(each) not in RANKABLE)
    steps = tuple(scan(available))
    best = winner(steps)
    if best and rules.stop == "positive" and not index_of(best).exceeds(rules.threshold):
        stopped = f"the best, {name_of(best)} with S = {index_of(best)}, is not above {rules.threshold}"
        steps_of_musts = tuple(scan([each for each in available if each.id in portfolio.must_have]))
        best, steps = winner(steps_of_musts), steps_of_musts or steps
        return Exploration(best, available, without_index, excluded, steps, None if best else stopped)
    return Exploration(best, available, without_index, excluded, steps, None if best else NONE_LEFT)


class BundleFinder:
    """Makes the bundle of a practice, or says why there is none today."""

    def __init__(self, portfolio: Portfolio, standing: Standing, barred: Mapping[str, Exclusion] | None = None):
        self.portfolio = portfolio
        self.standing = standing
        self.here = Availability(portfolio, standing, barred)
        self._obstacles: dict[str, Exclusion | None] = {}

    def bundle_of(self, target: Candidate) -> Bundle | Exclusion:
        obstacle = self._obstacle(target)
        if obstacle:
            return obstacle
        members = missing(target, self.portfolio, self.standing.done)
        for member in members:
            obstacle = self._obstacle(member)
            if obstacle:
                return _on_behalf_of(target, obstacle)
        clash = self._clash(members)
        if clash:
            return Exclusion(target.id, "exclusion", clash)
        placed = place(members, self.here)
        if isinstance(placed, Exclusion):
            return _on_behalf_of(target, placed)
        if any(kind_of(each) == NEEDS_ESTIMATE for each in members):
            return Bundle(members, placed, None, None)
        cost = total(each.cost for each in members)
        dear = too_dear(self.here, cost, {each.id for each in members}) if cost else None
        if dear:
            return Exclusion(target.id, *dear)
        return Bundle(members, placed, total(each.effect for each in members), cost)

    def _obstacle(self, member: Candidate) -> Exclusion | None:
        if member.id not in self._obstacles:
            self._obstacles[member.id] = self.here.lasting(member) or self._nowhere(member)
        return self._obstacles[member.id]

    def _nowhere(self, member: Candidate) -> Exclusion | None:
        for key in member.prerequisites:
            if key not in self.standing.done and key not in self.portfolio.by_id:
                reason = f"needs {key}, which is neither a candidate nor in place"
                return Exclusion(member.id, "prerequisites", reason)
        return None

    def _clash(self, members: tuple[Candidate, ...]) -> str | None:
        ids = {each.id for each in members}
        for member in members:
            for rival in sorted(self.portfolio.rivals_of(member.id) & ids):
                return (
                    f"needs {member.id} and {rival}, which exclude each other"
                    if member is not members[-1]
                    else (f"excludes {rival}, which it needs")
                )
        return None


def missing(target: Candidate, portfolio: Portfolio, done: Collection[str]) -> tuple[Candidate, ...]:
    """The target after all it still needs, prerequisites first, ties by id."""
    by_id = portfolio.by_id
    found: dict[str, Candidate] = {}
    stack = [(target, False)]
    while stack:
        candidate, is_ready = stack.pop()
        if candidate.id in found:
            continue
        if is_ready or not candidate.prerequisites:
            found[candidate.id] = candidate
            continue
        stack.append((candidate, True))
        needed = sorted(candidate.prerequisites, reverse=True)
        stack.extend((by_id[key], False) for key in needed if key not in done and key in by_id)
    return tuple(found.values())


def _on_behalf_of(target: Candidate, obstacle: Exclusion) -> Exclusion:
    if obstacle.id == target.id:
        return obstacle
    return Exclusion(target.id, obstacle.gate, f"needs {obstacle.id}: {obstacle.reason}", obstacle.until_day)


def place(members: Iterable[Candidate], here: Availability) -> tuple[Placement, ...] | Exclusion:
    """The members one after the other from today, each as early as window, lag and period budget allow.

    The first one must be able to start today; else the exclusion says why not, and when it can.
    """
    portfolio, standing = here.portfolio, here.standing
    day, ready, placements = standing.day, dict(standing.done), []
    spent = dict(standing.spent_in_period)
    for member in members:
        earliest = max([day, member.window[0] or 0, *(ready[key] + member.lag_days for key in member.prerequisites)])
        start = _when_affordable(member.cost or ZERO, earliest, portfolio, spent)
        if start is None:
            return Exclusion(member.id, "budget", f"costs {member.cost}, more than the budget of every later period")
        if not placements and start > day:
            return here.of(member) or Exclusion(member.id, "window", f"can start on day {start}", start)
        finish = start + member.duration_days
        for end, what in ((member.window[1], "its window closes"), (portfolio.horizon.days, "the horizon ends")):
            if end is not None and finish > end:
                late = f"started on day {start} it ends on day {finish}, after {what} on day {end}"
                return Exclusion(member.id, "window", late)
        period = portfolio.horizon.period_of(start)
        spent[period] = EXACT.add(spent.get(period, ZERO), member.cost or ZERO)
        placements.append(Placement(member.id, start, finish))
        ready[member.id] = day = finish
    return tuple(placements)


def _when_affordable(cost: Decimal, day: int, portfolio: Portfolio, spent: Mapping[int, Decimal]) -> int | None:
    """The first day from this one on whose period still has the money."""
    budget, horizon = portfolio.budget, portfolio.horizon
    period = horizon.period_of(day)
    if not cost or budget.per_period is None or cost + spent.get(period, ZERO) <= (budget.of_period(period) or ZERO):
        return day
    following: int | None = period
    while (following := budget.next_period_with(cost, after=following)) is not None:
        if cost + spent.get(following, ZERO) <= (budget.of_period(following) or ZERO):
            return following * horizon.period_days
    return None
