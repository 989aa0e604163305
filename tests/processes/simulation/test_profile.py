from datetime import UTC, date, datetime

import pytest

from engine.errors import InvalidInput
from processes.simulation import read_profile

PLAIN = """
[arrivals]
per_week = 10
[[story]]
scenario = "happy path"
weight = 1
"""
NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)


def test_what_is_not_said_is_plain():
    profile = read_profile(PLAIN, process="sell")

    assert profile.process == "sell"
    assert profile.habit("anything").spread == profile.default_task
    assert profile.teams == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[arrivals", "is not TOML"),
        ("", "'arrivals' is missing"),
        (PLAIN.replace("10", "0"), "'per_week' should be a number above 0, but is 0"),
        (PLAIN.replace("weight = 1", "weight = 0"), "with a weight above 0"),
        (PLAIN.replace("weight", "wait"), "'weight' is missing"),
        (PLAIN + "[[story]]\nscenario = 'happy path'\nweight = 2", "'happy path' stands twice"),
        (PLAIN + "[[task]]\nelement = 'pick'\nmedian_minutes = 5\nsprad = 1", "unknown key 'sprad'"),
        (PLAIN + "[[team]]\nrole = 'clerk'\nheads = 0", "'heads' should be a whole number from 1, but is 0"),
        (PLAIN + "[[team]]\nrole = 'clerk'\nheads = 1\nopens = 'early'", "should be a time such as 08:30"),
        (PLAIN + "[[team]]\nrole = 'clerk'\nheads = 1\nopens = '19:00'", "'closes' should be later than 'opens'"),
        (PLAIN + "[[effect]]\nkey = 'x'\ntasks = {pick = 0}", "should be a number above 0"),
        ("timezone = 'Asia/Nowhere'\n" + PLAIN, "'Asia/Nowhere' is no time zone"),
        (PLAIN.replace("[[story]]", "hours = {'9-25' = 1}\n[[story]]"), "'9-25' should be hours of a day"),
        (PLAIN.replace("[[story]]", "months = [1, 2]\n[[story]]"), "a list of 12 numbers"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, problem):
    with pytest.raises(InvalidInput, match=r"simulation\.toml of 'sell'") as found:
        read_profile(text, process="sell")

    assert problem in str(found.value)


def test_an_effect_grows_from_its_go_live_until_the_ramp_is_over():
    text = PLAIN + "[[effect]]\nkey = 'faster'\ntasks = {pick = 0.5}\nramp_days = 10"
    effect = read_profile(text, process="sell").effect("faster")

    strengths = [effect.strength(day, NOON) for day in (date(2026, 4, 7), date(2026, 4, 1), date(2026, 3, 1))]

    assert strengths == [0.0, 0.55, 1.0]


def test_an_unknown_effect_names_the_known_ones():
    profile = read_profile(PLAIN + "[[effect]]\nkey = 'faster'", process="sell")

    with pytest.raises(InvalidInput, match="Known effects: faster"):
        profile.effect("slower")
