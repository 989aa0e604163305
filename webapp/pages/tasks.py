"""What a person does with user tasks: claim, give away, draft, complete; one by one or many at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import login_required

from engine.commands.attach_document import attach_document
from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.delegate_user_task import delegate_user_task
from engine.commands.form_values import InvalidForm
from engine.commands.note_form_errors import note_form_errors
from engine.commands.reassign_user_task import reassign_user_task
from engine.commands.resolve_delegation import resolve_delegation
from engine.commands.save_draft import save_draft
from engine.commands.set_due import set_due
from engine.commands.set_priority import set_priority
from engine.commands.unclaim_user_task import unclaim_user_task
from engine.errors import EngineError, InvalidInput
from engine.forms import Form
from engine.queries.user_task import TaskDetail, user_task
from webapp.access import actor, now, people, read, run, safe_target
from webapp.form_view import PREFIX, read_submission
from webapp.pages.task_pane import form_view
from webapp.pages.worklist import Filters, next_task, worklist_page
from webapp.presentation import zone

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")


def _detail(task_id: str) -> TaskDetail:
    return read(lambda work: user_task(work, user_task_id=task_id, actor=actor(), now=now()))


def _back(task_id: str | None = None):
    """Back to the list the person came from, with this task open."""
    filters = Filters.from_request()
    return redirect(url_for("worklist.show", **filters.parameters(task=task_id)))


def _act(task_id: str, success: str, command: Callable[[Any], Any]):
    """Run the command and tell how it went; a lost race is told kindly, not as an error page."""
    try:
        run(command)
        flash(success, "success")
    except EngineError as error:
        flash(str(error), "warning")
    return _back(task_id)


@blueprint.post("/<task_id>/claim")
@login_required
def claim(task_id: str):
    return _act(
        task_id,
        _("It is yours now."),
        lambda work: claim_user_task(work, user_task_id=task_id, actor=actor(), now=now()),
    )


@blueprint.post("/<task_id>/release")
@login_required
def release(task_id: str):
    return _act(
        task_id,
        _("Back in the group's list."),
        lambda work: unclaim_user_task(work, user_task_id=task_id, actor=actor(), now=now()),
    )


@blueprint.post("/<task_id>/reassignment")
@login_required
def reassign(task_id: str):
    to = _known_person(request.form.get("to", ""))
    reason = request.form.get("reason") or None
    delegates = request.form.get("kind") == "delegate"

    def command(work):
        if delegates:
            return delegate_user_task(work, user_task_id=task_id, to=to, actor=actor(), now=now(), reason=reason)
        return reassign_user_task(work, user_task_id=task_id, to=to, actor=actor(), now=now(), reason=reason)

    return _act(task_id, _("Given to %(name)s.", name=people().get(to or "", _("the group"))), command)


@blueprint.post("/<task_id>/resolution")
@login_required
def resolve(task_id: str):
    detail = _detail(task_id)
    values = _sent_values(detail.form)
    return _act(
        task_id,
        _("Given back."),
        lambda work: resolve_delegation(work, user_task_id=task_id, actor=actor(), now=now(), variables=values),
    )


@blueprint.post("/<task_id>/schedule")
@login_required
def schedule(task_id: str):
    def command(work):
        _set_schedule(work, task_id, request.form.get("due"), request.form.get("priority"))

    return _act(task_id, _("Changed."), command)


@blueprint.post("/<task_id>/draft")
@login_required
def draft(task_id: str):
    """Keeps what was typed so far; answers with what the form should show now."""
    detail = _detail(task_id)
    values = _sent_values(detail.form)
    saved = detail.may_complete
    if saved:
        run(lambda work: save_draft(work, user_task_id=task_id, values=values, actor=actor(), now=now()))
    view = form_view(detail, entered=values)
    return jsonify({"saved": saved, **(view.state() if view else {})})


@blueprint.post("/<task_id>/files")
@login_required
def upload(task_id: str):
    """Keeps a file with the case; its id becomes the field's value."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput(_("A file was expected, none came: choose one and try again."))
    detail = _detail(task_id)
    document_id = run(lambda work: _attach(work, detail, file.filename, file.mimetype, file.read()))
    return jsonify({"id": document_id, "name": file.filename})


