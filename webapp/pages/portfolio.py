"""What comes when, what came of it, and where the enterprise stands: plan, portfolio, benchmarks."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_login import current_user, login_required

from practice_repo.activities import activities_of
from practice_repo.nba_tables import NbaProfile
from practice_repo.next_best_activity.answer import MODES
from practice_repo.permissions import must_estimate
from practice_repo.queries import nba as queries
from practice_repo.queries.benchmarks import ALL, Benchmark, benchmarks, examples
from webapp import nba_view, portfolio_view
from webapp.access import actor, enterprise_id, now, read
from webapp.exporting import download
from webapp.outcomes import CALENDAR, read_outcomes

blueprint = Blueprint("portfolio", __name__)


@blueprint.before_request
def only_for_those_who_estimate() -> None:
    """Like the rooms beside it: for managers, analysts and supervisors of the own enterprise."""
    if current_user.is_authenticated:
        must_estimate(actor())


@blueprint.context_processor
def shared() -> dict[str, Any]:
    return {"looks": portfolio_view}


def _profile() -> NbaProfile | None:
    return read(lambda work: work.session.get(NbaProfile, enterprise_id()))


# The plan -------------------------------------------------------------------------------------------------------------


@blueprint.get("/plan")
@login_required
def plan():
    """What would be rolled out when, with its use of budget and people, and why so."""
    profile = _profile()
    if profile is None:
        return render_template("portfolio/plan.html", profile=None)
    page = _plan(profile)
    return render_template(
        "portfolio/plan.html",
        profile=profile,
        page=page,
        paper=page if page.mode == "scan" else _plan_by(profile, "scan"),
        told=_teller(profile),
        chart=portfolio_view.plan_chart(page),
        modes=MODES,
    )


@blueprint.get("/plan.<form>")
@login_required
def export_plan(form: str):
    """The plan as a file: rollouts, budget and people, left out."""
    profile = read(lambda work: queries.profile_of(work, enterprise_id()))
    return download(form, "plan", *portfolio_view.plan_sheets(_plan(profile), _teller(profile)))


def _plan(profile: NbaProfile) -> queries.PlanPage:
    """In the way that the address asks for, else in the profile's."""
    asked = request.args.get("mode")
    return _plan_by(profile, asked if asked in MODES else profile.mode)


def _plan_by(profile: NbaProfile, mode: str) -> queries.PlanPage:
    return read(lambda work: queries.plan(work, enterprise_id=profile.enterprise_id, now=now(), mode=mode))


def _teller(profile: NbaProfile) -> nba_view.Teller:
    names = read(lambda work: {each.key: each.name for each in activities_of(work, profile.enterprise_id)})
    return nba_view.teller(names, profile.starts_on)


# The portfolio --------------------------------------------------------------------------------------------------------


@blueprint.get("/portfolio")
@login_required
def show():
    """All rollouts: planned against actual, and whether they succeeded."""
    profile = _profile()
    if profile is None:
        return render_template("portfolio/show.html", profile=None)
    page = read(lambda work: queries.portfolio(work, enterprise_id=enterprise_id(), now=now()))
    return render_template(
        "portfolio/show.html",
        profile=profile,
        page=page,
        curve=portfolio_view.curve_chart(page, now().date()),
        indexes=portfolio_view.index_chart(page.rows),
        successes=portfolio_view.successes(page.rows),
    )


@blueprint.get("/portfolio.<form>")
@login_required
def export(form: str):
    """The portfolio as a file: rollouts, and the curve of the net benefit."""
    page = read(lambda work: queries.portfolio(work, enterprise_id=enterprise_id(), now=now()))
    return download(form, "portfolio", *portfolio_view.portfolio_sheets(page))


# Benchmarks -----------------------------------------------------------------------------------------------------------


@blueprint.get("/benchmarks", endpoint="benchmarks")
@login_required
def show_benchmarks():
    """Own figures beside the midline of the industry."""
    profile = _profile()
    industry = _industry(profile)
    found = _benchmarks(industry)
    return render_template(
        "portfolio/benchmarks.html",
        profile=profile,
        groups=portfolio_view.by_practice(_wanted(found)),
        has_more=0 < len(_with_own_value(found)) < len(found),
        has_any=bool(found),
        shows_all=_shows_all(found),
        industry=industry,
        industries=_industries(profile),
    )


@blueprint.get("/benchmarks.<form>")
@login_required
def export_benchmarks(form: str):
    """The benchmarks as a file."""
    found = _wanted(_benchmarks(_industry(_profile())))
    return download(form, "benchmarks", portfolio_view.benchmark_sheet(found))


def _benchmarks(industry: str) -> tuple[Benchmark, ...]:
    return read(
        lambda work: benchmarks(
            work, enterprise_id=enterprise_id(), industry=industry, now=now(), calendar=CALENDAR, outcomes=read_outcomes
        )
    )


def _industry(profile: NbaProfile | None) -> str:
    return request.args.get("industry", profile.industry if profile else "")


def _industries(profile: NbaProfile | None) -> list[str]:
    """To choose from: the own one, and those that examples are known of."""
    own = [profile.industry] if profile and profile.industry else []
    known = {industry for each in examples().values() for industry in each.values} - {ALL}
    return list(dict.fromkeys([*own, *sorted(known)]))


def _with_own_value(found: tuple[Benchmark, ...]) -> tuple[Benchmark, ...]:
    return tuple(each for each in found if each.own is not None)


def _shows_all(found: tuple[Benchmark, ...]) -> bool:
    """All figures of the library when they are asked for, or when there is no own one yet."""
    return bool(request.args.get("all")) or not _with_own_value(found)


def _wanted(found: tuple[Benchmark, ...]) -> tuple[Benchmark, ...]:
    return found if _shows_all(found) else _with_own_value(found)
