"""One chart of every kind, with the edges that real ones have: unknown values, losses, long names, too much used."""

from datetime import date, timedelta
from decimal import Decimal

from webapp import charts

MONDAY = date(2026, 1, 5)


def in_days(days: int) -> date:
    return MONDAY + timedelta(days=days)


def lines() -> charts.LineChart:
    planned = tuple((in_days(30 * n), Decimal(-120000 + 32000 * n)) for n in range(13))
    actual = tuple((in_days(30 * n), Decimal(-130000 + 30000 * n)) for n in range(6))
    band = tuple((when, value - 20000, value + 20000) for when, value in planned)
    return charts.LineChart(
        "Cumulative net benefit",
        lines=(charts.Line("Planned", planned, "dashed"), charts.Line("Actual", actual)),
        bands=(charts.Band("P10 to P90", band),),
        markers=(charts.Marker(in_days(150), "Today"), charts.Marker(in_days(180), "Paid back")),
        target=Decimal(200000),
        target_name="Target",
        form=charts.MONEY,
        unit="CNY",
    )


def bars() -> charts.BarChart:
    names = ("Lead response within a day", "Discount ladder", "Shared customer base of sales, service and marketing")
    return charts.BarChart(
        "S planned and actual", names=names, series=(("Planned", (1.25, 2.0, -0.2)), ("Actual", (0.9, None, -0.35)))
    )


def tornado() -> charts.Tornado:
    swings = (charts.Swing("Answered", -0.4, 2.6), charts.Swing("Cost", 0.7, 1.6), charts.Swing("Hours", 1.0, 1.3))
    return charts.Tornado("What moves S most", base=1.1, swings=swings)


def strip() -> charts.QuartileStrip:
    places = (
        charts.Place("Answered within a day", 0.7, 0.64, 0.5, 0.81, form=charts.SHARE),
        charts.Place("Hours to the first answer", 30, 20, 12, 41, better="lower", unit="hours", note="Example"),
        charts.Place("Win rate", None, 0.2, None, None, form=charts.SHARE),
    )
    return charts.QuartileStrip("Own values and the midline", places=places)


def ranges() -> charts.RangeChart:
    known = (
        charts.Range("Lead response within a day", 0.2, 1.1, 2.4, is_chosen=True),
        charts.Range("Discount ladder", -0.5, 0.8, 1.9),
        charts.Range("Consent centre", None, 0.1, None),
    )
    return charts.RangeChart("S from P10 to P90", ranges=known)


def heat() -> charts.HeatMap:
    values = ((0.2, 0.8, None), (0.5, 0.1, 0.4))
    names = ("Inside sales", "Service")
    return charts.HeatMap(
        "Adoption", columns=("January", "February", "March"), names=names, values=values, form=charts.SHARE
    )


def gantt() -> charts.Gantt:
    facts = (("S", "1.10"), ("Cost", "60,000 CNY"))
    planned = (
        charts.GanttBar("K01", "Shared customer base", in_days(-40), in_days(-5), "done", (), facts),
        charts.GanttBar("K05", "Lead response within a day", in_days(-10), in_days(25), "running", ("K01",), facts),
        charts.GanttBar("K03", "Lead scoring", in_days(25), in_days(60), "planned", ("K01", "K05"), facts),
        charts.GanttBar("K08", "Discount ladder", in_days(30), in_days(58), "planned", ("K99",), facts),
    )
    periods = [(in_days(30 * n), in_days(30 * n + 29)) for n in range(4)]
    money = (60000, 160000, 0, 20000)
    heads = (1, 3, 2, 0)
    costs = tuple((*span, Decimal(used), Decimal(100000)) for span, used in zip(periods, money, strict=True))
    people = tuple((*span, used, None) for span, used in zip(periods, heads, strict=True))
    return charts.Gantt(
        "Plan of the rollouts",
        bars=planned,
        loads=(
            charts.Load("Cost of each period", costs, charts.MONEY, "CNY"),
            charts.Load("People: process analyst", people),
        ),
        today=in_days(0),
    )


def one_of_each() -> tuple[charts.Chart, ...]:
    return (lines(), bars(), tornado(), strip(), ranges(), heat(), gantt())
