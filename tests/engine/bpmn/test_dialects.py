"""Expressions of other tools: translated with the same meaning, or refused with the text quoted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.dialects import expression, script, value
from engine.bpmn.juel import Untranslatable, translate_template
from engine.feel import FeelSyntaxError, compile_expression


@pytest.mark.parametrize(
    ("juel", "feel"),
    [
        ("${amount > 1000}", "amount > 1000"),
        ("#{order.customer.name}", "order.customer.name"),
        ("${status == 'open' && amount != null}", 'status = "open" and amount != null'),
        ("${a eq 1 or b ne 2 and c lt 3}", "a = 1 or b != 2 and c < 3"),
        ("${(a || b) && c}", "(a or b) and c"),
        ("${a - b - (c - d)}", "a - b - (c - d)"),
        ("${!approved}", "approved != true"),
        ("${not (a == b)}", "not(a = b)"),
        ("${vip ? 'gold' : 'plain'}", 'if vip then "gold" else "plain"'),
        ("${empty items}", 'list contains([null, "", [], {}], items)'),
        ('${execution.getVariable("x") >= 3}', "x >= 3"),
        ("${lines[0].price % 2 == 0}", "modulo(lines[1].price, 2) = 0"),
        ("${order['total']}", "order.total"),
        ("${name.equals('x')}", 'name = "x"'),
        ("${!name.equals('x')}", 'not(name = "x")'),
        ("${list.size() > 0}", "count(list) > 0"),
        ("${nrOfCompletedInstances/nrOfInstances >= 0.6}", "numberOfCompletedInstances / numberOfInstances >= 0.6"),
        ("${loopCounter}", "(loopCounter - 1)"),
        ("Order ${id} of ${name}", 'string join(["Order ", string(id), " of ", string(name)])'),
        ("${'it''s'}", None),
        ("${bean.call(1)}", None),
        ("${map[key]}", None),
        ("${execution.processBusinessKey}", None),
        ("${date}", "date"),
        ("${in}", None),
        ("${a", None),
        ("${}", None),
        ("${a b}", None),
        ("${fn:length(x)}", None),
    ],
)
def test_juel_is_translated_or_refused_with_its_text(juel, feel):
    found = expression(juel)

    assert found.source == juel
    if feel is None:
        assert juel.split("}")[0] in found.problem
        assert "write it in FEEL" in found.problem
    else:
        assert (found.feel, found.problem) == (feel, None)


@pytest.mark.parametrize(
    ("juel", "variables", "result"),
    [
        ("${empty x}", {"x": ""}, True),
        ("${empty x}", {"x": []}, True),
        ("${empty x}", {"x": None}, True),
        ("${empty x}", {"x": "a"}, False),
        ("${!empty x}", {"x": [1]}, True),
        ("${!done}", {"done": None}, True),
        ("${!done}", {"done": True}, False),
        ("${a + b * 2}", {"a": 1, "b": 2}, 5),
        ("${-a % 3}", {"a": 4}, 2),
        ("${a > 1 ? 'x' : a > 0 ? 'y' : 'z'}", {"a": 1}, "y"),
        ("${(a > 1 ? 2 : 3) + 1}", {"a": 2}, 3),
        ("${l[1]}", {"l": [4, 5]}, 5),
        ("Dear ${name}!", {"name": "Ann"}, "Dear Ann!"),
        ("${s.startsWith('a') && s.endsWith('c')}", {"s": "abc"}, True),
        ("${a == 'say \\'hi\\''}", {"a": "say 'hi'"}, True),
        ("${nrOfActiveInstances == 2}", {"numberOfActiveInstances": 2}, True),
    ],
)
def test_translated_expressions_mean_the_same(juel, variables, result):
    assert compile_expression(expression(juel).feel).evaluate(variables) == result


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("x == 1", "write '='"), ("a && b", "write 'and'"), ("a || b", "write 'or'"), ("!done", "write 'not(…)'")],
)
def test_operators_of_other_languages_are_named_with_what_to_write(text, suggestion):
    assert suggestion in expression(text).problem
    assert suggestion in expression(f"={text}").problem


def test_operators_inside_string_literals_are_text():
    assert expression('x = "a == b && !c"').problem is None


@pytest.mark.parametrize("text", ["amount > 1", "=amount > 1", "  = amount > 1 "])
def test_a_leading_equals_sign_is_dropped(text):
    assert expression(text).feel == "amount > 1"


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("python", "Python"),
        ("text/javascript", "JavaScript"),
        ("Groovy", "Groovy"),
        ("http://www.mvel.org/2.0", "MVEL"),
        ("http://www.java.com/java", "Java"),
    ],
)
def test_programming_languages_never_run(language, title):
    found = script("x = 1", language)

    assert f"is {title} text, which Praxis never runs" in found.problem
    assert title in expression("x > 1", language).problem


@pytest.mark.parametrize(
    "language",
    [None, "", "feel", "FEEL", "https://www.omg.org/spec/DMN/20191111/FEEL/", "http://www.w3.org/1999/XPath"],
)
def test_feel_and_defaults_of_other_tools_are_feel(language):
    assert script("{x: 1}", language).problem is None


def test_juel_as_a_script_format_needs_no_braces():
    assert script("a == 1", "juel").feel == "a = 1"


def test_a_value_is_text_unless_it_says_otherwise():
    assert value("sales").text == "sales"
    assert value("=owner").expression.feel == "owner"
    assert value("${owner}").expression.feel == "owner"
    assert value("  ") is None


@given(st.text("ab.()[]'\"!&|=<>?:+-*/% ${}1", max_size=30))
def test_any_juel_is_translated_to_feel_or_refused(text):
    try:
        feel = translate_template("${" + text + "}")
    except Untranslatable:
        return
    try:
        compile_expression(feel)
    except FeelSyntaxError as error:
        pytest.fail(f"{text!r} became {feel!r}: {error}")
