"""Import a file of another system: upload, look at the mapping, run, read what became of each line."""

import re
import time
from pathlib import Path

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from engine.errors import InvalidInput, NotFound
from engine.store.types import new_id
from processes.customer_base.importing import (
    KINDS,
    ColumnMapping,
    Table,
    guess_mapping,
    read_mapping,
    read_table,
    write_mapping,
)
from processes.customer_base.importing.mapping import KEEP_EXTRA, LEFT_OUT, fields_of
from webapp.access import actor, enterprise_id, now, wiring

blueprint = Blueprint("imports", __name__, url_prefix="/imports")

NAMES = {
    "leads": _l("Leads"),
    "customers": _l("Customers"),
    "products": _l("Products"),
    "stock": _l("Stock"),
    "tickets": _l("Tickets"),
    "orders": _l("Orders"),
}
SAMPLES = 3
KEPT_SECONDS = 24 * 3600
UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
RUNS = "praxis_imports"
KEEP = "="  # a column that becomes a characteristic as it is
MOST_PROBLEMS = 500


@blueprint.get("")
@login_required
def show():
    runs = [run for run in current_app.extensions[RUNS].by_id.values() if run.enterprise_id == enterprise_id()]
    return render_template("imports/upload.html", kinds=NAMES, runs=runs[::-1])


@blueprint.post("")
@login_required
def upload():
    """Keep the file for a day and show how its columns are understood."""
    kind = request.form.get("kind", "")
    file = request.files.get("file")
    if kind not in KINDS:
        raise InvalidInput(_("Please choose what the file holds."))
    if file is None or not file.filename:
        raise InvalidInput(_("A file was expected, none came: choose one and try again."))
    content = file.read()
    read_table(content, file.filename)  # says at once when it is none
    upload_id = new_id()
    folder = _folder()
    (folder / upload_id).write_bytes(content)
    (folder / f"{upload_id}.name").write_text(f"{enterprise_id()}\n{Path(file.filename).name}")
    map_file = request.files.get("map")
    if map_file is not None and map_file.filename:
        (folder / f"{upload_id}.toml").write_bytes(map_file.read())
    return redirect(url_for("imports.mapping", kind=kind, upload_id=upload_id))


@blueprint.get("/<kind>/<upload_id>")
@login_required
def mapping(kind: str, upload_id: str):
    table, file_name = _uploaded(upload_id)
    map_file = _folder() / f"{upload_id}.toml"
    if map_file.exists():
        guess = read_mapping(map_file.read_text(encoding="utf-8", errors="replace"), table.headers, kind)
    else:
        guess = guess_mapping(table.headers, kind)
    samples = {
        header: list(dict.fromkeys(text for _line, row in table.rows[:50] if (text := row.get(header, ""))))[:SAMPLES]
        for header in table.headers
    }
    return render_template(
        "imports/mapping.html",
        kind=kind,
        kind_name=NAMES.get(kind, kind),
        upload_id=upload_id,
        file_name=file_name,
        table=table,
        guess=guess,
        samples=samples,
        fields=list(fields_of(kind)),
        keeps_extra=kind in KEEP_EXTRA,
        keep=KEEP,
        left_out=LEFT_OUT,
    )


@blueprint.post("/<kind>/<upload_id>")
@login_required
def start(kind: str, upload_id: str):
    table, file_name = _uploaded(upload_id)
    chosen = _chosen_mapping(kind, table)
    if request.form.get("verb") == "download":
        return (
            write_mapping(chosen),
            200,
            {"Content-Type": "application/toml", "Content-Disposition": f'attachment; filename="{kind}.toml"'},
        )
    run = current_app.extensions[RUNS].start(
        wiring(),
        file_name=file_name,
        now=now(),
        enterprise_id=enterprise_id(),
        table=table,
        mapping=chosen,
        actor=actor(),
        source=file_name,
        dry_run=request.form.get("verb") == "try",
    )
    return redirect(url_for("imports.result", run_id=run.id, upload=upload_id))


@blueprint.get("/runs/<run_id>")
@login_required
def result(run_id: str):
    run = current_app.extensions[RUNS].get(run_id, enterprise_id())
    template = "imports/_run.html" if request.headers.get("HX-Request") else "imports/result.html"
    return render_template(template, run=run, kind_name=NAMES.get(run.kind, run.kind), most_problems=MOST_PROBLEMS)


def _chosen_mapping(kind: str, table: Table) -> ColumnMapping:
    """The mapping as the person left it: one choice per column, by its position."""
    columns: dict[str, str | None] = {}
    for number, header in enumerate(table.headers):
        choice = request.form.get(f"column.{number}", KEEP)
        columns[header] = None if choice == KEEP else choice
    used = [name for name in columns.values() if name]
    if twice := sorted({name for name in used if used.count(name) > 1}):
        raise InvalidInput(_("Two columns cannot both be “%(field)s”: choose one of them.", field=", ".join(twice)))
    if not used:
        flash(_("No column is used yet."), "warning")
    return ColumnMapping(kind, columns)


def _uploaded(upload_id: str) -> tuple[Table, str]:
    gone = NotFound(_("This upload is no longer here: upload the file again."))
    path = _folder() / upload_id
    if not UPLOAD_ID.fullmatch(upload_id) or not path.exists():
        raise gone
    owner, _newline, file_name = (_folder() / f"{upload_id}.name").read_text().partition("\n")
    if owner != enterprise_id():
        raise gone
    return read_table(path.read_bytes(), file_name), file_name


def _folder() -> Path:
    """Where uploads wait; those of yesterday go."""
    folder = wiring().settings.data_directory / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - KEPT_SECONDS:
            path.unlink(missing_ok=True)
    return folder
