"""Everything that is planted in a package, in every place of every file, is found and is gone afterwards."""

import json
import re
from functools import cache

import pytest

from engine.bpmn.reader import read_model
from engine.dmn.reader import read_dmn
from practice_repo.card import read_card
from practice_repo.practice import shipped_practices
from practice_repo.screening.finding import KnownNames, Screening
from practice_repo.screening.places import EXPRESSION, IDENTIFIER, METADATA, TEXT, VALUE, read_source
from practice_repo.screening.screen import screen

LEAD_TO_ORDER = next(path for path in shipped_practices() if path.name == "lead_to_order")
KNOWN = KnownNames(
    organisations=("Brightwater", "蓝鲸集团"),
    persons=("mschmidt", "Quentin Ardley"),
    products=("HydroMax 300", "清泉三号"),
    systems=("PumpDesk", "泵务通"),
    places=("Millbrook Yard",),
    roles={"Pump wizard": "sales_rep"},
)

PLANTED = {
    "person": [
        "Peter Hoffmann", "Ms Okafor", "Dr. Lindqvist", "Quentin Ardley", "王小明", "李娜", "张经理", "欧阳明月",
        "陈伟",
    ],
    "organisation": [
        "Northgate Valves Ltd", "Kessler Armaturen GmbH", "Acme Fluidics, Inc.", "Brightwater", "上海蓝鲸科技有限公司",
        "江苏恒通机械股份有限公司", "蓝鲸集团",
    ],
    "system": ["Salesforce", "SAP", "PumpDesk", "金蝶", "钉钉", "泵务通"],
    "product": ["HydroMax 300", "清泉三号"],
    "place": [
        "14 Foundry Lane", "Rotterdam", "Millbrook Yard", "Hafenstraße 12", "苏州市工业园区", "星湖街328号", "深圳",
    ],
    "mail": ["p.hoffmann@brightwater-pumps.com", "wangxm@lanjing.com.cn"],
    "phone": ["+49 30 9018 2000", "13812345678", "021-65529988"],
    "url": ["https://crm.brightwater-pumps.com/login", "www.lanjing-tech.cn", "10.20.30.40"],
    "tax_number": ["DE129273398", "914403001922038216", "12-3456789"],
    "account": ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32"],
    "card_number": ["4111 1111 1111 1111"],
    "identity_card": ["11010519491231002X"],
    "number": ["PO-471188", "KD-2024-00317"],
}  # fmt: skip
CONTEXT = {  # what only its surroundings give away
    "Ms Okafor": "Okafor", "Dr. Lindqvist": "Lindqvist",
    "Acme Fluidics, Inc.": "Acme Fluidics",
}  # fmt: skip
SENTENCES = {
    "李娜": "联系人:李娜", "陈伟": "请陈伟审批", "王小明": "由王小明负责", "DE129273398": "VAT no. DE129273398",
    "12-3456789": "EIN 12-3456789", "914403001922038216": "税号:914403001922038216",
}  # fmt: skip
PLANTS = [(kind, text) for kind, texts in PLANTED.items() for text in texts]
IN_IDENTIFIERS = ("brightwater", "mschmidt", "pumpdesk", "ardley", "hydromax")


def sentence(text: str) -> str:
    return SENTENCES.get(text, f"请处理:{text}" if re.search("[一-鿿]", text) else f"Please ask about {text} today")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def everything() -> str:
    return "\n".join(sentence(text) for _, text in PLANTS)


