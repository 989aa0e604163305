"""Let a practice as it is deployed now prove itself against its former version, or against another variant."""

from collections.abc import Sequence
from datetime import datetime

from engine.commands.route_new_cases import newest_version, route_new_cases
from engine.commands.user_tasks import audit
from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.card import Card
from practice_repo.experiments import (
    RUNNING,
    Variant,
    deployed_variant,
    experiment_of,
    former_version,
    measurable_kpis,
    running_experiment,
    variants_of,
)
from practice_repo.nba_tables import NbaExperiment
from practice_repo.outcomes.experiment import Guardrail
from practice_repo.permissions import must_estimate

MOST_DAYS = 3660


def start_experiment(
    work: Work,
    *,
    candidate_id: str,
    kpi: str,
    planned_cases: int,
    share: float = 0.5,
    settle_days: int = 0,
    guardrails: Sequence[Guardrail] = (),
    against: str | None = None,
    rollout_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> str:
    """The experiment's id; from now on new cases go to the champion or to the challenger by chance.

    The challenger is the candidate's deployed version, the champion the version of the process before it, or the
    deployed version of the candidate `against`. `share` of the cases (0-1) are the challenger's; `planned_cases` are
    both variants' together; a case counts when it is `settle_days` old, so that slow cases are not missed
    (`experiments.usual_days` suggests how many).

    Raises NotPermitted, NotFound, InvalidState while an experiment on the process runs, InvalidInput for KPIs that
    cases alone do not tell and for versions that cannot start alike.
    """
    enterprise_id = must_estimate(actor)
    challenger = deployed_variant(work, enterprise_id, candidate_id)
    newest_version(work, enterprise_id, challenger.process_id)  # locked: two starts at once follow each other
    if running_experiment(work, enterprise_id, challenger.process_id) is not None:
        raise InvalidState(f"An experiment on '{challenger.name}' is running already: end it first.")
    champion = champion_of(work, enterprise_id, challenger, against)
    for key in (kpi, *(guard.kpi for guard in guardrails)):
        _must_be_comparable(key, challenger, champion)
    _must_be_guardrails(kpi, guardrails)
    if not 0 <= settle_days <= MOST_DAYS:
        raise InvalidInput(f"A case counts after 0 to {MOST_DAYS} days, found {settle_days}.")
    row = NbaExperiment(
        id=new_id(),
        enterprise_id=enterprise_id,
        process_id=challenger.process_id,
        champion_definition_id=champion.definition_id,
        challenger_definition_id=challenger.definition_id,
        rollout_id=rollout_id,
        kpi=kpi,
        share=share,
        planned_cases=planned_cases,
        settle_days=settle_days,
        guardrails=[{"kpi": guard.kpi, "tolerance": guard.tolerance} for guard in guardrails],
        looks=[],
        state=RUNNING,
        started_at=now,
        started_by=actor.id,
    )
    route_new_cases(
        work,
        enterprise_id=enterprise_id,
        process_id=challenger.process_id,
        route=experiment_of(row).route,
        actor=actor,
        now=now,
    )
    work.session.add(row)
    work.flush()
    detail = {"experiment": row.id, "process_id": row.process_id, "kpi": kpi, "share": share}
    audit(work, actor, "start_experiment", now, enterprise_id=enterprise_id, detail=detail)
    return row.id


def champion_of(work: Work, enterprise_id: str, challenger: Variant, against: str | None) -> Variant:
    """What the challenger is measured against. Raises InvalidInput, InvalidState."""
    if against is not None:
        other = deployed_variant(work, enterprise_id, against)
        if other.process_id != challenger.process_id or other.definition_id == challenger.definition_id:
            raise InvalidInput(
                f"Two variants of '{challenger.name}' were expected, '{other.candidate_title}' is"
                f" {'the same' if other.definition_id == challenger.definition_id else 'another process'}."
            )
        return other
    definition_id = former_version(work, enterprise_id, challenger)
    if definition_id is None:
        raise InvalidState(
            f"'{challenger.name}' has no version before this one to compare with: choose another practice instead."
        )
    return variants_of(work, enterprise_id, [definition_id])[definition_id]


def _must_be_comparable(key: str, challenger: Variant, champion: Variant) -> None:
    """The KPI says the same of both and can be told by their cases."""
    card: Card | None = challenger.card
    kpis = {each.key: each for each in measurable_kpis(card)} if card else {}
    if key not in kpis:
        raise InvalidInput(
            f"Expected a KPI that the cases of '{challenger.name}' tell, found '{key}':"
            f" choose one of {', '.join(kpis) or 'none; its card names no such KPI'}."
        )
    if champion.card is None:
        return
    other = next((each for each in champion.card.kpis if each.key == key), None)
    mine = kpis[key]
    if other is None or (other.unit, other.better, other.formula) != (mine.unit, mine.better, mine.formula):
        raise InvalidInput(
            f"Both variants must mean the same by the KPI '{mine.name.en}': their cards say different things of it."
        )


def _must_be_guardrails(kpi: str, guardrails: Sequence[Guardrail]) -> None:
    keys = [guard.kpi for guard in guardrails]
    if kpi in keys or len(keys) != len(set(keys)):
        raise InvalidInput("Each KPI stands in an experiment once: as what decides, or as a guardrail.")
    for guard in guardrails:
        if guard.tolerance < 0:
            raise InvalidInput(f"The tolerance of a guardrail is 0 or more, found {guard.tolerance}.")
