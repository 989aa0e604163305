"""How plan, portfolio and benchmarks look: their charts, and their lists to take away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from practice_repo.outcomes.benchmark import Midline
from practice_repo.practice import Text
from practice_repo.queries.benchmarks import Benchmark
from practice_repo.queries.nba import PlanBar, PlanPage, PortfolioPage, RolloutRow
from webapp import charts, nba_view
from webapp.exporting import Column, Sheet
from webapp.languages import model_language
from webapp.practice_view import code_name
from webapp.presentation import day, role_name

MOST_BARS = 12  # of the chart of S: more are read in the table
SOLVER = {
    "optimal": _l("proven to be the best"),
    "feasible": _l("good, but a better one may exist"),
    "greedy": _l("by a simple rule, without proof"),
    "infeasible": _l("no plan keeps all rules"),
}
MEASURES = {  # of success (A44), as fields of a rollout
    "on_time": _l("On time"),
    "on_cost": _l("On cost"),
    "effect_reached": _l("Effect reached"),
    "adopted": _l("Adopted"),
}


def name_of(text: Text | None) -> str:
    return text.in_language(model_language()) if text else ""


def _money(title: str, currency: str) -> Column:
    return Column(f"{title} {currency}", "money")


def s_number(index: str | None) -> float | None:
    """S as a number to draw; None when it has no value."""
    return None if index is None else float(Fraction(index))


# The plan -------------------------------------------------------------------------------------------------------------


def plan_chart(page: PlanPage) -> charts.Gantt:
    """Bars in the order in which they begin, above budget and people."""
    bars = sorted(page.bars, key=lambda each: (each.start, each.finish, each.key))
    return charts.Gantt(
        _("Plan of the rollouts"),
        bars=tuple(_bar(each, page) for each in bars),
        loads=tuple(_loads(page)),
        today=page.today,
    )


def _bar(bar: PlanBar, page: PlanPage) -> charts.GanttBar:
    """What should have ended but still runs reaches until today."""
    finish = max(bar.finish, page.today) if bar.state == "running" else bar.finish
    facts = (
        ("S", nba_view.s_value(bar.index)),
        (_("Effect"), charts.number(bar.effect, charts.MONEY, page.currency)),
        (_("Cost"), charts.number(bar.cost, charts.MONEY, page.currency)),
    )
    return charts.GanttBar(bar.key, name_of(bar.name), bar.start, finish, bar.state, bar.prerequisites, facts)


def _loads(page: PlanPage) -> Iterable[charts.Load]:
    if not page.periods:
        return
    costs = tuple((each.start, each.finish, each.cost, each.budget) for each in page.periods)
    yield charts.Load(_("Cost of each period"), costs, charts.MONEY, page.currency)
    for role in page.periods[0].staff:
        values = tuple((each.start, each.finish, *each.staff[role]) for each in page.periods)
        if any(used for _start, _finish, used, _there in values):
            yield charts.Load(_("People: %(role)s", role=role_name(role)), values)


def plan_sheets(page: PlanPage, told: nba_view.Teller) -> tuple[Sheet, ...]:
    names = {each.key: name_of(each.name) for each in page.bars}
    states = charts.state_names()
    bars = tuple(
        (
            each.key,
            name_of(each.name),
            states[each.state],
            each.start,
            each.finish,
            s_number(each.index),
            each.effect,
            each.cost,
            ", ".join(names.get(key, key) for key in each.prerequisites),
        )
        for each in sorted(page.bars, key=lambda each: (each.start, each.key))
    )
    columns = (
        Column(_("Short key")),
        Column(_("Activity")),
        Column(_("State")),
        Column(_("From"), "day"),
        Column(_("To"), "day"),
        Column("S", "number"),
        _money(_("Effect"), page.currency),
        _money(_("Cost"), page.currency),
        Column(_("Comes after")),
    )
    return (Sheet(_("Plan"), columns, bars), _periods_sheet(page), _left_out_sheet(page, told))


def _periods_sheet(page: PlanPage) -> Sheet:
    roles = list(page.periods[0].staff) if page.periods else []
    heads = [
        Column(_("From"), "day"),
        Column(_("To"), "day"),
        _money(_("Cost"), page.currency),
        _money(_("Budget"), page.currency),
    ]
    for role in roles:
        heads += [
            Column(_("%(role)s: busy", role=role_name(role)), "number"),
            Column(_("%(role)s: there are", role=role_name(role)), "number"),
        ]
    rows = tuple(
        (each.start, each.finish, each.cost, each.budget, *(value for role in roles for value in each.staff[role]))
        for each in page.periods
    )
    return Sheet(_("Budget and people"), tuple(heads), rows)


def _left_out_sheet(page: PlanPage, told: nba_view.Teller) -> Sheet:
    rows = tuple((each.key, name_of(each.name), told.gate(each.gate), told.tell(each.reason)) for each in page.left_out)
    return Sheet(
        _("Left out"), (Column(_("Short key")), Column(_("Activity")), Column(_("Gate")), Column(_("Why"))), rows
    )


# The portfolio --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Success:
    """How many rollouts met one measure, of those where it is known."""

    name: str
    met: int
    known: int


def successes(rows: Sequence[RolloutRow]) -> tuple[Success, ...]:
    found = []
    for field, name in MEASURES.items():
        known = [getattr(row, field) for row in rows if getattr(row, field) is not None]
        found.append(Success(str(name), sum(known), len(known)))
    return tuple(found)


def curve_chart(page: PortfolioPage, today: date) -> charts.LineChart:
    """Cumulative net benefit: planned dashed, actual until today, the day on which it has paid back."""
    markers = [charts.Marker(today, _("Today"))] if page.curve and today >= page.curve[0].day else []
    if page.payback_on:
        markers.append(charts.Marker(page.payback_on, _("Paid back")))
    planned = tuple((each.day, each.planned) for each in page.curve)
    actual = tuple((each.day, each.actual) for each in page.curve if each.actual is not None)
    return charts.LineChart(
        _("Cumulative net benefit"),
        lines=(charts.Line(_("Planned"), planned, "dashed"), charts.Line(_("Actual"), actual)),
        markers=tuple(markers),
        form=charts.MONEY,
        unit=page.currency,
    )


def index_chart(rows: Sequence[RolloutRow]) -> charts.BarChart:
    """S as it was planned and as it came, of the newest rollouts that have both or one."""
    known = [row for row in rows if row.planned_index or row.actual_index][:MOST_BARS]
    return charts.BarChart(
        _("S planned and actual"),
        names=tuple(name_of(row.name) for row in known),
        series=(
            (_("Planned"), tuple(s_number(row.planned_index) for row in known)),
            (_("Actual"), tuple(s_number(row.actual_index) for row in known)),
        ),
    )


def portfolio_sheets(page: PortfolioPage) -> tuple[Sheet, ...]:
    columns = (
        Column(_("Activity")),
        Column(_("State")),
        Column(_("Planned start"), "day"),
        Column(_("Planned finish"), "day"),
        Column(_("Begun"), "moment"),
        Column(_("Live since"), "moment"),
        Column(_("Ended"), "moment"),
        _money(_("Planned effect"), page.currency),
        _money(_("Actual effect"), page.currency),
        _money(_("Planned cost"), page.currency),
        _money(_("Actual cost"), page.currency),
        Column(_("S planned"), "number"),
        Column(_("S actual"), "number"),
        *(Column(str(name)) for name in MEASURES.values()),
        Column(_("Adoption"), "share"),
        Column(_("Success")),
        Column(_("Reason")),
    )
    rows = tuple(
        (
            name_of(row.name),
            nba_view.named(nba_view.ROLLOUT_STATES, row.state),
            row.planned_start,
            row.planned_finish,
            row.started_at,
            row.live_at,
            row.finished_at,
            row.planned_effect,
            row.actual_effect,
            row.planned_cost,
            row.actual_cost,
            s_number(row.planned_index),
            s_number(row.actual_index),
            *(getattr(row, field) for field in MEASURES),
            row.adoption_rate,
            row.success,
            row.reason,
        )
        for row in page.rows
    )
    curve = tuple((each.day, each.planned, each.actual) for each in page.curve)
    heads = (
        Column(_("Day"), "day"),
        _money(_("Planned"), page.currency),
        _money(_("Actual"), page.currency),
    )
    return (Sheet(_("Portfolio"), columns, rows), Sheet(_("Cumulative net benefit"), heads, curve))


# Benchmarks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PracticeBenchmarks:
    """The figures of one practice; `chart` has those with a midline, None without any own value to compare."""

    name: str
    rows: tuple[Benchmark, ...]
    chart: charts.QuartileStrip | None


def by_practice(found: Iterable[Benchmark]) -> tuple[PracticeBenchmarks, ...]:
    """In the order of the query, which keeps the figures of a practice together."""
    groups = [(practice, tuple(rows)) for practice, rows in groupby(found, key=lambda each: each.practice)]
    return tuple(PracticeBenchmarks(name_of(rows[0].practice_name), rows, strip(rows)) for _practice, rows in groups)


def strip(rows: Sequence[Benchmark]) -> charts.QuartileStrip | None:
    places = tuple(_place(each, each.midline) for each in rows if each.midline is not None)
    if all(each.own is None for each in places):
        return None
    title = _("%(practice)s: own values and the midline", practice=name_of(rows[0].practice_name))
    return charts.QuartileStrip(title, places=places)


def _place(each: Benchmark, line: Midline) -> charts.Place:
    return charts.Place(
        name_of(each.name),
        each.own,
        line.median,
        line.lower,
        line.upper,
        better=each.better,
        form=form_of(each),
        unit=unit_of(each),
        note=_("Example") if each.illustrative else "",
    )


def form_of(each: Benchmark) -> str:
    return charts.SHARE if each.unit == "share" else charts.PLAIN


def unit_of(each: Benchmark) -> str:
    return "" if each.unit in ("share", "count") else nba_view.named(nba_view.UNITS, each.unit)


def value(each: Benchmark, amount: float | None) -> str:
    """A value of the KPI with its unit."""
    return charts.number(amount, form_of(each), unit_of(each))


def quartiles(each: Benchmark) -> str:
    """The range of the middle half of the others; empty where it is not told."""
    line = each.midline
    if line is None or line.lower is None or line.upper is None:
        return ""
    return f"{value(each, line.lower)} … {value(each, line.upper)}"


def compared_with(each: Benchmark) -> str:
    """Whose midline it is: of the industry, of all, or an example."""
    line = each.midline
    if line is None:
        return _("hidden: fewer than three others have measured it")
    if line.illustrative:
        return _("example, %(source)s", source=each.source) if each.source else _("example, an assumption")
    where = code_name(line.industry) if line.industry else _("all industries")
    return _("%(count)s others, %(industry)s", count=line.enterprises, industry=where)


def benchmark_sheet(found: Iterable[Benchmark]) -> Sheet:
    columns = (
        Column(_("Practice")),
        Column(_("Figure")),
        Column(_("Unit")),
        Column(_("Better is")),
        Column(_("Own value"), "number"),
        Column(_("Own cases"), "number"),
        Column(_("Lower quartile"), "number"),
        Column(_("Midline"), "number"),
        Column(_("Upper quartile"), "number"),
        Column(_("Percentile"), "number"),
        Column(_("Weeks to the median"), "number"),
        Column(_("Compared with")),
    )
    return Sheet(_("Benchmarks"), columns, tuple(_benchmark_cells(each) for each in found))


def _benchmark_cells(each: Benchmark) -> tuple[Any, ...]:
    line = each.midline
    return (
        name_of(each.practice_name),
        name_of(each.name),
        nba_view.named(nba_view.UNITS, each.unit),
        _("more") if each.better == "higher" else _("less"),
        each.own,
        each.own_n,
        line.lower if line else None,
        line.median if line else None,
        line.upper if line else None,
        each.percentile,
        each.time_to_median,
        compared_with(each),
    )


def payback_text(page: PortfolioPage) -> str:
    return day(page.payback_on) if page.payback_on else _("not within the time range")
