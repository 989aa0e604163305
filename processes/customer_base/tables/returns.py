"""Goods that come back, and the money that follows them."""

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
    Owned,
    Prose,
    Quantity,
    reference,
)


class ReturnOrder(Created, Base):
    """A return, from request to close (RMA)."""

    __tablename__ = "crm_return"
    __table_args__ = (UniqueConstraint("enterprise_id", "number"),)

    number: Mapped[Key]
    party_id: Mapped[str | None] = reference("crm_party", required=False)
    contact_id: Mapped[str | None] = reference("crm_contact", required=False)
    order_id: Mapped[str | None] = reference("crm_order", required=False)
    ticket_id: Mapped[str | None] = reference("crm_ticket", required=False)
    status: Mapped[Code] = mapped_column(default="draft")
    # draft | authorised | received | inspected | settled | closed | rejected | cancelled | not_received
    wish: Mapped[Code | None]  # refund | exchange | repair | credit
    route: Mapped[Code | None]
    label: Mapped[Key | None]
    instructions: Mapped[Prose | None]
    due_on: Mapped[Day | None]
    advance_exchange: Mapped[bool] = mapped_column(default=False)
    deposit: Mapped[Amount | None]
    authorised_at: Mapped[Moment | None]
    received_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    lines: Mapped[list["ReturnLine"]] = relationship(order_by="ReturnLine.position", cascade="all, delete-orphan")


class ReturnLine(Owned, Base):
    __tablename__ = "crm_return_line"
    __table_args__ = (CheckConstraint("disposed <= received", name="disposed_was_received"),)

    return_id: Mapped[str] = reference("crm_return")
    position: Mapped[int]
    order_line_id: Mapped[str | None] = reference("crm_order_line", required=False)
    product_sku: Mapped[Key]
    serial: Mapped[Key | None]
    quantity: Mapped[Quantity]
    received: Mapped[Quantity] = mapped_column(default=Decimal(0))
    disposed: Mapped[Quantity] = mapped_column(default=Decimal(0))
    reason: Mapped[Code]
    condition: Mapped[Code | None]
    outcome: Mapped[Code | None]
    discrepancy: Mapped[Code | None]
    unit_paid: Mapped[Amount | None]


class Inspection(Created, Base):
    __tablename__ = "crm_inspection"

    return_line_id: Mapped[str] = reference("crm_return_line")
    inspector: Mapped[Key | None]
    result: Mapped[Code]
    fault_found: Mapped[bool]
    defect_code: Mapped[Code | None]
    cause: Mapped[Code | None]  # material | design | transport | misuse | none
    grade: Mapped[Code]  # A | B | C | D | X
    accessories_complete: Mapped[bool] = mapped_column(default=True)
    data_wiped: Mapped[bool] = mapped_column(default=False)
    repairable: Mapped[bool] = mapped_column(default=False)
    repair_cost: Mapped[Amount | None]
    notes: Mapped[Prose | None]


class Disposition(Created, Base):
    """What became of a returned piece, and what that is worth."""

    __tablename__ = "crm_disposition"

    return_line_id: Mapped[str] = reference("crm_return_line")
    kind: Mapped[Code]  # restock | refurbish | repair | supplier | parts | liquidate | recycle | quarantine
    quantity: Mapped[Quantity]
    net_value: Mapped[Amount | None]
    alternatives: Mapped[Items]
    certificate: Mapped[Key | None]
    location_code: Mapped[Key | None]


class Settlement(Created, Base):
    """A refund (money back) or a credit note, for a return or as redress."""

    __tablename__ = "crm_settlement"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "number"),
        UniqueConstraint("enterprise_id", "settlement_key"),
    )

    number: Mapped[Key]
    settlement_key: Mapped[Key]  # settling twice with one key gives the first settlement
    party_id: Mapped[str] = reference("crm_party")
    return_id: Mapped[str | None] = reference("crm_return", required=False)
    invoice_id: Mapped[str | None] = reference("crm_invoice", required=False)
    kind: Mapped[Code]  # refund | credit_note
    amount: Mapped[Amount]
    currency: Mapped[Code]
    breakdown: Mapped[Details]
    settled_at: Mapped[Moment]


class SupplierClaim(Created, Base):
    __tablename__ = "crm_supplier_claim"

    number: Mapped[Key]
    supplier_id: Mapped[str | None] = reference("crm_party", required=False)
    return_line_id: Mapped[str] = reference("crm_return_line")
    product_sku: Mapped[Key]
    quantity: Mapped[Quantity]
    amount: Mapped[Amount]
    defect_code: Mapped[Code | None]
    status: Mapped[Code] = mapped_column(default="sent")  # sent | credited | replaced | refused
    credited: Mapped[Amount | None]
    decided_at: Mapped[Moment | None]


class Nonconformity(Created, Base):
    __tablename__ = "crm_nonconformity"
    __table_args__ = (Index(None, "enterprise_id", "product_sku", "defect_code"),)

    number: Mapped[Key]
    product_sku: Mapped[Key]
    defect_code: Mapped[Code]
    safety: Mapped[bool] = mapped_column(default=False)
    status: Mapped[Code] = mapped_column(default="open")  # open | contained | cause_found | acted | verified
    containment: Mapped[Prose | None]
    cause: Mapped[Prose | None]
    action: Mapped[Prose | None]
    verification: Mapped[Prose | None]
    occurrences: Mapped[int]
    sources: Mapped[Details]
    closed_at: Mapped[Moment | None]
