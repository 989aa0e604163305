"""The demo company, number series and the customer base on both databases; the README lists what there is."""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

import processes.customer_base
from engine.errors import InvalidInput
from engine.store.types import Base
from processes.customer_base.demo import create_demo
from processes.customer_base.numbering import next_number, next_numbers
from processes.customer_base.orders import confirm_order, order_from_lines
from processes.customer_base.records import answer_survey, outcomes, record_outcome, request_survey
from processes.customer_base.tables import (
    TABLES,
    Engineer,
    Invoice,
    Order,
    Party,
    Product,
    StockLevel,
)
from processes.handlers.resources import Resources
from tests.processes.customer_base.conftest import NOW

HOME = Path(processes.customer_base.__file__).parent


def test_the_demo_company_is_complete_and_the_same_every_time(session):
    counts = {
        table.__name__: session.scalar(select(func.count()).select_from(table))
        for table in (Party, Product, Order, Invoice, Engineer)
    }
    assert counts == {"Party": 42, "Product": 25, "Order": 30, "Invoice": 30, "Engineer": 6}
    total = session.scalar(select(func.sum(Invoice.total)))
    fresh = Resources.in_memory(NOW.replace(hour=3))
    with fresh.session_for("acme", NOW) as other:
        assert other.scalar(select(func.sum(Invoice.total))) == total


def test_the_demo_is_created_once_per_enterprise(session, now):
    assert create_demo(session, "acme", now) is False


def test_numbers_count_up_per_series_and_year(session, now):
    assert next_number(session, "quote", now) == "Q-2026-00001"
    assert next_numbers(session, "quote", now, count=3)[-1] == "Q-2026-00004"
    assert next_number(session, "quote", now.replace(year=2027)) == "Q-2027-00001"
    assert next_numbers(session, "quote", now, count=0) == []


def test_the_customer_base_works_on_both_databases(store):
    Base.metadata.create_all(store.engine, tables=TABLES)
    resources = Resources.for_store(store)
    with resources.session_for("acme", NOW) as session:
        assert create_demo(session, "acme", NOW)
        party = session.scalars(select(Party).where(Party.name.startswith("Huadong"))).one()
        order = order_from_lines(session, party_id=party.id, lines=[{"sku": "PUMP-100", "quantity": 2}], now=NOW)
        confirm_order(session, order_id=order.id, now=NOW)
        total, order_id = order.total, order.id
    with resources.session_for("acme", NOW) as session:
        order = session.get(Order, order_id)
        assert (order.total, order.confirmed_at, order.status) == (total, NOW, "confirmed")
        reserved = session.scalar(select(func.sum(StockLevel.reserved)).where(StockLevel.product_sku == "PUMP-100"))
        assert reserved == 2
    with resources.session_for("other", NOW) as session:
        assert session.scalar(select(func.count()).select_from(Party)) == 0


def test_a_survey_is_asked_once_and_its_answer_kept(session, now, party_named):
    party_id = party_named("Taihu").id
    first = request_survey(session, case_reference="T-1", party_id=party_id, now=now)
    assert request_survey(session, case_reference="T-1", party_id=party_id, now=now).id == first.id
    assert answer_survey(session, case_reference="T-1", score=2, comment="late", now=now).score == 2
    with pytest.raises(InvalidInput, match="between 0 and 5"):
        answer_survey(session, case_reference="T-1", score=9, now=now)


def test_an_outcome_is_kept_once_per_case(session, now):
    for outcome in ("lost", "won"):
        record_outcome(session, practice="l2o", case_reference="c", outcome=outcome, measures={"days": 3}, ended_at=now)
    assert [(row.outcome, row.measures) for row in outcomes(session, practice="l2o")] == [("won", {"days": 3})]


def test_the_readme_lists_every_public_function():
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^- `(\w+)", readme, re.MULTILINE))
    missing = [
        f"{path.relative_to(HOME)}: {node.name}"
        for path in sorted(HOME.rglob("*.py"))
        if path.parent.name != "tables"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and node.name not in listed
    ]
    assert missing == []
