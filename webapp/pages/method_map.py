"""The method as a map, and its checklists: where the enterprise stands, after the paper, Winer, CRM-Iris and others."""

from collections import defaultdict

from flask import Blueprint, current_app, render_template
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy import select

from engine.store.unit_of_work import Work
from practice_repo.permissions import must_estimate
from practice_repo.queries.benefits import benefit_tree
from practice_repo.queries.checklists import iris as iris_checklist
from practice_repo.queries.checklists import winer as winer_checklist
from practice_repo.queries.method_map import STATIONS, method_map
from practice_repo.queries.usability import usability as usability_of
from processes.customer_base.overview import overview
from processes.customer_base.scope import in_enterprise
from webapp import method_drawing, method_view
from webapp.access import actor, enterprise_id, now, people, read, wiring
from webapp.outcomes import CALENDAR, read_outcomes
from webapp.tables import Membership, User

blueprint = Blueprint("method_map", __name__, url_prefix="/method")


@blueprint.before_request
def only_for_those_who_estimate() -> None:
    """Like the rooms beside it: for managers, analysts and supervisors of the own enterprise."""
    if current_user.is_authenticated:
        must_estimate(actor())


@blueprint.context_processor
def shared() -> dict:
    return {
        "place": method_view.place,
        "has_page": lambda endpoint: endpoint in current_app.view_functions,
        "kpi_value": method_view.kpi_value,
        "figure_name": method_view.figure_name,
        "figure_value": method_view.figure_value,
        "percent": method_view.percent,
        "minutes": method_view.minutes,
        "step_states": method_view.STEP_STATES,
        "practice_states": method_view.PRACTICE_STATES,
        "fact_names": method_view.FACTS,
    }


@blueprint.get("")
@login_required
def show():
    """The three stages with live numbers, and where the enterprise stands."""
    found = read(lambda work: method_map(work, enterprise_id=enterprise_id()))
    labels, words = method_view.map_labels(found), method_view.map_words()
    drawings = [draw(labels, found.here, found.busy, words) for draw in (method_drawing.wide, method_drawing.narrow)]
    return render_template(
        "method_map/show.html",
        found=found,
        drawings=drawings,
        labels=labels,
        words=words,
        stages=method_drawing.STAGES,
        stations=STATIONS,
        next_step=method_view.what_next(found),
    )


@blueprint.get("/winer")
@login_required
def winer():
    """Winer's seven steps: what is there, what serves them, what is missing."""

    def questions(work: Work):
        base = overview(in_enterprise(work.session, enterprise_id()), now=now())
        return base, winer_checklist(work, enterprise_id=enterprise_id(), customer_base=base.figures)

    base, checklist = read(questions)
    return render_template(
        "method_map/checklist.html",
        here="method_map.winer",
        title=_("Winer's seven steps"),
        source=_("After R. S. Winer, A Framework for Customer Relationship Management, 2001"),
        checklist=checklist,
        currency=base.currency,
        base=base,
    )


@blueprint.get("/iris")
@login_required
def iris():
    """The parts of CRM-Iris: organisation, strategy, assessment, processes, implementation, monitoring, systems."""
    members = read(_people_by_role)
    checklist = read(
        lambda work: iris_checklist(
            work,
            enterprise_id=enterprise_id(),
            now=now(),
            people_by_role={role: len(names) for role, names in members.items()},
            people=len(people()),
            topics=wiring().handlers,
        )
    )
    return render_template(
        "method_map/checklist.html",
        here="method_map.iris",
        title=_("The parts of CRM-Iris"),
        source=_("After R. Chalmeta, Methodology for Customer Relationship Management, 2006"),
        checklist=checklist,
        currency=None,
        base=None,
    )


@blueprint.get("/usability")
@login_required
def usability():
    """What hurts in the work, and who does not join in."""
    members = read(_people_by_role)
    found = read(lambda work: usability_of(work, enterprise_id=enterprise_id(), people_by_role=members, now=now()))
    return render_template("method_map/usability.html", found=found)


@blueprint.get("/benefits")
@login_required
def benefits():
    """The tree of benefits with the KPIs of the practices in use."""
    tree = read(
        lambda work: benefit_tree(
            work, enterprise_id=enterprise_id(), now=now(), calendar=CALENDAR, outcomes=read_outcomes
        )
    )
    return render_template("method_map/benefits.html", tree=tree)


def _people_by_role(work: Work) -> dict[str, set[str]]:
    """Sign-in names of the active people by role."""
    statement = (
        select(Membership.role_key, User.name)
        .join(User, User.id == Membership.user_id)
        .where(User.enterprise_id == enterprise_id(), User.is_active)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for role, name in work.execute(statement):
        found[role].add(name)
    return found
