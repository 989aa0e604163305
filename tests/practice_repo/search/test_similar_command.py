"""`praxis similar`."""

import json

import pytest
from click.testing import CliRunner

from practice_repo.practice import shipped_practices
from practice_repo.search.cli import similar
from tests.support.generated_library import make_plan, mutated

CHECK_ORDER = next(path for path in shipped_practices() if path.name == "lead_to_order") / "check_order.bpmn"


def run(*arguments):
    return CliRunner().invoke(similar, [str(each) for each in arguments])


def test_a_model_is_compared_with_the_shipped_practices():
    result = run(CHECK_ORDER, "--json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["results"][0]["id"] == "lead_to_order"
    assert answer["results"][0]["distance"]["total"] == 0
    assert answer["searched"] == len(shipped_practices())


def test_foreign_models_in_a_folder_are_a_library(tmp_path):
    for seed in range(5):
        (tmp_path / f"{seed}.bpmn").write_bytes(make_plan(seed).write())
    (tmp_path / "broken.bpmn").write_text("<oops")
    query = tmp_path.parent / "query.bpmn"
    query.write_bytes(mutated(make_plan(3), 2, 1).write())

    result = run(query, "--in", tmp_path, "--json")

    answer = json.loads(result.stdout)
    assert answer["results"][0]["id"] == "3.bpmn"
    assert "broken.bpmn" in answer["problems"][0]


def test_a_text_is_answered_for_people():
    result = run("--text", "技术员上门", "--limit", 1)

    assert result.exit_code == 0
    assert "ticket_to_dispatch" in result.stdout


def test_a_fragment_is_found_where_it_is_contained():
    result = run(CHECK_ORDER, "--element", "fix_order", "--element", "import_order", "--json")

    assert json.loads(result.stdout)["results"][0]["model"] == "check_order.bpmn"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "either a MODEL or --text"),
        (["nowhere.bpmn"], "cannot be read"),
        ([str(CHECK_ORDER), "--in", "nowhere"], "no folder"),
        ([str(CHECK_ORDER), "--element", "nothing"], "none of the elements"),
    ],
)
def test_bad_input_is_said_and_ends_with_2(arguments, said):
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr
