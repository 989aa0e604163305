"""Stock is never promised twice and never lost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import func, select

from engine.errors import InvalidInput, NotFound
from processes.customer_base.stock import (
    StockShort,
    available_to_promise,
    consume,
    days_of_cover,
    free_stock,
    held_reservations,
    post_movement,
    release,
    reserve,
    set_stock,
    stock_level,
    transfer,
)
from processes.customer_base.tables import StockLevel, StockMovement
from processes.handlers.resources import Resources
from tests.processes.customer_base.conftest import ENTERPRISE, NOW


def test_reserving_and_releasing_are_symmetrical(session, now):
    before = free_stock(session, skus=["PUMP-100"])["PUMP-100"]
    reserve(session, sku="PUMP-100", quantity=Decimal(3), reference="line-1", now=now)
    assert free_stock(session, skus=["PUMP-100"])["PUMP-100"] == before - 3

    assert release(session, reference="line-1", now=now) == 3
    assert release(session, reference="line-1", now=now) == 0

    assert free_stock(session, skus=["PUMP-100"])["PUMP-100"] == before


def test_more_than_is_free_is_neither_reserved_nor_taken(session, now):
    free = stock_level(session, sku="PUMP-100").on_hand
    reserve(session, sku="PUMP-100", quantity=free - 1, reference="a", now=now)

    with pytest.raises(StockShort, match=" 1 are free"):
        reserve(session, sku="PUMP-100", quantity=Decimal(2), reference="b", now=now)
    with pytest.raises(StockShort, match="receive or transfer"):
        post_movement(session, sku="PUMP-100", quantity=Decimal(-2), reason="adjustment", now=now)


def test_consuming_takes_the_reserved_goods_first_then_free_ones(session, now):
    before = stock_level(session, sku="SEAL-KIT").on_hand
    reserve(session, sku="SEAL-KIT", quantity=Decimal(2), reference="job", now=now)

    consume(session, reference="job", sku="SEAL-KIT", quantity=Decimal(3), now=now)

    level = stock_level(session, sku="SEAL-KIT")
    assert (level.on_hand, level.reserved) == (before - 3, 0)
    assert held_reservations(session, reference="job") == []


def test_consuming_a_part_leaves_the_rest_reserved(session, now):
    reserve(session, sku="SEAL-KIT", quantity=Decimal(5), reference="job", now=now)
    consume(session, reference="job", sku="SEAL-KIT", quantity=Decimal(2), now=now)
    assert [row.quantity for row in held_reservations(session, reference="job")] == [3]


def test_a_transfer_moves_and_a_count_adjusts(session, now):
    transfer(session, sku="BEAR-6204", quantity=Decimal(10), source="MAIN", destination="VAN-LI", now=now)
    assert stock_level(session, sku="BEAR-6204", location="VAN-LI").on_hand == 22
    assert set_stock(session, sku="BEAR-6204", on_hand=Decimal(20), location="VAN-LI", now=now) == -2
    assert set_stock(session, sku="BEAR-6204", on_hand=Decimal(20), location="VAN-LI", now=now) == 0


def test_unknown_places_and_products_and_empty_amounts_are_refused(session, now):
    with pytest.raises(NotFound, match="location 'MOON'"):
        stock_level(session, sku="PUMP-100", location="MOON")
    with pytest.raises(NotFound, match="'NOPE'"):
        stock_level(session, sku="NOPE")
    with pytest.raises(InvalidInput):
        reserve(session, sku="PUMP-100", quantity=Decimal(0), reference="x", now=now)


def test_availability_tells_what_is_there_and_when_the_rest_comes(session, now):
    today = now.date()
    lines = [
        {"sku": "CONV-60", "quantity": 2},
        {"sku": "CONV-60", "quantity": 2},
        {"sku": "SPINDLE-12", "quantity": 1},
        {"sku": "INSTALL", "quantity": 3},
    ]

    first, second, none, service = available_to_promise(session, lines=lines, on=today)

    assert (first.status, first.available_on) == ("full", today)
    assert (second.status, second.at_once, second.missing) == ("partial", 1, 1)
    assert second.available_on == today + timedelta(days=28)
    assert (none.status, none.available_on) == ("none", today + timedelta(days=45))
    assert (service.status, service.missing) == ("full", 0)


def test_cover_says_how_long_stock_lasts(session, now):
    assert days_of_cover(session, sku="UPS-48", now=now) is None
    consume(session, reference="x", sku="UPS-48", quantity=Decimal(5), now=now)
    assert days_of_cover(session, sku="UPS-48", now=now) == Decimal("30.0")  # 5 left, 5 in 30 days


class StockLaws(RuleBasedStateMachine):
    """Whatever happens: on hand ≥ reserved ≥ 0, and movements add up to the stock."""

    def __init__(self):
        super().__init__()
        self.context = Resources.in_memory(NOW).session_for(ENTERPRISE, NOW)
        self.session = self.context.__enter__()

    def teardown(self):
        self.context.__exit__(None, None, None)

    quantities = st.integers(1, 30).map(Decimal)
    references = st.sampled_from(["a", "b", "c"])

    @rule(quantity=quantities, reference=references)
    def reserve(self, quantity, reference):
        self._try(lambda: reserve(self.session, sku="DRY-30", quantity=quantity, reference=reference, now=NOW))

    @rule(reference=references)
    def release(self, reference):
        release(self.session, reference=reference, now=NOW)

    @rule(quantity=quantities, reference=references)
    def consume(self, quantity, reference):
        with self.session.begin_nested() as savepoint:
            if not self._try(
                lambda: consume(self.session, reference=reference, sku="DRY-30", quantity=quantity, now=NOW)
            ):
                savepoint.rollback()

    @rule(quantity=quantities)
    def receive(self, quantity):
        post_movement(self.session, sku="DRY-30", quantity=quantity, reason="receipt", now=NOW)

    @invariant()
    def laws_hold(self):
        level = self.session.scalars(
            select(StockLevel).where(StockLevel.product_sku == "DRY-30", StockLevel.location_code == "MAIN")
        ).one()
        moved = self.session.scalar(
            select(func.sum(StockMovement.quantity)).where(
                StockMovement.product_sku == "DRY-30", StockMovement.location_code == "MAIN"
            )
        )
        held = sum(row.quantity for reference in "abc" for row in held_reservations(self.session, reference=reference))
        assert 0 <= level.reserved == held <= level.on_hand == moved

    def _try(self, action):
        try:
            action()
        except StockShort:
            return False
        return True


StockLaws.TestCase.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStockLaws = StockLaws.TestCase
