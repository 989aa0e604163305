"""Nodes 13 to 15: responses, the daily look at the guardrails, adjusting and stopping."""

from collections.abc import Mapping
from typing import Any

from engine.errors import InvalidInput
from engine.handlers import Handlers, Job
from processes.customer_base.campaign_results import guardrail_facts
from processes.customer_base.campaigns import activities_of, record_response
from processes.customer_base.mailing import Mail
from processes.customer_base.parties import withdraw_consent
from processes.customer_base.scope import find
from processes.customer_base.stock import days_of_cover
from processes.customer_base.tables import Campaign, Contact, Party
from processes.handlers.marketing.planning import inside
from processes.handlers.values import number, required_text, text

handlers = Handlers()
KINDS = {
    "reply": "interest",
    "call": "interest",
    "opt_out": "opt_out",
    "complaint": "complaint",
    "bounce": "hard_bounce",
}
PLENTY = 9999  # days of cover when nothing is sold


@handlers.register("marketing.record_response")
def record(job: Job) -> Mapping[str, Any]:
    """Keep what a contact did, capture it as behaviour, and say what kind of answer it is."""
    response = dict(job.variables.get("response") or {})
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        contact = find(session, Contact, required_text(response, "contact_id"))
        kind = required_text(response, "kind")
        kept = record_response(
            session,
            campaign_id=required_text(job.variables, "campaign_id"),
            contact_id=contact.id,
            kind=kind,
            value=number(response, "value") or None,
            order_id=text(response, "order_id") or None,
            text=text(response, "text") or None,
            external_key=text(response, "external_key") or None,
            now=job.now,
        )
        campaign, party = find(session, Campaign, kept.campaign_id), find(session, Party, contact.party_id)
        reference = f"{campaign.number}/{contact.id}"
        return once.keep(
            {
                "response_kind": KINDS.get(kind, "other"),
                "lead_ref": reference,
                "ticket_ref": f"{reference}/{kept.id}",
                "contact_id": contact.id,
                "contact_name": contact.name,
                "company": party.name,
                "email": contact.email,
                "phone": contact.phone,
                "need": text(response, "text") or f"Response to {campaign.name}",
                "product_sku": campaign.product_sku,
            }
        )


@handlers.register("marketing.opt_out")
def opt_out(job: Job) -> Mapping[str, Any]:
    """No marketing to this contact any more, over any channel."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        contact_id = required_text(job.variables, "contact_id")
        ended = withdraw_consent(once.session, contact_id=contact_id, purpose="marketing", now=job.now)
        return once.keep({"consents_ended": ended})


@handlers.register("marketing.mark_bounce")
def mark_bounce(job: Job) -> Mapping[str, Any]:
    """The address does not exist: never use it again."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        find(once.session, Contact, required_text(job.variables, "contact_id")).email_invalid = True
        return once.keep({})


@handlers.register("marketing.metrics")
def metrics(job: Job) -> Mapping[str, Any]:
    """What the guardrails look at today."""
    with job.resources.transaction(job) as session:
        campaign = find(session, Campaign, required_text(job.variables, "campaign_id"))
        facts = guardrail_facts(session, campaign_id=campaign.id, now=job.now)
        cover = days_of_cover(session, sku=campaign.product_sku, now=job.now) if campaign.product_sku else None
    return {
        "measured": {
            "opt_out_share": facts["opt_out_rate"],
            "hard_bounce_share": facts["bounce_rate"],
            "complaint_share": facts["complaint_rate"],
            "spend_of_plan": facts["spend_share"],
            "cover_days": cover if cover is not None else PLENTY,
            "response_of_plan": facts["response_to_plan"],
            "sent_share": facts["sent_share"],
            "sent": facts["sent"],
            "responders": facts["responders"],
        }
    }


@handlers.register("marketing.adjust")
def adjust(job: Job) -> Mapping[str, Any]:
    """Continue, pause or reallocate."""
    wish = required_text(job.variables, "adjustment")
    states = {"continue": "running", "pause": "paused", "reallocate": "running"}
    if wish not in states:
        raise InvalidInput(f"An adjustment is one of {', '.join(states)}, found '{wish}'.")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = find(once.session, Campaign, required_text(job.variables, "campaign_id"))
        campaign.status = states[wish]
        return once.keep({"campaign_status": campaign.status})


@handlers.register("marketing.stop")
def stop(job: Job) -> Mapping[str, Any]:
    """No further sends; the owner is told why."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = find(once.session, Campaign, required_text(source, "campaign_id"))
        campaign.status, campaign.stopped_at = "stopped", job.now
        for activity in activities_of(once.session, campaign.id):
            if activity.state != "done":
                activity.state = "stopped"
        reason = text(source, "stop_reason", "stopped by hand")
        mail = Mail(
            key=job.idempotency_key,
            to=campaign.owner if campaign.owner and "@" in campaign.owner else inside("marketing_manager"),
            subject=f"Campaign {campaign.number} is stopped",
            body=f"{campaign.name} sends nothing any more: {reason}.",
        )
        job.resources.send(once.session, mail, now=job.now)
        return once.keep({"campaign_status": "stopped", "stop_reason": reason})
