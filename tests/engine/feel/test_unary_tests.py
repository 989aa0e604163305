"""Rule 15 and 10.3.2.10: the content of decision table cells; and scripts."""

import datetime

import pytest

from engine.feel import FeelSyntaxError, compile_script, compile_unary_tests


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("-", 5, True),
        (" - ", None, True),
        ("5", 5, True),
        ("5", 6, False),
        ("5", 5.0, True),
        ("5", "5", None),
        ("-5", -5, True),
        ('"a"', "a", True),
        ('"a", "b"', "b", True),
        ('"a", "b"', "c", False),
        ('"a", "b"', None, False),
        ("null", None, True),
        ("null", 1, False),
        ("true", True, True),
        ("true", False, False),
        ("< 5", 4, True),
        ("<= 5", 5, True),
        ("> 5, < 1", 0, True),
        ("> 5, < 1", 3, False),
        ("= 5", 5, True),
        ("!= 5", 5, False),
        ("< 5", None, None),
        ("< limit", 5, True),
        ("[1..5]", 5, True),
        ("[1..5)", 5, False),
        ("]1..5]", 1, False),
        ("(1..5[", 3, True),
        ("[1..5], [10..20]", 15, True),
        ("[low..limit]", 7, True),
        ('[@"2020-01-01"..@"2020-12-31"]', datetime.date(2020, 6, 1), True),
        ('< date("2020-01-01")', datetime.date(2019, 6, 1), True),
        ('not("a")', "b", True),
        ('not("a", "b")', "b", False),
        ("not(< 5)", 7, True),
        ("not([1..5])", 3, False),
        ("not(null)", 3, True),
        ("not(< 5)", None, None),
        ("? > 5", 6, True),
        ("? > 5 and ? < 8", 9, False),
        ("not(? > 5)", 6, False),
        ("not(?) and true", False, True),
        ("limit", 10, True),
        ("limit + 1", 11, True),
        ("allowed", "x", True),
        ("allowed", "z", False),
        ('["x", "y"]', "y", True),
        ("[1, 2]", [1, 2], True),
        ("list contains(?, 1)", [1, 2], True),
        ('starts with(?, "a")', "abc", True),
        ("limit > 5", "anything", True),
        ("limit > 50", "anything", False),
        ("limit > 5", True, True),
        ("limit > 5", False, False),
        ("count(allowed)", 2, True),
        ('if limit > 5 then "big" else "small"', "big", True),
    ],
)
def test_an_input_satisfies_the_tests(text, value, result):
    variables = {"limit": 10, "low": 5, "allowed": ["x", "y"]}

    assert compile_unary_tests(text, variables).matches(value, variables) is result


def test_a_dash_tells_that_it_matches_all():
    assert compile_unary_tests("-").is_any
    assert not compile_unary_tests("-5").is_any


def test_names_and_warnings_of_tests():
    tests = compile_unary_tests("< limit, tax(?)")

    assert tests.names == {"limit", "tax"}
    assert tests.functions == {"tax"}
    evaluation = tests.evaluate_with_warnings(3, {})
    assert evaluation.value is None
    assert any("limit" in warning for warning in evaluation.warnings)


@pytest.mark.parametrize("text", ["", "1,", "not(", "- 5 -", "[1..2", "> "])
def test_tests_that_are_none_are_refused(text):
    with pytest.raises(FeelSyntaxError):
        compile_unary_tests(text)


def test_a_script_sets_variables_in_order():
    script = compile_script("{total: price * quantity, tax: total * 0.1, total with tax: total + tax}")

    evaluation = script.run({"price": 10, "quantity": 3, "tax": 99})

    assert script.is_context
    assert script.keys == ("total", "tax", "total with tax")
    assert evaluation.value == {"total": 30, "tax": 3, "total with tax": 33}
    assert list(evaluation.value) == ["total", "tax", "total with tax"]
    assert script.names == {"price", "quantity"}


def test_a_script_may_be_any_expression():
    script = compile_script("a + 1")

    assert not script.is_context
    assert script.keys == ()
    assert script.run({"a": 1}).value == 2
    assert script.run({}).warnings


def test_a_script_that_sets_a_variable_twice_is_refused():
    with pytest.raises(FeelSyntaxError, match="'a' twice"):
        compile_script("{a: 1, a: 2}")
