import pytest

from engine.dmn import analyse, read_dmn

from .dmn_models import decision, input_data, item, literal, model, table


def findings(inputs, rules, policy="UNIQUE", outputs=("",)):
    found = analyse(read_dmn(model(decision("x", table(inputs, list(outputs), rules, policy)))))
    return [(finding.rule, finding.message.split(",")[0].split(":")[0]) for finding in found]


def rules_of(*arguments, **more):
    return [rule for rule, _ in findings(*arguments, **more)]


def test_a_complete_table_without_overlap_has_no_finding():
    assert findings(["n"], [("< 5", "1"), ("[5..10]", "2"), ("> 10", "3")]) == []


def test_an_overlap_under_unique_is_an_error_with_an_example():
    found = analyse(read_dmn(model(decision("x", table(["n"], [""], [("<= 5", "1"), (">= 5", "2")])))))

    assert [(each.rule, each.severity, each.element_id) for each in found] == [("dmn-overlap", "error", "d_x")]
    assert "rules 1 and 2 both hold for n 5" in found[0].message


def test_rules_overlap_only_when_they_do_so_in_every_column():
    rows = [("<= 5", '"a"', "1"), (">= 5", '"b"', "2")]

    assert "dmn-overlap" not in rules_of(["n", "kind"], rows)


def test_equal_outputs_may_overlap_under_any():
    assert rules_of(["n"], [("<= 5", "1"), (">= 5", "1")], "ANY") == []
    assert rules_of(["n"], [("<= 5", "1"), (">= 5", "2")], "ANY") == ["dmn-overlap"]


@pytest.mark.parametrize("policy", ["FIRST", "COLLECT", "RULE ORDER", "OUTPUT ORDER"])
def test_other_hit_policies_are_made_for_overlaps(policy):
    assert "dmn-overlap" not in rules_of(["n"], [("<= 5", "1"), (">= 5", "2")], policy)


def test_a_gap_is_named_with_the_input_that_no_rule_covers():
    assert findings(["n"], [("< 5", "1"), ("> 5", "2")]) == [("dmn-gap", "no rule holds for n 5")]


def test_gaps_are_combinations_of_columns():
    rows = [("true", '"a"', "1"), ("false", "-", "2")]

    assert findings(["ok", "kind"], rows) == [("dmn-gap", "no rule holds for ok true")]


def test_input_values_bound_what_must_be_covered():
    rows = [('"a"', "1"), ('"b"', "2")]

    assert rules_of(["k"], rows) == ["dmn-gap"]
    assert rules_of([("k", '"a", "b"')], rows) == []
    assert rules_of([("n", "[0..10]")], [("[0..5)", "1"), ("[5..10]", "2")]) == []


def test_allowed_values_of_the_input_s_type_bound_what_must_be_covered():
    logic = table(["level"], [""], [('"a"', "1"), ('"b"', "2")])
    parts = (item("tLevel", "string", allowed='"a", "b"'), input_data("level", "tLevel"))

    assert analyse(read_dmn(model(*parts, decision("x", logic, inputs=["level"])))) == []


def test_a_default_output_fills_the_gaps():
    assert rules_of(["n"], [("< 5", "1")], outputs=[("", None, "0")]) == []


def test_a_collecting_table_with_a_gap_is_told_that_its_result_is_null_then():
    (found,) = analyse(read_dmn(model(decision("x", table(["n"], [""], [("< 5", "1")], "COLLECT")))))

    assert found.severity == "warning"
    assert "the result is null then" in found.message
    assert rules_of(["n"], [("< 5", "1")], "COLLECT", outputs=[("", None, "[]")]) == []


def test_a_rule_behind_a_wider_one_is_shadowed_under_first():
    rows = [("< 10", "-", "1"), ("< 5", '"a"', "2"), ("-", "-", "3")]

    assert findings(["n", "k"], rows, "FIRST") == [("dmn-shadowed", "rule 2 never decides")]


def test_nothing_is_claimed_of_cells_that_are_not_constant():
    rows = [("< limit", "1"), ("> limit", "2"), ("? > 3 and odd(?)", "3")]

    assert findings(["n"], rows) == []


def test_equal_cells_overlap_even_when_they_are_not_constant():
    assert rules_of(["n"], [("< limit", "1"), ("< limit", "2")]) == ["dmn-overlap"]


def test_negated_texts_are_understood():
    assert findings(["k"], [('"a", "b"', "1"), ('not("a", "b")', "2")]) == []
    assert rules_of(["k"], [('"a"', "1"), ('not("b")', "2")]) == ["dmn-overlap", "dmn-gap"]


def test_a_large_table_is_analysed_in_bounded_time():
    rows = [(*(f"[{n * k % 17}..{n * k % 17 + 3}]" for k in range(1, 9)), "1") for n in range(200)]

    assert len(findings([f"c{k}" for k in range(8)], rows, "FIRST")) < 300


def test_tables_inside_of_other_logic_are_analysed_too():
    logic = f"<list>{literal('1')}{table(['n'], [''], [('< 5', '1')])}</list>"

    assert [each.rule for each in analyse(read_dmn(model(decision("x", logic))))] == ["dmn-gap"]


def test_what_the_compiler_refuses_is_among_the_findings():
    assert [each.rule for each in analyse(read_dmn(model(decision("x", literal("1 +")))))] == ["dmn-feel"]
