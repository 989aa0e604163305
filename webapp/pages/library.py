"""The practice library: what Praxis ships, with its words and its diagram."""

from functools import cache

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import EngineError, NotFound
from engine.queries.definitions import definitions
from practice_repo.practice import Practice, read_practice, shipped_practices
from webapp.access import enterprise_id, read

blueprint = Blueprint("library", __name__, url_prefix="/library")


@cache
def practices() -> dict[str, Practice]:
    """The shipped practices by id; one that cannot be read is left out (its own tests say why)."""
    found = {}
    for folder in shipped_practices():
        try:
            practice = read_practice(folder)
        except EngineError:
            continue
        found[practice.id] = practice
    return found


@blueprint.get("")
@login_required
def show():
    deployed = {each.process_id for each in read(lambda work: definitions(work, enterprise_id=enterprise_id()))}
    return render_template("library/list.html", practices=practices().values(), deployed=deployed)


@blueprint.get("/<practice_id>")
@login_required
def practice(practice_id: str):
    return render_template("library/page.html", practice=_practice(practice_id))


@blueprint.get("/<practice_id>/<file_name>.bpmn")
@login_required
def model(practice_id: str, file_name: str):
    found = _practice(practice_id).models.get(f"{file_name}.bpmn")
    if found is None:
        raise NotFound(_("The practice has no such model."))
    return Response(found, mimetype="application/xml")


def _practice(practice_id: str) -> Practice:
    if practice_id not in practices():
        raise NotFound(_("There is no practice “%(id)s” in the library.", id=practice_id))
    return practices()[practice_id]
