"""What a campaign achieved: rates, revenue, cost-to-profit, and the lift over the hold-out with its interval."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from processes.customer_base.amounts import ZERO, cents
from processes.customer_base.campaigns import POSITIVE, activities_of
from processes.customer_base.channels import learn_channel
from processes.customer_base.scope import find
from processes.customer_base.statistics import Interval, probability_of_chance, rate_difference, wilson
from processes.customer_base.tables import Activity, Campaign, Order, OrderLine, Response, Send, Target

SIX_PLACES = Decimal("0.000001")
WINNER_P = 0.10


def evaluate_campaign(session: Session, *, campaign_id: str, until: datetime) -> dict[str, Any]:
    """The results of a campaign until a moment, also kept in the campaign.

    `{sent, delivered, delivery_rate, responders, response_rate, response_rate_low, response_rate_high, buyers,
    conversion, revenue, margin, cost, cost_to_profit, romi, opt_out_rate, bounce_rate, complaint_rate, hold_out,
    hold_out_buyers, lift, lift_low, lift_high, incremental_revenue, budget, budget_variance, cost_per_response,
    by_channel}`. Rates are shares of delivered; a ratio without a denominator is None. Buyers are contacts with an
    order response, or whose party ordered after the first send (hold-out: after the campaign's first send).
    """
    campaign = find(session, Campaign, campaign_id)
    counts = _send_counts(session, campaign_id)
    delivered = counts["delivered"]
    responses = _responses(session, campaign_id, until)
    responders = {row.contact_id for row in responses if row.kind in POSITIVE}
    treated, control = _buyers(session, campaign_id, until)
    revenue = sum((order["net"] for order in treated.values()), ZERO)
    margin = sum((order["margin"] for order in treated.values()), ZERO)
    cost = campaign.spent + sum((activity.cost for activity in activities_of(session, campaign_id)), ZERO)
    hold_out = _hold_out_size(session, campaign_id)
    response = wilson(len(responders), delivered)
    lift = rate_difference((len(treated), delivered), (len(control), hold_out)) if delivered and hold_out else None
    incremental = _incremental(lift, delivered, revenue, len(treated))
    result = {
        "sent": counts["sent"],
        "delivered": delivered,
        "delivery_rate": _ratio(delivered, counts["sent"]),
        "responders": len(responders),
        "response_rate": _rate(response.estimate) if delivered else None,
        "response_rate_low": _rate(response.low),
        "response_rate_high": _rate(response.high),
        "buyers": len(treated),
        "conversion": _ratio(len(treated), delivered),
        "revenue": revenue,
        "margin": margin,
        "cost": cost,
        "cost_to_profit": _ratio(cost, margin) if margin > 0 else None,
        "romi": _ratio(margin - cost, cost),
        "opt_out_rate": _ratio(_contacts(responses, "opt_out"), delivered),
        "bounce_rate": _ratio(counts["bounced"], counts["sent"]),
        "complaint_rate": _ratio(_contacts(responses, "complaint"), delivered),
        "hold_out": hold_out,
        "hold_out_buyers": len(control),
        "lift": _rate(lift.estimate) if lift else None,
        "lift_low": _rate(lift.low) if lift else None,
        "lift_high": _rate(lift.high) if lift else None,
        "incremental_revenue": incremental,
        "budget": campaign.granted if campaign.granted is not None else campaign.budget,
        "budget_variance": cost - (campaign.granted if campaign.granted is not None else campaign.budget),
        "cost_per_response": cents(cost / len(responders)) if responders else None,
        "by_channel": _by_channel(session, campaign_id, responses, treated),
    }
    campaign.results = result
    return result


def guardrail_facts(session: Session, *, campaign_id: str, now: datetime) -> dict[str, Any]:
    """What the guardrail decision looks at while a campaign runs.

    `{opt_out_rate, bounce_rate, complaint_rate, spend_share, sent_share, response_to_plan}`: spend and sends as shares
    of budget and list; `response_to_plan` compares responses with 3 % or the goal, when the goal is a response rate.
    """
    campaign = find(session, Campaign, campaign_id)
    results = evaluate_campaign(session, campaign_id=campaign_id, until=now)
    planned = session.scalar(
        select(func.count(Target.id)).where(Target.campaign_id == campaign_id, Target.hold_out.is_(False))
    )
    goal = campaign.goal_target if campaign.goal_kpi == "response_rate" and campaign.goal_target else Decimal("0.03")
    return {
        "opt_out_rate": results["opt_out_rate"] or ZERO,
        "bounce_rate": results["bounce_rate"] or ZERO,
        "complaint_rate": results["complaint_rate"] or ZERO,
        "spend_share": _ratio(results["cost"], results["budget"]) or ZERO,
        "sent_share": _ratio(results["sent"], planned or 0) or ZERO,
        "response_to_plan": _ratio(results["response_rate"] or ZERO, goal) or ZERO,
        "sent": results["sent"],
        "responders": results["responders"],
    }


def pick_winner(session: Session, *, activity_id: str, now: datetime) -> dict[str, Any]:
    """The better of an activity's variants by response: `{winner, p_value, rates: {variant: share}}`.

    B wins when its rate is higher with a one-sided p below 0.10; otherwise A stays.
    """
    counts = _variant_counts(session, activity_id, now)
    base = counts.get("A", (0, 0))
    winner, p_value = "A", 1.0
    for variant, count in sorted(counts.items()):
        if variant == "A":
            continue
        p = probability_of_chance(count, base)
        if p < WINNER_P and p < p_value:
            winner, p_value = variant, p
    rates = {variant: _ratio(hits, trials) or ZERO for variant, (hits, trials) in counts.items()}
    return {"winner": winner, "p_value": _rate(p_value), "rates": rates}


def learn_from_campaign(session: Session, *, campaign_id: str, now: datetime) -> int:
    """Add a finished campaign's counts to the channel response table; gives how many rows learned."""
    responses = _responses(session, campaign_id, now)
    treated, _ = _buyers(session, campaign_id, now)
    learned = 0
    for activity in activities_of(session, campaign_id):
        contacts = set(
            session.scalars(
                select(Send.contact_id).where(
                    Send.activity_id == activity.id, Send.kind == "live", Send.status == "delivered"
                )
            )
        )
        if not contacts or not activity.segment_key:
            continue
        responders = {row.contact_id for row in responses if row.kind in POSITIVE and row.activity_id == activity.id}
        bought = {contact: order for contact, order in treated.items() if contact in contacts}
        learn_channel(
            session,
            segment_key=activity.segment_key,
            channel=activity.channel,
            delivered=len(contacts),
            responded=len(responders),
            bought=len(bought),
            cost=activity.cost + activity.cost_per_send * len(contacts),
            margin=sum((order["margin"] for order in bought.values()), ZERO),
            now=now,
        )
        learned += 1
    return learned


def _send_counts(session: Session, campaign_id: str) -> dict[str, int]:
    by_status = dict(
        session.execute(
            select(Send.status, func.count())
            .where(Send.campaign_id == campaign_id, Send.kind == "live")
            .group_by(Send.status)
        ).all()
    )
    sent = sum(by_status.values())
    return {"sent": sent, "delivered": by_status.get("delivered", 0), "bounced": by_status.get("hard_bounce", 0)}


def _responses(session: Session, campaign_id: str, until: datetime) -> list[Response]:
    return list(session.scalars(select(Response).where(Response.campaign_id == campaign_id, Response.at <= until)))


def _contacts(responses: list[Response], kind: str) -> int:
    return len({row.contact_id for row in responses if row.kind == kind})


def _hold_out_size(session: Session, campaign_id: str) -> int:
    held_out = select(func.count(Target.contact_id.distinct())).where(
        Target.campaign_id == campaign_id, Target.hold_out.is_(True)
    )
    return session.scalar(held_out) or 0


def _buyers(session: Session, campaign_id: str, until: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Contacts who bought, addressed and held out: contact id → {net, margin}."""
    first_sends = dict(
        session.execute(
            select(Send.contact_id, func.min(Send.sent_at))
            .where(Send.campaign_id == campaign_id, Send.kind == "live", Send.status == "delivered")
            .group_by(Send.contact_id)
        ).all()
    )
    start = min(first_sends.values(), default=until)
    targets = session.execute(
        select(Target.contact_id, Target.party_id, Target.hold_out).where(Target.campaign_id == campaign_id).distinct()
    )
    treated: dict[str, Any] = {}
    control: dict[str, Any] = {}
    for contact_id, party_id, hold_out in targets:
        since = start if hold_out else first_sends.get(contact_id)
        bought = _bought(session, party_id, since, until) if since else None
        if bought:
            (control if hold_out else treated)[contact_id] = bought
    for row in _responses(session, campaign_id, until):
        if row.kind == "order" and row.contact_id not in treated and row.contact_id in first_sends:
            treated[row.contact_id] = {"net": row.value or ZERO, "margin": row.margin or ZERO}
    return treated, control


def _bought(session: Session, party_id: str, since: datetime, until: datetime) -> dict[str, Decimal] | None:
    lines = session.execute(
        select(OrderLine.net, OrderLine.unit_cost, OrderLine.quantity)
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Order.party_id == party_id,
            Order.ordered_at >= since,
            Order.ordered_at <= until,
            Order.status.not_in(("new", "cancelled", "refused")),
            OrderLine.cancelled.is_(False),
        )
    ).all()
    if not lines:
        return None
    net = sum((line.net for line in lines), ZERO)
    return {"net": net, "margin": net - sum((line.unit_cost * line.quantity for line in lines), ZERO)}


def _incremental(lift: Interval | None, delivered: int, revenue: Decimal, buyers: int) -> Decimal | None:
    if lift is None or not buyers:
        return None
    return cents(Decimal(str(lift.estimate)) * delivered * revenue / buyers)


def _by_channel(
    session: Session, campaign_id: str, responses: list[Response], treated: Mapping[str, Any]
) -> list[dict[str, Any]]:
    sends = session.execute(
        select(Send.channel, Send.contact_id, Send.cost).where(
            Send.campaign_id == campaign_id, Send.kind == "live", Send.status == "delivered"
        )
    ).all()
    responders = {row.contact_id for row in responses if row.kind in POSITIVE}
    rows = []
    for channel in sorted({send.channel for send in sends}):
        contacts = {send.contact_id for send in sends if send.channel == channel}
        cost = sum((send.cost for send in sends if send.channel == channel), ZERO)
        rows.append(
            {
                "channel": channel,
                "delivered": len(contacts),
                "responders": len(contacts & responders),
                "response_rate": _ratio(len(contacts & responders), len(contacts)),
                "buyers": len(contacts & set(treated)),
                "cost": cost,
            }
        )
    return rows


def _variant_counts(session: Session, activity_id: str, now: datetime) -> dict[str, tuple[int, int]]:
    activity = find(session, Activity, activity_id)
    sends = session.execute(
        select(Send.variant, Send.contact_id).where(
            Send.activity_id == activity_id, Send.kind == "live", Send.status == "delivered"
        )
    ).all()
    responders = {row.contact_id for row in _responses(session, activity.campaign_id, now) if row.kind in POSITIVE}
    counts: dict[str, tuple[int, int]] = {}
    for send in sends:
        hits, trials = counts.get(send.variant, (0, 0))
        counts[send.variant] = (hits + (send.contact_id in responders), trials + 1)
    return counts


def _ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole)).quantize(SIX_PLACES) if whole else None


def _rate(value: float) -> Decimal:
    return Decimal(str(value)).quantize(SIX_PLACES)
