"""Played cases of the shipped packs tell what their cards' KPIs read."""

from decimal import Decimal
from functools import cache

import pytest

from engine import events
from engine.play import Player
from practice_repo.outcomes.case import Case, Visit
from practice_repo.outcomes.facts import case_facts
from practice_repo.outcomes.kpis import kpi_values
from practice_repo.outcomes.queries import outcome_of
from practice_repo.practice_check import check_practice
from processes.customer_base.records import outcomes
from processes.customer_base.scope import in_enterprise
from processes.handlers import all_handlers
from processes.handlers.resources import Resources
from tests.processes.packs import definition, practice, scenarios

SALES, TICKETS = "sales/lead_to_order", "service/ticket_to_dispatch"
RETURNS, CAMPAIGNS = "service/reverse_logistics", "marketing/campaign_lifecycle"


class Watched(Player):
    """A play that keeps the visits of its first process instance."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.visits = {}

    def _note(self, number, event):
        super()._note(number, event)
        if number != 0:
            return
        if isinstance(event, events.ElementActivated):
            self.visits[event.element_instance_id] = Visit(
                event.element_id, event.at, None, "active", None, event.element_type
            )
        elif isinstance(event, events.ElementCompleted | events.ElementCancelled):
            begun = self.visits[event.element_instance_id]
            self.visits[event.element_instance_id] = Visit(
                begun.element_id, begun.started_at, event.at, "completed", None, begun.type
            )


@cache
def told(pack: str, title: str):
    """The facts and KPIs of one played scenario."""
    scenario = next(each for each in scenarios(pack) if each.name == title)
    play = Watched(
        definition(pack),
        scenario,
        process_id=pack.partition("/")[2],
        handlers=all_handlers,
        resources=Resources.in_memory,
    )
    play.run()
    card = practice(pack).card
    with play._resources.open_session() as session:
        kept = outcomes(in_enterprise(session, "play"), practice=card.id)
        records = {record.case_reference: record.measures for record in kept}
    case = Case(
        "case",
        card.id,
        "v1",
        None,
        play.state,
        play.began,
        play.clock.now(),
        play.variables,
        tuple(play.visits.values()),
    )
    case = Case(**{name: getattr(case, name) for name in Case.__slots__} | {"outcome": outcome_of(case, records)})
    facts = case_facts(card, [case], now=play.clock.now())
    return facts[0], kpi_values(card, facts, days=7), case


@pytest.mark.parametrize("pack", [SALES, TICKETS, RETURNS, CAMPAIGNS])
def test_every_field_that_a_kpi_reads_is_a_fact(pack):
    card = practice(pack).card

    assert card.facts
    assert [finding for finding in check_practice(practice(pack)) if finding.rule == "practice-fact"] == []


def test_a_paid_order_tells_the_kpis_of_lead_to_order():
    facts, kpis, _ = told(SALES, "happy path: lead to paid order")

    assert facts.values["response_hours"] == 0
    assert facts.values["net_total"] == Decimal(12800)
    assert {
        key: kpis[key].value for key in ("win_rate", "otif", "perfect_order", "touchless_orders", "lead_in_sla")
    } == {
        "win_rate": 1,
        "otif": 1,
        "perfect_order": 1,
        "touchless_orders": 1,
        "lead_in_sla": 1,
    }
    assert kpis["revision_rate"].value == 0
    assert kpis["dso_days"].missing == ("receivables", "sales")


def test_what_the_case_says_is_what_it_left_in_the_customer_base():
    facts, _, case = told(SALES, "happy path: lead to paid order")

    shared = {name: value for name, value in case.outcome.items() if name in facts.values}
    assert len(shared) >= 20
    assert {name: facts.values[name] for name in shared} == shared


def test_a_visited_ticket_tells_the_kpis_of_ticket_to_dispatch():
    facts, kpis, _ = told(TICKETS, "happy path")

    assert facts.values["visit_count"] == 1
    assert facts.rows["visits"][0]["travel_minutes"] == 40
    assert facts.rows["work_orders"] == [{"parts_complete": True}]
    assert {key: kpis[key].value for key in ("sla_attainment", "first_time_fix_rate", "on_time_arrival")} == {
        "sla_attainment": 1,
        "first_time_fix_rate": 1,
        "on_time_arrival": 1,
    }
    assert kpis["cost_per_ticket"].value == Decimal(438)
    assert kpis["first_contact_resolution"].value == 0
    assert kpis["utilisation"].missing == ("engineers",)


def test_a_refunded_return_tells_the_kpis_of_reverse_logistics():
    facts, kpis, _ = told(RETURNS, "happy path: defect in warranty, refund")

    assert facts.rows["lines"][0]["disposition"] == "liquidate"
    assert kpis["recovery_rate"].value == pytest.approx(Decimal("792.25") / Decimal(2938))
    assert kpis["authorisation_time"].value == 0
    assert (kpis["no_fault_found_rate"].value, kpis["abuse_rate"].value, kpis["exchange_share"].value) == (0, 0, 0)


def test_an_evaluated_campaign_tells_the_kpis_of_campaign_lifecycle():
    facts, kpis, case = told(CAMPAIGNS, "happy path")

    assert (facts.values["sent"], facts.values["cost"]) == (case.variables["results"]["sent"], 1000)
    assert (kpis["delivery_rate"].value, kpis["client_response_rate"].value) == (1, 0)
    assert kpis["budget_variance"].value == Decimal("0.875")
    assert kpis["romi"].value == -1
    assert kpis["on_time_activities"].value == 1
    assert kpis["plan_to_launch"].value == 28
