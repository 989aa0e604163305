"""Import a file of another system: placeholder until the importer of the customer base is wired in."""

from flask import Blueprint, render_template
from flask_login import login_required

blueprint = Blueprint("imports", __name__, url_prefix="/imports")


@blueprint.get("")
@login_required
def show():
    return render_template("imports/upload.html")
