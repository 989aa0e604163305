"""From quote to cash."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
    Prose,
    Quantity,
    Share,
    reference,
)


class Quote(Created, Base):
    """One version of an offer; its earlier versions keep their number."""

    __tablename__ = "crm_quote"
    __table_args__ = (UniqueConstraint("enterprise_id", "number", "version"),)

    number: Mapped[Key]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[Code] = mapped_column(default="draft")
    # draft | approved | sent | accepted | rejected | expired | superseded
    party_id: Mapped[str] = reference("crm_party")
    contact_id: Mapped[str | None] = reference("crm_contact", required=False)
    opportunity_id: Mapped[str | None] = reference("crm_opportunity", required=False)
    currency: Mapped[Code]
    list_total: Mapped[Amount]
    net_total: Mapped[Amount]
    freight: Mapped[Amount]
    tax: Mapped[Amount]
    total: Mapped[Amount]
    margin_share: Mapped[Share]
    discount_share: Mapped[Share]
    valid_to: Mapped[Day]
    terms: Mapped[Prose | None]
    payment_days: Mapped[int] = mapped_column(default=30)
    language: Mapped[Code] = mapped_column(default="en")
    sent_at: Mapped[Moment | None]
    decided_at: Mapped[Moment | None]
    decision: Mapped[Code | None]
    decision_reason: Mapped[Name | None]
    lines: Mapped[list["QuoteLine"]] = relationship(order_by="QuoteLine.position", cascade="all, delete-orphan")


class QuoteLine(Owned, Base):
    __tablename__ = "crm_quote_line"

    quote_id: Mapped[str] = reference("crm_quote")
    position: Mapped[int]
    product_sku: Mapped[Key]
    description: Mapped[Name]
    quantity: Mapped[Quantity]
    list_price: Mapped[Amount]
    unit_price: Mapped[Amount]
    discount_share: Mapped[Share]
    net: Mapped[Amount]
    tax: Mapped[Amount]
    unit_cost: Mapped[Amount]
    lead_time_days: Mapped[int] = mapped_column(default=0)
    configuration: Mapped[Details]
    reasons: Mapped[Items]


class Order(Created, Base):
    """What a customer bought."""

    __tablename__ = "crm_order"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "party_id", "purchase_order_number"),
        UniqueConstraint("enterprise_id", "number"),
        Index(None, "enterprise_id", "status"),
    )

    number: Mapped[Key]
    party_id: Mapped[str] = reference("crm_party")
    contact_id: Mapped[str | None] = reference("crm_contact", required=False)
    site_id: Mapped[str | None] = reference("crm_site", required=False)
    quote_id: Mapped[str | None] = reference("crm_quote", required=False)
    opportunity_id: Mapped[str | None] = reference("crm_opportunity", required=False)
    purchase_order_number: Mapped[Key | None]
    status: Mapped[Code] = mapped_column(default="new")
    # new | confirmed | partly_delivered | delivered | closed | cancelled | refused
    channel: Mapped[Code] = mapped_column(default="rep")
    currency: Mapped[Code]
    net_total: Mapped[Amount]
    freight: Mapped[Amount]
    tax: Mapped[Amount]
    total: Mapped[Amount]
    payment_days: Mapped[int] = mapped_column(default=30)
    prepaid: Mapped[bool] = mapped_column(default=False)
    ordered_at: Mapped[Moment]
    promised_on: Mapped[Day | None]
    confirmed_at: Mapped[Moment | None]
    cancelled_at: Mapped[Moment | None]
    cancel_reason: Mapped[Name | None]
    closed_at: Mapped[Moment | None]
    replaces_return_id: Mapped[Key | None]
    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.position", cascade="all, delete-orphan")


class OrderLine(Owned, Base):
    __tablename__ = "crm_order_line"
    __table_args__ = (
        CheckConstraint("delivered <= quantity", name="delivered_was_ordered"),
        CheckConstraint("returned <= delivered", name="returned_was_delivered"),
    )

    order_id: Mapped[str] = reference("crm_order")
    position: Mapped[int]
    product_sku: Mapped[Key]
    description: Mapped[Name]
    quantity: Mapped[Quantity]
    unit_price: Mapped[Amount]
    net: Mapped[Amount]
    tax: Mapped[Amount]
    unit_cost: Mapped[Amount]
    delivered: Mapped[Quantity] = mapped_column(default=Decimal(0))
    invoiced: Mapped[Quantity] = mapped_column(default=Decimal(0))
    returned: Mapped[Quantity] = mapped_column(default=Decimal(0))
    cancelled: Mapped[bool] = mapped_column(default=False)
    configuration: Mapped[Details]


class OrderHold(Created, Base):
    """Why an order may not go on: credit, compliance, availability, data."""

    __tablename__ = "crm_order_hold"

    order_id: Mapped[str] = reference("crm_order")
    kind: Mapped[Code]
    reason: Mapped[Name]
    released_at: Mapped[Moment | None]
    released_by: Mapped[Key | None]
    release_reason: Mapped[Name | None]


class Delivery(Created, Base):
    __tablename__ = "crm_delivery"

    number: Mapped[Key]
    order_id: Mapped[str] = reference("crm_order")
    status: Mapped[Code] = mapped_column(
        default="planned"
    )  # planned | picked | packed | shipped | delivered | cancelled
    location_code: Mapped[Key]
    planned_on: Mapped[Day | None]
    carrier: Mapped[Name | None]
    tracking_number: Mapped[Key | None]
    shipped_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]
    lines: Mapped[list["DeliveryLine"]] = relationship(cascade="all, delete-orphan")


class DeliveryLine(Owned, Base):
    __tablename__ = "crm_delivery_line"

    delivery_id: Mapped[str] = reference("crm_delivery")
    order_line_id: Mapped[str] = reference("crm_order_line")
    product_sku: Mapped[Key]
    quantity: Mapped[Quantity]
    serials: Mapped[Items]


class Invoice(Created, Base):
    __tablename__ = "crm_invoice"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "number"),
        CheckConstraint("refunded <= paid", name="refunded_was_paid"),
        CheckConstraint("paid <= total", name="paid_was_due"),
    )

    number: Mapped[Key]
    party_id: Mapped[str] = reference("crm_party")
    order_id: Mapped[str | None] = reference("crm_order", required=False)
    delivery_id: Mapped[str | None] = reference("crm_delivery", required=False)
    ticket_id: Mapped[Key | None]
    status: Mapped[Code] = mapped_column(default="open")  # open | paid | credited | cancelled
    currency: Mapped[Code]
    net_total: Mapped[Amount]
    tax: Mapped[Amount]
    total: Mapped[Amount]
    paid: Mapped[Amount] = mapped_column(default=Decimal(0))
    credited: Mapped[Amount] = mapped_column(default=Decimal(0))  # written off by credit notes, not paid out
    refunded: Mapped[Amount] = mapped_column(default=Decimal(0))  # paid back
    invoiced_on: Mapped[Day]
    due_on: Mapped[Day]
    dunning_level: Mapped[int] = mapped_column(default=0)
    dunned_at: Mapped[Moment | None]
    promised_on: Mapped[Day | None]
    disputed: Mapped[bool] = mapped_column(default=False)
    lines: Mapped[list["InvoiceLine"]] = relationship(order_by="InvoiceLine.position", cascade="all, delete-orphan")


class InvoiceLine(Owned, Base):
    __tablename__ = "crm_invoice_line"

    invoice_id: Mapped[str] = reference("crm_invoice")
    order_line_id: Mapped[str | None] = reference("crm_order_line", required=False)
    position: Mapped[int]
    description: Mapped[Name]
    quantity: Mapped[Quantity]
    unit_price: Mapped[Amount]
    net: Mapped[Amount]
    tax: Mapped[Amount]


class Payment(Created, Base):
    """Money that came in (positive) for an invoice."""

    __tablename__ = "crm_payment"
    __table_args__ = (UniqueConstraint("enterprise_id", "payment_reference"),)

    invoice_id: Mapped[str] = reference("crm_invoice")
    payment_reference: Mapped[Key]  # the bank's or the payer's: booking it twice changes nothing
    amount: Mapped[Amount]
    method: Mapped[Code] = mapped_column(default="transfer")
    received_at: Mapped[Moment]


class CreditProfile(Owned, Base):
    """How far we trust a party; limit None means: no limit agreed yet, the starter limit counts."""

    __tablename__ = "crm_credit_profile"
    __table_args__ = (UniqueConstraint("enterprise_id", "party_id"),)

    party_id: Mapped[str] = reference("crm_party")
    credit_limit: Mapped[Amount | None]
    starter_limit: Mapped[Amount] = mapped_column(default=Decimal(20000))
    risk_class: Mapped[Code] = mapped_column(default="B")
    terms_days: Mapped[int] = mapped_column(default=30)
    blocked: Mapped[bool] = mapped_column(default=False)
    blocked_reason: Mapped[Name | None]
    updated_at: Mapped[Moment]
