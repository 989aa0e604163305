"""Say what an activity is expected to bring and to cost."""

from datetime import datetime

from sqlalchemy import func, select, update

from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.activities import SHOWN, activities_of, bring_back, own_activity
from practice_repo.expectations import Expectation
from practice_repo.nba_tables import NbaActivity, NbaEstimate
from practice_repo.next_best_activity.candidate import Candidate, Portfolio
from practice_repo.portfolios import current_estimates
from practice_repo.stale import mark_stale


def estimate(
    work: Work, *, activity_id: str, expectation: Expectation, note: str = "", actor: Actor, now: datetime
) -> str:
    """The id of the new estimate; those before stay as history. An activity that was rejected or given up is
    asked about again.

    Raises NotFound, NotPermitted, InvalidPortfolio for what no scan could be made with: prerequisites in a circle,
    must-haves that exclude each other.
    """
    activity = own_activity(work, activity_id, actor)
    bring_back(activity)
    _must_go_together(work, activity, expectation)
    columns = NbaEstimate.__table__.c
    numbers = select(func.max(columns.number)).where(columns.activity_id == activity_id)
    number = (work.execute(numbers).scalar() or 0) + 1
    work.execute(update(NbaEstimate).where(columns.activity_id == activity_id).values(is_current=False))
    row = NbaEstimate(
        id=new_id(),
        activity_id=activity_id,
        number=number,
        is_current=True,
        content=expectation.to_json(),
        note=note.strip(),
        at=now,
        by=actor.id,
    )
    work.session.add(row)
    work.flush()
    mark_stale(work, [activity.enterprise_id], "estimates", now)
    return row.id


def _must_go_together(work: Work, activity: NbaActivity, expectation: Expectation) -> None:
    keys = {each.id: each.key for each in activities_of(work, activity.enterprise_id) if each.state in SHOWN}
    estimates = current_estimates(work, activity.enterprise_id)
    expected = {keys[key]: Expectation.of_json(row.content) for key, row in estimates.items() if key in keys}
    expected[activity.key] = expectation
    Portfolio(tuple(_asks(key, each) for key, each in expected.items()))


def _asks(key: str, expects: Expectation) -> Candidate:
    """What it asks of the others."""
    return Candidate(
        id=key,
        prerequisites=expects.prerequisites,
        excludes=expects.excludes,
        group=expects.group,
        must=expects.must,
        duration_days=expects.duration_days,
        lag_days=expects.lag_days,
        staff=expects.staff,
    )
