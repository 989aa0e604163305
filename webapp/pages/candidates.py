"""Our practices: acquired from the library, tailored, converted, made available; candidates for what to deploy next."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import EngineError, InvalidInput, NotFound
from practice_repo.algebra.options import Option, read_options
from practice_repo.algebra.package import Package
from practice_repo.bindings import Bindings
from practice_repo.candidate_states import TRANSITIONS
from practice_repo.card import Card, read_card
from practice_repo.commands.bind import bind
from practice_repo.commands.choose_options import choose_options
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.discard_draft import discard_draft
from practice_repo.commands.make_available import make_available
from practice_repo.commands.move_candidate import move_candidate
from practice_repo.commands.remove_candidate import remove_candidate
from practice_repo.commands.rename_candidate import rename_candidate
from practice_repo.commands.restore_commit import restore_commit
from practice_repo.commands.undo_operation import undo_operation
from practice_repo.permissions import may_tailor, must_tailor
from practice_repo.queries import needs, workspace
from practice_repo.queries.experiments import running_on
from practice_repo.queries.validations import validations
from practice_repo.validation import validate
from webapp.access import actor, enterprise_id, now, read, role_names, run, wiring
from webapp.checking import CheckRuns
from webapp.languages import model_language
from webapp.practice_bench import bench
from webapp.practice_view import check_names, file_answer, models_of

blueprint = Blueprint("candidates", __name__, url_prefix="/practices")
TABS = ("overview", "questions", "changes", "enterprise", "checks", "history")


@blueprint.get("")
@login_required
def index():
    wanted = {name: request.args.get(name) or None for name in ("state", "text")}
    rows = read(lambda work: workspace.candidates(work, enterprise_id=enterprise_id(), **wanted))
    return render_template("candidates/list.html", rows=rows, wanted=wanted, states=list(TRANSITIONS))


@blueprint.get("/<candidate_id>")
@login_required
def show(candidate_id: str):
    tab = request.args.get("tab", "overview")
    if tab not in TABS:
        raise NotFound(_("There is no such tab: choose one of the page."))

    def questions(work):
        who = {"candidate_id": candidate_id, "actor": actor()}
        found: dict[str, Any] = {
            "candidate": workspace.candidate(work, **who),
            "operations": workspace.operations(work, **who),
            "package": workspace.draft_package(work, **who),
            "commits": workspace.commits(work, **who),
        }
        if tab == "overview":
            processes = {each.process_id for each in found["candidate"].row.deployed}
            found["experiments"] = running_on(work, enterprise_id=enterprise_id(), process_ids=processes)
        if tab == "changes":
            found["needs"] = needs.needs(work, enterprise_id=enterprise_id())
        if tab == "enterprise" and _card(found["package"]):
            topics = frozenset(wiring().handlers)
            found["bindable"] = workspace.bindable(work, groups=_groups(), topics=topics, **who)
        if tab == "checks":
            found["report"] = next(iter(validations(work, limit=1, **who)), None)
        return found

    found = read(questions)
    card = _card(found["package"])
    return render_template(
        "candidates/page.html",
        tab=tab,
        card=card,
        options=_options(found["package"]),
        models=models_of(found["package"].files, card.process if card else "process.bpmn"),
        check_names=check_names(),
        may_change=may_tailor(actor()),
        is_checking=candidate_id in _checks().by_candidate,
        groups=_groups(),
        **found,
    )


def _groups() -> dict[str, str]:
    return {key: names[model_language()] for key, names in role_names().items()}


def _card(package: Package) -> Card | None:
    """The card of the draft; none while somebody is writing it and it cannot be read."""
    try:
        return read_card(package.files.get("practice.toml", b"").decode())
    except (EngineError, UnicodeDecodeError):
        return None


def _options(package: Package) -> dict[str, Option]:
    """The options by point.option; none while their files cannot be read."""
    try:
        return {each.path: each for each in read_options(package)}
    except (EngineError, UnicodeDecodeError):
        return {}


@blueprint.get("/<candidate_id>/files/<path:name>")
@login_required
def file(candidate_id: str, name: str):
    found = read(lambda work: workspace.draft_file(work, candidate_id=candidate_id, name=name, actor=actor()))
    return file_answer(name, found.content)


@blueprint.post("/<candidate_id>/options")
@login_required
def choose(candidate_id: str):
    """The answers of the questionnaire: every question's chosen option."""
    choices = {name.removeprefix("point."): value for name, value in request.form.items() if name.startswith("point.")}
    run(lambda work: choose_options(work, candidate_id=candidate_id, choices=choices, actor=actor(), now=now()))
    flash(_("Your answers are built into the practice."), "success")
    return _back(candidate_id, "changes")


@blueprint.post("/<candidate_id>/operations/<operation_id>/undo")
@login_required
def undo(candidate_id: str, operation_id: str):
    run(
        lambda work: undo_operation(
            work, candidate_id=candidate_id, operation_id=operation_id, actor=actor(), now=now()
        )
    )
    flash(_("Taken back; everything else stays."), "success")
    return _back(candidate_id, "changes")


