"""Campaigns: project, plan, targets, sends with consent and cap checked at the moment of sending, responses."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.amounts import ZERO
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.interactions import log_interaction
from processes.customer_base.mailing import Mail, MailAdapter
from processes.customer_base.numbering import next_number
from processes.customer_base.parties import has_consent, withdraw_consent
from processes.customer_base.scope import add, find
from processes.customer_base.segments import CAP_DAYS, CHANNEL_ADDRESS, CONTACT_CAP
from processes.customer_base.tables import (
    Activity,
    Campaign,
    Contact,
    Party,
    Response,
    Segment,
    SegmentMember,
    Send,
    Target,
)

RESPONSES = ("open", "click", "reply", "order", "call", "opt_out", "complaint", "bounce")
POSITIVE = ("click", "reply", "order", "call")


def create_campaign(session: Session, *, name: str, now: datetime, **fields: Any) -> Campaign:
    """A campaign project; `fields` are columns of the campaign table (goal, product, window, budget …)."""
    start, end = fields.get("valid_from"), fields.get("valid_to")
    if start and end and end < start:
        raise InvalidInput(f"A campaign ends after it starts, found {start} to {end}.")
    return add(session, Campaign(number=next_number(session, "campaign", now), name=name, created_at=now, **fields))


def check_plan_facts(session: Session, *, campaign_id: str) -> dict[str, Any]:
    """The sanity check of a campaign project: `{benefit_index, expected_margin, budget, overlaps, warnings}`.

    benefit_index S = (expected margin − budget) / budget, None without a budget.
    """
    campaign = find(session, Campaign, campaign_id)
    margin, warnings = campaign.expected_margin, []
    if margin is None and campaign.expected_revenue is not None:
        margin = campaign.expected_revenue * Decimal("0.30")
        warnings.append("No margin was given: 30 % of the expected revenue is assumed.")
    index = None
    if margin is not None and campaign.budget > 0:
        index = ((margin - campaign.budget) / campaign.budget).quantize(Decimal("0.0001"))
        if index < 0:
            warnings.append("The campaign is expected to cost more than it earns.")
    overlaps = _overlapping(session, campaign)
    warnings.extend(f"It overlaps with {other.number} {other.name} for the same product." for other in overlaps)
    return {
        "benefit_index": index,
        "expected_margin": margin,
        "budget": campaign.budget,
        "overlaps": [other.number for other in overlaps],
        "warnings": warnings,
    }


def plan_errors(
    rows: Sequence[Mapping[str, Any]], *, valid_from: date | None = None, valid_to: date | None = None
) -> list[str]:
    """What is wrong with an activity plan: unknown or circular dependencies, dates outside or out of order (pure).

    A row: `{key, name, channel, segment, depends_on: [keys], starts_at, ends_at, owner, cost}`.
    """
    errors, by_key = [], {str(row.get("key")): row for row in rows}
    if len(by_key) < len(rows):
        errors.append("Two activities have the same key: give each its own.")
    for key, row in by_key.items():
        starts_at, ends_at = row.get("starts_at"), row.get("ends_at")
        if starts_at and ends_at and ends_at < starts_at:
            errors.append(f"Activity '{key}' ends before it starts.")
        if starts_at and valid_from and starts_at.date() < valid_from:
            errors.append(f"Activity '{key}' starts before the campaign ({valid_from}).")
        if ends_at and valid_to and ends_at.date() > valid_to:
            errors.append(f"Activity '{key}' ends after the campaign ({valid_to}).")
        for other in row.get("depends_on") or ():
            if other not in by_key:
                errors.append(f"Activity '{key}' depends on '{other}', which is not in the plan.")
            elif starts_at and by_key[other].get("ends_at") and starts_at < by_key[other]["ends_at"]:
                errors.append(f"Activity '{key}' starts before '{other}', on which it depends, has ended.")
    errors.extend(_cycle(by_key))
    return errors


def plan_activities(
    session: Session, *, campaign_id: str, rows: Sequence[Mapping[str, Any]], now: datetime
) -> list[Activity]:
    """Keep a plan's activities; a known key is updated, so that planning again changes and does not double."""
    campaign = find(session, Campaign, campaign_id)
    errors = plan_errors(rows, valid_from=campaign.valid_from, valid_to=campaign.valid_to)
    if errors:
        raise InvalidInput(" ".join(errors))
    known = {activity.key: activity for activity in activities_of(session, campaign_id)}
    planned = []
    for row in rows:
        activity = known.get(str(row["key"])) or Activity(campaign_id=campaign_id, key=str(row["key"]), created_at=now)
        activity.name = row.get("name") or activity.key
        activity.channel = row.get("channel") or "email"
        activity.segment_key = row.get("segment")
        activity.content = dict(row.get("content") or activity.content or {})
        activity.depends_on = list(row.get("depends_on") or ())
        activity.starts_at, activity.ends_at = row.get("starts_at"), row.get("ends_at")
        activity.owner = row.get("owner")
        activity.cost = row.get("cost") or ZERO
        activity.cost_per_send = row.get("cost_per_send") or ZERO
        session.add(activity)
        planned.append(activity)
    session.flush()
    return planned


