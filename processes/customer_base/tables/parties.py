"""Who we deal with: parties, their contacts, sites, consents, characteristics and every interaction."""

from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint
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
    Prose,
    Share,
    reference,
)


class Party(Created, Base):
    """A person or an organisation."""

    __tablename__ = "crm_party"
    __table_args__ = (UniqueConstraint("enterprise_id", "external_key"), Index(None, "enterprise_id", "name"))

    number: Mapped[Key]
    kind: Mapped[Code] = mapped_column(default="org")  # person | org
    name: Mapped[Name]
    name_zh: Mapped[Name | None]
    tax_id: Mapped[Key | None]
    industry: Mapped[Code | None]
    employees: Mapped[int | None]
    annual_revenue: Mapped[Amount | None]
    country: Mapped[Code | None]  # ISO 3166 alpha-2
    city: Mapped[Name | None]
    region: Mapped[Code | None]
    language: Mapped[Code] = mapped_column(default="en")
    currency: Mapped[Code] = mapped_column(default="CNY")
    hierarchy_parent_id: Mapped[str | None] = reference("crm_party", required=False)
    owner: Mapped[Key | None]  # user name of the account owner
    status: Mapped[Code] = mapped_column(default="prospect")  # prospect | customer | supplier | inactive | merged
    key_account: Mapped[bool] = mapped_column(default=False)
    tier: Mapped[Code] = mapped_column(default="standard")  # basic | standard | gold | vip
    is_employee: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[str | None] = reference("crm_party", required=False)
    external_key: Mapped[Key | None]
    updated_at: Mapped[Moment]


class Contact(Created, Base):
    """A person one can reach, for a party."""

    __tablename__ = "crm_contact"
    __table_args__ = (Index(None, "enterprise_id", "email"), Index(None, "enterprise_id", "phone"))

    party_id: Mapped[str] = reference("crm_party")
    name: Mapped[Name]
    role: Mapped[Name | None]
    email: Mapped[Name | None]  # normalised
    email_invalid: Mapped[bool] = mapped_column(default=False)  # a hard bounce came back
    phone: Mapped[Key | None]  # E.164
    preferred_channel: Mapped[Code | None]
    decision_role: Mapped[Code | None]  # decider | influencer | user | gatekeeper
    language: Mapped[Code | None]
    do_not_call: Mapped[bool] = mapped_column(default=False)
    is_primary: Mapped[bool] = mapped_column(default=False)


