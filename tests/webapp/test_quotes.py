"""A customer decides about a quote through the link in the mail, without signing in."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.bpmn.layout import lay_out_xml
from processes.customer_base.parties import create_party
from processes.customer_base.scope import add, in_enterprise
from processes.customer_base.tables import Quote
from tests.support import models
from tests.support.office import ACME
from webapp.links import sign


def waiting_model() -> bytes:
    """A process that waits for the customer's decision."""
    steps = models.line(
        models.start(),
        models.catch("decided", models.message_event("decision")),
        models.user_task("next"),
        models.end(),
    )
    keys = models.message("decision", "QuoteDecision", quote_id="=quote_id", version="=quote_version")
    return lay_out_xml(models.model(models.process("selling", steps), roots=keys))


@pytest.fixture
def link(office, clock):
    """The address of a quote's page; a case waits for its decision."""

    def quote(work):
        session = in_enterprise(work.session, ACME)
        party = create_party(session, name="Nordwind", now=clock.now())
        amounts = dict.fromkeys(("list_total", "net_total", "freight", "tax", "total"), Decimal(100))
        shares = dict.fromkeys(("margin_share", "discount_share"), Decimal(0))
        valid_to = clock.now().date() + timedelta(days=30)
        row = Quote(
            number="Q-1", status="sent", party_id=party.id, currency="CNY", valid_to=valid_to, created_at=clock.now(),
            **amounts, **shares,
        )  # fmt: skip
        return add(session, row).id

    quote_id = office.store.run(quote)
    office.deploy(waiting_model())
    office.start("selling", {"quote_id": quote_id, "quote_version": 1})
    return f"/quote/{sign('for tests', 'quote', ACME, quote_id)}"


def test_a_stranger_with_the_link_sees_the_quote(visit, link):
    page = visit().get(link).text

    assert "Q-1" in page
    assert "Accept the quote" in page


def test_accepting_moves_the_case(office, visit, link):
    answer = visit().post(f"{link}/decision", {"decision": "accept", "ship_to_city": "Suzhou"})

    assert "Thank you for your order" in answer.text
    assert office.task("next")


def test_a_change_needs_words(visit, link):
    answer = visit().post(f"{link}/decision", {"decision": "change"})

    assert answer.status_code == 400
    assert "what should change" in answer.text


def test_deciding_twice_moves_the_case_once(office, visit, link):
    customer = visit()
    customer.post(f"{link}/decision", {"decision": "accept"})

    answer = customer.post(f"{link}/decision", {"decision": "accept"})

    assert answer.status_code == 200
    assert office.task("next")


def test_a_quote_that_ran_out_cannot_be_accepted(visit, link, clock):
    clock.pass_by(days=31)

    assert "no longer open" in visit().get(link).text
    assert visit().post(f"{link}/decision", {"decision": "accept"}).status_code == 409


def test_a_changed_link_leads_nowhere(visit, link):
    broken = re.sub(r".$", lambda last: "A" if last[0] != "A" else "B", link)

    assert visit().get(broken).status_code == 404
