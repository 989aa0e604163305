"""Operations: how the processes are doing, what stands still, and trying again."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from engine.commands.assign_incident import assign_incident
from engine.commands.resolve_incident import resolve_incident
from engine.errors import EngineError, NotFound
from engine.queries.definitions import definitions
from engine.queries.health import health
from engine.queries.incidents import incident_groups, incidents
from engine.queries.operations import ProcessHealth, elements, landscape
from engine.queries.process_instances import process_instances
from webapp.access import actor, enterprise_id, now, people, read, run, supervisors_only
from webapp.pages.cases import bpmn_answer

blueprint = Blueprint("operations", __name__, url_prefix="/operations")
MOST_AT_ONCE = 500


@blueprint.get("")
@supervisors_only
def show():
    def questions(work):
        return {
            "processes": landscape(work, enterprise_id=enterprise_id(), now=now()),
            "groups": incident_groups(work, enterprise_id=enterprise_id()),
            "health": health(work, now=now(), enterprise_id=enterprise_id()),
        }

    found = read(questions)
    busy = [each for each in found["processes"] if _is_busy(each)]
    idle = [each for each in found["processes"] if not _is_busy(each)]
    return render_template("operations/landscape.html", busy=busy, idle=idle, **found)


def _is_busy(process: ProcessHealth) -> bool:
    """Whether something runs, or ran this week; called processes run inside their callers."""
    trends = (*process.started_by_day, *process.ended_by_day)
    return bool(process.running or process.suspended or process.incidents or any(count for _day, count in trends))


@blueprint.get("/processes/<process_id>")
@supervisors_only
def process(process_id: str):
    """One process: its diagram with badges, and its cases."""
    state = request.args.get("state", "active")
    element_id = request.args.get("element") or None

    def questions(work):
        row = next(
            (each for each in definitions(work, enterprise_id=enterprise_id()) if each.process_id == process_id), None
        )
        if row is None:
            raise NotFound(_("No process “%(process)s” is deployed here.", process=process_id))
        return {
            "definition": row,
            "badges": elements(work, enterprise_id=enterprise_id(), process_id=process_id, now=now()),
            "groups": incident_groups(work, enterprise_id=enterprise_id(), process_id=process_id),
            "page": process_instances(
                work,
                enterprise_id=enterprise_id(),
                process_id=process_id,
                state=None if state == "all" else state,
                element_id=element_id,
                limit=50,
            ),
        }

    return render_template("operations/process.html", state=state, element_id=element_id, **read(questions))


@blueprint.get("/definitions/<definition_id>/model.bpmn")
@supervisors_only
def model(definition_id: str):
    return bpmn_answer(definition_id, request.args.get("process") or None)


@blueprint.get("/incidents")
@supervisors_only
def incident_list():
    """Incidents one by one, those of one group when the URL names it."""
    wanted = {name: request.args.get(name) or None for name in ("signature", "process", "element")}

    def questions(work):
        return {
            "groups": incident_groups(work, enterprise_id=enterprise_id()),
            "page": incidents(
                work,
                enterprise_id=enterprise_id(),
                signature=wanted["signature"],
                process_id=wanted["process"],
                element_id=wanted["element"],
                limit=100,
            ),
        }

    return render_template("operations/incidents.html", wanted=wanted, **read(questions))


@blueprint.post("/incidents/retry")
@supervisors_only
def retry():
    """Try again: the named incidents, exactly those that the page showed."""
    ids = request.form.getlist("ids")[:MOST_AT_ONCE]
    reason = request.form.get("reason") or None
    return _for_each(
        ids,
        lambda work, each: resolve_incident(work, incident_id=each, actor=actor(), now=now(), reason=reason),
        lambda count: ngettext("%(num)s incident is tried again.", "%(num)s incidents are tried again.", count),
    )


@blueprint.post("/incidents/assignment")
@supervisors_only
def assign():
    to = request.form.get("to", "")
    if to not in people():
        raise NotFound(_("There is nobody called “%(name)s”: choose a person from the list.", name=to))
    return _for_each(
        request.form.getlist("ids"),
        lambda work, each: assign_incident(work, incident_id=each, to=to, actor=actor(), now=now()),
        lambda count: ngettext("%(num)s incident is assigned.", "%(num)s incidents are assigned.", count),
    )


def _for_each(ids: list[str], command: Callable[[Any, str], Any], success: Callable[[int], str]):
    """Each in its own unit of work: one that fails stops no other."""
    problems = []
    for each in ids:
        try:
            run(lambda work, each=each: command(work, each))
        except EngineError as error:
            problems.append(str(error))
    if len(ids) > len(problems):
        flash(success(len(ids) - len(problems)), "success")
    for problem in dict.fromkeys(problems):
        flash(problem, "warning")
    if not ids:
        flash(_("Choose at least one incident."), "warning")
    return redirect(url_for("operations.incident_list"))
