"""10.3.2.9: type expressions, conformance, implicit conversions, named types."""

import pytest

from engine.errors import InvalidInput
from engine.feel import compile_expression, display
from engine.feel.types import Type, coerce, conforms, convert, is_subtype, parse_type

EMPLOYEE = Type("context", entries={"id": Type("number"), "name": Type("string")})


def value(text):
    return compile_expression(text).evaluate({})


@pytest.mark.parametrize(
    "text",
    [
        "number",
        "string",
        "boolean",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
        "Any",
        "Null",
        "list<number>",
        "list<list<date and time>>",
        "context<a: number, b c: string>",
        "function<number, string>->boolean",
        "range<date>",
    ],
)
def test_type_expressions_are_read(text):
    assert str(parse_type(text)) == text


def test_aliases_and_bare_collections_are_read():
    assert parse_type("dateTime") == parse_type("date and time")
    assert parse_type("dayTimeDuration") == parse_type("days and time duration")
    assert parse_type("yearMonthDuration") == parse_type("years and months duration")
    assert conforms([1, "a"], parse_type("list"))
    assert conforms({"a": 1}, parse_type("context"))


def test_an_unknown_type_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match=r"no type 'Employe'.*number.*Employee"):
        parse_type("Employe", {"Employee": EMPLOYEE})


@pytest.mark.parametrize(
    ("narrow", "wide", "result"),
    [
        ("number", "number", True),
        ("date", "date and time", False),
        ("list<number>", "list<Any>", True),
        ("list<Any>", "list<number>", False),
        ("context<a: number, b: string>", "context<a: number>", True),
        ("context<a: number>", "context<a: number, b: string>", False),
        ("function<Any>->number", "function<number>->Any", True),
        ("function<number>->Any", "function<Any>->number", False),
        ("range<number>", "range<string>", False),
        ("Null", "number", True),
        ("number", "Any", True),
    ],
)
def test_conformance_of_types(narrow, wide, result):
    assert is_subtype(parse_type(narrow), parse_type(wide)) is result


@pytest.mark.parametrize(
    ("text", "wanted", "result"),
    [
        ("1", "list<number>", "[1]"),
        ("[1]", "number", "1"),
        ("[1, 2]", "number", "null"),
        ('"a"', "number", "null"),
        ('@"2020-01-01"', "date and time", "2020-01-01T00:00:00Z"),
        ('@"2020-01-01T00:00:00"', "date", "null"),
        ("null", "number", "null"),
        ("[null]", "list<number>", "[null]"),
        ("{a: 1, b: 2}", "context<a: number>", "{a: 1, b: 2}"),
        ("{b: 2}", "context<a: number>", "null"),
        ("[1..2]", "range<number>", "[1..2]"),
    ],
)
def test_implicit_conversions(text, wanted, result):
    assert display(coerce(value(text), parse_type(wanted))) == result


def test_a_failed_conversion_says_why():
    assert convert("a", Type("number")) == (None, "expected number, found string")


def test_named_types_are_known_to_instance_of():
    types = {"Employee": EMPLOYEE, "Employee list": Type("list", item=EMPLOYEE)}

    def check(text):
        return compile_expression(text, types=types).evaluate({})

    assert check('{id: 1, name: "Peter"} instance of Employee') is True
    assert check('{id: 1, name: "Peter", age: 4} instance of Employee') is True
    assert check("{id: 1} instance of Employee") is False
    assert check('[{id: 1, name: "x"}] instance of Employee list') is True
    assert check("1 instance of Nothing") is None


def test_allowed_values_narrow_a_type():
    grade = Type("string", allowed=lambda text: text in ("A", "B"))

    assert conforms("A", grade)
    assert not conforms("C", grade)
    assert coerce(["A"], grade) == "A"
    assert coerce("C", grade) is None
