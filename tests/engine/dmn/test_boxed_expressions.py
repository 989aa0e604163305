import pytest

from engine.dmn import compile_decisions, read_dmn
from engine.errors import InvalidModel
from engine.feel import EvaluationError

from .dmn_models import (
    compiled,
    context,
    decision,
    entry,
    formal,
    input_data,
    knowledge_model,
    literal,
    model,
    result_of,
    table,
    value_of,
)


def function(parameters, logic, kind="FEEL"):
    return f'<functionDefinition kind="{kind}">{formal(parameters)}{logic}</functionDefinition>'


def boxed(tag, **parts):
    return f"<{tag}>" + "".join(f"<{name}>{logic}</{name}>" for name, logic in parts.items()) + f"</{tag}>"


def iteration(tag, variable, **parts):
    return boxed(tag, **parts).replace(f"<{tag}>", f'<{tag} iteratorVariable="{variable}">', 1)


def invocation(name, **arguments):
    bindings = "".join(
        f'<binding><parameter name="{key}"/>{literal(text)}</binding>' for key, text in arguments.items()
    )
    return f"<invocation>{literal(name)}{bindings}</invocation>"


def test_an_iterator_may_walk_from_one_number_to_another():
    doubled = iteration("for", "i", **{"in": literal("3..1"), "return": literal("i * 2")})
    found = iteration("some", "i", **{"in": literal("1..upper"), "satisfies": literal("i = 4")})

    assert value_of(doubled) == [6, 4, 2]
    assert value_of(found, {"upper": 4}) is True


def test_a_context_with_the_same_entry_twice_is_null():
    """10.3.2.6: the keys of a context are distinct, as in FEEL texts."""
    result = result_of(context(entry("a", literal("1")), entry("a", literal("2"))), strict=False)

    assert result.value is None
    assert "twice" in result.messages[0]


def test_entries_of_a_context_see_the_earlier_ones():
    logic = context(entry("net price", literal("10 * 2")), entry("gross", literal("net price * 1.5")))

    assert value_of(logic) == {"net price": 20, "gross": 30}


def test_the_result_cell_is_the_value_of_a_context():
    assert value_of(context(entry("a", literal("2")), entry(None, literal("a + 1")))) == 3


def test_a_function_in_a_context_may_call_itself():
    factorial = function(["n"], literal("if n <= 1 then 1 else n * factorial(n - 1)"))

    assert value_of(context(entry("factorial", factorial), entry(None, literal("factorial(5)")))) == 120


def test_names_with_operators_are_read_where_they_are_known():
    logic = context(entry("loan-to-value", literal("5")), entry("b", literal("loan-to-value - 1")))

    assert value_of(logic) == {"loan-to-value": 5, "b": 4}


def test_a_list_and_a_relation():
    relation = (
        '<relation><column name="sku"/><column name="qty"/>'
        f"<row>{literal('1')}{literal('2')}</row><row>{literal('3')}{literal('4')}</row></relation>"
    )

    assert value_of(f"<list>{literal('1')}{literal('null')}</list>") == [1, None]
    assert value_of(relation) == [{"sku": 1, "qty": 2}, {"sku": 3, "qty": 4}]


def test_an_invocation_binds_parameters_by_name():
    total = knowledge_model("total price", ["net", "tax rate"], literal("net * (1 + tax rate)"))
    logic = (
        f"<invocation>{literal('total price')}"
        f'<binding><parameter name="tax rate"/>{literal("0.5")}</binding>'
        f'<binding><parameter name="net"/>{literal("10")}</binding></invocation>'
    )

    assert value_of(logic, {}, total, knowledge=["total price"]) == 15


def test_an_unknown_parameter_makes_an_invocation_null():
    twice = knowledge_model("twice", ["n"], literal("n * 2"))

    assert value_of(invocation("twice", m="1"), {}, twice, knowledge=["twice"]) is None


def test_invoking_what_is_no_function_is_null_with_a_message():
    result = result_of(invocation("nothing", n="1"))

    assert result.value is None
    assert any("no function" in message for message in result.messages)


def test_a_knowledge_model_is_called_from_feel_and_from_other_knowledge_models():
    parts = [
        knowledge_model("twice", ["n"], literal("n * 2")),
        knowledge_model("four times", ["n"], literal("twice(twice(n))"), knowledge=["twice"]),
    ]

    assert value_of(literal("four times(3)"), {}, *parts, knowledge=["four times"]) == 12
    assert value_of(literal("four times(n: 3)"), {}, *parts, knowledge=["four times"]) == 12


def test_knowledge_models_may_need_each_other():
    parts = [
        knowledge_model("is even", ["n"], literal("if n = 0 then true else is odd(n - 1)"), knowledge=["is odd"]),
        knowledge_model("is odd", ["n"], literal("if n = 0 then false else is even(n - 1)"), knowledge=["is even"]),
    ]

    assert value_of(literal("is even(10)"), {}, *parts, knowledge=["is even"]) is True


