"""The practice library: find a practice, look into it, acquire it."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import InvalidInput
from practice_repo.commands.acquire import acquire as acquire_item
from practice_repo.commands.acquire_scenario import acquire_scenario
from practice_repo.commands.follow_item import follow_item, unfollow_item
from practice_repo.packs.archive import make_pack
from practice_repo.permissions import may_tailor
from practice_repo.queries import library as queries
from webapp.access import actor, enterprise_id, now, read, run
from webapp.practice_view import file_answer, models_of

blueprint = Blueprint("library", __name__, url_prefix="/library")
FACETS = ("area", "kind", "type", "industry", "kpi", "pcf", "evidence_level")
SORTS = ("name", "newest", "adopters", "evidence")
ROWS = 24
LAST_ROW = 1_000_000


@blueprint.get("")
@login_required
def show():
    chosen = {name: request.args[name] for name in FACETS if request.args.get(name)}
    text = request.args.get("q", "").strip()
    sort = request.args.get("sort", "name")
    offset = min(max(request.args.get("offset", 0, int), 0), LAST_ROW)
    page = read(
        lambda work: queries.library(
            work,
            text=text or None,
            sort=sort if sort in SORTS else "name",
            limit=ROWS,
            offset=offset,
            enterprise_id=enterprise_id(),
            **_typed(chosen),
        )
    )
    return render_template(
        "library/list.html", page=page, chosen=chosen, text=text, sort=sort, offset=offset, rows=ROWS, facets=FACETS
    )


def _typed(chosen: dict[str, str]) -> dict[str, Any]:
    """The facets as the query wants them: two are numbers."""
    numbers = {"pcf", "evidence_level"}
    try:
        return {name: int(value) if name in numbers else value for name, value in chosen.items()}
    except ValueError as error:
        raise InvalidInput(_("PCF and evidence level must be numbers: choose them from the list.")) from error


@blueprint.get("/<item_id>")
@login_required
def practice(item_id: str):
    version = request.args.get("version") or None

    def questions(work):
        item = queries.item(work, item_id=item_id, version=version, enterprise_id=enterprise_id())
        return {
            "item": item,
            "package": queries.version_package(work, version_id=item.version.id),
            "operations": queries.version_operations(work, version_id=item.version.id),
            "lineage": queries.lineage(work, item_id=item_id, enterprise_id=enterprise_id()),
        }

    found = read(questions)
    files = found["package"].files
    return render_template(
        "library/page.html",
        card=found["item"].card,
        models=models_of(files, found["item"].card.process),
        decisions=sorted(name for name in files if name.endswith(".dmn")),
        forms=sorted(name for name in files if name.startswith("forms/")),
        options={name.removeprefix("options/").removesuffix(".json") for name in files if name.startswith("options/")},
        readme=files.get("README.md", b"").decode(errors="replace"),
        may_acquire=may_tailor(actor()),
        **found,
    )


@blueprint.get("/<item_id>/versions/<version_id>/<path:name>")
@login_required
def file(item_id: str, version_id: str, name: str):
    return file_answer(name, read(lambda work: queries.file(work, version_id=version_id, name=name)))


@blueprint.get("/<item_id>/versions/<version_id>.praxis")
@login_required
def pack(item_id: str, version_id: str):
    """A version as a pack for another installation."""
    found = make_pack(read(lambda work: queries.version_package(work, version_id=version_id)).files)
    headers = {"Content-Disposition": f'attachment; filename="{found.file_name}"'}
    return Response(found.written(), mimetype="application/zip", headers=headers)


@blueprint.post("/<item_id>/candidates")
@login_required
def acquire(item_id: str):
    """Take this version into the own workspace; of a scenario the practices that it bundles, with its answers."""
    files = request.form.getlist("files") or None
    version, need_id = request.form.get("version") or None, request.form.get("need") or None
    item = read(lambda work: queries.item(work, item_id=item_id, version=version, enterprise_id=enterprise_id()))
    if item.row.kind == "scenario" and files is None:
        taken = run(
            lambda work: acquire_scenario(
                work, item_id=item_id, version=version, need_id=need_id, actor=actor(), now=now()
            )
        )
        flash(_("Acquired with its answers. Look at them, then adapt what is left."), "success")
        return redirect(url_for("candidates.show", candidate_id=next(iter(taken.candidates.values()))))
    candidate_id = run(
        lambda work: acquire_item(
            work,
            item_id=item_id,
            version=version,
            files=files,
            title=request.form.get("title", "").strip() or None,
            need_id=need_id,
            actor=actor(),
            now=now(),
        )
    )
    flash(_("Acquired. Answer the questions, then adapt what is left."), "success")
    return redirect(url_for("candidates.show", candidate_id=candidate_id))


@blueprint.post("/<item_id>/follow")
@login_required
def follow(item_id: str):
    if request.form.get("follow") == "no":
        run(lambda work: unfollow_item(work, item_id=item_id, actor=actor(), now=now()))
        flash(_("You are no longer told of new versions."), "success")
    else:
        run(lambda work: follow_item(work, item_id=item_id, actor=actor(), now=now()))
        flash(_("You will be told of new versions."), "success")
    return redirect(url_for("library.practice", item_id=item_id))
