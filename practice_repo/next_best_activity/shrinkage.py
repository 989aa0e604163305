"""What an effect is likely to be, from the measured outcomes of many enterprises: empirical Bayes with back-off.

Outcomes of one practice: y ~ N(theta, s² + het²); practices of one segment: theta ~ N(mu, tau²). The posterior mean
(tau² · own mean + s² · mu) / (tau² + s²) is nearer to the segment the less is known, which removes most of the
disappointment that choosing the maximum of noisy numbers brings (Smith and Winkler, Management Science 52(3), 2006).
tau² is estimated after Paule and Mandel, or DerSimonian and Laird. Floats, because these are estimates.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import InvalidInput

METHOD_WEIGHTS = {  # start values: how far an outcome of this method counts
    "experiment": 1.0,  # champion/challenger on instances
    "difference-in-differences": 0.7,
    "interrupted time series": 0.7,
    "before-after": 0.4,
    "claim": 0.1,
}
LEAST_PRACTICES = 3  # a segment speaks for itself from so many practices on, else the next wider one
LEAST_ENTERPRISES = 3  # nothing is published that fewer enterprises contributed to
MOST_STEPS = 100
CLOSE_ENOUGH = 1e-10  # of tau², as a share


@dataclass(frozen=True, slots=True)
class Outcome:
    """One measured effect of a practice, in the unit in which its practices are compared (such as effect per cost)."""

    practice: str
    value: float
    standard_error: float
    method: str = "before-after"
    family: str = ""
    industry: str = ""
    area: str = ""
    enterprise: str = ""
    similarity: float = 1.0  # 0-1: how close its context is to the one that asks

    def __post_init__(self) -> None:
        if self.method not in METHOD_WEIGHTS:
            known = ", ".join(METHOD_WEIGHTS)
            raise InvalidInput(f"Expected a method of {known}, found '{self.method}'; choose one of them.")
        if not (math.isfinite(self.value) and math.isfinite(self.standard_error) and self.standard_error > 0):
            raise InvalidInput(
                f"Outcome of '{self.practice}': expected a finite value and a standard error above 0, found "
                f"{self.value} ± {self.standard_error}."
            )
        if not 0 < self.similarity <= 1:
            raise InvalidInput(f"Expected a similarity above 0 and up to 1, found {self.similarity}.")

    @property
    def variance(self) -> float:
        """Weak methods and distant contexts count as noisier than they say."""
        return self.standard_error**2 / (METHOD_WEIGHTS[self.method] * self.similarity)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The posterior of one practice. `weight` is the share of its own outcomes in the mean."""

    mean: float
    deviation: float
    weight: float
    outcomes: int
    in_industry: int
    segment: str  # where the rest of the mean comes from

    @property
    def said(self) -> str:
        """What a reader is told about the base of the number."""
        return f"based on {self.outcomes} deployments, {self.in_industry} in your industry; rest from {self.segment}"


@dataclass(frozen=True, slots=True)
class Prior:
    """What a segment expects: practices vary around `mean` by `variance`, which is known up to the variance `error`."""

    mean: float
    variance: float
    segment: str
    error: float = 0.0


def shrink(outcomes: Sequence[Outcome], industry: str = "", method: str = "paule-mandel") -> dict[str, Shrunk]:
    """The posterior of every practice that has outcomes, for an enterprise of this industry."""
    by_practice: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_practice.setdefault(outcome.practice, []).append(outcome)
    pooled = {key: pool(own, method) for key, own in by_practice.items()}
    priors: dict[tuple[str, str], Prior] = {}
    found = {}
    for key, own in by_practice.items():
        place = (own[0].family, own[0].area)
        if place not in priors:
            priors[place] = prior_of(pooled, by_practice, *place, industry, method)
        found[key] = _posterior(*pooled[key], priors[place], own, industry)
    return found


def pool(outcomes: Sequence[Outcome], method: str = "paule-mandel") -> tuple[float, float]:
    """The mean of one practice's outcomes and the variance of that mean, with what they differ beyond their noise."""
    values, variances = [each.value for each in outcomes], [each.variance for each in outcomes]
    between = TAU_SQUARED[method](values, variances)
    return _weighted(values, [variance + between for variance in variances])


