"""Tickets, field work and what is installed at customers."""

from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint
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
    reference,
)


class Contract(Created, Base):
    """A service contract."""

    __tablename__ = "crm_contract"

    number: Mapped[Key]
    party_id: Mapped[str] = reference("crm_party")
    tier: Mapped[Code]  # basic | standard | gold
    coverage: Mapped[Code] = mapped_column(default="labour_and_parts")  # labour_and_parts | labour | none
    around_the_clock: Mapped[bool] = mapped_column(default=False)
    advance_exchange: Mapped[bool] = mapped_column(default=False)
    included_visits: Mapped[int | None]
    used_visits: Mapped[int] = mapped_column(default=0)
    price_per_year: Mapped[Amount]
    valid_from: Mapped[Day]
    valid_to: Mapped[Day]


class InstalledProduct(Created, Base):
    """A machine with a serial number at a customer's site."""

    __tablename__ = "crm_installed_product"
    __table_args__ = (UniqueConstraint("enterprise_id", "serial"),)

    serial: Mapped[Key]
    product_sku: Mapped[Key]
    party_id: Mapped[str] = reference("crm_party")
    site_id: Mapped[str | None] = reference("crm_site", required=False)
    contract_id: Mapped[str | None] = reference("crm_contract", required=False)
    order_line_id: Mapped[str | None] = reference("crm_order_line", required=False)
    installed_on: Mapped[Day]
    warranty_to: Mapped[Day]
    configuration: Mapped[Details]
    status: Mapped[Code] = mapped_column(default="in_use")  # in_use | returned | replaced | scrapped


class Ticket(Created, Base):
    __tablename__ = "crm_ticket"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "number"),
        UniqueConstraint("enterprise_id", "external_key"),
        Index(None, "enterprise_id", "status"),
    )

    number: Mapped[Key]
    party_id: Mapped[str | None] = reference("crm_party", required=False)
    contact_id: Mapped[str | None] = reference("crm_contact", required=False)
    installed_product_id: Mapped[str | None] = reference("crm_installed_product", required=False)
    contract_id: Mapped[str | None] = reference("crm_contract", required=False)
    channel: Mapped[Code]
    caller: Mapped[Name | None]  # phone or e-mail as it came in
    text: Mapped[Prose]
    kind: Mapped[Code | None]  # question | fault | request | complaint | return | preventive
    category: Mapped[Code | None]
    symptom: Mapped[Code | None]
    impact: Mapped[Code | None]
    urgency: Mapped[Code | None]
    safety_risk: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[Code | None]
    status: Mapped[Code] = mapped_column(default="new")
    # new | open | waiting | scheduled | resolved | closed | cancelled | merged
    entitlement: Mapped[Code | None]  # warranty | contract | goodwill | billable
    response_due_at: Mapped[Moment | None]
    resolve_due_at: Mapped[Moment | None]
    first_response_at: Mapped[Moment | None]
    resolved_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    root_cause: Mapped[Name | None]
    resolution: Mapped[Prose | None]
    owner: Mapped[Key | None]
    reopened: Mapped[int] = mapped_column(default=0)
    duplicate_of_id: Mapped[str | None] = reference("crm_ticket", required=False)
    external_key: Mapped[Key | None]
    extra: Mapped[Details]
    pauses: Mapped[list["SlaPause"]] = relationship(order_by="SlaPause.started_at", cascade="all, delete-orphan")


class SlaPause(Owned, Base):
    """A time in which the service clock stands still, because the customer has to act."""

    __tablename__ = "crm_sla_pause"

    ticket_id: Mapped[str] = reference("crm_ticket")
    reason: Mapped[Name]
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]


class KnowledgeArticle(Created, Base):
    """A question with its answer, for agents and customers."""

    __tablename__ = "crm_knowledge_article"

    question: Mapped[Name]
    answer: Mapped[Prose]
    language: Mapped[Code]
    product_sku: Mapped[Key | None]
    symptom: Mapped[Code | None]
    review_due_on: Mapped[Day | None]
    helpful: Mapped[int] = mapped_column(default=0)
    not_helpful: Mapped[int] = mapped_column(default=0)
    author: Mapped[Key | None]
    published: Mapped[bool] = mapped_column(default=True)


