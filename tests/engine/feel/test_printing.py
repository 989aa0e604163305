"""parse ∘ print = identity, for trees of every kind."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feel import compile_expression, compile_unary_tests, known_functions, tree
from engine.feel.expression import _BUILTIN_NAMES
from engine.feel.lexer import unescape
from engine.feel.parser import Parser
from engine.feel.printer import to_text
from engine.feel.values import quoted

NAMES = st.sampled_from(["a", "b", "item", "Monthly Salary", "ä_1", "date"])
LITERALS = st.builds(
    tree.Literal,
    st.none()
    | st.booleans()
    | st.text(max_size=6)
    | st.integers(-(10**6), 10**6)
    | st.sampled_from(["\U0001f40e", '"', "\\u0041"]),
)
ATOMS = LITERALS | st.builds(tree.Name, NAMES) | st.builds(tree.AtLiteral, st.just("2026-01-05"))
TYPES = st.recursive(
    st.builds(tree.TypeNode, st.sampled_from(["number", "string", "date and time", "Any"])),
    lambda inner: (
        st.builds(tree.TypeNode, st.just("list"), st.tuples(inner))
        | st.builds(tree.TypeNode, st.just("context"), st.tuples(st.tuples(st.just("a"), inner)))
        | st.builds(tree.TypeNode, st.just("function"), st.tuples(inner), inner)
    ),
    max_leaves=3,
)


def composed(inner):
    iterators = st.lists(
        st.builds(tree.Iterator, st.sampled_from(["x", "y"]), inner, st.none() | inner), min_size=1, max_size=2
    )
    collections = st.lists(
        st.builds(tree.Iterator, st.sampled_from(["x", "y"]), inner, st.none()), min_size=1, max_size=2
    )
    entries = st.lists(st.tuples(st.sampled_from(["k", "first name", "a+b", '"']), inner), max_size=2)
    return st.one_of(
        st.builds(tree.Negation, inner.filter(lambda node: type(node) is not tree.Literal)),
        st.builds(tree.Arithmetic, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(tree.Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), inner, inner),
        st.builds(tree.And, inner, inner),
        st.builds(tree.Or, inner, inner),
        st.builds(tree.Between, inner, inner, inner),
        st.builds(tree.In, inner, st.lists(inner, min_size=1, max_size=2), st.just(True)),
        st.builds(tree.InstanceOf, inner, TYPES),
        st.builds(tree.If, inner, inner, inner),
        st.builds(tree.For, iterators, inner),
        st.builds(tree.Quantified, st.sampled_from(["some", "every"]), collections, inner),
        st.builds(tree.Path, inner, st.sampled_from(["p", "time offset"])),
        st.builds(tree.Filter, inner, inner),
        st.builds(tree.Call, inner, st.lists(inner, max_size=2)),
        st.builds(
            tree.Call, inner, st.just([]), st.lists(st.tuples(st.just("start position"), inner), min_size=1, max_size=1)
        ),
        st.builds(tree.ListNode, st.lists(inner, max_size=3)),
        st.builds(tree.ContextNode, entries),
        st.builds(tree.RangeNode, inner, inner, st.booleans(), st.booleans()),
        st.builds(tree.UnaryTest, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), inner),
        st.builds(
            tree.FunctionNode, st.lists(st.tuples(st.just("n"), st.none() | TYPES), max_size=1), inner, st.booleans()
        ),
    )


@settings(max_examples=400)
@given(st.recursive(ATOMS, composed, max_leaves=8))
def test_a_printed_tree_parses_to_an_equal_tree(node):
    text = to_text(node)

    again = Parser(text, ["Monthly Salary"], _BUILTIN_NAMES).expression_only()

    assert again == node, text


@given(st.text())
def test_a_quoted_text_is_read_back(text):
    assert unescape(quoted(text)) == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.mark.parametrize("name", sorted(known_functions()))
def test_every_example_survives_printing(name):
    expression = compile_expression(known_functions()[name].example)

    assert compile_expression(expression.to_text()).evaluate({}) == expression.evaluate({})


@pytest.mark.parametrize("text", ["-", "1, 2", "not(< 5)", "[1..2], > 5", "? > 3"])
def test_cells_survive_printing(text):
    assert compile_unary_tests(text).to_text() == compile_unary_tests(compile_unary_tests(text).to_text()).to_text()