def activities_of(session: Session, campaign_id: str) -> list[Activity]:
    """A campaign's activities, by start."""
    statement = select(Activity).where(Activity.campaign_id == campaign_id).order_by(Activity.starts_at, Activity.key)
    return list(session.scalars(statement))


def freeze_targets(session: Session, *, activity_id: str, variants: Sequence[str] = ("A",)) -> dict[str, int]:
    """Make the list of an activity's contacts out of its segment's newest version; later calls add nobody new.

    Contacts are spread evenly over the variants by a hash. Gives `{targets, hold_out}`.
    """
    activity = find(session, Activity, activity_id)
    segment = session.scalar(
        select(Segment).where(Segment.key == activity.segment_key).order_by(Segment.version.desc()).limit(1)
    )
    if segment is None:
        raise InvalidInput(f"Activity '{activity.key}' needs a segment, '{activity.segment_key}' is unknown.")
    if session.scalar(select(Target.id).where(Target.activity_id == activity_id).limit(1)) is None:
        for member in session.scalars(select(SegmentMember).where(SegmentMember.segment_id == segment.id)):
            session.add(
                Target(
                    activity_id=activity_id,
                    campaign_id=activity.campaign_id,
                    contact_id=member.contact_id,
                    party_id=member.party_id,
                    segment_key=segment.key,
                    hold_out=member.hold_out,
                    variant=variants[_bucket(activity_id, member.contact_id, len(variants))],
                )
            )
        session.flush()
    counts = dict(
        session.execute(
            select(Target.hold_out, func.count()).where(Target.activity_id == activity_id).group_by(Target.hold_out)
        ).all()
    )
    return {"targets": counts.get(False, 0), "hold_out": counts.get(True, 0)}


def set_variant(session: Session, *, activity_id: str, variant: str) -> int:
    """Everybody who is not addressed yet gets this variant (the winner); gives how many."""
    waiting = _waiting_targets(session, activity_id).all()
    for target in waiting:
        target.variant = variant
    session.flush()
    return len(waiting)


def reason_against_sending(session: Session, *, contact: Contact, channel: str, now: datetime) -> str | None:
    """Why a contact may not be addressed now, or None: no_contact, invalid_address, no_consent or frequency_cap."""
    if not getattr(contact, CHANNEL_ADDRESS.get(channel, "email")):
        return "no_contact"
    if channel == "email" and contact.email_invalid:
        return "invalid_address"
    if not has_consent(session, contact_id=contact.id, purpose="marketing", channel=channel):
        return "no_consent"
    recent = session.scalar(
        select(func.count(Send.id)).where(
            Send.contact_id == contact.id, Send.kind == "live", Send.sent_at > now - timedelta(days=CAP_DAYS)
        )
    )
    return "frequency_cap" if (recent or 0) >= CONTACT_CAP else None