def test_a_knowledge_model_sees_its_parameters_only():
    parts = [input_data("secret"), knowledge_model("peek", [], literal("secret"))]

    assert value_of(literal("peek()"), {"secret": 1}, *parts, inputs=["secret"], knowledge=["peek"]) is None


def test_arguments_are_checked_against_the_parameters_types():
    twice = knowledge_model("twice", [("n", "number")], literal("n * 2"))

    assert value_of(literal('twice("a")'), {}, twice, knowledge=["twice"]) is None
    assert value_of(literal("twice([4])"), {}, twice, knowledge=["twice"]) == 8
    assert value_of(literal("twice(1, 2)"), {}, twice, knowledge=["twice"]) is None


def test_the_result_of_a_knowledge_model_is_checked_against_its_type():
    parts = [knowledge_model("name", [], literal("5"), type_ref="string")]

    assert value_of(literal("name()"), {}, *parts, knowledge=["name"]) is None


def test_a_table_as_knowledge_is_audited_under_its_name():
    rate = knowledge_model("rate", ["n"], table(["n"], [""], [("< 5", "1"), (">= 5", "2")]))

    result = result_of(literal("rate(7)"), {}, rate, knowledge=["rate"])

    assert result.value == 2
    assert [(each["decision"], each["rules"]) for each in result.audit] == [("rate", [2]), ("x", [])]


@pytest.mark.parametrize("kind", ["Java", "PMML"])
def test_foreign_functions_are_null_with_a_message(kind):
    logic = context(
        entry("f", function(["a"], context(entry("class", literal('"java.lang.Math"'))), kind)),
        entry(None, literal("f(1)")),
    )

    result = result_of(logic)

    assert result.value is None
    assert any("write it in FEEL" in message for message in result.messages)


def test_a_conditional_takes_else_unless_the_condition_is_true():
    logic = boxed("conditional", **{"if": literal("n > 1"), "then": literal('"yes"'), "else": literal('"no"')})

    assert [value_of(logic, {"n": n}) for n in (2, 1, None)] == ["yes", "no", "no"]


def test_a_filter_keeps_the_items_that_match():
    logic = boxed("filter", **{"in": literal("[1, 2, 3, 4]"), "match": literal("item > 2")})
    by_entry = boxed("filter", **{"in": literal("[{a: 1}, {a: 5}]"), "match": literal("a > 2")})

    assert value_of(logic) == [3, 4]
    assert value_of(by_entry) == [{"a": 5}]


def test_a_for_returns_one_value_per_item_and_knows_the_partial_result():
    doubled = iteration("for", "i", **{"in": literal("[1, 2, 3]"), "return": literal("i * 2")})
    running = iteration("for", "i", **{"in": literal("[1, 2, 3]"), "return": literal("i + count(partial)")})

    assert value_of(doubled) == [2, 4, 6]
    assert value_of(running) == [1, 3, 5]


def test_every_and_some_follow_ternary_logic():
    def ask(tag, items):
        return value_of(iteration(tag, "i", **{"in": literal(items), "satisfies": literal("i > 2")}))

    assert (ask("every", "[3, 4]"), ask("every", "[3, 1]"), ask("every", "[]")) == (True, False, True)
    assert (ask("some", "[1, 4]"), ask("some", "[1, 2]"), ask("some", "[]")) == (True, False, False)
    assert (ask("every", '[3, "a"]'), ask("some", '[1, "a"]')) == (None, None)


def test_an_entry_that_does_not_conform_to_its_type_is_null_with_a_message():
    result = result_of(context(entry("a", literal('"5"'), "number")))

    assert result.value == {"a": None}
    assert any("expected number, found string" in message for message in result.messages)


@pytest.mark.parametrize("text", ["", "1 +", "  "])
def test_an_expression_that_cannot_be_read_is_refused_and_null_in_the_lenient_mode(text):
    source = model(decision("x", literal(text)))

    with pytest.raises(InvalidModel) as caught:
        compile_decisions([read_dmn(source)])

    assert caught.value.findings[0].element_id == "d_x"
    assert compile_decisions([read_dmn(source)], strict=False).evaluate("x", {}).value is None


def test_other_expression_languages_are_refused():
    logic = '<literalExpression expressionLanguage="javascript"><text>1+1</text></literalExpression>'

    with pytest.raises(InvalidModel, match="must be FEEL"):
        compiled(decision("x", logic))


def test_runaway_recursion_ends_in_a_budget():
    endless = knowledge_model("endless", ["n"], literal("endless(n + 1)"))

    with pytest.raises(EvaluationError):
        value_of(literal("endless(1)"), {}, endless, knowledge=["endless"])
