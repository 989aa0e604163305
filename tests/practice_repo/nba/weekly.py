"""Cases with known truth, week by week: how long they took, whether they went well, and in which team."""

import random
from datetime import UTC, date, datetime, time, timedelta

from practice_repo.nba_tables import NbaRollout
from practice_repo.outcomes.case import Case
from practice_repo.outcomes.facts import CaseFacts, case_facts
from tests.practice_repo.outcomes.shop import CARD

LIVE = date(2026, 6, 1)  # a Monday
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def at(day: date, hours: float = 10) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(hours=hours)


def rollout(**about) -> NbaRollout:
    """A rollout that went live on LIVE, in no database."""
    usual = {"id": "r1", "enterprise_id": "demo", "activity_id": "a1", "plan": {}, "pilot_at": None}
    return NbaRollout(**usual | {"started_at": at(LIVE) - timedelta(days=7)} | about)


def weeks_of(chance: random.Random, first: int, last: int, hours, *, sd=2.0, good=0.7, per_week=12, **about):
    """Cases of the weeks from `first` up to before `last`, counted from LIVE; `hours` is a number or a function of the
    week."""
    found = []
    for week in range(first, last):
        mean = hours(week) if callable(hours) else hours
        for number in range(per_week):
            found.append(case(chance, week, number, mean, sd, good, **about))
    return found


def case(chance, week, number, mean, sd, good, *, team="south", definition_id="v1") -> Case:
    started = at(LIVE + timedelta(weeks=week)) + timedelta(hours=number % 5 * 24 + number / 5)
    key = f"{team}-{definition_id}-{week}-{number}"
    variables = {"hours": round(chance.gauss(mean, sd), 4), "good": chance.random() < good, "team": team}
    return Case(key, "shop", definition_id, key, "completed", started, started + timedelta(hours=3), variables)


def facts(found) -> list[CaseFacts]:
    return case_facts(CARD, found, now=NOW)
