"""Champion and challenger on screen: start from a practice, look, stop, and what is refused."""

import re

import pytest

from practice_repo.commands.look_at_experiment import look_at_experiment
from practice_repo.commands.stop_experiment import stop_experiment
from practice_repo.nba_tables import NbaExperiment
from practice_repo.outcomes.experiment import CHAMPION, choose_variant
from tests.support.office import BOSS, counted_statements
from tests.webapp.test_browser import address as address
from tests.webapp.test_browser import serious, sign_in

MEASURES = """
[[fact]]
key = "hours"
formula = "hours_between(started_at, last.look.ended_at)"
[[fact]]
key = "is_fine"
formula = "fine"
[[kpi]]
key = "mean_hours"
name = {en = "Hours until looked at", zh = "查看所需小时"}
unit = "hours"
better = "lower"
formula = "mean(cases[hours != null].hours)"
[[kpi]]
key = "fine_share"
name = {en = "Fine requests", zh = "合格请求"}
unit = "share"
better = "higher"
formula = "count(cases[is_fine = true]) / count(cases)"
[[variation_point]]"""
FORM = {
    "kpi": "mean_hours",
    "planned_cases": "40",
    "share": "50",
    "settle_days": "0",
    "against": "",
    "guard.fine_share": "5",
}


@pytest.fixture
def candidate_id(practices) -> str:
    """A practice in two versions, the second one in use."""
    found = practices.acquired()
    practices.without_wrong_scenario(found)
    practices.edit(found, "\n[[variation_point]]", MEASURES, name="practice.toml")
    practices.made_available(found)
    practices.edit(found, 'name="Look at it"', 'name="Look closely"')
    practices.made_available(found)
    return found


@pytest.fixture
def anna(visit, candidate_id):
    return visit("anna")


@pytest.fixture
def running(anna, practices, candidate_id) -> str:
    anna.post("/experiments", {"candidate": candidate_id} | FORM)
    return practices.row(NbaExperiment).id


def work_on(practices, experiment_id: str, cases: int, champion: float = 9, challenger: float = 3) -> None:
    """As many cases each way, quicker or slower by turns."""
    office, keys = practices.office, {}
    for number in range(4 * cases):
        keys.setdefault(choose_variant(f"r-{number}", 0.5, experiment_id), []).append(f"r-{number}")
    for number, (one, other) in enumerate(zip(*keys.values(), strict=False)):
        if 2 * number >= cases:
            return
        for key in (one, other):
            is_champion = choose_variant(key, 0.5, experiment_id) == CHAMPION
            office.start("triage", {"amount": 10}, business_key=key)
            office.clock.pass_by(hours=(champion if is_champion else challenger) + number % 3)
            office.complete("look", {"fine": True}, actor=BOSS)


def test_without_experiments_the_list_leads_to_the_practices(visit, practices):
    assert "No experiment yet." in visit("ines").get("/experiments").text


def test_the_practice_leads_to_an_experiment_against_its_former_version(anna, candidate_id):
    overview = anna.get(f"/practices/{candidate_id}").text
    page = anna.get(f"/experiments/new?candidate={candidate_id}").text

    assert f"/experiments/new?candidate={candidate_id}" in overview
    assert "The former version: Triage, version 1" in page
    assert "Hours until looked at (lower is better)" in page
    assert "(percentage points)" in page
    assert "Answered" not in page.split('name="kpi"')[1].split("</select>")[0]  # a constant, no case tells it


def test_an_experiment_is_started_with_its_guardrails(anna, practices, candidate_id):
    page = anna.post("/experiments", {"candidate": candidate_id} | FORM).text

    row = practices.row(NbaExperiment)
    assert "The experiment runs" in page
    assert (row.kpi, row.planned_cases, row.share) == ("mean_hours", 40, 0.5)
    assert row.guardrails == [{"kpi": "fine_share", "tolerance": 0.05}]
    assert f"/experiments/{row.id}" in anna.get("/experiments").text
    overview = anna.get(f"/practices/{candidate_id}").text
    assert f'href="/experiments/{row.id}"' in overview
    assert "it ends the running experiment" in overview
    again = anna.get(f"/experiments/new?candidate={candidate_id}")
    assert again.headers["Location"].endswith(f"/experiments/{row.id}")


