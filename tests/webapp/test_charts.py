"""Whatever a chart draws is also said in a sentence and stands in its table, in the reader's language."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from flask_babel import force_locale

from tests.support import chart_gallery
from webapp import charts


@pytest.fixture(autouse=True)
def asked(app):
    """Within a request: words and numbers have a language."""
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        yield


@pytest.mark.parametrize("chart", chart_gallery.one_of_each(), ids=lambda chart: chart.kind)
def test_every_chart_has_equals_for_those_who_read_or_listen(chart):
    table = chart.table()

    assert chart.summary()
    assert table.rows
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert all(isinstance(cell, str) and cell for row in table.rows for cell in row)


@pytest.mark.parametrize("chart", chart_gallery.one_of_each(), ids=lambda chart: chart.kind)
def test_a_description_is_plain_json(chart):
    drawing = json.loads(json.dumps(chart.drawing(), allow_nan=False))

    assert drawing["kind"] == chart.kind
    assert drawing["title"] == chart.title


def test_a_line_tells_where_it_ends_and_which_days_matter():
    assert chart_gallery.lines().summary() == (
        "Planned: 264,000 CNY on Dec 31, 2026. Actual: 20,000 CNY on Jun 4, 2026. Today: Jun 4, 2026. "
        "Paid back: Jul 4, 2026. Target: 200,000 CNY."
    )


def test_the_table_of_lines_holds_every_day_once():
    table = chart_gallery.lines().table()

    assert table.columns == ("Day", "Planned", "Actual", "P10 to P90", "Remarks")
    assert len(table.rows) == 13
    assert table.rows[5] == ("Jun 4, 2026", "40,000 CNY", "20,000 CNY", "20,000 CNY … 60,000 CNY", "Today")
    assert table.rows[6][2] == "–"


def test_numbers_and_days_are_those_of_the_language():
    with force_locale("zh_Hans"):
        table = chart_gallery.lines().table()

    assert table.columns[0] == "日期"
    assert table.rows[5][0] == "2026年6月4日"


def test_a_share_is_shown_in_per_cent():
    assert charts.number(Decimal("0.625"), charts.SHARE) == "62.5%"
    assert charts.number(None, charts.SHARE) == "–"


def test_the_strip_counts_what_is_at_the_midline_or_better():
    less_is_better = charts.Place("Hours", own=10, median=20, better="lower")
    strip = charts.QuartileStrip("Hours", places=(less_is_better, replace(less_is_better, own=30)))

    assert strip.summary() == "1 of 2 own values are at the midline or better."


def test_a_plan_names_the_means_that_do_not_suffice():
    summary = chart_gallery.gantt().summary()

    assert summary == "4 bars from Nov 26, 2025 to Mar 6, 2026. More than there is: Cost of each period."


def test_a_plan_s_table_names_what_comes_before_and_its_loads_have_tables_of_their_own():
    gantt = chart_gallery.gantt()
    rows = {row[0]: row for row in gantt.table().rows}

    assert rows["Lead scoring"][4] == "Shared customer base, Lead response within a day"
    assert rows["Lead scoring"][5:] == ("1.10", "60,000 CNY")
    costs, people = gantt.tables_of_loads()
    assert costs[1].rows[1] == ("Feb 4, 2026 – Mar 5, 2026", "160,000 CNY", "100,000 CNY")
    assert people[1].rows[1][2] == "–"


@pytest.mark.parametrize("kind", [type(each) for each in chart_gallery.one_of_each()], ids=lambda kind: kind.kind)
def test_a_chart_of_nothing_says_that_it_is_empty(kind):
    empty = kind("Nothing")

    assert empty.is_empty
    assert isinstance(empty.summary(), str)
    assert json.dumps(empty.drawing())


def test_long_lists_are_told_by_their_beginning():
    bars = charts.BarChart("S", names=tuple("abcdefgh"), series=(("S", tuple(range(8))),))

    assert bars.summary().startswith("a: S 0. b: S 1.")
    assert bars.summary().endswith("and 3 more")


def test_a_description_in_a_page_cannot_break_out_of_its_attribute(app):
    hostile = charts.BarChart("</div>'\"><script>", names=("'>\"<img>",), series=(("S", (1,)),))
    template = app.jinja_env.from_string('{% import "charts.html" as charts with context %}{{ charts.chart(it) }}')
    page = template.render(it=hostile)

    assert "<script>" not in page
    assert "<img>" not in page
    assert page.count("data-chart='") == 1


def test_days_are_written_as_iso_texts():
    assert charts.plain({"day": date(2026, 1, 5), "amount": Decimal("1.50")}) == {"day": "2026-01-05", "amount": 1.5}
