"""The scan over an enterprise's activities, and what of it is kept: inputs, answer, and how sure it is.

Scanning only reads, and a plan takes a second: `propose` runs outside of the unit of work in which `recommend` writes.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.store.unit_of_work import Work
from practice_repo.expectations import Expectation
from practice_repo.next_best_activity.answer import MODES, answer
from practice_repo.next_best_activity.candidate import ZERO, Candidate
from practice_repo.next_best_activity.exploration import STOPS, Rules, explore
from practice_repo.next_best_activity.index import index_of
from practice_repo.next_best_activity.robustness import DRAWS, Uncertainty, break_even_effect, flips, spreads
from practice_repo.next_best_activity.thompson import Guard, Trial, pick
from practice_repo.portfolios import Considered, EffectLine, Situation, read_situation

MOST_DRAWS = 200_000  # of all candidates together
MOST_FLIPS = 5


@dataclass(frozen=True)
class Proposal:
    """What a scan found. `inputs` and `answer` are plain JSON; `key` is None when nothing is recommended."""

    enterprise_id: str
    mode: str
    stop: str
    key: str | None
    activity_id: str | None
    inputs: Mapping[str, Any]
    answer: Mapping[str, Any]
    waits_until_day: int | None  # nothing can start today, but something may on this day of the window


def propose(
    work: Work, *, enterprise_id: str, now: datetime, mode: str | None = None, stop: str | None = None
) -> Proposal:
    """Scan what is available at this moment; without `mode` and `stop` as the profile says.

    Raises InvalidState without a profile, InvalidPortfolio when activities contradict each other.
    """
    situation = read_situation(work, enterprise_id, now)
    chosen, rule = mode or situation.profile.mode, stop or situation.profile.stop
    for value, known, name in ((chosen, MODES, "mode"), (rule, STOPS, "stop rule")):
        if value not in known:
            raise InvalidInput(f"The {name} is one of {', '.join(known)}, found '{value}'.")
    found = answer(situation.portfolio, situation.standing, chosen, Rules(rule), barred=situation.barred)
    found |= _how_sure(situation, found)
    found["paper"] = _pick_of_the_paper(situation)
    if situation.profile.explores and chosen == "scan":
        found |= _explored(situation, found)
    key = found["next"]
    return Proposal(
        enterprise_id=enterprise_id,
        mode=chosen,
        stop=rule,
        key=key,
        activity_id=situation.considered[key].activity.id if key else None,
        inputs=inputs_of(situation),
        answer=found,
        waits_until_day=None if key else _next_day(situation),
    )


def _how_sure(situation: Situation, found: Mapping[str, Any]) -> dict[str, Any]:
    """P10, P50, P90 of S, the probability of being best, break-even, and what it takes for another pick."""
    entries = [each for each in found["ranking"] if each["index"] or each["net"]]
    members = {each["id"]: [situation.considered[key] for key in each.get("bundle", [each["id"]])] for each in entries}
    ranked = [_together(situation.portfolio.by_id[key], parts) for key, parts in members.items()]
    uncertainties = {key: _uncertainty_of(parts) for key, parts in members.items()}
    draws = max(100, min(DRAWS, MOST_DRAWS // max(1, len(ranked))))
    drawn = spreads(ranked, uncertainties, draws)
    return {
        "spreads": {
            key: {"p10": s.p10, "p50": s.p50, "p90": s.p90, "positive": s.positive, "best": s.best}
            for key, s in drawn.items()
        },
        "break_even": {each.id: str(break_even_effect(each)) for each in ranked},
        "flips": [
            {"id": each.id, "effect": float(each.effect), "cost": None if each.cost is None else float(each.cost)}
            for each in [flip for flip in flips(ranked) if flip.id != found["next"]][:MOST_FLIPS]
        ],
    }


def _together(candidate: Candidate, parts: Sequence[Considered]) -> Candidate:
    """The candidate with effect and cost of its whole bundle."""
    effect, cost = (sum((getattr(each, name) or ZERO for each in parts), ZERO) for name in ("effect", "cost"))
    return replace(candidate, effect=effect, cost=cost)


def _uncertainty_of(parts: Sequence[Considered]) -> Uncertainty:
    """Of a bundle: its members err on their own."""
    effect = math.hypot(*(each.uncertainty.effect_deviation for each in parts))
    cost = float(sum(each.cost or ZERO for each in parts))
    spread = math.hypot(*(float(each.cost or 0) * each.uncertainty.cost_log_deviation for each in parts))
    return Uncertainty(effect, spread / cost if cost else 0.0)


def _pick_of_the_paper(situation: Situation) -> dict[str, Any] | None:
    """What the paper's scan would take, to hold every other mode against it."""
    best = explore(situation.portfolio, situation.standing, barred=situation.barred).best
    return None if best is None else {"id": best.id, "index": str(index_of(best))}


