import json
import shutil

import pytest
from click.testing import CliRunner

from engine.errors import InvalidInput, InvalidModel, NotFound
from practice_repo.algebra.options import apply_options, read_options
from practice_repo.algebra.package import Package
from practice_repo.packs.authoring import make_option
from practice_repo.packs.cli import pack
from practice_repo.practice import shipped_practices

FOLDER = next(folder for folder in shipped_practices() if folder.name == "reverse_logistics")
BASE = Package.from_folder(FOLDER)


def edited(**files):
    """The practice with texts replaced: file name → (old, new)."""
    changed = {}
    for name, (old, new) in files.items():
        assert old in BASE.files[name]
        changed[name] = BASE.files[name].replace(old, new)
    return BASE.with_files(changed)


GENEROUS = edited(**{"settlement.dmn": (b"restocking_share: 0.1,", b"restocking_share: 0.2,")})


def test_the_difference_to_a_copy_becomes_an_option():
    made = make_option(BASE, GENEROUS, "r1", "generous", when='industry = "retail"')

    package = BASE.with_files({"options/r1.generous.json": made.content})
    assert made.findings == ()
    assert apply_options(package, {"r1": "generous"}).files["settlement.dmn"].count(b"restocking_share: 0.2") == 1
    assert next(each for each in read_options(package) if each.path == "r1.generous").when == 'industry = "retail"'


def test_words_and_scenarios_of_the_copy_do_not_count():
    copy = GENEROUS.with_files({"README.md": b"# Other words", "scenarios.toml": b"", "options/r7.never.json": None})

    made = make_option(BASE, copy, "r1", "generous")

    assert {operation.file for operation in made.option.operations} == {"settlement.dmn"}


def test_a_copy_with_errors_is_told_what_it_lacks():
    copy = BASE.with_files({"forms/inspect.json": None})

    made = make_option(BASE, copy, "r5", "none")

    assert any("forms/inspect.json is missing" in str(finding) for finding in made.findings)


@pytest.mark.parametrize(
    ("copy", "point", "answer", "error", "said"),
    [
        (GENEROUS, "r99", "generous", NotFound, "its questions are r1, r2"),
        (GENEROUS, "r1", "stingy", NotFound, "no answer 'stingy'"),
        (GENEROUS, "r1", "statutory", InvalidInput, "is the default answer"),
        (BASE, "r1", "generous", InvalidInput, "means the same"),
    ],
)
def test_what_is_no_option_is_refused(copy, point, answer, error, said):
    with pytest.raises(error, match=said):
        make_option(BASE, copy, point, answer)


def test_a_rule_that_is_not_feel_is_refused():
    with pytest.raises(InvalidModel):
        make_option(BASE, GENEROUS, "r1", "generous", when="industry ===")


def test_the_command_writes_the_file_beside_the_others(tmp_path):
    practice, copy = tmp_path / "practice", tmp_path / "copy"
    shutil.copytree(FOLDER, practice)
    (practice / "options" / "r1.generous.json").unlink(missing_ok=True)
    shutil.copytree(practice, copy)
    (copy / "settlement.dmn").write_bytes(GENEROUS.files["settlement.dmn"])

    result = CliRunner().invoke(pack, ["option", str(practice), str(copy), "r1", "generous", "--json"])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["operations"]
    assert (practice / "options" / "r1.generous.json").is_file()
