"""What people expect of an activity: effect and cost as drivers that can be argued about one by one (A13, A14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from engine.errors import InvalidInput
from practice_repo.card import Card
from practice_repo.next_best_activity.candidate import ZERO
from practice_repo.next_best_activity.estimates import CostDriver, EffectDriver, Ramp, cost_of, effect_of

ONE = Decimal(1)
USUAL_DURATION = 30  # days


@dataclass(frozen=True)
class ExpectedEffect:
    """One KPI that gets better. `change` is in the KPI's unit, better is positive; None: nobody knows yet.

    `volume_per_year` counts the cases to which it applies, `unit_value` is money per unit of the KPI and case.
    """

    kpi: str
    practice: str = ""  # the library item whose card has the KPI
    baseline: Decimal | None = None  # the KPI as it is now; what the library knows is a share of it
    change: Decimal | None = None
    low: Decimal | None = None  # P10
    high: Decimal | None = None  # P90
    volume_per_year: Decimal = ZERO
    unit_value: Decimal = ZERO
    source: str = ""

    @property
    def driver(self) -> EffectDriver:
        return EffectDriver(self.kpi, self.change or ZERO, self.volume_per_year, self.unit_value, self.source)


@dataclass(frozen=True)
class ExpectedCost:
    """Hours of a role at its rate, or an amount; `per_year` for what runs on after go-live."""

    name: str
    role: str = ""
    hours: Decimal = ZERO
    hourly_rate: Decimal = ZERO
    amount: Decimal = ZERO
    per_year: bool = False

    @property
    def driver(self) -> CostDriver:
        return CostDriver(self.name, self.hours, self.hourly_rate, self.amount, self.per_year)


@dataclass(frozen=True)
class Expectation:
    """Everything that is expected of an activity, and what it asks of the enterprise.

    `lump_effect` is money within the horizon that no KPI tells; without it and without a driver that is known, the
    activity needs an estimate. `costs` None means that nobody has thought about them; () means that it costs nothing.
    """

    effects: tuple[ExpectedEffect, ...] = ()
    costs: tuple[ExpectedCost, ...] | None = None
    lump_effect: Decimal | None = None
    lump_source: str = ""
    run_effects: Decimal = ZERO  # lasting side effects, taken off
    resistance_share: Decimal = ZERO  # reserve on the one-off cost (A42)
    duration_days: int = USUAL_DURATION
    full_after_days: int = 60  # from go-live to the full effect
    success: Decimal = ONE  # probability that the rollout succeeds and is adopted
    staff: Mapping[str, Decimal] = field(default_factory=dict)  # heads per role while it runs
    window_from: date | None = None
    window_to: date | None = None
    prerequisites: tuple[str, ...] = ()  # keys of activities
    excludes: tuple[str, ...] = ()
    group: str | None = None
    must: bool = False
    lag_days: int = 0
    department: str = ""
    change_points: int = 1
    risk: int = 0  # 0 none to 3 high
    licences: tuple[str, ...] = ()
    forbidden_regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    least_employees: int = 0
    most_employees: int | None = None
    needs: tuple[str, ...] = ()  # relevant while one of these needs is open
    is_reversible: bool = False
    is_measured: bool = False  # its outcome will be measured

    def __post_init__(self) -> None:
        for share, name in ((self.success, "probability of success"), (self.resistance_share, "reserve")):
            if not 0 <= share <= 1:
                raise InvalidInput(f"Expected a {name} from 0 to 1, found {share}.")
        if self.window_from and self.window_to and self.window_to < self.window_from:
            raise InvalidInput(
                f"The window ends on {self.window_to}, before it begins on {self.window_from}: swap them."
            )
        if not 0 <= self.risk <= 3:
            raise InvalidInput(f"Expected a risk from 0 (none) to 3 (high), found {self.risk}.")
        for each in self.costs or ():
            if each.hours < 0 or each.hourly_rate < 0 or each.amount < 0:
                raise InvalidInput(f"The cost '{each.name}' is below 0: write a saving down as an effect.")
        for each in self.effects:
            if each.low is not None and each.high is not None and each.high < each.low:
                raise InvalidInput(f"The range of '{each.kpi}' ends at {each.high}, below {each.low}: swap them.")

    @property
    def ramp(self) -> Ramp:
        """Effect and run cost are those of one horizon from go-live on, so that S does not depend on the start."""
        return Ramp(go_live_day=0, full_after_days=self.full_after_days)

    @property
    def is_effect_known(self) -> bool:
        """Whether anybody has said what it brings; drivers without a change count as nothing beside known ones."""
        return self.lump_effect is not None or any(each.change is not None for each in self.effects)

    def effect(self, horizon_days: int) -> Decimal | None:
        """Money within the horizon, to the cent; None when nobody has estimated it."""
        if not self.is_effect_known:
            return None
        known = [each.driver for each in self.effects if each.change is not None]
        return effect_of(known, horizon_days, self.ramp, self.run_effects) + (self.lump_effect or ZERO)

    def cost(self, horizon_days: int, factor: Decimal = ONE) -> Decimal | None:
        """Money within the horizon, to the cent, with the reserve for resistance; None when nobody knows."""
        if self.costs is None:
            return None
        drivers = [each.driver for each in self.costs]
        return cost_of(drivers, horizon_days, 0, self.resistance_share, factor)

    def at(self, end: str) -> "Expectation":
        """The same with every effect at its `low` or `high` end, where one is given."""
        ends = (
            replace(each, change=value) if (value := getattr(each, end)) is not None else each for each in self.effects
        )
        return replace(self, effects=tuple(ends))

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is as usual is left out, numbers are texts."""
        usual = Expectation()
        return {
            each.name: _plain(getattr(self, each.name))
            for each in fields(self)
            if getattr(self, each.name) != getattr(usual, each.name)
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Expectation":
        """Raises InvalidInput for names and values that an expectation does not have."""
        return _typed(cls, content)


def suggested(card: Card, activities: Mapping[str, str] | None = None) -> Expectation:
    """What the practice's card says: KPIs without numbers, hours at its example rates, what it needs and excludes.

    `activities` maps what cards name (items, practice numbers) to keys of activities; other names are left out, because
    nothing could ever meet them.
    """
    rates = {role.key: role.hourly_rate or ZERO for role in card.roles}
    names = {role.key: role.name.en for role in card.roles}
    keys = activities or {}
    costs = [
        ExpectedCost(
            name=each.name or names.get(each.role or "", each.role or ""),
            role=each.role or "",
            hours=each.hours or ZERO,
            hourly_rate=rates.get(each.role or "", ZERO),
            amount=each.amount or ZERO,
        )
        for each in card.estimate.cost_drivers
    ]
    return Expectation(
        effects=tuple(ExpectedEffect(each.kpi, card.id, source=each.formula) for each in card.estimate.effect_drivers),
        costs=tuple(costs),
        prerequisites=tuple(keys[each] for each in card.estimate.prerequisites if each in keys),
        excludes=tuple(keys[each] for each in card.estimate.excludes if each in keys),
        department=card.area,
        is_measured=bool(card.kpis),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, ExpectedEffect | ExpectedCost):
        usual = type(value)(getattr(value, fields(value)[0].name))
        named = fields(value)[0].name
        return {
            each.name: _plain(getattr(value, each.name))
            for each in fields(value)
            if each.name == named or getattr(value, each.name) != getattr(usual, each.name)
        }
    return value


PARTS = {"effects": ExpectedEffect, "costs": ExpectedCost}


def _typed(kind: type, content: Mapping[str, Any]) -> Any:
    known = {each.name: each.type for each in fields(kind)}
    strange = sorted(set(content) - set(known))
    if strange:
        raise InvalidInput(f"An expectation has no '{strange[0]}': known are {', '.join(known)}.")
    return kind(**{name: _value(name, known[name], value) for name, value in content.items()})


def _value(name: str, declared: Any, value: Any) -> Any:
    if value is None:
        return None
    if name in PARTS:
        return tuple(_typed(PARTS[name], each) for each in value)
    if isinstance(value, Mapping):
        return {key: _number(name, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return tuple(value)
    wanted = get_args(declared) or (declared,)
    if Decimal in wanted:
        return _number(name, value)
    if date in wanted:
        return value if isinstance(value, date) else _date(name, value)
    return value


def _number(name: str, value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation as error:
        raise InvalidInput(f"Expected a number as {name}, found '{value}'.") from error
    if not found.is_finite():
        raise InvalidInput(f"Expected a finite number as {name}, found '{value}'.")
    return found


def _date(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"Expected a date like 2026-05-01 as {name}, found '{value}'.") from error
