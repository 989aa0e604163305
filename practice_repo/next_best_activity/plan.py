"""The plan: which practices and when, all at once, within budgets, staff, windows and what people insist on.

The next best activity is what the plan starts first. When it starts, the plan is made again (rolling horizon).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module

from practice_repo.next_best_activity.availability import Availability, Exclusion
from practice_repo.next_best_activity.candidate import ZERO, Candidate, InvalidPortfolio, Portfolio, Standing, total
from practice_repo.next_best_activity.closure import Bundle, Placement, missing
from practice_repo.next_best_activity.exploration import explore
from practice_repo.next_best_activity.greedy import Accept, take_bundles
from practice_repo.next_best_activity.index import NEEDS_ESTIMATE, index_of, kind_of
from practice_repo.next_best_activity.loop import run_scan, why_without_index
from practice_repo.next_best_activity.schedule import Schedule, by_urgency, earliest_starts, latest_start

USUAL_EFFORT = 0.25  # deterministic seconds of the solver: with 200 practices about one real second


@dataclass(frozen=True)
class Plan:
    """What to roll out and when, in the order of starts, and how good that is at least."""

    placements: tuple[Placement, ...]
    left_out: tuple[Exclusion, ...]
    status: str  # optimal | feasible: the limit was reached | greedy: the solver found nothing better in time
    value: Decimal  # expected net benefit, with synergies
    bound: Decimal  # no plan can be worth more
    synergy: Decimal
    explanation: str
    trace: tuple[str, ...]

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of the bound."""
        return float((self.bound - self.value) / abs(self.bound)) if self.bound and self.bound > self.value else 0.0


def make_plan(
    portfolio: Portfolio,
    standing: Standing = Standing(),
    barred: Mapping[str, Exclusion] | None = None,
    effort: float = USUAL_EFFORT,
) -> Plan:
    """The plan with the largest expected net benefit that was found within the effort.

    Raises `InvalidPortfolio` when must-haves, coverage or risk floor cannot be met.
    """
    hindered = _hindered(portfolio, standing, barred)
    ids = [each.id for each in portfolio.candidates if each.id not in hindered]
    earliest = earliest_starts(portfolio, standing, ids)
    hindered |= _too_late(portfolio, standing, [key for key in ids if key not in earliest], earliest)
    _insist(portfolio, standing, hindered)
    # The solver takes seconds to import, and only plans need it.
    solver = import_module("practice_repo.next_best_activity.solver")
    warm = _warm_start(portfolio, standing, earliest, solver.choose(portfolio, standing, earliest, effort / 4))
    solution = solver.solve(portfolio, standing, earliest, warm.placed, effort)
    if solution.status == "infeasible":
        raise InvalidPortfolio(_demands(portfolio))
    starts, status = solution.starts, solution.status
    if status == "unknown":
        if not portfolio.must_have - set(standing.done) <= warm.placed.keys() or portfolio.coverage:
            raise InvalidPortfolio(f"No plan was found in time. {_demands(portfolio)}")
        starts, status = {key: each.start for key, each in warm.placed.items()}, "greedy"
    schedule = _shift_left(portfolio, standing, starts)
    placements = tuple(schedule.placed.values())
    synergy = _synergy(portfolio, {*standing.done, *starts}, set(standing.done))
    value = total([synergy, *(portfolio.by_id[key].expected_net for key in starts)])
    bound = value if status == "optimal" else max(solution.bound, value)
    if status == "greedy":
        bound = total(max(portfolio.by_id[key].expected_net, ZERO) for key in earliest)
    hindered |= _not_chosen(portfolio, standing, schedule, [key for key in earliest if key not in starts])
    trace = _compare(portfolio, standing, barred, placements, value, status)
    left_out = tuple(hindered[key] for key in sorted(hindered))
    return Plan(placements, left_out, status, value, bound, synergy, " ".join(trace), trace)


def _hindered(portfolio: Portfolio, standing: Standing, barred: Mapping[str, Exclusion] | None) -> dict[str, Exclusion]:
    """What no plan can hold, whatever the time and the money, with the reason."""
    here = Availability(portfolio, standing, barred)
    found: dict[str, Exclusion] = {}
    for each in portfolio.in_library_order:
        obstacle = here.lasting(each)
        if obstacle:
            found[each.id] = obstacle
        elif kind_of(each) == NEEDS_ESTIMATE:
            found[each.id] = Exclusion(each.id, "estimate", why_without_index(each))
    return _with_dependants(portfolio, standing, found)


