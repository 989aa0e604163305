"""Changes happen where they are told and nowhere else."""

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import processes
from engine.bpmn import read_model
from engine.bpmn.builder import ProcessBuilder
from engine.bpmn.names import PRAXIS
from engine.bpmn.writer import Editor, write_model
from engine.errors import InvalidInput, InvalidModel, NotFound

PACK_MODELS = sorted(Path(processes.__file__).parent.glob("**/*.bpmn"))

FILE = """<?xml version='1.0' encoding='UTF-8'?>
<!-- drawn by hand -->
<b:definitions xmlns:b='http://www.omg.org/spec/BPMN/20100524/MODEL'
               xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:acme="urn:acme"
               xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <b:process  id="p" acme:cost = '12 > 3'>
        <b:startEvent id="s"><b:outgoing>f</b:outgoing></b:startEvent>
        <b:userTask id='t'   name="Prüfen &amp; buchen" >
            <b:extensionElements><acme:x>&lt;keep   this&gt;</acme:x></b:extensionElements>
            <b:incoming>f</b:incoming>
            <b:outgoing>g</b:outgoing>
        </b:userTask>
        <b:exclusiveGateway id="x" default="h"><b:incoming>g</b:incoming><b:outgoing>h</b:outgoing></b:exclusiveGateway>
        <b:endEvent id="e"/>
        <b:sequenceFlow id="f" sourceRef="s" targetRef="t" />
        <b:sequenceFlow id="g" sourceRef="t" targetRef="x"><b:conditionExpression>a</b:conditionExpression>
        </b:sequenceFlow>
        <b:sequenceFlow id="h" sourceRef="x" targetRef="e"/>
        <b:boundaryEvent id="late" attachedToRef="t"/>
    </b:process>
    <di:BPMNDiagram id="dg"><di:BPMNPlane bpmnElement="p">
        <di:BPMNShape id="t_di" bpmnElement="t"><!-- kept? --></di:BPMNShape>
        <di:BPMNShape bpmnElement="late"/>
        <di:BPMNEdge id="f_di" bpmnElement="f"/>
    </di:BPMNPlane></di:BPMNDiagram>
</b:definitions>
""".replace("\n", "\r\n", 1).encode()


def changed_lines(before: bytes, after: bytes) -> list[str]:
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line for line in lines if line[0] in "+-"]


def edited(change) -> bytes:
    editor = Editor(FILE)
    change(editor)
    return editor.source()


def test_reading_and_writing_changes_nothing():
    assert Editor(FILE).source() == FILE == write_model(read_model(FILE))


@pytest.mark.parametrize("path", PACK_MODELS, ids=lambda path: path.stem)
def test_setting_what_is_there_already_changes_no_byte(path):
    source = path.read_bytes()
    editor = Editor(source)
    for process in read_model(source).processes:
        for element in process.walk():
            if '"' not in element.name and "&" not in element.name and element.name:
                editor.set_name(element.id, element.name)

    assert editor.source() == source


def test_a_name_is_changed_in_its_place_alone():
    after = edited(lambda editor: editor.set_name("t", 'A < "B"\n& C'))

    assert len(changed_lines(FILE, after)) == 2
    assert read_model(after).processes[0].elements["t"].name == 'A < "B" & C'
    assert b"&lt;keep   this&gt;" in after


def test_attributes_are_added_replaced_and_removed():
    with_form = edited(lambda editor: editor.set_attribute("t", "formKey", "offer", PRAXIS))

    assert read_model(with_form).processes[0].elements["t"].assignment.form_key.text == "offer"
    assert len(changed_lines(FILE, with_form)) == 4  # the namespace declaration and the attribute

    editor = Editor(with_form)
    editor.set_attribute("t", "formKey", None, PRAXIS)
    assert changed_lines(FILE, editor.source())[-1].strip().endswith('xmlns:praxis="urn:praxis:bpmn:1">')


def test_conditions_are_set_replaced_and_removed():
    def condition(source: bytes, flow_id: str) -> str | None:
        found = read_model(source).processes[0].flows[flow_id].condition
        return found.feel if found else None

    assert condition(edited(lambda editor: editor.set_condition("g", "b < 2")), "g") == "b < 2"
    assert condition(edited(lambda editor: editor.set_condition("h", "=c")), "h") == "c"
    assert condition(edited(lambda editor: editor.set_condition("g", None)), "g") is None
    assert len(changed_lines(FILE, edited(lambda editor: editor.set_condition("g", "b")))) == 2


def test_elements_and_flows_are_inserted_with_their_references():
    def change(editor: Editor) -> None:
        editor.insert_element("p", "serviceTask", "n", "New")
        editor.insert_flow("i", "x", "n", "amount > 1")
        editor.insert_flow("j", "n", "e")

    process = read_model(edited(change)).processes[0]

    assert (process.elements["n"].incoming, process.elements["n"].outgoing) == (("i",), ("j",))
    assert process.flows["i"].condition.feel == "amount > 1"
    assert b"<b:incoming>j</b:incoming>" in edited(change)
    assert all(line.startswith(("+", "- ")) for line in changed_lines(FILE, edited(change)))


def test_removing_takes_along_what_cannot_stay():
    after = edited(lambda editor: editor.remove("t"))
    process = read_model(after).processes[0]

    assert set(process.elements) == {"s", "x", "e"}
    assert set(process.flows) == {"h"}
    assert b"t_di" not in after
    assert b"f_di" not in after
    assert b'bpmnElement="late"' not in after
    assert b"<b:outgoing>f</b:outgoing>" not in after


def test_removing_a_default_flow_removes_the_default():
    assert read_model(edited(lambda editor: editor.remove("h"))).processes[0].elements["x"].default is None


def test_what_is_not_there_or_taken_is_told():
    with pytest.raises(NotFound, match="'nobody'"):
        Editor(FILE).set_name("nobody", "x")
    with pytest.raises(InvalidInput, match="already used"):
        Editor(FILE).insert_element("p", "task", "t")
    with pytest.raises(InvalidModel):
        Editor(b"<!DOCTYPE x><x/>")


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
def test_files_in_other_encodings_come_back_in_utf_8(encoding):
    text = FILE.decode().replace("UTF-8", encoding.removesuffix("-sig"))
    editor = Editor(text.encode(encoding))

    editor.set_name("t", "客户")

    assert read_model(editor.source()).processes[0].elements["t"].name == "客户"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=30))
def test_any_name_survives(name):
    source = ProcessBuilder("p").start("s").task("t").xml()
    editor = Editor(source)

    editor.set_name("t", name)

    assert read_model(editor.source()).processes[0].elements["t"].name == " ".join(name.split())
    editor.set_attribute("t", "name", None)
    assert editor.source() == source


@given(st.lists(st.sampled_from(["t", "x", "e", "g", "h", "late"]), unique=True, max_size=4))
def test_whatever_is_removed_the_rest_is_a_model(element_ids):
    editor = Editor(FILE)
    for element_id in element_ids:
        if f'id="{element_id}"'.encode() in editor.source().replace(b"'", b'"'):
            editor.remove(element_id)

    process = read_model(editor.source()).processes[0]

    assert not set(process.elements) & set(element_ids)