@pytest.mark.parametrize(
    ("wrong", "status", "text"),
    [
        ({"planned_cases": "many"}, 400, "A number was expected"),
        ({"planned_cases": "NaN"}, 400, "A number was expected"),
        ({"settle_days": "-3"}, 400, "0 to 3660 days"),
        ({"share": "100"}, 400, "share above 0 and below 1"),
        ({"kpi": "answered"}, 400, "that the cases of"),
        ({"guard.fine_share": "-1"}, 400, "tolerance"),
        ({"candidate": "nothing"}, 404, "no practice"),
    ],
)
def test_what_does_not_fit_is_refused(anna, practices, candidate_id, wrong, status, text):
    answer = anna.post("/experiments", {"candidate": candidate_id} | FORM | wrong)

    assert (answer.status_code, text in answer.text) == (status, True)
    assert practices.rows(NbaExperiment) == []


def test_a_second_one_is_told_that_one_runs(anna, candidate_id, running):
    answer = anna.post("/experiments", {"candidate": candidate_id} | FORM)

    assert (answer.status_code, "running already" in answer.text) == (409, True)


def test_the_page_shows_both_ways_the_difference_the_bounds_and_the_guardrails(anna, practices, running):
    work_on(practices, running, 24, champion=5, challenger=5)
    anna.post(f"/experiments/{running}/looks")

    page = anna.get(f"/experiments/{running}").text

    assert page.count("95 % interval:") == 2
    assert page.count("12 cases") == 2
    assert "of 40 planned cases" in page
    assert re.search(r"60 %</td><td[^>]*>± \d\.\d\d</td><td[^>]*>[+-]\d\.\d\d</td><td>not clear", page)
    assert re.search(r"75 %</td><td[^>]*>± \d\.\d\d</td><td[^>]*>–</td><td>ahead", page)
    assert "may become worse by 5.0 percentage points" in page
    assert "holds" in page
    assert "Not clear yet" in page


def test_a_case_counts_when_it_has_settled(anna, practices, candidate_id):
    practices.office.start("triage", {"amount": 10}, business_key="earlier")
    practices.office.clock.pass_by(days=2)
    practices.office.complete("look", {"fine": True}, actor=BOSS)
    assert re.search(r'name="settle_days"[^>]*value="2"', anna.get(f"/experiments/new?candidate={candidate_id}").text)
    anna.post("/experiments", {"candidate": candidate_id} | FORM | {"settle_days": "3"})
    running = practices.row(NbaExperiment).id
    work_on(practices, running, 2)

    early = anna.get(f"/experiments/{running}").text
    practices.office.clock.pass_by(days=3)
    late = anna.get(f"/experiments/{running}").text

    assert "a case counts after 3 days" in early
    assert (early.count("0 cases,"), late.count("1 case,")) == (2, 2)


def test_a_look_that_is_clear_ends_it(anna, practices, running):
    work_on(practices, running, 36)

    page = anna.post(f"/experiments/{running}/looks").text

    assert "The challenger is better. The challenger gets all new cases." in page
    assert "Look now" not in page
    assert practices.row(NbaExperiment).verdict == "challenger_better"


def test_stopping_needs_a_reason_and_keeps_the_chosen_way(anna, practices, running):
    assert anna.post(f"/experiments/{running}/end", {"keep": "champion", "reason": ""}).status_code == 400

    page = anna.post(f"/experiments/{running}/end", {"keep": "challenger", "reason": "Season is over"}).text

    assert "Stopped by somebody" in page
    assert "Season is over" in page
    assert practices.row(NbaExperiment).state == "ended"


