"""The modeler: tailor a variant of a practice in the browser; the server checks, plays, saves and undoes."""

from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask_babel import gettext as _
from flask_login import login_required

from engine.bpmn.layout import lay_out_xml
from engine.errors import EngineError, InvalidInput, NotFound
from engine.forms import read_form
from practice_repo.errors import StaleDraft
from practice_repo.practice import practice_of_files
from webapp.access import now, wiring
from webapp.cli import shipped_handlers, shipped_resources
from webapp.errors import problem
from webapp.form_view import FormView
from webapp.languages import model_language
from webapp.modeling import variants
from webapp.modeling.checks import check_expression, check_files
from webapp.modeling.files import SCENARIOS, digest_of, kind_of
from webapp.modeling.playing import play_scenario, possible_paths, read_problem, scenario_names
from webapp.modeling.vocabulary import vocabulary
from webapp.presentation import zone

blueprint = Blueprint("modeler", __name__, url_prefix="/modeler")

LARGEST_FILE = 5 * 1024 * 1024
SHOWN_KINDS = ("bpmn", "dmn", "form")


@blueprint.get("/<variant_id>/")
@login_required
def show(variant_id: str):
    variant = variants.open_variant(variant_id)
    return render_template("modeler/page.html", variant=variant)


@blueprint.get("/<variant_id>/state")
@login_required
def state(variant_id: str):
    """What the page needs to begin: files with digests, findings, words, changes, scenarios."""
    variant = variants.open_variant(variant_id)
    return jsonify(
        title=variant.title,
        may_edit=variant.may_edit,
        has_draft=variant.has_draft,
        files=[_file_row(name, content, variant) for name, content in sorted(variant.files.items())],
        main=_main_model(variant),
        changes=variants.changes(variant, model_language()),
        scenarios=scenario_names(variant.files),
        paths=possible_paths(variant.files),
        **_checked(variant.files, variant),
    )


def _file_row(name: str, content: bytes, variant: variants.Variant) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind_of(name),
        "digest": digest_of(content),
        "is_changed": variant.origin.files.get(name) != content,
    }


def _main_model(variant: variants.Variant) -> str | None:
    """The file that opens first: the practice's own process."""
    models = [name for name in variant.files if kind_of(name) == "bpmn"]
    return "process.bpmn" if "process.bpmn" in models else next(iter(sorted(models)), None)


def _checked(files: dict[str, bytes], variant: variants.Variant) -> dict[str, Any]:
    topics = tuple(wiring().handlers)
    words = vocabulary(files, origin=variant.origin.files, topics=topics)
    return {"findings": check_files(files, topics=topics), "words": words}


@blueprint.get("/<variant_id>/files/<path:name>")
@login_required
def file(variant_id: str, name: str):
    content = variants.open_variant(variant_id).files.get(name)
    if content is None:
        raise NotFound(_("The practice has no file “%(name)s”.", name=name))
    return jsonify(name=name, content=_drawn(name, content), digest=digest_of(content))


def _drawn(name: str, content: bytes) -> str:
    """The file's text; a process without a diagram gets one, because the canvas shows only what is drawn."""
    if kind_of(name) == "bpmn" and b"BPMNDiagram" not in content:
        try:
            content = lay_out_xml(content)
        except EngineError as error:
            wiring().log.info("%s cannot be drawn: %s", name, error)
    return content.decode(errors="replace")


@blueprint.post("/<variant_id>/files/<path:name>")
@login_required
def save(variant_id: str, name: str):
    """Keep a file as it is in the browser. 409 with the current digest when somebody saved it in between."""
    sent = _sent("content")
    content = sent["content"].encode()
    if len(content) > LARGEST_FILE:
        raise InvalidInput(
            _("The file has %(size)s bytes; at most %(most)s are kept.", size=len(content), most=LARGEST_FILE)
        )
    try:
        digest = variants.save(variant_id, name, content, sent.get("expected_digest"))
    except StaleDraft as error:
        return problem(409, str(error), current_digest=error.current_digest)
    return jsonify(digest=digest)


