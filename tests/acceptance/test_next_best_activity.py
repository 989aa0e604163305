"""A manager follows the loop: one recommendation with its reason, a rollout by people, what it achieved, the next one.

The practice that promises most is rolled out first, while cases go on; nothing becomes better by it, which is measured
on the cases themselves. So the enterprise's own estimates count for less, most in that area, and the next
recommendation is another one than it would have been.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from practice_repo.activities import ensure_activities
from practice_repo.commands.add_activity import add_activity
from practice_repo.commands.estimate import estimate
from practice_repo.commands.set_profile import set_profile
from practice_repo.expectations import Expectation, ExpectedCost, ExpectedEffect
from practice_repo.queries.nba import activities, portfolio
from webapp.demo import ENTERPRISE
from webapp.demo_choices import MAX, NORA, make_available_here
from webapp.simulating import simulate

pytestmark = pytest.mark.browser

SERVICE = "Ticket to dispatch"
KPI = "first_contact_resolution"
CASES_PER_MONTH = 24


def costing(amount: int, **more) -> Expectation:
    return Expectation(costs=(ExpectedCost("All of it", amount=Decimal(amount)),), duration_days=10, **more)


@dataclass
class Manager:
    """Somebody who decides what comes next."""

    person: object

    def opens(self) -> Page:
        return self.person.goes_to("/nba")

    def is_recommended(self, title: str) -> "Manager":
        expect(self.opens().get_by_role("heading", level=2, name=title, exact=True)).to_be_visible()
        return self

    def sees_behind_it(self, *titles: str) -> "Manager":
        """The runners-up, in this order."""
        table = self.opens().get_by_role("region", name="The others, best first").locator("table.card-table")
        assert table.locator("tbody a").all_inner_texts() == list(titles)
        return self

    def accepts(self) -> "Manager":
        self.opens().get_by_role("button", name="Accept", exact=True).click()
        self.person.is_told("Accepted")
        self.person.enterprise.settles()
        return self

    def finds_nothing_new(self) -> "Manager":
        expect(self.opens().locator("main")).to_contain_text("No new available practice")
        return self


@pytest.fixture
def choices(enterprise):
    """A practice that promises much in service, and an own activity each in service and sales."""
    wiring = enterprise.wiring
    make_available_here(wiring, "ticket_to_dispatch")
    now = wiring.clock.now()
    wiring.run(lambda work: set_profile(work, industry="machinery", currency="CNY", actor=MAX, now=now))
    wiring.run(lambda work: ensure_activities(work, ENTERPRISE, MAX, now))
    _adds(wiring, "K08", "Discount ladder", "sales", effect=270_000)
    _adds(wiring, "K21", "Triage matrix", "service", effect=290_000)
    with wiring.store.reading() as work:
        rows = {each.activity.key: each.activity.id for each in activities(work, enterprise_id=ENTERPRISE)}
    hope = ExpectedEffect(
        KPI,
        "ticket_to_dispatch",
        baseline=Decimal("0.5"),
        change=Decimal("0.4"),
        volume_per_year=Decimal(4000),
        unit_value=Decimal(500),
    )
    _estimate(wiring, rows["ticket_to_dispatch"], costing(120_000, effects=(hope,), full_after_days=0))
    return enterprise


def _adds(wiring, key: str, title: str, area: str, *, effect: int) -> None:
    now = wiring.clock.now()
    found = wiring.run(lambda work: add_activity(work, key=key, title=title, area=area, actor=NORA, now=now))
    _estimate(wiring, found, costing(100_000, lump_effect=Decimal(effect)))


def _estimate(wiring, activity_id: str, expectation: Expectation) -> None:
    now = wiring.clock.now()
    wiring.run(lambda work: estimate(work, activity_id=activity_id, expectation=expectation, actor=NORA, now=now))


def works_for(enterprise, weeks: int) -> None:
    """Tickets come and are worked on, as ever."""
    clock = enterprise.wiring.clock
    until = clock.now() + timedelta(weeks=weeks)
    simulate(enterprise.wiring, ["ticket_to_dispatch"], clock.now(), until, cases_per_month=CASES_PER_MONTH)
    clock.move_to(until)
    enterprise.settles()


def rolls_out(people, title: str, *, hypercare_days: int, effect: int | None = None) -> None:
    """The department plans and trains; then people use it."""
    dirk = people["dirk"]
    plan = dirk.claims("Plan the rollout").fills(way="direct", hypercare_days=hypercare_days, measure_weeks=4)
    plan.fills(trainees=[{"role": "department_head", "people": 4}]).completes()
    dirk.claims("Train people").fills(resistance_note="They ask for a guide.").completes()
    if effect is None:
        works_for(dirk.enterprise, weeks=7)
    else:
        dirk.enterprise.waits(days=hypercare_days)
    check = dirk.claims("Check adoption")
    check.fills(actual_cost=110_000, **({} if effect is None else {"stated_effect": effect})).completes()


def test_the_next_best_activity_is_followed_until_nothing_new_is_available(choices, people):
    works_for(choices, weeks=6)
    max_ = Manager(people["max"])
    max_.opens().get_by_role("button", name="Start the loop").first.click()
    choices.settles()
    people["max"].claims("Describe the enterprise").completes()
    people["nora"].claims("Register needs").completes()
    while people["nora"].rows("/worklist?view=my_groups"):
        people["nora"].claims("Inspect the practice").fills(take="skip").completes()

    max_.is_recommended(SERVICE).sees_behind_it("Triage matrix", "Discount ladder").accepts()
    rolls_out(people, SERVICE, hypercare_days=42)

    max_.is_recommended("Discount ladder").sees_behind_it("Triage matrix").accepts()
    rolls_out(people, "Discount ladder", hypercare_days=14, effect=250_000)

    max_.is_recommended("Triage matrix").accepts()
    rolls_out(people, "Triage matrix", hypercare_days=14, effect=200_000)

    max_.finds_nothing_new()
    now = choices.wiring.clock.now()
    with choices.wiring.store.reading() as work:
        page = portfolio(work, enterprise_id=ENTERPRISE, now=now)
    rolled_out = {row.name.en: row for row in page.rows}
    assert [row.state for row in page.rows] == ["completed"] * 3
    [measured] = [each for each in rolled_out[SERVICE].measured if each["kpi"] == KPI]
    assert measured["n"] > 20
    assert rolled_out[SERVICE].actual_effect < rolled_out[SERVICE].planned_effect / 2