def test_a_newer_version_is_told(anna, practices, candidate_id, running):
    practices.edit(candidate_id, 'name="Look closely"', 'name="Look twice"')
    practices.made_available(candidate_id)

    assert "A newer version was made available" in anna.get(f"/experiments/{running}").text
    assert "A newer version came in between" in anna.post(f"/experiments/{running}/looks").text


def test_people_without_the_role_read_and_change_nothing(visit, practices, candidate_id, running):
    ines = visit("ines")

    page = ines.get(f"/experiments/{running}")
    assert (page.status_code, "Look now" in page.text) == (200, False)
    assert ines.post(f"/experiments/{running}/looks").status_code == 403
    assert ines.post(f"/experiments/{running}/end", {"keep": "champion", "reason": "mine"}).status_code == 403
    assert ines.get(f"/experiments/new?candidate={candidate_id}").status_code == 403
    assert practices.row(NbaExperiment).state == "running"


def test_another_enterprise_finds_nothing(visit, practices, candidate_id, running):
    otto = visit("otto")

    assert running not in otto.get("/experiments").text
    assert otto.get(f"/experiments/{running}").status_code == 404
    assert otto.get(f"/experiments/new?candidate={candidate_id}").status_code == 404
    assert otto.post(f"/experiments/{running}/looks").status_code == 404
    assert otto.post(f"/experiments/{running}/end", {"keep": "champion", "reason": "mine"}).status_code == 404
    assert otto.post("/experiments", {"candidate": candidate_id} | FORM).status_code == 404


def test_the_pages_speak_chinese(anna, practices, candidate_id, running):
    anna.post("/language/zh_Hans")

    for path in ("/experiments", f"/experiments/{running}"):
        page = anna.get(path).text
        assert "分诊" in page
        assert "查看所需小时" in page
    anna.post(f"/experiments/{running}/end", {"keep": "champion", "reason": "季节已过"})
    assert "查看所需小时" in anna.get(f"/experiments/new?candidate={candidate_id}").text


def test_the_statements_of_a_page_do_not_grow_with_the_cases(anna, practices, running):
    def statements() -> int:
        with counted_statements(practices.store) as sent:
            anna.get(f"/experiments/{running}")
        return len(sent)

    work_on(practices, running, 2)
    few = statements()
    work_on_more(practices, running)

    assert statements() == few


def work_on_more(practices, running: str) -> None:
    for number in range(6):
        practices.office.start("triage", {"amount": 10}, business_key=f"more-{number}")


@pytest.mark.parametrize(("language", "scheme", "width"), [("en-GB", "light", 1440), ("zh-CN", "dark", 390)])
def test_the_pages_are_accessible_and_fit_the_screen(
    chromium, address, practices, candidate_id, running, language, scheme, width
):
    work_on(practices, running, 24, champion=5, challenger=5)
    practices.do(look_at_experiment, experiment_id=running)
    viewport = {"width": width, "height": 900}
    context = chromium.new_context(base_url=address, locale=language, color_scheme=scheme, viewport=viewport)
    page = context.new_page()
    sign_in(page, "anna")

    found = shown(page, f"/experiments/{running}") + shown(page, "/experiments")
    practices.do(stop_experiment, experiment_id=running, reason="enough", keep="challenger")
    found += shown(page, f"/experiments/{running}") + shown(page, f"/experiments/new?candidate={candidate_id}")
    context.close()

    assert not found, "\n".join(found)


def shown(page, path: str) -> list[str]:
    """What is wrong with the page for people who see little or have a small screen."""
    answer = page.goto(path)
    page.wait_for_load_state("networkidle")
    found = serious(page, path)
    if answer.status != 200:
        found.append(f"{answer.status} on {path}")
    if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
        found.append(f"too wide: {path}")
    return found
