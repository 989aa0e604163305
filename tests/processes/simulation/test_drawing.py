import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median, stdev
from zoneinfo import ZoneInfo

import pytest

from processes.simulation import Arrival, arrivals, cast, duration, read_profile, reply, story
from processes.simulation.drawing import expected
from processes.simulation.prospects import prospect

PROFILE = read_profile(
    """
country = "CN"
[arrivals]
per_week = 70
months = [1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1]
weekdays = [2, 1, 1, 1, 1, 1, 0]
hours = {"8-12" = 3, "13-18" = 1}
[[story]]
scenario = "short"
weight = 3
[[story]]
scenario = "long"
weight = 1
[[task]]
element = "answer"
median_minutes = 60
spread = 0.4
[[reply]]
message = "Paid"
median_hours = 48
spread = 0.2
[[effect]]
key = "faster"
tasks = {answer = 0.5}
stories = {long = 3}
replies = {Paid = 0.25}
""",
    process="advise",
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
MARCH, JUNE = datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 6, 7, 16, tzinfo=UTC)  # midnights there
IN_FORCE = [(PROFILE.effect("faster"), date(2026, 1, 1))]


def drawn(seed=1, start=MARCH, end=JUNE, **how):
    return list(arrivals(PROFILE, start, end, seed=seed, **how))


def test_the_same_seed_draws_the_same_cases():
    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)


def test_spans_that_overlap_agree_about_the_days_they_share():
    middle = datetime(2026, 4, 15, 3, tzinfo=UTC)

    assert drawn(end=middle) + drawn(start=middle) == drawn()


def test_as_many_cases_come_as_the_profile_expects():
    days = [date(2026, 3, 2) + timedelta(days=ahead) for ahead in range(14 * 7)]
    mean = sum(expected(PROFILE, day) for day in days)

    assert len(drawn()) == pytest.approx(mean, abs=4 * math.sqrt(mean))
    assert len(drawn(factor=0.5)) == pytest.approx(mean / 2, abs=4 * math.sqrt(mean / 2))


def test_cases_follow_weekdays_and_hours():
    local = [each.at.astimezone(SHANGHAI) for each in drawn()]
    weekdays, hours = Counter(at.weekday() for at in local), Counter(at.hour for at in local)

    assert weekdays[6] == 0
    assert weekdays[0] > 1.4 * weekdays[2]
    assert set(hours) <= {*range(8, 12), *range(13, 18)}
    assert sum(hours[hour] for hour in range(8, 12)) / len(local) == pytest.approx(0.75, abs=0.05)


def test_july_brings_twice_as_many_and_a_holiday_none():
    assert expected(PROFILE, date(2026, 7, 7)) == 2 * expected(PROFILE, date(2026, 6, 9))
    assert expected(PROFILE, date(2026, 5, 1)) == 0  # Labour Day


def test_every_case_has_a_key_and_a_number_of_its_own():
    found = drawn()

    assert len({each.key for each in found}) == len({each.number for each in found}) == len(found)


def test_durations_are_lognormal_around_their_median():
    minutes = [
        duration(PROFILE, "answer", f"case-{number}", 1, MARCH, seed=3).total_seconds() / 60 for number in range(2000)
    ]
    logs = [math.log(each) for each in minutes]

    assert median(minutes) == pytest.approx(60, rel=0.04)
    assert stdev(logs) == pytest.approx(0.4, rel=0.06)


def test_a_known_effect_is_in_every_draw():
    before = [duration(PROFILE, "answer", str(n), 1, MARCH, seed=3) for n in range(50)]
    after = [duration(PROFILE, "answer", str(n), 1, MARCH, seed=3, effects=IN_FORCE) for n in range(50)]

    assert fmean(b / a for a, b in zip(after, before, strict=True)) == pytest.approx(2, abs=0.01)
    assert reply(PROFILE, "Paid", "1", 1, MARCH, seed=3, effects=IN_FORCE) < reply(
        PROFILE, "Paid", "1", 1, MARCH, seed=3
    )


@pytest.mark.parametrize(("effects", "share"), [((), 0.25), (IN_FORCE, 0.5)])
def test_stories_come_by_their_weights(effects, share):
    cases = [Arrival(MARCH, f"case-{number}", number) for number in range(2000)]
    stories = Counter(story(PROFILE, each, seed=3, effects=effects) for each in cases)

    assert stories["long"] / 2000 == pytest.approx(share, abs=0.04)


def test_every_member_of_the_cast_plays():
    text = "[arrivals]\nper_week = 1\n[[story]]\nscenario = 's'\nweight = 1\n"
    profile = read_profile(text + "[[cast]]\nA = 'A'\n[[cast]]\nA = 'B'", process="p")

    played = Counter(cast(profile, f"case-{number}", seed=1)["A"] for number in range(400))

    assert played["A"] / 400 == pytest.approx(0.5, abs=0.1)
    assert cast(PROFILE, "case", seed=1) == {}


def test_prospects_are_strangers_to_each_other():
    companies = {prospect(str(number), number)["company"] for number in range(500)}

    assert len(companies) > 490
