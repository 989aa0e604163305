"""Dates, durations, cycles and cron texts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.time_expressions import check_timer, due_moment, next_due, parse_duration, parse_moment, parse_timer
from engine.errors import InvalidInput

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("PT4H", "2026-01-31T13:00"),
        ("P1DT12H", "2026-02-01T21:00"),
        ("P2W", "2026-02-14T09:00"),
        ("PT0.5S", "2026-01-31T09:00:00.500000"),
        ("PT1,5H", "2026-01-31T10:30"),
        ("P1M", "2026-02-28T09:00"),
        ("P1Y1M", "2027-02-28T09:00"),
        ("P0D", "2026-01-31T09:00"),
    ],
)
def test_durations_count_from_the_arming(text, due):
    assert due_moment("duration", text, NOW) == at(due)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1H", "P1H", "-PT1H", "PT-1H", "P1.5M", "P9999999999Y", "P1" + "0" * 400 + "D"]
)
def test_durations_that_cannot_be_read_are_refused(text):
    with pytest.raises(InvalidInput):
        due_moment("duration", text, NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", "2026-03-01T00:00"),
        ("2026-03-01T09:00:00", "2026-03-01T09:00"),
        ("2026-03-01T09:00:00Z", "2026-03-01T09:00"),
        ("2026-03-01T09:00:00+08:00", "2026-03-01T01:00"),
        ("2026-03-01T09:00:00[Europe/Paris]", "2026-03-01T08:00"),
        ("2026-07-01T09:00:00@Europe/Paris", "2026-07-01T07:00"),
    ],
)
def test_moments_are_utc(text, moment):
    assert parse_moment(text) == at(moment)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "2026-03-01[Mars/Base]", "0001-01-01T00:00:00+14:00"])
def test_moments_that_cannot_be_read_are_refused(text):
    with pytest.raises(InvalidInput, match="ISO 8601"):
        parse_moment(text)


def all_moments(text: str, armed_at: datetime = NOW, limit: int = 5) -> list[datetime]:
    found = (due_moment("cycle", text, armed_at, index) for index in range(limit))
    return [moment for moment in found if moment is not None]


def test_a_cycle_repeats_as_often_as_it_says():
    assert all_moments("R3/PT1H") == [NOW + timedelta(hours=hour) for hour in (1, 2, 3)]
    assert len(all_moments("R/PT1H")) == 5


def test_a_cycle_of_months_keeps_the_day_where_it_can():
    assert all_moments("R3/P1M") == [at("2026-02-28T09:00"), at("2026-03-31T09:00"), at("2026-04-30T09:00")]


def test_a_cycle_with_a_start_counts_what_it_missed():
    text = "R3/2026-01-31T08:30:00Z/PT1H"

    assert all_moments(text) == [at("2026-01-31T09:30"), at("2026-01-31T10:30")]
    assert all_moments(text, NOW - timedelta(hours=1))[0] == at("2026-01-31T08:30")
    assert all_moments(text, NOW + timedelta(days=1)) == []


def test_a_cycle_with_an_end_stops_there():
    assert all_moments("R5/PT10M/2026-01-31T09:25:00Z") == [at("2026-01-31T09:10"), at("2026-01-31T09:20")]


def test_cron_texts_of_five_and_six_fields():
    assert all_moments("0 8 * * 1", limit=2) == [at("2026-02-02T08:00"), at("2026-02-09T08:00")]
    assert all_moments("30 0 8 * * *", limit=1) == [at("2026-02-01T08:00:30")]
    assert due_moment("cycle", "*/5 * * * *", NOW, 2) == at("2026-01-31T09:15")
    assert due_moment("cycle", "*/5 * * * *", NOW, 0) == at("2026-01-31T09:05")


@pytest.mark.parametrize(
    "text", ["", "R", "R/", "R3/PT0S", "Rx/PT1H", "R3/P", "* *", "99 * * * *", "R-1/PT1H", "R3/a/b", "0 0 30 2 *"]
)
def test_cycles_that_cannot_be_read_are_refused(text):
    with pytest.raises(InvalidInput):
        check_timer("cycle", text)


def test_the_gate_takes_a_duration_for_a_date_and_back():
    check_timer("date", "PT1H")
    check_timer("duration", "2026-03-01T09:00:00Z")


def test_plans_give_one_moment_after_the_other():
    plan = parse_timer("cycle", "R3/PT1H", NOW)
    once = parse_timer("duration", "PT1H", NOW)

    assert next_due(plan) == NOW + timedelta(hours=1)
    assert next_due(plan, NOW + timedelta(minutes=90)) == NOW + timedelta(hours=2)
    assert next_due(plan, NOW + timedelta(hours=3)) is None
    assert (next_due(once), next_due(once, NOW + timedelta(hours=1))) == (NOW + timedelta(hours=1), None)


def test_a_monthly_cycle_that_began_long_ago_does_not_leave_out_a_month():
    text = "R/1900-01-15T00:00:00Z/P1M"

    assert all_moments(text, limit=2) == [at("2026-02-15T00:00"), at("2026-03-15T00:00")]


def test_the_next_moment_of_an_old_cycle_is_found_without_counting_through():
    plan = parse_timer("cycle", "R/PT1S", datetime(1990, 1, 1, tzinfo=UTC))

    assert next_due(plan, NOW) == NOW + timedelta(seconds=1)


@given(
    st.integers(0, 50),
    st.integers(0, 400),
    st.integers(0, 1_000_000),
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),
)
def test_a_duration_never_lies_in_the_past(years, days, seconds, start):
    moment = start.replace(tzinfo=UTC)
    duration = parse_duration(f"P{years}Y{days}DT{seconds}S")

    assert duration.add_to(moment) >= moment
    assert bool(duration) == (duration.add_to(moment) > moment)


@given(st.integers(1, 24), st.integers(1, 60), st.integers(0, 20))
def test_cycles_do_not_drift(months, minutes, index):
    text = f"R/P{months}MT{minutes}M" if index % 2 else f"R/PT{minutes}M"
    plan = parse_timer("cycle", text, NOW)

    due = due_moment("cycle", text, NOW, index)

    assert next_due(plan, due - timedelta(seconds=1)) == due
    assert due > due_moment("cycle", text, NOW, index - 1) if index else due > NOW


@given(st.text("RPTYMWDHS0123456789/-:.,*Z []", max_size=25), st.sampled_from(["date", "duration", "cycle"]))
def test_any_text_is_a_time_or_refused(text, kind):
    try:
        due_moment(kind, text, NOW)
    except InvalidInput as error:
        assert str(error)  # noqa: PT017
