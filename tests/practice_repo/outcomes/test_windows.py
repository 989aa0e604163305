from datetime import UTC, date, datetime, timedelta

import pytest

from engine.errors import InvalidInput
from practice_repo.outcomes.case import Case, hours_between, names_of
from practice_repo.outcomes.windows import after_window, baseline_window, in_window
from processes.customer_base.working_time import WorkingCalendar
from tests.practice_repo.outcomes.shop import facts_of

CHINA = WorkingCalendar()
WEDNESDAY = date(2026, 3, 11)


def test_windows_are_whole_weeks_without_the_ramp():
    before, after = baseline_window(WEDNESDAY, weeks=4), after_window(WEDNESDAY, ramp_weeks=2, weeks=4)

    assert (before.mondays[0], before.end.date()) == (date(2026, 2, 9), date(2026, 3, 9))
    assert (after.mondays[0], after.days) == (date(2026, 3, 30), 28)


def test_a_go_live_on_monday_starts_the_ramp_that_day():
    assert after_window(date(2026, 3, 9), ramp_weeks=1).mondays[0] == date(2026, 3, 16)
    assert baseline_window(date(2026, 3, 9)).end.date() == date(2026, 3, 9)


def test_holiday_weeks_are_left_out():
    window = baseline_window(WEDNESDAY, weeks=4, calendar=CHINA)

    assert len(window.mondays) == 4
    assert date(2026, 2, 16) not in window.mondays  # Spring Festival
    assert window.working_days(CHINA) >= 4 * 4
    assert not window.contains(datetime(2026, 2, 18, tzinfo=UTC))


def test_a_week_begins_at_midnight_of_the_enterprise():
    window = baseline_window(WEDNESDAY, weeks=1, timezone="Asia/Shanghai")

    assert window.start == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert window.contains(window.start)
    assert not window.contains(window.start - timedelta(seconds=1))


def test_cases_are_taken_by_start_or_by_end():
    facts = facts_of([{}] * 3, start=datetime(2026, 3, 1, 22, 30, tzinfo=UTC))  # the second one ends on Monday
    window = baseline_window(WEDNESDAY, weeks=1)

    assert [each.case_id for each in in_window(window, facts)] == ["case-2"]
    assert [each.case_id for each in in_window(window, facts, by="ended")] == ["case-1", "case-2"]


def test_a_window_needs_weeks():
    with pytest.raises(InvalidInput, match="one week"):
        baseline_window(WEDNESDAY, weeks=0)
    with pytest.raises(InvalidInput, match="0 weeks"):
        after_window(WEDNESDAY, ramp_weeks=-1)


def test_working_hours_leave_out_the_night():
    friday, monday = datetime(2026, 3, 6, 9, tzinfo=UTC), datetime(2026, 3, 9, 2, tzinfo=UTC)  # 17:00, 10:00 there

    assert hours_between(friday, monday) == 65
    assert hours_between(friday, monday, CHINA) == 2
    assert hours_between(friday, None) is None


def test_reserved_names_stay_reachable_as_variables():
    case = Case(
        "1", "shop", "v1", None, "active", datetime(2026, 1, 5, tzinfo=UTC), variables={"state": "Texas", "n": 1}
    )

    names = names_of(case)

    assert (names["state"], names["variables"]["state"], names["n"]) == ("active", "Texas", 1)
