"""Plan, portfolio and benchmarks: what comes when, what came of it, where the enterprise stands."""

import csv
import io
import json
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from practice_repo.nba_tables import NbaActivity, NbaRollout, PracticeEvidence
from practice_repo.queries import benchmarks as benchmark_queries
from practice_repo.queries.benchmarks import Example
from practice_repo.tables import PracticePseudonym
from tests.support.advice import AdviceOffice
from tests.support.office import ACME


@pytest.fixture
def advice(bare) -> AdviceOffice:
    """A profile, seven activities, and three rollouts: done well, running late, given up."""
    bare.has_a_profile(budget_per_period=Decimal(150000))
    bare.ids = bare.adds_some()
    bare.do(add_rollouts, ids=bare.ids)
    return bare


def add_rollouts(work, *, ids, actor, now):
    day = now.date()
    usual = {"enterprise_id": ACME, "plan": {}, "hours": {}, "measured": [], "reason": ""}
    done = NbaRollout(
        activity_id=ids["K08"],
        state="completed",
        phase="done",
        planned_start=day - timedelta(days=120),
        planned_finish=day - timedelta(days=90),
        started_at=now - timedelta(days=120),
        live_at=now - timedelta(days=88),
        finished_at=now - timedelta(days=20),
        planned_effect=Decimal(90000),
        planned_cost=Decimal(30000),
        actual_effect=Decimal(60000),
        actual_cost=Decimal(31000),
        adoption_rate=0.85,
        success=False,
        **usual,
    )
    late = NbaRollout(
        activity_id=ids["K01"],
        state="running",
        phase="training",
        planned_start=day - timedelta(days=60),
        planned_finish=day - timedelta(days=30),
        started_at=now - timedelta(days=58),
        planned_effect=Decimal(300000),
        planned_cost=Decimal(120000),
        **usual,
    )
    given_up = NbaRollout(
        activity_id=ids["K13"],
        state="aborted",
        phase="pilot",
        planned_start=day - timedelta(days=200),
        planned_finish=day - timedelta(days=170),
        started_at=now - timedelta(days=200),
        finished_at=now - timedelta(days=180),
        planned_effect=Decimal(60000),
        planned_cost=Decimal(50000),
        actual_cost=Decimal(12000),
        **usual | {"reason": "=The pilot failed"},
    )
    work.session.add_all([done, late, given_up])
    for key, state in {"K08": "completed", "K01": "executing"}.items():
        work.session.get(NbaActivity, ids[key]).state = state


OURSELVES = "brisk heron"


def charts_of(page: str) -> list[dict]:
    return [json.loads(unescape(found)) for found in re.findall(r"data-chart='([^']*)'", page)]


PAGES = ("/plan", "/portfolio", "/benchmarks")


def test_strangers_sign_in_first_and_others_are_refused(visit, advice):
    assert "/sign-in" in visit().get("/plan").headers["Location"]
    ines = visit("ines")
    assert [ines.get(page).status_code for page in (*PAGES, "/plan.csv", "/portfolio.xlsx")] == [403] * 5


def test_without_a_profile_it_is_asked_for(visit, bare):
    gina = visit("gina")

    for page in ("/plan", "/portfolio"):
        assert "Say first how you choose." in gina.get(page).text
    assert "The profile names your industry" in gina.get("/benchmarks").text
    assert gina.get("/plan.csv").status_code == 409


def test_without_rollouts_and_estimates_pages_say_what_to_do(visit, bare):
    bare.has_a_profile()
    gina = visit("gina")

    assert "Nothing can be planned yet." in gina.get("/plan").text
    assert "Nothing has been rolled out yet." in gina.get("/portfolio").text


@pytest.mark.parametrize("mode", ["scan", "closure", "plan"])
def test_the_plan_shows_bars_means_and_what_is_left_out(visit, advice, mode):
    page = visit("gina").get(f"/plan?mode={mode}").text
    (gantt,) = charts_of(page)

    states = {bar["key"]: bar["state"] for bar in gantt["bars"]}
    assert (states["K08"], states["K01"], states["K05"]) == ("done", "running", "planned")
    assert next(load for load in gantt["loads"] if load["form"] == "money")["values"][0][3] is not None
    assert gantt["today"] == advice.now.date().isoformat()
    assert "Consent centre" in page
    assert "Left out, and why" in page
    assert ("Net benefit by the paper" in page) == (mode != "scan")


def test_the_portfolio_holds_plan_and_outcome_side_by_side(visit, advice):
    page = visit("gina").get("/portfolio").text
    curve, indexes = charts_of(page)

    assert [line["name"] for line in curve["lines"]] == ["Planned", "Actual"]
    assert curve["lines"][1]["points"][-1][0] == advice.now.date().isoformat()
    assert dict(indexes["series"])["Planned"] == pytest.approx([1.5, 2.0, 0.2])
    assert dict(indexes["series"])["Actual"] == pytest.approx([None, 29 / 31, None])
    for said in ("Discount ladder", "late", "given up", "The pilot failed", "85%", "1 of 1", "0 of 1"):
        assert said in page


