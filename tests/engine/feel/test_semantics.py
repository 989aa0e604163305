"""10.3.2: ternary logic, equality, order, lists, filters, contexts, ranges, iteration, conversions, types."""

import pytest

from engine.feel import compile_expression, function_value
from engine.feel.values import Range

NULL = None


def value(text, /, **variables):
    return compile_expression(text, variables).evaluate(variables)


@pytest.mark.parametrize("a", ["true", "false", "null"])
@pytest.mark.parametrize("b", ["true", "false", "null", "1"])
def test_conjunction_and_disjunction_are_ternary(a, b):
    """Table 50: anything but true and false counts as null."""
    truths = {"true": True, "false": False}
    left, right = truths.get(a), truths.get(b)
    conjunction = False if False in (left, right) else (True if left and right else None)
    disjunction = True if True in (left, right) else (False if left is False and right is False else None)

    assert value(f"{a} and {b}") is conjunction
    assert value(f"{b} and {a}") is conjunction
    assert value(f"{a} or {b}") is disjunction
    assert value(f"{b} or {a}") is disjunction


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("null = null", True),
        ("null != null", False),
        ("1 = null", False),
        ("null != 1", True),
        ('"1" = 1', NULL),
        ('"1" != 1', NULL),
        ("true = 1", NULL),
        ("[] = 0", NULL),
        ("1 = 1.000", True),
        ("0 = -0", True),
        ('"a" = "A"', False),
        ("[1, 2] = [1, 2.0]", True),
        ("[1, 2] = [2, 1]", False),
        ("[1] = 1", NULL),
        ("{a: 1, b: 2} = {b: 2, a: 1}", True),
        ("{a: 1} = {a: 1, b: 2}", False),
        ("[1..3] = [1..3]", True),
        ("[1..3] = [1..3)", False),
        ("(< 3) = (< 3)", True),
        ("(= 3) = (= 3)", True),
        ("(!= 3) = (!= 3)", True),
        ("(!= 3) = (= 3)", False),
        ("(= 3) = [3..3]", False),
        ('(>= 2) = range("[2..)")', True),
        ('date("2020-01-01") = date and time("2020-01-01T00:00:00")', NULL),
        ('@"P1Y" = @"P12M"', True),
        ('@"P1Y" = @"P365D"', NULL),
        ('@"P1D" = @"PT24H"', True),
        ('@"2020-01-01T00:00:00Z" = @"2020-01-01T01:00:00+01:00"', True),
        ('@"2020-07-01T00:00:00@Europe/Paris" = @"2020-06-30T22:00:00Z"', True),
        ('@"2020-01-01T00:00:00" = @"2020-01-01T00:00:00Z"', False),
        ('@"10:00:00Z" = @"11:00:00+01:00"', True),
        ('@"10:00:00" = @"10:00:00Z"', False),
    ],
)
def test_equality_is_defined_within_one_kind(text, result):
    """10.3.2.2 and Table 53."""
    assert value(text) is result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 < 2", True),
        ("2 <= 2.0", True),
        ('"a" < "b"', True),
        ('"a" < "ab"', True),
        ('"Z" < "a"', True),
        ("1 < null", NULL),
        ("null < null", NULL),
        ('1 < "2"', NULL),
        ("true < false", NULL),
        ("[1] < [2]", NULL),
        ('@"2020-01-31" < @"2020-02-01"', True),
        ('@"-0001-01-01" < @"0001-01-01"', True),
        ('@"PT1H" < @"PT61M"', True),
        ('@"P11M" < @"P1Y"', True),
        ('@"P1Y" < @"P400D"', NULL),
        ('@"10:00:00Z" < @"10:30:00+01:00"', False),
        ('@"2020-01-01T10:00:00" < @"2020-01-01T11:00:00Z"', True),  # Table 54: takes the other's offset
        ("2 between 1 and 3", True),
        ("2 between 3 and 1", False),
        ("2 between null and 3", NULL),
        ("5 between null and 3", False),
    ],
)
def test_order_is_defined_within_one_ordered_kind(text, result):
    """Table 54 and 55."""
    assert value(text) is result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 in 1", True),
        ("1 in (1, 2)", True),
        ("3 in (1, 2)", False),
        ("1 in [1, 2]", True),
        ("1 in ([1, 2])", True),
        ("[1] in [[1]]", True),
        ("[1] in [1]", True),
        ("5 in > 3", True),
        ("{r: (!= 3), a: 4 in r, b: 3 in r}.a", True),
        ("{r: (!= 3), a: 4 in r, b: 3 in r}.b", False),
        ("{r: (= 3), b: 3 in r}.b", True),
        ("5 in (> 3, < 1)", True),
        ("2 in (> 3, < 1)", False),
        ("3 in != 3", False),
        ("1 in [1..3]", True),
        ("1 in (1..3]", False),
        ("1 in ]1..3]", False),
        ("3 in [1..3[", False),
        ("3 in [1..3)", False),
        ("2 in ([1..3])", True),
        ("2 in [[1..3], [7..9]]", True),
        ("null in [1..3]", NULL),
        ("null in (null)", True),
        ("null in (1, null)", True),
        ('"x" in [1..3]', NULL),
        ("1 in [3..1]", False),
        ("5 in (? > 3)", True),
        ("5 in (? > 3 and ? < 4)", False),
        ('"b" in ["a".."c"]', True),
        ('@"2020-06-01" in [@"2020-01-01"..@"2020-12-31"]', True),
        ("1 in null", False),
        ('5 in range("[1..5]")', True),
        ("4 in (if true then [1..5] else null)", True),
    ],
)
def test_in_tests_values_lists_ranges_and_conditions(text, result):
    """Table 55."""
    assert value(text) is result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("[1, 2, 3][1]", 1),
        ("[1, 2, 3][-1]", 3),
        ("[1, 2, 3][0]", NULL),
        ("[1, 2, 3][4]", NULL),
        ("[1, 2, 3][-4]", NULL),
        ("[1, 2, 3][1.5]", NULL),
        ("[][1]", NULL),
        ("null[1]", NULL),
        ("100[1]", 100),
        ("100[2]", NULL),
        ("3[item > 2]", [3]),
        ("3[item > 5]", []),
        ("[1, 2, 3, 4][item > 2]", [3, 4]),
        ("[1, 2, 3][item > 5]", []),
        ("[1, null, 3][item > 0]", [1, 3]),
        ("[{x: 1, y: 2}, {x: 2, y: 3}][x = 1]", [{"x": 1, "y": 2}]),
        ("[{x: 1, y: 2}, {x: null, y: 3}][x < 2]", [{"x": 1, "y": 2}]),
        ("[{item: 1}, {item: 2}][item > 1]", [{"item": 2}]),
        ("[{x: 1}, {x: 2}][item.x > 1]", [{"x": 2}]),
        ("{x: 1}[x = 1]", [{"x": 1}]),
        ("[[1, 2], [3]][count(item) = 1]", [[3]]),
        ("{i: 2, r: [4, 5, 6][i]}.r", 5),
        ("[1, 2, 3][true]", [1, 2, 3]),
        ('[1, 2, 3]["a"]', NULL),
        ("[{a: {b: [1]}}, {a: {b: [2.1, 2.2]}}].a.b[2][1]", 2.1),
        ("[{x: 1, y: 2}, {x: 2}].y", [2, NULL]),
        ("{a: 1}.b", NULL),
        ("null.a", NULL),
    ],
)
def test_lists_filters_and_paths(text, result):
    """10.3.2.5, Table 68."""
    found = value(text)

    assert found == result or float(found) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("for i in [1, 2] return i + 1", [2, 3]),
        ("for i in 1..3 return i", [1, 2, 3]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in 2..2 return i", [2]),
        ("for i in [1..3] return i", [1, 2, 3]),
        ("for i in (1..3) return i", [2]),
        ("for i in [] return i", []),
        ("for i in null return i", NULL),
        ("for i in 5 return i", [5]),
        ("for i in 1.5..3 return i", NULL),
        ('for i in 1.."a" return i', NULL),
        ("for x in [1, 2], y in [10, 20] return x + y", [11, 21, 12, 22]),
        ("for x in [[1, 2], [3]], y in x return y", [1, 2, 3]),
        ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", [1, 1, 2, 6, 24]),
        ("for i in 1..3 return count(partial)", [0, 1, 2]),
        ("for i in 1..3 return partial", [[], [[]], [[], [[]]]]),
        ('for d in @"2020-02-28"..@"2020-03-01" return d.day', [28, 29, 1]),
        ('for d in @"2020-03-01"..@"2020-02-28" return d.day', [1, 29, 28]),
        ("some x in [1, 2] satisfies x > 1", True),
        ("some x in [1, 2] satisfies x > 2", False),
        ("some x in [1, null] satisfies x > 2", NULL),
        ("some x in [] satisfies true", False),
        ("every x in [] satisfies false", True),
        ("every x in [1, 2] satisfies x > 0", True),
        ("every x in [1, null] satisfies x > 0", NULL),
        ("every x in [0, null] satisfies x > 0", False),
        ("some x in null satisfies true", NULL),
        ("every x in 1..3, y in 4..6 satisfies x < y", True),
        ("some x in [[1], [2]], y in x satisfies y = 2", True),
        ("if null then 1 else 2", 2),
        ('if "true" then 1 else 2', 2),
        ("for f in [function(x) x + 1, function(x) x * 10] return f(5)", [6, 50]),
        ("{fs: for i in 1..3 return function(x) x + i, r: for f in fs return f(10)}.r", [11, 12, 13]),
    ],
)
def test_iteration_and_conditionals(text, result):
    """10.3.2.14, Table 49."""
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{a: 1, b: a + 1}", {"a": 1, "b": 2}),
        ("{a: 1, a: 2}", NULL),
        ("{}", {}),
        ("{a: b, b: 1}.a", NULL),
        ("{x: {y: 1, z: y + 1}}.x.z", 2),
        ("{a: 1, b: {a: 2, c: a}}.b.c", 2),
    ],
)
def test_contexts(text, result):
    """10.3.2.6, Table 69."""
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("[1..10].start", 1),
        ("[1..10).end included", False),
        ("(<= 10).start", NULL),
        ("(<= 10).end", 10),
        ("(<= 10).start included", False),
        ("(<= 10).end included", True),
        ("(> 1).start included", False),
        ("(> 1).end", NULL),
        ("(= 10).start included", True),
        ("(!= 10).end included", False),
        ("(!= 10).end", 10),
        ("[10..1]", NULL),
        ('[1.."a"]', NULL),
        ("[null..1]", NULL),
        ("[true..false]", NULL),
        ("[1+1..2*3].end", 6),
    ],
)
def test_ranges_and_their_properties(text, result):
    """10.3.2.7, Table 42 and 67."""
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("(function(a, b) a - b)(5, 3)", 2),
        ("(function(a, b) a - b)(b: 5, a: 3)", -2),
        ("(function(a, b) b)(a: 1)", NULL),
        ("(function(a, b) a)(1)", NULL),
        ("(function(a) a)(1, 2)", NULL),
        ("(function(a) a)(c: 1)", NULL),
        ("(function() 7)()", 7),
        ('(function(a: number) a)("x")', NULL),
        ("(function(a: number) a)([5])", 5),
        ("(function(a: list<number>) a)(5)", [5]),
        ('(function(a: date and time) a.hour)(@"2020-01-01")', 0),
        ("(function(a: nonsense) a)(1)", NULL),
        ("{x: 1, f: function(a) a + x, r: f(1)}.r", 2),
        ("[1, 2](1)", NULL),
        ("nothing(1)", NULL),
        ('(function(x) external {java: {class: "C", method signature: "m(int)"}})(1)', NULL),
    ],
)
def test_invocation(text, result):
    """10.3.2.13."""
    assert value(text) == result


