"""The method on screen: the live map, the checklists, what hurts in the work, and what it all brings."""

import re
from decimal import Decimal
from itertools import combinations

import pytest

from engine.commands.claim_user_task import claim_user_task
from practice_repo.commands.add_need import add_need
from practice_repo.expectations import Expectation
from practice_repo.method_steps import steps
from practice_repo.queries.method_map import STATIONS, MethodMap
from processes.customer_base.parties import create_party
from processes.customer_base.scope import in_enterprise
from tests.support.office import ACME, counted_statements, person
from webapp import method_drawing, method_view
from webapp.method_drawing import Label, Words, wrapped

PAGES = ("/method", "/method/winer", "/method/iris", "/method/usability", "/method/benefits")
WORDS = Words(("1 Take over", "2 Do", "3 Give back"), "yes", "no", "for others")


def text_of(html: str) -> str:
    """What one reads, in one line."""
    body = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


# Who may look ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_are_for_those_who_estimate(visit, practices, page):
    assert "/sign-in" in visit().get(page).headers["Location"]
    assert visit("ines").get(page).status_code == 403
    assert [visit(name).get(page).status_code for name in ("anna", "olga", "otto")] == [200] * 3


# The map --------------------------------------------------------------------------------------------------------------


def test_the_map_shows_the_recommendation_and_leads_to_it(visit, advice):
    page = visit("gina").get("/method").text

    assert page.count('aria-current="step"') == 2  # in both drawings
    link = (
        r'<a href="/nba" class="m-box m-recommendation is-here[^>]*aria-label="Next best activity: [^"]*you are here"'
    )
    assert re.search(link, page)
    assert "A recommendation waits for a decision" in page
    assert "7 to rank" in text_of(page)


def test_the_map_says_the_same_in_chinese(visit, advice):
    gina = visit("gina")
    gina.post("/language/zh_Hans")

    page = gina.get("/method").text

    assert "当前位置" in page
    assert "有一项推荐等待决定" in page


def test_in_an_empty_enterprise_it_begins_with_needs(visit, practices):
    page = visit("otto").get("/method").text

    assert "Begin with what your customers and you need." in page
    assert "1 more in the library" in text_of(page)


