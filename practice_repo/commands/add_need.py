"""Write down what the enterprise wants of its customer relationship management (A09)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.permissions import must_tailor
from practice_repo.stale import mark_stale
from practice_repo.tables import PracticeNeed

PRIORITIES = ("must", "should", "could")
STATES = ("open", "in_work", "met", "dropped")
LONGEST_TITLE = 200


def add_need(
    work: Work,
    *,
    title: str,
    goal: str = "",
    kpi: str | None = None,
    area: str | None = None,
    pcf: int | None = None,
    priority: str = "should",
    note: str = "",
    actor: Actor,
    now: datetime,
) -> str:
    """The id of the need. `kpi`, `area` and `pcf` (a process element number) are what practices are found by."""
    enterprise_id = must_tailor(actor)
    must_fit({"title": title, "priority": priority})
    numbers = select(func.max(PracticeNeed.number)).where(PracticeNeed.enterprise_id == enterprise_id)
    need = PracticeNeed(
        id=new_id(),
        enterprise_id=enterprise_id,
        number=(work.execute(numbers).scalar() or 0) + 1,
        title=title.strip(),
        goal=goal.strip(),
        kpi=kpi or None,
        area=area or None,
        pcf=pcf,
        priority=priority,
        state="open",
        note=note.strip(),
        created_at=now,
        created_by=actor.id,
        updated_at=now,
    )
    work.session.add(need)
    work.flush()
    mark_stale(work, [enterprise_id], "needs", now)
    return need.id


def must_fit(values: Mapping[str, Any]) -> None:
    """Refuse values that a need cannot have."""
    title = values.get("title")
    if title is not None and not 0 < len(title.strip()) <= LONGEST_TITLE:
        raise InvalidInput(f"A need has a title of 1 to {LONGEST_TITLE} characters: say what should be better.")
    for name, allowed in (("priority", PRIORITIES), ("state", STATES)):
        if name in values and values[name] not in allowed:
            raise InvalidInput(f"The {name} of a need is one of {', '.join(allowed)}, found '{values[name]}'.")