@blueprint.delete("/<variant_id>/files/<path:name>")
@login_required
def remove(variant_id: str, name: str):
    """Take a file out of the practice."""
    variants.save(variant_id, name, None, request.args.get("expected_digest"))
    return jsonify(**_after(variant_id))


@blueprint.get("/<variant_id>/changes")
@login_required
def changes(variant_id: str):
    """The changes against the origin, and the files: asked for when everything is saved."""
    return jsonify(**_after(variant_id))


def _after(variant_id: str) -> dict[str, Any]:
    variant = variants.open_variant(variant_id)
    return {
        "changes": variants.changes(variant, model_language()),
        "has_draft": variant.has_draft,
        "files": [_file_row(name, content, variant) for name, content in sorted(variant.files.items())],
    }


@blueprint.post("/<variant_id>/check")
@login_required
def check(variant_id: str):
    """Findings and words for the saved practice with the files sent, which need not be saved yet."""
    variant = variants.open_variant(variant_id)
    return jsonify(_checked(_with_unsaved(variant), variant))


@blueprint.post("/<variant_id>/expression")
@login_required
def expression(variant_id: str):
    sent = _sent("text")
    return jsonify(check_expression(sent["text"], sent.get("kind", "expression")))


@blueprint.post("/<variant_id>/undo")
@login_required
def undo(variant_id: str):
    """Take one change back and keep the others; the answer holds the files as they are now."""
    before = variants.open_variant(variant_id).files
    variants.undo(variant_id, _sent("id")["id"])
    after = variants.open_variant(variant_id)
    touched = {name for name in {*before, *after.files} if before.get(name) != after.files.get(name)}
    return jsonify(
        contents={
            name: {"content": _drawn(name, after.files[name]), "digest": digest_of(after.files[name])}
            for name in touched
            if name in after.files
        },
        removed=sorted(touched - set(after.files)),
        **_after(variant_id),
        **_checked(after.files, after),
    )


@blueprint.post("/<variant_id>/versions")
@login_required
def keep(variant_id: str):
    """Make a version of the draft, with a note."""
    variants.keep(variant_id, _sent("message")["message"])
    return jsonify(**_after(variant_id))


@blueprint.post("/<variant_id>/play")
@login_required
def play(variant_id: str):
    """One scenario, played on the server in memory."""
    files = _with_unsaved(variants.open_variant(variant_id))
    result = play_scenario(files, _sent("scenario")["scenario"], handlers=shipped_handlers, resources=shipped_resources)
    return jsonify(result=result, paths=possible_paths(files))


@blueprint.post("/<variant_id>/scenarios")
@login_required
def check_scenarios(variant_id: str):
    """Whether a scenario file can be read, and the names in it."""
    text = _sent("text")["text"]
    return jsonify(problem=read_problem(text), scenarios=scenario_names({SCENARIOS: text.encode()}))


@blueprint.post("/<variant_id>/form-preview")
@login_required
def form_preview(variant_id: str):
    """The form as an employee will see it."""
    form = read_form(_sent("content")["content"].encode())
    view = FormView(form, {}, now=now(), zone=zone(), language=model_language())
    return render_template("modeler/form_preview.html", view=view)


@blueprint.get("/<variant_id>/card")
@login_required
def card(variant_id: str):
    """The practice's card to read: figures, roles, decisions of the enterprise."""
    variant = variants.open_variant(variant_id)
    return render_template("modeler/card.html", card=practice_of_files(variant.files).card, variant=variant)


def _with_unsaved(variant: variants.Variant) -> dict[str, bytes]:
    unsaved = (request.get_json(silent=True) or {}).get("files", {})
    if not isinstance(unsaved, dict) or not all(isinstance(each, str) for each in unsaved.values()):
        raise InvalidInput(_("The files should be an object of texts by file name."))
    return variant.files | {name: content.encode() for name, content in unsaved.items()}


def _sent(*texts: str) -> dict[str, Any]:
    """The JSON object of the request; these entries must be texts."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise InvalidInput(_("A JSON object was expected."))
    for name in texts:
        if not isinstance(sent.get(name), str):
            raise InvalidInput(_("“%(name)s” should be a text.", name=name))
    return sent
