"""`praxis play`: one JSON object, exit codes 0, 1 and 2, and never a stack trace."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.play import play
from tests.conformance.notation import (
    catch,
    document,
    end,
    flows,
    gateway,
    message,
    messages,
    process,
    script,
    start,
    timer,
    user,
)

KEYS = {"name", "state", "trace", "variables", "waiting", "incidents", "findings"}
MODEL = document(process(start(), user("u", name="Look at it"), end(), flows("s>u>e")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.bpmn").write_bytes(MODEL)
    return tmp_path


def played(folder: Path, *arguments: str, scenario: str | bytes | None = None) -> tuple[int, dict]:
    """Exit code and JSON of a play in this folder."""
    files = [str(folder / argument) if argument.endswith((".bpmn", ".dmn")) else argument for argument in arguments]
    if scenario is not None:
        path = folder / "scenario.toml"
        path.write_bytes(scenario if isinstance(scenario, bytes) else scenario.encode())
        files += ["--scenario", str(path)]
    result = CliRunner().invoke(play, [*files, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.output)


def test_a_play_tells_where_it_waits(folder):
    code, result = played(folder, "model.bpmn", "--variables", '{"x": 1}')

    assert code == 0
    assert set(result) == KEYS
    assert (result["state"], result["trace"], result["variables"]) == ("waiting", ["s"], {"x": 1})
    assert result["waiting"] == [{"element": "u", "kind": "userTask", "name": "Look at it", "due_at": None}]


def test_a_step_that_cannot_happen_says_what_waits_instead(folder):
    code, result = played(folder, "model.bpmn", scenario='[[step]]\ncomplete = "v"\n')

    assert code == 1
    assert "'v' waits, but what waits is: userTask u" in result["problem"]


def test_an_expectation_that_fails_says_what_was_expected_and_found(folder):
    code, result = played(folder, "model.bpmn", scenario='[[step]]\nexpect = {state = "completed"}\n')

    assert code == 1
    assert "expected the state completed, found waiting" in result["problem"]


@pytest.mark.parametrize(
    ("expectation", "told"),
    [
        ("waiting = []", "expected to wait at nothing, found: userTask u"),
        ('trace = ["e"]', "expected 'e' (in this order) in the trace, found: s"),
        ('never = ["s"]', "expected that 's' never completes"),
        ("variables = {x = 2}", "expected x = 2, found 1"),
        ("incidents = 1", "expected 1 incidents"),
    ],
)
def test_each_expectation_can_fail(folder, expectation, told):
    code, result = played(
        folder, "model.bpmn", scenario=f"variables = {{x = 1}}\n[[step]]\nexpect = {{{expectation}}}\n"
    )

    assert code == 1
    assert told in result["problem"]


def test_an_incident_has_its_element_kind_and_message(folder):
    model = document(
        process(start(), gateway("exclusive", "g"), end("x"), end("y"), flows("s>g, g>x?n > 1, g>y?n < 0"))
    )
    (folder / "model.bpmn").write_bytes(model)

    code, result = played(folder, "model.bpmn", "--variables", '{"n": 0}')

    assert (code, result["state"]) == (0, "failed")
    (incident,) = result["incidents"]
    assert (incident["element"], incident["kind"]) == ("g", "condition")
    assert "no condition is true" in incident["message"]


def test_an_event_based_gateway_waits_at_its_events(folder):
    parts = (start(), gateway("eventBased", "g"), catch("m", message()), catch("t", timer("PT1H")), flows("s>g>m, g>t"))
    (folder / "model.bpmn").write_bytes(document(messages("M"), process(*parts)))

    _code, result = played(folder, "model.bpmn")

    assert [(row["element"], row["kind"], row["name"]) for row in result["waiting"]] == [
        ("m", "message", "M"),
        ("t", "timer", ""),
    ]
    assert result["waiting"][1]["due_at"] == "2026-01-05T10:00:00+00:00"


def test_what_the_gate_refuses_names_the_element(folder):
    (folder / "model.bpmn").write_bytes(document(process(start(), script("a", "import os"), end(), flows("s>a>e"))))

    code, result = played(folder, "model.bpmn")

    assert (code, result["state"], result["trace"]) == (2, "refused", [])
    assert {finding["element"] for finding in result["findings"]} == {"a"}


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x17", b"<a", b"<x/>", b"{}", b"\xfe\xff\x00<"])
def test_a_file_that_is_no_model_is_refused(folder, content):
    (folder / "model.bpmn").write_bytes(content)

    code, result = played(folder, "model.bpmn")

    assert (code, result["state"]) == (2, "refused")
    assert result["findings"]


def test_a_missing_file_and_a_folder_are_refused(folder):
    (folder / "folder.bpmn").mkdir()

    for name in ("missing.bpmn", "folder.bpmn"):
        code, result = played(folder, name)
        assert (code, result["findings"][0]["rule"]) == (2, "input")


def test_a_process_in_two_files_is_refused(folder):
    (folder / "other.bpmn").write_bytes(document(process(start(), end(), flows("s>e"))))

    code, result = played(folder, "model.bpmn", "other.bpmn")

    assert code == 2
    assert "'p' stands in two of the files" in result["findings"][0]["message"]


def test_the_same_file_twice_is_one_file(folder):
    (folder / "copy.bpmn").write_bytes(MODEL)

    assert played(folder, "model.bpmn", "model.bpmn", "copy.bpmn")[0] == 0


@pytest.mark.parametrize("variables", ["{", "[1]", "1", "nonsense", '{"a": 1}}', "[" * 100_000])
def test_variables_that_are_no_json_object_are_refused(folder, variables):
    code, result = played(folder, "model.bpmn", "--variables", variables)

    assert (code, result["state"]) == (2, "refused")


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        (b"\xff\xfe\x00", "no text in UTF-8"),
        ("= 1", "not valid TOML"),
        ("steps = 1", "unknown key 'steps'"),
        ("step = 5", "'step' should be a list of tables"),
        ('now = "noon"', "'now' should be a date and time"),
        ("variables = 3", "'variables' should be a table"),
        ("[[step]]\n", "exactly one of"),
        ('[[step]]\ncomplete = "u"\nset = {x = 1}', "exactly one of"),
        ('[[step]]\ncomplete = "u"\nfrobnicate = 1', "unknown key 'frobnicate'"),
        ("[[step]]\nset = {x = 1}\nresult = {}", "unknown key 'result'"),
        ("[[step]]\ncomplete = 7", "'complete' should be a text"),
        ('[[step]]\nadvance = "soon"', "duration should be written as in ISO 8601"),
        ('[[step]]\nadvance = "-PT1H"', "cannot be negative"),
        ('[[step]]\nexpect = {stat = "waiting"}', "unknown key 'stat'"),
        ('[[step]]\nexpect = {state = "done"}', "should be one of completed, waiting, failed"),
        ('[[step]]\nexpect = {waiting = "u"}', "'waiting' should be a list of texts"),
        ('[[step]]\njob = "a"\nresult = 4', "'result' should be a table"),
        ("[[scenario]]\nfoo = 1", "unknown key 'foo'"),
        ("scenario = 1", "[[scenario]] tables"),
    ],
)
def test_a_scenario_with_a_mistake_is_refused_and_told(folder, scenario, told):
    code, result = played(folder, "model.bpmn", scenario=scenario)

    assert (code, result["state"]) == (2, "refused")
    assert told in result["findings"][0]["message"]


def test_a_scenario_can_name_its_models(folder):
    code, result = played(folder, scenario='models = ["model.bpmn"]\n[[step]]\ncomplete = "u"\n')

    assert (code, result["state"], result["trace"]) == (0, "completed", ["s", "u", "e"])


def test_several_scenarios_give_one_result_each(folder):
    text = '[[scenario]]\nname = "one"\n[[scenario]]\nname = "two"\n[[scenario.step]]\ncomplete = "u"\n'

    code, result = played(folder, "model.bpmn", scenario=text)

    assert code == 0
    assert [(each["name"], each["state"]) for each in result["scenarios"]] == [("one", "waiting"), ("two", "completed")]


def test_an_unknown_process_and_scenario_are_refused(folder):
    assert played(folder, "model.bpmn", "--process", "q")[0] == 2
    assert played(folder, "model.bpmn", "--name", "three", scenario='name = "one"')[0] == 2


def test_without_json_it_reads_as_text(folder):
    result = CliRunner().invoke(play, [str(folder / "model.bpmn")])

    assert result.exit_code == 0
    assert "trace: s" in result.output
    assert "waits: userTask u" in result.output
