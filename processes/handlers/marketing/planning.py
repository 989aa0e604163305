"""Nodes 1 to 9: the project, its check, the audience, channels and the activity plan."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.handlers import Handlers, Job
from processes.customer_base.campaigns import check_plan_facts, create_campaign, plan_activities, plan_errors
from processes.customer_base.channels import advise_channels
from processes.customer_base.mailing import Mail
from processes.customer_base.numbering import next_number
from processes.customer_base.scope import find
from processes.customer_base.segments import compute_audience, save_segment, set_hold_out
from processes.customer_base.statistics import minimum_detectable_lift
from processes.customer_base.tables import Campaign
from processes.handlers.values import ZERO, day, flag, items, moment, number, required_text, text

handlers = Handlers()
CHANNELS = ("email", "sms", "phone", "im")
BASE_RESPONSE = 0.03  # what a first campaign may expect; only used to show the smallest lift that can be seen
OPERATORS = ("not in", ">=", "<=", "!=", "=", "in", "contains")


@handlers.register("marketing.register_campaign")
def register_campaign(job: Job) -> Mapping[str, Any]:
    """Give the campaign its reference before anything is known of it."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        number_ = text(job.variables, "campaign_ref") or next_number(once.session, "campaign", job.now)
        return once.keep({"campaign_ref": number_, "revisions": 0, "requested_at": job.now})


@handlers.register("marketing.precheck")
def precheck(job: Job) -> Mapping[str, Any]:
    """Keep the project and check it: window, overlaps, and the benefit index S = (margin - budget) / budget."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = _keep_project(once.session, job)
        facts = check_plan_facts(once.session, campaign_id=campaign.id)
        warnings = list(facts["warnings"])
        if campaign.valid_from and campaign.valid_from < job.now.date():
            warnings.append(f"It starts on {campaign.valid_from}, which is over.")
        return once.keep(
            {
                "campaign_id": campaign.id,
                "precheck": {
                    "s": facts["benefit_index"],
                    "expected_margin": facts["expected_margin"],
                    "overlaps": facts["overlaps"],
                    "warnings": warnings,
                },
                "revisions": int(number(source, "revisions")) + (1 if text(source, "campaign_id") else 0),
            }
        )


def _keep_project(session: Session, job: Job) -> Campaign:
    source = job.variables
    revenue = number(source, "expected_revenue")
    fields = {
        "goal_kpi": text(source, "goal") or None,
        "goal_target": number(source, "goal_target"),
        "product_sku": text(source, "product_sku") or None,
        "valid_from": day(source, "valid_from"),
        "valid_to": day(source, "valid_to"),
        "audience": text(source, "audience_idea") or None,
        "resources": {"person_days": str(number(source, "person_days")), "agency": text(source, "agency")},
        "budget": number(source, "budget"),
        "expected_revenue": revenue,
        "expected_margin": revenue * number(source, "margin_share", Decimal("0.3")),
        "owner": text(source, "owner") or None,
    }
    known = text(source, "campaign_id")
    if not known:
        return create_campaign(session, name=required_text(source, "campaign_name"), now=job.now, **fields)
    campaign = find(session, Campaign, known)
    campaign.name = required_text(source, "campaign_name")
    for name, value in fields.items():
        setattr(campaign, name, value)
    session.flush()
    return campaign


@handlers.register("marketing.drop")
def drop(job: Job) -> Mapping[str, Any]:
    """The campaign does not happen."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        find(once.session, Campaign, required_text(job.variables, "campaign_id")).status = "dropped"
        return once.keep({"campaign_status": "dropped"})


