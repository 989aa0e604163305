"""Champion and challenger on live cases: what the verbs and the questions of experiments share."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from engine.commands.reinstate_version import reinstate_version
from engine.commands.user_tasks import audit
from engine.errors import InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.tables import ProcessDefinition, ProcessInstance
from engine.store.unit_of_work import Work
from practice_repo.card import Card, Kpi, read_card
from practice_repo.contents import get_trees
from practice_repo.nba_tables import NbaExperiment
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, Experiment, Guardrail
from practice_repo.outcomes.facts import CaseFacts, collections_of
from practice_repo.outcomes.formulas import used
from practice_repo.outcomes.kpis import kpi_value
from practice_repo.outcomes.queries import OutcomeReader, facts
from practice_repo.permissions import must_estimate
from practice_repo.practice import CARD
from practice_repo.tables import PracticeCandidate, PracticeCommit, PracticeDeployment

RUNNING, ENDED = "running", "ended"
LATEST_CASES = 200  # that tell how long cases usually take
VERDICTS = (
    "challenger_better",
    "champion_better",
    "no_difference",
    "guardrail",  # the champion gets all cases
    "stopped",  # by somebody, with a reason
    "superseded",  # a newer version was deployed meanwhile, which gets all cases
)


@dataclass(frozen=True)
class Variant:
    """One of the two ways: a version of the process, with the candidate that it was deployed from."""

    definition_id: str
    process_id: str
    version: int
    name: str
    name_zh: str | None
    candidate_id: str | None = None
    candidate_title: str = ""
    candidate_title_zh: str | None = None
    commit_id: str | None = None
    card: Card | None = None


def own_experiment(work: Work, experiment_id: str, actor: Actor, *, is_locked: bool = True) -> NbaExperiment:
    """The running experiment, for a manager or analyst. Raises NotFound, NotPermitted, InvalidState."""
    enterprise_id = must_estimate(actor)
    found = work.session.get(NbaExperiment, experiment_id, with_for_update=is_locked, populate_existing=is_locked)
    if found is None or found.enterprise_id != enterprise_id:
        raise NotFound(f"There is no experiment {experiment_id}: look again.")
    if found.state != RUNNING:
        raise InvalidState(f"The experiment on '{found.process_id}' has ended already: {found.verdict}.")
    return found


def experiment_of(row: Any) -> Experiment:
    """The experiment of a row of the table."""
    return Experiment(
        key=row.id,
        champion_definition_id=row.champion_definition_id,
        challenger_definition_id=row.challenger_definition_id,
        kpi=row.kpi,
        planned_cases=row.planned_cases,
        share=row.share,
        guardrails=tuple(Guardrail(each["kpi"], each["tolerance"]) for each in row.guardrails),
    )


def spent_looks(looks: Sequence[Mapping[str, Any]]) -> tuple[float, ...]:
    """The information of the looks that had a bound, and so used up some of alpha."""
    return tuple(look["information"] for look in looks if look["bound"] is not None)


def usual_days(work: Work, enterprise_id: str, process_id: str) -> int:
    """The days within which nine of ten of the process's latest cases ended; 0 while none has."""
    columns = ProcessInstance.__table__.c
    rows = work.execute(
        select(columns.started_at, columns.ended_at)
        .where(columns.enterprise_id == enterprise_id, columns.process_id == process_id, columns.state == "completed")
        .order_by(columns.started_at.desc())
        .limit(LATEST_CASES)
    ).all()
    spans = sorted(row.ended_at - row.started_at for row in rows)
    return math.ceil(spans[(len(spans) - 1) * 9 // 10] / timedelta(days=1)) if spans else 0


# The two ways ---------------------------------------------------------------------------------------------------------


def variants_of(work: Work, enterprise_id: str, definition_ids: Sequence[str]) -> dict[str, Variant]:
    """The versions by id, with card and candidate where one was deployed as them: two statements."""
    definition, deployment = ProcessDefinition.__table__.c, PracticeDeployment.__table__.c
    candidate, commit = PracticeCandidate.__table__.c, PracticeCommit.__table__.c
    rows = work.execute(
        select(
            definition.id,
            definition.process_id,
            definition.version,
            definition.name,
            definition.name_zh,
            candidate.id.label("candidate_id"),
            candidate.title,
            candidate.title_zh,
            deployment.commit_id,
            commit.files,
        )
        .select_from(ProcessDefinition)
        .outerjoin(PracticeDeployment, deployment.definition_id == definition.id)
        .outerjoin(PracticeCandidate, candidate.id == deployment.candidate_id)
        .outerjoin(PracticeCommit, commit.id == deployment.commit_id)
        .where(definition.enterprise_id == enterprise_id, definition.id.in_(list(definition_ids)))
        .order_by(deployment.is_current, deployment.at)
    ).all()
    latest = {row.id: row for row in rows}
    trees = [{CARD: row.files[CARD]} if row.files else {} for row in latest.values()]
    files = dict(zip(latest, get_trees(work, trees), strict=True))
    return {
        row.id: Variant(
            row.id,
            row.process_id,
            row.version,
            row.name,
            row.name_zh,
            row.candidate_id,
            row.title or "",
            row.title_zh,
            row.commit_id,
            read_card(files[row.id][CARD].decode()) if files[row.id] else None,
        )
        for row in latest.values()
    }


def deployed_variant(work: Work, enterprise_id: str, candidate_id: str) -> Variant:
    """The candidate's main process as it is deployed now. Raises NotFound, InvalidState."""
    candidate = work.session.get(PracticeCandidate, candidate_id)
    if candidate is None or candidate.enterprise_id != enterprise_id:
        raise NotFound(f"The workspace has no practice {candidate_id}: look again.")
    columns = PracticeDeployment.__table__.c
    rows = work.execute(
        select(columns.definition_id).where(columns.candidate_id == candidate_id, columns.is_current)
    ).scalars()
    found = [each for each in variants_of(work, enterprise_id, list(rows)).values() if each.card is not None]
    main = [each for each in found if each.card and each.card.id == each.process_id] or (
        found if len(found) == 1 else []
    )
    if not main:
        raise InvalidState(f"'{candidate.title}' is not deployed: make it available first.")
    return main[0]


def former_version(work: Work, enterprise_id: str, challenger: Variant) -> str | None:
    """The newest version before the challenger that runs other files."""
    columns = ProcessDefinition.__table__.c
    digest = select(columns.digest).where(columns.id == challenger.definition_id).scalar_subquery()
    before = select(func.max(columns.version)).where(
        columns.enterprise_id == enterprise_id,
        columns.process_id == challenger.process_id,
        columns.version < challenger.version,
        columns.digest != digest,
    )
    return work.execute(
        select(columns.id).where(
            columns.enterprise_id == enterprise_id,
            columns.process_id == challenger.process_id,
            columns.version == before.scalar_subquery(),
        )
    ).scalar_one_or_none()


def running_experiment(work: Work, enterprise_id: str, process_id: str) -> str | None:
    """The id of the experiment that runs on the process."""
    columns = NbaExperiment.__table__.c
    statement = select(columns.id).where(
        columns.enterprise_id == enterprise_id, columns.process_id == process_id, columns.state == RUNNING
    )
    return work.execute(statement).scalars().first()


def both_variants(work: Work, row: Any) -> dict[str, Variant]:
    """champion → …, challenger → …"""
    found = variants_of(work, row.enterprise_id, [row.champion_definition_id, row.challenger_definition_id])
    return {CHAMPION: found[row.champion_definition_id], CHALLENGER: found[row.challenger_definition_id]}


def card_of(variants: Mapping[str, Variant]) -> Card:
    """The card whose KPIs both are measured by: the challenger's, which asks for the experiment."""
    card = variants[CHALLENGER].card
    if card is None:
        raise InvalidState("The challenger's practice is gone: stop the experiment, or deploy the practice again.")
    return card


def measurable_kpis(card: Card) -> tuple[Kpi, ...]:
    """The KPIs that cases alone tell: what the books say cannot be told apart by variant."""
    names = frozenset(collections_of(card))
    return tuple(
        kpi for kpi in card.kpis if used(kpi.formula, names).fields and not kpi_value(card, kpi.key, ()).missing
    )


def facts_of(
    work: Work,
    row: Any,
    variants: Mapping[str, Variant],
    *,
    now: datetime,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
) -> list[CaseFacts]:
    """The facts of both variants' cases since the start of the experiment, each by its own card.

    Only cases that are `settle_days` old count: of younger ones only the quick have told anything yet, and a slower way
    would look worse than it is.
    """
    end = min(row.ended_at or now, now - timedelta(days=row.settle_days)) + timedelta.resolution
    shared = card_of(variants)
    by_card: list[tuple[Card, list[str]]] = []
    for variant in variants.values():
        card = variant.card or shared
        known = next((ids for other, ids in by_card if (other.id, other.facts) == (card.id, card.facts)), None)
        if known is None:
            by_card.append((card, [variant.definition_id]))
        else:
            known.append(variant.definition_id)
    return [
        each
        for card, definition_ids in by_card
        for each in facts(
            work,
            card=card,
            enterprise_id=row.enterprise_id,
            process_ids=(row.process_id,),
            definition_ids=definition_ids,
            start=row.started_at,
            end=end,
            now=now,
            calendar=calendar,
            outcomes=outcomes,
        )
    ]


# The end --------------------------------------------------------------------------------------------------------------


def finish(
    work: Work, row: NbaExperiment, verdict: str, winner: str | None, *, reason: str = "", actor: Actor, now: datetime
) -> None:
    """End the experiment; `winner`, champion or challenger, gets all new cases (None: the newest version has them)."""
    row.state, row.verdict, row.ended_at = ENDED, verdict, now
    work.flush()
    if winner is not None:
        _give_all_cases(work, row, winner, actor, now)
    audit(
        work,
        actor,
        "end_experiment",
        now,
        enterprise_id=row.enterprise_id,
        reason=reason or None,
        detail={"experiment": row.id, "process_id": row.process_id, "verdict": verdict, "winner": winner},
    )


def _give_all_cases(work: Work, row: NbaExperiment, winner: str, actor: Actor, now: datetime) -> None:
    """The winner becomes the newest version; the loser's candidate is no longer deployed as this process."""
    variants = both_variants(work, row)
    won, lost = variants[winner], variants[CHAMPION if winner == CHALLENGER else CHALLENGER]
    given = reinstate_version(work, definition_id=won.definition_id, actor=actor, now=now)
    columns = PracticeDeployment.__table__.c
    work.execute(update(PracticeDeployment).where(columns.definition_id == lost.definition_id).values(is_current=False))
    if won.candidate_id is None:
        return
    own = (columns.candidate_id == won.candidate_id, columns.process_id == row.process_id)
    work.execute(update(PracticeDeployment).where(*own).values(is_current=columns.definition_id == given.definition_id))
    if given.is_new:
        work.execute(
            insert(PracticeDeployment),
            {
                "definition_id": given.definition_id,
                "candidate_id": won.candidate_id,
                "commit_id": won.commit_id,
                "process_id": row.process_id,
                "version": given.version,
                "is_current": True,
                "at": now,
            },
        )
