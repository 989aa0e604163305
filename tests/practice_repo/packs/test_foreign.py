"""A foreign model means the same after the import, and the report says what happened to it."""

import json
import re
from pathlib import Path

import pytest

from engine.bpmn import read_model
from engine.errors import InvalidModel
from engine.forms import read_form
from practice_repo.packs.archive import make_pack, pack_folder, write_folder
from practice_repo.packs.foreign import convert, import_foreign
from practice_repo.packs.foreign.semantics import differing, meanings
from practice_repo.practice import practice_of_files, shipped_practices
from practice_repo.practice_check import check_practice

MODELS = Path(__file__).parent / "foreign_models"
FOREIGN = sorted(MODELS.glob("*.bpmn"))
OURS = [path for folder in shipped_practices() for path in sorted(folder.glob("*.bpmn"))]
VENDORS = (b"camunda:", b"zeebe:", b"flowable:", b"signavio:signavio")


def imported(name, **options):
    return import_foreign((MODELS / f"{name}.bpmn").read_bytes(), name=f"{name}.bpmn", **options)


def texts(items):
    return [str(item) for item in items]


def said(items, text):
    return [item for item in items if text in str(item)]


@pytest.mark.parametrize("path", [*FOREIGN, *OURS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_element_means_the_same_after_the_conversion(path):
    source = path.read_bytes()

    converted, _report = convert(source)

    assert differing(meanings(read_model(source)), meanings(read_model(converted))) == set()


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.stem)
def test_a_converted_model_has_nothing_left_to_convert(path):
    once, _report = convert(path.read_bytes())
    twice, report = convert(once)

    assert twice == once
    assert report.dropped == []


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.stem)
def test_an_import_opens_as_a_practice_and_travels_as_a_pack(path, tmp_path):
    found = import_foreign(path.read_bytes(), name=path.name)

    practice = practice_of_files(found.files)
    assert practice.card.origin.relation == "import"
    assert practice.card.process == "process.bpmn"
    assert practice.id in {process.id for process in read_model(practice.main_model).processes}
    folder = write_folder(make_pack(found.files), tmp_path / "practice")
    assert pack_folder(folder) == make_pack(found.files).written()


@pytest.mark.parametrize(
    ("name", "tool"), [("camunda7", "Camunda 7"), ("camunda8", "Camunda 8"), ("flowable", "Flowable")]
)
def test_the_tool_is_named_and_its_namespace_goes(name, tool):
    found = imported(name)

    assert found.report.tool == tool
    if name == "flowable":
        assert not any(vendor in found.files["process.bpmn"] for vendor in VENDORS)


def test_signavio_files_lose_their_metadata_and_keep_their_shapes():
    found = imported("signavio")

    assert found.report.tool.startswith("Signavio Process Editor")
    assert said(found.report.dropped, "signavioMetaData")[0].count == 4
    assert b"BPMNShape" in found.files["process.bpmn"]
    assert said(found.report.decisions, "nothing says who or what does this task")[0].element_id == "sid-t"
    assert said(found.report.decisions, "not marked executable")


def test_what_cannot_be_translated_stays_and_must_be_decided():
    found = imported("camunda7")

    [due] = said(found.report.decisions, "dateTime")
    assert (due.element_id, due.element_name, due.remedy) == ("approve", "Approve invoice", "write it in FEEL")
    assert b"camunda:dueDate" in found.files["process.bpmn"]
    assert said(found.report.decisions, "Groovy")[0].element_id == "sum"
    assert said(found.report.decisions, "AssignListener")[0].element_id == "approve"


def test_expressions_become_feel():
    model = read_model(imported("camunda7").files["process.bpmn"])
    process = model.processes[0]

    assert process.flows["no"].condition.source == "approved != true and amount > 10"
    assert process.elements["pay"].called_element.expression.source == "=payProcess"
    assert process.elements["archive"].inputs[1].source.expression.source == "=amount * 1.19"


def test_work_outside_the_process_is_listed_with_what_did_it_before():
    [archive] = said(imported("camunda7").report.decisions, "org.example.ArchiveInvoice")

    assert archive.element_id == "archive"
    assert "bind it to a handler" in archive.remedy


