"""Describe an activity otherwise, or give an own one up."""

from datetime import datetime
from typing import Any

from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.activities import move_activity, must_fit, own_activity
from practice_repo.stale import mark_stale

FIELDS = frozenset({"title", "title_zh", "note", "kind", "change", "area", "step"})
OF_THE_PRACTICE = frozenset({"title", "title_zh"})  # a practice's name is changed in the workspace


def change_activity(work: Work, *, activity_id: str, actor: Actor, now: datetime, **values: Any) -> None:
    """Raises NotFound, NotPermitted, InvalidInput for other fields."""
    activity = own_activity(work, activity_id, actor)
    allowed = FIELDS if activity.candidate_id is None else FIELDS - OF_THE_PRACTICE
    strange = sorted(set(values) - allowed)
    if strange:
        raise InvalidInput(f"'{strange[0]}' cannot be changed here: possible are {', '.join(sorted(allowed))}.")
    must_fit(values)
    for name, value in values.items():
        setattr(activity, name, value.strip() if isinstance(value, str) else value)


def drop_activity(work: Work, *, activity_id: str, reason: str, actor: Actor, now: datetime) -> None:
    """Give an own activity up before it is rolled out; it stays in the history. Raises InvalidState for practices."""
    activity = own_activity(work, activity_id, actor)
    if activity.candidate_id is not None:
        raise InvalidState(f"'{activity.title}' is a practice of the workspace: give it up there.")
    move_activity(work, activity, "aborted", actor, now, reason)
    mark_stale(work, [activity.enterprise_id], "practices", now)
