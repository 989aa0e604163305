"""Champion and challenger: two versions of a process share the new cases, until it is clear which one is better."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from engine.errors import InvalidInput
from practice_repo.commands.look_at_experiment import take_look
from practice_repo.commands.start_experiment import start_experiment
from practice_repo.commands.stop_experiment import stop_experiment
from practice_repo.outcomes.experiment import Guardrail
from practice_repo.permissions import may_estimate
from practice_repo.queries import experiments as queries
from webapp.access import actor, enterprise_id, now, read, run, wiring
from webapp.outcomes import CALENDAR, read_outcomes

blueprint = Blueprint("experiments", __name__, url_prefix="/experiments")
USUAL_CASES = 200
USUAL_SHARE = 50  # percent
VERDICTS = {
    "continue": _l("Not clear yet"),
    "challenger_better": _l("The challenger is better"),
    "champion_better": _l("The champion is better"),
    "no_difference": _l("No difference was shown"),
    "guardrail": _l("A guardrail is broken"),
    "stopped": _l("Stopped by somebody"),
    "superseded": _l("A newer version came in between"),
}
CONSEQUENCES = {
    "challenger_better": _l("The challenger gets all new cases."),
    "champion_better": _l("The champion gets all new cases again."),
    "no_difference": _l("The champion keeps the new cases: nothing speaks for a change."),
    "guardrail": _l("The champion gets all new cases again."),
    "superseded": _l("The newer version gets all new cases."),
}
UNITS = {
    "hours": _l("hours"),
    "days": _l("days"),
    "share": _l("percentage points"),
    "money": _l("amount of money"),
    "count": _l("number"),
}


@blueprint.app_template_filter("verdict")
def verdict(state: str) -> str:
    """A verdict or the state of a look in words."""
    return str(VERDICTS.get(state, state))


@blueprint.app_template_filter("kpi_figure")
def kpi_figure(value: Any, unit: str, *, is_difference: bool = False) -> str:
    """A value of a KPI, or the difference of two, in its unit."""
    if value is None:
        return "–"
    sign = "+" if is_difference and value > 0 else ""
    if unit == "share":
        if is_difference:
            return f"{sign}{format_decimal(float(value) * 100, '0.0')} {_('percentage points')}"
        return format_percent(value, "0.0 %")
    number = format_decimal(value, "#,##0.00" if unit == "money" else "#,##0.##")
    return f"{sign}{number} {UNITS[unit]}" if unit in ("hours", "days") else f"{sign}{number}"


@blueprint.get("")
@login_required
def index():
    rows = read(lambda work: queries.experiments(work, enterprise_id=enterprise_id()))
    return render_template("experiments/list.html", rows=rows)


@blueprint.get("/new")
@login_required
def new():
    """What an experiment with a practice can be made of."""
    candidate_id = request.args.get("candidate", "")
    offered = read(lambda work: queries.choices(work, candidate_id=candidate_id, actor=actor()))
    if offered.running is not None:
        return redirect(url_for("experiments.show", experiment_id=offered.running))
    return render_template(
        "experiments/new.html",
        offered=offered,
        units=UNITS,
        usual_cases=USUAL_CASES,
        usual_share=USUAL_SHARE,
    )


@blueprint.post("")
@login_required
def start():
    form = request.form
    candidate_id = form.get("candidate", "")
    offered = read(lambda work: queries.choices(work, candidate_id=candidate_id, actor=actor()))
    kpi = form.get("kpi", "")
    guardrails = tuple(
        Guardrail(each.key, _tolerance(form[f"guard.{each.key}"], each.unit))
        for each in offered.kpis
        if each.key != kpi and form.get(f"guard.{each.key}", "").strip()
    )
    experiment_id = run(
        lambda work: start_experiment(
            work,
            candidate_id=candidate_id,
            kpi=kpi,
            planned_cases=int(_number(form.get("planned_cases", ""))),
            share=float(_number(form.get("share", ""))) / 100,
            settle_days=int(_number(form.get("settle_days", ""))),
            guardrails=guardrails,
            against=form.get("against") or None,
            actor=actor(),
            now=now(),
        )
    )
    flash(_("The experiment runs: new cases go one way or the other by chance."), "success")
    return redirect(url_for("experiments.show", experiment_id=experiment_id))


def _tolerance(text: str, unit: str) -> float:
    """People say shares in percentage points."""
    return float(_number(text)) / (100 if unit == "share" else 1)


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise InvalidInput(_("A number was expected, found “%(found)s”.", found=text)) from error
    if not found.is_finite():
        raise InvalidInput(_("A number was expected, found “%(found)s”.", found=text))
    return found


@blueprint.get("/<experiment_id>")
@login_required
def show(experiment_id: str):
    page = read(
        lambda work: queries.experiment(
            work, experiment_id=experiment_id, calendar=CALENDAR, outcomes=read_outcomes, actor=actor(), now=now()
        )
    )
    return render_template(
        "experiments/page.html", page=page, consequences=CONSEQUENCES, may_change=may_estimate(actor())
    )


@blueprint.post("/<experiment_id>/looks")
@login_required
def look(experiment_id: str):
    found = take_look(
        wiring().store, experiment_id=experiment_id, calendar=CALENDAR, outcomes=read_outcomes, actor=actor(), now=now()
    )
    flash(f"{verdict(found.state)}. {CONSEQUENCES.get(found.state, '')}".strip(), "success")
    return redirect(url_for("experiments.show", experiment_id=experiment_id))


@blueprint.post("/<experiment_id>/end")
@login_required
def end(experiment_id: str):
    reason = request.form.get("reason", "").strip()
    keep = request.form.get("keep", "")
    if not reason:
        raise InvalidInput(_("Say why the experiment is stopped: others will ask."))
    run(
        lambda work: stop_experiment(
            work, experiment_id=experiment_id, reason=reason, keep=keep, actor=actor(), now=now()
        )
    )
    flash(_("The experiment is stopped."), "success")
    return redirect(url_for("experiments.show", experiment_id=experiment_id))
