"""Every scenario of the shipped pack passes with the real handlers, and goods and money always add up."""

from sqlalchemy import func, select

from processes.customer_base.tables import Invoice, ReturnLine, Settlement
from processes.handlers.resources import Resources
from tests.processes.packs import assert_same_reloaded, assert_well_described, every_scenario, played

PACK = "service/reverse_logistics"


def test_the_pack_is_well_described():
    assert_well_described(PACK)


@every_scenario(PACK)
def test_scenario(scenario):
    assert_same_reloaded(PACK, scenario)


@every_scenario(PACK)
def test_goods_and_money_add_up(scenario):
    bases: list[Resources] = []

    def remembered(now):
        bases.append(Resources.in_memory(now))
        return bases[-1]

    player = played(PACK, scenario, resources=remembered)

    with bases[0].session_for("play", player.clock.now()) as session:
        for line in session.scalars(select(ReturnLine)):
            assert 0 <= line.disposed <= line.received
            if player.state == "completed" and player.variables.get("rma_status") == "closed":
                assert line.disposed == line.received
        for invoice in session.scalars(select(Invoice)):
            paid_back = select(func.sum(Settlement.amount)).where(
                Settlement.invoice_id == invoice.id, Settlement.kind == "refund"
            )
            assert (session.scalar(paid_back) or 0) <= invoice.paid
