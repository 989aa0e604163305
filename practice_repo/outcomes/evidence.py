"""What one rollout of a practice achieved, as a record that may leave the enterprise."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from engine.errors import InvalidInput
from practice_repo.next_best_activity.shrinkage import LEAST_ENTERPRISES, METHOD_WEIGHTS, Outcome
from practice_repo.outcomes.effects import Effect
from practice_repo.outcomes.kpis import KpiValue

Row = TypeVar("Row")
CONTROLLED = frozenset({"experiment", "difference-in-differences"})
LEAST_ERROR = 1e-6  # a measured effect is never quite certain


@dataclass(frozen=True)
class Evidence:
    """One KPI of one rollout. `sd` is the standard error of the effect × √n; shares lie between 0 and 1."""

    package_digest: str
    item: str  # the practice
    version: str
    enterprise: str  # its pseudonym
    kpi: str
    unit: str
    better: str  # higher | lower
    baseline: float
    after: float
    effect: float  # in the unit of the KPI, raw; not after - baseline where a comparison group was taken off
    n: int
    sd: float
    method: str  # a key of METHOD_WEIGHTS
    window_start: date
    window_end: date
    at: datetime
    context: Mapping[str, str | float] = field(default_factory=dict)  # industry, size, region …
    actual_cost: Decimal | None = None
    duration_days: int | None = None
    adoption_rate: float | None = None
    success: bool = True

    def __post_init__(self) -> None:
        if self.method not in METHOD_WEIGHTS:
            raise InvalidInput(f"Expected a method of {', '.join(METHOD_WEIGHTS)}, found '{self.method}'.")
        if not all(math.isfinite(each) for each in (self.baseline, self.after, self.effect, self.sd)) or self.sd < 0:
            raise InvalidInput(f"Evidence for '{self.kpi}' of '{self.item}': expected finite numbers and an sd from 0.")
        if self.n < 1:
            raise InvalidInput(f"Evidence needs one case or more behind it, found {self.n}.")
        if self.adoption_rate is not None and not 0 <= self.adoption_rate <= 1:
            raise InvalidInput(f"Expected an adoption rate from 0 to 1, found {self.adoption_rate}.")

    @property
    def weight(self) -> float:
        return METHOD_WEIGHTS[self.method]

    @property
    def standard_error(self) -> float:
        return self.sd / math.sqrt(self.n)

    @property
    def improvement(self) -> float:
        """The effect, positive when it is for the better."""
        return self.effect if self.better == "higher" else -self.effect

    def outcome(self, *, family: str = "", area: str = "", similarity: float = 1.0) -> Outcome | None:
        """The improvement as a share of the baseline, as `shrinkage.shrink` compares practices; None without a
        baseline to relate it to."""
        if self.baseline == 0:
            return None
        base = abs(self.baseline)
        return Outcome(
            practice=self.item,
            value=self.improvement / base,
            standard_error=max(LEAST_ERROR, self.standard_error / base),
            method=self.method,
            family=family,
            industry=str(self.context.get("industry", "")),
            area=area,
            enterprise=self.enterprise,
            similarity=similarity,
        )


def evidence_of(
    effect: Effect,
    before: KpiValue,
    after: KpiValue,
    *,
    package_digest: str,
    item: str,
    version: str,
    enterprise: str,
    window: tuple[date, date],
    at: datetime,
    **about: object,
) -> Evidence:
    """The record of a measured effect; `about` are context, actual_cost, duration_days, adoption_rate and success."""
    if before.value is None or after.value is None:
        raise InvalidInput(f"The KPI '{effect.kpi}' has no value in one of the windows: there is nothing to record.")
    return Evidence(
        package_digest=package_digest,
        item=item,
        version=version,
        enterprise=enterprise,
        kpi=effect.kpi,
        unit=effect.unit,
        better=effect.better,
        baseline=float(before.value),
        after=float(after.value),
        effect=effect.change,
        n=effect.n,
        sd=effect.standard_error * math.sqrt(effect.n),
        method=effect.method,
        window_start=window[0],
        window_end=window[1],
        at=at,
        **about,  # type: ignore[arg-type]
    )


def releasable(records: Iterable[Evidence], own: str = "", least: int = LEAST_ENTERPRISES) -> list[Evidence]:
    """What may go into numbers that the enterprise with the pseudonym `own` sees: its own records, and those of others
    in batches.

    A batch closes, in the order of time, as soon as `least` other enterprises are in it; an open one is held back. So
    not only is every number that of `least` others: what changes from one day to the next is, too, and subtracting
    yesterday's number from today's tells nobody's.
    """
    ordered = sorted(records, key=lambda each: (each.at, each.enterprise))
    others = in_batches([each for each in ordered if each.enterprise != own], lambda each: each.enterprise, least)
    released = {id(each) for batch in others for each in batch}
    return [each for each in ordered if each.enterprise == own or id(each) in released]


def in_batches(
    rows: Iterable[Row], enterprise_of: Callable[[Row], str], least: int = LEAST_ENTERPRISES
) -> list[list[Row]]:
    """The rows in their order, cut as soon as `least` enterprises are in a batch; what is left over at the end is not
    in it."""
    found: list[list[Row]] = []
    batch: list[Row] = []
    for each in rows:
        batch.append(each)
        if len({enterprise_of(other) for other in batch}) >= least:
            found.append(batch)
            batch = []
    return found


def evidence_level(records: Iterable[Evidence]) -> int:
    """How well a practice is proven: 0 claimed, 1 measured, 2 measured in three enterprises, 3 by comparison (A05)."""
    counted = [each for each in records if each.success and each.method != "claim"]
    if any(each.method in CONTROLLED for each in counted):
        return 3
    if len({each.enterprise for each in counted}) >= LEAST_ENTERPRISES:
        return 2
    return 1 if counted else 0
