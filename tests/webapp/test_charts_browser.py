"""Charts in a real browser: drawn in light and dark, wide and narrow, and nothing that the policy refuses."""

import re

import pytest
from flask import render_template_string
from playwright.sync_api import expect

from tests.support.chart_gallery import one_of_each
from tests.webapp.test_browser import address as address
from tests.webapp.test_browser import serious, sign_in
from tests.webapp.test_portfolio_pages import add_rollouts
from webapp import charts

pytestmark = pytest.mark.browser
GALLERY = """
{% extends "base.html" %}{% import "charts.html" as charts with context %}
{% block title %}Charts{% endblock %}
{% block content %}<h1>Charts</h1>{% for each in gallery %}<section class="card mb-3"><div class="card-body">
<h2>{{ each.title }}</h2>{{ charts.chart(each) }}</div></section>{% endfor %}{% endblock %}
"""
KINDS = [each.kind for each in charts.Chart.__subclasses__()]


@pytest.fixture
def app(app):
    """With one page that shows every kind of chart."""
    app.add_url_rule("/gallery", view_func=lambda: render_template_string(GALLERY, gallery=one_of_each()))
    return app


@pytest.fixture(params=[("en-GB", "light", 1440), ("zh-CN", "dark", 1440), ("en-GB", "dark", 390)], ids=str)
def page(chromium, address, request):
    """A page whose console must stay free of errors: refused styles and scripts are such."""
    language, scheme, width = request.param
    context = chromium.new_context(
        base_url=address,
        locale=language,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def test_every_kind_of_chart_is_drawn(page, office):
    sign_in(page, "olga")
    page.goto("/gallery")

    assert [each.kind for each in one_of_each()] == KINDS
    expect(page.locator(".chart svg")).to_have_count(len(KINDS))
    assert page.evaluate("() => [...document.querySelectorAll('.chart svg')].every((svg) => svg.querySelector('path'))")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert serious(page, "/gallery") == []


def test_a_chart_takes_the_colours_of_the_page(page, office):
    sign_in(page, "olga")
    page.goto("/gallery")
    text = page.locator(".chart svg text").first
    before = text.get_attribute("fill")

    page.evaluate("() => document.querySelector('[data-toggle-theme]').click()")

    expect(text).not_to_have_attribute("fill", before)


def test_a_chart_keeps_to_its_place_when_that_changes(page, office):
    sign_in(page, "olga")
    page.goto("/gallery")
    expect(page.locator(".chart svg")).to_have_count(len(KINDS))

    page.set_viewport_size({"width": 700, "height": 900})

    expect(page.locator(".chart svg").first).to_have_attribute("width", str(page.evaluate(WIDTH)))


WIDTH = "() => document.querySelector('.chart').clientWidth"


def test_pointing_at_a_chart_tells_its_values(page, office):
    sign_in(page, "olga")
    page.goto("/gallery")

    for kind, text in (("bars", "Planned: "), ("strip", "Hours to the first answer"), ("ranges", "P50: 0.8")):
        chart = page.locator(".chart").nth(KINDS.index(kind))
        chart.locator("svg").hover()
        expect(chart.locator("svg")).to_contain_text(text)


def test_pointing_at_a_bar_of_the_plan_tells_its_days(page, office):
    sign_in(page, "olga")
    page.goto("/gallery")
    texts = page.locator(".chart").nth(KINDS.index("gantt")).locator("svg text")
    texts.first.scroll_into_view_if_needed()
    row = texts.filter(has_text="Lead respon").bounding_box()
    today = texts.filter(has_text=re.compile("^(Today|今天)$")).bounding_box()

    page.mouse.move(today["x"] + today["width"] / 2 + 5, row["y"] + row["height"] / 2)

    expect(texts.filter(has_text="60,000 CNY")).to_be_visible()


def test_who_would_rather_read_opens_the_table(page, office):
    sign_in(page, "olga")
    page.goto("/gallery")
    rows = page.locator(".chart-figure").first.locator("tbody tr")
    expect(rows.first).to_be_hidden()

    page.locator(".chart-table summary").first.press("Enter")

    expect(rows).to_have_count(13)
    expect(rows.first).to_be_visible()


def test_paper_gets_the_content_alone_light_and_with_its_address(page, office):
    sign_in(page, "olga")
    page.goto("/gallery")
    chart = page.locator(".chart").first
    expect(chart.locator("svg")).to_be_visible()

    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")

    expect(page.locator("header.navbar")).to_be_hidden()
    expect(page.locator(".print-note")).to_contain_text("/gallery")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    expect(chart.locator("svg")).to_have_attribute("width", "660")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", page.evaluate(SCHEME))


SCHEME = "() => matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"


def test_plan_portfolio_and_benchmarks_are_drawn(page, bare):
    bare.has_a_profile(budget_per_period=150000)
    bare.do(add_rollouts, ids=bare.adds_some())
    sign_in(page, "gina")
    found = []
    for path, count in (("/plan", 1), ("/portfolio", 2), ("/benchmarks", 0)):
        page.goto(path)
        expect(page.locator(".chart svg")).to_have_count(count)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), path
        found += serious(page, path)

    assert found == []