@pytest.mark.parametrize("draw", [method_drawing.wide, method_drawing.narrow])
def test_every_station_stands_once_beside_the_others_in_a_stage(draw):
    labels = {key: Label(key, ("1 of it",), "/x") for key in STATIONS}

    drawing = draw(labels, "scan", frozenset({"needs"}), WORDS)

    assert sorted(box.key for box in drawing.boxes) == sorted(STATIONS)
    for one, other in combinations(drawing.boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        below = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert beside or below, (one.key, other.key)
    for box in drawing.boxes:
        assert any(
            panel.x <= box.x
            and box.x + box.width <= panel.x + panel.width
            and panel.y <= box.y
            and box.y + box.height <= panel.y + panel.height
            for panel in drawing.panels
        ), box.key
    assert [box.key for box in drawing.boxes if box.is_here] == ["scan"]
    assert [box.key for box in drawing.boxes if box.is_busy] == ["needs"]


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("draw", [method_drawing.wide, method_drawing.narrow])
def test_the_words_of_every_station_fit_into_its_box(app, draw, language):
    numbers = dict.fromkeys(("not_acquired", "checked", "deployed", "upgrades", "needs_uncovered"), 128)
    counts = {"acquired": 128, "tailored": 128, "available": 128, "scenario": 128, "running": 128}
    found = MethodMap(
        library=counts,
        candidates=counts,
        needs={"open": 128},
        activities=counts,
        without_estimate=128,
        rollouts=counts,
        recommendation=None,
        phases={},
        evidence=128,
        contributions={"in_review": 128},
        has_profile=True,
        loop="none",
        **numbers,
    )
    with app.test_request_context(headers={"Accept-Language": "zh-CN" if language == "zh_Hans" else "en"}):
        drawing = draw(method_view.map_labels(found), "needs", frozenset(), method_view.map_words())

    assert [box.key for box in drawing.boxes if len(box.title) + len(box.facts) > 4] == []
    assert [box.key for box in drawing.boxes if any(line.endswith("…") for line in (*box.title, *box.facts))] == []


def test_long_words_are_cut_and_chinese_breaks_anywhere_but_before_a_comma():
    assert wrapped("Search for the next best", 90, 7, 2) == ("Search for", "the next …")
    assert wrapped("流程、活动、技术、方法", 60, 7, 3) == ("流程、活", "动、技", "术、方法")
    assert wrapped("one", 5, 7, 1) == ("one",)


# The checklists -------------------------------------------------------------------------------------------------------


def test_every_figure_has_a_name_and_every_open_point_leads_somewhere():
    known = [each for name in ("winer", "iris") for each in steps(name)]

    assert {key for each in known for key in each.figures} == set(method_view.FIGURES)
    assert {point.to for each in known for point in each.open} <= set(method_view.PLACES)


def test_winer_counts_the_customers_and_names_what_could_be_acquired(visit, practices):
    def customer(work):
        session = in_enterprise(work.session, ACME)
        create_party(session, name="Nordwind", country="DE", now=practices.office.now)

    practices.store.run(customer)
    page = visit("anna").get("/method/winer").text
    database = text_of(page).split("Analysis")[0]

    assert "0 of 7 in place" in database
    assert "<dt>Customers</dt><dd>1</dd>" in page
    assert "begun" in database
    assert 'href="/library/triage">acquire<' in page
    assert "The library has no practice for this step yet." in page


def test_iris_shows_processes_roles_needs_and_activities(visit, advice):
    advice.practices.do(add_need, title="Answer sooner", priority="must")
    advice.practices.acquired()
    page = text_of(visit("gina").get("/method/iris").text)

    assert "Enquiry version 1" in page
    assert "Clerk: nobody" in page
    assert "1. Answer sooner not covered" in page
    assert "Activities of this step Shared customer base Available" in page


# Usability ------------------------------------------------------------------------------------------------------------


def test_refused_entries_are_noted_and_shown(visit, practices):
    office = practices.office
    office.start("enquiry", {"company": "Nordwind"})
    task = office.task("first_contact")
    office.do(claim_user_task, user_task_id=task.id, actor=person("ines", "inside_sales"))

    refused = visit("ines").post(f"/tasks/{task.id}/completion", {"field.spoke_with": ""})
    page = text_of(visit("anna").get("/method/usability").text)

    assert refused.status_code == 422
    assert "First contact Enquiry 1 – – – 1 6" in page
    assert "Inside sales 0 of 2 0 1" in page


def test_reserves_for_resistance_are_listed(visit, advice):
    page = text_of(visit("gina").get("/method/usability").text)

    assert "5 estimates have no reserve for resistance." in page
    assert "Lead response within a day Available 15% 80%" in page


# Benefits -------------------------------------------------------------------------------------------------------------


def test_the_tree_has_five_branches(visit, practices):
    page = text_of(visit("anna").get("/method/benefits").text)

    for name in ("Customer loyalty", "Retention", "Customer profitability", "Channel effectiveness"):
        assert f"{name} 0 of 0 known" in page
    assert "No practice in use shows this benefit." in page


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.123, "share", "12.3%"), (2.5, "hours", "2.5 h"), (14, "days", "14 days"), (12345.6, "money", "12,345.6")],
)
def test_figures_are_told_in_their_unit(app, value, unit, shown):
    with app.test_request_context():
        assert method_view.kpi_value(value, unit) == shown
        assert method_view.kpi_value(None, unit) == "–"


# Cost -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_the_same_statements_however_much_there_is(visit, practices, bare, page):
    gina = visit("gina")

    def count() -> int:
        with counted_statements(practices.store) as sent:
            gina.get(page)
        return len(sent)

    bare.has_a_profile()
    bare.adds("X1", "One", "一", Expectation(lump_effect=Decimal(10), costs=()))
    practices.office.start("enquiry", {"company": "First company"})
    count()
    few = count()
    bare.adds_some()
    for number in range(4):
        practices.do(add_need, title=f"Need {number}", priority="could")
        practices.office.start("enquiry", {"company": f"Company {number}"})

    assert count() <= few + 2  # the models and forms of what was deployed are read once
