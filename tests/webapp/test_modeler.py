"""The modeler's server side: what it opens, checks, plays, saves and takes back."""

import json
import re

import pytest
from sqlalchemy import select

from engine.store.actor import Actor
from practice_repo.algebra.package import Package
from practice_repo.commands.acquire import acquire
from practice_repo.commands.publish_shipped import publish_shipped
from practice_repo.tables import PracticeCommit
from practice_repo.validation import check_package
from tests.support.office import ACME
from tests.support.small_practice import small_practice
from webapp.modeling.checks import check_expression, check_files
from webapp.modeling.playing import play_scenario, possible_paths
from webapp.modeling.vocabulary import vocabulary

OLGA = Actor("olga", is_supervisor=True, enterprise_id=ACME)


@pytest.fixture
def variant_id(office):
    """A variant of the small practice in the enterprise's workspace."""
    office.store.run(lambda work: publish_shipped(work, [small_practice()], office.now))
    return office.do(acquire, item_id="triage", actor=OLGA)


class Desk:
    """The analyst's requests to one variant."""

    def __init__(self, visitor, variant_id):
        self.visitor = visitor
        self.base = f"/modeler/{variant_id}/"

    def get(self, path):
        return self.visitor.client.get(self.base + path, headers={"Accept": "application/json"})

    def post(self, path, **sent):
        headers = {"X-CSRFToken": self.visitor.token(), "Accept": "application/json"}
        return self.visitor.client.post(self.base + path, json=sent, headers=headers)

    def file(self, name):
        return self.get(f"files/{name}").json

    def replace(self, name, old, new):
        """Save the file with one text replaced by another; the changes then."""
        file = self.file(name)
        assert old in file["content"]
        answer = self.post(f"files/{name}", content=file["content"].replace(old, new), expected_digest=file["digest"])
        assert answer.status_code == 200, answer.text
        return self.get("changes").json


@pytest.fixture
def desk(visit, variant_id):
    return Desk(visit("olga"), variant_id)


def changed(name: str, old: str, new: str) -> dict[str, bytes]:
    """The small practice's files with one text replaced."""
    files = dict(small_practice().files)
    assert old.encode() in files[name]
    return files | {name: files[name].replace(old.encode(), new.encode())}


def test_a_variant_opens_with_its_files_words_and_scenarios(desk):
    state = desk.get("state").json

    assert state["main"] == "process.bpmn"
    assert {row["name"]: row["kind"] for row in state["files"]}["forms/look.json"] == "form"
    assert [each["name"] for each in state["scenarios"]] == ["small request", "large request", "wrong expectation"]
    assert state["findings"] == []
    assert state["changes"] == []
    assert state["may_edit"]


def test_who_may_not_tailor_may_read_but_not_save(visit, variant_id):
    ines = Desk(visit("ines"), variant_id)
    state = ines.get("state").json

    answer = ines.post("files/README.md", content="x", expected_digest=ines.file("README.md")["digest"])

    assert not state["may_edit"]
    assert answer.status_code == 403


def test_another_enterprise_s_variant_is_not_found(desk):
    desk.base = "/modeler/0000/"

    assert desk.get("state").status_code == 404


def test_a_saved_edit_becomes_an_operation_about_its_element(desk):
    answer = desk.replace("process.bpmn", 'name="Approve"', 'name="Sign"')

    [change] = answer["changes"]
    assert (change["type"], change["element"], change["kind"]) == ("Rename", "approve", "change")
    assert change["text"] == "Rename the user task 'Approve' to 'Sign'."


def test_edits_of_tables_and_forms_become_operations_too(desk):
    desk.replace("level.dmn", "&lt; 1000", "&lt; 2000")
    answer = desk.replace("forms/look.json", '"Note"', '"Remark"')

    assert {change["file"] for change in answer["changes"]} == {"level.dmn", "forms/look.json"}


