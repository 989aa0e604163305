"""Nodes 9 to 12: content, proof, tracking, the frozen list, the pilot and the batches."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.handlers import BpmnError, Handlers, Job
from processes.customer_base.campaign_results import pick_winner
from processes.customer_base.campaigns import (
    activities_of,
    freeze_targets,
    send_batch,
    set_variant,
)
from processes.customer_base.mailing import Mail
from processes.customer_base.scope import find
from processes.customer_base.tables import Activity, Campaign, ContentAsset
from processes.handlers.marketing.planning import inside
from processes.handlers.values import flag, number, required_text, text

handlers = Handlers()
PILOT_SHARE = Decimal("0.1")
BATCH = 500


def planned(session: Session, job: Job) -> tuple[Activity, dict[str, Any]]:
    """The activity of this branch, as row and as the plan's line."""
    line = dict(job.variables.get("activity") or {})
    return find(session, Activity, required_text(line, "activity_db_id")), line


@handlers.register("marketing.test_send")
def test_send(job: Job) -> Mapping[str, Any]:
    """Keep the content and send it to the seed list for proofing."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        activity, line = planned(once.session, job)
        activity.content = _content(once.session, source, line)
        _proof_mail(once, job, activity)
        return once.keep({"test_recipients": inside("campaign_specialist")})


def _content(session: Session, source: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    body = text(source, "body")
    asset_id = text(source, "asset_id")
    if asset_id:
        asset = session.get(ContentAsset, asset_id)
        if asset is not None:
            asset.used += 1
            body = body or asset.text
    content = {
        "subject": text(source, "subject"),
        "text": body,
        "language": text(source, "language", "zh"),
        "asset_ids": [asset_id] if asset_id else [],
        "pilot": flag(line, "pilot"),
    }
    if flag(line, "pilot"):
        content["variants"] = {
            "B": {"subject": text(source, "subject_b", content["subject"]), "text": text(source, "body_b", body)}
        }
    return content


def _proof_mail(once, job: Job, activity: Activity) -> None:
    content = activity.content
    mail = Mail(
        key=f"{job.idempotency_key}/proof",
        to=inside("campaign_specialist"),
        subject=f"[Test] {content['subject']}",
        body=content["text"],
    )
    job.resources.send(once.session, mail, now=job.now)


@handlers.register("marketing.set_tracking")
def set_tracking(job: Job) -> Mapping[str, Any]:
    """Give the activity its link, coupon and landing page; it is then ready."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        activity, line = planned(once.session, job)
        code = hashlib.sha256(activity.id.encode()).hexdigest()[:8].upper()
        campaign = find(once.session, Campaign, activity.campaign_id)
        activity.tracking = {
            "link": f"/c/{campaign.number}/{activity.key}",
            "coupon": f"{campaign.number}-{code}",
            "landing_page": f"/landing/{campaign.number}",
        }
        activity.state = "ready"
        prepared = {**line, "subject": activity.content.get("subject"), "coupon": activity.tracking["coupon"]}
        return once.keep({"prepared": prepared})


@handlers.register("marketing.freeze_list")
def freeze_list(job: Job) -> Mapping[str, Any]:
    """A day before the start nobody is added any more; hold-out and variants are fixed."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = find(once.session, Campaign, required_text(job.variables, "campaign_id"))
        sizes = {}
        for activity in activities_of(once.session, campaign.id):
            variants = ("A", "B") if activity.content.get("pilot") else ("A",)
            sizes[activity.key] = freeze_targets(once.session, activity_id=activity.id, variants=variants)
        campaign.status = "running"
        return once.keep({"frozen": sizes, "campaign_status": "running"})


@handlers.register("marketing.send_pilot")
def send_pilot(job: Job) -> Mapping[str, Any]:
    """10 % of the list, half to each version."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        activity, _ = planned(once.session, job)
        activity.state = "running"
        report = _deliver(job, once.session, activity, share=PILOT_SHARE)
        return once.keep({"sent_total": report.sent, "skipped_total": sum(report.skipped.values())})


@handlers.register("marketing.pilot_result")
def pilot_result(job: Job) -> Mapping[str, Any]:
    """How the two versions did so far."""
    with job.resources.transaction(job) as session:
        activity, _ = planned(session, job)
        found = pick_winner(session, activity_id=activity.id, now=job.now)
    rates = found["rates"]
    difference = Decimal(str(rates.get("B", 0))) - Decimal(str(rates.get("A", 0)))
    p_value = Decimal(str(found["p_value"]))
    return {"pilot": {"difference": difference, "p_value": p_value, "probability_b": 1 - p_value, "rates": rates}}


@handlers.register("marketing.send_batch")
def send_next_batch(job: Job) -> Mapping[str, Any]:
    """Send to the next contacts; consent and frequency cap are checked at this moment. Paused: nothing is sent."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        activity, _ = planned(once.session, job)
        campaign = find(once.session, Campaign, activity.campaign_id)
        so_far, left_out = number(source, "sent_total"), number(source, "skipped_total")
        if campaign.status == "stopped":
            return once.keep({"sent_total": so_far, "skipped_total": left_out, "remaining": 0})
        if campaign.status == "paused":
            return once.keep({"sent_total": so_far, "skipped_total": left_out, "remaining": 1})
        winner = text(source, "pick_winner") or text(source, "winner")
        if winner:
            set_variant(once.session, activity_id=activity.id, variant=winner)
        activity.state = "running"
        report = _deliver(job, once.session, activity, limit=BATCH)
        if not report.waiting:
            activity.state = "done"
        return once.keep(
            {
                "sent_total": so_far + report.sent,
                "skipped_total": left_out + sum(report.skipped.values()),
                "remaining": report.waiting,
            }
        )


def _deliver(job: Job, session: Session, activity: Activity, **how: Any):
    try:
        return send_batch(session, activity_id=activity.id, mail=job.resources.mail, now=job.now, **how)
    except OSError as error:
        raise BpmnError("CHANNEL_FAILED", f"{activity.channel}: {error}") from error