def _with_dependants(portfolio: Portfolio, standing: Standing, found: dict[str, Exclusion]) -> dict[str, Exclusion]:
    while True:
        more = {
            each.id: _why_unreachable(key, each, found)
            for each in portfolio.in_library_order
            if each.id not in found
            for key in each.prerequisites
            if key not in standing.done and (key in found or key not in portfolio.by_id)
        }
        if not more:
            return found
        found |= more


def _why_unreachable(key: str, candidate: Candidate, found: Mapping[str, Exclusion]) -> Exclusion:
    if key in found:
        return Exclusion(candidate.id, "prerequisites", f"needs {key}: {found[key].reason}")
    return Exclusion(candidate.id, "prerequisites", f"needs {key}, which is neither a candidate nor in place")


def _too_late(
    portfolio: Portfolio, standing: Standing, ids: list[str], earliest: Mapping[str, int]
) -> dict[str, Exclusion]:
    late = {}
    for key in ids:
        candidate = portfolio.by_id[key]
        waiting = [each for each in candidate.prerequisites if each not in standing.done and each not in earliest]
        if waiting:
            reason = f"needs {', '.join(waiting)}, which cannot end in time"
        else:
            reason = f"cannot end in time: it would have to start by day {latest_start(candidate, portfolio)}"
        late[key] = Exclusion(key, "window", reason)
    return late


def _insist(portfolio: Portfolio, standing: Standing, hindered: Mapping[str, Exclusion]) -> None:
    for key in sorted(portfolio.must_have - set(standing.done) - standing.running):
        if key in hindered:
            raise InvalidPortfolio(
                f"'{key}' is a must-have or needed by one, but cannot be planned: {hindered[key].reason}. "
                "Remove the obstacle, or must = true."
            )


def _demands(portfolio: Portfolio) -> str:
    demands = [f"must-haves with their prerequisites ({', '.join(sorted(portfolio.must_have))})"] * bool(
        portfolio.must_have
    )
    demands += [f"at least {least} of area {area}" for area, least in portfolio.coverage.items()]
    demands += [f"a net benefit of {portfolio.risk_floor} with low effects"] * (portfolio.risk_floor is not None)
    return (
        f"Expected a plan with {'; '.join(demands) or 'no demands'}, found that budget, staff, windows and exclusions "
        "leave none; loosen one of them."
    )


def _warm_start(portfolio: Portfolio, standing: Standing, earliest: Mapping[str, int], favoured: list[str]) -> Schedule:
    """The better of two: bundle after bundle by closure-S, and the same after the favoured ones by urgency."""
    schedules = [_fill(portfolio, standing, earliest, first) for first in ([], favoured)]
    return max(schedules, key=lambda each: total(portfolio.by_id[key].expected_net for key in each.placed))


def _fill(portfolio: Portfolio, standing: Standing, earliest: Mapping[str, int], favoured: list[str]) -> Schedule:
    """Must-haves, then the favoured, then bundles as long as they are worth it and find room."""
    schedule = Schedule(portfolio, standing)

    def fits(bundle: Bundle) -> bool:
        ids = set(bundle.ids)
        taken = ids | schedule.placed.keys() | set(standing.done)
        return all(portfolio.rivals_of(key).isdisjoint(taken) for key in ids) and schedule.add(bundle.members)

    def is_worth_it(bundle: Bundle) -> bool:
        return total(each.expected_net for each in bundle.members) > 0 and fits(bundle)

    def fill(ids: Iterable[str], accept: Accept) -> None:
        waiting = [key for key in ids if key not in schedule.placed]
        take_bundles(portfolio, waiting, [*standing.done, *schedule.placed], accept)

    fill([key for key in earliest if key in portfolio.must_have], fits)
    for _ in range(2):  # what needs one that is placed later finds its turn in the second round
        for key in by_urgency(portfolio, earliest, favoured):
            if key not in schedule.placed:
                schedule.add([portfolio.by_id[key]])
    fill(earliest, is_worth_it)
    return schedule


