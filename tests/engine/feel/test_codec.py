"""dump, load, normalise, to_json, display."""

import datetime
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.feel import compile_expression, display, dump, load, normalise, to_json
from engine.feel.values import Range

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.sampled_from([None, datetime.UTC]))
    | st.timedeltas()
)
KEYS = st.text(max_size=3) | st.sampled_from(["$", "v", "typename", "__class__", ""])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def types_of(value):
    if isinstance(value, list):
        return [types_of(item) for item in value]
    if isinstance(value, dict):
        return {key: types_of(item) for key, item in value.items()}
    return type(value)


@given(VALUES)
def test_every_value_survives_a_snapshot_with_its_type(value):
    before = normalise(value)

    after = load(json.loads(json.dumps(dump(before))))

    assert after == before
    assert types_of(after) == types_of(before)


@pytest.mark.parametrize(
    "text",
    [
        '@"P1Y"',
        '@"10:00:00@Europe/Paris"',
        '@"-99999-01-01T00:00:00@Europe/Paris"',
        "[1..3)",
        "(> 3)",
        "(!= 3)",
        "1/3",
        '["a".."b"]',
    ],
)
def test_feel_values_survive(text):
    value = compile_expression(text).evaluate({})

    assert load(json.loads(json.dumps(dump(value)))) == value
    assert display(load(dump(value))) == display(value)


def test_one_stays_one_and_true_stays_true():
    assert [type(item) for item in load(dump([1, True, 1.0]))] == [int, bool, Decimal]


def test_numbers_that_no_json_number_can_hold_survive():
    for number in (2**63, -(2**63) - 1, 10**5000):
        assert load(json.loads(json.dumps(dump({"n": number})))) == {"n": number}
        assert display(number) == display(Decimal(number))


def test_plain_values_are_not_copied():
    plain = {"a": [1, "x", None, {"b": True}]}

    assert dump(plain) is plain
    assert load(plain) is plain
    assert normalise(plain) is plain


def test_functions_cannot_be_stored():
    function = compile_expression("function(x) x").evaluate({})

    with pytest.raises(InvalidInput, match="Store its result"):
        dump({"f": function})
    assert to_json([function]) == [None]


@pytest.mark.parametrize(
    "data", [{"$": "date", "v": "x"}, {"$": "what", "v": 1}, {"$": "number", "v": "1,5"}, {"$": "date"}]
)
def test_damaged_data_is_refused(data):
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(data)


def test_python_values_become_feel_values():
    assert normalise(0.1) == Decimal("0.1")
    assert normalise(float("nan")) is None
    assert normalise((1, 2.5)) == [1, Decimal("2.5")]
    assert normalise({1: {"a": (3,)}}) == {"1": {"a": [3]}}
    assert normalise(10**40) == 10**40
    with pytest.raises(InvalidInput, match="object"):
        normalise([object()])


def test_json_shows_numbers_as_numbers_and_temporal_values_as_text():
    value = compile_expression('{a: 10/4, b: 10/5, c: @"2020-01-01", d: @"P1D", e: [1..2], f: 1e400}').evaluate({})

    shown = to_json(value)

    assert shown == {"a": 2.5, "b": 2, "c": "2020-01-01", "d": "P1D", "e": "[1..2]", "f": 10**400}
    assert type(shown["b"]) is int
    assert json.loads(json.dumps(shown)) == shown


def test_ranges_and_their_hashes_follow_their_endpoints():
    assert len({Range(1, 2), Range(1, 2), Range(1, 3)}) == 2
