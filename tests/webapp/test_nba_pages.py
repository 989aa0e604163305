"""A manager sees what to do next and why, decides, and finds every number with its source."""

import re

import pytest

from practice_repo.commands.estimate import estimate
from practice_repo.nba_tables import (
    NbaActivity,
    NbaEstimate,
    NbaProfile,
    NbaRecommendation,
    NbaRollout,
    PracticeEvidence,
)
from practice_repo.queries.nba import estimates
from tests.support.advice import amounts, driven
from tests.support.office import ACME, counted_statements


def recommendation_of(advice) -> str:
    return advice.page().recommendation.row.id


def decision_of(advice) -> str:
    return f"/nba/recommendations/{recommendation_of(advice)}/decision"


# Who may look ---------------------------------------------------------------------------------------------------------


def test_strangers_sign_in_first_and_others_are_refused(visit, advice):
    assert "/sign-in" in visit().get("/nba").headers["Location"]
    ines = visit("ines")
    pages = ("/nba", "/nba/profile", "/nba/activities", f"/nba/activities/{advice.ids['K01']}")
    assert [ines.get(page).status_code for page in pages] == [403] * 4
    assert ines.post("/nba/scan").status_code == 403
    assert 'href="/nba"' not in ines.get("/cases").text
    for name in ("gina", "anna", "olga"):
        assert visit(name).get("/nba").status_code == 200
        assert 'href="/nba"' in visit(name).get("/cases").text


def test_other_enterprises_do_not_know_it(visit, advice):
    otto = visit("otto")
    recommendation, activity = recommendation_of(advice), advice.ids["K01"]

    assert "Say first how you choose." in otto.get("/nba").text
    assert otto.get(f"/nba/recommendations/{recommendation}").status_code == 404
    assert otto.get(f"/nba/activities/{activity}").status_code == 404
    otto.post("/nba/profile", {"horizon_days": "90"})
    assert otto.get(f"/nba/activities/{activity}").status_code == 404
    for verb in ("", "/estimates", "/preview", "/drop"):
        assert otto.post(f"/nba/activities/{activity}{verb}", {"reason": "x", "title": "x"}).status_code == 404
    assert otto.post(f"/nba/recommendations/{recommendation}/decision", {"decision": "accept"}).status_code in (
        403,
        404,
    )


# Empty states ---------------------------------------------------------------------------------------------------------


def test_without_a_profile_it_is_asked_for(visit, bare):
    gina = visit("gina")

    assert "Say first how you choose." in gina.get("/nba").text
    assert "Say first how you choose." in gina.get("/nba/activities").text
    assert gina.post("/nba/scan").status_code == 409


def test_without_activities_the_page_says_where_they_come_from(visit, bare):
    bare.has_a_profile()
    gina = visit("gina")

    assert "No activities yet." in gina.get("/nba").text
    assert "No activities yet." in gina.get("/nba/activities").text
    bare.adds("K01", "Customer base", "客户数据", amounts(10, 5))
    assert "Nothing compared yet." in gina.get("/nba").text


def test_the_end_of_the_method_is_friendly(visit, bare):
    bare.has_a_profile()
    bare.scans()
    page = visit("gina").get("/nba").text

    assert "No new available practice" in page
    for address in ("/library", "/needs", "/nba/activities"):
        assert f'href="{address}"' in page


def test_what_begins_later_is_told_with_its_day(visit, bare):
    bare.has_a_profile()
    bare.adds("K01", "Customer base", "客户数据", amounts(10, 5, window_from=bare.in_days(10)))
    bare.scans()
    page = visit("gina").get("/nba").text

    assert "Nothing can begin today." in page
    assert "its window opens on" in page
    assert "day 10" not in page


# The recommendation ---------------------------------------------------------------------------------------------------