class Site(Created, Base):
    """A place of a party: where goods go, where machines stand."""

    __tablename__ = "crm_site"

    party_id: Mapped[str] = reference("crm_party")
    name: Mapped[Name]
    kind: Mapped[Code] = mapped_column(default="office")  # office | plant | billing | delivery
    street: Mapped[Name | None]
    postal_code: Mapped[Code | None]
    city: Mapped[Name | None]
    region: Mapped[Code | None]
    country: Mapped[Code | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    access_notes: Mapped[Prose | None]
    safety: Mapped[Prose | None]


class Consent(Created, Base):
    """A contact's leave to be reached for a purpose over a channel; withdrawn when `withdrawn_at` is set."""

    __tablename__ = "crm_consent"
    __table_args__ = (Index(None, "contact_id", "purpose", "channel"),)

    contact_id: Mapped[str] = reference("crm_contact")
    purpose: Mapped[Code]  # marketing | service | survey
    channel: Mapped[Code]  # email | sms | phone | im | mail
    basis: Mapped[Code]  # opt_in | soft_opt_in | contract | legitimate_interest
    given_at: Mapped[Moment]
    withdrawn_at: Mapped[Moment | None]
    source: Mapped[Name]


class Characteristic(Created, Base):
    """One thing known of a party, of one of three kinds; the newest observation of an item counts."""

    __tablename__ = "crm_characteristic"
    __table_args__ = (Index(None, "party_id", "kind", "item"), Index(None, "enterprise_id", "item"))

    party_id: Mapped[str | None] = reference("crm_party", required=False)
    lead_id: Mapped[str | None] = reference("crm_lead", required=False)
    kind: Mapped[Code]  # descriptive | behavioural | external
    item: Mapped[Name]
    value: Mapped[Prose]
    observed_at: Mapped[Moment]
    source: Mapped[Name]
    confidence: Mapped[Share] = mapped_column(default=Decimal(1))
    purpose: Mapped[Name | None]


class Interaction(Created, Base):
    """One contact between a party and us, over any channel, in either direction."""

    __tablename__ = "crm_interaction"
    __table_args__ = (Index(None, "party_id", "at"),)

    party_id: Mapped[str | None] = reference("crm_party", required=False)
    contact_id: Mapped[str | None] = reference("crm_contact", required=False)
    lead_id: Mapped[str | None] = reference("crm_lead", required=False)
    channel: Mapped[Code]
    direction: Mapped[Code]  # in | out
    subject: Mapped[Name]
    body: Mapped[Prose | None]
    at: Mapped[Moment]
    agent: Mapped[Key | None]
    outcome: Mapped[Name | None]
    references: Mapped[Details]


class Lead(Created, Base):
    """Someone who might buy: as it came in, and what became of it."""

    __tablename__ = "crm_lead"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "external_key"),
        Index(None, "enterprise_id", "status", "created_at"),
    )

    number: Mapped[Key]
    status: Mapped[Code] = mapped_column(default="new")
    # new | working | qualified | later | converted | nurtured | disqualified | discarded | merged
    source: Mapped[Name]
    channel: Mapped[Code]
    campaign_id: Mapped[Key | None]
    company: Mapped[Name | None]
    contact_name: Mapped[Name | None]
    role: Mapped[Name | None]
    email: Mapped[Name | None]
    phone: Mapped[Key | None]
    tax_id: Mapped[Key | None]
    city: Mapped[Name | None]
    region: Mapped[Code | None]
    country: Mapped[Code | None]
    industry: Mapped[Code | None]
    employees: Mapped[int | None]
    language: Mapped[Code] = mapped_column(default="en")
    need: Mapped[Prose | None]
    product_sku: Mapped[Key | None]
    consent: Mapped[bool] = mapped_column(default=False)
    score: Mapped[int | None]
    grade: Mapped[Code | None]
    owner: Mapped[Key | None]
    sla_due_at: Mapped[Moment | None]
    first_contact_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(default=0)
    loss_reason: Mapped[Name | None]
    party_id: Mapped[str | None] = reference("crm_party", required=False)
    merged_into_id: Mapped[str | None] = reference("crm_lead", required=False)
    external_key: Mapped[Key | None]
    extra: Mapped[Details]


class Opportunity(Created, Base):
    """A deal in the making."""

    __tablename__ = "crm_opportunity"

    number: Mapped[Key]
    party_id: Mapped[str] = reference("crm_party")
    contact_id: Mapped[str | None] = reference("crm_contact", required=False)
    lead_id: Mapped[str | None] = reference("crm_lead", required=False)
    name: Mapped[Name]
    stage: Mapped[Code] = mapped_column(default="qualification")
    # qualification | discovery | proposal | negotiation | won | lost
    amount: Mapped[Amount | None]
    currency: Mapped[Code] = mapped_column(default="CNY")
    probability: Mapped[Share]
    close_on: Mapped[Day | None]
    competitors: Mapped[Items]
    requirements: Mapped[Items]
    next_step: Mapped[Name | None]
    next_step_on: Mapped[Day | None]
    forecast_category: Mapped[Code] = mapped_column(default="pipeline")
    source: Mapped[Name | None]
    campaign_id: Mapped[Key | None]
    owner: Mapped[Key | None]
    loss_reason: Mapped[Name | None]
    competitor_lost_to: Mapped[Name | None]
    closed_at: Mapped[Moment | None]


class MatchKey(Owned, Base):
    """What a party or a lead can be found by: exact keys (e-mail, phone, tax id) and blocks of its name."""

    __tablename__ = "crm_match_key"
    __table_args__ = (Index(None, "enterprise_id", "key", "subject_kind"), Index(None, "subject_id"))

    key: Mapped[Name]
    subject_kind: Mapped[Code]  # party | lead
    subject_id: Mapped[Key]
