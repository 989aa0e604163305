"""Look at an experiment: judge it by the cases so far, keep the look, and end it when it is clear."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.commands.route_new_cases import newest_version
from engine.errors import EngineError, InvalidState
from engine.store.actor import SYSTEM, Actor
from engine.store.unit_of_work import Store, Work
from practice_repo.experiments import (
    RUNNING,
    both_variants,
    card_of,
    experiment_of,
    facts_of,
    finish,
    own_experiment,
    spent_looks,
)
from practice_repo.nba_tables import NbaExperiment
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, Verdict, judge
from practice_repo.outcomes.queries import OutcomeReader

log = logging.getLogger(__name__)

WINNERS = {
    "challenger_better": CHALLENGER,
    "champion_better": CHAMPION,
    "no_difference": CHAMPION,
    "guardrail": CHAMPION,
}


@dataclass(frozen=True)
class Judged:
    """A verdict, and how many looks there had been when it was found."""

    verdict: Verdict
    looks: int


def look_at_experiment(
    work: Work,
    *,
    experiment_id: str,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
    actor: Actor,
    now: datetime,
) -> Verdict:
    """What the cases say now. When it is final the winner gets all new cases: without a difference, and when a
    guardrail is broken, the champion.

    The bounds take earlier looks into account, so that looking often is no way to win. A version that was deployed
    meanwhile has ended the sharing: then the verdict is `superseded`. Raises NotFound, NotPermitted, InvalidState.
    """
    found = judged(work, experiment_id=experiment_id, calendar=calendar, outcomes=outcomes, actor=actor, now=now)
    return keep_look(work, experiment_id=experiment_id, judged=found, actor=actor, now=now)


def take_look(
    store: Store,
    *,
    experiment_id: str,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
    actor: Actor,
    now: datetime,
) -> Verdict:
    """The same in two units of work, so that nobody waits for the facts of many cases."""
    with store.reading() as work:
        found = judged(work, experiment_id=experiment_id, calendar=calendar, outcomes=outcomes, actor=actor, now=now)
    return store.run(lambda work: keep_look(work, experiment_id=experiment_id, judged=found, actor=actor, now=now))


def look_at_all(
    store: Store, now: datetime, *, calendar: Calendar | None = None, outcomes: OutcomeReader | None = None
) -> int:
    """Look at every running experiment of every enterprise; gives how many. One that fails delays no other."""
    columns = NbaExperiment.__table__.c
    statement = select(columns.id, columns.enterprise_id).where(columns.state == RUNNING).order_by(columns.started_at)
    with store.reading() as work:
        running = work.execute(statement).all()
    for row in running:
        actor = Actor(SYSTEM.id, is_supervisor=True, enterprise_id=row.enterprise_id)
        try:
            take_look(store, experiment_id=row.id, calendar=calendar, outcomes=outcomes, actor=actor, now=now)
        except EngineError as problem:
            log.warning("Nobody could look at the experiment %s: %s", row.id, problem)
    return len(running)


def judged(
    work: Work,
    *,
    experiment_id: str,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
    actor: Actor,
    now: datetime,
) -> Judged:
    """What the cases say now, without keeping it."""
    row = own_experiment(work, experiment_id, actor, is_locked=False)
    variants = both_variants(work, row)
    found = facts_of(work, row, variants, now=now, calendar=calendar, outcomes=outcomes)
    verdict = judge(card_of(variants), experiment_of(row), found, earlier_looks=spent_looks(row.looks))
    return Judged(verdict, len(row.looks))


def keep_look(work: Work, *, experiment_id: str, judged: Judged, actor: Actor, now: datetime) -> Verdict:
    """Write the look down, and end the experiment when it is clear. InvalidState when somebody has looked meanwhile.

    What the system saw is kept only when it was news.
    """
    row = own_experiment(work, experiment_id, actor)
    if len(row.looks) != judged.looks:
        raise InvalidState("Somebody has looked at the experiment in this moment: see what was found.")
    verdict = judged.verdict
    if is_superseded(work, row):
        verdict = Verdict("superseded", max(spent_looks(row.looks), default=0.0))
    if verdict.is_final or verdict.bound is not None or actor.id != SYSTEM.id:
        row.looks = [*row.looks, look(verdict, actor, now)]
        work.flush()
    if verdict.is_final:
        finish(work, row, verdict.state, WINNERS.get(verdict.state), actor=actor, now=now)
    return verdict


def running_experiments(work: Work, enterprise_id: str) -> Sequence[str]:
    """The ids of the enterprise's running experiments, oldest first."""
    columns = NbaExperiment.__table__.c
    statement = select(columns.id).where(columns.enterprise_id == enterprise_id, columns.state == RUNNING)
    return work.execute(statement.order_by(columns.started_at)).scalars().all()


def is_superseded(work: Work, row: Any) -> bool:
    """Whether new cases no longer go the experiment's ways, because somebody deployed a newer version."""
    newest = newest_version(work, row.enterprise_id, row.process_id)
    return newest is None or (newest.route or {}).get("key") != row.id


def look(verdict: Verdict, actor: Actor, now: datetime) -> dict[str, Any]:
    """A look as it is kept."""
    effect = verdict.effect
    return {
        "at": now.isoformat(),
        "by": actor.id,
        "state": verdict.state,
        "information": verdict.information,
        "z": verdict.z,
        "bound": verdict.bound,
        "change": effect.change if effect else None,
        "low": effect.low if effect else None,
        "high": effect.high if effect else None,
        "cases": effect.n if effect else None,
        "broken_guardrails": list(verdict.broken_guardrails),
        "reason": "",
    }