def test_the_recommendation_shows_s_and_all_that_it_is_made_of(visit, advice):
    page = visit("gina").get("/nba").text

    assert "Do this next" in page
    assert re.search(r'id="recommended"><a [^>]*>Lead response within a day</a>', page)
    assert "has the best S" in page
    for said in ("Answered", "9,000 requests a year", "9,000", "Training of inside sales", "120 h × 140"):
        assert said in page
    for said in (
        "Reserve for resistance: 15%",
        "No cost factor yet",
        "What moves S most",
        "Probability of being the best",
    ):
        assert said in page
    assert "Discount ladder" in page


def test_what_is_left_out_has_its_gate_and_reason(visit, advice):
    page = visit("gina").get("/nba").text

    assert "needs “Shared customer base”" in page
    assert "costs 2,000,000, 900,000 of the budget is left" in page
    assert "needs estimate: nobody has estimated effect" in page
    assert "Time window" in page


def test_the_trace_is_told_step_by_step_with_names(visit, advice):
    page = visit("gina").get("/nba").text

    assert "N=1: S(“Shared customer base”)" in page
    assert re.search(r"N=3: .* does not beat .*: keep “Lead response within a day”", page)


def test_everything_is_told_in_chinese(visit, advice):
    gina = visit("gina")
    gina.post("/language/zh_Hans")
    page = gina.get("/nba").text

    for said in ("一天内响应线索", "需要 “共享客户数据”", "N=1：S(“共享客户数据”)", "费用 2,000,000，预算还剩 900,000"):
        assert said in page
    words = re.findall(r"needs estimate|does not beat|has the best|keep K", page)
    assert words == []


def test_what_changed_since_is_told(visit, advice):
    gina = visit("gina")
    assert "Out of date" not in gina.get("/nba").text

    advice.adds("K40", "One more", "再一个", amounts(10, 5))

    assert "Out of date: practices of the workspace have changed." in gina.get("/nba").text
    gina.post("/nba/scan")
    assert "Out of date" not in gina.page
    assert len(advice.practices.rows(NbaRecommendation)) == 2


def test_the_way_of_comparing_is_switched(visit, advice):
    gina = visit("gina")

    answer = gina.post("/nba/scan", {"mode": "closure", "stop": "positive"})

    profile = advice.practices.row(NbaProfile)
    newest = advice.page().recommendation
    assert (profile.mode, profile.stop) == ("closure", "positive")
    assert (newest.row.mode, newest.row.stop) == ("closure", "positive")
    assert "Bundles with their prerequisites" in answer.text
    assert gina.post("/nba/scan", {"mode": "dice"}).status_code == 400


def test_an_enabler_is_shown_with_what_it_opens(visit, advice):
    advice.adds("K02", "Clean customer data", "清洗客户数据", amounts(900000, 20000, prerequisites=("K01",)))
    gina = visit("gina")

    page = gina.post("/nba/scan", {"mode": "closure", "stop": "positive"}).text

    assert re.search(r'id="recommended"><a [^>]*>Shared customer base</a>', page)
    assert "S = 6.14, effect 1,000,000, cost 140,000" in page
    assert "“Shared customer base” → “Clean customer data”" in page
    sure = page[page.index("Of the whole bundle.") :]
    low, high = (float(re.search(rf"\({name}\)</dt><dd[^>]*>([\d.-]+)", sure)[1]) for name in ("P10", "P90"))
    assert low < 6.14 < high
    assert "“Shared customer base” with an effect above" not in page
    assert "scan alone would take “Lead response within a day”" in page
    assert "It is expected to cost more than it brings." in page


def test_a_running_rollout_leads_to_its_case_and_its_open_task(visit, advice):
    rollout = advice.decides("accept").rollout_id
    case = advice.office.start("enquiry", {"company": "Nordwind"}).process_instance_id

    def connect(work):
        work.session.get(NbaRollout, rollout).process_instance_id = case

    advice.store.run(connect)
    page = visit("gina").get("/nba").text

    assert f'href="/cases/{case}"' in page
    assert f"task={advice.office.task('first_contact').id}" in page
    assert "First contact" in page
    assert "being planned" in page


