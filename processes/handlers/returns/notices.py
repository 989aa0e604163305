"""Mails of a return: to the customer, to the supplier, and to roles inside the house."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.handlers import Handlers, Job
from processes.customer_base.mailing import Mail
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, ReturnOrder
from processes.handlers.values import Known, required_text, text

handlers = Handlers()
CUSTOMER = "the customer"
# notice → (to whom, subject, text); braces take variables of the case
NOTICES = {
    "return_reminder": (
        CUSTOMER,
        "Return {rma_no}: your parcel",
        "We have not received your parcel yet. It is due on {due_at}.",
    ),
    "repair_estimate": (
        CUSTOMER,
        "Return {rma_no}: repair estimate",
        "The repair would cost {amount}. Please tell us within 5 days.",
    ),
    "authorised": (
        CUSTOMER,
        "Return {rma_no} is authorised",
        "Please send the goods ({route}) until {due_at}.\n\n{instructions}",
    ),
    "refused": (CUSTOMER, "Return {rma_no} is refused", "Reason: {refusal_reason}. You may appeal within 7 days."),
    "refunded": (CUSTOMER, "Return {rma_no}: your {outcome}", "{amount} are on their way to you."),
    "sent_back": (
        CUSTOMER,
        "Return {rma_no}: we send the goods back",
        "The inspection did not support the claim. Fee: {fee}.",
    ),
    "repaired": (CUSTOMER, "Return {rma_no}: repaired", "Your {sku} is repaired and on its way."),
    "closed": (
        CUSTOMER,
        "Return {rma_no} is closed",
        "Thank you. How did we do? Please answer this mail with 1 to 5.",
    ),
    "cancelled": (CUSTOMER, "Return {rma_no} is cancelled", "Nothing has to be sent back."),
    "claim": (
        "supplier",
        "Claim {claim_no}",
        "We claim {amount} for {sku}, defect {defect_code} (return {rma_no}).",
    ),
    "supplier_reminder": ("supplier", "Claim {claim_no}: reminder", "Our claim is 30 days old and has no answer."),
    "review_late": (
        "service_manager",
        "Return {rma_no}: review is late",
        "The exception waits for more than a working day.",
    ),
    "inspection_late": (
        "service_manager",
        "Return {rma_no}: inspection is late",
        "Goods wait for more than two working days.",
    ),
    "refund_approval_late": (
        "service_manager",
        "Return {rma_no}: approval is late",
        "A refund waits for your decision.",
    ),
}


@handlers.register("returns.notify")
def notify(job: Job) -> Mapping[str, Any]:
    """Send the notice named by the input `notice`."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        returned = find(once.session, ReturnOrder, required_text(job.variables, "rma_id"))
        send_notice(once.session, job, required_text(job.variables, "notice"), returned, job.variables)
        return once.keep({})


def send_notice(
    session: Session, job: Job, notice: str, returned: ReturnOrder, words: Mapping[str, Any], *, part: str = ""
) -> None:
    """Send one mail of a return; `part` tells several mails of one job apart."""
    if notice not in NOTICES:
        raise InvalidInput(f"There is no notice '{notice}'; known are {', '.join(sorted(NOTICES))}.")
    to_whom, subject, body = NOTICES[notice]
    known = Known(words)
    known["rma_no"] = returned.number
    mail = Mail(
        key=f"{job.idempotency_key}/{notice}/{part}",
        to=_address(session, returned, to_whom, words),
        subject=subject.format_map(known),
        body=body.format_map(known),
        case_reference=returned.number,
    )
    job.resources.send(session, mail, now=job.now)


def _address(session: Session, returned: ReturnOrder, to_whom: str, words: Mapping[str, Any]) -> str:
    if to_whom != CUSTOMER:
        return f"{to_whom}@praxis.example"
    contact = session.get(Contact, returned.contact_id) if returned.contact_id else None
    return (contact.email if contact else None) or text(words, "contact_email", "customer@praxis.example")
