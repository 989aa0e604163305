import dataclasses
import json
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn.reader import read_model
from engine.dmn import read_dmn
from engine.errors import InvalidModel
from engine.forms.reader import read_form
from practice_repo.algebra.difference import difference
from practice_repo.algebra.document import FORMATS, read_document
from practice_repo.practice import folder_files, shipped_practices
from tests.conformance.catalogue import CASES
from tests.practice_repo.algebra.edits import document, edited, round_trip, shipped

MODELS, DECISIONS, FORMS = shipped(".bpmn"), shipped(".dmn"), shipped(".json")
CARDS = [*shipped("practice.toml"), *shipped("scenarios.toml")]
RICH = Path(__file__).parent / "rich.bpmn"  # every construct that a drawing tool may write
APART = {"line", "source", "digest", "uid"}


def printed(found):
    """The file as it is put together from the records."""
    return import_module(FORMATS[found.kind]).write(found)


def meaning(value):
    """A model of the engine without lines and texts of the file."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.name not in APART]
        return {name: meaning(getattr(value, name)) for name in names}
    if isinstance(value, (list, tuple)):
        return [meaning(each) for each in value]
    if hasattr(value, "items"):
        return {key: meaning(value[key]) for key in sorted(value)}
    return value


@pytest.mark.parametrize("path", [*MODELS, *DECISIONS, *FORMS, *CARDS], ids=lambda path: path.name)
def test_reading_what_was_written_gives_the_same_document(path):
    found = document(path)

    again = read_document(path.name, printed(found))

    assert (again.fingerprint, again.digest, again.layout) == (found.fingerprint, found.digest, found.layout)


@pytest.mark.parametrize("folder", shipped_practices(), ids=lambda folder: folder.name)
def test_a_file_that_was_only_read_comes_back_byte_for_byte(folder):
    for name, content in folder_files(folder).items():
        assert read_document(name, content).write() == content


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_a_written_model_means_the_same_to_the_engine(path):
    assert meaning(read_model(printed(document(path)))) == meaning(read_model(path.read_bytes()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.construct}: {case.promise}")
def test_every_construct_that_runs_is_written_back(case):
    found = read_document("case.bpmn", case.model)

    assert read_document("case.bpmn", printed(found)).fingerprint == found.fingerprint
    assert meaning(read_model(printed(found))) == meaning(read_model(case.model))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_a_written_decision_means_the_same_to_the_engine(path):
    assert meaning(read_dmn(printed(document(path)))) == meaning(read_dmn(path.read_bytes()))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_written_form_has_the_same_content(path):
    assert json.loads(printed(document(path))) == json.loads(path.read_bytes())


@pytest.mark.parametrize("path", CARDS, ids=lambda path: f"{path.parent.name} {path.name}")
def test_a_written_card_has_the_same_content(path):
    assert tomllib.loads(printed(document(path)).decode()) == tomllib.loads(path.read_text(encoding="utf-8"))


@given(path=st.sampled_from([*MODELS, *DECISIONS, *FORMS]), seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_the_engine_reads_what_edited_documents_write(path, seed):
    written = edited(document(path), seed).write()

    {".bpmn": read_model, ".dmn": read_dmn, ".json": read_form}[path.suffix](written)


def test_everything_that_bpmn_has_is_kept():
    source = RICH.read_bytes()
    found = read_document("rich.bpmn", source)

    written = printed(found)

    again = read_document("rich.bpmn", written)
    assert (again.fingerprint, again.layout) == (found.fingerprint, found.layout)
    one, other = read_model(source).processes[0], read_model(written).processes[0]
    assert meaning([one.elements, one.flows, one.data_objects]) == meaning(
        [other.elements, other.flows, other.data_objects]
    )
    assert {record.kind for record in found.records.values()} >= {"interface", "categoryValue", "dataStore", "group"}


def test_an_export_of_everything_by_another_tool_changes_nothing():
    found = read_document("rich.bpmn", RICH.read_bytes())
    foreign = read_document("rich.bpmn", round_trip(RICH.read_bytes()))

    assert difference(found, foreign) == ()
    assert foreign.digest == found.digest


def model(*parts, attributes=""):
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {attributes}><process id="p">{"".join(parts)}'
        "</process></definitions>"
    ).encode()


def records(*parts):
    return read_document("m.bpmn", model(*parts)).records


def test_lineage_is_the_uid_or_else_the_id():
    found = records('<task id="a" praxis:uid="origin"/>', '<task id="b"/>')

    assert (found["origin"].id, found["b"].id) == ("a", "b")


def test_a_copied_element_is_known_by_its_own_id():
    found = records('<task id="copy" praxis:uid="a"/>', '<task id="a" praxis:uid="a"/>')

    assert found["a"].id == "a"
    assert found["copy"].get("copied_from") == "a"
    assert b'praxis:uid="a"' in read_document("m.bpmn", model('<task id="copy" praxis:uid="a"/>')).write()


def test_white_space_in_expressions_has_no_meaning_and_stays_as_written():
    flow = '<task id="a"/><task id="b"/><sequenceFlow id="f" sourceRef="a" targetRef="b">'
    source = model(flow + '<conditionExpression>\n  x  &gt;\n 1 and y = "a  b"\n</conditionExpression></sequenceFlow>')
    found = read_document("m.bpmn", source)

    assert found.records["f"].get("condition") == 'x > 1 and y = "a  b"'
    assert b"x  &gt;\n 1 and" in printed(found)


def test_the_order_of_flows_counts_only_where_a_gateway_decides_by_it():
    flows = '<{0} id="g"/><task id="a"/><task id="b"/>' + "".join(
        f'<sequenceFlow id="f{to}" sourceRef="g" targetRef="{to}"><conditionExpression>x</conditionExpression>'
        "</sequenceFlow>"
        for to in "ab"
    )

    assert records(flows.format("exclusiveGateway"))["g"].get("flows") == ("fa", "fb")
    assert records(flows.format("inclusiveGateway"))["g"].get("flows") == ""


def test_an_element_is_in_its_innermost_lane():
    lanes = (
        '<laneSet id="s"><lane id="outer"><flowNodeRef>a</flowNodeRef><childLaneSet id="c"><lane id="inner">'
        "<flowNodeRef>a</flowNodeRef></lane></childLaneSet></lane></laneSet>"
    )
    found = records(lanes, '<task id="a"/>')

    assert found["a"].get("lane") == "inner"
    assert (found["inner"].parent, found["c"].parent, found["c"].kind) == ("c", "outer", "laneSet")


def test_references_inside_of_elements_follow_ids_that_change():
    task = (
        '<task id="t"><ioSpecification id="io"><dataInput id="{0}" name="order"/><inputSet><dataInputRefs>{0}'
        "</dataInputRefs></inputSet><outputSet/></ioSpecification><dataInputAssociation><sourceRef>o</sourceRef>"
        '<targetRef>{0}</targetRef></dataInputAssociation></task><dataObject id="o"/>'
    )
    one, other = (read_document("m.bpmn", model(task.format(identifier))) for identifier in ("in_1", "sid-77"))

    assert one.fingerprint == other.fingerprint
    assert one.records["t"].get("dataInputAssociation/targetRef") == "t#ioSpecification/dataInput"
    assert printed(one).count(b"in_1") == 3


def test_a_reference_that_leads_nowhere_is_kept_and_marked():
    found = records('<receiveTask id="r" messageRef="gone"/>')["r"]

    assert found.get("messageRef") == "?gone"
    assert b'messageRef="gone"' in printed(read_document("m.bpmn", model('<receiveTask id="r" messageRef="gone"/>')))


@pytest.mark.parametrize(
    "added",
    [
        "<documentation/>",
        '<documentation textFormat="text/html"> </documentation>',
        "<extensionElements/>",
        '<extensionElements xmlns:s="http://www.signavio.com"><s:signavioLabel fill=""/></extensionElements>',
        "<ioSpecification><inputSet/><outputSet/></ioSpecification>",
    ],
)
def test_what_tools_write_for_nothing_means_nothing(added):
    one, other = (read_document("m.bpmn", model(f'<task id="t" name="A">{inner}</task>')) for inner in ("", added))

    assert one.fingerprint == other.fingerprint


def test_sets_that_the_schema_wants_are_written():
    written = printed(
        read_document("m.bpmn", model('<task id="t"><ioSpecification><dataInput id="i"/></ioSpecification></task>'))
    )

    assert b"<bpmn:inputSet/>" in written
    assert b"<bpmn:outputSet/>" in written


def test_contents_of_unknown_vendors_are_kept_and_compared():
    vendor = (
        '<task id="a" xmlns:v="urn:vendor"><extensionElements><v:cost unit="h">{0}</v:cost></extensionElements></task>'
    )
    one, other = (read_document("m.bpmn", model(vendor.format(cost))) for cost in (3, 4))

    assert one.digest != other.digest
    assert read_document("m.bpmn", printed(one)).fingerprint == one.fingerprint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.bpmn", b"<definitions/>"),
        ("a.bpmn", b"no xml"),
        ("a.bpmn", b'<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>'),
        ("a.dmn", b"<x/>"),
        ("forms/a.json", b"[]"),
        ("forms/a.json", b"{"),
        ("forms/a.json", b'{"a":' * 9000 + b"1" + b"}" * 9000),
        ("practice.toml", b"= 1"),
        ("practice.toml", b"\xff"),
    ],
)
def test_what_is_no_such_file_is_refused(name, content):
    with pytest.raises(InvalidModel):
        read_document(name, content)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("export.bpmn20.xml", RICH.read_bytes(), "bpmn"),
        ("export.xml", DECISIONS[0].read_bytes(), "dmn"),
        ("notes.xml", b"<notes/>", "text"),
        ("options/p.o.json", b"[]", "text"),
        ("template.docx", b"\xff\xfe\x00", "text"),
    ],
)
def test_the_name_and_the_content_say_what_a_file_is(name, content, kind):
    found = read_document(name, content)

    assert found.kind == kind
    assert found.write() == content
    assert read_document(name, printed(found)).fingerprint == found.fingerprint
