"""Nodes 20 to 28: pricing an offer, its documents, sending it, and what the customer decided."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.handlers import BpmnError, Handlers, Job
from processes.customer_base.documents.writing import write_quote
from processes.customer_base.interactions import log_interaction
from processes.customer_base.mailing import Mail
from processes.customer_base.parties import primary_contact
from processes.customer_base.pricing import Item, Offer, price_offer
from processes.customer_base.quotes import (
    VALID_DAYS,
    approve_quote,
    create_quote,
    decide_quote,
    expire_quote,
    mark_sent,
)
from processes.customer_base.quotes import extend_quote as keep_quote_open
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, Party, Quote
from processes.handlers.sales.outcomes import case_reference
from processes.handlers.values import (
    ZERO,
    hours_between,
    items,
    moment,
    number,
    required_text,
    text,
)

handlers = Handlers()
REMIND_DAYS_BEFORE = 3
REMIND_AT = time(9, tzinfo=UTC)
HISTORY = 5


@handlers.register("sales.price_offer")
def price(job: Job) -> Mapping[str, Any]:
    """Price the offer's lines and keep them as the next version of the quote.

    A counter-offer of an approver (`counter_price`, net for the whole quote) scales every unit price.
    """
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        party = find(session, Party, required_text(source, "party_id"))
        wanted = offer_items(items(source, "offer_lines"), items(source, "configurations"))
        offer = _price(session, job, party, wanted)
        counter = number(source, "counter_price")
        if counter > 0 and offer.net_total > 0:
            offer = _price(session, job, party, scaled(wanted, offer, counter / offer.net_total))
        earlier = find(session, Quote, text(source, "quote_id")) if text(source, "quote_id") else None
        quote = create_quote(
            session,
            party_id=party.id,
            offer=offer,
            contact_id=text(source, "contact_id") or None,
            opportunity_id=text(source, "opportunity_id") or None,
            valid_days=int(number(source, "valid_days", VALID_DAYS)),
            terms=text(source, "terms") or None,
            payment_days=int(number(source, "payment_days", 30)),
            revises=earlier,
            now=job.now,
        )
        return once.keep(
            {
                **quote_variables(quote),
                "price_history": price_history(session, party.id, except_number=quote.number),
                "priced_at": source.get("priced_at") or job.now,
                "customer_name": party.name,
            }
        )


def offer_items(lines: Sequence[Mapping[str, Any]], configurations: Sequence[Mapping[str, Any]]) -> list[Item]:
    """What is to be priced: lines, with the configurations that were made for them (by position)."""
    by_position = {row.get("position"): row for row in configurations}
    wanted = []
    for line in lines:
        made = by_position.get(line.get("position"), {})
        discount = number(line, "discount_percent") / 100
        special_price = number(made, "unit_price") * (1 - discount) if made.get("is_special") else None
        wanted.append(
            Item(
                sku=required_text(made if made else line, "sku"),
                quantity=number(made if made else line, "quantity", 1),
                choices=dict(made.get("choices") or {}),
                manual_discount_share=ZERO if special_price is not None else discount,
                manual_unit_price=special_price,
            )
        )
    return wanted


def scaled(wanted: Sequence[Item], offer: Offer, factor: Decimal) -> list[Item]:
    """The same items with every price of the offer multiplied by a factor."""
    return [
        Item(
            sku=item.sku,
            quantity=item.quantity,
            choices=item.choices,
            manual_unit_price=(line.unit_price * factor).quantize(Decimal("0.01")),
        )
        for item, line in zip(wanted, offer.lines, strict=True)
    ]


def _price(session: Session, job: Job, party: Party, wanted: Sequence[Item]) -> Offer:
    return price_offer(
        session,
        items=wanted,
        on=job.now.date(),
        party_id=party.id,
        region=party.region,
        promotion_code=text(job.variables, "promotion_code") or None,
        currency=party.currency,
    )


def quote_variables(quote: Quote) -> dict[str, Any]:
    """A quote as the process sees it."""
    return {
        "quote_id": quote.id,
        "quote_no": quote.number,
        "quote_version": quote.version,
        "quote_lines": [
            {
                "position": line.position,
                "sku": line.product_sku,
                "name": line.description,
                "quantity": line.quantity,
                "list_price": line.list_price,
                "unit_price": line.unit_price,
                "discount_percent": (line.discount_share * 100).quantize(Decimal("0.1")),
                "net": line.net,
                "lead_time_days": line.lead_time_days,
            }
            for line in quote.lines
        ],
        "currency": quote.currency,
        "quote_list_total": quote.list_total,
        "quote_net": quote.net_total,
        "quote_freight": quote.freight,
        "quote_tax": quote.tax,
        "quote_total": quote.total,
        "discount_share": quote.discount_share,
        "margin_share": quote.margin_share,
    }


def price_history(session: Session, party_id: str, *, except_number: str) -> list[str]:
    """The last quotes to a customer in a line each, newest first."""
    quotes = session.scalars(
        select(Quote)
        .where(Quote.party_id == party_id, Quote.number != except_number)
        .order_by(Quote.created_at.desc())
        .limit(HISTORY)
    )
    return [
        f"{quote.number} v{quote.version}: {quote.net_total:.2f}, {quote.discount_share * 100:.1f} %, {quote.status}"
        for quote in quotes
    ]


@handlers.register("sales.proposal_documents")
def proposal_documents(job: Job) -> Mapping[str, Any]:
    """The proposal as .docx and .xlsx, kept with the quote. Error DOCUMENT_FAILED when it cannot be made."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, quote_id = once.session, required_text(job.variables, "quote_id")
        try:
            documents = write_quote(
                session, quote_id=quote_id, now=job.now, seller=job.resources.settings.get("seller")
            )
        except Exception as error:  # whatever the template does: a person can still write the proposal
            raise BpmnError("DOCUMENT_FAILED", f"{type(error).__name__}: {error}") from error
        return once.keep({"quote_documents": [{"id": document.id, "name": document.name} for document in documents]})


