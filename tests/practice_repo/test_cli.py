import json

from click.testing import CliRunner

from practice_repo.practice import shipped_practices
from webapp.cli import main

FOLDER = next(folder for folder in shipped_practices() if folder.name == "lead_to_order")
MODEL = FOLDER / "process.bpmn"


def run(*arguments):
    return CliRunner().invoke(main, [str(each) for each in arguments])


def edited(tmp_path):
    after = tmp_path / "after.bpmn"
    after.write_bytes(MODEL.read_bytes().replace(b'name="Lead received"', b'name="Lead arrived"'))
    return after


def test_the_difference_is_told_in_sentences(tmp_path):
    after = edited(tmp_path)

    assert run("diff", MODEL, after).output == "Rename the start 'Lead received' to 'Lead arrived'.\n"
    assert "重命名" in run("diff", MODEL, after, "--language", "zh").output
    assert run("diff", MODEL, MODEL).output == "Nothing changed.\n"


def test_the_difference_as_json_can_be_applied(tmp_path):
    after, operations, result = edited(tmp_path), tmp_path / "operations.json", tmp_path / "result.bpmn"
    found = json.loads(run("diff", MODEL, after, "--json").output)
    operations.write_text(json.dumps(found), encoding="utf-8")

    applied = json.loads(run("apply", operations, MODEL, "-o", result, "--json").output)

    assert (found["count"], found["bump"]) == (1, "patch")
    assert applied == {"applied": 1, "written": ["result.bpmn"]}
    assert run("diff", after, result).output == "Nothing changed.\n"


def test_practice_folders_are_compared_and_changed(tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        for name in ("process.bpmn", "practice.toml", "credit.dmn"):
            (folder / name).write_bytes((FOLDER / name).read_bytes())
    (after / "credit.dmn").unlink()
    (after / "NOTES.md").write_text("new\n", encoding="utf-8")
    operations = tmp_path / "operations.json"
    operations.write_text(run("diff", before, after, "--json").output, encoding="utf-8")

    assert run("apply", operations, before).exit_code == 0
    assert sorted(path.name for path in before.iterdir()) == ["NOTES.md", "practice.toml", "process.bpmn"]


def test_operations_that_do_not_fit_give_exit_code_1(tmp_path):
    after, operations = edited(tmp_path), tmp_path / "operations.json"
    operations.write_text(run("diff", MODEL, after, "--json").output, encoding="utf-8")

    result = run("apply", operations, after, "-o", tmp_path / "x.bpmn", "--json")

    assert result.exit_code == 1
    assert "expected name = 'Lead received'" in json.loads(result.output)["error"]


def test_files_outside_of_the_folder_are_not_written(tmp_path):
    operation = {
        "type": "AddFile",
        "file": "../evil.md",
        "target": "file",
        "changes": [{"action": "add", "key": "file", "after": {"kind": "file", "id": "", "fields": {"text": "x"}}}],
    }
    (tmp_path / "operations.json").write_text(json.dumps([operation]), encoding="utf-8")
    (tmp_path / "pack").mkdir()

    result = run("apply", tmp_path / "operations.json", tmp_path / "pack")

    assert result.exit_code == 2
    assert not (tmp_path / "evil.md").exists()


def test_what_cannot_be_read_gives_exit_code_2(tmp_path):
    broken = tmp_path / "broken.bpmn"
    broken.write_text("no model", encoding="utf-8")

    for arguments in (("diff", MODEL, broken), ("diff", MODEL, FOLDER), ("apply", broken, MODEL)):
        assert run(*arguments).exit_code == 2
