"""A recommendation is as good as what it was made from: when that changes, it is stale, and the loop scans again."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from engine.commands.publish_message import publish_message
from engine.store.actor import SYSTEM
from engine.store.tables import ProcessInstance
from engine.store.unit_of_work import Work
from practice_repo.nba_tables import NbaRecommendation
from practice_repo.practice import Text

LOOP = "next_best_activity"
CHANGED = "CandidatesChanged"
LIVE = ("open", "waiting", "ended")  # states of recommendations that nothing has taken the place of
REASONS = {
    "library": Text("the library has something new", "实践库有更新"),
    "needs": Text("needs have changed", "需求已变化"),
    "practices": Text("practices of the workspace have changed", "工作区的实践已变化"),
    "estimates": Text("estimates have changed", "估算已变化"),
    "profile": Text("the profile has changed", "企业概况已变化"),
    "evidence": Text("new outcomes were measured", "有新的效果测量"),
    "kpi": Text("a KPI misses its target", "有指标未达目标"),
}
RECOMMENDATION, INSTANCE = NbaRecommendation.__table__.c, ProcessInstance.__table__.c


def mark_stale(work: Work, enterprise_ids: Iterable[str] | None, reason: str, now: datetime) -> None:
    """Say of these enterprises (None: of all) that their newest recommendation was made from other things.

    Three statements, and one message for each enterprise whose loop is waiting; the first reason stays.
    """
    mine = True if enterprise_ids is None else RECOMMENDATION.enterprise_id.in_(sorted(set(enterprise_ids)))
    waiting = (RECOMMENDATION.state.in_(LIVE), RECOMMENDATION.stale_since.is_(None), mine)
    concerned = set(work.execute(select(RECOMMENDATION.enterprise_id).where(*waiting)).scalars())
    if not concerned:
        return
    work.execute(update(NbaRecommendation).where(*waiting).values(stale_since=now, stale_reason=reason))
    running = select(INSTANCE.enterprise_id).where(
        INSTANCE.process_id == LOOP, INSTANCE.state == "active", INSTANCE.enterprise_id.in_(concerned)
    )
    for enterprise_id in sorted(set(work.execute(running).scalars())):
        publish_message(
            work,
            enterprise_id=enterprise_id,
            name=CHANGED,
            correlation={"enterprise_id": enterprise_id},
            time_to_live_seconds=0,
            actor=SYSTEM,
            now=now,
        )