@blueprint.post("/<candidate_id>/commits")
@login_required
def commit(candidate_id: str):
    message = request.form.get("message", "").strip()
    if not message:
        flash(_("Say in a few words what you changed and why."), "warning")
        return _back(candidate_id, "changes")
    run(
        lambda work: commit_draft(
            work,
            candidate_id=candidate_id,
            message=message,
            need_id=request.form.get("need") or None,
            actor=actor(),
            now=now(),
        )
    )
    flash(_("Kept as a new state."), "success")
    return _back(candidate_id, "history")


@blueprint.post("/<candidate_id>/draft/discard")
@login_required
def discard(candidate_id: str):
    run(lambda work: discard_draft(work, candidate_id=candidate_id, actor=actor(), now=now()))
    flash(_("Back to the last kept state."), "success")
    return _back(candidate_id, "changes")


@blueprint.post("/<candidate_id>/commits/<commit_id>/restore")
@login_required
def restore(candidate_id: str, commit_id: str):
    run(lambda work: restore_commit(work, commit_id=commit_id, actor=actor(), now=now()))
    flash(_("The older state is the newest now; nothing was lost."), "success")
    return _back(candidate_id, "history")


@blueprint.post("/<candidate_id>/bindings")
@login_required
def convert(candidate_id: str):
    """Bind the practice to this enterprise: who, with which systems, in which language and currency."""
    form = request.form

    def command(work):
        current = workspace.candidate(work, candidate_id=candidate_id, actor=actor()).bindings
        bindings = replace(
            current or Bindings(),
            roles=_chosen(form, "role."),
            topics=_chosen(form, "topic."),
            fields=_chosen(form, "field."),
            **{name: form.get(name, "").strip() for name in ("language", "currency", "time_zone", "calendar")},
        )
        return bind(work, candidate_id=candidate_id, bindings=bindings, actor=actor(), now=now())

    run(command)
    flash(_("Bound to your enterprise."), "success")
    return _back(candidate_id, "checks")


def _chosen(form: Any, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix) and value}


@blueprint.post("/<candidate_id>/validations")
@login_required
def check(candidate_id: str):
    """Begin every check, up to the dry run of the scenarios: outside of the request, because it takes seconds."""
    who, at, table = actor(), now(), bench(wiring(), actor())
    must_tailor(who)
    read(lambda work: workspace.candidate(work, candidate_id=candidate_id, actor=who))
    pieces = wiring()
    _checks().start(
        pieces,
        candidate_id,
        lambda: validate(pieces.store, candidate_id=candidate_id, actor=who, now=at, bench=table),
    )
    return _back(candidate_id, "checks")


@blueprint.get("/<candidate_id>/validations/progress")
@login_required
def check_progress(candidate_id: str):
    """Asked again and again by the page while a check runs; afterwards the page is drawn anew."""
    read(lambda work: workspace.candidate(work, candidate_id=candidate_id, actor=actor()))
    run = _checks().take(candidate_id)
    if run and run.is_running:
        return render_template("candidates/_running.html", candidate_id=candidate_id)
    if run and run.problem:
        flash(run.problem, "warning")
    elif run and run.report:
        if run.report.passed:
            flash(_("All checks passed."), "success")
        else:
            flash(_("Some checks failed: read what is to be done, and check again."), "warning")
    return Response(headers={"HX-Redirect": url_for("candidates.show", candidate_id=candidate_id, tab="checks")})


def _checks() -> CheckRuns:
    return current_app.extensions["praxis_checks"]


@blueprint.post("/<candidate_id>/availability")
@login_required
def release(candidate_id: str):
    """Deploy: from now on the enterprise can start cases of this practice."""
    available = run(lambda work: make_available(work, candidate_id=candidate_id, actor=actor(), now=now()))
    count = len(available.definitions)
    said = _("Available: %(count)s processes are deployed.", count=count) if count else _("Available to be rolled out.")
    flash(said, "success")
    return _back(candidate_id, "overview")


@blueprint.post("/<candidate_id>/title")
@login_required
def rename(candidate_id: str):
    title = request.form.get("title", "").strip()
    title_zh = request.form.get("title_zh", "").strip() or None
    run(
        lambda work: rename_candidate(
            work, candidate_id=candidate_id, title=title, title_zh=title_zh, actor=actor(), now=now()
        )
    )
    return _back(candidate_id, "overview")


@blueprint.post("/<candidate_id>/state")
@login_required
def move(candidate_id: str):
    to_state, reason = request.form.get("state", ""), request.form.get("reason", "").strip()
    if to_state == "aborted":
        if not reason:
            raise InvalidInput(_("Say why you give it up: others will ask."))
        run(lambda work: remove_candidate(work, candidate_id=candidate_id, reason=reason, actor=actor(), now=now()))
    else:
        run(
            lambda work: move_candidate(
                work, candidate_id=candidate_id, to_state=to_state, reason=reason, actor=actor(), now=now()
            )
        )
    flash(_("Noted."), "success")
    return _back(candidate_id, "overview")


def _back(candidate_id: str, tab: str):
    return redirect(url_for("candidates.show", candidate_id=candidate_id, tab=tab))
