"""What we sell, at which prices, and where it lies."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from processes.customer_base.tables.columns import (
    Amount,
    Base,
    Code,
    Created,
    Day,
    Details,
    Items,
    Key,
    Moment,
    Name,
    Owned,
    Quantity,
    Share,
    reference,
)


class Product(Created, Base):
    """A machine, a part, a consumable or a service one can order by its stock-keeping unit (sku)."""

    __tablename__ = "crm_product"
    __table_args__ = (UniqueConstraint("enterprise_id", "sku"),)

    sku: Mapped[Key]
    name: Mapped[Name]
    name_zh: Mapped[Name | None]
    kind: Mapped[Code] = mapped_column(default="goods")  # goods | part | service | consumable
    category: Mapped[Code]
    unit: Mapped[Code] = mapped_column(default="pcs")
    currency: Mapped[Code] = mapped_column(default="CNY")
    list_price: Mapped[Amount]
    cost: Mapped[Amount]
    tax_share: Mapped[Share] = mapped_column(default=Decimal("0.13"))
    weight_kg: Mapped[Quantity] = mapped_column(default=Decimal(0))
    lead_time_days: Mapped[int] = mapped_column(default=14)
    options: Mapped[Items]  # [{key, name, choices: [{key, name, price, lead_time_days, requires, excludes}]}]
    configurable: Mapped[bool] = mapped_column(default=False)
    stocked: Mapped[bool] = mapped_column(default=True)
    serialised: Mapped[bool] = mapped_column(default=False)
    hazardous: Mapped[bool] = mapped_column(default=False)
    data_bearing: Mapped[bool] = mapped_column(default=False)
    returnable: Mapped[bool] = mapped_column(default=True)
    hygiene: Mapped[bool] = mapped_column(default=False)
    export_controlled: Mapped[bool] = mapped_column(default=False)
    warranty_months: Mapped[int] = mapped_column(default=12)
    recovery: Mapped[Details]  # {disposition: {price, probability, handling, repair, freight, holding_per_day, days}}
    supplier_id: Mapped[str | None] = reference("crm_party", required=False)
    abc_class: Mapped[Code | None]
    supersedes_sku: Mapped[Key | None]
    active: Mapped[bool] = mapped_column(default=True)


class PriceRule(Owned, Base):
    """Something that moves a price: a quantity break, a customer agreement, a promotion or a freight rate."""

    __tablename__ = "crm_price_rule"
    __table_args__ = (Index(None, "enterprise_id", "kind"),)

    kind: Mapped[Code]  # quantity_break | agreement | promotion | freight
    name: Mapped[Name]
    party_id: Mapped[str | None] = reference("crm_party", required=False)
    product_sku: Mapped[Key | None]
    category: Mapped[Code | None]
    region: Mapped[Code | None]
    code: Mapped[Key | None]  # promotion code; a promotion without a code is for everybody
    min_quantity: Mapped[Quantity] = mapped_column(default=Decimal(0))
    min_amount: Mapped[Amount] = mapped_column(default=Decimal(0))
    unit_price: Mapped[Amount | None]
    discount_share: Mapped[Share | None]
    flat: Mapped[Amount | None]  # freight per delivery
    per_kg: Mapped[Amount | None]  # freight per kilogram
    valid_from: Mapped[Day | None]
    valid_to: Mapped[Day | None]


class StockLocation(Owned, Base):
    """A place that holds stock."""

    __tablename__ = "crm_stock_location"
    __table_args__ = (UniqueConstraint("enterprise_id", "code"),)

    code: Mapped[Key]
    name: Mapped[Name]
    kind: Mapped[Code]  # warehouse | van | returns | quarantine
    region: Mapped[Code | None]


class StockLevel(Owned, Base):
    """How much of a product lies at a location, and how much of it is promised."""

    __tablename__ = "crm_stock_level"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "location_code", "product_sku"),
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("on_hand >= reserved", name="reserved_is_on_hand"),
    )

    location_code: Mapped[Key]
    product_sku: Mapped[Key]
    on_hand: Mapped[Quantity] = mapped_column(default=Decimal(0))
    reserved: Mapped[Quantity] = mapped_column(default=Decimal(0))
    minimum: Mapped[Quantity] = mapped_column(default=Decimal(0))
    maximum: Mapped[Quantity] = mapped_column(default=Decimal(0))


class StockMovement(Owned, Base):
    """One change of on-hand stock, with its reason; the sum of movements is the stock."""

    __tablename__ = "crm_stock_movement"
    __table_args__ = (Index(None, "enterprise_id", "product_sku", "at"),)

    location_code: Mapped[Key]
    product_sku: Mapped[Key]
    quantity: Mapped[Quantity]  # positive: in
    reason: Mapped[Code]  # opening | receipt | delivery | transfer | return | use | adjustment | scrap
    reference: Mapped[Key | None]
    serial: Mapped[Key | None]
    unit_value: Mapped[Amount | None]
    valuation_class: Mapped[Code] = mapped_column(default="new")
    at: Mapped[Moment]


class Reservation(Created, Base):
    """Stock promised to an order line, a work order or a repair."""

    __tablename__ = "crm_reservation"
    __table_args__ = (Index(None, "enterprise_id", "reference"),)

    product_sku: Mapped[Key]
    location_code: Mapped[Key]
    quantity: Mapped[Quantity]
    reference: Mapped[Key]  # what it is for: an order line's, work order's or repair's id
    status: Mapped[Code] = mapped_column(default="held")  # held | released | consumed
    closed_at: Mapped[Moment | None]
