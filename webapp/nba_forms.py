"""What the forms of the next best activity say: a profile, and what is expected of an activity."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _

from engine.errors import InvalidInput
from practice_repo.expectations import Expectation, ExpectedCost, ExpectedEffect
from practice_repo.next_best_activity.candidate import ZERO
from practice_repo.next_best_activity.gates import ChangeLoadPolicy

Form = Any  # a werkzeug MultiDict
ROW_FIELDS = re.compile(r"(\w+)\.(\w+)\.(\w+)")
LARGEST_PLACES = 12  # digits on each side of the point


def profile_of_form(form: Form) -> dict[str, Any]:
    """The fields of a profile; empty ones are None where nothing is also an answer."""
    return {
        "industry": text_of(form, "industry"),
        "region": text_of(form, "region"),
        "goals": text_of(form, "goals"),
        "currency": text_of(form, "currency").upper() or "CNY",
        "employees": whole_of(form, "employees"),
        "channels": words_of(form, "channels"),
        "licences": words_of(form, "licences"),
        "maturity": whole_of(form, "maturity"),
        "horizon_days": whole_of(form, "horizon_days") or 360,
        "period_days": whole_of(form, "period_days") or 30,
        "budget": number_of(form, "budget"),
        "budget_per_period": number_of(form, "budget_per_period"),
        "risk_floor": number_of(form, "risk_floor"),
        "parallel": whole_of(form, "parallel"),
        "risk_appetite": 3 if (found := whole_of(form, "risk_appetite")) is None else found,
        "data_quality": share_of(form, "data_quality"),
        "mode": form.get("mode") or "scan",
        "stop": form.get("stop") or "exhaust",
        "explores": bool(form.get("explores")),
        "staff": {row["role"]: str(_needed(row, "heads")) for row in rows_of(form, "staff") if row.get("role")},
        "targets": {row["kpi"]: str(_needed(row, "target")) for row in rows_of(form, "targets") if row.get("kpi")},
        "coverage": {row["area"]: _count(row) for row in rows_of(form, "coverage") if row.get("area")},
        "synergies": [
            {"keys": [row["one"], row["other"]], "effect": str(_needed(row, "effect"))}
            for row in rows_of(form, "synergies")
            if row.get("one") and row.get("other")
        ],
        "policy": _policy(form),
    } | ({"starts_on": day} if (day := day_of(form, "starts_on")) else {})


def _count(row: Mapping[str, str]) -> int:
    """At least one, where nothing is said."""
    return whole_of(row, "least") or 1


def _policy(form: Form) -> dict[str, int]:
    """Only what differs from the usual."""
    usual = ChangeLoadPolicy()
    given = {each.name: whole_of(form, f"policy.{each.name}") for each in fields(ChangeLoadPolicy)}
    return {name: value for name, value in given.items() if value is not None and value != getattr(usual, name)}


def expectation_of_form(form: Form) -> Expectation:
    """What the editor of an estimate says. Raises InvalidInput with the field that does not fit."""
    return Expectation(
        effects=tuple(_effect(row) for row in rows_of(form, "effects") if row.get("kpi") or row.get("other")),
        costs=_costs(form),
        lump_effect=number_of(form, "lump_effect"),
        lump_source=text_of(form, "lump_source"),
        run_effects=number_of(form, "run_effects") or ZERO,
        resistance_share=share_of(form, "resistance") or ZERO,
        duration_days=_days(form, "duration_days", 30),
        full_after_days=_days(form, "full_after_days", 60),
        success=Decimal(1) if (found := share_of(form, "success")) is None else found,
        staff={row["role"]: _needed(row, "heads") for row in rows_of(form, "staff") if row.get("role")},
        window_from=day_of(form, "window_from"),
        window_to=day_of(form, "window_to"),
        prerequisites=tuple(form.getlist("prerequisites")),
        excludes=tuple(form.getlist("excludes")),
        group=text_of(form, "group") or None,
        must=bool(form.get("must")),
        lag_days=_days(form, "lag_days", 0),
        department=text_of(form, "department"),
        change_points=_days(form, "change_points", 1),
        risk=whole_of(form, "risk") or 0,
        licences=tuple(words_of(form, "licences")),
        forbidden_regions=tuple(words_of(form, "forbidden_regions")),
        industries=tuple(words_of(form, "industries")),
        least_employees=whole_of(form, "least_employees") or 0,
        most_employees=whole_of(form, "most_employees"),
        needs=tuple(form.getlist("needs")),
        is_reversible=bool(form.get("is_reversible")),
        is_measured=bool(form.get("is_measured")),
    )


def _effect(row: Mapping[str, str]) -> ExpectedEffect:
    """`kpi` is chosen as "practice:kpi"; `other` is a figure in people's own words."""
    practice, _colon, kpi = row.get("kpi", "").rpartition(":")
    found = ExpectedEffect(
        kpi=kpi or row["other"],
        practice=practice,
        baseline=number_of(row, "baseline"),
        change=number_of(row, "change"),
        low=number_of(row, "low"),
        high=number_of(row, "high"),
        volume_per_year=number_of(row, "volume_per_year") or ZERO,
        unit_value=number_of(row, "unit_value") or ZERO,
        source=row.get("source", ""),
    )
    _must_lie_between(found)
    return found


def _must_lie_between(effect: ExpectedEffect) -> None:
    if effect.change is None:
        return
    is_below = effect.low is not None and effect.change < effect.low
    is_above = effect.high is not None and effect.change > effect.high
    if is_below or is_above:
        told = {"found": effect.change, "end": effect.low if is_below else effect.high}
        said = _("“%(field)s” is %(found)s, outside of its range: change it, or the end of %(end)s.")
        raise InvalidInput(said % {"field": label_of("change"), **told})


