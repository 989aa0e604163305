"""The selector's answer as plain values for JSON: one shape for scan, closure and plan."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from practice_repo.next_best_activity.availability import Exclusion
from practice_repo.next_best_activity.candidate import Candidate, InvalidPortfolio, Portfolio, Standing, total
from practice_repo.next_best_activity.closure import WORTH_IT, Placement, explore_bundles
from practice_repo.next_best_activity.exploration import Rules, explore
from practice_repo.next_best_activity.index import COSTLESS, FINITE, index_of, kind_of
from practice_repo.next_best_activity.loop import Run, run_closure, run_scan, why_without_index
from practice_repo.next_best_activity.scan import Exploration, name_of

MODES = ("scan", "closure", "plan")
MOST_IN_LOOPS_AND_PLANS = 2000  # a loop compares every practice with every other one
MOST_WITH_EVERY_STEP = 300  # the trace of a longer loop tells only the steps that changed the best


def answer(
    portfolio: Portfolio,
    standing: Standing = Standing(),
    mode: str = "scan",
    rules: Rules | None = None,
    is_loop: bool = False,
    barred: Mapping[str, Exclusion] | None = None,
) -> dict[str, Any]:
    """What to deploy next and why: `next ranking trace excluded plan totals`, and `order` of a loop.

    `barred` are those whom a gate holds back (`gates.hold_back`).
    Without a stop rule a scan stops as the paper does (`exhaust`), bundles when none is worth its cost (`positive`).
    """
    if (is_loop or mode == "plan") and len(portfolio.candidates) > MOST_IN_LOOPS_AND_PLANS:
        raise InvalidPortfolio(
            f"Expected at most {MOST_IN_LOOPS_AND_PLANS} candidates for a loop or a plan, found "
            f"{len(portfolio.candidates)}; rank them without --loop first and keep the best."
        )
    if mode == "plan":
        return _answer_plan(portfolio, standing, is_loop, barred)
    if is_loop:
        loop = run_closure if mode == "closure" else run_scan
        run = loop(portfolio, standing, rules or _usual_rules(mode), barred)
        return _answer_loop(run, portfolio)
    look = explore_bundles if mode == "closure" else explore
    found = look(portfolio, standing, rules or _usual_rules(mode), barred)
    best = found.best
    placements = _placements(best, standing) if best else ()
    return {
        "next": placements[0].id if placements else None,
        "ranking": _ranking(found),
        "trace": list(_trace(found, 1)),
        "excluded": _excluded(found.excluded),
        "plan": _plan(placements),
        "totals": totals(placements, portfolio),
        "explanation": _explain(found),
        "needs_confirmation": found.needs_confirmation,
        "stop_reason": found.stop_reason,
    }


def _usual_rules(mode: str) -> Rules:
    return WORTH_IT if mode == "closure" else Rules()


def _answer_loop(run: Run, portfolio: Portfolio) -> dict[str, Any]:
    first = run.explorations[0]
    is_long = len(portfolio.candidates) > MOST_WITH_EVERY_STEP
    return {
        "next": run.order[0] if run.order else None,
        "ranking": _ranking(first),
        "trace": [step for n, each in enumerate(run.explorations, start=1) for step in _trace(each, n, is_long)],
        "excluded": _excluded(run.left_out),
        "plan": _plan(run.placements),
        "totals": totals(run.placements, portfolio),
        "order": list(run.order),
        "explanation": _explain(first),
        "stop_reason": run.stop_reason,
    }


def _answer_plan(
    portfolio: Portfolio, standing: Standing, is_loop: bool, barred: Mapping[str, Exclusion] | None
) -> dict[str, Any]:
    from practice_repo.next_best_activity.plan import make_plan

    plan = make_plan(portfolio, standing, barred)
    bundles = explore_bundles(portfolio, standing, barred=barred)
    result = {
        "next": plan.placements[0].id if plan.placements else None,
        "ranking": _ranking(bundles),
        "trace": [{"exploration": 1, "n": n, "text": text} for n, text in enumerate(plan.trace, start=1)],
        "excluded": _excluded(plan.left_out),
        "plan": _plan(plan.placements),
        "totals": totals(plan.placements, portfolio, plan.synergy),
        "explanation": plan.explanation,
        "solver": {"status": plan.status, "gap": plan.gap, "bound": number(plan.bound)},
    }
    return {**result, "order": [each.id for each in plan.placements]} if is_loop else result


def _ranking(found: Exploration[Any]) -> list[dict[str, Any]]:
    entries = [_entry(item, f"rank {n} of {len(found.ranking)}") for n, item in enumerate(found.ranking, start=1)]
    return entries + [_entry(item, why_without_index(item)) for item in found.without_index]


def _entry(item: Any, reason: str) -> dict[str, Any]:
    index = index_of(item)
    if index.value is not None:
        reason = f"{reason}: S = ({item.effect} - {item.cost}) / {item.cost} = {index}"
    elif index.is_rankable:
        reason = f"{reason}: costs nothing, effect {item.effect}"
        reason += "; zero cost is unusual, check staff time" if item.effect > 0 else "; it harms"
    entry = {"id": item.id, "index": _index_text(item), "class": index.kind, "net": number(index.net), "reason": reason}
    return entry if isinstance(item, Candidate) else {**entry, "bundle": list(item.ids)}


def _index_text(item: Any) -> str | None:
    return str(index_of(item).value) if kind_of(item) == FINITE else None


def _trace(found: Exploration[Any], exploration: int, is_short: bool = False) -> Iterator[dict[str, Any]]:
    for step in found.steps:
        if is_short and not step.is_taken:
            continue
        yield {
            "exploration": exploration,
            "n": step.n,
            "id": step.item.id,
            "index": _index_text(step.item),
            "best": (step.item if step.is_taken else step.best_before).id,
            "decision": step.verdict,
            "text": str(step),
        }


def _excluded(exclusions: Iterable[Any]) -> list[dict[str, str]]:
    return [{"id": each.id, "reason": each.reason, "gate": each.gate} for each in exclusions]


def _placements(best: Any, standing: Standing) -> tuple[Placement, ...]:
    alone = (Placement(best.id, standing.day, standing.day + best.duration_days),)
    return getattr(best, "placements", alone)


def _plan(placements: Iterable[Placement]) -> list[dict[str, Any]]:
    return [{"id": each.id, "start": each.start, "finish": each.finish} for each in placements]


def _explain(found: Exploration[Any]) -> str:
    if found.best is None:
        return f"Nothing is recommended: {found.stop_reason}."
    runner_up = next((each for each in found.ranking if each is not found.best), None)
    said = _why_best(found.best)
    if found.needs_confirmation:
        said += ", which is not positive, so it needs confirmation"
    return f"{said}; next comes {name_of(runner_up)} with {index_of(runner_up)}." if runner_up else f"{said}."


def _why_best(best: Any) -> str:
    if kind_of(best) == COSTLESS and best.effect > 0:
        return f"{name_of(best)} comes first: it costs nothing and brings {best.effect}"
    return f"{name_of(best)} has the best S = {index_of(best)}"


def totals(placements: Iterable[Placement], portfolio: Portfolio, synergy: Decimal = Decimal(0)) -> dict[str, Any]:
    """Effect, cost and net benefit of what is deployed, as estimated."""
    chosen = [portfolio.by_id[each.id] for each in placements]
    effect = total([synergy, *(each.effect for each in chosen if each.effect is not None)])
    cost = total(each.cost for each in chosen if each.cost is not None)
    return {"effect": number(effect), "cost": number(cost), "net": number(total([effect, -cost]))}


def number(amount: Decimal | None) -> int | float | None:
    """Whole amounts stay whole in JSON."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)
