"""Hostile expressions end quickly, with the name of the budget."""

import time

import pytest

from engine.errors import EngineError, InvalidInput
from engine.feel import (
    Budget,
    EvaluationError,
    FeelSyntaxError,
    compile_expression,
    compile_unary_tests,
    display,
    dump,
    normalise,
    to_json,
)

EXCESSES = [
    (
        '{b: string join(for i in 1..90000 return "aaaaaaaaaa"), r: for i in 1..5000 return b + string(i)}.r',
        "iterations",
    ),
    (
        '{b: string join(for i in 1..90000 return "aaaaaaaaaa"), r: for i in 1..5000 return upper case(b)}.r',
        "iterations",
    ),
    ("{a: for i in 1..90000 return [i], r: for i in 1..5000 return a = (for j in a return j)}.r", "iterations"),
    ("{a: for i in 1..90000 return i, r: for i in 1..5000 return 0 in a}.r", "iterations"),
    ("for i in 1..1000000000 return i", "iterations"),
    ("for a in 1..100000, b in 1..100000 return 1", "list_size"),
    ("every a in 1..100000, b in 1..100000 satisfies true", "iterations"),
    ('for i in @"-999999999-01-01"..@"999999999-01-01" return i', "iterations"),
    ('for i in 1..60 return if i = 1 then "ab" else partial[-1] + partial[-1]', "string_size"),
    ("for i in 1..60 return if i = 1 then [1] else concatenate(partial[-1], partial[-1])", "list_size"),
    ('string join(for i in 1..400000 return "aaaaaaaaaa")', "string_size"),
    ("{f: function(n) f(n + 1), r: f(0)}.r", "depth"),
    ("{f: function(n) 1 + f(n + 1) + f(n - 1), r: f(0)}.r", "depth"),
    ('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|aa)+$")', "regular_expression_seconds"),
    ('replace("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a|a|aa)+$", "x")', "regular_expression_seconds"),
    ('split("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a|a|aa)+$")', "regular_expression_seconds"),
    ("string(for i in 1..60 return [partial, partial])", "string_size"),
    (
        "{a: for i in 1..60 return [partial, partial], b: for i in 1..60 return [partial, partial], r: a = b}.r",
        "iterations",
    ),
]


@pytest.mark.parametrize(("text", "budget"), EXCESSES)
def test_an_excess_ends_soon_and_names_its_budget(text, budget):
    started = time.perf_counter()

    with pytest.raises(EvaluationError) as caught:
        compile_expression(text).evaluate({})

    assert caught.value.budget == budget
    assert isinstance(caught.value, EngineError)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "10 ** 10 ** 10 ** 10 ** 10",
        "2 ** 1000000000",
        "exp(10 ** 30)",
        '@"P999999999999999999D" * 1e6000',
        '@"2020-01-01" + @"P999999999999999999D"',
        '@"2020-01-01T00:00:00" + @"P999999999999999999D"',
        '@"2020-01-01" + @"P999999999999999999Y"',
        "modulo(1e6000, 1e-6000)",
        "decimal(1e6000, 6000)",
        "1e6144 * 1e6144",
    ],
)
def test_numbers_out_of_range_are_null_or_a_number_at_once(text):
    started = time.perf_counter()

    display(compile_expression(text).evaluate({}))

    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "text",
    [
        *(start * 5000 for start in ("(", "[", "{a:", "if ", "not(", "f(", "function(a) ", "x in ", "-", "[1..")),
        "1" + "+1" * 20_000,
        "a" + ".b" * 20_000,
        "a" * 300_000,
        '"' + "\\" * 9999,
    ],
)
def test_a_text_nested_too_deeply_or_too_long_is_a_syntax_error(text):
    for compile_text in (compile_expression, compile_unary_tests):
        with pytest.raises(FeelSyntaxError):
            compile_text(text)


def test_regular_expressions_share_one_allowance():
    text = 'for i in 1..100 return matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|aa)+$")'
    budget = Budget(regular_expression_seconds=0.2)
    started = time.perf_counter()

    with pytest.raises(EvaluationError, match="regular_expression_seconds"):
        compile_expression(text).evaluate({}, budget=budget)

    assert time.perf_counter() - started < 2


def test_a_budget_is_an_argument():
    expression = compile_expression("for i in 1..1000 return i")

    assert len(expression.evaluate({})) == 1000
    with pytest.raises(EvaluationError) as caught:
        expression.evaluate({}, budget=Budget(iterations=100))
    assert caught.value.budget == "iterations"
    with pytest.raises(EvaluationError):
        expression.evaluate_with_warnings({}, budget=Budget(list_size=10))


def test_seconds_are_limited_too():
    with pytest.raises(EvaluationError) as caught:
        compile_expression("for i in 1..400000 return day of week(today())").evaluate({}, budget=Budget(seconds=0.01))

    assert caught.value.budget == "seconds"


def test_values_that_share_their_parts_a_billion_times_do_not_leave_the_evaluation():
    value = compile_expression("for i in 1..60 return [partial, partial]").evaluate({})

    for convert in (to_json, display, normalise):
        with pytest.raises(EvaluationError):
            convert(value)
    with pytest.raises(InvalidInput):
        dump(value)
    with pytest.raises(EvaluationError):
        compile_expression("count(x)").evaluate({"x": value})


def test_a_value_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)

    with pytest.raises(InvalidInput, match="contains itself"):
        normalise(loop)
    with pytest.raises(InvalidInput):
        dump(loop)


def test_nothing_of_python_can_be_reached():
    for text in ("x.__class__", "x.keys", "f.__globals__", '"a".format', "x.real", "__import__"):
        assert compile_expression(text).evaluate({"x": 5, "f": 1}) is None
    assert compile_expression("[1].append").evaluate({}) == [None]
