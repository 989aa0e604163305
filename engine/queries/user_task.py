"""One user task with everything that its page shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine import forms, runtime
from engine.errors import NotFound
from engine.queries.compiled import compiled, form
from engine.queries.permissions import four_eyes_problem, is_candidate
from engine.store.actor import Actor
from engine.store.codec import expand
from engine.store.tables import ProcessDefinition, ProcessInstance, UserTask, UserTaskCandidate
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class TaskDetail:
    """The task, its form, what it sees, and what this actor may do with it (`why_not` says why not)."""

    id: str
    name: str
    title: str | None
    business_key: str | None
    enterprise_id: str
    process_id: str
    process_name: str
    process_name_zh: str | None
    definition_id: str
    process_instance_id: str
    element_id: str
    element_instance_id: int
    role: str | None
    assignee: str | None
    owner: str | None
    state: str
    is_suspended: bool
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    created_at: datetime
    claimed_at: datetime | None
    ended_at: datetime | None
    completed_by: str | None
    completed_for: str | None
    touchpoint: str | None
    four_eyes: str | None
    form_key: str | None
    draft: Mapping[str, Any] | None
    draft_saved_at: datetime | None
    form: forms.Form | None
    documentation: str
    variables: Mapping[str, Any]  # what the task sees; {} once it has ended
    candidate_groups: tuple[str, ...] = ()
    candidate_users: tuple[str, ...] = ()
    acting_for: str | None = None
    may_claim: bool = False
    may_complete: bool = False
    why_not: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


_COLUMNS = tuple(
    UserTask.__table__.c[name]
    for name in (
        "id",
        "name",
        "title",
        "business_key",
        "enterprise_id",
        "process_id",
        "definition_id",
        "process_instance_id",
        "element_id",
        "element_instance_id",
        "role",
        "assignee",
        "owner",
        "state",
        "is_suspended",
        "due_at",
        "follow_up_at",
        "priority",
        "created_at",
        "claimed_at",
        "ended_at",
        "completed_by",
        "completed_for",
        "touchpoint",
        "four_eyes",
        "form_key",
        "draft",
        "draft_saved_at",
    )
)


def user_task(work: Work, *, user_task_id: str, actor: Actor, now: datetime) -> TaskDetail:
    """The task as this actor sees it. Raises NotFound."""
    row = work.execute(
        select(
            *_COLUMNS,
            ProcessDefinition.name.label("process_name"),
            ProcessDefinition.name_zh.label("process_name_zh"),
            ProcessDefinition.bundle_digest,
            ProcessDefinition.bundle,
            ProcessInstance.snapshot,
        )
        .select_from(UserTask)
        .join(ProcessInstance, ProcessInstance.id == UserTask.process_instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == UserTask.definition_id)
        .where(UserTask.id == user_task_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"The user task {user_task_id} does not exist: reload your task list.")
    actor.must_see(row.enterprise_id, f"The user task {user_task_id}")
    found = compiled(work, row.bundle_digest, row.bundle)
    element = found.elements.get(row.element_id)
    variables: Mapping[str, Any] = {}
    if row.state == "open":
        execution = runtime.Execution.load(found.definition, expand(row.snapshot))
        variables = execution.variables_of(row.element_instance_id)
    digest = row.bundle["forms"].get(row.form_key) if row.form_key else None
    candidates = work.execute(
        select(UserTaskCandidate.kind, UserTaskCandidate.name).where(UserTaskCandidate.user_task_id == user_task_id)
    ).all()
    own = {name: value for name, value in row._mapping.items() if name not in ("bundle_digest", "bundle", "snapshot")}
    return TaskDetail(
        **own,
        form=form(work, digest) if digest else None,
        documentation=element.documentation if element else "",
        properties=element.properties if element else {},
        variables=variables,
        candidate_groups=tuple(name for kind, name in candidates if kind == "group"),
        candidate_users=tuple(name for kind, name in candidates if kind == "user"),
        acting_for=actor.acting_for(row.assignee),
        **_permissions(work, row, actor),
    )


def _permissions(work: Work, row: Any, actor: Actor) -> dict[str, Any]:
    """may_claim, may_complete and, where something is in the way, why_not."""
    refused = {"may_claim": False, "may_complete": False}
    if row.state != "open":
        return refused | {"why_not": f"This task is already {row.state}."}
    if row.is_suspended:
        return refused | {"why_not": "This task rests because its case is suspended."}
    if not is_candidate(work, row, actor):
        return refused | {"why_not": f"This is work for {row.assignee or row.role or 'other people'}."}
    problem = four_eyes_problem(work, row, {actor.id, actor.acting_for(row.assignee)} - {None})
    if problem is not None:
        return refused | {"why_not": problem}
    if row.owner is not None:
        return refused | {"why_not": f"{row.owner} has delegated this task to {row.assignee}, who gives it back."}
    taken = row.assignee is not None and not actor.is_or_stands_in_for(row.assignee) and not actor.is_supervisor
    return {
        "may_claim": row.assignee is None,
        "may_complete": not taken,
        "why_not": f"{row.assignee} works on this task." if taken else None,
    }
