"""The worklist: views with counts, the list, and the selected task beside it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from sqlalchemy import delete, or_, select

from engine.errors import EngineError, InvalidInput, NotFound
from engine.queries.definitions import definitions
from engine.queries.worklist import MOST_COUNTED, view_counts, worklist
from webapp.access import actor, enterprise_id, now, read, run
from webapp.pages.task_pane import task_pane
from webapp.presentation import day_ends_at
from webapp.tables import SavedView

blueprint = Blueprint("worklist", __name__)

VIEWS = {
    "mine": (_l("Mine"), "user"),
    "my_groups": (_l("My groups"), "users"),
    "due_today": (_l("Due today"), "calendar-due"),
    "overdue": (_l("Overdue"), "alert-triangle"),
    "waiting_for_others": (_l("Waiting for others"), "hourglass"),
    "recently_done": (_l("Recently done"), "circle-check"),
    "all": (_l("All open"), "list"),
}
SORTS = {"due": _l("Due date"), "priority": _l("Priority"), "created": _l("Age"), "title": _l("Title")}
DUE = {"overdue": _l("Overdue"), "today": _l("Today"), "week": _l("Within 7 days"), "none": _l("Any time")}
PARAMETERS = ("view", "q", "process", "role", "assignee", "due", "sort", "order", "key", "attribute", "value")
ROWS = 50


@dataclass(frozen=True)
class Filters:
    """The URL's parameters: the same address shows the same rows."""

    view: str = "mine"
    q: str = ""
    process: str = ""
    role: str = ""
    assignee: str = ""
    due: str = ""
    sort: str = ""
    order: str = ""
    key: str = ""
    attribute: str = ""
    value: str = ""

    @classmethod
    def from_request(cls) -> "Filters":
        found = {name: request.args.get(name, "").strip() for name in PARAMETERS}
        found["view"] = found["view"] or "mine"
        if found["view"] not in VIEWS:
            abort(404)
        return cls(**found)

    def parameters(self, **changes: Any) -> dict[str, str]:
        """The parameters of an address with these filters, `changes` applied, empty ones left out."""
        merged = {name: getattr(self, name) for name in PARAMETERS} | changes
        return {name: value for name, value in merged.items() if value not in ("", None)}

    @property
    def is_narrowed(self) -> bool:
        return any((self.q, self.process, self.role, self.assignee, self.due in DUE and self.due, self.key, self.value))

    def query(self) -> dict[str, Any]:
        """The arguments of the worklist query."""
        ends = day_ends_at()
        before = {"overdue": now(), "today": ends, "week": ends + timedelta(days=6)}.get(self.due)
        return {
            "view": self.view,
            "process_id": self.process or None,
            "role": self.role or None,
            "assignee": self.assignee or None,
            "due_before": before,
            "text": self.q or None,
            "business_key": self.key or None,
            "attributes": {self.attribute: self.value} if self.attribute and self.value else None,
            "sort": self.sort if self.sort in SORTS else None,
            "descending": {"up": False, "down": True}.get(self.order),
            "day_ends_at": ends,
        }


@blueprint.get("/")
@login_required
def home():
    """The view with work in it: mine, else my groups'; for supervisors everybody's."""
    counts = read(lambda work: view_counts(work, actor=actor(), now=now(), day_ends_at=day_ends_at()))
    view = next(
        (view for view in ("mine", "my_groups") if counts[view]), "all" if current_user.is_supervisor else "mine"
    )
    return redirect(url_for("worklist.show", view=view))


@blueprint.get("/worklist")
@login_required
def show():
    return worklist_page(Filters.from_request(), request.args.get("task"))


