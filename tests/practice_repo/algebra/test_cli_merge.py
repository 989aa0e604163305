"""`praxis merge` from the command line."""

import json

import pytest
from click.testing import CliRunner

from practice_repo.cli_merge import merge_command
from tests.support.models import end, line, model, process, start, user_task


def written(path, first, second="Second"):
    parts = line(start(), user_task("a", name=first), user_task("b", name=second), end())
    path.write_bytes(model(process("p", parts)))
    return str(path)


@pytest.fixture
def files(tmp_path):
    return (
        written(tmp_path / "base.bpmn", "First"),
        written(tmp_path / "ours.bpmn", "Ours"),
        written(tmp_path / "theirs.bpmn", "First", "Theirs"),
    )


def run(*arguments):
    return CliRunner().invoke(merge_command, [str(each) for each in arguments])


def test_a_clean_merge_is_written_and_told(files, tmp_path):
    outcome = run(*files, "-o", tmp_path / "merged.bpmn")

    assert outcome.exit_code == 0
    assert "1 taken from theirs, 0 conflicts." in outcome.output
    merged = (tmp_path / "merged.bpmn").read_text()
    assert 'name="Ours"' in merged
    assert 'name="Theirs"' in merged


def test_an_open_conflict_exits_with_1_and_can_be_answered(files, tmp_path):
    clashing = written(tmp_path / "clashing.bpmn", "Clash")
    first = run(*files[:2], clashing, "--json")
    report = json.loads(first.output)
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps([{"conflict": report["conflicts"][0]["id"], "choice": "theirs"}]))

    second = run(*files[:2], clashing, "--resolutions", answers, "-o", tmp_path / "merged.bpmn")

    assert first.exit_code == 1
    assert report["clean"] is False
    assert second.exit_code == 0
    assert 'name="Clash"' in (tmp_path / "merged.bpmn").read_text()


def test_practice_folders_are_merged_file_by_file(tmp_path):
    for side, first, words in (("base", "First", "one"), ("ours", "Ours", "one"), ("theirs", "First", "two")):
        (tmp_path / side).mkdir()
        written(tmp_path / side / "process.bpmn", first)
        (tmp_path / side / "README.md").write_text(words)

    outcome = run(*(tmp_path / side for side in ("base", "ours", "theirs")), "-o", tmp_path / "out")

    assert outcome.exit_code == 0
    assert (tmp_path / "out" / "README.md").read_text() == "two"
    assert 'name="Ours"' in (tmp_path / "out" / "process.bpmn").read_text()


def test_bad_input_exits_with_2_and_says_what_was_expected(files, tmp_path):
    (tmp_path / "broken.bpmn").write_text("<no")

    outcome = run(*files[:2], tmp_path / "broken.bpmn", "--json")

    assert outcome.exit_code == 2
    assert "broken.bpmn" in json.loads(outcome.output)["error"]
