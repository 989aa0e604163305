from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidModel
from engine.feel import compile_unary_tests

from .dmn_models import compiled, component, context, decision, entry, item, literal, result_of, table, value_of


def simple(policy, values=None, default=None, aggregation=None):
    return table(
        ["n"],
        [("", values, default)],
        [("< 10", '"low"'), ("< 20", '"mid"'), ("< 30", '"high"')],
        policy,
        aggregation,
    )


# -- hit policies (8.2.10) ------------------------------------------------------------------------------------------


def test_unique_gives_the_output_of_the_one_rule():
    assert value_of(simple("UNIQUE"), {"n": 25}) == "high"


def test_unique_is_null_with_a_message_when_rules_overlap():
    result = result_of(simple("UNIQUE"), {"n": 15})

    assert result.value is None
    assert any("rules 2, 3 hold at once" in message for message in result.messages)


def test_first_takes_the_first_rule_in_order():
    assert value_of(simple("FIRST"), {"n": 5}) == "low"


def test_first_does_not_evaluate_later_rules():
    result = result_of(table(["n"], [""], [("-", "1"), ("1 / 0 > 2", "2")], "FIRST"), {"n": 1})

    assert (result.value, result.messages) == (1, ())


def test_any_needs_equal_outputs():
    equal = table(["n"], [""], [("> 1", '"a"'), ("> 2", '"a"')], "ANY")
    different = table(["n"], [""], [("> 1", '"a"'), ("> 2", '"b"')], "ANY")

    assert value_of(equal, {"n": 5}) == "a"
    assert value_of(different, {"n": 2}) == "a"
    assert value_of(different, {"n": 5}) is None


def test_priority_follows_the_order_of_the_output_values():
    assert value_of(simple("PRIORITY", '"high", "mid", "low"'), {"n": 5}) == "high"


def test_priority_compares_several_outputs_from_left_to_right():
    logic = table(
        ["n"],
        [("a", '"x", "y"'), ("b", "3, 2, 1")],
        [("-", '"y"', "3"), ("-", '"x"', "1"), ("-", '"x"', "2")],
        "PRIORITY",
    )

    assert value_of(logic, {"n": 1}) == {"a": "x", "b": 2}


def test_priority_takes_the_order_from_the_type_when_the_column_names_none():
    kind = item("tLevel", "string", allowed='"high", "mid", "low"')
    logic = simple("PRIORITY").replace("<output>", '<output typeRef="tLevel">')

    assert value_of(logic, {"n": 5}, kind) == "high"


@pytest.mark.parametrize("type_ref", ["tLevel", "tAlias"])
def test_priority_takes_the_order_from_the_type_of_the_decision(type_ref):
    kinds = [item("tLevel", "string", allowed='"high", "mid", "low"'), item("tAlias", "tLevel")]

    assert value_of(simple("PRIORITY"), {"n": 5}, *kinds, type_ref=type_ref) == "high"


def test_output_order_takes_the_order_from_the_items_of_a_collection():
    kind = item("tLevels", "string", allowed='"high", "low", "mid"', collection=True)

    assert value_of(simple("OUTPUT ORDER"), {"n": 5}, kind, type_ref="tLevels") == ["high", "low", "mid"]


def test_priority_takes_the_order_of_several_outputs_from_the_components():
    parts = [component("a", "string", allowed='"y", "x"'), component("b", "number")]
    logic = table(["n"], ["a", "b"], [("-", '"x"', "1"), ("-", '"y"', "2")], "PRIORITY")

    assert value_of(logic, {"n": 1}, item("tPair", components=parts), type_ref="tPair") == {"a": "y", "b": 2}


def test_a_hit_policy_that_needs_an_order_is_refused_without_one():
    with pytest.raises(InvalidModel, match="needs output values"):
        value_of(simple("PRIORITY"), {"n": 5})


def test_output_order_sorts_all_outputs():
    assert value_of(simple("OUTPUT ORDER", '"high", "low", "mid"'), {"n": 5}) == ["high", "low", "mid"]


def test_rule_order_and_collect_list_the_outputs():
    assert value_of(simple("RULE ORDER"), {"n": 15}) == ["mid", "high"]
    assert value_of(simple("COLLECT"), {"n": 15}) == ["mid", "high"]


@pytest.mark.parametrize(("aggregation", "expected"), [("SUM", 6), ("MIN", 1), ("MAX", 3), ("COUNT", 3)])
def test_collect_aggregates(aggregation, expected):
    rows = [("-", "3"), ("-", "1"), ("-", "2"), ("> 100", "50")]

    assert value_of(table(["n"], [""], rows, "COLLECT", aggregation), {"n": 5}) == expected


def test_collect_of_several_outputs_gives_contexts_and_aggregates_by_column():
    rows = [("-", "3", "1"), ("-", "1", "2")]

    assert value_of(table(["n"], ["a", "b"], rows, "COLLECT"), {"n": 5}) == [{"a": 3, "b": 1}, {"a": 1, "b": 2}]
    assert value_of(table(["n"], ["a", "b"], rows, "COLLECT", "SUM"), {"n": 5}) == {"a": 4, "b": 3}


@pytest.mark.parametrize(
    ("policy", "aggregation"),
    [
        ("UNIQUE", None),
        ("FIRST", None),
        ("RULE ORDER", None),
        ("COLLECT", None),
        ("COLLECT", "COUNT"),
        ("COLLECT", "SUM"),
    ],
)
def test_a_table_is_null_when_no_rule_holds(policy, aggregation):
    result = result_of(simple(policy, aggregation=aggregation), {"n": 99})

    assert result.value is None
    assert any("no rule holds" in message for message in result.messages)


def test_a_default_output_may_be_the_empty_list():
    assert value_of(simple("COLLECT", default="[]"), {"n": 99}) == []