def test_external_functions_come_from_the_callers_table_only():
    text = '(function(x) external {java: {class: "java.lang.Math", method signature: "cos(double)"}})(0)'
    expression = compile_expression(text)

    refused = expression.evaluate_with_warnings({})
    allowed = expression.evaluate({}, externals={"java.lang.Math.cos(double)": lambda x: x + 1})

    assert refused.value is None
    assert "java.lang.Math.cos(double)" in refused.warnings[0]
    assert allowed == 1


def test_python_callables_become_functions():
    double = function_value(["n"], lambda n: n * 2.5)

    assert value("double(4)", double=double) == 10
    assert value("double(n: 4)", double=double) == 10
    assert value("double(1, 2)", double=double) is None


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 instance of number", True),
        ('"a" instance of string', True),
        ("true instance of boolean", True),
        ("true instance of number", False),
        ("null instance of number", False),
        ("null instance of Null", True),
        ("null instance of Any", False),
        ("1 instance of Any", True),
        ("1 instance of nonsense", NULL),
        ("[1] instance of list", NULL),
        ("[123] instance of list<number>", True),
        ('["a", 1] instance of list<number>', False),
        ('["a", true] instance of list<Any>', True),
        ("{a: 1} instance of context<a: number>", True),
        ('{a: 1, b: "x"} instance of context<a: number>', True),
        ("{a: 1} instance of context<a: number, b: string>", False),
        ("[1..2] instance of range<number>", True),
        ("[1..2] instance of range<date>", False),
        ('@"2020-01-01" instance of date', True),
        ('@"2020-01-01" instance of date and time', False),
        ('@"10:00:00" instance of time', True),
        ('@"P1D" instance of days and time duration', True),
        ('@"P1D" instance of years and months duration', False),
        ("(function(a: number) a) instance of function<number>->number", True),
        ("(function(a: number) a) instance of function<string>->number", False),
        ("(function(a) a) instance of function<number>->Any", True),
        ("(function(a, b) a) instance of function<number>->Any", False),
        ('(function(a: number) "x") instance of function<number>->string', True),
        ('(function(a: number) "x") instance of function<number>->number', False),
        ("(function(a) a > 1) instance of function<number>->boolean", True),
        ("(function() {a: 1, b: 2}) instance of function<>->context<a: number>", True),
        ("(function() [1]) instance of function<>->list<string>", False),
        ("null instance of function<> -> Any", False),
        ("abs instance of function<number>->number", True),
        ("abs instance of function<string>->number", False),
    ],
)
def test_instance_of(text, result):
    """Table 61 and 10.3.2.9."""
    assert value(text) is result


def test_warnings_say_why_a_result_is_null():
    evaluation = compile_expression('customerName + 1 + date("x").year').evaluate_with_warnings({"customername": 1})

    assert evaluation.value is None
    assert "no variable found with name 'customerName'; did you mean 'customername'?" in evaluation.warnings
    assert any("date" in warning and "'x'" in warning for warning in evaluation.warnings)


def test_a_variable_without_feel_value_is_null_with_a_warning():
    evaluation = compile_expression("x = null").evaluate_with_warnings({"x": object()})

    assert evaluation.value is True
    assert "object" in evaluation.warnings[0]


def test_a_range_is_a_value():
    assert value("[1..3)") == Range(1, 3, True, False)