def test_form_fields_become_forms():
    found = imported("camunda7")

    form = json.loads(found.files["forms/start.json"])
    assert [component["key"] for component in form["components"]] == ["creditor", "amount", "category", "urgent"]
    assert form["components"][0]["validate"] == {"required": True, "maxLength": 80}
    assert form["components"][1]["defaultValue"] == 100
    assert form["components"][2]["values"][0] == {"value": "travel", "label": "Travel"}
    for path, content in found.files.items():
        if path.startswith("forms/"):
            assert read_form(content).id == Path(path).stem


def test_embedded_form_js_forms_are_taken_out():
    found = imported("camunda8")

    task = read_model(found.files["process.bpmn"]).processes[0].elements["check"]
    assert task.assignment.form_key.text == "user_task_form_1"
    assert json.loads(found.files["forms/user_task_form_1.json"])["components"][0]["key"] == "approved"


def test_a_task_without_a_form_gets_one_to_be_drawn():
    found = imported("flowable")

    [missing] = said(found.report.decisions, "it has no form")
    assert (missing.element_id, missing.remedy) == ("approveTask", "draw forms/approve_task.json")
    assert "forms/approve_task.json" in found.files


def test_lanes_and_groups_become_roles():
    card = practice_of_files(imported("camunda7").files).card

    assert {role.key for role in card.roles} == {"approver", "team_assistant", "role", "accounting"}
    assert {role.key for role in practice_of_files(imported("flowable").files).card.roles} == {"managers"}


def test_decisions_and_called_processes_can_be_sent_along():
    dmn = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="d" namespace="urn:d">
<decision id="rating" name="rating"><variable name="rating"/><literalExpression><text>1</text></literalExpression>
</decision></definitions>"""
    alone, together = imported("camunda8"), imported("camunda8", others={"Rating.dmn": dmn, "notes.txt": b"hello"})

    assert said(alone.report.decisions, "its decision 'rating' is in none of the files")
    assert not said(together.report.decisions, "its decision 'rating'")
    assert together.files["rating.dmn"] == dmn
    assert said(together.report.dropped, "notes.txt")


def test_a_broken_companion_is_left_out_and_reported():
    found = imported("camunda8", others={"rating.dmn": b"<html/>"})

    assert "rating.dmn" not in found.files
    assert said(found.report.decisions, "rating.dmn was left out")


def test_the_main_process_gets_a_key_and_everything_that_names_it():
    found = imported("camunda7")

    model = read_model(found.files["process.bpmn"])
    assert model.processes[0].id == "invoice_receipt"
    assert model.participants[0].process_id == "invoice_receipt"
    assert said(found.report.mapped, "'Process_0abc12' is now 'invoice_receipt'")


def test_what_is_left_to_do_is_what_the_check_of_practices_says():
    found = imported("flowable")

    errors = [each for each in check_practice(practice_of_files(found.files)) if each.severity == "error"]
    assert [each.rule for each in errors] == ["practice-scenarios"]


def test_what_is_no_bpmn_is_refused():
    with pytest.raises(InvalidModel):
        import_foreign(b"<html/>")


CAMUNDA_7 = {
    "assignee": "assignee",
    "candidateUsers": "candidateUsers",
    "candidateGroups": "candidateGroups",
    "formKey": "formKey",
    "due": "dueDate",
    "followUp": "followUpDate",
    "priority": "priority",
    "resultVariable": "resultVariable",
    "decision": "decisionRef",
    "topic": "topic",
    "versionTag": "versionTag",
}


def in_camunda_7(source):
    """One of our models as that tool would have written it, as far as it has the words."""
    text = source.decode()
    for ours, theirs in CAMUNDA_7.items():
        text = re.sub(rf"\bpraxis:{ours}=", f"camunda:{theirs}=", text)
    text = re.sub(
        r"<praxis:property ([^>]*)/>", r"<camunda:properties><camunda:property \1/></camunda:properties>", text
    )
    return text.replace(
        'xmlns:praxis="urn:praxis:bpmn:1"',
        'xmlns:praxis="urn:praxis:bpmn:1" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"',
    ).encode()


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_large_model_comes_back_from_camunda_7(path):
    original = path.read_bytes()
    theirs = in_camunda_7(original)
    assert theirs.count(b"camunda:") > 3

    converted, report = convert(theirs)

    assert differing(meanings(read_model(original)), meanings(read_model(converted))) == set()
    assert b"camunda:" not in converted
    assert report.decisions == []
