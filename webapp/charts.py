"""Charts as plain descriptions: what is drawn by src/charts.js, said to who cannot see it, and shown as a table.

A description holds values and words of the reader's language, no colours and no code. `templates/charts.html` puts it
into the page; whatever is drawn stands in `table()`, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _

from webapp.presentation import day

Number = Decimal | float | int | None
MONEY, PLAIN, SHARE = "money", "number", "share"
FORMATS = {MONEY: "#,##0.##", PLAIN: "#,##0.##"}


@dataclass(frozen=True)
class Table:
    """The accessible equal of a chart: heads, and rows of texts whose first one names the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: Number, form: str = PLAIN, unit: str = "") -> str:
    """A value as the table shows it; a dash for what is not known."""
    if value is None:
        return "–"
    text = format_percent(value, "#,##0.#%") if form == SHARE else format_decimal(value, FORMATS[form])
    return f"{text} {unit}".strip()


@dataclass(frozen=True)
class Marker:
    """A day that matters: payback, today."""

    day: date
    name: str


@dataclass(frozen=True)
class Line:
    """`look`: `solid` for what happened, `dashed` for what was planned."""

    name: str
    points: tuple[tuple[date, Number], ...]
    look: str = "solid"


@dataclass(frozen=True)
class Band:
    """A range around a line: (day, low, high)."""

    name: str
    points: tuple[tuple[date, Number, Number], ...]


@dataclass(frozen=True)
class Chart:
    """What all charts have. `kind` chooses how charts.js draws; `form` and `unit` how numbers are written."""

    kind: ClassVar[str] = ""
    title: str
    unit: str = field(default="", kw_only=True)
    form: str = field(default=PLAIN, kw_only=True)

    def table(self) -> Table:
        """Everything that is drawn, as text."""
        raise NotImplementedError

    def summary(self) -> str:
        """What one sees at a glance, in one or two sentences."""
        raise NotImplementedError

    @property
    def is_empty(self) -> bool:
        """Nothing to draw: the page says so instead."""
        return not self.table().rows

    def drawing(self) -> dict[str, Any]:
        """The description as JSON values: dates as ISO texts, amounts as numbers."""
        return {"kind": self.kind, "words": words(), **plain(asdict(self))}

    def said(self, value: Number) -> str:
        return number(value, self.form, self.unit)


@dataclass(frozen=True)
class LineChart(Chart):
    """Values over time, with bands, days that matter, and a value that is wanted."""

    kind: ClassVar[str] = "lines"
    lines: tuple[Line, ...] = ()
    bands: tuple[Band, ...] = ()
    markers: tuple[Marker, ...] = ()
    target: Number = None
    target_name: str = ""

    def table(self) -> Table:
        days = sorted(
            {point[0] for line in self.lines for point in line.points}
            | {place[0] for band in self.bands for place in band.points}
        )
        values = [dict(each.points) for each in self.lines]
        ranges = [{when: (low, high) for when, low, high in each.points} for each in self.bands]
        rows = tuple(
            (
                day(when),
                *(self.said(known.get(when)) for known in values),
                *(self._range(known.get(when)) for known in ranges),
                ", ".join(each.name for each in self.markers if each.day == when) or "–",
            )
            for when in days
        )
        heads = (*(each.name for each in self.lines), *(each.name for each in self.bands))
        return Table((_("Day"), *heads, _("Remarks")), rows)

    def _range(self, ends: tuple[Number, Number] | None) -> str:
        return "–" if ends is None else f"{self.said(ends[0])} … {self.said(ends[1])}"

    def summary(self) -> str:
        told = [_last_value(each, self) for each in self.lines if _known(each.points)]
        told += [_("%(name)s: %(day)s.", name=each.name, day=day(each.day)) for each in self.markers]
        if self.target is not None:
            told.append(_("%(name)s: %(value)s.", name=self.target_name, value=self.said(self.target)))
        return " ".join(told)


def _known(points: Sequence[tuple[date, Number]]) -> list[tuple[date, Number]]:
    return [(when, value) for when, value in points if value is not None]


def _last_value(line: Line, chart: LineChart) -> str:
    when, value = _known(line.points)[-1]
    return _("%(name)s: %(value)s on %(day)s.", name=line.name, value=chart.said(value), day=day(when))