@dataclass(frozen=True)
class SendReport:
    """What one batch did."""

    sent: int
    skipped: dict[str, int]
    waiting: int  # targets that are still to be addressed
    cost: Decimal


def send_batch(
    session: Session,
    *,
    activity_id: str,
    mail: MailAdapter,
    now: datetime,
    share: Decimal | None = None,
    limit: int | None = None,
) -> SendReport:
    """Address the next targets of an activity: `share` (0–1) of its whole list, at most `limit`, or all that wait.

    Consent, address and cap are checked now, at the moment of sending. E-mail goes through the mail adapter; other
    channels are recorded as sent for the dialler or gateway to take. Repeating sends to nobody twice.
    """
    activity = find(session, Activity, activity_id)
    campaign = find(session, Campaign, activity.campaign_id)
    targets = list(_waiting_targets(session, activity_id))
    most = len(targets)
    if share is not None:
        total = session.scalar(
            select(func.count(Target.id)).where(Target.activity_id == activity_id, Target.hold_out.is_(False))
        )
        most = min(most, math.ceil((total or 0) * share))
    if limit is not None:
        most = min(most, limit)
    sent = 0
    skipped: dict[str, int] = {}
    for target in targets[:most]:
        contact = find(session, Contact, target.contact_id)
        reason = reason_against_sending(session, contact=contact, channel=activity.channel, now=now)
        if reason:
            target.status, target.skip_reason = "skipped", reason
            skipped[reason] = skipped.get(reason, 0) + 1
            continue
        _send(session, campaign, activity, target.variant, contact, mail, now, kind="live")
        target.status = "sent"
        sent += 1
    cost = activity.cost_per_send * sent
    campaign.spent += cost
    session.flush()
    return SendReport(sent, skipped, len(targets) - most, cost)


def send_test(
    session: Session, *, activity_id: str, contact_ids: Iterable[str], mail: MailAdapter, now: datetime
) -> int:
    """Send an activity to the seed list, for proofing; gives how many were sent."""
    activity = find(session, Activity, activity_id)
    campaign = find(session, Campaign, activity.campaign_id)
    known = set(session.scalars(select(Send.contact_id).where(Send.activity_id == activity_id, Send.kind == "test")))
    fresh = [contact_id for contact_id in contact_ids if contact_id not in known]
    for contact_id in fresh:
        _send(session, campaign, activity, "A", find(session, Contact, contact_id), mail, now, kind="test")
    return len(fresh)


def record_response(
    session: Session,
    *,
    campaign_id: str,
    contact_id: str,
    kind: str,
    now: datetime,
    activity_id: str | None = None,
    value: Decimal | None = None,
    margin: Decimal | None = None,
    order_id: str | None = None,
    text: str | None = None,
    external_key: str | None = None,
) -> Response:
    """What a contact did after a campaign touched it; a known external key gives the first record.

    Opt-out withdraws the marketing consent, a bounce makes the address invalid, everything updates behaviour.
    """
    if kind not in RESPONSES:
        raise InvalidInput(f"A response is one of {', '.join(RESPONSES)}, found '{kind}'.")
    if external_key:
        known = session.scalar(select(Response).where(Response.external_key == external_key))
        if known:
            return known
    contact = find(session, Contact, contact_id)
    campaign = find(session, Campaign, campaign_id)
    response = add(
        session,
        Response(
            campaign_id=campaign_id,
            activity_id=activity_id or _last_activity(session, campaign_id, contact_id),
            contact_id=contact_id,
            party_id=contact.party_id,
            kind=kind,
            value=value,
            margin=margin,
            order_id=order_id,
            text=text,
            at=now,
            external_key=external_key,
        ),
    )
    record_behaviour(session, item=f"campaign {kind}", party_id=contact.party_id, value=campaign.number, now=now)
    if kind == "opt_out":
        withdraw_consent(session, contact_id=contact_id, purpose="marketing", now=now)
    elif kind == "bounce":
        contact.email_invalid = True
        _mark_bounced(session, campaign_id, contact_id)
    elif kind in ("reply", "call", "complaint"):
        log_interaction(
            session,
            channel="phone" if kind == "call" else "email",
            direction="in",
            subject=f"Response to {campaign.name}",
            body=text,
            party_id=contact.party_id,
            contact_id=contact_id,
            references={"campaign": campaign.number},
            now=now,
        )
    return response


