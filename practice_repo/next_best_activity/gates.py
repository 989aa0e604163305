"""Gates before the ranking: may this enterprise, is it relevant now, is it good for it, can its people bear it.

Every candidate that a gate holds back keeps the gate's name and a reason in words.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from practice_repo.next_best_activity.availability import Exclusion


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a practice asks of an enterprise; empty asks nothing."""

    licences: frozenset[str] = frozenset()  # that the enterprise must hold
    forbidden_regions: frozenset[str] = frozenset()  # where the law is against it
    least_employees: int = 0
    most_employees: int | None = None
    industries: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()  # at least one of these needs must be open
    kpi: str | None = None  # relevant while this KPI misses its target
    risk: int = 0  # 0 none to 3 high
    least_data_quality: Decimal = Decimal(0)  # share of complete records
    department: str | None = None
    change_points: int = 0  # load on the department while it runs


@dataclass(frozen=True, slots=True)
class Kpi:
    value: Decimal
    target: Decimal
    higher_is_better: bool = True

    @property
    def misses_target(self) -> bool:
        return self.value < self.target if self.higher_is_better else self.value > self.target


@dataclass(frozen=True)
class Enterprise:
    """What the gates know about the enterprise today. None is unknown and holds nothing back."""

    employees: int | None = None
    region: str | None = None
    industry: str | None = None
    licences: frozenset[str] = frozenset()
    open_needs: frozenset[str] | None = None
    kpis: Mapping[str, Kpi] = field(default_factory=dict)
    risk_appetite: int = 3
    data_quality: Decimal | None = None
    in_place: frozenset[str] = frozenset()
    day: int = 0
    running_in: Mapping[str, int] = field(default_factory=dict)  # department → rollouts that run
    load_of: Mapping[str, int] = field(default_factory=dict)  # department → change points of these
    failed_on: Mapping[str, int] = field(default_factory=dict)  # department → day of the last failed rollout
    rejected_on: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # practice → days of its rejections


@dataclass(frozen=True, slots=True)
class ChangeLoadPolicy:
    most_rollouts: int = 2  # at once in one department
    most_change_points: int = 10
    rest_days_after_failure: int = 30
    rejections: int = 3  # so many within the window suppress a practice
    rejection_window_days: int = 365
    suppressed_days: int = 180


Verdict = tuple[str, int | None] | str | None


def eligibility(key: str, asks: Conditions, enterprise: Enterprise, policy: ChangeLoadPolicy) -> Verdict:
    """May this enterprise do it?"""
    lacking = sorted(asks.licences - enterprise.licences)
    if lacking:
        return f"needs the licence {', '.join(lacking)}"
    if enterprise.region in asks.forbidden_regions:
        return f"is not allowed in {enterprise.region}"
    size = enterprise.employees
    if size is not None and size < asks.least_employees:
        return f"is made for {asks.least_employees} employees or more, there are {size}"
    if size is not None and asks.most_employees is not None and size > asks.most_employees:
        return f"is made for {asks.most_employees} employees or fewer, there are {size}"
    if asks.industries and enterprise.industry is not None and enterprise.industry not in asks.industries:
        return f"is made for {', '.join(sorted(asks.industries))}, not for {enterprise.industry}"
    return None


def applicability(key: str, asks: Conditions, enterprise: Enterprise, policy: ChangeLoadPolicy) -> Verdict:
    """Is it relevant now?"""
    if key in enterprise.in_place:
        return "already in place"
    if asks.needs and enterprise.open_needs is not None and not asks.needs & enterprise.open_needs:
        return f"none of its needs is open: {', '.join(sorted(asks.needs))}"
    kpi = enterprise.kpis.get(asks.kpi) if asks.kpi else None
    if kpi is not None and not kpi.misses_target:
        return f"the KPI {asks.kpi} is {kpi.value} and meets its target of {kpi.target}"
    return None


def suitability(key: str, asks: Conditions, enterprise: Enterprise, policy: ChangeLoadPolicy) -> Verdict:
    """Is it good for this enterprise?"""
    if asks.risk > enterprise.risk_appetite:
        return f"its risk is {asks.risk}, the enterprise takes at most {enterprise.risk_appetite}"
    quality = enterprise.data_quality
    if quality is not None and quality < asks.least_data_quality:
        return f"needs {asks.least_data_quality:.0%} complete records, {quality:.0%} are"
    return None


def change_load(key: str, asks: Conditions, enterprise: Enterprise, policy: ChangeLoadPolicy) -> Verdict:
    """Can its people bear one more change?"""
    return _after_rejections(key, enterprise, policy) or (
        _of_department(asks.department, asks.change_points, enterprise, policy) if asks.department else None
    )


def _of_department(department: str, points: int, enterprise: Enterprise, policy: ChangeLoadPolicy) -> Verdict:
    running = enterprise.running_in.get(department, 0)
    if running >= policy.most_rollouts:
        return f"{running} rollouts run in {department}, at most {policy.most_rollouts} at once"
    load = enterprise.load_of.get(department, 0)
    if load + points > policy.most_change_points:
        return f"{department} bears {load} change points, {points} more are above {policy.most_change_points}"
    failed = enterprise.failed_on.get(department)
    if failed is not None and enterprise.day < failed + policy.rest_days_after_failure:
        until = failed + policy.rest_days_after_failure
        return f"{department} rests until day {until} after a failed rollout", until
    return None


def _after_rejections(key: str, enterprise: Enterprise, policy: ChangeLoadPolicy) -> Verdict:
    since = enterprise.day - policy.rejection_window_days
    recent = [day for day in enterprise.rejected_on.get(key, ()) if day >= since]
    if len(recent) < policy.rejections:
        return None
    until = max(recent) + policy.suppressed_days
    return (f"was rejected {len(recent)} times, asked again on day {until}", until) if enterprise.day < until else None


Gate = Callable[[str, Conditions, Enterprise, ChangeLoadPolicy], Verdict]
GATES: dict[str, Gate] = {
    "eligibility": eligibility,
    "applicability": applicability,
    "suitability": suitability,
    "change load": change_load,
}


def hold_back(
    ids: Iterable[str],
    conditions: Mapping[str, Conditions],
    enterprise: Enterprise,
    policy: ChangeLoadPolicy = ChangeLoadPolicy(),
) -> dict[str, Exclusion]:
    """Whom a gate holds back, and why: the first gate that says no. Give it to the selectors as `barred`."""
    held: dict[str, Exclusion] = {}
    for key in ids:
        for name, gate in GATES.items():
            verdict = gate(key, conditions.get(key, Conditions()), enterprise, policy)
            if verdict is not None:
                reason, until = verdict if isinstance(verdict, tuple) else (verdict, None)
                held[key] = Exclusion(key, name, reason, until)
                break
    return held