@handlers.register("sales.send_quote")
def send_quote(job: Job) -> Mapping[str, Any]:
    """Send the quote with its documents and the link to its page; sets when to remind and when it expires."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        quote = find(session, Quote, required_text(source, "quote_id"))
        approve_quote(session, quote_id=quote.id)
        mark_sent(session, quote_id=quote.id, now=job.now)
        _mail_quote(job, session, quote, f"Quote {quote.number}", _quote_text(job, quote))
        by_hand = source.get("proposal_file") is not None
        approved_after = hours_between(moment(source, "priced_at"), job.now) if source.get("approval_steps") else None
        return once.keep(
            {
                **_deadlines(job, quote),
                "quote_sent_at": job.now,
                "first_quote_sent_at": source.get("first_quote_sent_at") or job.now,
                "approval_hours": source.get("approval_hours") or approved_after,
                "document_by_hand": bool(source.get("document_by_hand")) or by_hand,
                "quote_decision": None,
                "decision": None,
                "expired_decision": None,
                "quote_comment": None,
            }
        )


def _deadlines(job: Job, quote: Quote) -> dict[str, Any]:
    expires_at = datetime.combine(quote.valid_to + timedelta(days=1), time(0, tzinfo=UTC))
    remind_at = datetime.combine(quote.valid_to - timedelta(days=REMIND_DAYS_BEFORE), REMIND_AT)
    return {
        "quote_valid_until": quote.valid_to,
        "quote_expires_at": expires_at,
        "quote_remind_at": remind_at if remind_at > job.now else _never(expires_at),
    }


def _never(expires_at: datetime) -> datetime:
    """A moment at which the quote has long expired: this reminder does not come (again)."""
    return expires_at + timedelta(days=1)


def quote_link(job: Job, quote: Quote) -> str:
    """Where the customer looks at the quote and decides; signed (`sign_link`) where the application asks for it."""
    settings = job.resources.settings
    base = str(settings.get("base_url", "")).rstrip("/")
    sign = settings.get("sign_link")
    return f"{base}/quote/{sign('quote', quote.enterprise_id, quote.id) if sign else quote.id}"


def _quote_text(job: Job, quote: Quote) -> str:
    return (
        f"Thank you for your enquiry. Our quote {quote.number}, version {quote.version}, over {quote.total:.2f} "
        f"{quote.currency} is valid until {quote.valid_to}.\n\nLook at it, accept it or ask for a change here: "
        f"{quote_link(job, quote)}\n\n"
        f"您好,报价单 {quote.number} 有效期至 {quote.valid_to},请点击以上链接查看、接受或提出修改。"
    )


def _mail_quote(job: Job, session: Session, quote: Quote, subject: str, body: str) -> None:
    contact = find(session, Contact, quote.contact_id) if quote.contact_id else primary_contact(session, quote.party_id)
    address = (contact.email if contact else None) or text(job.variables, "email")
    if address:
        documents = [row["id"] for row in items(job.variables, "quote_documents") if row.get("id")]
        mail = Mail(
            key=job.idempotency_key,
            to=address,
            subject=subject,
            body=body,
            document_ids=documents,
            case_reference=case_reference(job),
        )
        job.resources.send(session, mail, now=job.now)
    log_interaction(
        session,
        channel="email" if address else "mail",
        direction="out",
        subject=subject,
        body=None if address else "No e-mail address: print and post the quote.",
        party_id=quote.party_id,
        contact_id=contact.id if contact else None,
        references={"quote": quote.number, "version": quote.version},
        now=job.now,
    )


@handlers.register("sales.remind_customer")
def remind_customer(job: Job) -> Mapping[str, Any]:
    """Tell the customer that the quote ends soon; one reminder per validity."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        quote = find(once.session, Quote, required_text(job.variables, "quote_id"))
        body = f"Our quote {quote.number} is valid until {quote.valid_to}. Decide here: {quote_link(job, quote)}"
        _mail_quote(job, once.session, quote, f"Reminder: quote {quote.number}", body)
        expires_at = moment(job.variables, "quote_expires_at") or job.now
        return once.keep({"quote_remind_at": _never(expires_at), "quote_reminded_at": job.now})


