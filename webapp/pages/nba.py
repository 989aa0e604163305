"""The next best activity: the recommendation and why, people's decisions, the profile, activities and estimates."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from engine.errors import EngineError, InvalidInput, NotFound
from engine.store.unit_of_work import Work
from practice_repo.activities import CHANGES, KINDS, STEPS, Activity, activities_of, activity_of
from practice_repo.candidate_states import ENDED
from practice_repo.commands.add_activity import add_activity as add_own
from practice_repo.commands.change_activity import change_activity, drop_activity
from practice_repo.commands.decide import decide as decide_on
from practice_repo.commands.estimate import estimate
from practice_repo.commands.recommend import scan as scan_now
from practice_repo.commands.set_profile import set_profile
from practice_repo.commands.start_loop import start_loop as start_the_loop
from practice_repo.expectations import Expectation
from practice_repo.nba_tables import NbaProfile
from practice_repo.next_best_activity.answer import MODES
from practice_repo.next_best_activity.candidate import Candidate
from practice_repo.next_best_activity.exploration import STOPS
from practice_repo.next_best_activity.gates import ChangeLoadPolicy
from practice_repo.next_best_activity.index import index_of
from practice_repo.permissions import may_decide, may_estimate, must_estimate
from practice_repo.portfolios import consider_guess, profile_of
from practice_repo.practice import Card, Text
from practice_repo.queries import nba as queries
from practice_repo.queries.cards import cards as cards_of
from practice_repo.queries.evidence import LibraryEffect, library_effects
from practice_repo.queries.kpis import kpis_of
from practice_repo.queries.needs import needs as needs_of
from practice_repo.queries.open_steps import open_steps
from webapp import nba_view
from webapp.access import actor, enterprise_id, now, people, read, role_names, run, wiring
from webapp.languages import model_language
from webapp.nba_forms import day_of, expectation_of_form, label_of, profile_of_form
from webapp.outcomes import CALENDAR, read_outcomes

blueprint = Blueprint("nba", __name__, url_prefix="/nba")
nba_view.install(blueprint)
AREAS = ("sales", "marketing", "service", "method", "technology")
OPEN_NEEDS = ("open", "in_work")
RECENTLY = timedelta(days=90)  # whose cases tell today's value of a figure
KEPT = Decimal("0.0001")


@blueprint.before_request
def only_for_those_who_estimate() -> None:
    """Everything here is for managers, analysts and supervisors of the own enterprise."""
    if current_user.is_authenticated:
        must_estimate(actor())


@blueprint.app_template_test("a_page")
def is_a_page(endpoint: str) -> bool:
    """Whether this installation has the page: sub-tabs name pages of several modules."""
    return endpoint in current_app.view_functions


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    return {"label_of": label_of, "may_choose_activities": may_choose_activities}


def may_choose_activities() -> bool:
    """Whether the person behind this request finds anything here."""
    return current_user.is_authenticated and may_estimate(actor())


# The recommendation ---------------------------------------------------------------------------------------------------


@blueprint.get("")
@login_required
def show():
    """The one recommendation, why, and what else there is."""
    page = read(lambda work: queries.nba_page(work, enterprise_id=enterprise_id(), now=now()))
    cases = {each.process_instance_id for each in page.running if each.process_instance_id}
    steps = read(lambda work: open_steps(work, process_instance_ids=cases))
    return render_template(
        "nba/show.html",
        page=page,
        steps=steps,
        modes=MODES,
        stops=STOPS,
        may_decide=may_decide(actor()),
        has_activities=page.recommendation is not None or _has_activities(page.profile),
        **_told(page.recommendation),
    )


def _has_activities(profile: NbaProfile | None) -> bool:
    return profile is not None and bool(read(lambda work: queries.activities(work, enterprise_id=enterprise_id())))


def _told(view: queries.RecommendationView | None) -> dict[str, Any]:
    """What the templates of a recommendation need beside it: sentences, and the inputs of S."""
    if view is None:
        return {"view": None}
    told = nba_view.teller_of(view)
    known = view.inputs["activities"].get(view.next.key) if view.next else None
    practices = {line["practice"] for line in known["lines"]} if known else set()
    names = _cards(practices)
    inputs = nba_view.kept_inputs(known, names, told) if known else None
    bundle = _bundle(view)
    others = [each for each in view.runners_up if each is not bundle]
    return {
        "view": view,
        "told": told,
        "inputs": inputs,
        "ranges": nba_view.range_chart(bundle or view.next, others),
        "tornado": nba_view.tornado(inputs, view) if inputs else None,
        "bundle": bundle,
        "others": others,
        "left_out": _left_out(view),
        "loses": [each for each in others if each.net is not None and each.net <= 0],
    }


def _left_out(view: queries.RecommendationView) -> list[queries.ExcludedActivity]:
    """Those who cannot be ranked stand in a list of their own; those in place or under way come last."""
    unknown = {each.key for each in view.needs_estimate}
    left_out = [each for each in view.excluded if each.key not in unknown]
    return sorted(left_out, key=lambda each: each.gate == "status")


def _bundle(view: queries.RecommendationView) -> queries.RankedActivity | None:
    """What the recommended one opens, when it is the first of a bundle."""
    if view.next is None:
        return None
    ranked = (view.next, *view.runners_up)
    bundles = (each for each in ranked if each.rank == 1 and len(each.bundle) > 1)
    return next((each for each in bundles if each.bundle[0] == view.next.key), None)


def _cards(practices: set[str] | None = None) -> dict[str, Card]:
    """The cards of these practices, by the item's id; None: of all in library and workspace."""
    if practices is not None and not practices - {""}:
        return {}
    found = read(lambda work: cards_of(work, enterprise_id=enterprise_id(), item_ids=practices))
    return {item: each.card for item, each in found.items()}


