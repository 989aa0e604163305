"""A case: diagram, timeline, variables, why it waits; and what an operator can repair."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select

from engine import feel
from engine.commands.add_comment import add_comment
from engine.commands.attach_document import attach_document
from engine.commands.cancel_instance import cancel_instance
from engine.commands.modify_instance import modify_instance
from engine.commands.resolve_incident import resolve_incident
from engine.commands.resume_instance import resume_instance
from engine.commands.set_variables import set_variables
from engine.commands.suspend_instance import suspend_instance
from engine.errors import EngineError, InvalidInput
from engine.queries.comments import comments
from engine.queries.definitions import definitions
from engine.queries.documents import document_content, documents
from engine.queries.model import element_labels, model_source
from engine.queries.process_instance import InstanceDetail, process_instance, timeline
from engine.queries.process_instances import process_instances
from engine.queries.related_cases import related_cases
from engine.store.tables import UserTask
from webapp.access import actor, enterprise_id, now, people, read, run, safe_target, supervisors_only
from webapp.timeline import told

blueprint = Blueprint("cases", __name__, url_prefix="/cases")

TABS = ("diagram", "timeline", "comments", "documents", "related")
INLINE_TYPES = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf"}
ROWS = 50


@blueprint.get("")
@login_required
def index():
    """All cases, filtered by the URL."""
    arguments = {name: request.args.get(name, "").strip() for name in ("q", "process", "state", "element", "key")}
    offset = request.args.get("offset", 0, type=int)
    attribute, value = request.args.get("attribute", ""), request.args.get("value", "")
    page = read(
        lambda work: process_instances(
            work,
            enterprise_id=enterprise_id(),
            process_id=arguments["process"] or None,
            state=arguments["state"] or None,
            text=arguments["q"] or None,
            element_id=arguments["element"] or None,
            business_key=arguments["key"] or None,
            has_incident=True if request.args.get("incident") else None,
            attributes={attribute: value} if attribute and value else None,
            limit=ROWS,
            offset=max(0, offset),
        )
    )
    return render_template("cases/list.html", page=page, arguments=arguments, offset=offset, rows=ROWS)


@blueprint.get("/<case_id>")
@login_required
def show(case_id: str):
    detail = _case(case_id)
    labels = read(lambda work: element_labels(work, definition_id=detail.row.definition_id))
    return render_template(
        "cases/page.html",
        case=detail,
        labels=labels,
        tasks=_open_tasks(case_id),
        diagram=diagram_of(detail),
        processes=_processes_of(detail, labels),
        called={each.process_id: each for each in read(lambda work: definitions(work, enterprise_id=enterprise_id()))},
        shown_process=request.args.get("diagram") or detail.row.process_id,
    )


@blueprint.get("/<case_id>/tabs/<tab>")
@login_required
def tab(case_id: str, tab: str):
    """One of the side tabs, for the task's pane and the case's page."""
    if tab not in TABS:
        raise InvalidInput(_("There is no tab “%(tab)s”.", tab=tab))
    detail = _case(case_id)
    more: dict[str, Any] = {}
    if tab == "diagram":
        element_id = request.args.get("element")
        labels = read(lambda work: element_labels(work, definition_id=detail.row.definition_id))
        label = labels.get(element_id or "")
        more["diagram"] = diagram_of(detail, element_id)
        more["shown_process"] = label.process_id if label else detail.row.process_id
    elif tab == "timeline":
        more["entries"] = told(read(lambda work: timeline(work, process_instance_id=case_id)))
    elif tab == "comments":
        more["comments"] = read(lambda work: comments(work, process_instance_id=case_id))
    elif tab == "documents":
        more["documents"] = read(lambda work: documents(work, process_instance_id=case_id))
    else:
        more["cases"] = read(lambda work: related_cases(work, process_instance_id=case_id))
    return render_template(f"cases/_{tab}.html", case=detail, inline_types=INLINE_TYPES, **more)


@blueprint.get("/<case_id>/model.bpmn")
@login_required
def model(case_id: str):
    detail = _case(case_id)
    return bpmn_answer(detail.row.definition_id, request.args.get("process") or None)


def bpmn_answer(definition_id: str, process_id: str | None = None) -> Response:
    """The BPMN file for the viewer; it never changes for a definition."""
    source = read(
        lambda work: model_source(
            work, definition_id=definition_id, process_id=process_id, enterprise_id=enterprise_id()
        )
    )
    response = Response(source, mimetype="application/xml")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


@blueprint.post("/<case_id>/comments")
@login_required
def comment(case_id: str):
    _case(case_id)
    body = request.form.get("body", "").strip()
    mentions = tuple(name for name in people() if f"@{name}" in body)
    if body:
        run(
            lambda work: add_comment(
                work,
                process_instance_id=case_id,
                body=body,
                actor=actor(),
                now=now(),
                user_task_id=request.form.get("task") or None,
                mentions=mentions,
            )
        )
    return _tab_or_page(case_id, "comments")


@blueprint.post("/<case_id>/documents")
@login_required
def add_document(case_id: str):
    _case(case_id)
    files = [(file.filename, file.mimetype, file.read()) for file in request.files.getlist("files") if file.filename]
    for name, media_type, content in files:
        run(
            lambda work, name=name, media_type=media_type, content=content: attach_document(
                work,
                process_instance_id=case_id,
                name=name,
                media_type=media_type or "application/octet-stream",
                content=content,
                actor=actor(),
                now=now(),
                user_task_id=request.form.get("task") or None,
            )
        )
    return _tab_or_page(case_id, "documents")


@blueprint.get("/documents/<document_id>")
@login_required
def document(document_id: str):
    """The file, shown where that is safe, else as a download."""
    stored = read(lambda work: document_content(work, document_id=document_id, enterprise_id=enterprise_id()))
    inline = stored.document.media_type in INLINE_TYPES and not request.args.get("download")
    media_type = stored.document.media_type if inline else "application/octet-stream"
    response = Response(stored.content, content_type=media_type)
    response.headers.set(
        "Content-Disposition", "inline" if inline else "attachment", filename=stored.document.name.replace("\n", " ")
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _tab_or_page(case_id: str, tab_name: str):
    if request.headers.get("HX-Request"):
        return tab(case_id, tab_name)
    return redirect(safe_target(request.form.get("back") or url_for("cases.show", case_id=case_id)))


# What an operator can do


@blueprint.post("/<case_id>/suspension")
@supervisors_only
def suspend(case_id: str):
    return _repair(
        case_id,
        _("The case is suspended."),
        lambda work: suspend_instance(
            work, process_instance_id=case_id, actor=actor(), now=now(), reason=request.form.get("reason") or None
        ),
    )


@blueprint.post("/<case_id>/resumption")
@supervisors_only
def resume(case_id: str):
    return _repair(
        case_id,
        _("The case goes on."),
        lambda work: resume_instance(
            work, process_instance_id=case_id, actor=actor(), now=now(), reason=request.form.get("reason") or None
        ),
    )


@blueprint.post("/<case_id>/cancellation")
@supervisors_only
def cancel(case_id: str):
    return _repair(
        case_id,
        _("The case is cancelled."),
        lambda work: cancel_instance(work, process_instance_id=case_id, reason=_reason(), actor=actor(), now=now()),
    )


@blueprint.post("/<case_id>/variables")
@supervisors_only
def change_variable(case_id: str):
    name = request.form.get("name", "").strip()

    def command(work):
        if not name.isidentifier():
            raise InvalidInput(_("A variable's name was expected, found “%(found)s”.", found=name))
        value = typed_value(request.form.get("value", ""))
        set_variables(
            work,
            process_instance_id=case_id,
            variables={name: value},
            actor=actor(),
            now=now(),
            reason=request.form.get("reason") or None,
        )

    return _repair(case_id, _("“%(name)s” is changed.", name=name), command)


@blueprint.post("/<case_id>/modification")
@supervisors_only
def modify(case_id: str):
    """Move a token: cancel where it is, activate where it should be."""
    leave = [int(each) for each in request.form.getlist("cancel") if each.isdigit()]
    enter = [each for each in request.form.getlist("activate") if each]
    return _repair(
        case_id,
        _("The token is moved."),
        lambda work: modify_instance(
            work,
            process_instance_id=case_id,
            cancel=leave,
            activate=enter,
            reason=_reason(),
            actor=actor(),
            now=now(),
        ),
    )


@blueprint.post("/<case_id>/incidents/<incident_id>/retry")
@supervisors_only
def retry(case_id: str, incident_id: str):
    return _repair(
        case_id,
        _("Trying again."),
        lambda work: resolve_incident(
            work, incident_id=incident_id, actor=actor(), now=now(), reason=request.form.get("reason") or None
        ),
    )


def _repair(case_id: str, success: str, command):
    try:
        run(command)
        flash(success, "success")
    except EngineError as error:
        flash(str(error), "warning")
    return redirect(url_for("cases.show", case_id=case_id))


def _reason() -> str:
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise InvalidInput(_("Please give a reason: it is kept with the change."))
    return reason


def typed_value(text: str) -> Any:
    """A value as FEEL or JSON, else the text itself."""
    try:
        return feel.compile_expression(text).evaluate({}, now=now())
    except EngineError:
        pass
    try:
        return json.loads(text)
    except ValueError:
        return text


def _case(case_id: str) -> InstanceDetail:
    return read(
        lambda work: process_instance(work, process_instance_id=case_id, now=now(), enterprise_id=enterprise_id())
    )


def _processes_of(detail: InstanceDetail, labels: Mapping[str, Any]) -> dict[str, int]:
    """The case's own process and the called ones that it entered, with how many tokens are in each."""
    entered = {detail.row.process_id: 0}
    for element_id in detail.done_element_ids:
        if element_id in labels:
            entered.setdefault(labels[element_id].process_id, 0)
    for each in detail.active:
        process_id = labels[each.element_id].process_id if each.element_id in labels else each.process_id
        entered[process_id] = entered.get(process_id, 0) + 1
    return entered


def _open_tasks(case_id: str) -> list[Any]:
    columns = UserTask.__table__.c
    statement = select(
        columns.id,
        columns.name,
        columns.element_id,
        columns.definition_id,
        columns.assignee,
        columns.role,
        columns.due_at,
    ).where(columns.process_instance_id == case_id, columns.state == "open")
    return list(read(lambda work: work.execute(statement.order_by(columns.created_at)).all()))


def diagram_of(detail: InstanceDetail, focus: str | None = None) -> dict[str, Any]:
    """What the diagram marks: tokens, the done path, incidents."""
    active: dict[str, int] = {}
    for each in detail.active:
        active[each.element_id] = active.get(each.element_id, 0) + 1
    incidents = [each.element_id for each in detail.incidents if each.state == "open"]
    return {
        "active": active,
        "done": list(detail.done_element_ids),
        "flows": list(detail.taken_flow_ids),
        "incidents": incidents,
        "focus": focus or next(iter(incidents or active), None),
    }
