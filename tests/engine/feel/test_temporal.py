"""Dates, times, durations: literals, properties, arithmetic; laws against dateutil and zoneinfo."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from engine.feel import compile_expression, display, normalise
from engine.feel.errors import Undefined
from engine.feel.temporal import Date, DateTime, DaysTimeDuration, date_of_day, parse_duration, parse_temporal

ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Etc/UTC")


def shown(text, **variables):
    return display(compile_expression(text, variables).evaluate(variables))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@"2020-01-31"', "2020-01-31"),
        ('@"10:00:00"', "10:00:00"),
        ('@"10:00:00@Europe/Paris"', "10:00:00@Europe/Paris"),
        ('@"2020-01-31T10:00:00.5-02:00"', "2020-01-31T10:00:00.5-02:00"),
        ('@"P1D"', "P1D"),
        ('@"-P1Y"', "-P1Y"),
        ('@"nonsense"', "null"),
        ('@""', "null"),
        ('@"2020-06-15".weekday', "1"),
        ('@"2020-06-15T10:20:30.5".second', "30.5"),
        ('@"2020-06-15T10:20:30".hour', "10"),
        ('@"2020-06-15T10:20:30@Europe/Paris".time offset', "PT2H"),
        ('@"2020-01-15T10:20:30@Europe/Paris".time offset', "PT1H"),
        ('@"2020-06-15T10:20:30@Europe/Paris".timezone', "Europe/Paris"),
        ('@"2020-06-15T10:20:30Z".time offset', "PT0S"),
        ('@"2020-06-15T10:20:30Z".timezone', "null"),
        ('@"2020-06-15T10:20:30".time offset', "null"),
        ('@"2020-06-15".hour', "null"),
        ('@"10:00:00".year', "null"),
        ('@"P1Y14M".years', "2"),
        ('@"P1Y14M".months', "2"),
        ('@"P1Y14M".days', "null"),
        ('@"PT49H61M1.5S".days', "2"),
        ('@"PT49H61M1.5S".hours', "2"),
        ('@"PT49H61M1.5S".minutes', "1"),
        ('@"PT49H61M1.5S".seconds', "1.5"),
        ('@"-PT90M".hours', "-1"),
        ('@"-PT90M".minutes', "-30"),
    ],
)
def test_literals_and_properties(text, expected):
    """Rule 65, Tables 65 and 66."""
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@"2020-01-31" + @"P1M"', "2020-02-29"),
        ('@"P1M" + @"2020-01-31"', "2020-02-29"),
        ('@"2020-02-29" - @"P1Y"', "2019-02-28"),
        ('@"2020-02-28" + @"P1DT23H"', "2020-02-29"),
        ('@"2020-03-01" - @"PT1H"', "2020-02-29"),
        ('@"2020-03-01" - @"2020-02-01"', "P29D"),
        ('@"2020-03-01" - @"2020-02-01T12:00:00Z"', "P28DT12H"),
        ('@"2020-03-01" - @"2020-02-01T12:00:00"', "null"),
        ('@"2020-03-01T00:00:00Z" - @"2020-03-01T00:00:00"', "null"),
        ('@"2020-03-01T00:00:00Z" - @"2020-03-01T00:00:00+02:00"', "PT2H"),
        ('@"2020-03-28T12:00:00@Europe/Paris" + @"P1D"', "2020-03-29T13:00:00@Europe/Paris"),
        ('@"2020-03-28T12:00:00" + @"P1D"', "2020-03-29T12:00:00"),
        ('@"2020-03-28T12:00:00+01:00" + @"PT12H"', "2020-03-29T00:00:00+01:00"),
        ('@"2020-01-31T10:00:00" + @"P1M"', "2020-02-29T10:00:00"),
        ('@"23:30:00" + @"PT1H"', "00:30:00"),
        ('@"00:30:00Z" - @"PT1H"', "23:30:00Z"),
        ('@"10:00:00" - @"12:30:00"', "-PT2H30M"),
        ('@"10:00:00Z" - @"10:00:00+01:00"', "PT1H"),
        ('@"P1Y" + @"P2M"', "P1Y2M"),
        ('@"P1D" - @"PT25H"', "-PT1H"),
        ('@"P1Y" + @"P1D"', "null"),
        ('@"P1Y" * 2', "P2Y"),
        ('2 * @"P1D"', "P2D"),
        ('@"P1Y" / 2', "P6M"),
        ('@"P1Y" / @"P1M"', "12"),
        ('@"P1D" / @"PT1H"', "24"),
        ('@"P1D" / @"PT0S"', "null"),
        ('@"P1Y" / 0', "null"),
        ('1 / @"P1D"', "null"),
        ('@"P1D" * @"P1D"', "null"),
        ('-@"P1Y"', "-P1Y"),
        ('@"2020-01-01" + @"2020-01-01"', "null"),
        ('@"2020-01-01" + 1', "null"),
        ('@"P1D" - @"2020-01-01"', "null"),
        ('@"999999999-12-31" + @"P1D"', "null"),
        ('@"-999999999-01-01" - @"P1M"', "null"),
        ('@"123456-02-28" + @"P1D"', "123456-02-29"),
    ],
)
def test_arithmetic(text, expected):
    """Tables 57 and 59."""
    assert shown(text) == expected


def test_python_values_enter_and_compare_equal():
    noon = datetime.datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Paris"))
    variables = {
        "d": datetime.date(2026, 7, 1),
        "t": datetime.time(12, 30),
        "m": noon,
        "u": datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC),
        "p": datetime.timedelta(hours=26),
    }

    assert shown("[d, t, m, u, p]", **variables) == (
        "[2026-07-01, 12:30:00, 2026-07-01T12:00:00@Europe/Paris, 2026-07-01T12:00:00Z, P1DT2H]"
    )
    for value in variables.values():
        assert normalise(value) == value
        assert hash(normalise(value)) == hash(value) or isinstance(value, datetime.time)
        assert normalise(value).to_python() == value


@given(st.dates(), st.integers(-5000, 5000))
def test_adding_months_agrees_with_dateutil(date, months):
    try:
        expected = date + relativedelta(months=months)
    except (ValueError, OverflowError):
        return
    assert normalise(date).plus_months(months) == expected


@given(st.dates())
def test_days_and_weeks_agree_with_the_calendar_of_python(date):
    value = normalise(date)

    assert value.number == (date - datetime.date(1970, 1, 1)).days
    assert date_of_day(value.number) == value
    assert value.weekday == date.isoweekday()
    assert value.week_of_year == date.isocalendar().week
    assert value.day_of_year == date.timetuple().tm_yday


@given(st.integers(-365_242_400_000, 365_241_700_000))
def test_far_dates_count_days_one_by_one(number):
    date = date_of_day(number)

    assert date.number == number
    assert Date.parse(date.isoformat()) == date
    assert date_of_day(number + 1).key > date.key


@given(
    st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1)),
    st.timedeltas(datetime.timedelta(days=-20_000), datetime.timedelta(days=20_000)),
    st.sampled_from(ZONES),
)
def test_adding_durations_in_a_zone_agrees_with_zoneinfo(local, delta, zone):
    moment = local.replace(tzinfo=ZoneInfo(zone))
    expected = (moment.astimezone(datetime.UTC) + delta).astimezone(ZoneInfo(zone))
    found = DateTime.parse(f"{normalise(local).isoformat()}@{zone}").plus_nanos(normalise(delta).nanos)

    assert found.to_python().replace(tzinfo=None) == expected.replace(tzinfo=None)


@given(st.timedeltas(), st.timedeltas(), st.datetimes(), st.datetimes())
def test_durations_agree_with_timedelta(first, second, start, end):
    variables = {"a": first, "b": second, "s": start, "e": end}

    assert compile_expression("e - s").evaluate(variables) == end - start
    assert compile_expression("a < b").evaluate(variables) is (first < second)
    assert compile_expression("s + (e - s) = e").evaluate(variables) is True
    if abs(first) < datetime.timedelta(days=10**8) > abs(second):
        assert compile_expression("a + b").evaluate(variables) == first + second
    assert parse_duration(normalise(first).isoformat()) == first


@given(st.datetimes(timezones=st.sampled_from([None, datetime.UTC, datetime.timezone(datetime.timedelta(hours=-5))])))
def test_what_is_shown_is_read_back(moment):
    value = normalise(moment)

    assert DateTime.parse(value.isoformat()) == value == moment
    assert parse_temporal(value.time.isoformat()) == value.time
    assert parse_temporal(value.date.isoformat()) == value.date


@given(st.text("0123456789-:TZP+.@DHMSY", max_size=30))
def test_any_text_is_a_temporal_value_or_undefined(text):
    try:
        value = parse_temporal(text)
    except Undefined:
        return
    assert parse_temporal(value.isoformat()) == value


def test_nanoseconds_are_kept():
    assert DaysTimeDuration(1).isoformat() == "PT0.000000001S"
    assert shown('@"10:00:00.000000001" + @"PT0.000000001S"') == "10:00:00.000000002"
