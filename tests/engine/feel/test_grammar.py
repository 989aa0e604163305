"""10.3.1: grammar, tokens, names and their ambiguity, syntax errors."""

import pytest

from engine.errors import InvalidInput
from engine.feel import FeelSyntaxError, compile_expression


def value(text, /, **variables):
    return compile_expression(text, variables).evaluate(variables)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("-4 ** 2", 16),  # 10.3.1.2: negation binds tighter than exponentiation
        ("-(4 ** 2)", -16),
        ("2 ** 3 ** 2", 64),  # all infix operators are left associative
        ("10 - 4 - 3", 3),
        ("100 / 10 / 5", 2),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 * -3", -6),
        ("1 - -1", 2),
        ("--5", 5),
        (".5 + 1.25e2", 125.5),
        ("1.2e3 = 1.2 * 10 ** 3", True),
        ("1 + 1 = 2 and 2 < 3 or false", True),
        ("true or true and false", True),
        ("1 < 2 = true", True),
        ("not(true) or true", True),
        ("1 + 2 between 1 + 1 and 2 * 2", True),
        ("-1 instance of number", True),
        ("1 // to the end of the line\n + 1", 2),
        ("1 /* a comment\n over lines */ + 1", 2),
        ("if true then 1 else 2 + 3", 1),
        ("(if true then 1 else 2) + 3", 4),
        ("[1, 2, 3,  4][2]", 2),
        ("{a: [1, {b: 2}]}.a[2].b", 2),
        ("\u00a01\u2003+\u30001", 2),  # rule 61
    ],
)
def test_operators_bind_as_the_grammar_orders_them(text, result):
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', "a\\b"),
        (r'"\n\r\t"', "\n\r\t"),
        (r'"\u0041"', "A"),
        (r'"\U01F40E"', "🐎"),
        (r'"\uD83D\uDC0E"', "🐎"),
        (r'"it\'s"', "it's"),
        ('""', ""),
        ('"\\d"', "\\d"),
    ],
)
def test_string_literals_follow_rules_33_and_64(text, result):
    assert value(text) == result


def test_known_names_of_several_tokens_match_longest_first():
    variables = {"a": 5, "b": 3, "a-b": 100, "Profit and loss": 7, "Monthly Salary": 10, "Monthly": 1}

    assert compile_expression("a-b", variables).evaluate(variables) == 100
    assert compile_expression("a - b", variables).evaluate(variables) == 100
    assert compile_expression("(a)-(b)", variables).evaluate(variables) == 2
    assert compile_expression("Profit and loss + 1", variables).evaluate(variables) == 8
    assert compile_expression("Monthly   Salary * Monthly", variables).evaluate(variables) == 10


def test_members_are_known_for_reading_but_are_no_variables():
    expression = compile_expression("order.net-price * 2", ["order"], members=["net-price"])

    assert expression.evaluate({"order": {"net-price": 4}}) == 8
    assert expression.names == {"order"}


def test_without_declared_names_operators_are_operators():
    assert compile_expression("a-b").evaluate({"a": 5, "b": 3}) == 2


def test_adjacent_words_are_one_name_even_when_unknown():
    assert compile_expression("Monthly Salary * 2").evaluate({"Monthly Salary": 4}) == 8
    assert compile_expression("phase 1 + 1").evaluate({"phase 1": 4}) == 5


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{first name: 1, b: first name + 1}.b", 2),
        ("{a-b: 1, c: a-b + 1}.c", 2),
        ('{"any key!": 1}', {"any key!": 1}),
        ("{a+b: 1}.a+b", 1),
        ("[{first name: 1}, {first name: 2}][first name > 1].first name", [2]),
        ("for the item in [1, 2] return the item * 2", [2, 4]),
        ("(function(a b, c) a b - c)(a b: 5, c: 3)", 2),
        ('{date: 5, x: date("2020-01-01").year}.x', 2020),
        ("{🐎: 1, über: 2}.🐎", 1),
        ("{if: 1}", {"if": 1}),
    ],
)
def test_names_declared_inside_an_expression_are_known_there(text, result):
    assert value(text) == result


def test_a_variable_named_like_a_builtin_hides_it_only_when_it_is_a_function():
    assert value("count([1, 2]) + count", count=3) == 5
    assert value('date("2026-01-02").day + date', date=1) == 3


@pytest.mark.parametrize(
    ("text", "line", "column", "expected", "found"),
    [
        ("1 +", 1, 4, "an expression", "the end of the text"),
        ("(1", 1, 3, ")", "the end of the text"),
        ("1 +\n  * 2", 2, 3, "an expression", "'*'"),
        ("[1, 2", 1, 6, "]", "the end of the text"),
        ("if a than 1 else 2", 1, 13, "the keyword 'then'", "'else'"),
        ("{a 1}", 1, 5, ": after a key (a name)", "'}'"),
        ('"open', 1, 1, 'a closing "', "the end of the text"),
        ("1 # 2", 1, 3, "an expression or an operator", "the character #"),
        ("/* open", 1, 1, "a closing */", "the end of the text"),
        ("for x on y return x", 1, 20, "in after the name of the loop variable", "the end of the text"),
        ("", 1, 1, "an expression", "the end of the text"),
        ("a b) c", 1, 4, "an operator or the end of the expression", "')'"),
    ],
)
def test_a_syntax_error_tells_place_expectation_and_finding(text, line, column, expected, found):
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(text)

    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert error.found == found
    assert expected.split(" after")[0] in error.expected
    assert error.expected in str(error)
    assert isinstance(error, InvalidInput)


def test_a_misspelled_keyword_is_suggested():
    with pytest.raises(FeelSyntaxError, match="Did you mean 'then' instead of 'than'"):
        compile_expression("if a than 1 else 2")


@pytest.mark.parametrize("text", [5, None, b"1"])
def test_something_that_is_no_text_is_refused(text):
    with pytest.raises(FeelSyntaxError, match="must be text"):
        compile_expression(text)


def test_free_names_and_unknown_functions_are_told():
    expression = compile_expression(
        "order.total + count(items[price > limit]) + tax(x) + (for i in rows return i + rate)", ["limit"]
    )

    assert expression.names == {"order", "items", "limit", "tax", "x", "rows", "rate"}
    assert expression.possible_names == {"price"}
    assert expression.functions == {"tax"}


def test_names_bound_inside_are_not_free():
    expression = compile_expression("{a: 1, f: function(b) a + b + c, d: f(1)}.d + partial")

    assert expression.names == {"c", "partial"}
    assert expression.functions == frozenset()


def test_a_function_stored_in_a_context_may_call_itself():
    assert value("{fact: function(n) if n < 2 then 1 else n * fact(n - 1), r: fact(20)}.r") == 2432902008176640000
