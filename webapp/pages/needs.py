"""The needs of the enterprise: what CRM should achieve, and which practice covers it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import InvalidInput
from practice_repo.commands.add_need import add_need
from practice_repo.commands.change_need import change_need
from practice_repo.commands.cover_need import cover_need
from practice_repo.permissions import may_tailor
from practice_repo.queries import needs as queries
from webapp.access import actor, enterprise_id, now, read, run

blueprint = Blueprint("needs", __name__, url_prefix="/needs")
PRIORITIES = ("must", "should", "could")
STATES = ("open", "in_work", "met", "dropped")
AREAS = ("sales", "marketing", "service")
LONGEST_PCF = 6  # digits
FIELDS = ("title", "goal", "kpi", "area", "priority", "note")


@blueprint.get("")
@login_required
def index():
    wanted = {name: request.args.get(name) or None for name in ("state", "area", "text")}
    rows = read(lambda work: queries.needs(work, enterprise_id=enterprise_id(), **wanted))
    return render_template("needs/list.html", rows=rows, wanted=wanted, **_choices())


@blueprint.get("/coverage")
@login_required
def matrix():
    """Needs against practices: what is covered, and the gaps."""
    coverage = read(lambda work: queries.coverage(work, enterprise_id=enterprise_id()))
    return render_template("needs/coverage.html", coverage=coverage, **_choices())


@blueprint.get("/<need_id>")
@login_required
def show(need_id: str):
    detail = read(lambda work: queries.need(work, need_id=need_id, actor=actor()))
    coverage = read(lambda work: queries.coverage(work, enterprise_id=enterprise_id()))
    return render_template("needs/page.html", need=detail, columns=coverage.columns, **_choices())


def _choices() -> dict:
    return {"priorities": PRIORITIES, "states": STATES, "areas": AREAS, "may_change": may_tailor(actor())}


@blueprint.post("")
@login_required
def add():
    need_id = run(lambda work: add_need(work, actor=actor(), now=now(), **_fields()))
    flash(_("The need is noted. Below are practices that may cover it."), "success")
    return redirect(url_for("needs.show", need_id=need_id))


@blueprint.post("/<need_id>")
@login_required
def change(need_id: str):
    fields = _fields() | ({"state": request.form["state"]} if request.form.get("state") else {})
    run(lambda work: change_need(work, need_id=need_id, actor=actor(), now=now(), **fields))
    flash(_("Saved."), "success")
    return redirect(url_for("needs.show", need_id=need_id))


def _fields() -> dict:
    """The fields of the form; empty ones are None where nothing is also an answer."""
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    pcf = request.form.get("pcf", "").strip()
    if pcf and not (pcf.isdecimal() and len(pcf) <= LONGEST_PCF):
        raise InvalidInput(_("The PCF number must be a whole number such as 10182, found “%(found)s”.", found=pcf))
    if given["area"] not in ("", *AREAS):
        raise InvalidInput(_("There is no area “%(found)s”: choose one of the list.", found=given["area"]))
    return {
        **given,
        "kpi": given["kpi"] or None,
        "area": given["area"] or None,
        "priority": given["priority"] or "should",
        "pcf": int(pcf) if pcf else None,
    }


@blueprint.post("/<need_id>/coverage")
@login_required
def cover(need_id: str):
    """How far a practice covers the need; an empty degree takes the mark away."""
    kind, _colon, target_id = request.form.get("target", "").partition(":")
    degree = request.form.get("degree") or None
    run(
        lambda work: cover_need(
            work,
            need_id=need_id,
            kind=kind,
            target_id=target_id,
            degree=degree,
            note=request.form.get("note", "").strip(),
            actor=actor(),
            now=now(),
        )
    )
    flash(_("Noted."), "success")
    return redirect(url_for("needs.show", need_id=need_id))
