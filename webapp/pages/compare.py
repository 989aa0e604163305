"""Two versions of a practice side by side in one diagram: versions of the library, kept states, the draft."""

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import NotFound
from practice_repo.algebra.annotated import Annotated, annotated_file
from practice_repo.algebra.operations import in_file
from practice_repo.queries.workspace import Comparison, compare
from webapp.access import actor, read

blueprint = Blueprint("compare", __name__, url_prefix="/compare")


@blueprint.get("")
@login_required
def show():
    comparison = _comparison()
    counts = {name: len(in_file(comparison.operations, name)) for name in _changed_files(comparison)}
    chosen = request.args.get("file") or next(iter(counts), None)
    operations = in_file(comparison.operations, chosen) if chosen else []
    drawing = _drawing(comparison, chosen) if chosen and chosen.endswith(".bpmn") else None
    return render_template(
        "compare/page.html",
        comparison=comparison,
        counts=counts,
        chosen=chosen,
        operations=operations,
        marks=drawing.marks if drawing else None,
    )


@blueprint.get("/diagram.bpmn")
@login_required
def diagram():
    """Both versions of one model in one file; the page has the marks."""
    return Response(_drawing(_comparison(), request.args.get("file", "")).source, mimetype="application/xml")


def _comparison() -> Comparison:
    before, after = request.args.get("before", ""), request.args.get("after", "")
    if ":" not in before or ":" not in after:
        raise NotFound(_("Two states to compare were expected: open this page from a list of versions."))
    return read(lambda work: compare(work, before=before, after=after, actor=actor()))


def _changed_files(comparison: Comparison) -> list[str]:
    """Models first, then decisions and forms; those with changes only."""
    names = {operation.file for operation in comparison.operations}
    return sorted(names, key=lambda name: (not name.endswith(".bpmn"), not name.endswith(".dmn"), name))


def _drawing(comparison: Comparison, name: str) -> Annotated:
    before, after = (side.package.files.get(name) for side in (comparison.before, comparison.after))
    drawing = annotated_file(name, before, after, comparison.operations)
    if drawing is None:
        raise NotFound(_("Neither of the two has the model “%(name)s”.", name=name))
    return drawing
