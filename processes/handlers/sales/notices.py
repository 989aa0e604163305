"""Reminders and escalations inside the house: one mail each, to a person or to everybody of a role."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from engine.handlers import Handlers, Job
from processes.customer_base.mailing import Mail
from processes.handlers.sales.outcomes import case_reference
from processes.handlers.values import Known, text

handlers = Handlers()
OWNER = "the owner"
# notice → (to whom, subject, text); braces take variables of the case
NOTICES = {
    "lead_sla_warning": (
        OWNER,
        "Lead {lead_ref}: first contact due soon",
        "The first contact with {company} {contact_name} is due at {sla_due_at}. 80 % of the time is over.",
    ),
    "lead_sla_breached": (
        "sales_manager",
        "Lead {lead_ref}: first contact is late",
        "Nobody has contacted {company} {contact_name} until {sla_due_at}. Owner: {owner}, grade {grade}.",
    ),
    "opportunity_idle": (
        OWNER,
        "Opportunity {opportunity_no}: 14 days without activity",
        "Nothing happened for {customer_name}. This is reminder {opportunity_reminders}.",
    ),
    "opportunity_idle_escalated": (
        "sales_manager",
        "Opportunity {opportunity_no}: no activity in spite of reminders",
        "Nothing happened for {customer_name} after {opportunity_reminders} reminders. Owner: {owner}.",
    ),
    "approval_due": (
        "the approver",
        "Quote {quote_no}: your approval is due",
        "{customer_name} waits for quote {quote_no}, net {quote_net}. After 2 working days your deputy is asked.",
    ),
    "credit_review_late": (
        "finance",
        "Order {order_no}: credit decision is late",
        "Order {order_no} of {customer_name} over {order_total} is held ({credit_reason}) for 4 working hours.",
    ),
    "feasibility_late": (
        "engineering",
        "Feasibility check is late",
        "The special request waits for 2 working days: {special_request}",
    ),
}


def notify(job: Job, notice: str) -> Mapping[str, Any]:
    """Send a notice; its texts take the variables of the case."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        to_whom, subject, body = NOTICES[notice]
        known = Known(job.variables)
        mail = Mail(
            key=job.idempotency_key,
            to=internal_address(job, recipient(job, to_whom)),
            subject=subject.format_map(known),
            body=body.format_map(known),
            case_reference=case_reference(job),
        )
        job.resources.send(once.session, mail, now=job.now)
        return once.keep({})


for _notice in NOTICES:
    handlers.register(f"sales.notify_{_notice}")(partial(notify, notice=_notice))


def recipient(job: Job, to_whom: str) -> str:
    """The user name or role that gets a notice."""
    if to_whom == OWNER:
        return text(job.variables, "owner") or text(job.variables, "owner_group") or "inside_sales"
    if to_whom == "the approver":
        step = job.variables.get("step")
        return text(step, "role", "sales_manager") if isinstance(step, Mapping) else "sales_manager"
    return to_whom


def internal_address(job: Job, name: str) -> str:
    """The mail address of a user or role of this house."""
    return f"{name}@{job.resources.settings.get('mail_domain', 'localhost')}"