def test_a_plan_is_recommended_from_too(visit, advice):
    page = visit("gina").post("/nba/scan", {"mode": "plan", "stop": "exhaust"}).text

    assert "The plan starts with “" in page
    assert "The paper&#39;s scan picks “" in page


# Decisions ------------------------------------------------------------------------------------------------------------


def test_accepting_begins_the_rollout(visit, advice):
    answer = visit("gina").post(decision_of(advice), {"decision": "accept"})

    rollout = advice.practices.row(NbaRollout)
    assert rollout.activity_id == advice.ids["K05"]
    assert "Accepted: the rollout begins" in answer.text
    assert "Being rolled out" in answer.text
    assert advice.office.open_tasks() == []


def test_a_loss_is_accepted_only_when_it_is_meant(visit, bare):
    bare.has_a_profile()
    bare.adds("K01", "Customer base", "客户数据", amounts(10, 50))
    bare.starts_the_loop()
    bare.scans()
    gina = visit("gina")
    assert "It is expected to cost more than it brings." in gina.get("/nba").text

    assert gina.post(decision_of(bare), {"decision": "accept"}).status_code == 400
    assert bare.practices.rows(NbaRollout) == []
    gina.post(decision_of(bare), {"decision": "accept", "confirmed": "yes"})
    assert len(bare.practices.rows(NbaRollout)) == 1


def test_deferring_needs_a_later_day(visit, advice):
    gina = visit("gina")
    for until in ("", "someday", str(advice.now.date())):
        assert gina.post(decision_of(advice), {"decision": "defer", "until": until}).status_code == 400

    gina.post(decision_of(advice), {"decision": "defer", "until": str(advice.in_days(30)), "reason": "summer"})

    assert "deferred" in gina.page
    row = advice.practices.row(NbaRecommendation)
    assert (row.state, row.until, row.reason, row.decided_by) == ("deferred", advice.in_days(30), "summer", "gina")


def test_rejecting_and_taking_another_need_a_reason(visit, advice):
    gina = visit("gina")
    other = advice.ids["K08"]
    for values in ({"decision": "reject"}, {"decision": "override", "activity_id": other}, {"decision": "burn"}):
        assert gina.post(decision_of(advice), values).status_code == 400

    gina.post(decision_of(advice), {"decision": "override", "activity_id": other, "reason": "prices first"})

    assert advice.practices.row(NbaRollout).activity_id == other
    assert "prices first" in gina.page
    assert "another one was taken" in gina.page


def test_an_analyst_looks_but_does_not_decide(visit, advice):
    anna = visit("anna")

    assert "A general manager or a supervisor decides." in anna.get("/nba").text
    assert anna.post(decision_of(advice), {"decision": "accept"}).status_code == 403


def test_without_a_loop_nothing_is_decided(visit, bare):
    bare.has_a_profile()
    bare.adds("K01", "Customer base", "客户数据", amounts(50, 10))
    bare.scans()
    gina = visit("gina")

    assert "start it to decide" in gina.get("/nba").text
    assert gina.post(decision_of(bare), {"decision": "accept"}).status_code == 409


def test_the_loop_of_the_method_is_started_from_the_page(visit, bare):
    bare.has_a_profile()
    gina = visit("gina")
    assert "The loop has not begun." in gina.get("/nba").text

    answer = gina.post("/nba/loop")

    task = bare.office.task("profile")
    assert answer.request.path == "/worklist"
    assert answer.request.args["task"] == task.id
    assert f"task={task.id}" in gina.get("/nba").text
    gina.post("/nba/loop")
    assert bare.office.open_tasks() == ["profile"]
    assert visit("ines").post("/nba/loop").status_code == 403


