"""Say something else of a need, or that it is met."""

from datetime import datetime
from typing import Any

from engine.errors import InvalidInput, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.add_need import must_fit
from practice_repo.permissions import must_tailor
from practice_repo.stale import mark_stale
from practice_repo.tables import PracticeNeed

CHANGEABLE = frozenset({"title", "goal", "kpi", "area", "pcf", "priority", "state", "note"})


def own_need(work: Work, need_id: str, actor: Actor) -> PracticeNeed:
    """The need, locked, for somebody who may tailor."""
    enterprise_id = must_tailor(actor)
    found = work.session.get(PracticeNeed, need_id, with_for_update=True)
    if found is None or found.enterprise_id != enterprise_id:
        raise NotFound(f"There is no need {need_id}: look again.")
    return found


def change_need(work: Work, *, need_id: str, actor: Actor, now: datetime, **fields: Any) -> None:
    """Set the fields given: title, goal, kpi, area, pcf, priority, state or note."""
    unknown = sorted(set(fields) - CHANGEABLE)
    if unknown:
        raise InvalidInput(f"'{unknown[0]}' of a need cannot be changed; possible are {', '.join(sorted(CHANGEABLE))}.")
    must_fit(fields)
    need = own_need(work, need_id, actor)
    for name, value in fields.items():
        setattr(need, name, value.strip() if isinstance(value, str) else value)
    need.updated_at = now
    mark_stale(work, [need.enterprise_id], "needs", now)
