"""The portfolio as a constraint model for CP-SAT: which practices, and on which day each starts.

One worker, a fixed seed and a limit in deterministic time: the same input gives the same answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from ortools.sat.python import cp_model

from practice_repo.next_best_activity.candidate import ZERO, Candidate, Portfolio, Standing
from practice_repo.next_best_activity.closure import Placement
from practice_repo.next_best_activity.schedule import latest_start

SEED = 2007
LARGEST_COEFFICIENT = 10**12
NAMES = {cp_model.OPTIMAL: "optimal", cp_model.FEASIBLE: "feasible", cp_model.INFEASIBLE: "infeasible"}


@dataclass(frozen=True)
class Solution:
    status: str  # optimal | feasible | infeasible | unknown
    starts: Mapping[str, int]  # of the chosen ones
    value: Decimal
    bound: Decimal


def solve(
    portfolio: Portfolio,
    standing: Standing,
    earliest: Mapping[str, int],
    hint: Mapping[str, Placement],
    effort: float,
) -> Solution:
    """The best choice and starts among the practices of `earliest` (id → first possible day).

    `effort` is the limit in CP-SAT's deterministic seconds.
    """
    model = _Model(portfolio, standing, earliest)
    model.add_hint(hint)
    solver, status = _search(model, effort)
    if status not in ("optimal", "feasible"):
        return Solution(status, {}, ZERO, ZERO)
    starts = {key: model.start_in(solver, key) for key in earliest if solver.boolean_value(model.chosen[key])}
    return Solution(status, starts, model.money(solver.objective_value), model.money(solver.best_objective_bound))


def choose(portfolio: Portfolio, standing: Standing, earliest: Mapping[str, int], effort: float) -> list[str]:
    """A good choice when time is looked at only in sum: all work within all hands, all cost within all budgets."""
    model = _Model(portfolio, standing, earliest, is_placing=False)
    solver, status = _search(model, effort)
    if status not in ("optimal", "feasible"):
        return []
    return [key for key in earliest if solver.boolean_value(model.chosen[key])]


def _search(model: "_Model", effort: float) -> tuple[cp_model.CpSolver, str]:
    solver = cp_model.CpSolver()
    solver.parameters.num_search_workers = 1
    solver.parameters.interleave_search = True  # several strategies take turns in the one worker
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = effort
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_probing_level = 0  # both cost more than they bring at this size
    solver.parameters.symmetry_level = 0
    return solver, NAMES.get(solver.solve(model.model), "unknown")


class _Model:
    """Variables and constraints; times are made only when something competes for them."""

    def __init__(self, portfolio: Portfolio, standing: Standing, earliest: Mapping[str, int], is_placing: bool = True):
        self.portfolio = portfolio
        self.standing = standing
        self.earliest = earliest
        self.candidates = [portfolio.by_id[key] for key in sorted(earliest)]
        self.model = cp_model.CpModel()
        self.chosen = {each.id: self.model.new_bool_var(each.id) for each in self.candidates}
        self.starts: dict[str, cp_model.IntVar] = {}
        self.latest: dict[str, int] = {}
        self.scale = self._money_scale()
        self._relations()
        self._money()
        if is_competing_for_time(portfolio, self.candidates):
            self._sums_over_time()
            if is_placing:
                self._times()
                self._precedence()
                self._staff()
                self._periods()
        self._objective()

    def start_in(self, solver: cp_model.CpSolver, key: str) -> int:
        return solver.value(self.starts[key]) if key in self.starts else self.earliest[key]

    def money(self, units: float) -> Decimal:
        return Decimal(round(units)) * self.scale.denominator / self.scale.numerator

    def units(self, amount: Decimal) -> int:
        return round(Fraction(amount) * self.scale)

    def _money_scale(self) -> Fraction:
        """Units per money so that all amounts are whole numbers, as far as the solver's range allows."""
        amounts = [
            abs(amount) for each in self.candidates for amount in (each.effect, each.cost, each.low_effect or ZERO)
        ]
        amounts += [abs(each.effect) for each in self.portfolio.synergies]
        decimals = max((-amount.normalize().as_tuple().exponent for amount in amounts), default=0)
        decimals += max((-each.success.normalize().as_tuple().exponent for each in self.candidates), default=0)
        largest = max(map(Fraction, amounts), default=Fraction(1))
        scale = Fraction(10) ** max(decimals, 0)
        while largest * scale > LARGEST_COEFFICIENT:
            scale /= 10
        return scale

    def _relations(self) -> None:
        model, chosen = self.model, self.chosen
        for each in self.candidates:
            for key in each.prerequisites:
                if key in chosen:
                    model.add_implication(chosen[each.id], chosen[key])
            for rival in sorted(self.portfolio.rivals_of(each.id)):
                if rival in chosen and each.id < rival:
                    model.add_bool_or(~chosen[each.id], ~chosen[rival])
            if each.id in self.portfolio.must_have:
                model.add(chosen[each.id] == 1)
        for members in self.portfolio.groups.values():
            model.add_at_most_one(chosen[key] for key in members if key in chosen)
        for area, least in self.portfolio.coverage.items():
            in_area = [chosen[each.id] for each in self.candidates if each.area == area]
            done = sum(1 for key in self.standing.done if self._area_of(key) == area)
            model.add(sum(in_area) + done >= least)

    def _area_of(self, key: str) -> str | None:
        candidate = self.portfolio.by_id.get(key)
        return candidate.area if candidate else None

    def _money(self) -> None:
        budget, floor = self.portfolio.budget.total, self.portfolio.risk_floor
        if budget is not None:
            self._spend_at_most(Fraction(budget) - Fraction(self.standing.spent))
        if floor is not None:
            worst = [self.units(_low_net(each)) for each in self.candidates]
            possible = sum(max(each, 0) for each in worst)
            self.model.add(self._sum(worst) >= max(-sum(map(abs, worst)), min(self.units(floor), possible + 1)))

    def _sum(self, weights: list[int]) -> cp_model.LinearExprT:
        return cp_model.LinearExpr.weighted_sum([self.chosen[each.id] for each in self.candidates], weights)

    def _sums_over_time(self) -> None:
        """Implied by the times; lets the solver see early how much can be paid and done at all."""
        portfolio = self.portfolio
        longest = max(self.earliest.values(), default=0) + self._waiting_for_money()
        longest += sum(each.duration_days + each.lag_days for each in self.candidates)
        for each in self.candidates:
            latest = latest_start(each, portfolio)
            self.latest[each.id] = longest if latest is None else latest
        for role, heads in sorted((portfolio.staff or {}).items()):
            self._work(heads, {each.id: each.staff[role] for each in self.candidates if each.staff.get(role)})
        if portfolio.parallel is not None:
            self._work(Decimal(portfolio.parallel), {each.id: Decimal(1) for each in self.candidates})
        if portfolio.budget.per_period is not None:
            periods = range(
                portfolio.horizon.period_of(self.standing.day),
                portfolio.horizon.period_of(max(self.latest.values(), default=0)) + 1,
            )
            budget = sum(Fraction(portfolio.budget.of_period(period) or ZERO) for period in periods)
            self._spend_at_most(budget)

    def _work(self, heads: Decimal, needed: dict[str, Decimal]) -> None:
        demands, capacity = _in_whole_heads(needed, heads)
        busy = [key for key in needed if self.portfolio.by_id[key].duration_days]
        if not busy:
            return
        days = max(self._latest_end(key) for key in busy) - min(self.earliest[key] for key in busy)
        work = [demands[key] * self.portfolio.by_id[key].duration_days for key in busy]
        self.model.add(cp_model.LinearExpr.weighted_sum([self.chosen[key] for key in busy], work) <= capacity * days)

    def _spend_at_most(self, money: Fraction) -> None:
        costs = self._costs()
        self.model.add(self._sum(costs) <= min(sum(costs), int(money * self.scale // 1)))

    def _costs(self) -> list[int]:
        """In units, rounded up, so that rounding can never overspend."""
        return [-(-Fraction(each.cost) * self.scale // 1) for each in self.candidates]

    def _times(self) -> None:
        for key, first in self.earliest.items():
            self.starts[key] = self.model.new_int_var(first, self.latest[key], f"start {key}")

    def _waiting_for_money(self) -> int:
        per_period, period_days = self.portfolio.budget.per_period, self.portfolio.horizon.period_days
        if isinstance(per_period, tuple):
            return len(per_period) * period_days
        if per_period is None:
            return 0
        # A period is left half empty only when what follows needs more than the rest of it.
        at_least_half_full = 2 * sum(Fraction(each.cost) for each in self.candidates) / Fraction(per_period or 1)
        return min(len(self.candidates), int(at_least_half_full) + 2) * period_days

    def _precedence(self) -> None:
        for each in self.candidates:
            for key in each.prerequisites:
                if key in self.starts:
                    gap = self.portfolio.by_id[key].duration_days + each.lag_days
                    follows = self.starts[each.id] >= self.starts[key] + gap
                    self.model.add(follows).only_enforce_if(self.chosen[each.id])

    def _staff(self) -> None:
        busy = [each for each in self.candidates if each.duration_days]
        intervals = {
            each.id: self.model.new_optional_fixed_size_interval_var(
                self.starts[each.id], each.duration_days, self.chosen[each.id], f"rollout {each.id}"
            )
            for each in busy
        }
        for role, heads in sorted((self.portfolio.staff or {}).items()):
            needed = {each.id: each.staff[role] for each in busy if each.staff.get(role)}
            self._share(intervals, needed, heads)
        if self.portfolio.parallel is not None:
            self._share(intervals, {each.id: Decimal(1) for each in busy}, Decimal(self.portfolio.parallel))

    def _share(self, intervals: Mapping[str, cp_model.IntervalVar], needed: dict[str, Decimal], heads: Decimal) -> None:
        if not needed:
            return
        demands, capacity = _in_whole_heads(needed, heads)
        self.model.add_cumulative([intervals[key] for key in needed], list(demands.values()), capacity)

    def _latest_end(self, key: str) -> int:
        return self.latest[key] + self.portfolio.by_id[key].duration_days

    def _periods(self) -> None:
        budget, horizon = self.portfolio.budget, self.portfolio.horizon
        if budget.per_period is None:
            return
        by_period: dict[int, list[tuple[cp_model.IntVar, int]]] = {}
        for each in self.candidates:
            first, last = self.earliest[each.id], self.latest[each.id]
            periods = range(horizon.period_of(first), horizon.period_of(last) + 1)
            in_period = {period: self.model.new_bool_var(f"{each.id} in {period}") for period in periods}
            self.model.add(sum(in_period.values()) == self.chosen[each.id])
            for period, is_in in in_period.items():
                first_day = period * horizon.period_days
                within = cp_model.Domain(first_day, first_day + horizon.period_days - 1)
                self.model.add_linear_expression_in_domain(self.starts[each.id], within).only_enforce_if(is_in)
                cost = -(-Fraction(each.cost) * self.scale // 1)
                by_period.setdefault(period, []).append((is_in, cost))
        for period, parts in by_period.items():
            spent = Fraction(self.standing.spent_in_period.get(period, ZERO))
            limit = int((Fraction(budget.of_period(period) or ZERO) - spent) * self.scale // 1)
            variables, costs = zip(*parts, strict=True)
            self.model.add(cp_model.LinearExpr.weighted_sum(variables, costs) <= min(limit, sum(costs)))

    def _objective(self) -> None:
        variables = [self.chosen[each.id] for each in self.candidates]
        weights = [self.units(each.expected_net) for each in self.candidates]
        for n, synergy in enumerate(self.portfolio.synergies):
            parts = [key for key in synergy.ids if key not in self.standing.done]
            if not all(key in self.chosen for key in parts):
                continue
            both = self.model.new_bool_var(f"synergy {n}")
            self.model.add_bool_and(self.chosen[key] for key in parts).only_enforce_if(both)
            self.model.add_bool_or([both, *(~self.chosen[key] for key in parts)])
            variables.append(both)
            weights.append(self.units(synergy.effect))
        self.model.maximize(cp_model.LinearExpr.weighted_sum(variables, weights))

    def add_hint(self, placements: Mapping[str, Placement]) -> None:
        for key, is_chosen in self.chosen.items():
            self.model.add_hint(is_chosen, key in placements)
        for key, start in self.starts.items():
            self.model.add_hint(start, placements[key].start if key in placements else self.earliest[key])


def is_competing_for_time(portfolio: Portfolio, candidates: Iterable[Candidate]) -> bool:
    """Whether it matters who starts when: staff, parallel rollouts or the budget of a period are limited."""
    limited = portfolio.staff or {}
    has_staff = any(role in limited for each in candidates for role in each.staff)
    return has_staff or portfolio.parallel is not None or portfolio.budget.per_period is not None


def _in_whole_heads(needed: Mapping[str, Decimal], heads: Decimal) -> tuple[dict[str, int], int]:
    """Demands and capacity as whole numbers, in parts of a head where heads are divided."""
    parts = lcm(*(Fraction(each).denominator for each in (*needed.values(), heads)))
    return {key: int(each * parts) for key, each in needed.items()}, int(heads * parts)


def _low_net(candidate: Candidate) -> Decimal:
    low = candidate.effect if candidate.low_effect is None else candidate.low_effect
    return low - candidate.cost
