"""New versions of what we acquired: what they would change, what is disputed, and taking them over."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import NotFound
from practice_repo.algebra.annotated import Annotated, annotated_file
from practice_repo.commands.decline_upgrade import decline_upgrade
from practice_repo.commands.finish_upgrade import finish_upgrade
from practice_repo.commands.read_notice import read_notice
from practice_repo.commands.resolve_conflict import resolve_conflict
from practice_repo.permissions import may_tailor
from practice_repo.queries import upgrades as queries
from practice_repo.queries.notices import notices
from practice_repo.queries.upgrade import UpgradePreview
from practice_repo.queries.upgrade import upgrade as upgrade_preview
from practice_repo.upgrading import find_upgrade
from webapp.access import actor, enterprise_id, now, read, run

blueprint = Blueprint("upgrades", __name__, url_prefix="/upgrades")
CHOICES = ("ours", "theirs", "combine")


@blueprint.get("")
@login_required
def index():
    def questions(work):
        return {
            "rows": queries.upgrades(work, enterprise_id=enterprise_id()),
            "notices": notices(work, enterprise_id=enterprise_id()),
        }

    return render_template("upgrades/list.html", **read(questions))


@blueprint.get("/<upgrade_id>")
@login_required
def show(upgrade_id: str):
    def questions(work):
        preview = upgrade_preview(work, upgrade_id=upgrade_id, actor=actor())
        old = queries.instances_on_old_versions(work, candidate_id=preview.row.candidate_id, actor=actor())
        return {"preview": preview, "old_instances": old}

    found = read(questions)
    preview = found["preview"]
    names = _models(preview)
    chosen = request.args.get("file") or next(iter(names), None)
    drawing = _drawing(preview, chosen) if chosen else None
    return render_template(
        "upgrades/page.html",
        models=names,
        chosen=chosen,
        marks=drawing.marks if drawing else {},
        may_change=may_tailor(actor()),
        **found,
    )


@blueprint.get("/<upgrade_id>/diagram.bpmn")
@login_required
def diagram(upgrade_id: str):
    preview = read(lambda work: upgrade_preview(work, upgrade_id=upgrade_id, actor=actor()))
    return Response(_drawing(preview, request.args.get("file", "")).source, mimetype="application/xml")


def _models(preview: UpgradePreview) -> dict[str, int]:
    """Models that the new version touches, with the number of its changes; disputed ones first."""
    disputed = {each.conflict.file for each in preview.conflicts}
    counts: dict[str, int] = {}
    for step in preview.steps:
        if step.side == "theirs" and step.operation.file.endswith(".bpmn"):
            counts[step.operation.file] = counts.get(step.operation.file, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (item[0] not in disputed, item[0])))


def _drawing(preview: UpgradePreview, name: str) -> Annotated:
    """What would become of our model: theirs marked as added, removed, changed; disputed places on top."""
    theirs = [step.operation for step in preview.steps if step.side == "theirs" and step.state == "automatic"]
    disputed = [
        operation
        for each in preview.conflicts
        if each.conflict.file == name
        for operation in (*each.conflict.ours, *each.conflict.theirs)
    ]
    ours, result = preview.variant.files.get(name), preview.result.files.get(name)
    drawing = annotated_file(name, ours, result, theirs, disputed=disputed)
    if drawing is None:
        raise NotFound(_("The practice has no such model."))
    return drawing


@blueprint.post("/<upgrade_id>/conflicts/<conflict_id>")
@login_required
def resolve(upgrade_id: str, conflict_id: str):
    choice = request.form.get("choice", "")
    if choice not in CHOICES:
        raise NotFound(_("Choose ours, theirs or both."))
    run(
        lambda work: resolve_conflict(
            work, upgrade_id=upgrade_id, conflict_id=conflict_id, choice=choice, actor=actor(), now=now()
        )
    )
    flash(_("Decided, and remembered for the next time."), "success")
    return redirect(url_for("upgrades.show", upgrade_id=upgrade_id))


@blueprint.post("/<upgrade_id>/finish")
@login_required
def finish(upgrade_id: str):
    """Take the new version over; the merged practice is checked and made available like any other state."""

    def command(work):
        finish_upgrade(
            work,
            upgrade_id=upgrade_id,
            actor=actor(),
            now=now(),
            message=request.form.get("message", ""),
            without=request.form.getlist("without"),
        )
        return find_upgrade(work, upgrade_id, actor()).candidate_id

    candidate_id = run(command)
    flash(_("The new version is merged in. Check it now, then make it available."), "success")
    return redirect(url_for("candidates.show", candidate_id=candidate_id, tab="checks"))


@blueprint.post("/<upgrade_id>/decline")
@login_required
def decline(upgrade_id: str):
    reason = request.form.get("reason", "").strip()
    run(lambda work: decline_upgrade(work, upgrade_id=upgrade_id, reason=reason, actor=actor(), now=now()))
    flash(_("Declined; the next version is offered again."), "success")
    return redirect(url_for("upgrades.index"))


@blueprint.post("/notices/<notice_id>/reading")
@login_required
def read_one(notice_id: str):
    run(lambda work: read_notice(work, notice_id=notice_id, actor=actor(), now=now()))
    return redirect(url_for("upgrades.index"))
