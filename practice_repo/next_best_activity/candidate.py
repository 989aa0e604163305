"""What is ranked: candidates, the means there are for them, and where the enterprise stands."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from functools import cached_property, reduce

from engine.errors import InvalidInput

EXACT = Context(prec=400)  # sums of money are never rounded
LARGEST_EXPONENT = 60  # an amount has at most so many digits before, and as many behind the point
ZERO = Decimal(0)
LONGEST_DAYS = 36_500  # a hundred years
MOST_HEADS = 1_000_000
HEAD_DECIMALS = 4


class InvalidPortfolio(InvalidInput):
    """The candidates or their means contradict themselves: correct them."""


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(EXACT.add, amounts, ZERO)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A practice that can be deployed next.

    `effect` and `cost` are money of one currency within the horizon, cost including its run cost; None means that
    nobody has estimated it yet. Days count from the start of the horizon. `window` says the first day on which the
    rollout may start and the last day on which it may end. `staff` is heads per role while the rollout runs.
    """

    id: str
    effect: Decimal | None = None
    cost: Decimal | None = None
    prerequisites: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    group: str | None = None  # at most one practice of a group is deployed
    duration_days: int = 0
    window: tuple[int | None, int | None] = (None, None)
    staff: Mapping[str, Decimal] = field(default_factory=dict)
    must: bool = False
    lag_days: int = 0  # waiting time after the last prerequisite is in place
    evidence: int = 0  # measured outcomes behind the estimate
    success: Decimal = Decimal(1)  # probability that the rollout succeeds and is adopted
    low_effect: Decimal | None = None  # P10 of the effect
    area: str | None = None

    def __post_init__(self) -> None:
        if self.cost is not None and self.cost < 0:
            raise InvalidPortfolio(
                f"Candidate '{self.id}': expected a cost of 0 or more, found {self.cost}; "
                "a saving belongs to the effect."
            )
        for name, amount in (("effect", self.effect), ("cost", self.cost), ("low effect", self.low_effect)):
            if amount is not None and not _is_exactly_computable(amount):
                raise InvalidPortfolio(
                    f"Candidate '{self.id}': expected a finite {name} with at most {LARGEST_EXPONENT} digits on "
                    f"each side of the point, found {amount}."
                )
        if not (0 <= self.duration_days <= LONGEST_DAYS and 0 <= self.lag_days <= LONGEST_DAYS):
            raise InvalidPortfolio(
                f"Candidate '{self.id}': expected a duration and a lag of 0 to {LONGEST_DAYS} days, found "
                f"{self.duration_days} and {self.lag_days}."
            )
        for role, heads in self.staff.items():
            check_heads(f"Candidate '{self.id}'", role, heads)
        if not 0 <= self.success <= 1:
            raise InvalidPortfolio(f"Candidate '{self.id}': success is a share from 0 to 1, found {self.success}.")

    @property
    def expected_net(self) -> Decimal:
        """What it brings on average: the effect comes only when the rollout succeeds, the cost comes always."""
        return EXACT.subtract(EXACT.multiply(self.success, self.effect or ZERO), self.cost or ZERO)


def check_heads(where: str, role: str, heads: Decimal) -> None:
    """Raises `InvalidPortfolio` for heads that cannot be counted."""
    if not (0 <= heads <= MOST_HEADS and -heads.as_tuple().exponent <= HEAD_DECIMALS):
        raise InvalidPortfolio(
            f"{where}: expected 0 to {MOST_HEADS} {role} with at most {HEAD_DECIMALS} decimals, found {heads}."
        )


def _is_exactly_computable(amount: Decimal) -> bool:
    return amount.is_finite() and (
        not amount or (amount.adjusted() <= LARGEST_EXPONENT and -amount.as_tuple().exponent <= LARGEST_EXPONENT)
    )


@dataclass(frozen=True, slots=True)
class Budget:
    """How much money there is: in all, and for the rollouts that start in each period. None is no limit."""

    total: Decimal | None = None
    per_period: Decimal | tuple[Decimal, ...] | None = None  # one amount for every period, or a list that then ends

    def of_period(self, period: int) -> Decimal | None:
        if not isinstance(self.per_period, tuple):
            return self.per_period
        return self.per_period[period] if period < len(self.per_period) else ZERO

    def next_period_with(self, amount: Decimal, after: int) -> int | None:
        """The first later period whose budget holds the amount; None when there is none."""
        if not isinstance(self.per_period, tuple):
            return after + 1 if self.per_period is None or self.per_period >= amount else None
        return next((each for each in range(after + 1, len(self.per_period)) if self.per_period[each] >= amount), None)


@dataclass(frozen=True, slots=True)
class Horizon:
    """The time that is planned; `days` None is no end."""

    days: int | None = None
    period_days: int = 30

    def period_of(self, day: int) -> int:
        return day // self.period_days


@dataclass(frozen=True, slots=True)
class Synergy:
    """What these practices bring together, beyond what each brings alone."""

    ids: tuple[str, ...]
    effect: Decimal


