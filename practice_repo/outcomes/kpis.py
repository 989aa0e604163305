"""The KPIs of a card over the facts of many cases, each with how far it can be trusted."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from engine.errors import InvalidInput, NotFound
from engine.feel import FeelSyntaxError, compile_expression
from practice_repo.card import Card, Kpi
from practice_repo.outcomes.facts import CaseFacts, collections_of, figures_of
from practice_repo.outcomes.formulas import CASES, Used, used

MOST_GROUPS = 40  # of the jackknife


@dataclass(frozen=True, slots=True)
class KpiValue:
    """A KPI of a window: `value` in `unit`; `sd` of one case, so that the standard error is sd / √n.

    `value` is None when no case tells it, or when the figures `missing` were not given. `sd` is None below two cases.
    """

    kpi: str
    value: Decimal | None
    n: int
    sd: float | None
    unit: str
    better: str = "higher"
    missing: tuple[str, ...] = ()

    @property
    def standard_error(self) -> float | None:
        return None if self.sd is None or not self.n else self.sd / math.sqrt(self.n)


def kpi_values(
    card: Card, facts: Sequence[CaseFacts], *, figures: Mapping[str, Any] | None = None, days: int | None = None
) -> dict[str, KpiValue]:
    """Every KPI of the card over these facts; `figures` are those of the enterprise's books, `days` of the window."""
    return {kpi.key: kpi_value(card, kpi.key, facts, figures=figures, days=days) for kpi in card.kpis}


def kpi_value(
    card: Card,
    key: str,
    facts: Sequence[CaseFacts],
    *,
    figures: Mapping[str, Any] | None = None,
    days: int | None = None,
    with_spread: bool = True,
) -> KpiValue:
    """One KPI of the card; without its spread forty times as fast, for series.

    The spread is that of a jackknife that leaves out one of up to 40 groups of cases at a time, which also holds for
    medians (Shao and Wu, Annals of Statistics 17(3), 1989). Raises `NotFound` for a KPI that the card does not have.
    """
    kpi = _kpi(card, key)
    given = {name: value for name, value in {**(figures or {}), "days": days}.items() if value is not None}
    lists = collections_of(card).keys() - {CASES}
    reads = _reads(card, kpi)
    missing = tuple(sorted((reads.names & (figures_of(card) | {"days"})) - set(given)))
    telling = [each for each in facts if _tells(each, reads.fields)]
    if missing:
        return KpiValue(key, None, len(telling), None, kpi.unit, kpi.better, missing)
    measure = _measure(kpi, reads, lists, given)
    value = measure(facts)
    spread = _jackknife(measure, facts, telling) if with_spread and value is not None else None
    return KpiValue(key, value, len(telling), spread, kpi.unit, kpi.better)


def _reads(card: Card, kpi: Kpi) -> Used:
    try:
        return used(kpi.formula, frozenset(collections_of(card)))
    except FeelSyntaxError as error:
        raise InvalidInput(f"The formula of the KPI '{kpi.key}' is not FEEL: {error}") from error


def _kpi(card: Card, key: str) -> Kpi:
    for kpi in card.kpis:
        if kpi.key == key:
            return kpi
    raise NotFound(f"'{card.id}' has no KPI '{key}': it has {', '.join(kpi.key for kpi in card.kpis) or 'none'}.")


def _measure(
    kpi: Kpi, reads: Used, lists: Iterable[str], given: Mapping[str, Any]
) -> Callable[[Sequence[CaseFacts]], Decimal | None]:
    """The KPI as a function of facts; the rows hold only what the formula reads, which makes it ten times faster."""
    formula = compile_expression(kpi.formula.removeprefix("="))
    wanted: dict[str, list[str]] = {}
    for rows, name in reads.fields:
        wanted.setdefault(rows, []).append(name)

    def measure(facts: Sequence[CaseFacts]) -> Decimal | None:
        names = dict(given)
        names[CASES] = [{name: each.values.get(name) for name in wanted.get(CASES, ())} for each in facts]
        for rows in lists:
            fields = wanted.get(rows, ())
            names[rows] = [
                {name: row.get(name) for name in fields} for each in facts for row in each.rows.get(rows, ())
            ]
        value = formula.evaluate(names)
        return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

    return measure


def _tells(facts: CaseFacts, fields: frozenset[tuple[str, str]]) -> bool:
    """Whether the case knows at least one of the fields that the formula reads; a formula of counts takes all."""
    if not fields:
        return True
    return any(
        facts.values.get(name) is not None
        if collection == CASES
        else any(row.get(name) is not None for row in facts.rows.get(collection, ()))
        for collection, name in fields
    )


def _jackknife(
    measure: Callable[[Sequence[CaseFacts]], Decimal | None], facts: Sequence[CaseFacts], telling: Sequence[CaseFacts]
) -> float | None:
    """The spread of one case: standard error × √n."""
    count = min(MOST_GROUPS, len(telling))
    if count < 2:
        return None
    ordered = sorted(telling, key=lambda each: sha256(each.case_id.encode()).digest())  # chance, the same every time
    group = {each.case_id: index % count for index, each in enumerate(ordered)}
    left = [measure([each for each in facts if group.get(each.case_id) != index]) for index in range(count)]
    known = [float(value) for value in left if value is not None]
    if len(known) < 2:
        return None
    mean = sum(known) / len(known)
    variance = (len(known) - 1) / len(known) * sum((value - mean) ** 2 for value in known)
    return math.sqrt(variance * len(telling))