def test_a_decision_is_made_once(visit, advice):
    gina, address = visit("gina"), decision_of(advice)
    gina.post(address, {"decision": "reject", "reason": "not now"})

    assert gina.post(address, {"decision": "accept"}).status_code == 409
    assert gina.post("/nba/recommendations/unknown/decision", {"decision": "accept"}).status_code in (404, 409)


def test_history_keeps_who_decided_and_old_pages_stay_as_they_were(visit, advice):
    first = recommendation_of(advice)
    gina = visit("gina")
    gina.post(decision_of(advice), {"decision": "reject", "reason": "no people"})
    advice.adds("K41", "New idea", "新想法", amounts(10, 5))
    advice.scans()

    history = gina.get("/nba").text
    old = gina.get(f"/nba/recommendations/{first}").text

    assert "no people" in history
    assert "Gina" in history
    assert "Recommended at that time" in old
    assert "Lead response within a day" in old
    assert "New idea" not in old
    assert "Accept" not in old
    assert gina.get("/nba/recommendations/unknown").status_code == 404


# The profile ----------------------------------------------------------------------------------------------------------

PROFILE = {
    "industry": "machinery",
    "employees": "1,240",
    "region": "CN",
    "channels": "web, phone",
    "licences": "telephony",
    "maturity": "2",
    "goals": "faster quotes",
    "currency": "eur",
    "starts_on": "2026-05-01",
    "horizon_days": "180",
    "period_days": "30",
    "budget": "120 000.50",
    "budget_per_period": "",
    "parallel": "2",
    "mode": "closure",
    "stop": "positive",
    "risk_appetite": "2",
    "data_quality": "85",
    "explores": "yes",
    "staff.0.role": "process_analyst",
    "staff.0.heads": "2",
    "policy.most_rollouts": "1",
    "policy.rejections": "3",
}


def test_a_profile_is_kept_and_shown_again(visit, bare):
    gina = visit("gina")
    gina.post("/nba/profile", PROFILE)

    row = bare.practices.row(NbaProfile)
    assert (row.employees, row.currency, str(row.starts_on), row.maturity) == (1240, "EUR", "2026-05-01", 2)
    assert (float(row.budget), row.budget_per_period, float(row.data_quality)) == (120000.5, None, 0.85)
    assert (row.channels, row.licences, row.staff) == (["web", "phone"], ["telephony"], {"process_analyst": "2"})
    assert (row.policy, row.explores, row.mode) == ({"most_rollouts": 1}, True, "closure")
    page = gina.get("/nba/profile").text
    for said in ('value="1240"', 'value="120,000.5"', 'value="85"', "faster quotes", 'value="web, phone"'):
        assert said in page


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"employees": "many"}, "Employees"),
        ({"budget": "NaN"}, "Budget of the time range"),
        ({"budget": "1e400"}, "Budget of the time range"),
        ({"starts_on": "yesterday"}, "First day"),
        ({"staff.0.heads": ""}, "is empty"),
        ({"mode": "dice"}, "mode"),
        ({"horizon_days": "-3"}, "horizon days"),
        ({"maturity": "9"}, "maturity"),
    ],
)
def test_what_does_not_fit_a_profile_is_told(visit, bare, values, told):
    answer = visit("gina").post("/nba/profile", PROFILE | values)

    assert answer.status_code == 400
    assert told in answer.text
    assert bare.practices.rows(NbaProfile) == []


# Activities and estimates ---------------------------------------------------------------------------------------------


def test_activities_are_listed_and_filtered(visit, advice):
    gina = visit("gina")
    everything = gina.get("/nba/activities").text
    for title in ("Shared customer base", "Lead scoring", "Stop double entry", "Discount ladder"):
        assert title in everything
    assert "2.00" in everything

    for query, expected in (
        ("area=marketing", {"Lead scoring", "Campaign budget approval", "Consent centre"}),
        ("step=computer_system", {"Shared customer base"}),
        ("change=eliminate", {"Stop double entry"}),
        ("change=improve&area=sales", {"Discount ladder"}),
        ("state=completed", set()),
    ):
        found = set(
            re.findall(r'<a href="/nba/activities/[^"]+">([^<]+)</a>', gina.get(f"/nba/activities?{query}").text)
        )
        assert found == expected, query
    assert "No activity fits." in gina.get("/nba/activities?state=completed").text