class WorkOrderTemplate(Owned, Base):
    """What a symptom usually needs."""

    __tablename__ = "crm_work_order_template"
    __table_args__ = (UniqueConstraint("enterprise_id", "symptom"),)

    symptom: Mapped[Code]
    name: Mapped[Name]
    skills: Mapped[Items]
    duration_minutes: Mapped[int]
    parts: Mapped[Items]  # [{sku, quantity}]
    tools: Mapped[Items]
    permits: Mapped[Items]
    checklist: Mapped[Items]


class WorkOrder(Created, Base):
    __tablename__ = "crm_work_order"

    number: Mapped[Key]
    ticket_id: Mapped[str | None] = reference("crm_ticket", required=False)
    party_id: Mapped[str | None] = reference("crm_party", required=False)
    site_id: Mapped[str | None] = reference("crm_site", required=False)
    installed_product_id: Mapped[str | None] = reference("crm_installed_product", required=False)
    status: Mapped[Code] = mapped_column(default="new")  # new | qualified | scheduled | done | follow_up | cancelled
    symptom: Mapped[Code | None]
    skills: Mapped[Items]
    duration_minutes: Mapped[int]
    parts: Mapped[Items]
    tools: Mapped[Items]
    permits: Mapped[Items]
    checklist: Mapped[Items]
    window_start_at: Mapped[Moment | None]
    window_end_at: Mapped[Moment | None]
    visits_done: Mapped[int] = mapped_column(default=0)
    estimated_cost: Mapped[Amount | None]


class Engineer(Owned, Base):
    __tablename__ = "crm_engineer"
    __table_args__ = (UniqueConstraint("enterprise_id", "key"),)

    key: Mapped[Key]  # the user name
    name: Mapped[Name]
    skills: Mapped[Items]
    permits: Mapped[Items]
    regions: Mapped[Items]
    shift_start: Mapped[Code] = mapped_column(default="08:00")
    shift_end: Mapped[Code] = mapped_column(default="18:00")
    weekdays: Mapped[Items]  # 0 = Monday
    van_location_code: Mapped[Key | None]
    home_latitude: Mapped[float | None]
    home_longitude: Mapped[float | None]
    hourly_rate: Mapped[Amount] = mapped_column(default=Decimal(180))
    active: Mapped[bool] = mapped_column(default=True)


class Visit(Created, Base):
    __tablename__ = "crm_visit"
    __table_args__ = (Index(None, "engineer_key", "starts_at"),)

    work_order_id: Mapped[str] = reference("crm_work_order")
    engineer_key: Mapped[Key]
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    state: Mapped[Code] = mapped_column(default="scheduled")
    # scheduled | confirmed | accepted | rejected | en_route | on_site | done | follow_up | cancelled
    travel_started_at: Mapped[Moment | None]
    arrived_at: Mapped[Moment | None]
    left_at: Mapped[Moment | None]
    checklist: Mapped[Items]
    readings: Mapped[Details]
    cause_code: Mapped[Code | None]
    action_code: Mapped[Code | None]
    fixed: Mapped[bool | None]
    signed_by: Mapped[Name | None]
    rating: Mapped[int | None]
    remarks: Mapped[Prose | None]
    labour_minutes: Mapped[int | None]
    travel_minutes: Mapped[int | None]
    cost: Mapped[Amount | None]


class VisitPart(Owned, Base):
    """A part that a visit used or took out."""

    __tablename__ = "crm_visit_part"

    visit_id: Mapped[str] = reference("crm_visit")
    product_sku: Mapped[Key]
    quantity: Mapped[Quantity]
    direction: Mapped[Code] = mapped_column(default="used")  # used | removed
    serial: Mapped[Key | None]
    location_code: Mapped[Key | None]
    posted: Mapped[bool] = mapped_column(default=False)
