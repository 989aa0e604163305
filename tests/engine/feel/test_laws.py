"""Laws of order, equality, arithmetic and ternary logic, for any values."""

import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.feel import compile_expression, normalise
from engine.feel.numbers import DIGITS
from engine.feel.operations import between, conjunction, disjunction, equals, in_range, less, less_or_equal, negation
from engine.feel.values import Range

NUMBERS = st.integers(-(10**20), 10**20) | st.decimals(-(10**9), 10**9, places=4)
ORDERED = {
    "number": NUMBERS,
    "string": st.text(max_size=4),
    "date": st.dates(),
    "local": st.datetimes(),
    "instant": st.datetimes(
        datetime.datetime(2, 1, 1), datetime.datetime(9998, 1, 1), timezones=st.sampled_from([datetime.UTC])
    ),
    "duration": st.timedeltas(),
}
TRUTHS = st.sampled_from([True, False, None])
SAME_KIND = st.sampled_from(sorted(ORDERED)).flatmap(lambda kind: st.lists(ORDERED[kind], min_size=3, max_size=3))
ANYTHING = st.one_of(st.none(), st.booleans(), *ORDERED.values(), st.lists(st.integers(), max_size=2))


@given(SAME_KIND)
def test_exactly_one_of_less_equal_greater_holds(values):
    a, b, _ = map(normalise, values)

    assert [less(a, b), equals(a, b), less(b, a)].count(True) == 1


@given(SAME_KIND)
def test_order_is_transitive(values):
    a, b, c = map(normalise, values)

    if less(a, b) and less(b, c):
        assert less(a, c)
    if equals(a, b) and equals(b, c):
        assert equals(a, c)


@given(ANYTHING, ANYTHING)
def test_equality_is_symmetric_and_order_antisymmetric(a, b):
    a, b = normalise(a), normalise(b)

    assert equals(a, b) is equals(b, a)
    assert not (less(a, b) and less(b, a))
    assert equals(a, a) is True


@given(SAME_KIND)
def test_membership_in_a_range_is_betweenness(values):
    value, *ends = map(normalise, values)
    start, end = ends if less_or_equal(*ends) else reversed(ends)

    for start_included in (True, False):
        for end_included in (True, False):
            inside = in_range(value, Range(start, end, start_included, end_included))
            assert inside is between(value, start, end, start_included, end_included)
    assert in_range(start, Range(start, end)) is True


@given(SAME_KIND)
def test_sort_orders_and_keeps_the_items(values):
    values = [normalise(value) for value in values]

    ordered = compile_expression("sort(items, function(a, b) a < b)").evaluate({"items": values})

    assert all(less_or_equal(a, b) for a, b in pairwise(ordered))
    assert sorted(map(repr, ordered)) == sorted(map(repr, values))
    assert compile_expression("min(items) = sort(items)[1] and max(items) = sort(items)[-1]").evaluate(
        {"items": values}
    )


@given(TRUTHS, TRUTHS, TRUTHS)
def test_ternary_logic_follows_de_morgan(a, b, c):
    assert negation(conjunction(a, b)) is disjunction(negation(a), negation(b))
    assert conjunction(a, conjunction(b, c)) is conjunction(conjunction(a, b), c)
    assert disjunction(a, conjunction(b, c)) is conjunction(disjunction(a, b), disjunction(a, c))


@given(NUMBERS, NUMBERS)
def test_arithmetic_is_exact_to_34_digits(a, b):
    variables = {"a": a, "b": b}

    def close(text, expected):
        found = compile_expression(text).evaluate(variables)
        return abs(Fraction(found) - expected) <= abs(expected) / Fraction(10) ** (DIGITS - 1)

    assert close("a + b", Fraction(a) + Fraction(b))
    assert close("a - b", Fraction(a) - Fraction(b))
    assert close("a * b", Fraction(a) * Fraction(b))
    if b:
        assert close("a / b", Fraction(a) / Fraction(b))
    assert compile_expression("a + b = b + a and a * b = b * a").evaluate(variables) is True


@given(NUMBERS, NUMBERS.filter(bool))
def test_modulo_is_what_the_standard_defines(a, b):
    variables = {"a": normalise(a), "b": normalise(b)}

    remainder = compile_expression("modulo(a, b)").evaluate(variables)

    assert remainder == 0 or (remainder < 0) == (b < 0)
    assert abs(Decimal(remainder)) < abs(Decimal(b)) or abs(a) > 10**15


@given(st.decimals(-(10**9), 10**9, places=5), st.integers(0, 4))
def test_roundings_enclose_the_number(n, scale):
    values = compile_expression("[floor(n, s), round half up(n, s), decimal(n, s), ceiling(n, s), n]").evaluate(
        {"n": n, "s": scale}
    )
    low, half_up, half_even, high, number = values

    assert low <= number <= high
    assert low <= half_up <= high
    assert low <= half_even <= high
    assert high - low in (0, Decimal(1).scaleb(-scale))