def worklist_page(filters: Filters, task_id: str | None, **pane: Any) -> str:
    """The three panes; `pane` goes on to the task's (what was entered, errors)."""
    who = actor()

    def questions(work):
        return {
            "page": worklist(
                work, actor=who, now=now(), limit=ROWS, after=request.args.get("after") or None, **filters.query()
            ),
            "counts": view_counts(work, actor=who, now=now(), day_ends_at=day_ends_at()),
            "processes": definitions(work, enterprise_id=enterprise_id()),
            "saved": work.session.scalars(_saved_views()).all(),
        }

    found = read(questions)
    task = None
    if task_id:
        try:
            task = task_pane(task_id, **pane)
        except NotFound:
            flash(_("This task is gone: it was finished, or its case ended."), "warning")
    return render_template(
        "worklist/page.html",
        filters=filters,
        views=VIEWS,
        sorts=SORTS,
        dues=DUE,
        task=task,
        most_counted=MOST_COUNTED,
        back=url_for("worklist.show", **filters.parameters()),
        **found,
    )


@blueprint.get("/worklist/views")
@login_required
def views():
    """The views with their counts, asked for again now and then by the page."""
    filters = Filters.from_request()
    counts = read(lambda work: view_counts(work, actor=actor(), now=now(), day_ends_at=day_ends_at()))
    saved = read(lambda work: work.session.scalars(_saved_views()).all())
    return render_template(
        "worklist/_views.html", filters=filters, views=VIEWS, counts=counts, saved=saved, most_counted=MOST_COUNTED
    )


@blueprint.get("/worklist/tasks/<task_id>")
@login_required
def pane(task_id: str):
    """The task's pane alone, for the page to put in place."""
    filters = Filters.from_request()
    back = url_for("worklist.show", **filters.parameters())
    return render_template("worklist/_task.html", task=task_pane(task_id), filters=filters, back=back)


@blueprint.post("/worklist/saved")
@login_required
def save_view():
    filters = Filters.from_request()
    name = request.form.get("name", "").strip()[:120]
    shared_with = request.form.get("shared_with") or None
    if not name:
        raise InvalidInput(_("A view needs a name: type one and save again."))
    if shared_with is not None and shared_with not in current_user.roles:
        raise InvalidInput(_("A view can be shared with a group of your own: choose one of them."))

    def save(work):
        old = work.session.scalar(
            select(SavedView).where(
                SavedView.enterprise_id == enterprise_id(),
                SavedView.owner == current_user.name,
                SavedView.name == name,
            )
        )
        view = old or SavedView(
            enterprise_id=enterprise_id(), owner=current_user.name, name=name, created_at=now(), query={}
        )
        view.query = filters.parameters()
        view.shared_with = shared_with
        work.session.add(view)

    run(save)
    flash(_("The view “%(name)s” is saved.", name=name))
    return redirect(url_for("worklist.show", **filters.parameters()))


@blueprint.post("/worklist/saved/<view_id>/deletion")
@login_required
def delete_view(view_id: str):
    run(
        lambda work: (
            work.execute(
                delete(SavedView).where(SavedView.id == view_id, SavedView.owner == current_user.name)
            ).rowcount
        )
    )
    flash(_("The view is deleted."))
    return redirect(url_for("worklist.show"))


def _saved_views():
    mine = SavedView.owner == current_user.name
    shared = SavedView.shared_with.in_(sorted(current_user.roles))
    return (
        select(SavedView).where(SavedView.enterprise_id == enterprise_id(), or_(mine, shared)).order_by(SavedView.name)
    )


def next_task(filters: Filters, created: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> str | None:
    """The task to open after one is done: the same case's next step when it is mine, else the list's first."""
    who = actor()

    def first(work):
        rows = worklist(work, actor=who, now=now(), limit=10, **filters.query()).rows
        if filters.view in ("recently_done", "waiting_for_others"):
            rows = ()
        ids = [row.id for row in rows if row.id not in skip]
        own = worklist(work, actor=who, now=now(), view="mine", sort="created", descending=True, limit=20).rows
        for candidate in created:
            if candidate in ids or candidate in {row.id for row in own}:
                return candidate
        return next(iter(ids), None)

    try:
        return read(first)
    except EngineError:
        return None
