from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import StatementError

from engine import feel
from engine.store.codec import expand, pack, shrink, unpack
from engine.store.correlation import correlation_hash, matching_hashes, satisfies
from engine.store.types import Json, Money, UtcDateTime, Variables, new_id

THINGS = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("price", Money),
    Column("note", Json),
    Column("values", Variables),
)


@pytest.fixture
def kept(store):
    """Gives back what the database makes of a row."""
    THINGS.create(store.engine)

    def keep(**row):
        with store.transaction() as work:
            work.execute(insert(THINGS), row)
        with store.reading() as work:
            return work.execute(select(THINGS).order_by(THINGS.c.id.desc())).first()

    yield keep
    THINGS.drop(store.engine)


def test_a_moment_comes_back_in_utc(kept):
    in_shanghai = datetime(2026, 1, 5, 17, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))

    back = kept(at=in_shanghai).at

    assert back == in_shanghai
    assert back.utcoffset() == timedelta(0)


def test_a_moment_without_zone_is_refused(kept):
    with pytest.raises((ValueError, StatementError), match="time zone"):
        kept(at=datetime(2026, 1, 5))


def test_money_is_exact_also_in_sums(kept, store):
    for text in ("0.10", "0.20", "999999999999.9999"):
        kept(price=Decimal(text))

    with store.reading() as work:
        total = work.execute(select(func.sum(THINGS.c.price))).scalar_one()

    assert total == Decimal("1000000000000.2999")


def test_a_float_is_no_money(kept):
    with pytest.raises((TypeError, StatementError), match="float"):
        kept(price=0.1)


def test_json_keeps_structure(kept):
    assert kept(note={"a": [1, None, True], "ü": "中文"}).note == {"a": [1, None, True], "ü": "中文"}


def test_variables_keep_their_types(kept):
    values = feel.normalise({"n": Decimal("1.10"), "one": 1, "yes": True, "day": date(2026, 1, 5), "none": None})

    assert kept(values=values)._mapping["values"] == values


@given(st.binary(max_size=4000))
def test_expanding_what_was_shrunk_gives_it_back(content):
    assert expand(shrink(content)) == content


def test_only_what_gets_much_smaller_is_compressed():
    assert len(shrink(b"abc" * 10_000)) < 1000
    assert shrink(b"short") == b"\x00short"


@given(
    st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=9)))
)
def test_unpacking_what_was_packed_gives_equal_values_of_equal_types(values):
    back = unpack(pack(feel.normalise(values)))

    assert back == feel.normalise(values)
    assert {key: type(value) for key, value in back.items()} == {
        key: type(value) for key, value in feel.normalise(values).items()
    }


def test_ids_sort_in_the_order_they_were_made():
    made = [new_id() for _ in range(50)]

    assert [each[:15] for each in made] == sorted(each[:15] for each in made)
    assert len(set(made)) == 50
    assert {len(each) for each in made} == {32}


KEYS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([1, Decimal("1.0"), "1", True, None, 2]), max_size=4)


@given(KEYS, KEYS)
def test_a_message_fits_a_subscription_exactly_when_their_hashes_meet(message, subscription):
    meets = correlation_hash("e", "m", subscription) in matching_hashes("e", "m", message)

    assert meets == satisfies(message, subscription)


def test_equal_numbers_match_whatever_their_type_and_texts_do_not():
    assert satisfies({"order": 7}, {"order": Decimal("7.0")})
    assert not satisfies({"order": "7"}, {"order": 7})
    assert not satisfies({"order": True}, {"order": 1})


def test_names_and_enterprises_keep_messages_apart():
    assert correlation_hash("e", "m", {}) != correlation_hash("e", "n", {})
    assert correlation_hash("e", "m", {}) != correlation_hash("f", "m", {})


def test_utc_is_what_the_store_speaks():
    assert UtcDateTime().process_result_value(datetime(2026, 1, 5), None) == datetime(2026, 1, 5, tzinfo=UTC)