def _send(
    session: Session,
    campaign: Campaign,
    activity: Activity,
    variant: str,
    contact: Contact,
    mail: MailAdapter,
    now: datetime,
    *,
    kind: str,
) -> None:
    content = _content(activity, variant)
    if activity.channel == "email":
        party = find(session, Party, contact.party_id)
        fields = {"name": contact.name, "company": party.name, "campaign": campaign.name}
        subject, body = (_fill(content.get(part) or default, fields) for part, default in _TEXT_DEFAULTS)
        unsubscribe = (
            "退订请回复“退订”。"
            if (contact.language or party.language) == "zh"
            else "To unsubscribe, reply with “stop”."
        )
        mail.accept(
            session,
            Mail(
                key=f"{kind}:{activity.id}:{contact.id}",
                to=contact.email or "",
                subject=f"[Test] {subject}" if kind == "test" else subject,
                body=f"{body}\n\n-- \n{unsubscribe}",
                case_reference=campaign.number,
            ),
            now=now,
        )
    session.add(
        Send(
            activity_id=activity.id,
            campaign_id=campaign.id,
            contact_id=contact.id,
            channel=activity.channel,
            kind=kind,
            variant=variant,
            cost=activity.cost_per_send,
            sent_at=now,
        )
    )
    session.flush()


_TEXT_DEFAULTS = (("subject", "{campaign}"), ("text", "{campaign}"))


def _content(activity: Activity, variant: str) -> Mapping[str, Any]:
    variants = activity.content.get("variants") or {}
    return {**activity.content, **(variants.get(variant) or {})}


def _fill(text: str, fields: Mapping[str, str]) -> str:
    for name, value in fields.items():
        text = text.replace("{" + name + "}", value)
    return text


def _waiting_targets(session: Session, activity_id: str) -> Any:
    return session.scalars(
        select(Target)
        .where(Target.activity_id == activity_id, Target.hold_out.is_(False), Target.status == "planned")
        .order_by(Target.id)
    )


def _bucket(activity_id: str, contact_id: str, count: int) -> int:
    digest = hashlib.sha256(f"{activity_id}/{contact_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


def _last_activity(session: Session, campaign_id: str, contact_id: str) -> str | None:
    return session.scalar(
        select(Send.activity_id)
        .where(Send.campaign_id == campaign_id, Send.contact_id == contact_id, Send.kind == "live")
        .order_by(Send.sent_at.desc())
        .limit(1)
    )


def _mark_bounced(session: Session, campaign_id: str, contact_id: str) -> None:
    sends = session.scalars(select(Send).where(Send.campaign_id == campaign_id, Send.contact_id == contact_id))
    for send in sends:
        send.status = "hard_bounce"


def _overlapping(session: Session, campaign: Campaign) -> list[Campaign]:
    if not (campaign.valid_from and campaign.valid_to and campaign.product_sku):
        return []
    return list(
        session.scalars(
            select(Campaign).where(
                Campaign.id != campaign.id,
                Campaign.product_sku == campaign.product_sku,
                Campaign.status.in_(("planned", "approved", "running")),
                Campaign.valid_from <= campaign.valid_to,
                Campaign.valid_to >= campaign.valid_from,
            )
        )
    )


def _cycle(by_key: Mapping[str, Mapping[str, Any]]) -> list[str]:
    graph = {key: [other for other in row.get("depends_on") or () if other in by_key] for key, row in by_key.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"The activities depend on each other in a circle: {' → '.join(error.args[1])}."]
    return []
