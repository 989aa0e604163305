"""What the loop's task `decide` shows of a recommendation, and what becomes of the answer (A16)."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select

from engine.handlers import Job
from engine.store.unit_of_work import Work
from practice_repo.commands.decide import DECISIONS, record_decision
from practice_repo.method_jobs import acting, day, shown, text
from practice_repo.nba_tables import NbaActivity, NbaRecommendation, NbaRollout
from practice_repo.next_best_activity.wording import Teller
from practice_repo.practice import Text
from practice_repo.queries.nba import RecommendationView, recommendation
from practice_repo.rollouts import is_over
from practice_repo.stale import LIVE

RECOMMENDATION = NbaRecommendation.__table__.c
ACCEPTED = ("accepted", "overridden")


def newest_of(work: Work, enterprise_id: str) -> NbaRecommendation | None:
    """The recommendation that counts, whatever became of it."""
    own = RECOMMENDATION.enterprise_id == enterprise_id
    statement = select(NbaRecommendation).where(own).order_by(RECOMMENDATION.number.desc()).limit(1)
    return work.session.execute(statement).scalar_one_or_none()


def is_fresh(row: NbaRecommendation) -> bool:
    """Whether nothing has taken its place, and nothing that it was made from has changed."""
    return row.state in LIVE and row.stale_since is None


def told_to_people(work: Work, recommendation_id: str, enterprise_id: str) -> dict[str, Any]:
    """The recommendation as the task `decide` shows it, and what the process asks about it."""
    view = recommendation(work, recommendation_id=recommendation_id, enterprise_id=enterprise_id)
    assert view is not None, f"the recommendation {recommendation_id} was just made"
    best = view.next
    told = {language: _teller(view, language).tell(view.explanation) for language in ("en", "zh")}
    return {
        "recommendation_id": view.row.id,
        "is_none_left": best is None,
        "waits_until": _start_of(view.waits_until) if best is None else None,
        "recommended_id": best.activity_id if best else None,
        "next_title": best.name.en if best else "",
        "next_title_zh": (best.name.zh or best.name.en) if best else "",
        "next_index": best.display if best else "",
        "next_effect": shown(best.effect) if best else "",
        "next_cost": shown(best.cost) if best else "",
        "currency": view.currency,
        "is_loss": view.needs_confirmation,
        "explanation": told["en"],
        "explanation_zh": told["zh"],
        "choices": [
            {
                "value": each.activity_id,
                "label": f"{each.name.en} (S {each.display})",
                "label:zh": f"{each.name.zh or each.name.en}（S {each.display}）",
            }
            for each in view.runners_up
        ],
        "decision": None,  # the answer to the recommendation before is none to this one
        "chosen": None,
        "reason": None,
        "until": None,
        "confirmed": None,
        "decision_problem": "",
    }


def _start_of(wanted: date | None) -> str | None:
    """The beginning of the day in UTC, as the process's timer reads it."""
    return None if wanted is None else datetime.combine(wanted, time.min).isoformat() + "Z"


def _teller(view: RecommendationView, language: str) -> Teller:
    names = {key: Text(each["title"], each["title_zh"]) for key, each in view.inputs["activities"].items()}
    return Teller(names, date.fromisoformat(view.inputs["starts_on"]), language)


def keep_answer(work: Work, newest: NbaRecommendation, job: Job) -> None:
    """Write down what the task says, in the name of who completed it. Raises InvalidInput for what does not fit."""
    decision = text(job.variables, "decision")
    record_decision(
        work,
        recommendation_id=newest.id,
        enterprise_id=job.enterprise_id,
        decision=decision,
        reason=text(job.variables, "reason"),
        until=day(job.variables, "until") if decision == "defer" else None,
        activity_id=text(job.variables, "chosen") if decision == "override" else None,
        confirmed=job.variables.get("confirmed") is True,
        actor=acting(work, job, "decide"),
        now=job.now,
    )
    work.flush()


def outcome_of(work: Work, newest: NbaRecommendation) -> dict[str, Any]:
    """What the process goes on with: the rollout of what was accepted, or the next scan."""
    assert newest.state in DECISIONS.values(), newest.state
    result = {"decision_result": "other", "decision_problem": ""}
    if newest.state not in ACCEPTED:
        return result
    columns = NbaRollout.__table__.c
    statement = select(NbaRollout).where(columns.recommendation_id == newest.id)
    rollout = work.session.execute(statement).scalar_one()
    if is_over(rollout):  # aborted before it began
        return result
    activity = work.session.get(NbaActivity, rollout.activity_id)
    named = newest.inputs["activities"].get(activity.key, {})
    title = named.get("title") or activity.title
    return result | {
        "decision_result": "accepted",
        "rollout_id": rollout.id,
        "rollout_title": title,
        "rollout_title_zh": named.get("title_zh") or activity.title_zh or title,
        "rollout_result": None,
    }


def ask_again(problem: str) -> dict[str, Any]:
    """The task comes back and says why."""
    return {"decision_result": "ask_again", "decision_problem": problem}
