"""Audiences, sends with consent and cap, responses, and what a campaign achieved."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from engine.errors import InvalidInput
from processes.customer_base.campaign_results import (
    evaluate_campaign,
    guardrail_facts,
    learn_from_campaign,
    pick_winner,
)
from processes.customer_base.campaigns import (
    check_plan_facts,
    create_campaign,
    freeze_targets,
    plan_activities,
    plan_errors,
    record_response,
    send_batch,
    send_test,
    set_variant,
)
from processes.customer_base.channels import advise_channels, channel_estimate, channel_table
from processes.customer_base.mailing import Mailbox, mails_for
from processes.customer_base.orders import confirm_order, order_from_lines
from processes.customer_base.parties import contacts_of, withdraw_consent
from processes.customer_base.segments import (
    CONTACT_CAP,
    compute_audience,
    fits,
    is_held_out,
    recency_frequency_value,
    save_segment,
    set_hold_out,
)
from processes.customer_base.statistics import (
    minimum_detectable_lift,
    probability_of_chance,
    rate_difference,
    shrunken_rate,
    wilson,
)
from processes.customer_base.tables import Contact, Party, Segment, Send, Target

EVERYBODY: dict = {}


@pytest.fixture
def campaign(session, now):
    return create_campaign(
        session,
        name="Monitoring launch",
        product_sku="GATEWAY-4G",
        valid_from=now.date(),
        valid_to=now.date() + timedelta(days=30),
        budget=Decimal(5000),
        expected_margin=Decimal(8000),
        now=now,
    )


@pytest.fixture
def activity(session, now, campaign):
    audience = compute_audience(session, rule=EVERYBODY, channels=["email"], now=now)
    save_segment(
        session, key="all", name="All", rule=EVERYBODY, audience=audience, hold_out_share=Decimal("0.3"), now=now
    )
    content = {"subject": "News for {company}", "text": "Dear {name}", "variants": {"B": {"subject": "Hello {name}"}}}
    costs = {"cost": Decimal(200), "cost_per_send": Decimal("0.05")}
    row = {"key": "mail", "channel": "email", "segment": "all", "content": content, **costs}
    (activity,) = plan_activities(session, campaign_id=campaign.id, rows=[row], now=now)
    freeze_targets(session, activity_id=activity.id, variants=("A", "B"))
    return activity


def test_an_audience_says_who_is_left_out_and_why(session, now, party_named):
    riverside = party_named("Riverside")
    (contact,) = contacts_of(session, riverside.id)
    withdraw_consent(session, contact_id=contact.id, purpose="marketing", now=now)
    party_named("Taihu").is_employee = True
    session.flush()

    audience = compute_audience(session, rule=EVERYBODY, channels=["email"], now=now)

    assert audience.excluded["opted_out"] == 1  # Riverside
    assert audience.excluded["employee"] == 1  # Taihu
    assert audience.excluded["credit_block"] == 1  # Nordlicht
    assert audience.excluded["open_complaint"] == 1  # Jinling
    assert audience.excluded["no_consent"] > 0  # those who never agreed
    parties = session.scalars(select(Party).where(Party.status == "customer")).all()
    assert audience.size + sum(audience.excluded.values()) == len(parties)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"field": "industry", "op": "=", "value": "utilities"}, {"Taihu Water Works"}),
        ({"all": [{"field": "region", "value": "south"}, {"field": "employees", "op": ">=", "value": 500}]},
         {"Pearl River Chemicals Ltd"}),
        ({"any": [{"field": "tier", "value": "vip"}, {"field": "industry", "value": "utilities"}]},
         {"Capital Transit Group", "Taihu Water Works"}),
        ({"field": "bought", "op": "contains", "value": "CTRL-7"}, {"Huadong Precision Machinery Co., Ltd."}),
        ({"field": "installed", "op": "in", "value": ["DRY-30"]}, {"Capital Transit Group"}),
        ({"field": "item:annual maintenance budget", "op": ">=", "value": "3000000"}, {"Capital Transit Group"}),
    ],
)  # fmt: skip
def test_a_rule_picks_parties_by_what_is_known_of_them(session, now, rule, expected):
    audience = compute_audience(session, rule=rule, now=now)
    names = {session.get(Party, party_id).name for _, party_id in audience.members}
    assert names == expected


def test_a_rule_that_asks_for_nothing_known_is_refused():
    with pytest.raises(InvalidInput, match="asks for one of"):
        fits({"field": "shoe_size", "value": 42}, {})
    with pytest.raises(InvalidInput, match="compares with"):
        fits({"field": "kind", "op": "~", "value": 1}, {})


@pytest.mark.parametrize(
    ("days", "orders", "expected"),
    [
        (None, 0, "prospect"),
        (10, 1, "new"),
        (10, 6, "champion"),
        (300, 6, "loyal"),
        (500, 2, "at_risk"),
        (900, 9, "lost"),
    ],
)
def test_customers_fall_into_classes_by_recency_and_frequency(days, orders, expected):
    assert recency_frequency_value({"days_since_order": days, "orders": orders}) == expected


def test_the_hold_out_is_even_and_stays_the_same():
    chosen = [is_held_out("s", f"contact-{number}", Decimal("0.1")) for number in range(5000)]
    assert 400 < sum(chosen) < 600
    assert chosen == [is_held_out("s", f"contact-{number}", Decimal("0.1")) for number in range(5000)]
    with pytest.raises(InvalidInput):
        is_held_out("s", "c", Decimal(1))


def test_the_hold_out_can_be_chosen_anew_and_versions_count_up(session, now):
    audience = compute_audience(session, rule=EVERYBODY, now=now)
    first = save_segment(session, key="x", name="x", rule={}, audience=audience, now=now)
    second = save_segment(session, key="x", name="x", rule={}, audience=audience, now=now)
    assert (first.version, second.version) == (1, 2)
    counts = set_hold_out(session, segment_id=second.id, hold_out_share=Decimal("0.5"))
    assert counts["members"] == counts["hold_out"] + counts["addressed"] == audience.size
    assert 0 < counts["hold_out"] < audience.size


def test_a_plan_is_checked_for_circles_windows_and_order(now):
    day = timedelta(days=1)
    rows = [
        {"key": "a", "depends_on": ["b"], "starts_at": now, "ends_at": now - day},
        {"key": "b", "depends_on": ["a", "ghost"], "starts_at": now, "ends_at": now + 90 * day},
    ]
    text = " ".join(plan_errors(rows, valid_from=now.date() + day, valid_to=now.date() + 30 * day))
    for problem in ("in a circle", "'ghost'", "ends before it starts", "before the campaign", "after the campaign"):
        assert problem in text
    assert plan_errors([{"key": "a", "depends_on": []}, {"key": "b", "depends_on": ["a"]}]) == []


def test_planning_again_changes_and_does_not_double(session, now, campaign, activity):
    rows = [{"key": "mail", "channel": "phone", "segment": "all"}]
    (again,) = plan_activities(session, campaign_id=campaign.id, rows=rows, now=now)
    assert (again.id, again.channel) == (activity.id, "phone")


def test_the_sanity_check_computes_the_benefit_index_and_sees_overlaps(session, now, campaign):
    facts = check_plan_facts(session, campaign_id=campaign.id)
    assert (facts["benefit_index"], facts["overlaps"]) == (Decimal("0.6000"), [])
    other = create_campaign(
        session, name="Same again", product_sku="GATEWAY-4G", valid_from=now.date(), valid_to=now.date(), now=now
    )
    assert check_plan_facts(session, campaign_id=campaign.id)["overlaps"] == [other.number]
    assert check_plan_facts(session, campaign_id=other.id)["benefit_index"] is None


def test_sending_respects_the_hold_out_and_nobody_gets_it_twice(session, now, campaign, activity):
    first = send_batch(session, activity_id=activity.id, mail=Mailbox(), share=Decimal("0.2"), now=now)
    rest = send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)
    again = send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)

    targets = session.scalars(select(Target)).all()
    addressed = {target.contact_id for target in targets if not target.hold_out}
    assert first.sent == -(-len(addressed) // 5)
    assert (first.sent + rest.sent, again.sent) == (len(addressed), 0)
    assert {send.contact_id for send in session.scalars(select(Send))} == addressed
    assert len(mails_for(session, campaign.number)) == len(addressed)
    assert campaign.spent == Decimal("0.05") * len(addressed)


def test_merge_fields_variants_and_a_way_to_unsubscribe_stand_in_the_mail(session, now, campaign, activity):
    for target in session.scalars(select(Target)):
        target.hold_out = False
    set_variant(session, activity_id=activity.id, variant="B")
    send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)
    by_recipient = {mail.recipient: mail for mail in mails_for(session, campaign.number)}
    mail = by_recipient["ann.lee@riverside.example.com"]
    assert mail.subject == "Hello Ann Lee"
    assert "stop" in mail.body


def test_who_withdrew_after_the_list_was_frozen_is_skipped_at_send_time(session, now, activity):
    target = session.scalars(select(Target).where(Target.hold_out.is_(False))).first()
    withdraw_consent(session, contact_id=target.contact_id, purpose="marketing", now=now)

    report = send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)

    assert report.skipped == {"no_consent": 1}
    assert (target.status, target.skip_reason) == ("skipped", "no_consent")


def test_nobody_gets_more_than_the_cap_within_30_days(session, now, campaign):
    audience = compute_audience(session, rule={"field": "industry", "value": "utilities"}, now=now)
    save_segment(session, key="one", name="One", rule={}, audience=audience, now=now)
    rows = [{"key": f"m{number}", "channel": "email", "segment": "one"} for number in range(CONTACT_CAP + 1)]
    activities = plan_activities(session, campaign_id=campaign.id, rows=rows, now=now)
    reports = []
    for activity in activities:
        freeze_targets(session, activity_id=activity.id)
        reports.append(send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now))

    assert [report.sent for report in reports] == [1] * CONTACT_CAP + [0]
    assert reports[-1].skipped == {"frequency_cap": 1}
    assert compute_audience(session, rule={"field": "industry", "value": "utilities"}, now=now).excluded == {
        "frequency_cap": 1
    }
    later = now + timedelta(days=31)
    assert compute_audience(session, rule={"field": "industry", "value": "utilities"}, now=later).size == 1


def test_the_proof_goes_to_the_seed_list_once_and_does_not_count(session, now, campaign, activity):
    seeds = [contact.id for contact in session.scalars(select(Contact).limit(2))]
    assert send_test(session, activity_id=activity.id, contact_ids=seeds, mail=Mailbox(), now=now) == 2
    assert send_test(session, activity_id=activity.id, contact_ids=seeds, mail=Mailbox(), now=now) == 0
    assert evaluate_campaign(session, campaign_id=campaign.id, until=now)["sent"] == 0


def test_an_opt_out_ends_the_consent_and_a_bounce_the_address(session, now, campaign, activity):
    send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)
    first, second = session.scalars(select(Target).where(Target.status == "sent").limit(2))
    record_response(session, campaign_id=campaign.id, contact_id=first.contact_id, kind="opt_out", now=now)
    record_response(session, campaign_id=campaign.id, contact_id=second.contact_id, kind="bounce", now=now)

    audience = compute_audience(session, rule=EVERYBODY, channels=["email"], now=now)

    assert {first.contact_id, second.contact_id} & {contact_id for contact_id, _ in audience.members} == set()
    assert (audience.excluded["opted_out"], audience.excluded["invalid_address"]) == (1, 1)
    results = evaluate_campaign(session, campaign_id=campaign.id, until=now)
    assert (results["sent"] - results["delivered"], results["bounce_rate"] > 0) == (1, True)


def test_the_same_response_counts_once(session, now, campaign, activity):
    contact = session.scalars(select(Contact)).first()
    common = {"campaign_id": campaign.id, "contact_id": contact.id, "kind": "click", "external_key": "e1", "now": now}
    assert record_response(session, **common).id == record_response(session, **common).id
    with pytest.raises(InvalidInput, match="open, click"):
        record_response(session, campaign_id=campaign.id, contact_id=contact.id, kind="shrug", now=now)


def test_results_compare_buyers_with_the_hold_out(session, now, campaign, activity):
    send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)
    sent = session.scalars(select(Target).where(Target.status == "sent")).all()
    for target in sent[:6]:
        record_response(session, campaign_id=campaign.id, contact_id=target.contact_id, kind="click", now=now)
    for target in sent[:3]:
        _buy(session, target.party_id, now + timedelta(days=2))

    results = evaluate_campaign(session, campaign_id=campaign.id, until=now + timedelta(days=30))

    held_out = session.scalars(select(Target).where(Target.hold_out.is_(True))).all()
    assert (results["buyers"], results["hold_out"], results["hold_out_buyers"]) == (3, len(held_out), 0)
    assert results["response_rate"] == round(Decimal(6) / len(sent), 6)
    assert results["revenue"] == Decimal(3 * 2 * 180)
    assert results["margin"] == Decimal(3 * 2 * (180 - 82))
    assert results["cost"] == Decimal(200) + Decimal("0.05") * len(sent)
    assert results["cost_to_profit"] == round(results["cost"] / results["margin"], 6)
    assert results["lift_low"] < results["lift"] < results["lift_high"]
    assert campaign.results["buyers"] == 3
    facts = guardrail_facts(session, campaign_id=campaign.id, now=now + timedelta(days=30))
    assert facts["sent_share"] == 1


def test_a_campaign_that_sent_nothing_has_no_rates(session, now, campaign):
    results = evaluate_campaign(session, campaign_id=campaign.id, until=now)
    assert (results["response_rate"], results["cost_to_profit"], results["lift"]) == (None, None, None)


def test_what_a_campaign_learned_changes_the_advice(session, now, campaign, activity):
    send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)
    before = channel_table(session, segment_keys=["all"], channels=["email"])[0]["response_rate"]
    for target in session.scalars(select(Target).where(Target.status == "sent")):
        record_response(
            session,
            campaign_id=campaign.id,
            activity_id=activity.id,
            contact_id=target.contact_id,
            kind="reply",
            now=now,
        )

    assert learn_from_campaign(session, campaign_id=campaign.id, now=now) == 1

    after = channel_table(session, segment_keys=["all"], channels=["email"])[0]["response_rate"]
    estimate = channel_estimate(session, segment_key="all", channel="email")
    assert after > before
    assert estimate.responded == estimate.delivered


def test_the_advice_ranks_channels_by_expected_profit(session):
    advice = advise_channels(session, segments={"all": 100}, margin_per_response=Decimal(300))
    assert [row["rank"] for row in advice] == [1, 2, 3, 4]
    assert [row["expected_profit"] for row in advice] == sorted(
        (row["expected_profit"] for row in advice), reverse=True
    )
    assert "no earlier sends" in advice[0]["reason"]


def test_a_variant_wins_only_when_it_is_hardly_chance(session, now, campaign, activity):
    send_batch(session, activity_id=activity.id, mail=Mailbox(), now=now)
    assert pick_winner(session, activity_id=activity.id, now=now)["winner"] == "A"
    for target in session.scalars(select(Target).where(Target.status == "sent", Target.variant == "B")):
        record_response(
            session,
            campaign_id=campaign.id,
            activity_id=activity.id,
            contact_id=target.contact_id,
            kind="click",
            now=now,
        )
    winner = pick_winner(session, activity_id=activity.id, now=now)
    assert (winner["winner"], winner["p_value"] < Decimal("0.1")) == ("B", True)


def test_intervals_agree_with_published_examples():
    # Newcombe 1998, example 56/70 against 48/80: 0.2000 (0.0524, 0.3339)
    difference = rate_difference((56, 70), (48, 80))
    assert [round(value, 4) for value in (difference.estimate, difference.low, difference.high)] == [
        0.2,
        0.0524,
        0.3339,
    ]
    # Wilson for 81/263: 0.2553 to 0.3662
    interval = wilson(81, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == wilson(0, 0).__class__(0.0, 0.0, 1.0)


@given(hits=st.integers(0, 50), more=st.integers(1, 500))
def test_estimates_lie_within_their_bounds(hits, more):
    trials = hits + more
    interval = wilson(hits, trials)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    rate = shrunken_rate(hits, trials, prior_rate=0.05, prior_strength=200)
    assert min(0.05, hits / trials) - 1e-12 <= rate <= max(0.05, hits / trials) + 1e-12
    assert probability_of_chance((hits, trials), (hits, trials)) >= 0.5


def test_larger_groups_detect_smaller_lifts():
    assert minimum_detectable_lift(1000, 100, 0.05) > minimum_detectable_lift(10000, 1000, 0.05)
    assert minimum_detectable_lift(0, 100, 0.05) == 1.0


def test_targets_stay_frozen_when_the_segment_grows(session, now, campaign, activity):
    before = session.scalars(select(Target)).all()
    audience = compute_audience(session, rule=EVERYBODY, now=now)
    save_segment(session, key="all", name="All", rule={}, audience=audience, now=now)
    freeze_targets(session, activity_id=activity.id)
    assert len(session.scalars(select(Target)).all()) == len(before)
    assert session.scalars(select(Segment).where(Segment.key == "all", Segment.version == 2)).one()


def _buy(session, party_id, at):
    order = order_from_lines(session, party_id=party_id, lines=[{"sku": "GLOVE-100", "quantity": 2}], now=at)
    confirm_order(session, order_id=order.id, now=at)
