"""Champion and challenger: two versions of a process side by side, until it is clear which one is better.

A case's variant follows from its key, so that it needs no memory and cannot be chosen: its business key, without one
the id of its instance. While `experiment.route` is in force, the engine starts new cases that way, whatever starts them
(engine.commands.route_new_cases); the process instance keeps its definition, and with it the variant.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from engine.errors import InvalidInput
from engine.store.routes import Route, chance
from practice_repo.card import Card
from practice_repo.outcomes.effects import Effect, experiment_effect
from practice_repo.outcomes.facts import CaseFacts
from practice_repo.outcomes.kpis import KpiValue, kpi_value
from practice_repo.outcomes.sequential import bounds

CHAMPION, CHALLENGER = "champion", "challenger"
GUARD_Z = NormalDist().inv_cdf(0.95)
LEAST_CASES = 10  # per variant, before anything is said
LEAST_STEP = 0.05  # of the information between two looks: a look that knows hardly more spends nothing


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A KPI that may become worse by no more than `tolerance` (in its unit)."""

    kpi: str
    tolerance: float = 0.0


@dataclass(frozen=True)
class Experiment:
    """`share` of the cases (0-1) go the challenger's way; `planned_cases` are both variants' together."""

    key: str
    champion_definition_id: str
    challenger_definition_id: str
    kpi: str
    planned_cases: int
    share: float = 0.5
    guardrails: tuple[Guardrail, ...] = ()
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InvalidInput(f"Expected a challenger's share above 0 and below 1, found {self.share}.")
        if self.planned_cases < 2 * LEAST_CASES:
            raise InvalidInput(f"Expected {2 * LEAST_CASES} planned cases or more, found {self.planned_cases}.")

    @property
    def route(self) -> Route:
        """What the engine does with new cases."""
        return Route(self.key, {self.challenger_definition_id: self.share, self.champion_definition_id: 1 - self.share})

    def definition_for(self, case_key: str) -> str:
        """The process definition that a new case of this key starts with."""
        is_challenger = choose_variant(case_key, self.share, self.key) == CHALLENGER
        return self.challenger_definition_id if is_challenger else self.champion_definition_id


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one look says. `state`: continue | challenger_better | champion_better | no_difference | guardrail."""

    state: str
    information: float  # share of the planned cases, 0-1
    effect: Effect | None = None
    z: float | None = None
    bound: float | None = None
    broken_guardrails: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.state != "continue"


def choose_variant(case_key: str, share: float = 0.5, experiment: str = "") -> str:
    """champion or challenger: always the same for the same key, and independent between experiments."""
    return CHALLENGER if chance(experiment, case_key) < share else CHAMPION


def by_variant(experiment: Experiment, facts: Iterable[CaseFacts]) -> dict[str, list[CaseFacts]]:
    """The facts of both variants. Only cases that went the way of their key count: others were chosen by somebody."""
    found: dict[str, list[CaseFacts]] = {CHAMPION: [], CHALLENGER: []}
    for each in facts:
        key = each.business_key or each.case_id
        if each.definition_id == experiment.definition_for(key):
            found[choose_variant(key, experiment.share, experiment.key)].append(each)
    return found


def judge(
    card: Card,
    experiment: Experiment,
    facts: Iterable[CaseFacts],
    *,
    earlier_looks: Sequence[float] = (),
    figures: Mapping[str, object] | None = None,
) -> Verdict:
    """One look at the experiment: guardrails first, then the KPI against the bound of this look.

    `earlier_looks` are the `information` of the verdicts before that had a bound. A look that adds less than a
    twentieth says continue.
    """
    variants = by_variant(experiment, facts)
    values = {name: kpi_value(card, experiment.kpi, each, figures=figures) for name, each in variants.items()}
    information = min(1.0, sum(value.n for value in values.values()) / experiment.planned_cases)
    if min(value.n for value in values.values()) < LEAST_CASES:
        return Verdict("continue", information)
    broken = tuple(
        guard.kpi
        for guard in experiment.guardrails
        if is_broken(guard, *(kpi_value(card, guard.kpi, variants[name], figures=figures) for name in values))
    )
    effect = _comparison(values[CHAMPION], values[CHALLENGER])
    if broken:
        return Verdict("guardrail", information, effect, broken_guardrails=broken)
    if effect is None or effect.standard_error == 0 or not _is_news(information, earlier_looks):
        return Verdict("continue", information, effect)
    bound = bounds((*sorted(earlier_looks), information), experiment.alpha)[-1]
    z = effect.improvement / effect.standard_error
    return Verdict(_state(z, bound, information), information, effect, z, bound)


def _is_news(information: float, earlier_looks: Sequence[float]) -> bool:
    latest = max(earlier_looks, default=0.0)
    return information - latest >= LEAST_STEP or information >= 1 > latest


def _state(z: float, bound: float, information: float) -> str:
    if abs(z) >= bound:
        return "challenger_better" if z > 0 else "champion_better"
    return "no_difference" if information >= 1 else "continue"


def _comparison(champion: KpiValue, challenger: KpiValue) -> Effect | None:
    known = all(value.value is not None and value.standard_error is not None for value in (champion, challenger))
    return experiment_effect(champion, challenger) if known else None


def is_broken(guard: Guardrail, champion: KpiValue, challenger: KpiValue) -> bool:
    """Worse by more than is tolerated, and not by chance alone (95 %, one-sided: many looks err on the safe side)."""
    effect = _comparison(champion, challenger)
    if effect is None or min(champion.n, challenger.n) < LEAST_CASES:
        return False
    worse = -effect.improvement
    return worse > guard.tolerance and worse > GUARD_Z * effect.standard_error
