import json
from pathlib import Path

import pytest

from practice_repo.practice import Practice, read_card
from practice_repo.practice_check import check_practice

CARD = (Path(__file__).parent / "card.toml").read_text(encoding="utf-8")

BPMN = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1"
 targetNamespace="t" id="m"><process id="returns" name="Returns" isExecutable="true">
<laneSet id="ls"><lane id="lane1" name="Clerk" praxis:role="clerk"><flowNodeRef>start</flowNodeRef>
<flowNodeRef>inspect</flowNodeRef><flowNodeRef>rate</flowNodeRef><flowNodeRef>end</flowNodeRef></lane></laneSet>
<startEvent id="start" name="Goods back"><extensionElements><praxis:property name="name:zh" value="退回"/>
</extensionElements><outgoing>f1</outgoing></startEvent>
<userTask id="inspect" name="Inspect" praxis:formKey="intake" praxis:touchpoint="intake"><extensionElements>
<praxis:property name="name:zh" value="检验"/></extensionElements><incoming>f1</incoming>
<outgoing>f2</outgoing></userTask>
<businessRuleTask id="rate" name="Rate" praxis:decision="rating" praxis:resultVariable="rating"><extensionElements>
<praxis:property name="name:zh" value="评级"/></extensionElements><incoming>f2</incoming><outgoing>f3</outgoing>
</businessRuleTask>
<endEvent id="end" name="Done"><extensionElements><praxis:property name="name:zh" value="完成"/></extensionElements>
<incoming>f3</incoming></endEvent>
<sequenceFlow id="f1" sourceRef="start" targetRef="inspect"/>
<sequenceFlow id="f2" sourceRef="inspect" targetRef="rate"/>
<sequenceFlow id="f3" sourceRef="rate" targetRef="end"/></process></definitions>"""
DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="d" namespace="urn:d">
<decision id="rating" name="rating"><variable name="rating"/><decisionTable><input><inputExpression>
<text>damage</text></inputExpression></input><output/>
<rule><inputEntry><text>&lt; 5</text></inputEntry><outputEntry><text>"ok"</text></outputEntry></rule>
<rule><inputEntry><text>&gt;= 5</text></inputEntry><outputEntry><text>"bad"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
FORM = {
    "type": "default",
    "id": "intake",
    "components": [
        {"type": "textfield", "key": "serial_number", "label": "Serial number", "label:zh": "序列号"},
        {"type": "number", "key": "damage", "label": "Damage", "label:zh": "损坏"},
    ],
}
SCENARIOS = '[[scenario]]\nname = "happy"\n'


def practice(card=CARD, bpmn=BPMN, dmn=DMN, form=FORM, forms=None, scenarios=SCENARIOS, readme="# Returns"):
    return Practice(
        card=read_card(card),
        models={"process.bpmn": bpmn.encode()},
        decisions={"rating.dmn": dmn.encode()} if dmn else {},
        forms=forms if forms is not None else {"intake": json.dumps(form).encode()},
        scenarios=scenarios,
        readme=readme,
    )


def own_rules(found):
    return sorted({finding.rule for finding in found if finding.rule.startswith("practice-")})


def test_a_practice_in_which_everything_fits_has_no_error():
    found = check_practice(practice())

    assert [finding for finding in found if finding.severity == "error"] == []
    assert own_rules(found) == []


@pytest.mark.parametrize(
    ("changes", "rule", "said"),
    [
        ({"bpmn": BPMN.replace(' praxis:formKey="intake"', "")}, "practice-form", "needs a form"),
        ({"forms": {}}, "practice-form", "forms/intake.json is missing"),
        (
            {"forms": {"intake": json.dumps(FORM).encode(), "extra": json.dumps({**FORM, "id": "extra"}).encode()}},
            "practice-form-unused",
            "forms/extra.json is used by no",
        ),
        ({"forms": {"intake": b"{"}}, "practice-unreadable", "forms/intake.json"),
        ({"bpmn": "<x/>"}, "practice-unreadable", "process.bpmn"),
        ({"dmn": "<x/>"}, "practice-unreadable", "rating.dmn"),
        ({"form": {**FORM, "components": FORM["components"][1:]}}, "practice-touchpoint", "requires 'serial_number'"),
        (
            {"form": {**FORM, "components": [*FORM["components"], {"type": "textfield", "key": "birthday"}]}},
            "practice-touchpoint",
            "asks for 'birthday'",
        ),
        ({"bpmn": BPMN.replace('touchpoint="intake"', 'touchpoint="other"')}, "practice-touchpoint", "'other' is not"),
        ({"bpmn": BPMN.replace('role="clerk"', 'role="boss"')}, "practice-role", "the role 'boss'"),
        (
            {"bpmn": BPMN.replace('praxis:formKey="intake"', 'praxis:formKey="intake" praxis:candidateGroups="boss"')},
            "practice-role",
            "candidate group 'boss'",
        ),
        ({"dmn": ""}, "practice-decision", "'rating' is in no .dmn"),
        ({"bpmn": BPMN.replace('decision="rating"', 'topic="x"')}, "practice-decision-unused", "'rating'"),
        ({"card": CARD.replace('["inspect"]', '["nowhere"]')}, "practice-variation-point", "'nowhere'"),
        ({"card": CARD.replace("mean(durations)", "mean(")}, "practice-formula", "KPI 'lead_time'"),
        ({"bpmn": BPMN.replace(' name="Done"', "")}, "practice-name", "needs an English name"),
        ({"bpmn": BPMN.replace('value="完成"', 'value=""')}, "practice-name", "has no Chinese name"),
        ({"bpmn": BPMN.replace('process id="returns"', 'process id="other"')}, "practice-process-id", "'returns'"),
        ({"readme": " "}, "practice-readme", "README.md"),
        ({"scenarios": ""}, "practice-scenarios", "has no [[scenario]]"),
        ({"scenarios": "["}, "practice-scenarios", "is not TOML"),
    ],
)
def test_what_does_not_fit_is_found(changes, rule, said):
    found = [finding for finding in check_practice(practice(**changes)) if finding.rule == rule]

    assert found, own_rules(check_practice(practice(**changes)))
    assert any(said in str(finding) for finding in found), [str(finding) for finding in found]


def test_findings_of_tables_and_forms_are_among_them():
    gap = DMN.replace("&gt;= 5", "&gt; 5")
    form = {**FORM, "components": [{**FORM["components"][0], "label:zh": None}, FORM["components"][1]]}

    rules = {finding.rule for finding in check_practice(practice(dmn=gap, form=form))}

    assert {"dmn-gap", "form-translation"} <= rules