@blueprint.post("/<task_id>/completion")
@login_required
def complete(task_id: str):
    detail = _detail(task_id)
    values = _sent_values(detail.form)
    uploads = [(name, file) for name, file in request.files.items(multi=True) if file.filename]
    contents = [(name, file.filename, file.mimetype, file.read()) for name, file in uploads]
    local_now = now().astimezone(zone())

    def command(work):
        for name, file_name, media_type, content in contents:
            values[name.removeprefix(PREFIX)] = _attach(work, detail, file_name, media_type, content)
        return complete_user_task(
            work,
            user_task_id=task_id,
            variables=values,
            actor=actor(),
            now=local_now,
            completion_key=request.form.get("completion_key") or None,
        )

    try:
        done = run(command)
    except InvalidForm as error:
        refused = error.errors
        run(lambda work: note_form_errors(work, user_task_id=task_id, fields=refused, actor=actor(), now=now()))
        flash(_("Some entries do not fit yet: see the marked fields."), "danger")
        return worklist_page(Filters.from_request(), task_id, entered=values, errors=refused), 422
    except EngineError as error:
        flash(str(error), "warning")
        return _back(task_id)
    flash(_("Done: %(task)s.", task=detail.title or detail.name), "success")
    if back := request.form.get("back"):
        return redirect(safe_target(back))
    return _back(next_task(Filters.from_request(), done.user_task_ids, skip=(task_id,)))


@blueprint.post("/bulk")
@login_required
def bulk():
    """One verb for many tasks; each succeeds or fails by itself and the result names those that did not."""
    ids = request.form.getlist("ids")
    verb = request.form.get("verb", "")
    commands: dict[str, Callable[[Any, str], Any]] = {
        "claim": lambda work, each: claim_user_task(work, user_task_id=each, actor=actor(), now=now()),
        "release": lambda work, each: unclaim_user_task(work, user_task_id=each, actor=actor(), now=now()),
        "reassign": lambda work, each: reassign_user_task(
            work, user_task_id=each, to=_known_person(request.form.get("to", "")), actor=actor(), now=now()
        ),
        "schedule": lambda work, each: _set_schedule(work, each, request.form.get("due"), request.form.get("priority")),
    }
    if verb not in commands or not ids:
        flash(_("Choose tasks and what to do with them."), "warning")
        return _back()
    problems = [problem for each in ids if (problem := _attempt(lambda work, each=each: commands[verb](work, each)))]
    done = len(ids) - len(problems)
    if done:
        flash(ngettext("%(num)s task changed.", "%(num)s tasks changed.", done), "success")
    for problem in dict.fromkeys(problems):
        flash(problem, "warning")
    return _back()


def _attempt(command: Callable[[Any], Any]) -> str | None:
    """The problem's text, or nothing when all went well."""
    try:
        run(command)
    except EngineError as error:
        return str(error)
    return None


def _set_schedule(work, task_id: str, due: str | None, priority: str | None) -> None:
    if due is not None and due != "":
        set_due(work, user_task_id=task_id, due_at=_moment(due), actor=actor(), now=now())
    if priority:
        if not priority.isdigit():
            raise InvalidInput(_("A priority from 0 to 100 was expected, found “%(found)s”.", found=priority))
        set_priority(work, user_task_id=task_id, priority=int(priority), actor=actor(), now=now())


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone())
    except ValueError as error:
        raise InvalidInput(_("A date and time was expected, found “%(found)s”.", found=text)) from error


def _known_person(name: str) -> str | None:
    """The person's sign-in name; nothing for the group."""
    if not name:
        return None
    if name not in people():
        raise InvalidInput(_("There is nobody called “%(name)s”: choose a person from the list.", name=name))
    return name


def _sent_values(form: Form | None) -> dict[str, Any]:
    return read_submission(form, request.form) if form is not None else {}


def _attach(work, detail: TaskDetail, name: str, media_type: str, content: bytes) -> str:
    return attach_document(
        work,
        process_instance_id=detail.process_instance_id,
        user_task_id=detail.id,
        name=name,
        media_type=media_type or "application/octet-stream",
        content=content,
        actor=actor(),
        now=now(),
    )
