"""Who may do a user task: candidates, and the four-eyes rule."""

from typing import Any

from sqlalchemy import Row, and_, exists, or_, select

from engine.store.actor import Actor
from engine.store.tables import EVERYBODY, InstanceMigration, UserTask, UserTaskCandidate
from engine.store.unit_of_work import Work


def names_of(actor: Actor) -> Any:
    """The condition that a candidate row names the actor, one of the groups, or somebody the actor stands in for."""
    columns = UserTaskCandidate.__table__.c
    return or_(
        and_(columns.kind == "group", columns.name.in_(sorted({*actor.groups, EVERYBODY}))),
        and_(columns.kind == "user", columns.name.in_(sorted({actor.id, *actor.stands_in_for}))),
    )


def is_candidate(work: Work, task: Row[Any], actor: Actor) -> bool:
    """Whether the actor may take the task."""
    if actor.is_supervisor or actor.is_or_stands_in_for(task.assignee) or actor.is_or_stands_in_for(task.owner):
        return True
    named = exists().where(UserTaskCandidate.user_task_id == task.id, names_of(actor))
    return bool(work.execute(select(named)).scalar_one())


def four_eyes_problem(work: Work, task: Row[Any], people: set[str]) -> str | None:
    """Why these people may not do the task, when the four-eyes rule blocks it; else none."""
    if not task.four_eyes:
        return None
    earlier = work.execute(
        select(UserTask.name, UserTask.completed_by, UserTask.completed_for).where(
            UserTask.process_instance_id == task.process_instance_id,
            UserTask.element_id.in_(_names_of_element(work, task.process_instance_id, task.four_eyes)),
            UserTask.state == "completed",
        )
    ).all()
    for row in earlier:
        same = people & {row.completed_by, row.completed_for}
        if same:
            return (
                f"Four-eyes rule: '{task.name}' checks '{row.name}', which {sorted(same)[0]} has done; "
                "a second person must do it. Leave it to a colleague, or reassign it."
            )
    return None


def _names_of_element(work: Work, process_instance_id: str, element_id: str) -> set[str]:
    """The element's ids in all versions that the case ran in: a renamed element is still the same work."""
    steps = work.execute(
        select(InstanceMigration.renamed).where(InstanceMigration.process_instance_id == process_instance_id)
    ).scalars()
    pairs = [pair for renamed in steps for pair in renamed.items()]
    found = {element_id}
    for _ in pairs:  # as many rounds as the longest chain of names
        found.update(name for pair in pairs if found & set(pair) for name in pair)
    return found