@blueprint.get("/recommendations/<recommendation_id>")
@login_required
def recommendation(recommendation_id: str):
    """An old one, exactly as it was."""
    who = {"recommendation_id": recommendation_id, "enterprise_id": enterprise_id()}
    view = read(lambda work: queries.recommendation(work, **who))
    if view is None:
        raise NotFound(_("There is no such recommendation: choose one of the history."))
    return render_template("nba/recommendation.html", **_told(view))


@blueprint.post("/scan")
@login_required
def scan():
    """Compare all available activities now; the way of comparing becomes that of the profile."""
    mode, stop = request.form.get("mode") or None, request.form.get("stop") or None
    chosen = {name: value for name, value in (("mode", mode), ("stop", stop)) if value}
    if chosen:
        run(lambda work: _remember_way(work, chosen))
    scan_now(wiring().store, enterprise_id=enterprise_id(), actor=actor(), now=now())
    flash(_("Compared again, with everything that is known now."), "success")
    return redirect(url_for("nba.show"))


def _remember_way(work: Work, chosen: Mapping[str, str]) -> None:
    profile = profile_of(work, enterprise_id())
    if any(getattr(profile, name) != value for name, value in chosen.items()):
        set_profile(work, actor=actor(), now=now(), **chosen)


@blueprint.post("/recommendations/<recommendation_id>/decision")
@login_required
def decide(recommendation_id: str):
    """Accept, defer, reject, or take another one."""
    form = request.form
    decided = run(
        lambda work: decide_on(
            work,
            recommendation_id=recommendation_id,
            decision=form.get("decision", ""),
            reason=form.get("reason", "").strip(),
            until=day_of(form, "until"),
            activity_id=form.get("activity_id") or None,
            confirmed=bool(form.get("confirmed")),
            actor=actor(),
            now=now(),
        )
    )
    said = {
        "accepted": _("Accepted: the rollout begins, its first task is in the worklist."),
        "overridden": _("Noted: the one that you chose is rolled out."),
        "deferred": _("Deferred; the next scan leaves it out until then."),
        "rejected": _("Rejected; it comes back when somebody estimates it anew."),
    }
    flash(said[decided.state], "success")
    return redirect(url_for("nba.show"))