@handlers.register("marketing.segment")
def segment(job: Job) -> Mapping[str, Any]:
    """Who fits the rule and may be addressed, and who was left out for which reason."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = find(once.session, Campaign, required_text(source, "campaign_id"))
        if text(source, "budget_decision") == "approve":
            campaign.granted, campaign.status = number(source, "amount_granted") or campaign.budget, "approved"
        rule = read_rule(text(source, "audience_rule"))
        audience = compute_audience(once.session, rule=rule, now=job.now, channels=CHANNELS)
        saved = save_segment(
            once.session,
            key=campaign.number,
            name=campaign.name,
            rule=rule,
            audience=audience,
            campaign_id=campaign.id,
            now=job.now,
        )
        rows = [{"label": "addressable", "size": audience.size}]
        rows += [{"label": f"left out: {reason}", "size": count} for reason, count in sorted(audience.excluded.items())]
        return once.keep(
            {
                "segment_id": saved.id,
                "segment_key": saved.key,
                "audience_size": audience.size,
                "audience_sizes": rows,
                "minimum_lift": _lift(audience.size, Decimal(10)),
            }
        )


def read_rule(text_: str) -> dict[str, Any]:
    """A rule such as `industry = machinery; tier in gold, vip; orders >= 2`; an empty one takes everybody."""
    conditions = []
    for part in filter(None, (part.strip() for part in text_.replace("\n", ";").split(";"))):
        operator = next((name for name in OPERATORS if f" {name} " in f" {part} "), None)
        if operator is None:
            raise InvalidInput(
                f"Audience rule '{part}' should read like 'industry = machinery' with one of {', '.join(OPERATORS)}."
            )
        field, value = (side.strip() for side in part.split(operator, 1))
        several = operator in ("in", "not in")
        values: Any = [_rule_value(item) for item in value.split(",")] if several else _rule_value(value)
        conditions.append({"field": field, "op": operator.replace(" ", "_"), "value": values})
    return {"all": conditions}


def _rule_value(value: str) -> Any:
    value = value.strip().strip('"')
    if value in ("true", "false"):
        return value == "true"
    try:
        return int(value)
    except ValueError:
        return value


def _lift(size: int, holdout_percent: Decimal) -> float:
    held = int(size * holdout_percent / 100)
    return round(minimum_detectable_lift(size - held, held, BASE_RESPONSE), 4)


@handlers.register("marketing.channel_advice")
def channel_advice(job: Job) -> Mapping[str, Any]:
    """Choose the hold-out and recommend channels: size × response × margin - cost, evidence shrunken."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        share = number(source, "holdout_percent", 10) / 100
        counts = set_hold_out(once.session, segment_id=required_text(source, "segment_id"), hold_out_share=share)
        campaign = find(once.session, Campaign, required_text(source, "campaign_id"))
        target = max(campaign.goal_target or ZERO, Decimal(1))
        advice = advise_channels(
            once.session,
            segments={required_text(source, "segment_key"): counts["addressed"]},
            margin_per_response=(campaign.expected_margin or ZERO) / target,
            channels=CHANNELS,
        )
        rows = [
            {
                "segment": row.get("segment_key") or source["segment_key"],
                "channel": row["channel"],
                "expected": row["expected_profit"],
                "reason": row["reason"],
            }
            for row in advice
        ]
        return once.keep({"channel_recommendations": rows, "holdout": counts, "plan_problems": []})


@handlers.register("marketing.check_plan")
def check_plan(job: Job) -> Mapping[str, Any]:
    """Refuse circular dependencies and dates outside the window; keep a plan that holds."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = find(once.session, Campaign, required_text(source, "campaign_id"))
        rows = [_plan_row(row, required_text(source, "segment_key")) for row in items(source, "activities")]
        problems = plan_errors(rows, valid_from=campaign.valid_from, valid_to=campaign.valid_to)
        if not rows:
            problems.append("The plan has no activity: add at least one.")
        limit = campaign.granted if campaign.granted is not None else campaign.budget
        cost = sum((row["cost"] for row in rows), ZERO)
        if cost > limit:
            problems.append(f"The activities cost {cost}, granted are {limit}.")
        if problems:
            return once.keep({"plan_problems": problems})
        kept = {a.key: a for a in plan_activities(once.session, campaign_id=campaign.id, rows=rows, now=job.now)}
        return once.keep(
            {
                "plan_problems": [],
                "activities": [
                    {**row, "activity_db_id": kept[str(row["activity_id"])].id} for row in items(source, "activities")
                ],
                "launch_at": min(
                    (row["starts_at"] for row in rows if row["starts_at"]), default=_opening(campaign, job)
                ),
                "results_at": max((row["ends_at"] for row in rows if row["ends_at"]), default=_opening(campaign, job))
                + timedelta(days=int(number(source, "attribution_days", 14))),
            }
        )


def _plan_row(row: Mapping[str, Any], segment_key: str) -> dict[str, Any]:
    after = text(row, "depends_on")
    return {
        "key": required_text(row, "activity_id"),
        "name": text(row, "name"),
        "channel": text(row, "channel", "email"),
        "segment": text(row, "segment", segment_key),
        "content": {"pilot": flag(row, "pilot")},
        "depends_on": [key.strip() for key in after.split(",") if key.strip()],
        "starts_at": moment(row, "start_at"),
        "ends_at": moment(row, "end_at"),
        "owner": text(row, "owner") or None,
        "cost": number(row, "cost"),
    }


def _opening(campaign: Campaign, job: Job) -> datetime:
    return datetime.combine(campaign.valid_from or job.now.date(), time(9), UTC)


NOTICES = {
    "budget_approval_late": (
        "budget_owner",
        "Campaign {campaign_ref}: budget approval is due",
        "{campaign_name} waits.",
    ),
}


@handlers.register("marketing.notify")
def notify(job: Job) -> Mapping[str, Any]:
    """Remind a role inside the house."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        campaign = find(once.session, Campaign, required_text(job.variables, "campaign_id"))
        role, subject, body = NOTICES[required_text(job.variables, "notice")]
        words = {"campaign_ref": campaign.number, "campaign_name": campaign.name}
        mail = Mail(job.idempotency_key, inside(role), subject.format(**words), body.format(**words))
        job.resources.send(once.session, mail, now=job.now)
        return once.keep({})


def inside(role: str) -> str:
    """Where mail for everybody of a role goes."""
    return f"{role}@praxis.example"