def test_an_own_activity_is_added_described_and_given_up(visit, advice):
    gina = visit("gina")
    values = {"key": "X1", "title": "Call back", "title_zh": "回电", "area": "service", "change": "strengthen"}
    answer = gina.post("/nba/activities", values | {"step": "monitoring", "kind": "technique", "note": "board"})
    row = advice.practices.row(NbaActivity, key="X1")
    assert answer.request.path == f"/nba/activities/{row.id}"
    assert (row.title_zh, row.step, row.kind, row.change) == ("回电", "monitoring", "technique", "strengthen")
    assert gina.post("/nba/activities", values).status_code == 409
    assert gina.post("/nba/activities", values | {"key": " "}).status_code == 400

    gina.post(f"/nba/activities/{row.id}", {"title": "Call back today", "title_zh": "", "change": "improve"})
    assert "Call back today" in gina.page
    assert gina.post(f"/nba/activities/{row.id}", {"change": "burn"}).status_code == 400
    assert gina.post(f"/nba/activities/{row.id}/drop").status_code == 400
    gina.post(f"/nba/activities/{row.id}/drop", {"reason": "nobody calls"})
    assert advice.practices.row(NbaActivity, key="X1").state == "aborted"
    assert "Call back" not in gina.get("/nba/activities").text


ESTIMATE = {
    "effects.0.kpi": "triage:answered",
    "effects.0.baseline": "0.6",
    "effects.0.change": "0.1",
    "effects.0.low": "0.05",
    "effects.0.high": "0.15",
    "effects.0.volume_per_year": "10,000",
    "effects.0.unit_value": "36.5",
    "effects.0.source": "counted in May",
    "effects.1.kpi": "",
    "effects.1.other": "Fewer calls",
    "effects.1.volume_per_year": "",
    "costs.0.name": "Training",
    "costs.0.role": "inside_sales",
    "costs.0.hours": "100",
    "costs.0.hourly_rate": "80",
    "costs.1.name": "Fee",
    "costs.1.amount": "1000",
    "costs.1.per_year": "yes",
    "resistance": "10",
    "success": "90",
    "full_after_days": "0",
    "duration_days": "45",
    "window_from": "2026-06-01",
    "staff.0.role": "process_analyst",
    "staff.0.heads": "1",
    "prerequisites": "K01",
    "excludes": "K08",
    "licences": "telephony, sms",
    "is_measured": "yes",
    "note": "after the workshop",
}


def test_an_estimate_is_kept_as_a_new_version(visit, advice):
    gina, activity = visit("gina"), advice.ids["K30"]
    answer = gina.post(f"/nba/activities/{activity}/estimates", ESTIMATE)

    page = advice.office.ask(estimates, activity_id=activity, enterprise_id=ACME)
    expects = page.expectation
    assert [(each.kpi, each.practice) for each in expects.effects] == [("answered", "triage"), ("Fewer calls", "")]
    assert (str(expects.resistance_share), str(expects.success), expects.duration_days) == ("0.1", "0.9", 45)
    assert (expects.prerequisites, expects.excludes, expects.licences) == (("K01",), ("K08",), ("telephony", "sms"))
    assert expects.costs[1].per_year
    assert "after the workshop" in answer.text
    assert "Version 1" in answer.text
    for said in ('value="counted in May"', 'value="Fewer calls"', 'value="2026-06-01"'):
        assert said in answer.text
    gina.post(f"/nba/activities/{activity}/estimates", ESTIMATE | {"effects.0.change": "0.12"})
    old = next(each for each in advice.practices.rows(NbaEstimate, activity_id=activity) if each.number == 1)
    assert 'value="0.1"' in gina.get(f"/nba/activities/{activity}?from={old.id}").text
    assert "version 1 of the estimate" in gina.page


