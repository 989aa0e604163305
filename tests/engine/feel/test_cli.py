"""`praxis feel`."""

import json

import pytest
from click.testing import CliRunner

from engine.feel.cli import feel


def run(*arguments):
    result = CliRunner().invoke(feel, arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["1 + 1"], 2),
        (["10 / 4"], 2.5),
        (["a * 2", "--context", '{"a": 0.1}'], 0.2),
        (["Monthly Salary + 1", "--context", '{"Monthly Salary": 1}'], 2),
        (['@"2020-01-01" + @"P1D"'], "2020-01-02"),
        (["[1..3]"], "[1..3]"),
        (["null"], None),
        (["< 5", "--unary", "3"], True),
        (["limit", "--unary", "3", "--context", '{"limit": 4}'], False),
        (["-", "--unary", '"x"'], True),
        (["-5 + 1"], -4),
        (["-5", "--unary", "-5"], True),
        (["10 ** 400"], 10**400),
        (["order.e-mail", "--context", '{"order": {"e-mail": "a@b"}}'], "a@b"),
        (["for each in list return each.profit and loss", "--context", '{"list": [{"profit and loss": 3}]}'], [3]),
    ],
)
def test_a_result_is_printed_as_json(arguments, result):
    exit_code, output = run(*arguments, "--json")

    assert exit_code == 0
    assert json.loads(output) == {"result": result, "warnings": []}


@pytest.mark.parametrize("text", ["1 +", "missing + 1", "for i in 1..1000000000 return i", '"a" + 1'])
def test_a_failed_expression_is_null_with_a_warning(text):
    exit_code, output = run(text, "--json")

    printed = json.loads(output)
    assert exit_code == 0
    assert printed["result"] is None
    assert printed["warnings"]


def test_without_json_the_feel_text_is_printed():
    assert run('["a", 1]') == (0, '["a", 1]\n')


def test_half_a_surrogate_pair_is_printed_as_a_question_mark():
    exit_code, output = run("a", "--context", r'{"a": "\ud83d"}', "--json")

    assert exit_code == 0
    assert json.loads(output)["result"] == "?"


@pytest.mark.parametrize("context", ["[1]", "{", "null", '{"a": ' + "[" * 3000 + "]" * 3000 + "}"])
def test_a_context_that_is_no_object_is_a_usage_error(context):
    exit_code, output = run("1", "--context", context)

    assert exit_code == 2
    assert "JSON object" in output


def test_a_context_that_is_nested_too_deeply_is_a_usage_error():
    exit_code, output = run("1", "--context", '{"a": ' + "[" * 300 + "]" * 300 + "}")

    assert exit_code == 2
    assert "nested" in output