def test_one_operation_is_taken_back_and_the_others_stay(desk):
    desk.replace("process.bpmn", 'name="Approve"', 'name="Sign"')
    answer = desk.replace("process.bpmn", 'name="Level"', 'name="Rate it"')
    sign = next(change for change in answer["changes"] if change["element"] == "approve")

    left = desk.post("undo", id=sign["id"]).json

    assert [change["element"] for change in left["changes"]] == ["rate"]
    assert 'name="Approve"' in left["contents"]["process.bpmn"]["content"]
    assert 'name="Rate it"' in desk.file("process.bpmn")["content"]


def test_an_unknown_operation_is_told_kindly(desk):
    answer = desk.post("undo", id="nothing")

    assert answer.status_code == 404
    assert "reload the list" in answer.json["detail"]


def test_a_file_that_somebody_else_saved_is_not_overwritten(desk):
    file = desk.file("README.md")
    desk.replace("README.md", "Triage", "Sorting")

    late = desk.post("files/README.md", content="mine", expected_digest=file["digest"])

    assert late.status_code == 409
    assert late.json["current_digest"] == desk.file("README.md")["digest"]
    assert "reload" in late.json["detail"]


def test_a_process_without_a_diagram_is_drawn(desk):
    file = desk.file("process.bpmn")
    bare = re.sub(r"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", "", file["content"], flags=re.DOTALL)
    saved = desk.post("files/process.bpmn", content=bare, expected_digest=file["digest"]).json

    opened = desk.file("process.bpmn")

    assert "BPMNShape" not in bare
    assert "BPMNShape" in opened["content"]
    assert opened["digest"] == saved["digest"]


def test_a_removed_file_is_a_change_that_can_be_taken_back(desk):
    digest = desk.file("forms/approve.json")["digest"]
    headers = {"X-CSRFToken": desk.visitor.token(), "Accept": "application/json"}

    answer = desk.visitor.client.delete(
        f"{desk.base}files/forms/approve.json?expected_digest={digest}", headers=headers
    )

    [change] = answer.json["changes"]
    assert (change["file"], change["kind"]) == ("forms/approve.json", "remove")
    desk.post("undo", id=change["id"])
    assert desk.file("forms/approve.json")["digest"] == digest


def test_a_version_keeps_the_note(desk, office, variant_id):
    desk.replace("process.bpmn", 'name="Approve"', 'name="Sign"')

    answer = desk.post("versions", message="We sign now").json

    assert answer["has_draft"] is False
    with office.store.reading() as work:
        messages = work.execute(select(PracticeCommit.message)).scalars().all()
    assert "We sign now" in messages


def test_unsaved_text_is_checked_without_being_saved(desk):
    content = desk.file("process.bpmn")["content"].replace("=level &gt; 0", "=level &gt;")

    findings = desk.post("check", files={"process.bpmn": content}).json["findings"]

    assert [(each["rule"], each["element"]) for each in findings] == [("valid-expression", "large_to_approve")]
    assert desk.get("state").json["findings"] == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("process.bpmn", "=level &gt; 0", "=level &gt;"),
        ("process.bpmn", 'praxis:formKey="look"', 'praxis:formKey="lost"'),
        ("process.bpmn", 'praxis:decision="level"', 'praxis:decision="gone"'),
        ("process.bpmn", 'default="large_to_answered"', ""),
        ("process.bpmn", "<bpmn:userTask", "<bpmn:userTusk"),
        ("process.bpmn", 'praxis:role="manager"', 'praxis:role="director"'),
        ("level.dmn", "&lt; 1000", "&lt; &lt;"),
        ("forms/look.json", '"type": "checkbox"', '"type": "chequebox"'),
        ("practice.toml", 'area = "service"', "area = 1"),
    ],
    ids=lambda value: value[:24],
)
def test_the_browser_shows_what_the_deployment_would_refuse(name, old, new):
    files = changed(name, old, new)

    shown = {(each["rule"], each["message"]) for each in check_files(files) if each["severity"] == "error"}

    checks = check_package(Package(files)).checks
    refused = {
        (each.rule, each.message)
        for check in checks
        if check.key in ("read", "gate", "soundness", "rules", "references")
        for each in check.findings
        if each.severity == "error"
    }
    assert refused
    assert shown == refused


