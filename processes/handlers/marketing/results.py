"""Nodes 17 and 20: results with their intervals, and what is learnt for the next campaign."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.handlers import Handlers, Job
from engine.store.types import plain
from processes.customer_base.campaign_results import evaluate_campaign, learn_from_campaign
from processes.customer_base.scope import add, find
from processes.customer_base.tables import Campaign, ContentAsset, OutcomeRecord
from processes.handlers.values import moment, required_text, text

handlers = Handlers()
PRACTICE = "campaign_lifecycle"
ROWS = (
    ("Client response rate", "response_rate"),
    ("Delivered", "delivered"),
    ("Responders", "responders"),
    ("Conversion", "conversion"),
    ("Revenue", "revenue"),
    ("Cost", "cost"),
    ("Cost-to-profit ratio", "cost_to_profit"),
    ("ROMI", "romi"),
    ("Lift over hold-out", "lift"),
    ("Lift, low", "lift_low"),
    ("Lift, high", "lift_high"),
    ("Opt-out rate", "opt_out_rate"),
    ("Budget variance", "budget_variance"),
)


@handlers.register("marketing.evaluate")
def evaluate(job: Job) -> Mapping[str, Any]:
    """Response, sales and cost-to-profit of the whole campaign, and the lift over the hold-out."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = find(once.session, Campaign, required_text(job.variables, "campaign_id"))
        results = evaluate_campaign(once.session, campaign_id=campaign.id, until=job.now)
        campaign.results = plain(results)
        plan = {"revenue": campaign.expected_revenue, "cost": campaign.granted or campaign.budget}
        rows = [{"label": label, "value": results[key], "plan": plan.get(key)} for label, key in ROWS]
        campaign.status = "evaluated"
        return once.keep({"results": plain(results), "result_rows": plain(rows), "campaign_status": "evaluated"})


@handlers.register("marketing.learn")
def learn(job: Job) -> Mapping[str, Any]:
    """The outcome record, better channel estimates, and archived assets when the campaign is retired."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        campaign = find(session, Campaign, required_text(source, "campaign_id"))
        learned = learn_from_campaign(session, campaign_id=campaign.id, now=job.now)
        decision = text(source, "next_decision")
        if decision == "retire":
            asset_id = text(source, "asset_id")
            for asset in session.scalars(select(ContentAsset).where(ContentAsset.id == asset_id)):
                asset.archived = True
        campaign.status = "closed"
        measures = {**campaign.results, "decision": decision, "started_at": str(moment(source, "requested_at"))}
        if not session.scalar(
            select(OutcomeRecord.id).where(
                OutcomeRecord.practice == PRACTICE, OutcomeRecord.case_reference == campaign.number
            )
        ):
            add(
                session,
                OutcomeRecord(
                    practice=PRACTICE,
                    case_reference=campaign.number,
                    outcome=_outcome(campaign),
                    measures=measures,
                    started_at=moment(source, "requested_at"),
                    ended_at=job.now,
                    created_at=job.now,
                ),
            )
        return once.keep({"campaign_status": "closed", "channels_learned": learned})


def _outcome(campaign: Campaign) -> str:
    if campaign.stopped_at is not None:
        return "stopped"
    romi = campaign.results.get("romi")
    return "profitable" if romi is not None and Decimal(str(romi)) > 0 else "unprofitable"
