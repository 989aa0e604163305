"""What people see of the method's forms: links to other screens, tables in their language, choices."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.forms import read_form
from tests.processes.packs import ROOT
from webapp.form_view import FormView

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def view(name: str, language: str = "en", **variables) -> FormView:
    form = read_form((ROOT / "method" / f"{name}.json").read_bytes())
    return FormView(form, variables, now=NOW, zone=ZoneInfo("Asia/Shanghai"), language=language)


def shown(found: FormView, name: str):
    return next(each for each in found.components if name in (each.path, each.field.name))


def test_a_task_that_is_work_on_another_screen_links_to_it():
    found = view(
        "next_best_activity/forms/tailor",
        candidate_id="01a20a15-0cd7-7136",
        candidate_title="Lead to order (ours)",
        problem="",
    )
    [text, problem, choice] = found.components
    assert '<a href="/practices/01a20a15-0cd7-7136" rel="noopener">Lead to order (ours)</a>' in str(text.html)
    assert problem.is_hidden
    assert [each.value for each in choice.choices if each.is_chosen] == ["check"]


@pytest.mark.parametrize(("language", "cells"), [("en", ["Win rate", "better"]), ("zh", ["赢单率", "变好"])])
def test_measured_values_are_told_in_the_language_of_the_reader(language, cells):
    row = {
        "name": "Win rate",
        "name_zh": "赢单率",
        "verdict": "better",
        "verdict_zh": "变好",
        "before": "20 %",
        "n": 40,
    }
    found = view("rollout/forms/go_no_go", language, measured_rows=[row], has_measured=True)
    [told] = next(each.cells for each in found.components if each.type == "table")
    assert [told[0], told[3]] == cells
    assert told[1] == "20 %"


def test_nothing_measured_is_said_instead_of_an_empty_table():
    found = view("rollout/forms/go_no_go", measured_rows=[], has_measured=False)
    hidden = {each.field.name: each.is_hidden for each in found.components}
    assert hidden["measured_pilot"]
    assert not hidden["measured_pilot_none"]


def test_a_decision_asks_only_for_what_it_needs():
    choices = [{"value": "a-2", "label": "Quote approval", "label:zh": "报价审批"}]
    known = {"next_title": "Lead scoring", "next_title_zh": "线索评分", "choices": choices, "is_loss": False}
    accepted = view("next_best_activity/forms/decide", "zh", decision="accept", **known)
    assert "线索评分" in str(accepted.components[0].html)
    assert [shown(accepted, name).is_hidden for name in ("chosen", "until", "confirmed")] == [True, True, True]
    other = view("next_best_activity/forms/decide", "zh", decision="override", **known)
    assert not shown(other, "chosen").is_hidden
    assert [each.label for each in shown(other, "chosen").choices] == ["报价审批"]
    assert shown(other, "reason").is_required


def test_a_plan_can_be_sent_as_it_stands():
    form = read_form((ROOT / "method/rollout/forms/plan_rollout.json").read_bytes())
    known = {"planned_start": "2026-05-04", "department": "sales", "trainees": [{"role": "sales_rep", "people": 3}]}
    found = view("rollout/forms/plan_rollout", kpi_choices=[], **known)
    sent = {
        each.field.key: each.value for each in found.components if each.field.key and not each.is_hidden and each.value
    }
    sent["way"] = next(each.value for each in shown(found, "way").choices if each.is_chosen)
    accepted = form.accept(sent, known, NOW)
    assert accepted.errors == {}
    assert (accepted.values["way"], accepted.values["pilot_days"]) == ("pilot", 14)