@dataclass(frozen=True)
class BarChart(Chart):
    """Groups of bars side by side: one group per name, one bar per series."""

    kind: ClassVar[str] = "bars"
    names: tuple[str, ...] = ()
    series: tuple[tuple[str, tuple[Number, ...]], ...] = ()

    def table(self) -> Table:
        rows = tuple(
            (name, *(self.said(values[place]) for _title, values in self.series))
            for place, name in enumerate(self.names)
        )
        return Table((_("Name"), *(title for title, _values in self.series)), rows)

    def summary(self) -> str:
        return _enumerated(self.table())


@dataclass(frozen=True)
class Swing:
    """How far one input moves the result: at its low and at its high end."""

    name: str
    low: Number
    high: Number


@dataclass(frozen=True)
class Tornado(Chart):
    """What moves the result most, around its usual value; the most influential first."""

    kind: ClassVar[str] = "tornado"
    base: Number = 0
    swings: tuple[Swing, ...] = ()

    def table(self) -> Table:
        rows = tuple((each.name, self.said(each.low), self.said(each.high)) for each in self.swings)
        return Table((_("Input"), _("If low"), _("If high")), rows)

    def summary(self) -> str:
        if not self.swings:
            return ""
        first = self.swings[0]
        return _(
            "%(name)s moves it most: from %(low)s to %(high)s.",
            name=first.name,
            low=self.said(first.low),
            high=self.said(first.high),
        )


@dataclass(frozen=True)
class Place:
    """An own value among others'. Quartiles but the median may be unknown; `form` and `unit` are its own."""

    name: str
    own: Number
    median: Number
    lower: Number = None
    upper: Number = None
    better: str = "higher"
    form: str = PLAIN
    unit: str = ""
    note: str = ""

    @property
    def is_above(self) -> bool | None:
        """Whether the own value is at the median or better; None when one of them is not known."""
        if self.own is None or self.median is None:
            return None
        own, median = float(self.own), float(self.median)
        return own >= median if self.better == "higher" else own <= median

    def said(self, value: Number) -> str:
        return number(value, self.form, self.unit)


@dataclass(frozen=True)
class QuartileStrip(Chart):
    """Own values between the quartiles of others. Every row has a scale of its own, better is to the right."""

    kind: ClassVar[str] = "strip"
    places: tuple[Place, ...] = ()

    def table(self) -> Table:
        rows = tuple(
            (
                each.name,
                each.said(each.own),
                each.said(each.lower),
                each.said(each.median),
                each.said(each.upper),
                each.note or "–",
            )
            for each in self.places
        )
        columns = (_("Figure"), _("Own value"), _("Lower quartile"), _("Midline"), _("Upper quartile"), _("Remarks"))
        return Table(columns, rows)

    def summary(self) -> str:
        compared = [each.is_above for each in self.places if each.is_above is not None]
        return _(
            "%(above)s of %(all)s own values are at the midline or better.", above=sum(compared), all=len(compared)
        )

    def drawing(self) -> dict[str, Any]:
        texts = [
            {name: each.said(getattr(each, name)) for name in ("own", "lower", "median", "upper")}
            for each in self.places
        ]
        return {**super().drawing(), "texts": texts}


@dataclass(frozen=True)
class Range:
    """A middle with its P10 and P90."""

    name: str
    low: Number
    middle: Number
    high: Number
    is_chosen: bool = False


@dataclass(frozen=True)
class RangeChart(Chart):
    """A dot with a whisker for each name: how sure a value is."""

    kind: ClassVar[str] = "ranges"
    ranges: tuple[Range, ...] = ()

    def table(self) -> Table:
        rows = tuple((each.name, *map(self.said, (each.low, each.middle, each.high))) for each in self.ranges)
        return Table((_("Name"), "P10", "P50", "P90"), rows)

    def summary(self) -> str:
        return _enumerated(self.table())


