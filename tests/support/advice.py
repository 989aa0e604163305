"""An office that looks for its next best activity: a profile, activities with estimates, a loop that waits."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.bpmn.layout import lay_out_xml
from engine.store.actor import Actor
from practice_repo.commands.add_activity import add_activity
from practice_repo.commands.decide import decide
from practice_repo.commands.estimate import estimate
from practice_repo.commands.recommend import scan
from practice_repo.commands.set_profile import set_profile
from practice_repo.expectations import Expectation, ExpectedCost, ExpectedEffect
from practice_repo.permissions import MANAGER
from practice_repo.queries.nba import nba_page
from practice_repo.stale import LOOP
from tests.support import models
from tests.support.office import ACME
from tests.support.practice_office import PracticeOffice


def loop_model() -> bytes:
    """The method's loop, as far as the pages see it: it waits for decisions, again and again."""
    steps = models.line(models.start(), models.user_task("decide", name="Decide on the next activity"), models.end())
    return lay_out_xml(models.model(models.process(LOOP, steps, name="Next best activity")))


def amounts(effect: Any, cost: Any, **more: Any) -> Expectation:
    """Plain amounts within the time range."""
    costs = (ExpectedCost("All of it", amount=Decimal(cost)),) if cost else ()
    return Expectation(lump_effect=Decimal(effect), lump_source="own figures of last year", costs=costs, **more)


def driven() -> Expectation:
    """From a figure of the practice's card, hours of people, a fee, and a reserve."""
    return Expectation(
        effects=(
            ExpectedEffect(
                "answered",
                "triage",
                baseline=Decimal("0.62"),
                change=Decimal("0.08"),
                low=Decimal("0.02"),
                high=Decimal("0.14"),
                volume_per_year=Decimal(9000),
                unit_value=Decimal(400),
                source="9,000 requests a year",
            ),
        ),
        costs=(
            ExpectedCost("Training of inside sales", "inside_sales", Decimal(120), Decimal(140)),
            ExpectedCost("Licences", amount=Decimal(24000), per_year=True),
        ),
        resistance_share=Decimal("0.15"),
        success=Decimal("0.8"),
        department="sales",
        is_measured=True,
    )


class AdviceOffice:
    """What managers and analysts do, each in one line."""

    def __init__(self, practices: PracticeOffice):
        self.practices, self.office, self.store = practices, practices.office, practices.store
        self.manager = Actor("gina", frozenset({MANAGER}), enterprise_id=ACME)
        self.office.deploy(loop_model())

    @property
    def now(self):
        return self.office.now

    def do(self, command: Any, **arguments: Any) -> Any:
        return self.office.do(command, **{"actor": self.manager} | arguments)

    def has_a_profile(self, **fields: Any) -> None:
        usual = {"industry": "machinery", "currency": "CNY", "starts_on": self.now.date(), "employees": 240}
        self.do(set_profile, **usual | {"budget": Decimal(900000), "staff": {"process_analyst": "2"}} | fields)

    def adds(self, key: str, title: str, title_zh: str, expectation: Expectation | None = None, **more: Any) -> str:
        found = self.do(add_activity, key=key, title=title, title_zh=title_zh, **more)
        if expectation is not None:
            self.do(estimate, activity_id=found, expectation=expectation)
        return found

    def adds_some(self) -> dict[str, str]:
        """One of every kind that a page shows: ready, blocked, too dear, unknown, costless, with a loss."""
        later = self.now.date() + timedelta(days=60)
        return {
            "K01": self.adds(
                "K01",
                "Shared customer base",
                "共享客户数据",
                amounts(100000, 120000),
                area="sales",
                step="computer_system",
            ),
            "K03": self.adds(
                "K03", "Lead scoring", "线索评分", amounts(180000, 60000, prerequisites=("K01",)), area="marketing"
            ),
            "K05": self.adds("K05", "Lead response within a day", "一天内响应线索", driven(), area="sales"),
            "K08": self.adds(
                "K08", "Discount ladder", "折扣阶梯", amounts(90000, 30000), area="sales", change="improve"
            ),
            "K13": self.adds(
                "K13",
                "Campaign budget approval",
                "活动预算审批",
                amounts(60000, 50000, window_from=later),
                area="marketing",
            ),
            "K20": self.adds("K20", "Consent centre", "同意中心", amounts(40000, 2000000), area="marketing"),
            "K30": self.adds("K30", "Stop double entry", "停止重复录入", change="eliminate", area="service"),
        }

    def scans(self, **how: Any) -> str:
        return scan(self.store, enterprise_id=ACME, actor=self.manager, now=self.now, **how)

    def starts_the_loop(self) -> str:
        return self.office.start(LOOP, business_key=ACME).process_instance_id

    def decides(self, decision: str, **more: Any) -> Any:
        newest = self.page().recommendation.row.id
        return self.do(decide, recommendation_id=newest, decision=decision, **more)

    def page(self):
        return self.office.ask(nba_page, enterprise_id=ACME, now=self.now)

    def in_days(self, days: int) -> date:
        return self.now.date() + timedelta(days=days)
