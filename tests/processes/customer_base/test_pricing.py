"""Prices, exact to the cent, and configurations."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput, NotFound
from processes.customer_base.amounts import cents, decimal_of
from processes.customer_base.pricing import Item, calculate, price_offer
from processes.customer_base.products import check_configuration, product_by_sku
from processes.customer_base.tables import PriceRule, Product


@pytest.fixture
def price(session, now):
    def offer(*items, **keywords):
        return price_offer(session, items=items, on=now.date(), **keywords)

    return offer


def test_list_price_freight_tax_and_margin_add_up(price):
    offer = price({"sku": "PUMP-100", "quantity": 2})

    assert (offer.net_total, offer.freight) == (Decimal(25600), cents(120 + Decimal("1.20") * 170))
    assert offer.tax == cents(offer.net_total * Decimal("0.13")) + cents(offer.freight * Decimal("0.13"))
    assert offer.total == offer.net_total + offer.freight + offer.tax
    assert offer.margin_share == Decimal("0.3594")  # (12,800 - 8,200) / 12,800


@pytest.mark.parametrize(("quantity", "unit_price"), [(4, "12800"), (5, "12160"), (9, "12160"), (10, "11776")])
def test_a_quantity_break_counts_from_its_quantity(price, quantity, unit_price):
    assert price({"sku": "PUMP-100", "quantity": quantity}).lines[0].unit_price == Decimal(unit_price)


def test_a_quantity_break_of_a_category_counts_all_its_lines(price):
    options = {"motor": "3kw", "seal": "standard"}
    offer = price({"sku": "PUMP-100", "quantity": 3}, {"sku": "PUMP-200", "quantity": 2, "choices": options})
    assert [line.discount_share for line in offer.lines] == [Decimal("0.05"), Decimal("0.05")]


def test_the_better_of_agreement_and_break_counts_not_both(price, party_named):
    huadong = party_named("Huadong").id
    offer = price({"sku": "PUMP-100", "quantity": 10}, party_id=huadong)
    assert (offer.lines[0].unit_price, offer.lines[0].reasons) == (
        Decimal(11264),
        ("agreement: Huadong frame agreement",),
    )
    assert price({"sku": "PUMP-100", "quantity": 10}, party_id=party_named("Taihu").id).lines[0].unit_price == 11776


def test_a_promotion_needs_its_code(price):
    assert price({"sku": "GATEWAY-4G", "quantity": 1}).lines[0].unit_price == 2600
    assert price({"sku": "GATEWAY-4G", "quantity": 1}, promotion_code="LAUNCH").lines[0].unit_price == 2080


def test_a_granted_discount_comes_on_top_and_is_seen_in_the_totals(price):
    offer = price({"sku": "PUMP-100", "quantity": 10, "discount_share": Decimal("0.10")})
    assert offer.lines[0].unit_price == Decimal("10598.40")
    assert offer.discount_share == Decimal("0.1720")


def test_freight_follows_the_region_and_is_free_for_large_offers(price):
    assert price({"sku": "PUMP-100", "quantity": 5}).freight == 0
    assert price({"sku": "SEAL-KIT", "quantity": 2}, region="europe").freight == Decimal("604.50")


def test_options_change_price_and_lead_time(price):
    choices = {"motor": "7kw", "seal": "chemical", "control": "manual"}
    (line,) = price({"sku": "PUMP-200", "quantity": 1, "choices": choices}).lines
    assert (line.list_price, line.lead_time_days) == (Decimal(18600 + 5200 + 950), 38)


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ({"motor": "3kw", "seal": "standard", "control": "inverter"}, "requires motor=5kw"),
        ({"motor": "7kw", "seal": "standard", "control": "remote"}, "excludes motor=7kw"),
        ({"motor": "9kw", "seal": "standard"}, "no choice '9kw'"),
        ({"motor": "3kw"}, "Choose seal"),
        ({"motor": "3kw", "seal": "standard", "colour": "red"}, "no option 'colour'"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused_with_its_reason(price, choices, problem):
    with pytest.raises(InvalidInput, match=problem):
        price({"sku": "PUMP-200", "quantity": 1, "choices": choices})


def test_a_configuration_is_recognised_by_its_digest(session):
    pump = product_by_sku(session, "PUMP-200")
    one = check_configuration(pump, {"motor": "5kw", "seal": "standard", "control": "inverter"})
    same = check_configuration(pump, {"control": "inverter", "seal": "standard", "motor": "5kw"})
    assert one.is_valid
    assert one.digest == same.digest != check_configuration(pump, {"motor": "3kw", "seal": "standard"}).digest


@pytest.mark.parametrize(
    ("item", "error"),
    [
        ({"sku": "NOPE", "quantity": 1}, NotFound),
        ({"sku": "PUMP-100", "quantity": 0}, InvalidInput),
        ({"sku": "PUMP-100", "quantity": -1}, InvalidInput),
        ({"sku": "PUMP-100", "quantity": "many"}, InvalidInput),
        ({"quantity": 1}, InvalidInput),
        ({"sku": "PUMP-100", "quantity": 1, "discount_share": 2}, InvalidInput),
    ],
)
def test_an_item_that_makes_no_sense_is_refused(price, item, error):
    with pytest.raises(error):
        price(item)


def test_an_empty_offer_and_another_currency_are_refused(price):
    with pytest.raises(InvalidInput, match="at least one line"):
        price()
    with pytest.raises(InvalidInput, match="one currency"):
        price({"sku": "PUMP-100", "quantity": 1}, currency="EUR")


amounts = st.decimals("0.01", "9999.99", places=2)
shares = st.decimals("0", "0.9", places=2)


@given(list_price=amounts, quantity=st.integers(1, 500), rule_share=shares, manual_share=shares)
def test_an_offer_adds_up_and_never_exceeds_list(list_price, quantity, rule_share, manual_share):
    product = Product(
        sku="X", name="X", category="c", currency="CNY", list_price=list_price, cost=Decimal(1), options=[],
        tax_share=Decimal("0.13"), weight_kg=Decimal(1), lead_time_days=1,
    )  # fmt: skip
    rule = PriceRule(
        kind="promotion", name="p", min_quantity=Decimal(0), min_amount=Decimal(0), discount_share=rule_share
    )

    offer = calculate([Item("X", Decimal(quantity), manual_discount_share=manual_share)], {"X": product}, [rule])

    assert offer.total == offer.net_total + offer.freight + offer.tax
    assert offer.net_total == sum(line.net for line in offer.lines) <= cents(list_price * quantity)
    assert all(amount == cents(amount) for amount in (offer.net_total, offer.tax, offer.total))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,299.50", "1299.50"),
        ("1.299,50", "1299.50"),
        ("1299,5", "1299.5"),
        ("1,299", "1299"),
        ("1,234,567", "1234567"),
        ("¥ 88", "88"),
        ("￥12.5元", "12.5"),
        ("12 %", "0.12"),
        ("-3", "-3"),
    ],
)
def test_numbers_are_read_as_people_write_them(written, number):
    assert decimal_of(written) == Decimal(number)


@pytest.mark.parametrize("written", [None, True, "", "NaN", "Infinity", "abc", "1.2.3"])
def test_what_is_no_number_is_refused(written):
    with pytest.raises(InvalidInput, match="number was expected"):
        decimal_of(written)