@blueprint.post("/loop")
@login_required
def start_loop():
    """Begin the method's loop, or go to the one that runs."""
    started = run(lambda work: start_the_loop(work, actor=actor(), now=now()))
    flash(_("The loop runs. Its tasks are in the worklist of those who do them."), "success")
    task = read(lambda work: open_steps(work, process_instance_ids=[started.process_instance_id]))
    first = next(iter(task.get(started.process_instance_id, ())), None)
    if first is None:
        return redirect(url_for("nba.show"))
    return redirect(url_for("worklist.show", view="all", task=first.id))


# The profile ----------------------------------------------------------------------------------------------------------


@blueprint.get("/profile")
@login_required
def profile():
    """How the enterprise chooses: context, time range, means, rules."""
    found = read(lambda work: work.session.get(NbaProfile, enterprise_id()))
    return _profile_page(found)


def _profile_page(found: NbaProfile | None, problem: str = "", status: int = 200):
    practices = read(lambda work: _practices_in_use(work))
    kpis = [
        (f"{item}.{kpi.key}", kpi.name.in_language(model_language()), card.name.in_language(model_language()))
        for item, card in practices.items()
        for kpi in card.kpis
    ]
    return (
        render_template(
            "nba/profile.html",
            profile=found,
            kpis=kpis,
            usual_policy=asdict(ChangeLoadPolicy()),
            modes=MODES,
            stops=STOPS,
            today=now().date(),
            roles=_roles(),
            areas=AREAS,
            keys=read(lambda work: [(each.key, each.name) for each in activities_of(work, enterprise_id())]),
            problem=problem,
        ),
        status,
    )


def _practices_in_use(work: Work) -> dict[str, Card]:
    known = cards_of(work, enterprise_id=enterprise_id())
    return {item: each.card for item, each in known.items() if each.candidate_id}


def _roles() -> dict[str, str]:
    return {key: names[model_language()] for key, names in role_names().items()}


@blueprint.post("/profile")
@login_required
def save_profile():
    fields = profile_of_form(request.form)
    run(lambda work: set_profile(work, actor=actor(), now=now(), **fields))
    flash(_("Saved. The next scan goes by it."), "success")
    return redirect(url_for("nba.show"))


# Activities -----------------------------------------------------------------------------------------------------------


@blueprint.get("/activities")
@login_required
def activities():
    """Everything that can be, is or was rolled out."""
    wanted = {name: request.args.get(name) or None for name in ("area", "step", "change", "state")}
    if read(lambda work: work.session.get(NbaProfile, enterprise_id())) is None:
        return render_template("nba/activities.html", profile=None, rows=(), all_rows=(), wanted=wanted, **_choices())
    rows = read(lambda work: queries.activities(work, enterprise_id=enterprise_id()))
    fitting = [row for row in rows if _fits(row.activity, wanted)]
    found = read(lambda work: profile_of(work, enterprise_id()))
    states = list(dict.fromkeys(row.activity.state for row in rows))
    return render_template(
        "nba/activities.html", profile=found, rows=fitting, all_rows=rows, wanted=wanted, states=states, **_choices()
    )


def _fits(found: Activity, wanted: Mapping[str, str | None]) -> bool:
    """What was given up is shown to those who look for it."""
    if found.state == ENDED and wanted["state"] != ENDED:
        return False
    return all(value is None or getattr(found, name) == value for name, value in wanted.items())


def _choices() -> dict[str, Any]:
    return {"areas": AREAS, "steps": list(STEPS), "changes": list(CHANGES), "kinds": KINDS, "people": people()}


