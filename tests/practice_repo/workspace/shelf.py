"""A small practice, complete with card, rule, form and scenario, and later versions of it."""

from practice_repo.algebra.package import Package

CARD = """[practice]
id = "welcome"
version = "{version}"
kind = "process"
type = "process"
name = {{en = "Welcome customers", zh = "欢迎客户"}}
summary = {{en = "A new customer gets a call and a gift.", zh = "新客户收到电话和礼物。"}}
area = "sales"
licence = "Apache-2.0"
industries = ["machinery"]
capabilities = ["C01"]
[[pcf]]
number = 10182
name = "Manage leads/opportunities"
[[role]]
key = "sales_rep"
name = {{en = "Sales rep", zh = "销售代表"}}
[[kpi]]
key = "calls"
name = {{en = "Calls", zh = "电话数"}}
unit = "count"
better = "higher"
formula = "1"
[[variation_point]]
key = "second_call"
question = {{en = "Call twice?", zh = "是否再次致电？"}}
options = [{{key = "no", name = {{en = "No", zh = "否"}}}}, {{key = "yes", name = {{en = "Yes", zh = "是"}}}}]
default = "no"
elements = ["call"]
"""

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1"
 id="definitions_welcome" targetNamespace="urn:praxis:practices:welcome">
  <bpmn:process id="welcome" name="Welcome customers" isExecutable="true" praxis:candidateStarters="sales_rep">
    <bpmn:extensionElements><praxis:property name="name:zh" value="欢迎客户"/></bpmn:extensionElements>
    <bpmn:laneSet id="lanes">
      <bpmn:lane id="lane_sales" name="Sales" praxis:role="sales_rep">
        <bpmn:extensionElements><praxis:property name="name:zh" value="销售"/></bpmn:extensionElements>
        <bpmn:flowNodeRef>begun</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>call</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>gift</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>done</bpmn:flowNodeRef>
      </bpmn:lane>
    </bpmn:laneSet>
    <bpmn:startEvent id="begun" name="Customer won">
      <bpmn:extensionElements><praxis:property name="name:zh" value="赢得客户"/></bpmn:extensionElements>
    </bpmn:startEvent>
    <bpmn:userTask id="call" name="{call}" praxis:formKey="call">
      <bpmn:extensionElements><praxis:property name="name:zh" value="致电"/></bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:serviceTask id="gift" name="{gift}" praxis:topic="crm.gift">
      <bpmn:extensionElements><praxis:property name="name:zh" value="寄送礼物"/></bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:endEvent id="done" name="{done}">
      <bpmn:extensionElements><praxis:property name="name:zh" value="已欢迎"/></bpmn:extensionElements>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="begun_to_call" sourceRef="begun" targetRef="call"/>
    <bpmn:sequenceFlow id="call_to_gift" sourceRef="call" targetRef="gift"/>
    <bpmn:sequenceFlow id="gift_to_done" sourceRef="gift" targetRef="done"/>
  </bpmn:process>
</bpmn:definitions>
"""

FORM = (
    '{"type": "default", "id": "call", "schemaVersion": 16, "components":'
    ' [{"type": "textfield", "key": "note", "label": "Note", "label:zh": "备注"}]}'
)

SCENARIOS = """[[scenario]]
name = "usual"
[[scenario.step]]
complete = "call"
variables = {note = "glad"}
[[scenario.step]]
expect = {state = "completed", trace = ["call", "gift"]}
"""


def practice(
    version: str = "1.0.0", *, call: str = "Call the customer", gift: str = "Send a gift", done: str = "Welcomed"
) -> Package:
    """The files of the practice; the names of its elements are what versions and variants change."""
    return Package(
        {
            "README.md": b"# Welcome customers\n",
            "forms/call.json": FORM.encode(),
            "practice.toml": CARD.format(version=version).encode(),
            "process.bpmn": MODEL.format(call=call, gift=gift, done=done).encode(),
            "scenarios.toml": SCENARIOS.encode(),
        }
    )
