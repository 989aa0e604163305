"""Giving back: what of a practice is new, what leaves the house, and what the reviewers say."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import NotFound
from practice_repo.algebra.annotated import Annotated, annotated_file
from practice_repo.commands.confirm_contribution import LICENCES, confirm_contribution
from practice_repo.commands.contribute import contribute
from practice_repo.commands.resolve_contribution import resolve_contribution
from practice_repo.commands.resubmit_contribution import resubmit_contribution
from practice_repo.commands.review_contribution import review_contribution
from practice_repo.commands.withdraw_contribution import recall_contribution, withdraw_contribution
from practice_repo.permissions import may_edit_library, may_review
from practice_repo.queries import contributions as queries
from practice_repo.queries import workspace
from practice_repo.queries.library import leaderboard
from practice_repo.screening.finding import Decision
from webapp.access import actor, enterprise_id, now, read, run
from webapp.known_names import known_names
from webapp.practice_view import check_names

blueprint = Blueprint("contributions", __name__, url_prefix="/contributions")
CLASSES = ("patch", "option", "variant", "new", "scenario")
DECISIONS = ("accept", "changes", "reject")


@blueprint.get("")
@login_required
def index():
    def questions(work):
        return {
            "rows": queries.contributions(work, enterprise_id=enterprise_id()),
            "queue": queries.review_queue(work, actor=actor()),
            "credits": leaderboard(work),
        }

    return render_template(
        "contributions/list.html", may_review=may_review(actor()) or may_edit_library(actor()), **read(questions)
    )


@blueprint.get("/new/<candidate_id>")
@login_required
def offer(candidate_id: str):
    """What would be contributed: everything that differs from the original."""

    def questions(work):
        known = known_names(work, enterprise_id())
        return {
            "known": len(known.organisations) + len(known.persons),
            "candidate": workspace.candidate(work, candidate_id=candidate_id, actor=actor()),
            "operations": workspace.operations(work, candidate_id=candidate_id, actor=actor()),
        }

    return render_template("contributions/offer.html", **read(questions))


@blueprint.post("/new/<candidate_id>")
@login_required
def submit(candidate_id: str):
    contribution_id = run(
        lambda work: contribute(
            work,
            candidate_id=candidate_id,
            title=request.form.get("title", "").strip(),
            title_zh=request.form.get("title_zh", "").strip(),
            summary=request.form.get("summary", "").strip(),
            known_names=_lines("names"),
            actor=actor(),
            now=now(),
        )
    )
    flash(_("Prepared. Nothing has left your enterprise yet: look at what would, and confirm."), "success")
    return _back(contribution_id)


@blueprint.get("/<contribution_id>")
@login_required
def show(contribution_id: str):
    contribution = read(lambda work: queries.contribution(work, contribution_id=contribution_id, actor=actor()))
    models = sorted({each.file for each in contribution.operations if each.file.endswith(".bpmn")})
    chosen = request.args.get("file") or next(iter(models), None)
    drawing = _drawing(contribution, chosen) if chosen else None
    return render_template(
        "contributions/page.html",
        contribution=contribution,
        models=models,
        chosen=chosen,
        marks=drawing.marks if drawing else {},
        is_reviewer=may_review(actor()),
        check_names=check_names(),
        classes=CLASSES,
        decisions=DECISIONS,
        licences=LICENCES,
    )


@blueprint.get("/<contribution_id>/diagram.bpmn")
@login_required
def diagram(contribution_id: str):
    contribution = read(lambda work: queries.contribution(work, contribution_id=contribution_id, actor=actor()))
    return Response(_drawing(contribution, request.args.get("file", "")).source, mimetype="application/xml")


def _drawing(contribution: queries.ContributionDetail, name: str) -> Annotated:
    before, after = (package.files.get(name) for package in (contribution.origin_package, contribution.package))
    drawing = annotated_file(name, before, after, contribution.operations)
    if drawing is None:
        raise NotFound(_("The contribution has no such model."))
    return drawing


@blueprint.post("/<contribution_id>/confirmation")
@login_required
def confirm(contribution_id: str):
    form = request.form
    also_blank = _lines("also_blank")
    decisions = [_decision(name, value) for name, value in form.items() if name.startswith("decision.") and value]
    if not also_blank and not decisions and form.get("agrees") != "yes":
        flash(_("Tick that your enterprise agrees, or take the contribution back."), "warning")
        return _back(contribution_id)
    run(
        lambda work: confirm_contribution(
            work,
            contribution_id=contribution_id,
            licence=form.get("licence", ""),
            agrees=form.get("agrees") == "yes",
            evidence_level=form.get("evidence_level", 0, int),
            also_blank=also_blank,
            decisions=decisions,
            actor=actor(),
            now=now(),
        )
    )
    if also_blank or decisions:
        flash(_("Screened once more: look at what would leave, then confirm."), "success")
    else:
        flash(_("On its way: it is checked now, then two people of other enterprises read it."), "success")
    return _back(contribution_id)


def _lines(field: str) -> list[str]:
    """What was written into a field, a line each."""
    return [line.strip() for line in request.form.get(field, "").splitlines() if line.strip()]


def _decision(name: str, value: str) -> Decision:
    """What the contributor says to one place: replace it, or keep it for one of the reasons on the page."""
    choice, _colon, reason = value.partition(":")
    return Decision(name.removeprefix("decision."), choice, reason=reason)


@blueprint.post("/<contribution_id>/reviews")
@login_required
def review(contribution_id: str):
    form = request.form
    run(
        lambda work: review_contribution(
            work,
            contribution_id=contribution_id,
            decision=form.get("decision", ""),
            class_=form.get("class", ""),
            comment=form.get("comment", "").strip(),
            actor=actor(),
            now=now(),
        )
    )
    flash(_("Thank you: your review is noted."), "success")
    return _back(contribution_id)


@blueprint.post("/<contribution_id>/resubmission")
@login_required
def resubmit(contribution_id: str):
    run(lambda work: resubmit_contribution(work, contribution_id=contribution_id, actor=actor(), now=now()))
    flash(_("Prepared anew: look at what would leave, and confirm."), "success")
    return _back(contribution_id)


@blueprint.post("/<contribution_id>/conflicts")
@login_required
def resolve(contribution_id: str):
    """The editor's decisions where the contribution and the library changed the same thing."""
    chosen = {
        name.removeprefix("conflict."): value for name, value in request.form.items() if name.startswith("conflict.")
    }
    run(
        lambda work: resolve_contribution(
            work, contribution_id=contribution_id, resolutions=chosen, actor=actor(), now=now()
        )
    )
    flash(_("Decided."), "success")
    return _back(contribution_id)


@blueprint.post("/<contribution_id>/withdrawal")
@login_required
def withdraw(contribution_id: str):
    reason = request.form.get("reason", "").strip()
    named = {"contribution_id": contribution_id, "reason": reason, "actor": actor(), "now": now()}
    if request.form.get("verb") == "recall":
        run(lambda work: recall_contribution(work, **named))
    else:
        run(lambda work: withdraw_contribution(work, **named))
    flash(_("Taken back."), "success")
    return _back(contribution_id)


def _back(contribution_id: str):
    return redirect(url_for("contributions.show", contribution_id=contribution_id))