@blueprint.post("/activities")
@login_required
def add_activity():
    form = request.form
    texts = {name: form.get(name, "").strip() for name in ("key", "title", "title_zh", "note", "area")}
    codes = {name: form[name] for name in ("kind", "change", "step") if form.get(name)}
    found = run(lambda work: add_own(work, actor=actor(), now=now(), **texts, **codes))
    flash(_("Added. Say now what it brings and what it costs."), "success")
    return redirect(url_for("nba.activity", activity_id=found))


@blueprint.get("/activities/<activity_id>")
@login_required
def activity(activity_id: str):
    """One activity: what is expected of it, where the numbers come from, and what was expected before."""
    if read(lambda work: work.session.get(NbaProfile, enterprise_id())) is None:
        read(lambda work: activity_of(work, activity_id, enterprise_id()))
        flash(_("Fill in the profile first: an estimate counts within its time range."), "warning")
        return redirect(url_for("nba.profile"))
    page = _estimate_page(activity_id)
    return _activity_page(page, *_expectation_to_show(page))


def _estimate_page(activity_id: str) -> queries.EstimatePage:
    return read(lambda work: queries.estimates(work, activity_id=activity_id, enterprise_id=enterprise_id()))


def _activity_page(page: queries.EstimatePage, shown: Expectation, origin: str) -> str:
    practices = read(_practices_in_use)
    return render_template(
        "nba/activity.html",
        page=page,
        activity=page.activity,
        expects=shown,
        origin=origin,
        cards=practices,
        roles=_roles_of(practices, page.activity),
        needs=read(lambda work: needs_of(work, enterprise_id=enterprise_id())),
        open_needs=OPEN_NEEDS,
        may_change=page.activity.is_own or page.activity.state != ENDED,
        known=read(lambda work: _known_to_library(work, page, practices)),
        **_counted(page.considered, page.index, page.profile, practices, _names(page)),
        **_choices(),
    )


def _known_to_library(
    work: Work, page: queries.EstimatePage, cards: Mapping[str, Card]
) -> list[tuple[str, LibraryEffect]]:
    """What others measured of the figures that the practice works on, by name."""
    wanted = {(practice, kpi) for practice, kpi, _name, _unit in page.kpis}
    found = library_effects(work, enterprise_id=enterprise_id(), industry=page.profile.industry, wanted=wanted)
    named = ((nba_view.kpi_name(cards, *place), known) for place, known in found.items())
    return sorted(named, key=lambda each: each[0])


def _expectation_to_show(page: queries.EstimatePage) -> tuple[Expectation, str]:
    """What stands in the form: the current estimate, an old one, or what the card suggests."""
    asked = request.args.get("from", "")
    if asked == "card" and page.suggested is not None:
        return page.suggested, "card"
    old = next((each for each in page.versions if each.id == asked), None)
    if old is not None:
        return old.expectation, str(old.number)
    return page.expectation or Expectation(), ""


def _roles_of(cards: Mapping[str, Card], found: Activity) -> dict[str, tuple[str, str]]:
    """Roles to choose from: name and example rate; those of the activity's own card first."""
    own = [cards[found.item_id]] if found.item_id in cards else []
    roles = {key: (name, "") for key, name in _roles().items()}
    for card in (*cards.values(), *own):
        for role in card.roles:
            rate = "" if role.hourly_rate is None else str(role.hourly_rate)
            roles[role.key] = (role.name.in_language(model_language()), rate)
    return dict(sorted(roles.items(), key=lambda item: item[1]))


def _names(page: queries.EstimatePage) -> dict[str, Text]:
    return {**dict(page.keys), page.activity.key: page.activity.name}


def _counted(
    found: Any, index: str | None, profile: NbaProfile, cards: Mapping[str, Card], names: Mapping[str, Text]
) -> dict[str, Any]:
    """What the preview shows."""
    told = nba_view.teller(names, profile.starts_on)
    inputs = nba_view.guessed_inputs(found, profile.horizon_days, cards, told)
    return {"found": found, "index": index, "inputs": inputs, "profile": profile, "told": told}


