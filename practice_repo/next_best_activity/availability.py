"""Which practices can be started today, and why each of the others cannot."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from practice_repo.next_best_activity.candidate import EXACT, ZERO, Budget, Candidate, Portfolio, Standing, total


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a candidate is not in the running. `until_day` is the day on which this may change by itself."""

    id: str
    gate: str
    reason: str
    until_day: int | None = None


class Availability:
    """Answers for one standing. `barred` are exclusions that gates found before."""

    def __init__(self, portfolio: Portfolio, standing: Standing, barred: Mapping[str, Exclusion] | None = None):
        self.portfolio = portfolio
        self.standing = standing
        self.barred = barred or {}
        self.taken = {*standing.done, *standing.running}
        self.open_musts = portfolio.must_have - self.taken
        self._checks = tuple(check for check, can_hinder in CHECKS if can_hinder(self))

    def of(self, candidate: Candidate) -> Exclusion | None:
        """The first obstacle, or None when the practice can start today."""
        return self._first(self._checks, candidate)

    def lasting(self, candidate: Candidate) -> Exclusion | None:
        """The first obstacle that neither time, nor money, nor a prerequisite will remove."""
        return self._first(LASTING, candidate)

    def _first(self, checks: "tuple[Check, ...]", candidate: Candidate) -> Exclusion | None:
        for check in checks:
            obstacle = check(self, candidate)
            if obstacle is not None:
                return Exclusion(candidate.id, *obstacle)
        return None

    def left_in_total(self) -> Decimal | None:
        limit = self.portfolio.budget.total
        return None if limit is None else EXACT.subtract(limit, self.standing.spent)

    def left_in_period(self) -> Decimal | None:
        period = self.portfolio.horizon.period_of(self.standing.day)
        limit = self.portfolio.budget.of_period(period)
        return None if limit is None else EXACT.subtract(limit, self.standing.spent_in_period.get(period, ZERO))

    def reserved_against(self, ids: frozenset[str] | set[str]) -> Decimal:
        """Money of the total that is kept for must-haves other than these."""
        if not self.open_musts or self.portfolio.budget.total is None:
            return ZERO
        return total(self.portfolio.by_id[each].cost or ZERO for each in self.open_musts - ids)


Obstacle = tuple[str, str] | tuple[str, str, int | None] | None


def _status(here: Availability, candidate: Candidate) -> Obstacle:
    standing, key = here.standing, candidate.id
    if key in standing.done:
        return "status", "already in place"
    if key in standing.running:
        return "status", "its rollout is running"
    if key in standing.rejected:
        return "decision", f"rejected: {standing.rejected[key] or 'no reason was given'}"
    until = standing.deferred.get(key)
    if until is not None and until > standing.day:
        return "decision", f"deferred until day {until}", until
    return None


def _gates(here: Availability, candidate: Candidate) -> Obstacle:
    barred = here.barred.get(candidate.id)
    return None if barred is None else (barred.gate, barred.reason, barred.until_day)


def _rivals(here: Availability, candidate: Candidate) -> Obstacle:
    rivals = here.portfolio.rivals_of(candidate.id)
    if not rivals:
        return None
    for rival in sorted(rivals & here.taken):
        return "exclusion", f"excluded by {rival}"
    if candidate.id not in here.portfolio.must_have:
        for rival in sorted(rivals & here.open_musts):
            return "exclusion", f"excludes {rival}, which is a must-have or needed by one"
    return None


def _prerequisites(here: Availability, candidate: Candidate) -> Obstacle:
    if not candidate.prerequisites:
        return None
    done = here.standing.done
    missing = [each for each in candidate.prerequisites if each not in done]
    if missing:
        return "prerequisites", f"needs {'; '.join(_why_missing(here, each) for each in missing)}"
    ready = max(done[each] for each in candidate.prerequisites) + candidate.lag_days
    if ready > here.standing.day:
        return "prerequisites", f"its prerequisites have settled on day {ready}", ready
    return None


def _why_missing(here: Availability, key: str) -> str:
    if key not in here.portfolio.by_id:
        return f"{key}, which is neither a candidate nor in place"
    for rival in sorted(here.portfolio.rivals_of(key) & here.taken):
        return f"{key}, which is excluded by {rival}"
    if key in here.standing.rejected:
        return f"{key}, which was rejected"
    return key


def _window(here: Availability, candidate: Candidate) -> Obstacle:
    opens, closes = candidate.window
    if opens is None and closes is None and here.portfolio.horizon.days is None:
        return None
    day = here.standing.day
    finish = day + candidate.duration_days
    if opens is not None and day < opens:
        return "window", f"its window opens on day {opens}, today is day {day}", opens
    if closes is not None and finish > closes:
        return "window", f"started on day {day} it ends on day {finish}, after its window closes on day {closes}"
    end = here.portfolio.horizon.days
    if end is not None and finish > end:
        return "window", f"started on day {day} it ends on day {finish}, after the horizon ends on day {end}"
    return None


def _staff(here: Availability, candidate: Candidate) -> Obstacle:
    staff = here.portfolio.staff or {}
    for role, heads in candidate.staff.items():
        exist = staff.get(role)
        if exist is not None and heads > exist:
            return "staff", f"needs {heads} {role}, {exist} exist"
    return None


def _budget(here: Availability, candidate: Candidate) -> Obstacle:
    cost = candidate.cost
    if not cost:
        return None
    return too_dear(here, cost, {candidate.id}) or _too_dear_today(here, cost)


def too_dear(here: Availability, cost: Decimal, ids: set[str]) -> tuple[str, str] | None:
    """Why these practices at this cost together are more than the whole budget still holds."""
    left = here.left_in_total()
    reserved = here.reserved_against(ids)
    if left is None or cost <= EXACT.subtract(left, reserved):
        return None
    kept = f", of which {reserved} is kept for must-haves" if reserved else ""
    return "budget", f"costs {cost}, {left} of the budget is left{kept}"


def _too_dear_today(here: Availability, cost: Decimal) -> Obstacle:
    in_period = here.left_in_period()
    if in_period is not None and cost > in_period:
        horizon = here.portfolio.horizon
        period = horizon.period_of(here.standing.day)
        following = here.portfolio.budget.next_period_with(cost, after=period)
        day = None if following is None else following * horizon.period_days
        return "budget", f"costs {cost}, {in_period} of the budget of period {period + 1} is left", day
    return None


Check = Callable[[Availability, Candidate], Obstacle]
# In the order in which a person would ask; a check that can hinder nobody in this standing is not made at all.
CHECKS: tuple[tuple[Check, Callable[[Availability], object]], ...] = (
    (_status, lambda here: here.taken or here.standing.rejected or here.standing.deferred),
    (_gates, lambda here: here.barred),
    (_rivals, lambda here: here.portfolio.has_rivals),
    (_prerequisites, lambda here: True),
    (_window, lambda here: True),
    (_staff, lambda here: here.portfolio.staff),
    (_budget, lambda here: here.portfolio.budget != Budget()),
)
LASTING: tuple[Check, ...] = (_status, _gates, _rivals, _staff)


def next_change(portfolio: Portfolio, standing: Standing, exclusions: Iterable[Exclusion]) -> int | None:
    """The next day of the horizon on which one of these exclusions may fall away by itself."""
    days = [each.until_day for each in exclusions if each.until_day is not None and each.until_day > standing.day]
    day = min(days, default=None)
    end = portfolio.horizon.days
    return None if day is None or (end is not None and day > end) else day
