"""A made-up practice with known truth: cases that take hours, and some that go wrong."""

import random
from datetime import UTC, datetime, timedelta

from practice_repo.card import Card, Fact, Kpi
from practice_repo.card_entry import Text
from practice_repo.outcomes.case import Case
from practice_repo.outcomes.facts import CaseFacts, case_facts

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
NAME = Text("Shop", "店")
CARD = Card(
    id="shop",
    version="1.0.0",
    kind="process",
    type="process",
    name=NAME,
    summary=NAME,
    area="sales",
    licence="CC0-1.0",
    process="process.bpmn",
    kpis=(
        Kpi("mean_hours", NAME, "hours", "lower", "mean(cases[hours != null].hours)"),
        Kpi("median_hours", NAME, "hours", "lower", "median(cases[hours != null].hours)"),
        Kpi("good_share", NAME, "share", "higher", "count(cases[good = true]) / count(cases)"),
        Kpi("cost_per_case", NAME, "money", "lower", "wages / count(cases)"),
    ),
    facts=(
        Fact("hours", "hours"),
        Fact("good", "good"),
        Fact("wages", figure="Wages of the window"),
    ),
)


def cases(chance: random.Random, count: int, *, hours: float = 10, sd: float = 3, good: float = 0.7, **about) -> list:
    """Facts of `count` cases, whose hours are normal and which are good with this probability."""
    return facts_of(
        [
            {"hours": round(chance.gauss(hours, sd), 4), "good": chance.random() < good, "number": number}
            for number in range(count)
        ],
        **about,
    )


def facts_of(rows, *, first: int = 0, definition_id="v1", start=MONDAY) -> list[CaseFacts]:
    """The facts of cases with these variables, one case an hour, numbered from `first`."""
    found = [
        Case(
            f"case-{number}",
            "shop",
            definition_id,
            f"case-{number}",
            "completed",
            start + timedelta(hours=number),
            start + timedelta(hours=number + 1),
            row,
        )
        for number, row in enumerate(rows, first)
    ]
    return case_facts(CARD, found, now=MONDAY)
