"""Start a process: choose one, fill its start form."""

import secrets
from functools import cache
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from engine.commands.attach_document import attach_document
from engine.commands.form_values import InvalidForm
from engine.commands.start_process import start_process
from engine.errors import NotPermitted
from engine.queries.definitions import DefinitionRow, start_form, startable
from practice_repo.practice import Practice
from webapp.access import actor, enterprise_id, now, read, run
from webapp.form_view import PREFIX, FormView, read_submission
from webapp.languages import model_language
from webapp.library_start import readable_practices
from webapp.pages.worklist import Filters, next_task
from webapp.presentation import zone

blueprint = Blueprint("start", __name__, url_prefix="/start")


@cache
def practices() -> dict[str, Practice]:
    """The shipped practices by id; one that cannot be read is left out (its own tests say why)."""
    return {practice.id: practice for practice in readable_practices(lambda _text: None)}


@blueprint.get("")
@login_required
def show():
    rows = read(lambda work: startable(work, actor=actor(), enterprise_id=enterprise_id()))
    described = {name: practice.card.summary.in_language(model_language()) for name, practice in practices().items()}
    return render_template("start/list.html", definitions=rows, described=described)


@blueprint.get("/<process_id>")
@login_required
def form(process_id: str):
    return _page(_definition(process_id))


@blueprint.post("/<process_id>")
@login_required
def start(process_id: str):
    definition = _definition(process_id)
    schema = read(lambda work: start_form(work, definition_id=definition.id))
    values = read_submission(schema, request.form) if schema else {}
    files = [
        (name.removeprefix(PREFIX), file.filename, file.mimetype, file.read())
        for name, file in request.files.items(multi=True)
        if file.filename
    ]
    values |= {name: file_name for name, file_name, _media_type, _content in files}

    def command(work):
        started = start_process(
            work,
            enterprise_id=enterprise_id(),
            process_id=process_id,
            form_values=values,
            business_key=request.form.get("business_key", "").strip() or None,
            actor=actor(),
            now=now().astimezone(zone()),
        )
        for _name, file_name, media_type, content in files if started.is_new else ():
            attach_document(
                work,
                process_instance_id=started.process_instance_id,
                name=file_name,
                media_type=media_type or "application/octet-stream",
                content=content,
                actor=actor(),
                now=now(),
            )
        return started

    try:
        started = run(command)
    except InvalidForm as error:
        flash(_("Some entries do not fit yet: see the marked fields."), "danger")
        return _page(definition, entered=values, errors=error.errors), 422
    if started.is_new:
        flash(_("Started."), "success")
    else:
        flash(_("A case with this key already runs: here it is."), "warning")
    task_id = next_task(Filters(view="my_groups"), started.user_task_ids)
    if task_id in started.user_task_ids:
        return redirect(url_for("worklist.show", view="my_groups", task=task_id))
    return redirect(url_for("cases.show", case_id=started.process_instance_id))


def _definition(process_id: str) -> DefinitionRow:
    rows = read(lambda work: startable(work, actor=actor(), enterprise_id=enterprise_id()))
    for row in rows:
        if row.process_id == process_id:
            return row
    raise NotPermitted(_("“%(process)s” is not one of the processes that you may start.", process=process_id))


def _page(definition: DefinitionRow, **values: Any) -> str:
    schema = read(lambda work: start_form(work, definition_id=definition.id))
    view = None
    if schema is not None:
        view = FormView(schema, {}, now=now(), zone=zone(), language=model_language(), **values)
    return render_template("start/form.html", definition=definition, form=view, token=secrets.token_hex(8))
