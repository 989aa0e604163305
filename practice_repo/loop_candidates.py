"""What the loop finds before its first scan: practices for open needs, and first estimates (A09, A13)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.activities import AVAILABLE, activities_of
from practice_repo.candidate_states import ENDED
from practice_repo.commands.estimate import estimate
from practice_repo.expectations import Expectation, suggested
from practice_repo.method_jobs import clerk
from practice_repo.portfolios import current_estimates
from practice_repo.queries.cards import cards
from practice_repo.queries.needs import Suggestion, coverage, need
from practice_repo.tables import (
    PracticeCandidate,
    PracticeVersion,
)

METHOD_AREA = "method"  # the method's own processes meet no need of an enterprise
ACQUIRED_KINDS = frozenset({"process", "technology"})  # what can become available by itself
MOST_SUGGESTED = 6  # practices at once: more than people look at
MOST_NEEDS = 20  # the most urgent ones
MOST_NAMED = 8  # activities in one sentence
CANDIDATE = PracticeCandidate.__table__.c


def practices_for_needs(work: Work, enterprise_id: str) -> list[dict[str, Any]]:
    """What fits the needs that nothing in the workspace meets, best first, as the task `inspect` shows it."""
    best: dict[str, tuple[Suggestion, Any]] = {}
    for gap in coverage(work, enterprise_id=enterprise_id).gaps[:MOST_NEEDS]:
        for each in need(work, need_id=gap.id, actor=clerk(enterprise_id)).suggestions:
            if each.item_id not in best or best[each.item_id][0].score < each.score:
                best[each.item_id] = (each, gap)
    allowed = _may_be_acquired(work, enterprise_id, set(best))
    chosen = sorted((each for each in best.values() if each[0].item_id in allowed), key=_best_first)
    return [_suggestion(each, gap) for each, gap in chosen[:MOST_SUGGESTED]]


def _best_first(each: tuple[Suggestion, Any]) -> tuple[float, str]:
    return -each[0].score, each[0].item_id


def _may_be_acquired(work: Work, enterprise_id: str, item_ids: set[str]) -> set[str]:
    """Those that can become available by themselves and are not in the workspace."""
    versions = PracticeVersion.__table__.c
    own = select(CANDIDATE.item_id).where(CANDIDATE.enterprise_id == enterprise_id, CANDIDATE.state != ENDED)
    statement = select(versions.item_id, versions.card).where(
        versions.item_id.in_(sorted(item_ids)), versions.state == "released", versions.item_id.not_in(own)
    )
    return {
        row.item_id
        for row in work.execute(statement)
        if row.card.get("kind") in ACQUIRED_KINDS and row.card.get("area") != METHOD_AREA
    }


def _suggestion(each: Suggestion, gap: Any) -> dict[str, Any]:
    return {
        "item_id": each.item_id,
        "name": each.name,
        "name_zh": each.name_zh,
        "need_id": gap.id,
        "need": gap.title,
        "reason": ", ".join(reason.en for reason in each.reasons),
        "reason_zh": "，".join(reason.zh for reason in each.reasons),
    }


def state_of_candidate(work: Work, candidate_id: str, enterprise_id: str) -> str | None:
    """Where it is in its life; None when the workspace does not have it."""
    own = (CANDIDATE.id == candidate_id, CANDIDATE.enterprise_id == enterprise_id)
    return work.execute(select(CANDIDATE.state).where(*own)).scalar_one_or_none()


def begin_estimates(work: Work, enterprise_id: str, actor: Actor, now: datetime) -> None:
    """A first expectation out of the card for every available practice that nobody has estimated."""
    known = current_estimates(work, enterprise_id)
    activities = activities_of(work, enterprise_id)
    waiting = [each for each in activities if each.item_id and each.state == AVAILABLE and each.id not in known]
    keys = {each.item_id: each.key for each in activities if each.item_id}
    found = cards(work, enterprise_id=enterprise_id, item_ids={each.item_id for each in waiting if each.item_id})
    for each in waiting:
        card = found.get(each.item_id or "")
        if card is not None:
            expectation = suggested(card.card, keys)
            estimate(work, activity_id=each.id, expectation=expectation, note="from the card", actor=actor, now=now)


def unestimated(work: Work, enterprise_id: str) -> dict[str, Any]:
    """How many available activities cannot be ranked yet, and their names."""
    known = current_estimates(work, enterprise_id)
    available = [each for each in activities_of(work, enterprise_id) if each.state == AVAILABLE]
    missing = [each for each in available if not _is_complete(known.get(each.id))]
    more = " …" if len(missing) > MOST_NAMED else ""
    return {
        "activity_count": len(available),
        "unestimated_count": len(missing),
        "unestimated_titles": ", ".join(each.title for each in missing[:MOST_NAMED]) + more,
        "unestimated_titles_zh": "、".join(each.title_zh or each.title for each in missing[:MOST_NAMED]) + more,
    }


def _is_complete(row: Any) -> bool:
    """Whether both effect and cost are known, so that it can be ranked."""
    expectation = Expectation.of_json(row.content) if row else Expectation()
    return expectation.is_effect_known and expectation.costs is not None
