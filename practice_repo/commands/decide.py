"""Decide on the next best activity: accept, defer, reject, or take another one (A16)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.commands.complete_user_task import complete_user_task
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.tables import ProcessInstance, UserTask
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.activities import locked_activity, move_activity
from practice_repo.nba_tables import NbaRecommendation, NbaRollout
from practice_repo.permissions import must_decide
from practice_repo.stale import LOOP

DECISIONS = {"accept": "accepted", "defer": "deferred", "reject": "rejected", "override": "overridden"}
DECIDE_TASK = "decide"


@dataclass(frozen=True)
class Decided:
    """`state` is that of the recommendation; `rollout_id` is None when nothing is rolled out."""

    state: str
    rollout_id: str | None = None
    activity_id: str | None = None


def decide(work: Work, *, recommendation_id: str, actor: Actor, now: datetime, **answer: Any) -> Decided:
    """Keep the decision and let the loop go on. `answer` is what `record_decision` takes: decision, reason, until,
    activity_id, confirmed.

    Raises NotFound, NotPermitted, InvalidState when it was decided meanwhile or no loop waits for it, InvalidInput for
    what is missing.
    """
    enterprise_id = must_decide(actor)
    task = waiting_task(work, enterprise_id)
    if task is None:
        raise InvalidState("No loop waits for this decision: start the loop first.")
    decided = record_decision(
        work, recommendation_id=recommendation_id, enterprise_id=enterprise_id, actor=actor, now=now, **answer
    )
    until = answer.get("until")
    said = {"decision": answer["decision"], "reason": answer.get("reason"), "until": until and until.isoformat()}
    told = {name: value for name, value in said.items() if value}
    complete_user_task(work, user_task_id=task, variables=told, actor=actor, now=now)
    return decided


def waiting_task(work: Work, enterprise_id: str) -> str | None:
    """The loop's open task "decide", None when no loop waits there."""
    task, instance = UserTask.__table__.c, ProcessInstance.__table__.c
    statement = (
        select(task.id)
        .join(ProcessInstance, instance.id == task.process_instance_id)
        .where(
            task.enterprise_id == enterprise_id,
            task.state == "open",
            task.element_id == DECIDE_TASK,
            instance.process_id == LOOP,
        )
    )
    return work.execute(statement.order_by(task.created_at).limit(1)).scalar_one_or_none()


def record_decision(
    work: Work,
    *,
    recommendation_id: str,
    enterprise_id: str,
    decision: str,
    reason: str = "",
    until: date | None = None,
    activity_id: str | None = None,
    confirmed: bool = False,
    actor: Actor,
    now: datetime,
) -> Decided:
    """Write the decision down, without the loop; what is accepted gets its rollout.

    `until` is the day of a deferral, `activity_id` what an override takes instead, `confirmed` says that a loss is
    meant.
    """
    found = work.session.get(NbaRecommendation, recommendation_id, with_for_update=True, populate_existing=True)
    if found is None or found.enterprise_id != enterprise_id:
        raise NotFound(f"There is no recommendation {recommendation_id}: look again.")
    if found.state != "open":
        raise InvalidState(f"Recommendation {found.number} is {found.state}: reload it.")
    _must_fit(decision, reason, until, now)
    chosen = _chosen(found, decision, activity_id)
    if chosen is not None:
        _must_be_meant(found, chosen, confirmed)
    found.state, found.reason, found.until = DECISIONS[decision], reason.strip(), until
    found.decided_at, found.decided_by = now, actor.id
    if chosen is None:
        return Decided(found.state)
    found.chosen_activity_id = chosen
    return Decided(found.state, _open_rollout(work, found, chosen, actor, now), chosen)


def _must_fit(decision: str, reason: str, until: date | None, now: datetime) -> None:
    if decision not in DECISIONS:
        raise InvalidInput(f"A decision is one of {', '.join(DECISIONS)}, found '{decision}'.")
    if decision in ("reject", "override") and not reason.strip():
        raise InvalidInput(f"Say why: a decision to {decision} needs a reason that others can read later.")
    if decision == "defer" and (until is None or until <= now.date()):
        raise InvalidInput(f"Expected a day after today until which it is deferred, found {until or 'none'}.")


def _chosen(found: NbaRecommendation, decision: str, activity_id: str | None) -> str | None:
    if decision == "accept":
        return found.activity_id
    if decision != "override":
        return None
    ranked = {found.inputs["activities"][each["id"]]["id"] for each in found.answer["ranking"] if each["class"] in OPEN}
    if activity_id not in ranked:
        raise InvalidInput(
            "Expected one of the ranked activities instead of the recommended one: choose from the list."
        )
    return activity_id


OPEN = ("finite", "costless")


def _must_be_meant(found: NbaRecommendation, activity_id: str, confirmed: bool) -> None:
    """What loses money is not started by mistake."""
    known = _inputs_of(found, activity_id)
    if Decimal(known["effect"] or 0) <= Decimal(known["cost"] or 0) and not confirmed:
        raise InvalidInput(
            f"'{known['title']}' is expected to cost {known['cost']} and to bring {known['effect']}: confirm the loss, "
            "for instance because it opens others, or decide otherwise."
        )


def _inputs_of(found: NbaRecommendation, activity_id: str) -> Mapping[str, Any]:
    return next(each for each in found.inputs["activities"].values() if each["id"] == activity_id)


def _open_rollout(work: Work, found: NbaRecommendation, activity_id: str, actor: Actor, now: datetime) -> str:
    known = _inputs_of(found, activity_id)
    activity = locked_activity(work, activity_id, found.enterprise_id)
    move_activity(work, activity, "selected", actor, now, found.reason)
    rollout = NbaRollout(
        id=new_id(),
        enterprise_id=found.enterprise_id,
        activity_id=activity_id,
        recommendation_id=found.id,
        state="running",
        planned_start=now.date(),
        planned_finish=now.date() + timedelta(days=known["duration_days"]),
        planned_effect=Decimal(known["effect"] or 0),
        planned_cost=Decimal(known["cost"] or 0),
        guess_share=Decimal(known["experience"]["share"]),
        plan={},
        hours={},
        measured=[],
        started_at=now,
    )
    work.session.add(rollout)
    work.flush()
    return rollout.id