def model(told: str) -> bytes:
    """A process that says a text in every place that BPMN has for words."""
    told = escaped(told)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- {told} -->
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:brightwater="http://brightwater-pumps.com/ext"
    id="definitions_brightwater" name="{told}" targetNamespace="http://brightwater-pumps.com/bpmn"
    exporter="Brightwater Modeler" exporterVersion="9.1">
  <message id="message_brightwater" name="{told}"/>
  <signal id="signal_1" name="{told}"/>
  <collaboration id="collaboration_1">
    <documentation>{told}</documentation>
    <participant id="pool" name="{told}" processRef="brightwater_order"/>
  </collaboration>
  <process id="brightwater_order" name="{told}" isExecutable="true">
    <documentation>{told}</documentation>
    <extensionElements><praxis:property name="name:zh" value="{told}"/>
      <praxis:property name="author" value="{told}"/></extensionElements>
    <laneSet id="lanes"><lane id="lane_1" name="{told}"><flowNodeRef>ask_mschmidt</flowNodeRef></lane></laneSet>
    <startEvent id="start"><outgoing>f1</outgoing></startEvent>
    <userTask id="ask_mschmidt" name="{told}" praxis:assignee="mschmidt" praxis:formKey="brightwater_form">
      <documentation>{told}</documentation>
      <extensionElements><praxis:ioMapping>
        <praxis:input source="=&quot;{told}&quot;" target="brightwater_limit"/></praxis:ioMapping></extensionElements>
      <incoming>f1</incoming><outgoing>f2</outgoing>
    </userTask>
    <scriptTask id="count" name="Count" scriptFormat="feel"><script>="{told}" + string(brightwater_limit)</script>
      <incoming>f2</incoming><outgoing>f3</outgoing></scriptTask>
    <exclusiveGateway id="gate" name="{told}?" default="f5"><incoming>f3</incoming><outgoing>f4</outgoing>
      <outgoing>f5</outgoing></exclusiveGateway>
    <endEvent id="end_pumpdesk" name="{told}"><incoming>f4</incoming></endEvent>
    <endEvent id="end_2"><incoming>f5</incoming></endEvent>
    <sequenceFlow id="f1" sourceRef="start" targetRef="ask_mschmidt"/>
    <sequenceFlow id="f2" sourceRef="ask_mschmidt" targetRef="count"/>
    <sequenceFlow id="f3" sourceRef="count" targetRef="gate"/>
    <sequenceFlow id="f4" name="{told}" sourceRef="gate" targetRef="end_pumpdesk">
      <conditionExpression xsi:type="tFormalExpression">=customer = "{told}" and brightwater_limit &gt; 3
        // {told.splitlines()[0]}
      </conditionExpression></sequenceFlow>
    <sequenceFlow id="f5" sourceRef="gate" targetRef="end_2"/>
    <textAnnotation id="note"><text>{told}</text></textAnnotation>
    <association id="a1" sourceRef="ask_mschmidt" targetRef="note"/>
  </process>
</definitions>""".encode()


def table(told: str) -> bytes:
    told = escaped(told)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="{told}" namespace="urn:brightwater">
  <!-- {told} -->
  <description>{told}</description>
  <decision id="brightwater_discount" name="brightwater_discount">
    <description>{told}</description>
    <variable id="v" name="brightwater_discount"/>
    <decisionTable id="t" hitPolicy="FIRST">
      <input id="i" label="{told}">
        <inputExpression id="e" typeRef="string"><text>customer</text></inputExpression></input>
      <output id="o" label="{told}" name="discount"/>
      <rule id="r"><description>{told}</description><inputEntry id="ie"><text>"{told}"</text></inputEntry>
        <outputEntry id="oe"><text>"{told}"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>""".encode()


def form(told: str) -> bytes:
    content = {
        "type": "default", "id": "brightwater_form", "title": told, "exporter": {"name": told, "version": "1"},
        "components": [
            {"type": "textfield", "key": "brightwater_no", "label": told, "label:zh": told, "description": told,
             "defaultValue": told, "appearance": {"prefixAdorner": told}, "validate": {"pattern": told}},
            {"type": "select", "key": "to", "label": "To", "values": [{"label": told, "value": told}]},
            {"type": "text", "text": told + "{{brightwater_no}}"},
            {"type": "number", "key": "phone", "label": "Phone", "defaultValue": 13812345678},
        ],
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False).encode()


def card(told: str) -> bytes:
    quoted = json.dumps(told, ensure_ascii=False)
    comment = " ".join(told.split())
    return f"""# {comment}
[practice]
id = "brightwater_order"
version = "1.0.0"
kind = "process"
type = "process"
name = {{en = {quoted}, zh = {quoted}}}
summary = {{en = {quoted}, zh = {quoted}}}
area = "sales"
licence = "Apache-2.0"
process = "brightwater_order.bpmn"
[[role]]
key = "sales_rep"
name = {{en = {quoted}, zh = {quoted}}}
""".encode()


def scenarios(told: str) -> bytes:
    quoted = json.dumps(told, ensure_ascii=False)
    return f"""# {" ".join(told.split())}
[[scenario]]
name = {quoted}
description = '''{told}'''
variables = {{customer = {quoted}, brightwater_limit = 5, mobile = 13812345678, customer_no = "88-1234"}}
""".encode()


PLACES = {
    "brightwater_order.bpmn": model, "brightwater_discount.dmn": table, "forms/brightwater_form.json": form,
    "practice.toml": card, "scenarios.toml": scenarios, "README.md": lambda told: told.encode(),
}  # fmt: skip