def test_the_portfolio_is_taken_away_as_a_file(visit, advice):
    answer = visit("gina").get("/portfolio.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))

    assert answer.headers["Content-Disposition"] == "attachment; filename=portfolio.csv"
    assert rows[0][:2] == ["Activity", "State"]
    assert {row[0] for row in rows[1:]} == {"Shared customer base", "Discount ladder", "Campaign budget approval"}
    assert "'=The pilot failed" in {row[-1] for row in rows}
    assert visit("gina").client.get("/plan.xlsx").data[:2] == b"PK"
    assert visit("gina").get("/portfolio.doc").status_code == 404


def test_other_enterprises_do_not_see_it(visit, advice):
    assert "Say first how you choose." in visit("otto").get("/portfolio").text


def measured(work, *, values: dict[str, float], actor, now):
    """What these enterprises have measured of the practice's figure."""
    day = now.date()
    usual = {"item_id": "triage", "version": "1.0.0", "package_digest": "0" * 64, "kpi": "answered", "unit": "share"}
    numbers = {"better": "higher", "baseline": 0.5, "n": 200, "sd": 0.2, "method": "before-after", "success": True}
    where = {"context": {"industry": "machinery"}, "industry": "machinery", "area": "service"}
    span = {"window_start": day - timedelta(days=90), "window_end": day - timedelta(days=10), "at": now}
    if OURSELVES in values:
        work.session.add(PracticePseudonym(enterprise_id=ACME, pseudonym=OURSELVES))
    for name, value in values.items():
        found = {"pseudonym": name, "after": value, "effect": value - 0.5}
        work.session.add(PracticeEvidence(**usual, **numbers, **where, **span, **found))


def test_benchmarks_show_the_own_value_beside_the_midline(visit, advice):
    others = {f"somebody {n}": 0.5 + n / 20 for n in range(6)}
    advice.do(measured, values=others)
    advice.do(measured, values={OURSELVES: 0.9})
    page = visit("gina").get("/benchmarks").text
    (strip,) = charts_of(page)

    (place,) = strip["places"]
    assert (place["own"], place["better"]) == (0.9, "higher")
    assert place["lower"] < place["median"] < place["upper"]
    for said in ("90%", "at the midline or better", "as good as 100% or better", "6 others, Machinery", "200 cases"):
        assert said in page


def test_benchmarks_hide_what_too_few_have_measured(visit, advice):
    advice.do(measured, values={"somebody": 0.61, "somebody else": 0.72})
    advice.do(measured, values={OURSELVES: 0.9})
    page = visit("gina").get("/benchmarks").text

    assert "hidden: fewer than three others have measured it" in page
    assert charts_of(page) == []
    assert "61%" not in page
    assert "72%" not in page


def test_examples_stand_in_and_are_marked_with_their_source(visit, advice, monkeypatch):
    example = Example("triage", "answered", {"all": (0.4, 0.6, 0.8)}, "a study of 2019")
    monkeypatch.setattr(benchmark_queries, "examples", lambda: {("triage", "answered"): example})
    gina = visit("gina")
    page = gina.get("/benchmarks").text

    assert "Example" in page
    assert "a study of 2019" in page
    assert "40% … 80%" in page
    assert charts_of(page) == []
    assert "example, a study of 2019" in gina.get("/benchmarks.csv").text
    advice.do(measured, values={OURSELVES: 0.9})
    assert charts_of(gina.get("/benchmarks").text)[0]["places"][0]["note"] == "Example"


def test_without_any_figure_the_page_says_where_they_come_from(visit, advice):
    assert "Nothing to compare yet." in visit("gina").get("/benchmarks").text


def test_benchmarks_are_taken_away_as_a_file(visit, advice):
    advice.do(measured, values={f"somebody {n}": 0.5 + n / 20 for n in range(6)})
    rows = list(csv.DictReader(io.StringIO(visit("gina").get("/benchmarks.csv").data.decode("utf-8-sig"))))

    assert [(row["Own value"], row["Better is"]) for row in rows] == [("", "more")]
    assert float(rows[0]["Midline"]) == pytest.approx(0.625, abs=0.01)


def test_the_pages_speak_chinese(visit, advice):
    gina = visit("gina")
    gina.post("/language/zh_Hans")

    for page in PAGES:
        text = gina.get(page).text
        assert gina.get(page).status_code == 200
        assert "基准" in text
    assert "累计净收益" in gina.get("/portfolio").text
