"""Migrations: let running cases go on in another version of their process, after looking at what that means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from engine.commands.migrate_instance import TAKE_OVER
from engine.commands.migration_batch import (
    create_migration_batch,
    pause_migration_batch,
    resume_migration_batch,
    retry_migration_items,
)
from engine.errors import InvalidInput, NotFound
from engine.queries.migration_batches import migration_batch, migration_batches, migration_items
from engine.queries.migration_plan import ElementPlan, MigrationPlan, migration_plan
from engine.queries.versions import VersionRow, versions
from engine.runtime.migration import CHANGED_TIMERS
from webapp.access import actor, enterprise_id, now, read, run, supervisors_only

blueprint = Blueprint("migration", __name__, url_prefix="/operations")

TRIED_OUT = 500  # cases per look: more are tried out page by page
SHOWN_ITEMS = 200
CHOICE = "map."  # a field per element: where its cases go on
NOWHERE = "-"


@blueprint.get("/processes/<process_id>/migration")
@supervisors_only
def plan(process_id: str):
    """Choose two versions, see what carries on what, and what that means for every running case."""
    known = read(lambda work: versions(work, enterprise_id=enterprise_id(), process_id=process_id))
    if not known:
        raise NotFound(_("No process “%(process)s” is deployed here.", process=process_id))
    old, new = _chosen_versions(known)
    found, problem = _plan(old, new) if old is not None and new is not None else (None, None)
    shown = request.args.get("diagram") or process_id
    attention = _attention(found) if found is not None else []
    return render_template(
        "migration/plan.html",
        process_id=process_id,
        versions=known,
        old=old,
        new=new,
        plan=found,
        problem=problem,
        choices=_choices(request.args),
        changed_timers=_changed_timers(request.args),
        marks=_marks(found, shown) if found is not None else {},
        diagrams=_diagrams(found) if found is not None else [],
        shown=shown,
        attention=attention,
        kept=_kept(_choices(request.args), found, attention) if found is not None else {},
        batches=read(lambda work: migration_batches(work, enterprise_id=enterprise_id(), process_id=process_id)),
        nowhere=NOWHERE,
    )


@blueprint.post("/processes/<process_id>/migration")
@supervisors_only
def start(process_id: str):
    """Begin a batch for the running cases of the old version."""
    batch_id = run(
        lambda work: create_migration_batch(
            work,
            from_definition_id=request.form.get("from", ""),
            to_definition_id=request.form.get("to", ""),
            mapping=_choices(request.form),
            changed_timers=_changed_timers(request.form),
            take_over=[name for name in request.form.getlist("take_over") if name in TAKE_OVER],
            reason=request.form.get("reason", ""),
            actor=actor(),
            now=now(),
        )
    )
    flash(_("The migration has begun."), "success")
    return redirect(url_for("migration.batch", batch_id=batch_id))


@blueprint.get("/migrations")
@supervisors_only
def index():
    """The newest migrations of all processes."""
    return render_template(
        "migration/list.html",
        batches=read(lambda work: migration_batches(work, enterprise_id=enterprise_id(), limit=100)),
    )


@blueprint.get("/migrations/<batch_id>")
@supervisors_only
def batch(batch_id: str):
    """How far a migration has come; the fragment alone when the page asks for news."""

    def questions(work):
        row = migration_batch(work, batch_id=batch_id, enterprise_id=enterprise_id())
        return {
            "batch": row,
            "items": migration_items(work, batch_id=batch_id, limit=SHOWN_ITEMS),
            "moved": migration_items(work, batch_id=batch_id, states=("migrated",), limit=SHOWN_ITEMS),
        }

    template = "migration/_progress.html" if request.headers.get("HX-Request") else "migration/batch.html"
    return render_template(template, **read(questions))


@blueprint.post("/migrations/<batch_id>/pause")
@supervisors_only
def pause(batch_id: str):
    run(lambda work: pause_migration_batch(work, batch_id=batch_id, actor=actor(), now=now()))
    flash(_("The migration is paused; what has migrated stays so."), "success")
    return redirect(url_for("migration.batch", batch_id=batch_id))


@blueprint.post("/migrations/<batch_id>/resume")
@supervisors_only
def resume(batch_id: str):
    run(lambda work: resume_migration_batch(work, batch_id=batch_id, actor=actor(), now=now()))
    flash(_("The migration goes on."), "success")
    return redirect(url_for("migration.batch", batch_id=batch_id))


@blueprint.post("/migrations/<batch_id>/retry")
@supervisors_only
def retry(batch_id: str):
    count = run(lambda work: retry_migration_items(work, batch_id=batch_id, actor=actor(), now=now()))
    flash(ngettext("%(num)s case is tried again.", "%(num)s cases are tried again.", count), "success")
    return redirect(url_for("migration.batch", batch_id=batch_id))


# What the address says ------------------------------------------------------------------------------------------------


def _chosen_versions(known: tuple[VersionRow, ...]) -> tuple[VersionRow | None, VersionRow | None]:
    """The versions that the address names, else from the newest older one in which cases run to the newest."""
    by_id = {each.id: each for each in known}
    new = by_id.get(request.args.get("to", "")) or known[0]
    old = by_id.get(request.args.get("from", ""))
    if old is None:
        others = [each for each in known if each.id != new.id]
        old = next((each for each in others if each.running), others[0] if others else None)
    return old, new


def _plan(old: VersionRow, new: VersionRow) -> tuple[MigrationPlan | None, str | None]:
    """The plan, or what does not fit together in the address."""
    if old.id == new.id:
        return None, _("Choose two different versions.")
    try:
        return (
            read(
                lambda work: migration_plan(
                    work,
                    from_definition_id=old.id,
                    to_definition_id=new.id,
                    mapping=_choices(request.args),
                    changed_timers=_changed_timers(request.args),
                    now=now(),
                    enterprise_id=enterprise_id(),
                    limit=TRIED_OUT,
                    after=request.args.get("after") or None,
                )
            ),
            None,
        )
    except InvalidInput as error:
        return None, str(error)


def _choices(values: Mapping[str, str]) -> dict[str, str | None]:
    """Element id → chosen element id, None for nowhere; fields left alone are no choice."""
    chosen = {name.removeprefix(CHOICE): value for name, value in values.items() if name.startswith(CHOICE) and value}
    return {element_id: None if value == NOWHERE else value for element_id, value in chosen.items()}


def _kept(
    choices: Mapping[str, str | None], found: MigrationPlan, attention: list[ElementPlan]
) -> dict[str, str | None]:
    """Choices that no field of the page shows any more (flows that are found now): the next look keeps them."""
    fields = {each.element.id for each in attention if each.options and not each.note} | set(found.flows)
    return {name: target for name, target in choices.items() if name not in fields}


def _changed_timers(values: Mapping[str, str]) -> str:
    wanted = values.get("timers", "")
    return wanted if wanted in CHANGED_TIMERS else CHANGED_TIMERS[0]


# What the page shows --------------------------------------------------------------------------------------------------


def _marks(found: MigrationPlan, process_id: str) -> dict[str, dict[str, Any]]:
    """The marks of both diagrams, where cases are, and what to look at first."""
    elements = [each for each in found.elements if each.element.process_id == process_id]
    kinds = {"mapped": "mapped", "unmapped": "removed", "forbidden": "conflict"}
    targets = {each.target.id: "mapped" for each in elements if each.target is not None and each.status == "mapped"}
    added = {each.id: "added" for each in found.added if each.process_id == process_id}
    notable = [each for each in _attention(found) if each in elements] or [each for each in elements if each.active]
    old_focus = notable[0].element.id if notable else None
    new_focus = next((each.target.id for each in notable if each.target is not None), next(iter(added), None))
    return {
        "old": {
            "marks": {each.element.id: kinds[each.status] for each in elements},
            "active": {each.element.id: each.active for each in elements if each.active},
            "focus": old_focus,
        },
        "new": {"marks": targets | added, "focus": new_focus},
    }


@dataclass(frozen=True)
class Diagram:
    """A process that has a diagram in both versions: the process itself, and those that it calls."""

    process_id: str
    name: str
    name_zh: str | None
    is_in_the_way: bool  # cases stand in it that cannot follow


def _diagrams(found: MigrationPlan) -> list[Diagram]:
    old, new = found.old.compiled.definition, found.new.compiled.definition
    stopped = {each.element.process_id for each in found.elements if each.is_in_the_way}
    shared = [old.process(name) for name in old.process_ids if name in new.process_ids]
    ordered = sorted(shared, key=lambda process: process.id != found.old.process_id)
    return [
        Diagram(each.id, each.name or each.id, each.properties.get("name:zh"), each.id in stopped) for each in ordered
    ]


def _attention(found: MigrationPlan) -> list[ElementPlan]:
    """The elements that somebody should look at: everything but what goes on under its own id; blockers first."""
    notable = [each for each in found.elements if each.status != "mapped" or each.how != "id"]
    return sorted(notable, key=lambda each: (not each.is_in_the_way, each.status == "mapped"))