def _costs(form: Form) -> tuple[ExpectedCost, ...] | None:
    """None while nobody has thought about them; empty only when somebody says that it costs nothing."""
    rows = [row for row in rows_of(form, "costs") if any(row.get(name) for name in ("name", "role", "hours", "amount"))]
    if not rows:
        return () if form.get("costs_nothing") else None
    return tuple(
        ExpectedCost(
            name=row.get("name") or row.get("role", ""),
            role=row.get("role", ""),
            hours=number_of(row, "hours") or ZERO,
            hourly_rate=number_of(row, "hourly_rate") or ZERO,
            amount=number_of(row, "amount") or ZERO,
            per_year=bool(row.get("per_year")),
        )
        for row in rows
    )


def rows_of(form: Form, name: str) -> list[dict[str, str]]:
    """The rows `name.<number>.<field>` in the order in which they stand on the page."""
    found: dict[str, dict[str, str]] = {}
    for key, value in form.items():
        match = ROW_FIELDS.fullmatch(key)
        if match and match[1] == name and match[2] != "__row__":
            found.setdefault(match[2], {})[match[3]] = value.strip()
    return list(found.values())


def text_of(form: Mapping[str, str], name: str) -> str:
    return form.get(name, "").strip()


def words_of(form: Form, name: str) -> list[str]:
    """Words with commas between them, of one field or of several with the same name."""
    joined = ",".join(form.getlist(name))
    return [word.strip() for word in re.split(r"[,，、]", joined) if word.strip()]


def number_of(form: Mapping[str, str], name: str) -> Decimal | None:
    """None for an empty field. Thousands may be set apart by commas or spaces."""
    return _read(form, name, _decimal, _("a number such as 1200 or 0.5"))


def whole_of(form: Mapping[str, str], name: str) -> int | None:
    return _read(form, name, int, _("a whole number such as 30"))


def share_of(form: Mapping[str, str], name: str) -> Decimal | None:
    """A percentage, as a share."""
    found = number_of(form, name)
    return None if found is None else found / 100


def day_of(form: Mapping[str, str], name: str) -> date | None:
    return _read(form, name, date.fromisoformat, _("a day such as 2026-05-01"), kept=True)


def _days(form: Mapping[str, str], name: str, usual: int) -> int:
    found = whole_of(form, name)
    if found is None:
        return usual
    if found < 0:
        raise InvalidInput(_("Expected 0 or more in “%(field)s”, found %(found)s.", field=label_of(name), found=found))
    return found


def _needed(row: Mapping[str, str], name: str) -> Decimal:
    found = number_of(row, name)
    if found is None:
        raise InvalidInput(_("“%(field)s” is empty: fill it in, or remove the row.", field=label_of(name)))
    return found


def _decimal(text: str) -> Decimal:
    found = Decimal(text)
    if not found.is_finite() or abs(found.adjusted()) > LARGEST_PLACES:
        raise InvalidOperation
    return found


def _read(form: Mapping[str, str], name: str, kind: Callable[[str], Any], wanted: str, kept: bool = False) -> Any:
    said = form.get(name, "").strip()
    if not said:
        return None
    try:
        return kind(said if kept else re.sub(r"[,，\s%]", "", said))
    except (ValueError, InvalidOperation) as error:
        told = {"field": label_of(name), "wanted": wanted, "found": said}
        raise InvalidInput(_("“%(field)s” must be %(wanted)s, found “%(found)s”.", **told)) from error


def label_of(name: str) -> str:
    """The label that stands beside the field."""
    labels = {
        "employees": _("Employees"),
        "maturity": _("Maturity of CRM"),
        "horizon_days": _("Time range in days"),
        "period_days": _("Period in days"),
        "budget": _("Budget of the time range"),
        "budget_per_period": _("Budget of each period"),
        "risk_floor": _("Least net benefit with low effects"),
        "parallel": _("Rollouts at once in a plan"),
        "risk_appetite": _("Risk that is taken"),
        "data_quality": _("Complete records in per cent"),
        "heads": _("People"),
        "target": _("Target"),
        "starts_on": _("First day"),
        "baseline": _("Today"),
        "change": _("Gets better by"),
        "low": _("at least"),
        "high": _("at most"),
        "volume_per_year": _("Cases a year"),
        "unit_value": _("Money per unit"),
        "hours": _("Hours"),
        "hourly_rate": _("Rate per hour"),
        "amount": _("Amount"),
        "lump_effect": _("Further effect as an amount"),
        "run_effects": _("Lasting side effects, taken off"),
        "resistance": _("Reserve for resistance in per cent"),
        "duration_days": _("Days until go-live"),
        "full_after_days": _("Days from go-live to the full effect"),
        "success": _("Probability of success in per cent"),
        "window_from": _("Not before"),
        "window_to": _("Done by"),
        "lag_days": _("Days to wait after its prerequisites"),
        "change_points": _("Change points"),
        "risk": _("Risk"),
        "least_employees": _("Employees, at least"),
        "most_employees": _("Employees, at most"),
        "until": _("Until"),
        "policy.most_rollouts": _("Rollouts at once in a department"),
        "policy.most_change_points": _("Change points that a department bears"),
        "policy.rest_days_after_failure": _("Days of rest after a failed rollout"),
        "policy.rejections": _("Rejections after which it is not asked again"),
        "policy.rejection_window_days": _("Days within which rejections count"),
        "policy.suppressed_days": _("Days until it is asked again"),
    }
    return labels.get(name, name)
