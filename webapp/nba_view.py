"""How recommendations and estimates look: names of modes, states and phases, drivers as rows, S as people read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from practice_repo.activities import CHANGES, STEPS
from practice_repo.next_best_activity.estimates import DAYS_PER_YEAR, CostFactor
from practice_repo.next_best_activity.wording import Teller
from practice_repo.portfolios import Considered, EffectLine
from practice_repo.practice import Card, Text
from practice_repo.queries.nba import RankedActivity, RecommendationView
from webapp.charts import Range, RangeChart, Swing, Tornado
from webapp.languages import model_language
from webapp.practice_view import code_name
from webapp.presentation import day, role_name

P10_TO_MEAN = Decimal("1.2816")  # standard deviations
MOST_RANGES = 8  # in one chart
MODES = {
    "scan": _l("The paper's scan"),
    "closure": _l("Bundles with their prerequisites"),
    "plan": _l("Optimised plan"),
}
STOPS = {"exhaust": _l("until nothing new is available"), "positive": _l("while S is above 0")}
STATES = {
    "open": _l("waits for a decision"),
    "waiting": _l("waits for a day"),
    "ended": _l("nothing to recommend"),
    "accepted": _l("accepted"),
    "deferred": _l("deferred"),
    "rejected": _l("rejected"),
    "overridden": _l("another one was taken"),
    "superseded": _l("superseded by a newer one"),
}
PHASES = {
    "planning": _l("being planned"),
    "training": _l("training"),
    "pilot": _l("pilot"),
    "deciding": _l("go or no-go"),
    "live": _l("live, closely looked after"),
    "measuring": _l("being measured"),
    "checking": _l("adoption is checked"),
    "done": _l("done"),
}
ROLLOUT_STATES = {"running": _l("being rolled out"), "completed": _l("rolled out"), "aborted": _l("given up")}
VERDICTS = {"start": _l("first"), "take": _l("take"), "keep": _l("keep")}
CLASSES = {
    "costless": _l("costs nothing"),
    "needs estimate": _l("needs an estimate"),
    "no-op": _l("brings and costs nothing"),
}
UNITS = {"share": _l("share"), "hours": _l("hours"), "days": _l("days"), "count": _l("number"), "money": _l("money")}
RISKS = {0: _l("none"), 1: _l("low"), 2: _l("medium"), 3: _l("high")}


def named(names: Mapping[Any, Any], key: Any) -> str:
    """The key's name in the reader's language; unknown keys as words."""
    found = names.get(key)
    if found is None:
        return code_name(str(key)) if key else ""
    return found.in_language(model_language()) if isinstance(found, Text) else str(found)


def amount(value: Decimal | float | str | None) -> str:
    """Money without needless decimals."""
    return "–" if value is None else format_decimal(Decimal(str(value)), "#,##0.##")


def whole_amount(value: Decimal | float | str | None) -> str:
    """Money as it is read at a glance: cents only below a thousand."""
    return amount(value) if value is None or abs(Decimal(str(value))) < 1000 else format_decimal(value, "#,##0")


def short_number(value: Decimal | float | str | None) -> str:
    """A figure with up to four decimals, as a KPI needs them."""
    return "" if value is None else format_decimal(Decimal(str(value)), "#,##0.####")


def s_value(index: str | float | None) -> str:
    """S with two decimals."""
    if index is None:
        return "–"
    return format_decimal(float(Fraction(index)) if isinstance(index, str) else index, "#,##0.00")


def per_cent(share: float | Decimal | str | None) -> str:
    return "–" if share is None else f"{float(share):.0%}"


def s_of(ranked: Any) -> str:
    """S of an activity of the ranking, or its class in words."""
    return s_value(ranked.index) if ranked.index is not None else named(CLASSES, ranked.class_)


def teller_of(view: RecommendationView) -> Teller:
    """Tells what the recommendation says, with its own names and days."""
    names = {key: Text(each["title"], each["title_zh"]) for key, each in view.inputs["activities"].items()}
    return teller(names, date.fromisoformat(view.inputs["starts_on"]))


def teller(names: Mapping[str, Text], starts_on: date) -> Teller:
    return Teller(names, starts_on, model_language(), day=day, amount=amount, role=role_name, code=code_name)


def range_chart(chosen: RankedActivity | None, others: Sequence[RankedActivity]) -> RangeChart | None:
    """How sure S is, of the recommended one and of those that come next; None with fewer than two to compare."""
    known = [each for each in (chosen, *others) if each and each.p50 is not None]
    if len(known) < 2:
        return None
    ranges = tuple(
        Range(each.name.in_language(model_language()), each.p10, each.p50, each.p90, is_chosen=each is chosen)
        for each in known[:MOST_RANGES]
    )
    return RangeChart(_("S with P10 and P90"), ranges=ranges)


def tornado(inputs: "Inputs", view: RecommendationView) -> Tornado | None:
    """What moves S of the recommended one most; None where nothing is uncertain or S is not a number."""
    if not inputs.bars or view.next is None or view.next.index is None:
        return None
    swings = tuple(Swing(each.name, each.low, each.high) for each in inputs.bars)
    return Tornado(_("What moves S most"), base=float(Fraction(view.next.index)), swings=swings)


@dataclass(frozen=True)
class EffectRow:
    """One driver as it was counted: change × volume × unit value × share of the year with the full effect."""

    kpi: str
    unit: str
    guess: str
    change: str
    range: str  # P10 to P90
    volume: str
    unit_value: str
    money: Decimal | None  # within the time range
    source: str
    said: str
    outcomes: int
    trusted: str  # the share of the guess that counts, as far as earlier ones came true; empty for all of it


@dataclass(frozen=True)
class CostRow:
    name: str
    how: str  # 120 h × 140
    money: Decimal
    per_year: bool


@dataclass(frozen=True)
class Bar:
    """How far one input alone moves S: at its low and at its high end."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Inputs:
    """All that S is made of, ready to be shown."""

    effects: tuple[EffectRow, ...]
    costs: tuple[CostRow, ...]
    lump: Decimal | None
    lump_source: str
    side_effects: Decimal
    reserve: Decimal  # share of the one-off cost
    factor: Mapping[str, Any]  # median p80 projects class
    ramp_share: Decimal | None  # years of full effect within the time range
    bars: tuple[Bar, ...]