def test_a_finding_names_the_file_that_it_stands_in():
    found = check_files(changed("process.bpmn", 'praxis:formKey="look"', 'praxis:formKey="lost"'))

    assert {(each["file"], each["rule"]) for each in found} >= {
        ("process.bpmn", "practice-form"),
        ("forms/look.json", "practice-form-unused"),
    }


def test_the_words_name_variables_with_where_they_come_from():
    words = vocabulary(dict(small_practice().files), origin=small_practice().files)

    origins = {each["name"]: each["origin"] for each in words["variables"]["triage"]}
    assert origins["fine"] == "form"
    assert origins["level"] == "decision"
    assert origins["amount"] == "search"
    assert words["trusted"] == ["level"]
    assert [each["key"] for each in words["forms"]] == ["look", "approve"]


def test_words_come_also_while_a_file_cannot_be_read():
    words = vocabulary(changed("process.bpmn", "<bpmn:userTask", "<bpmn:userTusk"))

    assert [each["key"] for each in words["decisions"]] == ["level"]


@pytest.mark.parametrize(
    ("text", "kind", "problem", "names"),
    [
        ("=level > 0", "expression", False, ["level"]),
        ("level >", "expression", True, []),
        ("PT4H", "value", False, []),
        ("=now() + due", "value", False, ["due"]),
        ("{a: b, c: a}", "script", False, ["b"]),
        ("> limit", "tests", False, ["limit"]),
    ],
)
def test_an_expression_is_judged_by_itself(text, kind, problem, names):
    answer = check_expression(text, kind)

    assert (bool(answer["problem"]), answer["names"]) == (problem, names)


def test_an_unknown_function_is_named():
    assert check_expression("frobnicate(1)", "expression")["functions"] == ["frobnicate"]


def test_a_play_tells_the_way_that_was_taken(desk):
    answer = desk.post("play", scenario="small request").json

    assert answer["result"]["passed"]
    taken = answer["result"]["paths"]["triage"]
    assert "approve" not in taken["elements"]
    assert "large_to_answered" in taken["flows"]
    assert set(taken["elements"]) < set(answer["paths"]["triage"]["elements"])


def test_all_scenarios_together_cover_every_way():
    files = dict(small_practice().files)
    possible = possible_paths(files)["triage"]

    taken = [play_scenario(files, name)["paths"]["triage"] for name in ("small request", "large request")]

    assert {each for way in taken for each in way["elements"]} == set(possible["elements"])
    assert {each for way in taken for each in way["flows"]} == set(possible["flows"])


def test_a_failing_expectation_says_what_was_found(desk):
    result = desk.post("play", scenario="wrong expectation").json["result"]

    assert not result["passed"]
    assert "approve" in result["problem"]
    assert "look" in result["problem"]


def test_a_play_uses_what_is_not_saved_yet(desk):
    content = desk.file("process.bpmn")["content"].replace("=level &gt; 0", "=level &gt;= 0")

    result = desk.post("play", scenario="small request", files={"process.bpmn": content}).json["result"]

    assert not result["passed"]


def test_a_model_that_cannot_run_is_refused_with_its_findings(desk):
    content = desk.file("process.bpmn")["content"].replace("=level &gt; 0", "=level &gt;")

    answer = desk.post("play", scenario="small request", files={"process.bpmn": content})

    assert answer.status_code == 422


def test_a_scenario_file_with_a_mistake_says_what_was_expected(desk):
    answer = desk.post("scenarios", text='[[scenario]]\nname = "x"\n[[scenario.step]]\njump = "high"\n').json

    assert "exactly one of" in answer["problem"]


def test_a_form_is_previewed_as_employees_see_it(desk):
    form = json.loads(desk.file("forms/look.json")["content"])

    answer = desk.post("form-preview", content=json.dumps(form))

    assert "Look at it" in answer.text
    assert 'name="f.note"' in answer.text


def test_what_is_sent_must_be_what_was_asked_for(desk):
    assert desk.post("expression").status_code == 400
    assert desk.post("check", files=[1]).status_code == 400


def test_the_card_is_shown_to_read(desk):
    assert "Who approves?" in desk.get("card").text
