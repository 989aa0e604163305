"""Campaigns: whom we address, with what, over which channel, and what came of it."""

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
    reference,
)


class Campaign(Created, Base):
    __tablename__ = "crm_campaign"
    __table_args__ = (UniqueConstraint("enterprise_id", "number"),)

    number: Mapped[Key]
    name: Mapped[Name]
    goal_kpi: Mapped[Code | None]
    goal_target: Mapped[Amount | None]
    product_sku: Mapped[Key | None]
    valid_from: Mapped[Day | None]
    valid_to: Mapped[Day | None]
    audience: Mapped[Prose | None]
    resources: Mapped[Details]
    budget: Mapped[Amount] = mapped_column(default=Decimal(0))
    granted: Mapped[Amount | None]
    expected_revenue: Mapped[Amount | None]
    expected_margin: Mapped[Amount | None]
    spent: Mapped[Amount] = mapped_column(default=Decimal(0))
    owner: Mapped[Key | None]
    status: Mapped[Code] = mapped_column(default="planned")
    # planned | approved | running | stopped | evaluated | closed | dropped
    stopped_at: Mapped[Moment | None]
    results: Mapped[Details]


class Segment(Created, Base):
    """A rule and the audience it gave at one moment."""

    __tablename__ = "crm_segment"
    __table_args__ = (UniqueConstraint("enterprise_id", "key", "version"),)

    key: Mapped[Key]
    version: Mapped[int] = mapped_column(default=1)
    name: Mapped[Name]
    campaign_id: Mapped[str | None] = reference("crm_campaign", required=False)
    rule: Mapped[Details]
    size: Mapped[int] = mapped_column(default=0)
    excluded: Mapped[Details]  # {reason: count}
    as_of: Mapped[Moment]


class SegmentMember(Owned, Base):
    __tablename__ = "crm_segment_member"
    __table_args__ = (UniqueConstraint("segment_id", "contact_id"),)

    segment_id: Mapped[str] = reference("crm_segment")
    contact_id: Mapped[str] = reference("crm_contact")
    party_id: Mapped[str] = reference("crm_party")
    hold_out: Mapped[bool] = mapped_column(default=False)


class Activity(Created, Base):
    """One planned thing of a campaign: a mailing, a call list, an event."""

    __tablename__ = "crm_activity"
    __table_args__ = (UniqueConstraint("campaign_id", "key"),)

    campaign_id: Mapped[str] = reference("crm_campaign")
    key: Mapped[Key]
    name: Mapped[Name]
    channel: Mapped[Code]
    segment_key: Mapped[Key | None]
    content: Mapped[Details]  # {subject, text, asset_ids, language, variants}
    depends_on: Mapped[Items]
    starts_at: Mapped[Moment | None]
    ends_at: Mapped[Moment | None]
    owner: Mapped[Key | None]
    cost: Mapped[Amount] = mapped_column(default=Decimal(0))
    cost_per_send: Mapped[Amount] = mapped_column(default=Decimal(0))
    tracking: Mapped[Details]
    state: Mapped[Code] = mapped_column(default="planned")  # planned | ready | running | paused | done | stopped


class Target(Owned, Base):
    """A contact that an activity addresses, or leaves alone on purpose (hold-out)."""

    __tablename__ = "crm_target"
    __table_args__ = (UniqueConstraint("activity_id", "contact_id"),)

    activity_id: Mapped[str] = reference("crm_activity")
    campaign_id: Mapped[str] = reference("crm_campaign")
    contact_id: Mapped[str] = reference("crm_contact")
    party_id: Mapped[str] = reference("crm_party")
    segment_key: Mapped[Key | None]
    hold_out: Mapped[bool] = mapped_column(default=False)
    variant: Mapped[Code] = mapped_column(default="A")
    status: Mapped[Code] = mapped_column(default="planned")  # planned | sent | skipped | failed
    skip_reason: Mapped[Code | None]


class Send(Owned, Base):
    """One message that left (or bounced)."""

    __tablename__ = "crm_send"
    __table_args__ = (
        UniqueConstraint("activity_id", "contact_id", "kind"),
        Index(None, "contact_id", "channel", "sent_at"),
    )

    activity_id: Mapped[str] = reference("crm_activity")
    campaign_id: Mapped[str] = reference("crm_campaign")
    contact_id: Mapped[str] = reference("crm_contact")
    channel: Mapped[Code]
    kind: Mapped[Code] = mapped_column(default="live")  # live | test
    variant: Mapped[Code] = mapped_column(default="A")
    status: Mapped[Code] = mapped_column(default="delivered")  # delivered | soft_bounce | hard_bounce
    cost: Mapped[Amount] = mapped_column(default=Decimal(0))
    sent_at: Mapped[Moment]


class Response(Owned, Base):
    __tablename__ = "crm_response"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "external_key"),
        Index(None, "campaign_id", "kind"),
    )

    campaign_id: Mapped[str] = reference("crm_campaign")
    activity_id: Mapped[str | None] = reference("crm_activity", required=False)
    contact_id: Mapped[str] = reference("crm_contact")
    party_id: Mapped[str] = reference("crm_party")
    kind: Mapped[Code]  # open | click | reply | order | call | opt_out | complaint | bounce
    value: Mapped[Amount | None]
    margin: Mapped[Amount | None]
    order_id: Mapped[Key | None]
    text: Mapped[Prose | None]
    at: Mapped[Moment]
    external_key: Mapped[Key | None]


class ContentAsset(Created, Base):
    """A piece of the marketing encyclopedia."""

    __tablename__ = "crm_content_asset"

    kind: Mapped[Code]  # whitepaper | plan | manual | picture | video | template
    title: Mapped[Name]
    language: Mapped[Code]
    version: Mapped[int] = mapped_column(default=1)
    product_sku: Mapped[Key | None]
    text: Mapped[Prose]
    valid_to: Mapped[Day | None]
    approved_by: Mapped[Key | None]
    approved_at: Mapped[Moment | None]
    used: Mapped[int] = mapped_column(default=0)
    archived: Mapped[bool] = mapped_column(default=False)


class ChannelEstimate(Owned, Base):
    """What a channel does in a segment: counts over all campaigns so far."""

    __tablename__ = "crm_channel_estimate"
    __table_args__ = (UniqueConstraint("enterprise_id", "segment_key", "channel"),)

    segment_key: Mapped[Key]
    channel: Mapped[Code]
    delivered: Mapped[int] = mapped_column(default=0)
    responded: Mapped[int] = mapped_column(default=0)
    bought: Mapped[int] = mapped_column(default=0)
    cost: Mapped[Amount] = mapped_column(default=Decimal(0))
    margin: Mapped[Amount] = mapped_column(default=Decimal(0))
    updated_at: Mapped[Moment]
