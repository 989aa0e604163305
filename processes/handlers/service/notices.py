"""Mails of a ticket: to the customer in the customer's language, and to roles and engineers inside the house."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.handlers import Handlers, Job
from processes.customer_base.mailing import Mail
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, Party, Ticket
from processes.handlers.values import Known, moment, required_text, text

handlers = Handlers()
TIMEZONE = "Asia/Shanghai"
CUSTOMER = "the customer"
ENGINEER = "the engineer"
# notice → (to whom, subject, text); braces take variables of the case
NOTICES = {
    "received": (
        CUSTOMER,
        "Ticket {ticket_no}: we are on it",
        "Priority {priority}. We answer until {response_due_at} and mean to solve it until {resolve_due_at}.",
    ),
    "merged": (
        CUSTOMER,
        "Ticket {ticket_no} joined {duplicate_of}",
        "Your message belongs to our open ticket {duplicate_of}; we answer there.",
    ),
    "declined": (
        CUSTOMER,
        "Ticket {ticket_no} is closed",
        "As the estimate was not accepted we close the ticket. Write to us if you change your mind.",
    ),
    "estimate": (
        CUSTOMER,
        "Ticket {ticket_no}: estimate",
        "{estimate_scope}\n\nThe price is {estimate_amount} without tax. Please decide within 3 days.",
    ),
    "question": (
        CUSTOMER,
        "Ticket {ticket_no}: a question",
        "{question_to_customer}",
    ),
    "customer_reminder": (
        CUSTOMER,
        "Ticket {ticket_no}: we wait for your answer",
        "{question_to_customer}\n\nWithout an answer we close the ticket in 3 days.",
    ),
    "appointment": (
        CUSTOMER,
        "Ticket {ticket_no}: appointment",
        "{engineer_name} can come on {visit_start}. Does this fit?",
    ),
    "visit_confirmed": (
        CUSTOMER,
        "Ticket {ticket_no}: visit confirmed",
        "{engineer_name} comes on {visit_start}.",
    ),
    "on_the_way": (
        CUSTOMER,
        "Ticket {ticket_no}: on the way",
        "{engineer_name} arrives in about {eta_minutes} minutes.",
    ),
    "customer_absent": (
        CUSTOMER,
        "Ticket {ticket_no}: we missed you",
        "{engineer_name} found nobody at the site. We propose a new time; a second wasted trip is charged.",
    ),
    "resolved": (
        CUSTOMER,
        "Ticket {ticket_no} is solved",
        "{resolution}\n\nIf it comes back, reopen the ticket within 7 days. How did we do, from 1 to 5?",
    ),
    "reopened": (
        CUSTOMER,
        "Ticket {ticket_no} is open again",
        "We look at it again at once.",
    ),
    "cancelled": (
        CUSTOMER,
        "Ticket {ticket_no} is cancelled",
        "Nothing more happens; planned visits are called off.",
    ),
    "complaint_received": (
        CUSTOMER,
        "Complaint {ticket_no}: received",
        "Thank you for telling us. We examine it and answer within five working days.",
    ),
    "complaint_answer": (
        CUSTOMER,
        "Complaint {ticket_no}: our answer",
        "{complaint_answer}",
    ),
    "engineer_asked": (
        ENGINEER,
        "Visit for {ticket_no}: {visit_start}",
        "{customer_name}, {site_address}. Please accept or refuse.",
    ),
    "visit_called_off": (
        ENGINEER,
        "Visit for {ticket_no} is called off",
        "{customer_name}: you need not go.",
    ),
    "specialist_late": (
        "specialist",
        "Ticket {ticket_no} waits for you",
        "It has been with the second level for four working hours.",
    ),
    "response_warning": (
        "service_agent",
        "Ticket {ticket_no}: first answer due {response_due_at}",
        "Three quarters of the time are used.",
    ),
    "response_breach": (
        "service_manager",
        "Ticket {ticket_no}: first answer is late",
        "Priority {priority}, {customer_name}. It was due {response_due_at}.",
    ),
    "resolve_warning": (
        "service_agent",
        "Ticket {ticket_no}: solution due {resolve_due_at}",
        "Three quarters of the time are used.",
    ),
    "resolve_breach": (
        "service_manager",
        "Ticket {ticket_no}: solution is late",
        "Priority {priority}, {customer_name}. It was due {resolve_due_at}.",
    ),
    "urgent_refused": (
        "service_manager",
        "P1 ticket {ticket_no}: no engineer yet",
        "{engineer_name} did not accept ({reject_reason}).",
    ),
    "complaint_disputed": (
        "service_manager",
        "Complaint {ticket_no} is disputed",
        "{complaint_remarks}",
    ),
    "part_order": (
        "parts_store",
        "Urgent parts for {ticket_no}",
        "{part_source}: {shortage_text}. Promised for {parts_promised_at}.",
    ),
}
CHINESE = {
    "received": (
        "工单 {ticket_no}：已受理",
        "优先级 {priority}。我们将在 {response_due_at} 前答复，力争在 {resolve_due_at} 前解决。",
    ),
    "merged": (
        "工单 {ticket_no} 已并入 {duplicate_of}",
        "您的问题与未结工单 {duplicate_of} 相同，我们将在该工单中答复。",
    ),
    "declined": (
        "工单 {ticket_no} 已关闭",
        "由于报价未被接受，工单关闭。如有需要请随时联系我们。",
    ),
    "estimate": (
        "工单 {ticket_no}：报价",
        "{estimate_scope}\n\n不含税价格 {estimate_amount}。请在 3 天内答复。",
    ),
    "question": (
        "工单 {ticket_no}：需要您的信息",
        "{question_to_customer}",
    ),
    "customer_reminder": (
        "工单 {ticket_no}：等待您的答复",
        "{question_to_customer}\n\n若无答复，工单将在 3 天后关闭。",
    ),
    "appointment": (
        "工单 {ticket_no}：预约",
        "{engineer_name} 可于 {visit_start} 上门，是否方便？",
    ),
    "visit_confirmed": (
        "工单 {ticket_no}：上门已确认",
        "{engineer_name} 将于 {visit_start} 上门。",
    ),
    "on_the_way": (
        "工单 {ticket_no}：已出发",
        "{engineer_name} 约 {eta_minutes} 分钟后到达。",
    ),
    "customer_absent": (
        "工单 {ticket_no}：未遇到您",
        "{engineer_name} 到达时现场无人。我们将另约时间；再次空跑将收费。",
    ),
    "resolved": (
        "工单 {ticket_no} 已解决",
        "{resolution}\n\n如再次出现，请在 7 天内重新打开工单。请以 1 到 5 分评价我们的服务。",
    ),
    "reopened": (
        "工单 {ticket_no} 已重新打开",
        "我们立即再次处理。",
    ),
    "cancelled": (
        "工单 {ticket_no} 已取消",
        "已安排的上门同时取消。",
    ),
    "complaint_received": (
        "投诉 {ticket_no}：已收到",
        "感谢您的反馈。我们将调查并在五个工作日内答复。",
    ),
    "complaint_answer": (
        "投诉 {ticket_no}：答复",
        "{complaint_answer}",
    ),
}


@handlers.register("service.notify")
def notify(job: Job) -> Mapping[str, Any]:
    """Send the notice named by the input `notice`."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        ticket = find(once.session, Ticket, required_text(job.variables, "ticket_id"))
        send_notice(once.session, job, required_text(job.variables, "notice"), ticket, job.variables)
        return once.keep({})


