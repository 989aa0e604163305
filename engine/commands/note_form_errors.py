"""Keep that a form was sent with entries that do not fit: what people stumble over can then be made easier."""

from collections.abc import Iterable
from datetime import datetime

from engine.commands.user_tasks import audit_task, find_open_task
from engine.store.actor import Actor
from engine.store.unit_of_work import Work

FORM_REFUSED = "form_refused"
MOST_FIELDS = 50


def note_form_errors(work: Work, *, user_task_id: str, fields: Iterable[str], actor: Actor, now: datetime) -> None:
    """Note the names of the fields, never what was typed. Raises NotFound, InvalidState."""
    row = find_open_task(work, user_task_id, actor)
    audit_task(work, row, actor, FORM_REFUSED, now, detail={"fields": sorted(set(fields))[:MOST_FIELDS]})
