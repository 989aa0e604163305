"""Effect and cost of a practice in an enterprise, from drivers that people can argue about one by one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.errors import InvalidInput
from practice_repo.next_best_activity.candidate import EXACT, ZERO, total

DAYS_PER_YEAR = Decimal(365)
LEAST_PROJECTS = 3  # a family's own cost factor needs so many finished projects
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class EffectDriver:
    """One KPI that changes: the enterprise says value and volume, the library says the change."""

    kpi: str
    change: Decimal  # of the KPI, in its unit; better is positive
    volume_per_year: Decimal  # cases to which the change applies
    unit_value: Decimal  # money per unit of the KPI and case
    source: str = ""


@dataclass(frozen=True, slots=True)
class CostDriver:
    """Hours of a role at its rate, or an amount; `per_year` for what runs on after go-live."""

    name: str
    hours: Decimal = ZERO
    hourly_rate: Decimal = ZERO
    amount: Decimal = ZERO
    per_year: bool = False

    @property
    def money(self) -> Decimal:
        return EXACT.add(EXACT.multiply(self.hours, self.hourly_rate), self.amount)


@dataclass(frozen=True, slots=True)
class Ramp:
    """How the effect grows: nothing until go-live, then in a straight line to the full effect."""

    go_live_day: int = 0
    full_after_days: int = 0

    def days_of_full_effect(self, horizon_days: int) -> Decimal:
        """The days of full effect that bring as much as the ramp does within the horizon."""
        active = max(0, horizon_days - self.go_live_day)
        if active <= self.full_after_days:
            return Decimal(active * active) / (2 * self.full_after_days) if active else ZERO
        return Decimal(active) - Decimal(self.full_after_days) / 2


def effect_of(
    drivers: Iterable[EffectDriver], horizon_days: int, ramp: Ramp = Ramp(), run_effects: Decimal = ZERO
) -> Decimal:
    """Money within the horizon, to the cent: sum of change × volume × unit value × ramp, less lasting side effects."""
    years = ramp.days_of_full_effect(horizon_days) / DAYS_PER_YEAR
    yearly = total(each.change * each.volume_per_year * each.unit_value for each in drivers)
    return (yearly * years - run_effects).quantize(CENT)


def cost_of(
    drivers: Iterable[CostDriver],
    horizon_days: int,
    go_live_day: int = 0,
    resistance_share: Decimal = ZERO,
    factor: Decimal = Decimal(1),
) -> Decimal:
    """Money within the horizon, to the cent: one-off cost × reference-class factor, with a reserve for resistance,
    plus the run cost from go-live."""
    if resistance_share < 0 or factor <= 0:
        raise InvalidInput(
            f"Expected a resistance share of 0 or more and a factor above 0, found {resistance_share} and {factor}."
        )
    counted = list(drivers)
    once = total(each.money for each in counted if not each.per_year)
    yearly = total(each.money for each in counted if each.per_year)
    years = Decimal(max(0, horizon_days - go_live_day)) / DAYS_PER_YEAR
    return (once * factor * (1 + resistance_share) + yearly * years).quantize(CENT)


@dataclass(frozen=True, slots=True)
class Project:
    """A finished rollout: what it was estimated to cost, and what it did cost."""

    estimated: Decimal
    actual: Decimal
    family: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class CostFactor:
    """actual / estimated of a reference class: the median for the plan, P80 for the budget."""

    median: Decimal
    p80: Decimal
    projects: int
    reference_class: str


def cost_factor(projects: Sequence[Project], family: str = "", area: str = "") -> CostFactor:
    """The factor of the narrowest class with enough projects: family, area, all; without any, estimates stand."""
    for project in projects:
        if project.estimated <= 0 or project.actual <= 0:
            raise InvalidInput(
                f"Expected estimated and actual cost above 0, found {project.estimated} and {project.actual}."
            )
    classes = (
        (f"family {family}", [each for each in projects if family and each.family == family]),
        (f"area {area}", [each for each in projects if area and each.area == area]),
        ("all practices", list(projects)),
    )
    for name, members in classes:
        if len(members) >= LEAST_PROJECTS:
            ratios = sorted(each.actual / each.estimated for each in members)
            return CostFactor(_quantile(ratios, 0.5), _quantile(ratios, 0.8), len(members), name)
    return CostFactor(Decimal(1), Decimal(1), 0, "no class: fewer than three finished projects")


def _quantile(ordered: Sequence[Decimal], share: float) -> Decimal:
    """Between neighbours on the scale of logarithms, since cost overruns multiply."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    part = Decimal(str(position - below))
    return ((1 - part) * ordered[below].ln() + part * ordered[above].ln()).exp().quantize(Decimal("0.0001"))


def tornado(
    drivers: Sequence[EffectDriver],
    changes: Mapping[str, tuple[Decimal, Decimal]],
    horizon_days: int,
    ramp: Ramp = Ramp(),
) -> list[tuple[str, Decimal, Decimal]]:
    """(KPI, effect at its low change, effect at its high change), the most influential first."""
    bars = []
    for each in drivers:
        if each.kpi not in changes:
            continue
        ends = [
            effect_of([_with_change(other, end, each.kpi) for other in drivers], horizon_days, ramp)
            for end in changes[each.kpi]
        ]
        bars.append((each.kpi, *ends))
    return sorted(bars, key=lambda bar: (-abs(bar[2] - bar[1]), bar[0]))


def _with_change(driver: EffectDriver, change: Decimal, kpi: str) -> EffectDriver:
    if driver.kpi != kpi:
        return driver
    return EffectDriver(driver.kpi, change, driver.volume_per_year, driver.unit_value, driver.source)
