"""Keep one scan as the enterprise's recommendation; the one before is superseded."""

from datetime import datetime

from sqlalchemy import func, select, update

from engine.errors import InvalidInput
from engine.store.actor import SYSTEM, Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Store, Work
from practice_repo.activities import ensure_activities
from practice_repo.deciding import Proposal, propose
from practice_repo.nba_tables import NbaRecommendation
from practice_repo.permissions import must_estimate
from practice_repo.stale import LIVE


def scan(
    store: Store, *, enterprise_id: str, actor: Actor, now: datetime, mode: str | None = None, stop: str | None = None
) -> str:
    """Scan, then keep what was found: the id of the recommendation. Opens its own units of work, because a plan takes
    a second in which others should be able to write."""
    store.run(lambda work: ensure_activities(work, enterprise_id, actor, now))
    with store.reading() as work:
        proposal = propose(work, enterprise_id=enterprise_id, now=now, mode=mode, stop=stop)
    return store.run(lambda work: recommend(work, proposal=proposal, actor=actor, now=now))


def recommend(work: Work, *, proposal: Proposal, actor: Actor, now: datetime) -> str:
    """The id of the recommendation. Raises NotPermitted, InvalidInput for another enterprise's proposal."""
    if actor != SYSTEM and must_estimate(actor) != proposal.enterprise_id:
        raise InvalidInput("The proposal belongs to another enterprise: scan again.")
    columns = NbaRecommendation.__table__.c
    own = columns.enterprise_id == proposal.enterprise_id
    work.execute(update(NbaRecommendation).where(own, columns.state.in_(LIVE)).values(state="superseded"))
    number = work.execute(select(func.max(columns.number)).where(own)).scalar() or 0
    row = NbaRecommendation(
        id=new_id(),
        enterprise_id=proposal.enterprise_id,
        number=number + 1,
        mode=proposal.mode,
        stop=proposal.stop,
        inputs=proposal.inputs,
        answer={**proposal.answer, "waits_until_day": proposal.waits_until_day},
        activity_id=proposal.activity_id,
        state=_state(proposal),
        at=now,
        by=actor.id,
    )
    work.session.add(row)
    work.flush()
    return row.id


def _state(proposal: Proposal) -> str:
    if proposal.key is not None:
        return "open"
    return "ended" if proposal.waits_until_day is None else "waiting"