@blueprint.post("/activities/<activity_id>/today")
@login_required
def todays_values(activity_id: str):
    """The form as it was sent, with today's value of every figure that real cases tell; nothing is saved."""
    page, expectation = _estimate_page(activity_id), expectation_of_form(request.form)
    known = read(lambda work: _kpis_today(work, {each.practice for each in expectation.effects if each.practice}))
    effects = tuple(
        replace(each, baseline=known.get((each.practice, each.kpi), each.baseline)) for each in expectation.effects
    )
    return _activity_page(page, replace(expectation, effects=effects), "today" if known else "no cases")


def _kpis_today(work: Work, practices: set[str]) -> dict[tuple[str, str], Decimal]:
    """The figures over the last months, by practice and KPI."""
    window = {"start": now() - RECENTLY, "end": now(), "now": now(), "calendar": CALENDAR, "outcomes": read_outcomes}
    told = (
        each
        for item in sorted(practices)
        for each in kpis_of(work, enterprise_id=enterprise_id(), item_id=item, **window)
    )
    return {(each.practice, each.kpi): each.value.quantize(KEPT) for each in told if each.value is not None}


@blueprint.post("/activities/<activity_id>/preview")
@login_required
def preview(activity_id: str):
    """Effect, cost and S of what stands in the form now; what does not fit is told, not refused."""
    page = _estimate_page(activity_id)
    try:
        expectation = expectation_of_form(request.form)
    except EngineError as problem:
        return render_template("nba/_preview.html", problem=str(problem))
    found = read(lambda work: consider_guess(work, page.profile, page.activity, expectation))
    index = index_of(Candidate(page.activity.key, found.effect, found.cost)).value
    cards = read(_practices_in_use)
    return render_template(
        "nba/_preview.html",
        activity=page.activity,
        **_counted(found, None if index is None else str(index), page.profile, cards, _names(page)),
    )


@blueprint.post("/activities/<activity_id>/estimates")
@login_required
def save_estimate(activity_id: str):
    expectation, note = expectation_of_form(request.form), request.form.get("note", "").strip()
    page = _estimate_page(activity_id)
    _must_be_known(expectation, dict(page.keys))
    run(
        lambda work: estimate(
            work, activity_id=activity_id, expectation=expectation, note=note, actor=actor(), now=now()
        )
    )
    flash(_("Saved as a new version of the estimate. Scan again to see what it changes."), "success")
    return redirect(url_for("nba.activity", activity_id=activity_id))


def _must_be_known(expectation: Expectation, keys: Mapping[str, Any]) -> None:
    """Prerequisites and exclusions are other activities of the enterprise, and not both at once."""
    strange = [key for key in (*expectation.prerequisites, *expectation.excludes) if key not in keys]
    if strange:
        raise InvalidInput(_("There is no activity “%(key)s”: choose one of the list.", key=strange[0]))
    both = sorted(set(expectation.prerequisites) & set(expectation.excludes))
    if both:
        raise InvalidInput(_("It cannot need “%(key)s” and exclude it: choose one of both.", key=both[0]))


@blueprint.post("/activities/<activity_id>")
@login_required
def change(activity_id: str):
    """Describe it otherwise."""
    form = request.form
    names = ("title", "title_zh", "note", "area", "kind", "change", "step")
    values = {name: form[name] for name in names if name in form}
    run(lambda work: change_activity(work, activity_id=activity_id, actor=actor(), now=now(), **values))
    flash(_("Saved."), "success")
    return redirect(url_for("nba.activity", activity_id=activity_id))


@blueprint.post("/activities/<activity_id>/drop")
@login_required
def drop(activity_id: str):
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise InvalidInput(_("Say why you give it up: others will ask."))
    run(lambda work: drop_activity(work, activity_id=activity_id, reason=reason, actor=actor(), now=now()))
    flash(_("Given up; it stays in the history."), "success")
    return redirect(url_for("nba.activities"))