@cache
def screened() -> Screening:
    told = everything()
    return screen({name: write(told) for name, write in PLACES.items()}, KNOWN)


def gone(text: str) -> str:
    return CONTEXT.get(text, text)


@pytest.mark.parametrize(("kind", "text"), PLANTS)
def test_a_planted_name_is_in_no_file_afterwards(kind, text):
    for name, content in screened().cleaned.items():
        assert gone(text).casefold() not in content.decode().casefold(), name


@pytest.mark.parametrize("file", PLACES)
@pytest.mark.parametrize(("kind", "text"), PLANTS)
def test_a_planted_name_alone_in_a_file_is_found_in_all_its_places(file, kind, text):
    content = PLACES[file](sentence(text))

    screening = screen({file: content}, KNOWN)

    (cleaned,) = screening.cleaned.values()
    assert gone(text).casefold() not in cleaned.decode().casefold()
    assert any(gone(text).casefold() in finding.text.casefold() for finding in screening.findings)


@pytest.mark.parametrize("name", IN_IDENTIFIERS)
def test_names_in_identifiers_and_file_names_are_gone(name):
    for file, content in screened().cleaned.items():
        assert name not in file.lower()
        assert name not in content.decode().lower()


def test_the_cleaned_files_still_read():
    cleaned = screened().cleaned

    assert screened().problems == ()
    read_model(cleaned["company_a_order.bpmn"])
    read_dmn(cleaned["company_a_discount.dmn"])
    json.loads(cleaned["forms/company_a_form.json"])
    read_card(cleaned["practice.toml"].decode())


def test_references_follow_the_new_identifiers():
    cleaned = screened().cleaned
    process = read_model(cleaned["company_a_order.bpmn"]).processes[0]
    form = json.loads(cleaned["forms/company_a_form.json"])

    task = next(element for element in process.walk() if element.type == "userTask")
    condition = process.flows["f4"].condition.feel
    assert process.id == read_card(cleaned["practice.toml"].decode()).id == "company_a_order"
    assert task.assignment.form_key.text == form["id"] == "company_a_form"
    assert task.inputs[0].target == "company_a_limit"
    assert "company_a_limit > 3" in condition
    assert b"company_a_limit = 5" in cleaned["scenarios.toml"]
    assert "{{company_a_no}}" in form["components"][2]["text"]
    assert form["components"][0]["key"] == "company_a_no"


def test_numbers_stay_numbers():
    form = json.loads(screened().cleaned["forms/company_a_form.json"])

    assert isinstance(form["components"][3]["defaultValue"], int)
    assert b"mobile = 1000000000" in screened().cleaned["scenarios.toml"]


def test_who_wrote_the_file_with_what_is_taken_out():
    cleaned = screened().cleaned

    assert b"exporter" not in cleaned["company_a_order.bpmn"]
    assert "exporter" not in json.loads(cleaned["forms/company_a_form.json"])


def test_screening_what_is_clean_finds_nothing_more_to_replace():
    again = screen(screened().cleaned)

    assert [finding.text for finding in again.findings if finding.is_replaced] == []


@pytest.mark.parametrize(
    "file", ["check_order.bpmn", "credit.dmn", "forms/fix_order.json", "practice.toml", "README.md"]
)
@pytest.mark.parametrize(
    "text", ["Peter Hoffmann", "王小明", "13812345678", "Kessler Armaturen GmbH", "anna@kessler.com"]
)
def test_a_name_written_into_every_place_of_a_shipped_file_is_gone(file, text):
    source = read_source(file, (LEAD_TO_ORDER / file).read_bytes())
    planted = {
        place.number: f'{place.text} + "{text}"' if place.mode == EXPRESSION else f"{place.text} {text}"
        for place in source.places
        if place.mode in (TEXT, VALUE, EXPRESSION, METADATA)
    }

    screening = screen({file: source.write(planted)})

    assert len(planted) > 5
    assert text not in screening.cleaned[file].decode()


def test_a_known_name_in_every_identifier_of_a_model_is_gone_and_the_model_still_reads():
    source = read_source("check_order.bpmn", (LEAD_TO_ORDER / "check_order.bpmn").read_bytes())
    planted = {
        place.number: place.text.replace("order", "brightwater_order")
        for place in source.places
        if place.mode in (IDENTIFIER, EXPRESSION, VALUE)
    }

    screening = screen({"check_order.bpmn": source.write(planted)}, KNOWN)

    assert b"brightwater" not in screening.cleaned["check_order.bpmn"]
    assert screening.problems == ()