@handlers.register("sales.extend_quote")
def extend_quote(job: Job) -> Mapping[str, Any]:
    """Keep the prices until a later day and wait again."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        days = int(number(job.variables, "extend_days", 14))
        if days <= 0:
            raise InvalidInput(f"A quote is extended by at least one day, found {days}.")
        quote = keep_quote_open(
            once.session,
            quote_id=required_text(job.variables, "quote_id"),
            valid_to=job.now.date() + timedelta(days=days),
        )
        _mail_quote(job, once.session, quote, f"Quote {quote.number} extended", _quote_text(job, quote))
        return once.keep({**_deadlines(job, quote), "expired_decision": None})


@handlers.register("sales.record_decision")
def record_decision(job: Job) -> Mapping[str, Any]:
    """What became of this version: accepted, to be changed, or rejected.

    The customer's word comes as `quote_decision` (or `decision`); after expiry the rep's `expired_decision` counts:
    a new version is a change, lost is a rejection.
    """
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, quote_id = once.session, required_text(source, "quote_id")
        after_expiry = text(source, "expired_decision")
        decision = {"new_version": "change", "lost": "reject"}.get(after_expiry) or text(source, "quote_decision")
        decision = decision or text(source, "decision")
        if after_expiry:
            expire_quote(session, quote_id=quote_id)
        reason = text(source, "quote_comment") or text(source, "comment") or None
        quote = decide_quote(session, quote_id=quote_id, decision=decision, reason=reason, now=job.now)
        log_interaction(
            session,
            channel="web",
            direction="in",
            subject=f"Quote {quote.number} v{quote.version}: {decision}",
            body=reason,
            party_id=quote.party_id,
            contact_id=quote.contact_id,
            outcome=decision,
            now=job.now,
        )
        return once.keep(
            {
                "quote_decision": decision,
                "quote_comment": reason,
                "expired_decision": None,
                "accepted_at": job.now if decision == "accept" else None,
                "deal": "won" if decision == "accept" else None,
            }
        )