def test_the_default_output_stands_in_when_no_rule_holds():
    assert value_of(simple("UNIQUE", default='"none"'), {"n": 99}) == "none"


def test_default_outputs_of_several_columns_make_a_context():
    logic = table(["n"], [("a", None, "1"), ("b", None, "n + 1")], [("< 0", "5", "6")])

    assert value_of(logic, {"n": 2}) == {"a": 1, "b": 3}


# -- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value", "holds"),
    [
        ("-", None, True),
        ("", 5, True),
        ('"a", "b"', "b", True),
        ('not("a", "b")', "b", False),
        ('not("a", "b")', "c", True),
        ('not("a")', None, True),
        ("null", None, True),
        ('"a"', None, False),
        ("5", Decimal("5.0"), True),
        ("1", True, False),
        ("true", True, True),
        ("true", 1, False),
        ("[1..5)", 5, False),
        ("(1..5]", 5, True),
        ("]1..5[", 1, False),
        ("<2, >8", 9, True),
        ("not(<2, >8)", 5, True),
        ("-5", -5, True),
        ("<= -1", Decimal("-1.5"), True),
        ("? > 3 and odd(?)", 5, True),
        ('contains(?, "b")', "abc", True),
        ("limit", 7, True),
        ("< limit", 6, True),
        ("[1..limit]", 8, False),
        ('date("2026-01-01")', "2026-01-01", False),
        ('< "m"', "abc", True),
        ("[1, 2, 3]", 2, True),
        ("2", [2], False),
        ("list contains(?, 2)", [1, 2], True),
    ],
)
def test_a_cell_holds_for_the_values_that_it_describes(cell, value, holds):
    logic = table(["v"], [("", None, "false")], [(cell, "true")])

    assert value_of(logic, {"v": value, "limit": 7}) is holds


CELLS = st.sampled_from(
    [
        "-",
        '"a"',
        '"b", "c"',
        'not("a")',
        'not("b", "c")',
        "1",
        "1, 2",
        "true",
        "false, 1",
        "<1",
        "<=1, >5",
        "[1..3]",
        "(1..3)",
        "[1..3], 3, (3..4]",
        "]0..2[",
        "not(1)",
        "null",
        '"a", 2',
        "? = 2",
        '> "a"',
        "-2.5",
        "[-3..-1]",
    ]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["a", "b", "c", "d"]),
    st.integers(-4, 7),
    st.integers(-8, 14).map(lambda half: Decimal(half) / 2),
    st.lists(st.integers(1, 2), max_size=2),
)


@given(cells=st.lists(CELLS, min_size=1, max_size=12), value=VALUES)
def test_the_index_finds_the_rules_that_trying_each_cell_finds(cells, value):
    logic = table(["v"], [""], [(cell, str(number)) for number, cell in enumerate(cells)], "COLLECT")

    tried = [
        number for number, cell in enumerate(cells) if compile_unary_tests(cell).matches(value, {"v": value}) is True
    ]

    assert value_of(logic, {"v": value}) == (tried or None)


# -- allowed values -------------------------------------------------------------------------------------------------


def test_a_dash_holds_for_the_input_values_only():
    logic = table([("v", '"a", "b"')], [("", None, '"none"')], [("-", "1")])

    result = result_of(logic, {"v": "c"})

    assert value_of(logic, {"v": "a"}) == 1
    assert result.value == "none"
    assert any('must be one of "a", "b", found c' in message for message in result.messages)


def test_a_dash_holds_for_every_input_where_no_values_are_listed():
    assert [value_of(table(["v"], [""], [("-", "1")]), {"v": value}) for value in (None, 1, "a", [1])] == [1, 1, 1, 1]


def test_an_output_outside_of_the_output_values_is_null_with_a_message():
    result = result_of(table(["v"], [("", '"a", "b"')], [("-", '"c"')]), {"v": 1})

    assert result.value is None
    assert any("must be one of" in message for message in result.messages)


# -- results --------------------------------------------------------------------------------------------------------


def test_the_audit_names_the_rules_that_held_with_inputs_and_outputs():
    (entry,) = result_of(simple("COLLECT"), {"n": 15}).audit

    assert entry["decision"] == "x"
    assert entry["rules"] == [2, 3]
    assert entry["inputs"] == {"n": 15}
    assert entry["outputs"] == ["mid", "high"]


def test_a_cell_that_is_no_feel_is_a_finding_and_null_in_the_lenient_mode():
    logic = table(["n"], [""], [("< <", "1"), ("> 5", "2")])
    decisions = compiled(decision("x", logic), strict=False)

    result = decisions.evaluate("x", {"n": 9})

    assert [finding.rule for finding in decisions.findings] == ["dmn-feel"]
    assert result.value == 2
    assert any("is not FEEL" in message for message in result.messages)


def test_a_table_of_one_hundred_rules_finds_each_of_them():
    rows = [(f"[{n // 4 * 10}..{n // 4 * 10 + 10})", f'"{"ABCD"[n % 4]}"', str(n)) for n in range(100)]
    decisions = compiled(decision("x", table(["score", "grade"], [""], rows)))

    found = [
        decisions.evaluate("x", {"score": score, "grade": grade}).value
        for score in range(0, 250, 10)
        for grade in "ABCD"
    ]

    assert found == list(range(100))


def test_outputs_may_compute_with_everything_in_scope():
    assert value_of(table(["n"], [""], [("> 1", "n * factor")]), {"n": 3, "factor": 2}) == 6


def test_a_table_may_be_the_body_of_an_entry():
    logic = context(entry("t", simple("UNIQUE")), entry(None, literal("t")))

    assert value_of(logic, {"n": 25}) == "high"