def test_typing_shows_effect_cost_and_s(visit, advice):
    gina, activity = visit("gina"), advice.ids["K30"]

    page = gina.post(f"/nba/activities/{activity}/preview", ESTIMATE).text

    assert "36,000" in page  # 0.1 × 10,000 × 36.5 × 360 / 365
    assert "9,786.3" in page  # 100 h × 80 × 1.1 + 1,000 × 360 / 365
    assert "2.68" in page
    assert advice.practices.rows(NbaEstimate, activity_id=activity) == []
    told = gina.post(f"/nba/activities/{activity}/preview", ESTIMATE | {"effects.0.change": "a lot"})
    assert (told.status_code, "Gets better by" in told.text) == (200, True)
    assert "Needs an estimate: effect, cost." in gina.post(f"/nba/activities/{activity}/preview", {}).text
    costless = gina.post(f"/nba/activities/{activity}/preview", {"lump_effect": "5", "costs_nothing": "yes"}).text
    assert "Is no staff time needed?" in costless


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"effects.0.change": "a lot"}, "Gets better by"),
        ({"costs.0.hours": "-5"}, "below 0"),
        ({"success": "140"}, "probability of success"),
        ({"window_to": "2026-05-01"}, "swap them"),
        ({"effects.0.low": "0.3", "effects.0.change": ""}, "swap them"),
        ({"effects.0.change": "0.2"}, "outside of its range"),
        ({"effects.0.change": "0.01"}, "outside of its range"),
        ({"prerequisites": "K99"}, "K99"),
        ({"excludes": "K01"}, "K01"),
        ({"duration_days": "-1"}, "Days until go-live"),
    ],
)
def test_what_does_not_fit_an_estimate_is_told(visit, advice, values, told):
    activity = advice.ids["K30"]

    answer = visit("gina").post(f"/nba/activities/{activity}/estimates", ESTIMATE | values)

    assert answer.status_code == 400
    assert told in answer.text
    assert advice.practices.rows(NbaEstimate, activity_id=activity) == []


def measured_elsewhere(advice, *improvements: float) -> None:
    """What so many other enterprises measured of the small practice's only figure."""

    def keep(work):
        for n, improvement in enumerate(improvements):
            work.session.add(
                PracticeEvidence(
                    item_id="triage",
                    version="1.0.0",
                    package_digest="0" * 64,
                    pseudonym=f"somebody {n}",
                    kpi="answered",
                    unit="share",
                    better="higher",
                    baseline=0.5,
                    after=0.5 * (1 + improvement),
                    effect=0.5 * improvement,
                    n=200,
                    sd=0.2,
                    method="before-after",
                    window_start=advice.in_days(-90),
                    window_end=advice.in_days(-10),
                    at=advice.now,
                    context={},
                    industry="machinery",
                    area="service",
                    success=True,
                )
            )

    advice.store.run(keep)


def test_what_others_measured_counts_with_the_own_guess(visit, advice):
    measured_elsewhere(advice, 0.2, 0.22, 0.24)
    candidate = advice.practices.acquired()
    advice.practices.without_wrong_scenario(candidate)
    advice.practices.made_available(candidate)
    advice.scans()
    activity = advice.practices.row(NbaActivity, candidate_id=candidate).id
    advice.do(estimate, activity_id=activity, expectation=driven())
    gina = visit("gina")

    page = gina.get(f"/nba/activities/{activity}").text

    assert "What others measured" in page
    assert "better by 22%" in page
    assert page.count("based on 3 deployments, 3 in your industry; rest from all practices") == 2
    assert "own guess 0.08" in page
    gina.post("/language/zh_Hans")
    assert "依据 3 次实施，其中本行业 3 次" in gina.get(f"/nba/activities/{activity}").text
    assert "What others measured" not in gina.get(f"/nba/activities/{advice.ids['K05']}").text


