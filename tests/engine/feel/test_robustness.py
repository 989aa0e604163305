"""Whatever the arguments, evaluation gives a FEEL value or exceeds a budget; it never fails otherwise."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feel import (
    EvaluationError,
    FeelSyntaxError,
    compile_expression,
    compile_unary_tests,
    display,
    known_functions,
)

ARGUMENTS = st.sampled_from(
    [
        *("null", "true", "0", "1", "-1", "2.5", "1e6144", "-1e-6000", "9999999999999999999999999999999999", "1/3"),
        *('""', '"a"', '"foobar"', '"(a"', '"$1"', '"2020-01-01"', '"@"', '"[1..3]"', '"P1D"', '"\\U01F40E"'),
        *(
            "[]",
            "[1]",
            "[null]",
            '[1, "a"]',
            '["a", "b"]',
            "[[1], [2]]",
            '[{key: "a", value: 1}]',
            "[1, 2, 3][item > 1]",
        ),
        *("{}", "{a: 1}", '{key: "k", value: 2}', "10000000000", "0.000001", "[1..5]", "(< 3)", '["a".."b"]'),
        *('@"2020-01-31"', '@"999999999-12-31"', '@"-999999999-01-01"', '@"999999999-12-31T23:59:59Z"'),
        *('@"10:00:00"', '@"10:00:00@Europe/Paris"', '@"2020-03-29T02:30:00@Europe/Paris"'),
        *('@"P1D"', '@"-PT0.5S"', '@"P999999999999999999D"', '@"P1Y"', '@"-P999999999999999999Y"'),
        *("(function(x) x)", "(function(x, y) x < y)", "(function(x, y) null)", "count"),
        '[@"2020-01-01"..@"2020-02-01"]',
    ]
)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"])
FUNCTIONS = st.sampled_from(sorted(known_functions()))


def evaluated(text):
    try:
        evaluation = compile_expression(text).evaluate_with_warnings({})
    except EvaluationError:
        return None
    display(evaluation.value)
    return evaluation


@settings(max_examples=1500, deadline=None)
@given(FUNCTIONS, st.lists(ARGUMENTS, max_size=4))
def test_builtins_take_anything(name, arguments):
    evaluated(f"{name}({', '.join(arguments)})")


@settings(max_examples=1000, deadline=None)
@given(ARGUMENTS, OPERATORS, ARGUMENTS, OPERATORS, ARGUMENTS)
def test_operators_take_anything(first, operator, second, other, third):
    evaluated(f"({first}) {operator} (({second}) {other} ({third}))")


@settings(max_examples=500, deadline=None)
@given(
    ARGUMENTS,
    ARGUMENTS,
    ARGUMENTS,
    st.sampled_from(
        [
            "{a}[{b}]",
            "for x in {a} return [x, {b}]",
            "for x in {a}..{b} return x",
            "some x in {a} satisfies x = {b}",
            "if {a} then {b} else {c}",
            "{a} between {b} and {c}",
            "[{a}..{b}]",
            "-({a})",
            "({a}).year",
            "({a}).time offset",
            "({a})({b}, {c})",
            "({a}) instance of list<number>",
            "({a}) in ({b}, > {c}, [{b}..{c}])",
            "sort({a}, {b})",
        ]
    ),
)
def test_constructs_take_anything(first, second, third, form):
    evaluated(form.replace("{a}", first).replace("{b}", second).replace("{c}", third))


WORDS = st.sampled_from(
    [
        *("if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "not", "between"),
        *(
            "instance",
            "of",
            "function",
            "null",
            "true",
            "external",
            "item",
            "list<number>",
            "date",
            "a",
            '"a"',
            "1",
            "2.5",
        ),
        *("(", ")", "[", "]", "{", "}", ",", ":", ".", "..", "-", "+", "*", "/", "**", "=", "!=", "<", ">=", "?", "@"),
    ]
)


@settings(max_examples=1500, deadline=None)
@given(st.text('abc123 .,:()[]{}<>=+-*/"@?!\n', max_size=25) | st.lists(WORDS, max_size=9).map(" ".join))
def test_any_text_compiles_or_is_a_syntax_error(text):
    for compile_text in (compile_expression, compile_unary_tests):
        with suppress(FeelSyntaxError, EvaluationError):
            compiled = compile_text(text)
            if compile_text is compile_expression:
                compiled.evaluate_with_warnings({})
            else:
                compiled.matches(1, {})
