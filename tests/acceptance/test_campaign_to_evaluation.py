"""A campaign runs from its budget to its evaluation, through the screens alone."""

import pytest

pytestmark = pytest.mark.browser


def test_a_campaign_is_planned_run_and_evaluated(enterprise, people):
    mira, tom, carl = (people[name] for name in ("mira", "tom", "carl"))

    mira.starts("Campaign lifecycle").submits()
    mira.claims("Define campaign project").fills(
        campaign_name="Spring service",
        goal="orders",
        goal_target=20,
        product_sku="PUMP-100",
        valid_from="2026-02-01",
        valid_to="2026-03-15",
        audience_idea="Customers with pumps",
        budget=8000,
        expected_revenue=60000,
        margin_share=0.3,
        owner="mira",
    ).completes()
    mira.claims("Approve budget").fills(budget_decision="approve", amount_granted=8000).completes()
    tom.claims("Review audience, hold-out").fills(audience_ok=True, holdout_percent=10).completes()
    tom.claims("Activity plan").fills(
        activities=[
            {
                "activity_id": "mail",
                "name": "Mailing",
                "channel": "email",
                "start_at": "2026-02-02T09:00",
                "end_at": "2026-02-10T09:00",
                "owner": "tom",
                "cost": 1000,
            }
        ],
        attribution_days=14,
    ).completes()
    tom.claims("Select or create content").fills(
        language="en", subject="Spring service", body="Dear {name}, book your service."
    ).completes()
    carl.claims("Check compliance").fills(
        compliance_points=["claims", "unsubscribe"], compliance_decision="approve"
    ).completes()
    tom.claims("Proof").fills(proof_ok=True).completes()
    mira.claims("Go / no-go").fills(go_checklist=["list"], go_decision="go").completes()

    enterprise.waits(days=28)  # the second of February comes: the mailing goes out
    mira.reads_mail("Spring service").says("book your service")
    enterprise.waits(days=25)  # the campaign ends, late responses are awaited

    mira.claims("Adjust campaign").fills(adjustment="continue", adjust_reason="Customers order in autumn").completes()
    tom.claims("Evaluation report").fills(findings="Few responses", channel_lessons="E-mail is slow").completes()
    mira.claims("Repeat, scale, change or retire").fills(next_decision="repeat", next_date="2026-09-01").completes()

    case = mira.looks_at_case("Spring service")
    case.is_in_state("completed")
    case.tells("Approve budget", "Freeze list, split hold-out", "Send batch", "Evaluation report")