def prior_of(
    pooled: Mapping[str, tuple[float, float]],
    by_practice: Mapping[str, Sequence[Outcome]],
    family: str,
    area: str,
    industry: str,
    method: str = "paule-mandel",
) -> Prior:
    """What the segment expects of a practice: family × industry, else family, area, all."""
    steps: tuple[tuple[str, Callable[[Outcome], bool]], ...] = (
        (f"family {family} in {industry}", lambda each: each.family == family and each.industry == industry),
        (f"family {family}", lambda each: bool(family) and each.family == family),
        (f"area {area}", lambda each: bool(area) and each.area == area),
    )
    for name, belongs in steps:
        if name.startswith("family ") and not family:
            continue
        members = [key for key, own in by_practice.items() if any(belongs(each) for each in own)]
        if len(members) >= LEAST_PRACTICES:
            return _prior([pooled[key] for key in members], name, method)
    return _prior(list(pooled.values()), "all practices", method)


def _prior(parts: Sequence[tuple[float, float]], segment: str, method: str) -> Prior:
    values, variances = [mean for mean, _ in parts], [variance for _, variance in parts]
    between = TAU_SQUARED[method](values, variances)
    mean, error = _weighted(values, [variance + between for variance in variances])
    return Prior(mean, between, segment, error)


def _posterior(mean: float, variance: float, prior: Prior, own: Sequence[Outcome], industry: str) -> Shrunk:
    """The segment's mean is not known for certain either: without that, few practices would look all alike."""
    weight = prior.variance / (prior.variance + variance)
    return Shrunk(
        mean=weight * mean + (1 - weight) * prior.mean,
        deviation=math.sqrt(weight * variance + (1 - weight) ** 2 * prior.error),
        weight=weight,
        outcomes=len(own),
        in_industry=sum(1 for each in own if industry and each.industry == industry),
        segment=prior.segment,
    )


def _weighted(values: Sequence[float], variances: Sequence[float]) -> tuple[float, float]:
    weights = [1 / variance for variance in variances]
    mean = sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)
    return mean, 1 / sum(weights)


def dersimonian_laird(values: Sequence[float], variances: Sequence[float]) -> float:
    """tau² by moments, in one step; 0 when the values differ no more than their noise."""
    if len(values) < 2:
        return 0.0
    weights = [1 / variance for variance in variances]
    spread = sum(weights) - sum(weight**2 for weight in weights) / sum(weights)
    return max(0.0, (_cochran(values, variances) - (len(values) - 1)) / spread)


def paule_mandel(values: Sequence[float], variances: Sequence[float]) -> float:
    """The tau² at which the weighted sum of squares equals its degrees of freedom; found by halving."""
    freedom = len(values) - 1
    if freedom < 1 or _cochran(values, variances) <= freedom:
        return 0.0
    low, high = 0.0, max(variances) + (max(values) - min(values)) ** 2
    for _ in range(MOST_STEPS):
        middle = (low + high) / 2
        if _cochran(values, [variance + middle for variance in variances]) > freedom:
            low = middle
        else:
            high = middle
        if high - low <= CLOSE_ENOUGH * high:
            break
    return (low + high) / 2


def _cochran(values: Sequence[float], variances: Sequence[float]) -> float:
    mean, _ = _weighted(values, variances)
    return sum((value - mean) ** 2 / variance for value, variance in zip(values, variances, strict=True))


TAU_SQUARED: dict[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "paule-mandel": paule_mandel,
    "dersimonian-laird": dersimonian_laird,
}


@dataclass(frozen=True, slots=True)
class Published:
    """A number that may leave the library."""

    mean: float
    deviation: float
    enterprises: int
    outcomes: int


def publish(outcomes: Iterable[Outcome], least: int = LEAST_ENTERPRISES) -> Published | None:
    """The aggregate of these outcomes, or None when fewer enterprises than `least` contributed: then it would tell
    one of them what another one measured."""
    counted = list(outcomes)
    enterprises = {each.enterprise for each in counted if each.enterprise}
    if len(enterprises) < least:
        return None
    mean, variance = pool(counted)
    return Published(mean, math.sqrt(variance), len(enterprises), len(counted))


def similarity(distance: float, width: float = 1.0) -> float:
    """How far an outcome counts whose context is this distant: 1 for the same context, falling like a bell."""
    return max(1e-6, math.exp(-0.5 * (distance / width) ** 2))


def with_expert(library: Shrunk | None, guess: float, past_error: float) -> tuple[float, float]:
    """Mean and deviation when the enterprise's own expert has a say; the weight comes from how far past guesses were
    off (`past_error`, the standard deviation of guess - actual)."""
    if past_error <= 0:
        raise InvalidInput(f"Expected a past error above 0, found {past_error}; nobody guesses without error.")
    if library is None or library.deviation == 0:
        return (guess, past_error) if library is None else (library.mean, 0.0)
    mean, variance = _weighted([library.mean, guess], [library.deviation**2, past_error**2])
    return mean, math.sqrt(variance)