def test_own_estimates_count_as_far_as_earlier_ones_came_true(visit, advice):
    rollout = advice.decides("override", activity_id=advice.ids["K08"], reason="Prices first").rollout_id

    def brings_half(work):
        found = work.session.get(NbaRollout, rollout)
        found.state, found.success, found.finished_at = "completed", True, advice.now
        found.actual_effect, found.actual_cost = found.planned_effect / 2, found.planned_cost

    advice.store.run(brings_half)

    page = visit("gina").get(f"/nba/activities/{advice.ids['K05']}").text

    assert "83% of the guess of 0.08: so far do own estimates come true" in page


SUGGESTION = """[estimate]
effect_drivers = [{kpi = "answered", formula = "share * 400", unit = "share"}]
cost_drivers = [{name = "Scanner", amount = 900}]"""


def test_prerequisites_may_not_go_round_in_a_circle(visit, advice):
    answer = visit("gina").post(f"/nba/activities/{advice.ids['K01']}/estimates", {"prerequisites": "K03"})

    assert answer.status_code == 400
    assert "K01 needs K03 needs K01" in answer.text


def test_todays_value_of_a_figure_comes_from_real_cases(visit, advice):
    gina, activity = visit("gina"), advice.ids["K30"]

    page = gina.post(f"/nba/activities/{activity}/today", ESTIMATE).text

    assert "No case of the last 90 days tells these figures" in page
    assert 'value="counted in May"' in page
    assert advice.practices.rows(NbaEstimate, activity_id=activity) == []
    candidate = advice.practices.acquired()
    advice.practices.without_wrong_scenario(candidate)
    advice.practices.made_available(candidate)
    advice.office.start("triage", {"amount": 10})
    advice.office.complete("look", {"fine": True})
    advice.office.clock.pass_by(hours=1)
    page = gina.post(f"/nba/activities/{activity}/today", ESTIMATE).text
    assert "Today's values come from the cases" in page
    assert re.search(r'name="effects.0.baseline"[^>]*value="1(\.0+)?"', page)


def test_a_practice_brings_what_its_card_suggests(visit, advice):
    candidate = advice.practices.acquired()
    advice.practices.without_wrong_scenario(candidate)
    advice.practices.edit(candidate, "[[kpi]]", f"{SUGGESTION}\n[[kpi]]", name="practice.toml")
    advice.practices.made_available(candidate)
    gina = visit("gina")
    gina.post("/nba/scan")
    row = advice.practices.row(NbaActivity, candidate_id=candidate)

    assert "Fill in what the card suggests" in gina.get(f"/nba/activities/{row.id}").text
    page = gina.get(f"/nba/activities/{row.id}?from=card").text

    assert "card suggests: hours at its example rates" in page
    assert 'value="triage:answered" selected' in page
    assert 'value="share * 400"' in page
    assert 'value="900"' in page
    assert advice.practices.rows(NbaEstimate, activity_id=row.id) == []
    assert gina.post(f"/nba/activities/{row.id}", {"title": "Mine"}).status_code == 400
    assert gina.post(f"/nba/activities/{row.id}/drop", {"reason": "no"}).status_code == 409


def test_pages_take_the_same_statements_however_much_there_is(visit, advice):
    gina = visit("gina")

    def statements() -> list[int]:
        found = []
        for page in ("/nba", "/nba/activities", f"/nba/activities/{advice.ids['K05']}"):
            with counted_statements(advice.store) as counted:
                gina.get(page)
            found.append(len(counted))
        return found

    before = statements()
    for n in range(8):
        advice.adds(f"L{n}", f"More {n}", f"更多{n}", amounts(100 + n, 50))
    advice.scans()

    assert statements() == before
