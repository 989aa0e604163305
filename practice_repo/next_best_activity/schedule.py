"""Rollouts on a calendar of days: each as early as prerequisites, window, staff and the budgets allow."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from practice_repo.next_best_activity.candidate import ZERO, Candidate, Portfolio, Standing
from practice_repo.next_best_activity.closure import Placement


class Schedule:
    """Takes rollouts one by one; what is placed stays where it is."""

    def __init__(self, portfolio: Portfolio, standing: Standing):
        self.portfolio = portfolio
        self.day = standing.day
        self.ready = dict(standing.done)
        self.placed: dict[str, Placement] = {}
        self.spent = standing.spent
        self.spent_in_period = dict(standing.spent_in_period)

    def add(self, candidates: Iterable[Candidate]) -> bool:
        """Place all of them (prerequisites first), or none; says whether they found room."""
        added: list[Candidate] = []
        for candidate in candidates:
            start = self.earliest_start(candidate)
            if start is None:
                self.remove(added)
                return False
            self._place(candidate, start)
            added.append(candidate)
        return True

    def remove(self, candidates: Iterable[Candidate]) -> None:
        for candidate in candidates:
            placement = self.placed.pop(candidate.id)
            del self.ready[candidate.id]
            self._charge(candidate, placement.start, -1)

    def earliest_start(self, candidate: Candidate) -> int | None:
        """The first day on which it finds room, None when there is none."""
        budget, cost = self.portfolio.budget, candidate.cost or ZERO
        if budget.total is not None and self.spent + cost > budget.total:
            return None
        if any(key not in self.ready for key in candidate.prerequisites):
            return None
        first = max(
            [
                self.day,
                candidate.window[0] or 0,
                *(self.ready[key] + candidate.lag_days for key in candidate.prerequisites),
            ]
        )
        last = latest_start(candidate, self.portfolio)
        for day in self._days_to_try(first):
            if last is not None and day > last:
                return None
            if self._is_affordable(cost, day) and self._has_hands(candidate, day):
                return day
        return None

    def _days_to_try(self, first: int) -> list[int]:
        """Room appears only when a rollout ends or a period begins."""
        days = {first, *(each.finish for each in self.placed.values() if each.finish > first)}
        budget, horizon = self.portfolio.budget, self.portfolio.horizon
        if budget.per_period is not None:
            listed = len(budget.per_period) if isinstance(budget.per_period, tuple) else len(self.spent_in_period) + 1
            latest = max([horizon.period_of(first) + 1, *self.spent_in_period, listed])
            days |= {period * horizon.period_days for period in range(horizon.period_of(first) + 1, latest + 2)}
        return sorted(days)

    def _is_affordable(self, cost: Decimal, day: int) -> bool:
        period = self.portfolio.horizon.period_of(day)
        limit = self.portfolio.budget.of_period(period)
        return not cost or limit is None or self.spent_in_period.get(period, ZERO) + cost <= limit

    def _has_hands(self, candidate: Candidate, day: int) -> bool:
        staff, parallel = self.portfolio.staff or {}, self.portfolio.parallel
        roles = [role for role, heads in candidate.staff.items() if heads and role in staff]
        if not candidate.duration_days:
            return all(candidate.staff[role] <= staff[role] for role in roles)
        if not roles and parallel is None:
            return True
        end = day + candidate.duration_days
        beside = [each for each in self.placed.values() if each.start < end and day < each.finish]
        moments = {day, *(each.start for each in beside if each.start > day)}
        return all(self._fits(candidate, roles, beside, moment) for moment in moments)

    def _fits(self, candidate: Candidate, roles: list[str], beside: list[Placement], moment: int) -> bool:
        running = [self.portfolio.by_id[each.id] for each in beside if each.start <= moment < each.finish]
        if self.portfolio.parallel is not None and len(running) >= self.portfolio.parallel:
            return False
        return all(
            candidate.staff[role] + sum(each.staff.get(role, ZERO) for each in running) <= self.portfolio.staff[role]
            for role in roles
        )

    def _place(self, candidate: Candidate, start: int) -> None:
        finish = start + candidate.duration_days
        self.placed[candidate.id] = Placement(candidate.id, start, finish)
        self.ready[candidate.id] = finish
        self._charge(candidate, start, 1)

    def _charge(self, candidate: Candidate, day: int, sign: int) -> None:
        period, amount = self.portfolio.horizon.period_of(day), sign * (candidate.cost or ZERO)
        self.spent += amount
        self.spent_in_period[period] = self.spent_in_period.get(period, ZERO) + amount


def latest_start(candidate: Candidate, portfolio: Portfolio) -> int | None:
    """The last day on which it may start and still end within its window and the horizon."""
    ends = [end for end in (candidate.window[1], portfolio.horizon.days) if end is not None]
    return min(ends) - candidate.duration_days if ends else None


def by_urgency(portfolio: Portfolio, earliest: Mapping[str, int], ids: Collection[str]) -> list[str]:
    """These practices, first what must start soonest so that all that needs it among them can still end in time."""
    never = max(earliest.values(), default=0) + sum(each.duration_days + each.lag_days for each in portfolio.candidates)
    latest = {key: latest_start(portfolio.by_id[key], portfolio) for key in ids}
    days = {key: never if day is None else day for key, day in latest.items()}
    for key in sorted(ids, key=lambda each: (-earliest[each], each)):
        candidate = portfolio.by_id[key]
        for needed in candidate.prerequisites:
            if needed in days:
                before = days[key] - candidate.lag_days - portfolio.by_id[needed].duration_days
                days[needed] = min(days[needed], before)
    return sorted(ids, key=lambda each: (days[each], earliest[each], each))


def earliest_starts(portfolio: Portfolio, standing: Standing, ids: Iterable[str]) -> dict[str, int]:
    """The first day of each of these by its window and its prerequisites alone; those that come too late are left
    out, and what needs them too."""
    wanted, starts, seen = set(ids), {}, set()
    by_id = portfolio.by_id

    def visit(key: str) -> None:
        stack = [(key, False)]
        while stack:
            current, is_ready = stack.pop()
            if current in seen and not is_ready:
                continue
            seen.add(current)
            candidate = by_id[current]
            if not is_ready:
                stack.append((current, True))
                stack.extend((each, False) for each in candidate.prerequisites if each in wanted and each not in seen)
                continue
            needed = [each for each in candidate.prerequisites if each not in standing.done]
            if any(each not in starts for each in needed):
                continue
            ready = [standing.done[each] for each in candidate.prerequisites if each in standing.done]
            ready += [starts[each] + by_id[each].duration_days for each in needed]
            start = max([standing.day, candidate.window[0] or 0, *(each + candidate.lag_days for each in ready)])
            latest = latest_start(candidate, portfolio)
            if latest is None or start <= latest:
                starts[current] = start

    for key in sorted(wanted):
        visit(key)
    return starts
