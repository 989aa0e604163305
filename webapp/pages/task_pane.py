"""What the pane of one task shows: the task, its form, and what this person may do."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.queries.documents import DocumentRow, documents
from engine.queries.user_task import TaskDetail, user_task
from webapp.access import actor, now, read
from webapp.form_view import FormView
from webapp.languages import model_language
from webapp.presentation import zone


@dataclass(frozen=True)
class TaskPane:
    """A task with its form filled in; `completion_key` makes a double submit count once."""

    detail: TaskDetail
    form: FormView | None
    completion_key: str
    documents: Mapping[str, DocumentRow]
    has_errors: bool = False
    uses_draft: bool = False


def task_pane(
    task_id: str, *, entered: Mapping[str, Any] | None = None, errors: Mapping[str, Any] | None = None
) -> TaskPane:
    """The pane of this task. Raises NotFound."""

    def questions(work):
        detail = user_task(work, user_task_id=task_id, actor=actor(), now=now())
        return detail, documents(work, process_instance_id=detail.process_instance_id)

    detail, files = read(questions)
    draft = detail.draft if entered is None and detail.state == "open" else None
    return TaskPane(
        detail=detail,
        form=form_view(detail, entered=entered if entered is not None else draft, errors=errors),
        completion_key=secrets.token_hex(16),
        documents={each.id: each for each in files},
        has_errors=bool(errors),
        uses_draft=bool(draft),
    )


def form_view(
    detail: TaskDetail, *, entered: Mapping[str, Any] | None = None, errors: Mapping[str, Any] | None = None
) -> FormView | None:
    """The task's form with its values; none when the task has no form or has ended."""
    if detail.form is None or detail.state != "open":
        return None
    return FormView(
        detail.form,
        detail.variables,
        now=now(),
        zone=zone(),
        language=model_language(),
        entered=entered,
        errors=errors,
    )
