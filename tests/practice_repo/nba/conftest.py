from datetime import timedelta
from decimal import Decimal

import pytest

from engine.store.actor import Actor
from practice_repo.commands.add_activity import add_activity
from practice_repo.commands.decide import record_decision
from practice_repo.commands.estimate import estimate
from practice_repo.commands.make_available import make_available
from practice_repo.commands.recommend import scan
from practice_repo.commands.set_profile import set_profile
from practice_repo.expectations import Expectation, ExpectedCost
from practice_repo.permissions import MANAGER
from practice_repo.queries.nba import activities, nba_page
from practice_repo.validation import Bench, validate
from tests.practice_repo.workspace.conftest import Desk
from tests.practice_repo.workspace.shelf import practice

# The test vector of the paper's index: key → (effect, cost, prerequisites, excludes)
VECTOR = {
    "P1": (180, 60, (), ()),
    "P2": (90, 30, (), ()),
    "P3": (100, 120, (), ()),
    "P4": (400, 100, ("P3",), ()),
    "P5": (50, 0, (), ()),
    "P6": (210, 140, (), ("P4",)),
}


def expecting(effect, cost, **more) -> Expectation:
    """An expectation of plain amounts within the horizon."""
    costs = () if not cost else (ExpectedCost("All of it", amount=Decimal(cost)),)
    return Expectation(lump_effect=None if effect is None else Decimal(effect), costs=costs, **more)


class Office(Desk):
    """A desk of managers: activities, scans and decisions, each in one line."""

    def __init__(self, store, clock):
        super().__init__(store, clock)
        self.max = Actor("max", frozenset({MANAGER}), enterprise_id="demo")
        self.do(set_profile, actor=self.max, industry="machinery", horizon_days=360)

    def adds(self, key: str, effect=None, cost=None, area="", **more) -> str:
        """An own activity with an estimate of plain amounts; without amounts nobody has estimated it."""
        found = self.do(add_activity, key=key, title=f"Practice {key}", area=area)
        if effect is not None or cost is not None:
            self.estimates(found, expecting(effect, cost, **more))
        return found

    def estimates(self, activity_id: str, expectation: Expectation) -> str:
        return self.do(estimate, activity_id=activity_id, expectation=expectation)

    def adds_the_vector(self) -> dict[str, str]:
        return {
            key: self.adds(key, effect, cost, prerequisites=needs, excludes=rivals, duration_days=0)
            for key, (effect, cost, needs, rivals) in VECTOR.items()
        }

    def scans(self, **how) -> str:
        return scan(self.store, enterprise_id="demo", actor=self.max, now=self.now, **how)

    def page(self):
        return self.ask(nba_page, enterprise_id="demo", now=self.now)

    def decides(self, decision: str, **more):
        """What somebody says to the newest recommendation, without a loop."""
        newest = self.page().recommendation.row.id
        told = {"recommendation_id": newest, "enterprise_id": "demo", "decision": decision, "actor": self.max}
        return self.do(record_decision, **told | more)

    def states(self) -> dict[str, str]:
        return {each.activity.key: each.activity.state for each in self.ask(activities, enterprise_id="demo")}

    def in_days(self, days: int):
        return self.now.date() + timedelta(days=days)


@pytest.fixture
def office(store, clock):
    """An enterprise with a profile and nothing to choose from, on each kind of database."""
    return Office(store, clock)


@pytest.fixture
def sqlite_office(sqlite_store, clock):
    """The same on SQLite, for what does not depend on the database."""
    return Office(sqlite_store, clock)


@pytest.fixture
def desk_with_practice(store, clock):
    """An office whose workspace holds one available practice: (office, candidate id)."""
    office = Office(store, clock)
    office.ship(practice())
    found = office.acquired()
    validate(office.store, candidate_id=found, actor=office.nora, now=office.now, bench=Bench())
    office.do(make_available, candidate_id=found)
    return office, found
