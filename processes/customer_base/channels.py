"""Which channel suits which segment: what sends gave so far, pulled towards a prior where there is little evidence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from processes.customer_base.amounts import ZERO, cents, decimal_of
from processes.customer_base.scope import add
from processes.customer_base.statistics import shrunken_rate
from processes.customer_base.tables import ChannelEstimate

# Starting values, illustrative: replace them with your own; evidence outweighs them soon.
PRIOR_RATES = {"email": 0.03, "sms": 0.04, "phone": 0.08, "im": 0.05, "mail": 0.02, "event": 0.10}
COST_PER_SEND = {
    "email": Decimal("0.05"), "sms": Decimal("0.08"), "phone": Decimal("12"), "im": Decimal("0.05"),
    "mail": Decimal("3.50"), "event": Decimal("180"),
}  # fmt: skip
PRIOR_STRENGTH = 200  # sends


def channel_estimate(session: Session, *, segment_key: str, channel: str) -> ChannelEstimate | None:
    """What is known of a channel in a segment."""
    return session.scalar(
        select(ChannelEstimate).where(ChannelEstimate.segment_key == segment_key, ChannelEstimate.channel == channel)
    )


def channel_table(session: Session, *, segment_keys: Iterable[str], channels: Iterable[str]) -> list[dict[str, Any]]:
    """The response table.

    `[{segment, channel, delivered, responded, response_rate, cost_per_send, margin_per_response}]`
    """
    channels = list(channels)
    return [_row(session, segment_key, channel) for segment_key in segment_keys for channel in channels]


def advise_channels(
    session: Session,
    *,
    segments: Mapping[str, int],
    margin_per_response: Decimal,
    channels: Iterable[str] = ("email", "sms", "phone", "im"),
    costs: Mapping[str, Decimal] | None = None,
) -> list[dict[str, Any]]:
    """The channels of each segment (key → size), best expected profit first.

    Expected profit = size × response rate × margin − size × cost per send. `reason` says it in one sentence.
    """
    advice: list[dict[str, Any]] = []
    for segment_key, size in segments.items():
        ranked = []
        for row in channel_table(session, segment_keys=[segment_key], channels=channels):
            cost = decimal_of((costs or {}).get(row["channel"], row["cost_per_send"]))
            margin = row["margin_per_response"] or margin_per_response
            profit = cents(size * (row["response_rate"] * margin - cost))
            evidence = f"{row['delivered']} earlier sends" if row["delivered"] else "no earlier sends, starting value"
            reason = f"{row['response_rate']:.1%} respond ({evidence}), {cost} per send, expected profit {profit}."
            ranked.append(row | {"size": size, "expected_profit": profit, "cost_per_send": cost, "reason": reason})
        ranked.sort(key=lambda row: -row["expected_profit"])
        advice.extend(row | {"rank": rank} for rank, row in enumerate(ranked, start=1))
    return advice


def learn_channel(
    session: Session,
    *,
    segment_key: str,
    channel: str,
    delivered: int,
    responded: int,
    bought: int,
    cost: Decimal,
    margin: Decimal,
    now: datetime,
) -> ChannelEstimate:
    """Add a finished activity's counts to what is known of a channel in a segment."""
    estimate = channel_estimate(session, segment_key=segment_key, channel=channel)
    if estimate is None:
        estimate = ChannelEstimate(
            segment_key=segment_key, channel=channel, delivered=0, responded=0, bought=0, cost=ZERO, margin=ZERO
        )
        estimate.updated_at = now
        add(session, estimate)
    estimate.delivered += delivered
    estimate.responded += responded
    estimate.bought += bought
    estimate.cost += cost
    estimate.margin += margin
    estimate.updated_at = now
    return estimate


def _row(session: Session, segment_key: str, channel: str) -> dict[str, Any]:
    known = channel_estimate(session, segment_key=segment_key, channel=channel)
    delivered, responded = (known.delivered, known.responded) if known else (0, 0)
    prior = PRIOR_RATES.get(channel, 0.02)
    rate = shrunken_rate(responded, delivered, prior_rate=prior, prior_strength=PRIOR_STRENGTH)
    measured_cost = known.cost / delivered if known and delivered and known.cost else None
    return {
        "segment": segment_key,
        "channel": channel,
        "delivered": delivered,
        "responded": responded,
        "response_rate": Decimal(str(round(rate, 6))),
        "cost_per_send": measured_cost or COST_PER_SEND.get(channel, Decimal(1)),
        "margin_per_response": known.margin / responded if known and responded and known.margin else None,
    }