def kept_inputs(known: Mapping[str, Any], cards: Mapping[str, Card], told: Teller) -> Inputs:
    """Of a recommendation, as they were kept with it."""
    days = known.get("full_days")
    years = Decimal(days) / DAYS_PER_YEAR if days is not None else None
    lines = [_kept_line(each, years, cards, told) for each in known["lines"]]
    costs = tuple(_cost_row(each) for each in known["costs"])
    swings = [
        (row.kpi, Decimal(each["deviation"] or 0) * Decimal(each["volume_per_year"]) * Decimal(each["unit_value"]))
        for row, each in zip(lines, known["lines"], strict=True)
        if each["change"] is not None
    ]
    return Inputs(
        effects=tuple(lines),
        costs=costs,
        lump=_decimal(known.get("lump_effect")),
        lump_source=known.get("lump_source", ""),
        side_effects=Decimal(known.get("run_effects", 0)),
        reserve=Decimal(known.get("reserve", 0)),
        factor={**known["cost_factor"], "class": told.segment(known["cost_factor"]["class"])},
        ramp_share=years,
        bars=_bars(swings, years, _decimal(known["effect"]), _decimal(known["cost"]), known["cost_factor"]),
    )


def guessed_inputs(found: Considered, horizon_days: int, cards: Mapping[str, Card], told: Teller) -> Inputs:
    """Of an estimate, as the next scan would count it."""
    expects = found.expectation
    years = expects.ramp.days_of_full_effect(horizon_days) / DAYS_PER_YEAR if expects else None
    costs = expects.to_json().get("costs") or [] if expects else []
    swings = [
        (kpi_name(cards, each.expected.practice, each.expected.kpi), _yearly_deviation(each))
        for each in found.lines
        if each.change is not None
    ]
    return Inputs(
        effects=tuple(_guessed_line(each, years, cards, told) for each in found.lines),
        costs=tuple(_cost_row(each) for each in costs),
        lump=expects.lump_effect if expects else None,
        lump_source=expects.lump_source if expects else "",
        side_effects=expects.run_effects if expects else Decimal(0),
        reserve=expects.resistance_share if expects else Decimal(0),
        factor=_factor(found.cost_factor, told),
        ramp_share=years,
        bars=_bars(swings, years, found.effect, found.cost, _factor(found.cost_factor, told)),
    )


def _yearly_deviation(line: EffectLine) -> Decimal:
    expected = line.expected
    return Decimal(str(line.deviation)) * expected.volume_per_year * expected.unit_value


def _factor(factor: CostFactor, told: Teller) -> dict[str, Any]:
    return {
        "median": str(factor.median),
        "p80": str(factor.p80),
        "projects": factor.projects,
        "class": told.segment(factor.reference_class),
    }


def _kept_line(line: Mapping[str, Any], years: Decimal | None, cards: Mapping[str, Card], told: Teller) -> EffectRow:
    return _effect_row(
        practice=line["practice"],
        kpi=line["kpi"],
        guess=_decimal(line["guess"]),
        change=_decimal(line["change"]),
        deviation=Decimal(str(line["deviation"])),
        volume=Decimal(line["volume_per_year"]),
        unit_value=Decimal(line["unit_value"]),
        source=line["source"],
        said=line["said"],
        outcomes=line["outcomes"],
        years=years,
        cards=cards,
        told=told,
    )


