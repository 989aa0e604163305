"""A small whole practice for the modeler's tests: one process, one decision table, two forms, three scenarios."""

import json

from engine.bpmn.layout import lay_out_xml
from practice_repo.algebra.package import Package
from tests.support import models

CARD = """
[practice]
id = "triage"
version = "1.0.0"
kind = "process"
type = "process"
name = {en = "Triage", zh = "分诊"}
summary = {en = "Look at a request and answer it.", zh = "查看请求并答复。"}
area = "service"
capabilities = ["C01"]
licence = "Apache-2.0"
[[pcf]]
number = 10182
name = "Manage requests"
[[role]]
key = "clerk"
name = {en = "Clerk", zh = "文员"}
[[role]]
key = "manager"
name = {en = "Manager", zh = "经理"}
[[kpi]]
key = "answered"
name = {en = "Answered", zh = "已答复"}
unit = "share"
better = "higher"
formula = "1"
[[variation_point]]
key = "approval"
question = {en = "Who approves?", zh = "谁审批?"}
default = "manager"
elements = ["approve"]
options = [{key = "manager", name = {en = "Manager", zh = "经理"}}, {key = "none", name = {en = "Nobody", zh = "无"}}]
"""
SCENARIOS = """# Played in the tests.
[[scenario]]
name = "small request"
variables = {amount = 10}
[[scenario.step]]
complete = "look"
variables = {fine = true}
[[scenario.step]]
expect = {state = "completed", trace = ["answered"], never = ["approve"]}

[[scenario]]
name = "large request"
variables = {amount = 5000}
[[scenario.step]]
complete = "look"
variables = {fine = true}
[[scenario.step]]
complete = "approve"
variables = {approved = true}
[[scenario.step]]
expect = {state = "completed"}

[[scenario]]
name = "wrong expectation"
variables = {amount = 10}
[[scenario.step]]
expect = {waiting = ["approve"]}
"""
DECISION = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="level_file" name="Level" namespace="urn:test">
  <decision id="level" name="Level">
    <variable id="level_variable" name="level" typeRef="number"/>
    <decisionTable id="level_table" hitPolicy="FIRST">
      <input id="level_amount" label="Amount"><inputExpression id="level_amount_expression" typeRef="number"><text>amount</text></inputExpression></input>
      <output id="level_result" label="Level" name="level" typeRef="number"/>
      <rule id="rule_small"><inputEntry id="small_in"><text>&lt; 1000</text></inputEntry><outputEntry id="small_out"><text>0</text></outputEntry></rule>
      <rule id="rule_large"><inputEntry id="large_in"><text>-</text></inputEntry><outputEntry id="large_out"><text>1</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
"""  # noqa: E501  one line per rule


def _form(key: str, title: str, title_zh: str, *components: dict) -> bytes:
    form = {"type": "default", "id": key, "schemaVersion": 16, "title": title, "title:zh": title_zh}
    return json.dumps({**form, "components": list(components)}, ensure_ascii=False, indent=2).encode()


def process_model() -> bytes:
    """Look → level → large? → approve → answered."""

    def node(kind: str, element_id: str, english: str, chinese: str, attributes: str = "") -> str:
        inside = models.properties(**{"name:zh": chinese})
        return f'<bpmn:{kind} id="{element_id}" name="{english}" {attributes}>{inside}</bpmn:{kind}>'

    parts = [
        node("startEvent", "request_in", "Request", "请求"),
        node("userTask", "look", "Look at it", "查看", 'praxis:formKey="look" praxis:due="PT4H"'),
        node("businessRuleTask", "rate", "Level", "级别", 'praxis:decision="level" praxis:resultVariable="level"'),
        node("exclusiveGateway", "large", "Large?", "大额?", 'default="large_to_answered"'),
        node("userTask", "approve", "Approve", "审批", 'praxis:formKey="approve"'),
        node("endEvent", "answered", "Answered", "已答复"),
        models.flow("request_in", "look"),
        models.flow("look", "rate"),
        models.flow("rate", "large"),
        models.flow("large", "approve", "=level > 0"),
        models.flow("large", "answered"),
        models.flow("approve", "answered"),
    ]
    lanes = models.lanes(clerk=["request_in", "look", "rate", "large", "answered"], manager=["approve"])
    process = models.process("triage", lanes, *parts, name="Triage", attributes='praxis:searchable="amount"')
    return lay_out_xml(models.model(process))


def small_practice() -> Package:
    """The files of the practice."""
    return Package(
        {
            "practice.toml": CARD.encode(),
            "process.bpmn": process_model(),
            "level.dmn": DECISION.encode(),
            "forms/look.json": _form(
                "look",
                "Look at it",
                "查看",
                {"type": "checkbox", "id": "fine", "key": "fine", "label": "Fine", "label:zh": "可以", "ours": "kept"},
                {"type": "textfield", "id": "note", "key": "note", "label": "Note", "label:zh": "备注"},
            ),
            "forms/approve.json": _form(
                "approve",
                "Approve",
                "审批",
                {"type": "checkbox", "id": "approved", "key": "approved", "label": "Approved", "label:zh": "批准"},
            ),
            "scenarios.toml": SCENARIOS.encode(),
            "README.md": b"# Triage\n\nLook at a request and answer it.\n",
        }
    )