def _shift_left(portfolio: Portfolio, standing: Standing, starts: Mapping[str, int]) -> Schedule:
    """The same choice with every rollout as early as its turn allows; equal turns by closure-S.

    In the order of starts no rollout can come later than in the solver's plan, so all find room.
    Raises `ArithmeticError` if one does not: then solver and calendar disagree, and the plan cannot be trusted.
    """
    by_worth = take_bundles(portfolio, list(starts), standing.done, lambda bundle: True)
    turn = {key: n for n, key in enumerate(by_worth)}
    schedule = Schedule(portfolio, standing)
    for key in sorted(starts, key=lambda each: (starts[each], turn[each])):
        if not schedule.add([portfolio.by_id[key]]):
            raise ArithmeticError(f"The solver starts {key} on day {starts[key]}, where the calendar finds no room.")
    schedule.placed = dict(sorted(schedule.placed.items(), key=lambda each: (each[1].start, turn[each[0]])))
    return schedule


def _synergy(portfolio: Portfolio, in_place: set[str], before: set[str]) -> Decimal:
    return total(
        each.effect for each in portfolio.synergies if in_place.issuperset(each.ids) and not before.issuperset(each.ids)
    )


def _not_chosen(portfolio: Portfolio, standing: Standing, schedule: Schedule, ids: list[str]) -> dict[str, Exclusion]:
    return {key: Exclusion(key, "plan", _why_not(portfolio.by_id[key], portfolio, standing, schedule)) for key in ids}


def _why_not(candidate: Candidate, portfolio: Portfolio, standing: Standing, schedule: Schedule) -> str:
    planned = {*standing.done, *schedule.placed}
    bundle = missing(candidate, portfolio, planned)
    named = " + ".join(each.id for each in bundle)
    for each in bundle:
        for rival in sorted(portfolio.rivals_of(each.id) & planned):
            return (
                f"excluded by {rival}, which the plan holds"
                if each is candidate
                else (f"needs {each.id}, which {rival} of the plan excludes")
            )
    net = total(each.expected_net for each in bundle)
    if net <= 0:
        return f"{named} would add {net} to the net benefit"
    cost = total(each.cost or ZERO for each in bundle)
    limit = portfolio.budget.total
    if limit is not None and cost > limit - schedule.spent:
        return f"{named} costs {cost}, the plan leaves {limit - schedule.spent} of the budget for something worth less"[
            :None
        ]
    if not schedule.add(bundle):
        return f"{named} finds no room in staff, windows or the budgets of the periods"
    schedule.remove(bundle)
    return f"{named} would add {net}, but not beside the rest of the plan"


def _compare(
    portfolio: Portfolio,
    standing: Standing,
    barred: Mapping[str, Exclusion] | None,
    placements: tuple[Placement, ...],
    value: Decimal,
    status: str,
) -> tuple[str, ...]:
    """Why the plan starts as it does, held against the pick of the paper."""
    paper = explore(portfolio, standing, barred=barred).best
    if not placements:
        return (
            f"The plan is empty: nothing is worth its cost. The paper's scan picks {paper.id if paper else 'nothing'}.",
        )
    first = placements[0].id
    run = run_scan(portfolio, standing, barred=barred)
    loop = total(portfolio.by_id[key].expected_net for key in run.order)
    texts = [f"The plan starts with {first} and is worth {value} ({status}); the paper's loop to its end {loop}."]
    if paper is None:
        texts.append("The paper's scan finds nothing that can start today.")
    elif paper.id == first:
        texts.append(f"The paper's scan picks {first}, too: S = {index_of(paper)}.")
    else:
        texts.append(f"The paper's scan picks {paper.id} with S = {index_of(paper)}.")
        texts.append(_why_first(first, paper, portfolio, standing, placements))
    return tuple(texts)


def _why_first(
    first: str, paper: Candidate, portfolio: Portfolio, standing: Standing, placements: tuple[Placement, ...]
) -> str:
    planned = {each.id for each in placements}
    opened = [each.id for each in portfolio.in_library_order if each.id in planned and first in each.prerequisites]
    if opened:
        members = [portfolio.by_id[key] for key in (first, *opened)]
        bundle = Bundle(tuple(members), (), total(m.effect for m in members), total(m.cost for m in members))
        return f"{first} comes first because it opens {', '.join(opened)}: together S = {index_of(bundle)}."
    if paper.id in planned:
        return f"{paper.id} follows in the plan."
    rivals = sorted(portfolio.rivals_of(paper.id) & planned)
    if rivals:
        return f"{paper.id} would exclude {', '.join(rivals)}, which the plan holds."
    return f"{paper.id} is left out: what it would take of budget, staff or time is worth more elsewhere."