def _explored(situation: Situation, found: Mapping[str, Any]) -> dict[str, Any]:
    """Guarded Thompson sampling: the same number of finished scans gives the same draw."""
    available = [situation.portfolio.by_id[each["id"]] for each in found["ranking"] if each["index"] or each["net"]]
    considered = situation.considered
    chosen = pick(
        available,
        {each.id: considered[each.id].uncertainty for each in available},
        {each.id: _trial(considered[each.id]) for each in available},
        situation.profile.budget or ZERO,
        Guard(is_on=True),
        random.Random(f"{situation.profile.enterprise_id} {situation.today} {len(situation.standing.done)}"),
    )
    if chosen is None or not chosen.is_exploring or chosen.id == found["next"]:
        return {"exploring": None}
    return {"next": chosen.id, "exploring": {"id": chosen.id, "instead_of": chosen.greedy_id, "reason": chosen.reason}}


def _trial(each: Considered) -> Trial:
    expects = each.expectation
    return Trial(bool(expects and expects.is_reversible), bool(expects and expects.is_measured))


def _next_day(situation: Situation) -> int | None:
    """The first later day on which a window, a period, a rest or a deferral may open something."""
    found = explore(situation.portfolio, situation.standing, barred=situation.barred)
    days = [each.until_day for each in found.excluded if (each.until_day or 0) > situation.standing.day]
    end = situation.portfolio.horizon.days
    return min((day for day in days if end is None or day <= end), default=None)


def inputs_of(situation: Situation) -> dict[str, Any]:
    """Everything that went into the scan, so that it can be looked at, and done again, later."""
    profile, standing = situation.profile, situation.standing
    return {
        "starts_on": str(profile.starts_on),
        "today": str(situation.today),
        "horizon_days": profile.horizon_days,
        "currency": profile.currency,
        "industry": profile.industry,
        "budget": _text(profile.budget),
        "budget_per_period": _text(profile.budget_per_period),
        "standing": {
            "day": standing.day,
            "done": dict(standing.done),
            "running": sorted(standing.running),
            "rejected": dict(standing.rejected),
            "deferred": dict(standing.deferred),
            "spent": str(standing.spent),
        },
        "activities": {
            key: _input(each, situation.portfolio.by_id[key], profile.horizon_days)
            for key, each in situation.considered.items()
        },
    }


def _input(each: Considered, candidate: Candidate, horizon_days: int) -> dict[str, Any]:
    activity, expectation = each.activity, each.expectation or Expectation()
    return {
        "id": activity.id,
        "title": activity.title,
        "title_zh": activity.title_zh,
        "area": activity.area,
        "step": activity.step,
        "change": activity.change,
        "candidate_id": activity.candidate_id,
        "version_id": activity.origin_version_id,
        "estimate_id": each.estimate_id,
        "effect": _text(each.effect),
        "cost": _text(each.cost),
        "effect_deviation": round(each.effect_deviation, 2),
        "success": str(candidate.success),
        "evidence": each.evidence,
        "experience": {"share": str(each.experience.share), "rollouts": each.experience.rollouts},
        "duration_days": candidate.duration_days,
        "prerequisites": list(candidate.prerequisites),
        "excludes": list(candidate.excludes),
        "cost_factor": {
            "median": str(each.cost_factor.median),
            "p80": str(each.cost_factor.p80),
            "projects": each.cost_factor.projects,
            "class": each.cost_factor.reference_class,
        },
        "lines": [_line(line) for line in each.lines],
        "costs": expectation.to_json().get("costs") or [],
        "lump_effect": _text(expectation.lump_effect),
        "lump_source": expectation.lump_source,
        "run_effects": str(expectation.run_effects),
        "reserve": str(expectation.resistance_share),
        "full_days": str(expectation.ramp.days_of_full_effect(horizon_days)),  # as many as the ramp is worth
    }


def _line(line: EffectLine) -> dict[str, Any]:
    expected = line.expected
    return {
        "kpi": expected.kpi,
        "practice": expected.practice,
        "guess": _text(expected.change),
        "change": _text(line.change),
        "deviation": round(line.deviation, 6),
        "volume_per_year": str(expected.volume_per_year),
        "unit_value": str(expected.unit_value),
        "source": expected.source,
        "said": line.said,
        "outcomes": line.library.outcomes if line.library else 0,
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