def send_notice(session: Session, job: Job, notice: str, ticket: Ticket, words: Mapping[str, Any]) -> None:
    """Send one mail of a ticket, at most once per job and notice. A customer without an address gets none."""
    if notice not in NOTICES:
        raise InvalidInput(f"There is no notice '{notice}'; known are {', '.join(sorted(NOTICES))}.")
    to_whom, subject, body = NOTICES[notice]
    address = _address(session, ticket, to_whom, words)
    if address is None:
        return
    if to_whom == CUSTOMER and _speaks_chinese(session, ticket):
        subject, body = CHINESE[notice]
    known = Known({name: _readable(words, name, value) for name, value in words.items() if value is not None})
    known["ticket_no"] = ticket.number
    mail = Mail(
        key=f"{job.idempotency_key}/{notice}",
        to=address,
        subject=subject.format_map(known),
        body=body.format_map(known),
        case_reference=ticket.number,
    )
    job.resources.send(session, mail, now=job.now)


def inside(role: str) -> str:
    """The address of everybody of a role."""
    return f"{role}@praxis.example"


def _address(session: Session, ticket: Ticket, to_whom: str, words: Mapping[str, Any]) -> str | None:
    if to_whom == ENGINEER:
        return inside(text(words, "engineer_user", "dispatcher"))
    if to_whom != CUSTOMER:
        return inside(to_whom)
    contact = session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    address = (contact.email if contact else None) or text(words, "contact_email")
    return address if address and "@" in address else None


def _speaks_chinese(session: Session, ticket: Ticket) -> bool:
    contact = session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    party = session.get(Party, ticket.party_id) if ticket.party_id else None
    language = (contact.language if contact else None) or (party.language if party else None) or ""
    return language.startswith("zh")


def _readable(words: Mapping[str, Any], name: str, value: Any) -> Any:
    """Moments in the time of the place, everything else as it is."""
    if not isinstance(value, datetime) and not (name.endswith("_at") or name in ("visit_start", "visit_end")):
        return value
    found = moment(words, name)
    return f"{found.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d %H:%M}" if found else value