@dataclass(frozen=True)
class Portfolio:
    """Candidates and means. Raises `InvalidPortfolio` for twins, cycles of prerequisites and clashing must-haves."""

    candidates: tuple[Candidate, ...]
    budget: Budget = Budget()
    horizon: Horizon = Horizon()
    staff: Mapping[str, Decimal] | None = None  # heads per role; a role that is not named is not limited
    synergies: tuple[Synergy, ...] = ()
    coverage: Mapping[str, int] = field(default_factory=dict)  # area → least number of practices
    risk_floor: Decimal | None = None  # the plan's net benefit with low effects is at least this
    parallel: int | None = None  # rollouts that may run at once in a plan

    def __post_init__(self) -> None:
        if len(self.by_id) < len(self.candidates):
            ids = [each.id for each in self.candidates]
            twins = ", ".join(sorted(key for key, count in Counter(ids).items() if count > 1))
            raise InvalidPortfolio(f"Every candidate needs its own id; more than one has: {twins}.")
        cycle = _cycle(self.by_id)
        if cycle:
            raise InvalidPortfolio(
                f"Prerequisites go round in a circle: {' needs '.join(cycle)}; remove one of these prerequisites."
            )
        for must in sorted(self.must_have):
            clash = sorted(self.rivals_of(must) & self.must_have)
            if clash:
                raise InvalidPortfolio(
                    f"'{must}' and '{clash[0]}' exclude each other, but both are must-haves or needed by one."
                )

    @cached_property
    def by_id(self) -> dict[str, Candidate]:
        return {each.id: each for each in self.candidates}

    @cached_property
    def in_library_order(self) -> tuple[Candidate, ...]:
        """By id: this numbers them N = 1, 2, … for a scan."""
        return tuple(self.by_id[key] for key in sorted(self.by_id))

    @cached_property
    def _rivals(self) -> dict[str, frozenset[str]]:
        rivals: dict[str, set[str]] = {}
        for each in self.candidates:
            for other in each.excludes:
                if other != each.id:
                    rivals.setdefault(each.id, set()).add(other)
                    rivals.setdefault(other, set()).add(each.id)
        for members in self.groups.values():
            for member in members:
                rivals.setdefault(member, set()).update(set(members) - {member})
        return {key: frozenset(others) for key, others in rivals.items()}

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for each in self.candidates:
            if each.group is not None:
                groups.setdefault(each.group, []).append(each.id)
        return groups

    @property
    def has_rivals(self) -> bool:
        return bool(self._rivals)

    def rivals_of(self, candidate_id: str) -> frozenset[str]:
        """Who cannot be deployed beside this one, whichever of the two says so."""
        return self._rivals.get(candidate_id, frozenset())

    @cached_property
    def must_have(self) -> frozenset[str]:
        """The must-haves with all that they need."""
        found: set[str] = set()
        waiting = [each.id for each in self.candidates if each.must]
        while waiting:
            key = waiting.pop()
            if key not in found and key in self.by_id:
                found.add(key)
                waiting.extend(self.by_id[key].prerequisites)
        return frozenset(found)


def _cycle(by_id: Mapping[str, Candidate]) -> list[str]:
    """The ids of one circle of prerequisites, its first id again at the end; empty when there is none."""
    finished: set[str] = set()
    for start in by_id:
        path: dict[str, None] = {}
        stack = [(start, iter(by_id[start].prerequisites))] if start not in finished else []
        if stack:
            path[start] = None
        while stack:
            key, left = stack[-1]
            following = next(left, None)
            if following is None:
                stack.pop()
                path.pop(key, None)
                finished.add(key)
            elif following in path:
                ids = list(path)
                return [*ids[ids.index(following) :], following]
            elif following in by_id and following not in finished:
                path[following] = None
                stack.append((following, iter(by_id[following].prerequisites)))
    return []


@dataclass(frozen=True)
class Standing:
    """Where the enterprise stands: what is in place, what runs, what people decided, what is spent."""

    day: int = 0
    done: Mapping[str, int] = field(default_factory=dict)  # id → day since when it is in place
    running: frozenset[str] = frozenset()
    rejected: Mapping[str, str] = field(default_factory=dict)  # id → reason
    deferred: Mapping[str, int] = field(default_factory=dict)  # id → day until which
    spent: Decimal = ZERO
    spent_in_period: Mapping[int, Decimal] = field(default_factory=dict)

    def deferring(self, candidate_id: str, until_day: int) -> "Standing":
        return replace(self, deferred={**self.deferred, candidate_id: until_day})

    def rejecting(self, candidate_id: str, reason: str) -> "Standing":
        return replace(self, rejected={**self.rejected, candidate_id: reason})

    def at(self, day: int) -> "Standing":
        return replace(self, day=day)

    def starting(self, candidate: Candidate, horizon: Horizon) -> "Standing":
        """The rollout begins today and its cost is charged to this period."""
        period, cost = horizon.period_of(self.day), candidate.cost or ZERO
        return replace(
            self,
            running=self.running | {candidate.id},
            spent=EXACT.add(self.spent, cost),
            spent_in_period={
                **self.spent_in_period,
                period: EXACT.add(self.spent_in_period.get(period, ZERO), cost),
            },
        )

    def completing(self, candidate_id: str, actual_cost: Decimal | None = None, planned: Decimal = ZERO) -> "Standing":
        """The rollout ended today; with an actual cost the difference to the planned one is charged too."""
        difference = EXACT.subtract(actual_cost, planned) if actual_cost is not None else ZERO
        return replace(
            self,
            running=self.running - {candidate_id},
            done={**self.done, candidate_id: self.day},
            spent=EXACT.add(self.spent, difference),
        )

    def aborting(self, candidate_id: str) -> "Standing":
        """The rollout was given up: its cost so far stays spent, those that it excluded come back."""
        return replace(
            self,
            running=self.running - {candidate_id},
            done={key: day for key, day in self.done.items() if key != candidate_id},
        )