@dataclass(frozen=True)
class HeatMap(Chart):
    """A value for every pair: `values[row][column]`, None for what is not known."""

    kind: ClassVar[str] = "heat"
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    values: tuple[tuple[Number, ...], ...] = ()

    def table(self) -> Table:
        rows = tuple((name, *map(self.said, row)) for name, row in zip(self.names, self.values, strict=True))
        return Table((_("Name"), *self.columns), rows)

    def summary(self) -> str:
        known = [
            (value, name, column)
            for name, row in zip(self.names, self.values, strict=True)
            for column, value in zip(self.columns, row, strict=True)
            if value is not None
        ]
        if not known:
            return ""
        value, name, column = max(known, key=lambda each: each[0])
        return _("The highest is %(value)s: %(name)s, %(column)s.", value=self.said(value), name=name, column=column)


@dataclass(frozen=True)
class GanttBar:
    """`state`: done | running | planned. `after` names the keys of bars that come first; `facts` are (label, text)."""

    key: str
    name: str
    start: date
    finish: date
    state: str
    after: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Load:
    """What is used of something in each period, and what there is of it."""

    name: str
    values: tuple[tuple[date, date, Number, Number], ...]  # start, last day, used, available
    form: str = PLAIN
    unit: str = ""


@dataclass(frozen=True)
class Gantt(Chart):
    """Bars on a time axis, what must come before what, and below on the same axis what they use of the means."""

    kind: ClassVar[str] = "gantt"
    bars: tuple[GanttBar, ...] = ()
    loads: tuple[Load, ...] = ()
    today: date | None = None

    def table(self) -> Table:
        names = {each.key: each.name for each in self.bars}
        states = state_names()
        facts = tuple(label for label, _text in self.bars[0].facts) if self.bars else ()
        rows = tuple(
            (
                each.name,
                states[each.state],
                day(each.start),
                day(each.finish),
                ", ".join(names.get(key, key) for key in each.after) or "–",
                *(dict(each.facts).get(label, "–") for label in facts),
            )
            for each in self.bars
        )
        return Table((_("Name"), _("State"), _("From"), _("To"), _("Comes after"), *facts), rows)

    def tables_of_loads(self) -> tuple[tuple[str, Table], ...]:
        """What is used in each period, one table for each of the means."""
        return tuple((each.name, _load_table(each)) for each in self.loads)

    def summary(self) -> str:
        if not self.bars:
            return ""
        first, last = min(each.start for each in self.bars), max(each.finish for each in self.bars)
        told = ngettext("%(num)s bar", "%(num)s bars", len(self.bars))
        over = [each.name for each in self.loads if any(_is_over(used, there) for _s, _f, used, there in each.values)]
        span = _("%(bars)s from %(first)s to %(last)s.", bars=told, first=day(first), last=day(last))
        return " ".join([span, *([_("More than there is: %(names)s.", names=", ".join(over))] if over else [])])

    def drawing(self) -> dict[str, Any]:
        return {**super().drawing(), "states": state_names()}


def _is_over(used: Number, available: Number) -> bool:
    return used is not None and available is not None and used > available


def _load_table(load: Load) -> Table:
    rows = tuple(
        (f"{day(start)} – {day(finish)}", number(used, load.form, load.unit), number(there, load.form, load.unit))
        for start, finish, used, there in load.values
    )
    return Table((_("Period"), _("Used"), _("Available")), rows)


def state_names() -> dict[str, str]:
    return {"done": _("done"), "running": _("running"), "planned": _("planned")}


def words() -> dict[str, str]:
    """What charts.js says by itself."""
    return {
        "today": _("Today"),
        "own": _("Own value"),
        "midline": _("Midline"),
        "quartiles": _("Quartiles"),
        "lower": _("Lower quartile"),
        "upper": _("Upper quartile"),
        "available": _("Available"),
        "used": _("Used"),
        "over": _("More than there is"),
        "low": _("If low"),
        "high": _("If high"),
        "better": _("better"),
        "failed": _("The chart could not be drawn; the table below says the same."),
    }


def _enumerated(table: Table, most: int = 5) -> str:
    """The first rows in words."""
    rows = [f"{row[0]}: {', '.join(_pairs(table.columns[1:], row[1:]))}." for row in table.rows[:most]]
    more = len(table.rows) - most
    return " ".join([*rows, *([ngettext("and %(num)s more", "and %(num)s more", more)] if more > 0 else [])])


def _pairs(columns: Iterable[str], values: Iterable[str]) -> list[str]:
    return [f"{column} {value}" for column, value in zip(columns, values, strict=True)]


def plain(value: Any) -> Any:
    """JSON values of what a description holds."""
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value
