"""What rollouts wait for: the open tasks of their cases."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.store.tables import UserTask
from engine.store.unit_of_work import Work

TASK = UserTask.__table__.c


@dataclass(frozen=True)
class OpenStep:
    """An open task, with what is needed to name it and to link to it."""

    id: str
    process_instance_id: str
    definition_id: str
    element_id: str
    name: str
    role: str | None
    assignee: str | None
    due_at: datetime | None


def open_steps(work: Work, *, process_instance_ids: Collection[str]) -> dict[str, tuple[OpenStep, ...]]:
    """The open tasks of these cases, oldest first, by the id of the case; one statement."""
    if not process_instance_ids:
        return {}
    statement = (
        select(
            TASK.id,
            TASK.process_instance_id,
            TASK.definition_id,
            TASK.element_id,
            TASK.name,
            TASK.role,
            TASK.assignee,
            TASK.due_at,
        )
        .where(TASK.process_instance_id.in_(sorted(process_instance_ids)), TASK.state == "open")
        .order_by(TASK.created_at, TASK.id)
    )
    found: dict[str, list[OpenStep]] = {}
    for row in work.execute(statement):
        found.setdefault(row.process_instance_id, []).append(OpenStep(*row))
    return {case: tuple(steps) for case, steps in found.items()}