def _guessed_line(line: EffectLine, years: Decimal | None, cards: Mapping[str, Card], told: Teller) -> EffectRow:
    expected = line.expected
    return _effect_row(
        practice=expected.practice,
        kpi=expected.kpi,
        guess=expected.change,
        change=line.change,
        deviation=Decimal(str(line.deviation)),
        volume=expected.volume_per_year,
        unit_value=expected.unit_value,
        source=expected.source,
        said=line.said,
        outcomes=line.library.outcomes if line.library else 0,
        years=years,
        cards=cards,
        told=told,
    )


def _effect_row(
    *,
    practice: str,
    kpi: str,
    guess: Decimal | None,
    change: Decimal | None,
    deviation: Decimal,
    volume: Decimal,
    unit_value: Decimal,
    source: str,
    said: str,
    outcomes: int,
    years: Decimal | None,
    cards: Mapping[str, Card],
    told: Teller,
) -> EffectRow:
    spread = P10_TO_MEAN * deviation
    money = None if change is None or years is None else change * volume * unit_value * years
    return EffectRow(
        kpi=kpi_name(cards, practice, kpi),
        unit=kpi_unit(cards, practice, kpi),
        guess=short_number(guess),
        change=short_number(change),
        range="" if change is None else f"{short_number(change - spread)} … {short_number(change + spread)}",
        volume=short_number(volume),
        unit_value=amount(unit_value),
        money=money,
        source=source,
        said="" if said == source else told.tell(said),
        outcomes=outcomes,
        trusted=per_cent(change / guess) if guess and change is not None and change != guess and not outcomes else "",
    )


def _cost_row(entry: Mapping[str, Any]) -> CostRow:
    hours, rate = Decimal(entry.get("hours", 0)), Decimal(entry.get("hourly_rate", 0))
    more = Decimal(entry.get("amount", 0))
    parts = [_("%(hours)s h × %(rate)s", hours=short_number(hours), rate=amount(rate))] if hours else []
    parts += [amount(more)] if more and hours else []
    role = entry.get("role", "")
    name = entry["name"] if entry["name"] != role else role_name(role)
    return CostRow(name, " + ".join(parts), hours * rate + more, bool(entry.get("per_year")))


def _bars(
    swings: Sequence[tuple[str, Decimal]],
    years: Decimal | None,
    effect: Decimal | None,
    cost: Decimal | None,
    factor: Mapping[str, Any],
) -> tuple[Bar, ...]:
    """P10 and P90 of every driver alone, and of the cost, the most influential first; none without a finite S."""
    if effect is None or not cost or years is None:
        return ()
    bars = [_effect_bar(name, P10_TO_MEAN * yearly * years, effect, cost) for name, yearly in swings if yearly]
    if factor["projects"] and Decimal(factor["p80"]) > Decimal(factor["median"]):
        dear = cost * Decimal(factor["p80"]) / Decimal(factor["median"])
        cheap = cost * Decimal(factor["median"]) / Decimal(factor["p80"])
        bars.append(Bar(_("Cost"), float((effect - dear) / dear), float((effect - cheap) / cheap)))
    return tuple(sorted(bars, key=lambda each: -abs(each.high - each.low)))


def _effect_bar(name: str, swing: Decimal, effect: Decimal, cost: Decimal) -> Bar:
    return Bar(name, float((effect - swing - cost) / cost), float((effect + swing - cost) / cost))


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def kpi_name(cards: Mapping[str, Card], practice: str, kpi: str) -> str:
    """The KPI's name on the practice's card; a figure in people's own words stays as it is."""
    found = _kpi(cards, practice, kpi)
    if found is not None:
        return found.name.in_language(model_language())
    return code_name(kpi) if practice else kpi


def kpi_unit(cards: Mapping[str, Card], practice: str, kpi: str) -> str:
    found = _kpi(cards, practice, kpi)
    return named(UNITS, found.unit) if found else ""


def _kpi(cards: Mapping[str, Card], practice: str, kpi: str) -> Any:
    card = cards.get(practice)
    return next((each for each in card.kpis if each.key == kpi), None) if card else None


def install(blueprint: Any) -> None:
    """Filters and names for the templates of the next best activity."""
    filters = {
        "amount": amount,
        "whole_amount": whole_amount,
        "short_number": short_number,
        "s_value": s_value,
        "s_of": s_of,
        "per_cent": per_cent,
        "mode_name": lambda key: named(MODES, key),
        "stop_name": lambda key: named(STOPS, key),
        "recommendation_state": lambda key: named(STATES, key),
        "phase_name": lambda key: named(PHASES, key),
        "rollout_state": lambda key: named(ROLLOUT_STATES, key),
        "verdict_name": lambda key: named(VERDICTS, key),
        "unit_name": lambda key: named(UNITS, key),
        "risk_name": lambda key: named(RISKS, key),
        "change_name": lambda key: named(CHANGES, key),
        "step_name": lambda key: named(STEPS, key),
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "told_in": lambda text: text.in_language(model_language()) if text else "",
    }
    for name, function in filters.items():
        blueprint.add_app_template_filter(function, name)
