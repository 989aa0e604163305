"""Nodes 1 to 17 of lead to order: leads, their owners, contacts, and the plan of an opportunity."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.handlers import Handlers, Job
from engine.store.types import plain
from processes.customer_base.characteristics import record_characteristics
from processes.customer_base.interactions import log_interaction
from processes.customer_base.leads import (
    LEAD_FIELDS,
    close_lead,
    create_lead,
    grade_lead,
    open_leads_of,
    record_contact_attempt,
)
from processes.customer_base.leads import assign_lead as give_lead
from processes.customer_base.opportunities import lose_opportunity, plan_opportunity
from processes.customer_base.parties import contacts_of, resolve_party, update_party, withdraw_consent
from processes.customer_base.products import product_by_sku
from processes.customer_base.scope import find
from processes.customer_base.tables import Lead, Opportunity, Party
from processes.customer_base.working_time import WorkingCalendar
from processes.handlers.sales.outcomes import record_outcome
from processes.handlers.values import day, flag, items, number, required_text, text

handlers = Handlers()
SLA_WARNING_SHARE = Decimal("0.8")
WORKING_DAY_MINUTES = 540
BEHAVIOUR_AT_LEAD = ("request", "price_page_visits", "email_clicks", "unsubscribed", "sender_kind")
DESCRIPTIVE = ("industry", "employees", "sites", "annual_revenue")
BEHAVIOURAL = ("current_use", "purchase_frequency", "preferred_channels")
EXTERNAL = ("regulation", "market_events", "competitor")


@handlers.register("sales.register_lead")
def register_lead(job: Job) -> Mapping[str, Any]:
    """Take an enquiry into the customer base: the lead with its number, or the one that an import has made."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        lead = _known_lead(session, text(source, "lead_id"))
        if lead is None:
            fields = {name: plain(source[name]) for name in LEAD_FIELDS if source.get(name) not in (None, "")}
            if text(source, "lead_ref"):
                fields.setdefault("external_key", text(source, "lead_ref"))
            extra = {name: plain(source[name]) for name in BEHAVIOUR_AT_LEAD if source.get(name) is not None}
            lead = create_lead(
                session,
                source=text(source, "source", "direct"),
                channel=text(source, "channel", "web"),
                now=job.now,
                fields=fields,
                extra=extra,
            )
        log_interaction(
            session,
            channel=lead.channel,
            direction="in",
            subject=f"Enquiry {lead.number}",
            body=lead.need,
            lead_id=lead.id,
            party_id=lead.party_id,
            now=job.now,
        )
        return once.keep(
            {
                "lead_id": lead.id,
                "lead_no": lead.number,
                "lead_ref": text(source, "lead_ref") or lead.number,
                "lead_received_at": lead.created_at,
                "attempts": lead.attempts,
                "reassignments": 0,
                "account_owner": _account_owner(session, lead),
            }
        )


def _known_lead(session: Session, lead_id: str) -> Lead | None:
    return find(session, Lead, lead_id) if lead_id else None


def _account_owner(session: Session, lead: Lead) -> str | None:
    if not lead.party_id:
        return None
    party = resolve_party(session, lead.party_id)
    return party.owner if party.key_account else None


@handlers.register("sales.assign_owner")
def assign_owner(job: Job) -> Mapping[str, Any]:
    """Give the lead a person where the house has people for the team, and a moment until which contact is due.

    Without people the lead waits for everybody of the team (`owner` stays empty). A reassignment leaves out the
    person who did not act.
    """
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, lead_id = once.session, required_text(source, "lead_id")
        grade_lead(session, lead_id=lead_id, score=int(number(source, "score")), grade=text(source, "grade", "C"))
        group = text(source, "owner_group", "inside_sales")
        was_assigned = source.get("assigned_at") is not None
        owner = _choose_owner(session, job, group, text(source, "owner") if was_assigned else "")
        minutes = int(number(source, "sla_minutes", 540))
        due_at = sla_due_at(job.now, minutes)
        give_lead(session, lead_id=lead_id, owner=owner or group, sla_due_at=due_at)
        return once.keep(
            {
                "owner": owner,
                "owner_group": group,
                "assigned_at": job.now,
                "sla_due_at": due_at,
                "first_sla_due_at": source.get("first_sla_due_at") or due_at,
                "sla_warning_at": job.now + (due_at - job.now) * float(SLA_WARNING_SHARE),
                "reassignments": int(number(source, "reassignments")) + (1 if was_assigned else 0),
            }
        )


def sla_due_at(now: datetime, minutes: int) -> datetime:
    """Hot leads wait by the clock; from a working day on, only office hours count."""
    if minutes < WORKING_DAY_MINUTES:
        return now + timedelta(minutes=minutes)
    return WorkingCalendar().add(now, timedelta(minutes=minutes))


def _choose_owner(session: Session, job: Job, group: str, previous: str) -> str | None:
    if text(job.variables, "assign_method") == "account_owner" and not previous:
        return text(job.variables, "account_owner") or None
    people = [name for name in people_of(job, group) if name != previous] or people_of(job, group)
    if not people:
        return None
    if text(job.variables, "assign_method") in ("least_loaded_senior", "standby", "team"):
        return min(people, key=lambda name: (open_leads_of(session, name), name))
    return min(people, key=lambda name: (_leads_ever(session, name), name))  # everybody in turn


def people_of(job: Job, role: str) -> Sequence[str]:
    """The user names of a role, as the application's settings give them (`people`: role → names)."""
    people = job.resources.settings.get("people", {})
    return list(people.get(role, ()))


def _leads_ever(session: Session, owner: str) -> int:
    return session.scalar(select(func.count()).select_from(Lead).where(Lead.owner == owner)) or 0


@handlers.register("sales.log_contact")
def log_contact(job: Job) -> Mapping[str, Any]:
    """One contact attempt: logged as an interaction; who does not want to be contacted is left alone from now on."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, unwanted = once.session, flag(source, "do_not_call")
        lead = record_contact_attempt(
            session,
            lead_id=required_text(source, "lead_id"),
            channel=text(source, "contact_channel", "phone"),
            reached=flag(source, "reached"),
            summary=text(source, "summary"),
            agent=text(source, "owner") or None,
            do_not_call=unwanted,
            now=job.now,
        )
        if unwanted and lead.party_id:
            for contact in contacts_of(session, lead.party_id):
                contact.do_not_call = True
                withdraw_consent(session, contact_id=contact.id, purpose="marketing", now=job.now)
        return once.keep(
            {
                "attempts": lead.attempts,
                "first_contact_at": lead.first_contact_at,
                "was_reached": flag(source, "was_reached") or flag(source, "reached"),
            }
        )


@handlers.register("sales.qualify_lead")
def qualify_lead(job: Job) -> Mapping[str, Any]:
    """The lead is worth an offer."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        find(once.session, Lead, required_text(job.variables, "lead_id")).status = "qualified"
        return once.keep({"lead_outcome": "qualified", "lead_closed_at": job.now, "offer_asked_at": job.now})


@handlers.register("sales.discard_lead")
def discard_lead(job: Job) -> Mapping[str, Any]:
    """Nobody could complete the contact data."""
    return _end_lead(job, "discarded", "unusable contact data")


@handlers.register("sales.disqualify_lead")
def disqualify_lead(job: Job) -> Mapping[str, Any]:
    """Not a customer for us: with the reason that was given, or that follows."""
    source = job.variables
    if flag(source, "do_not_call"):
        return _end_lead(job, "disqualified", "asked not to be contacted")
    return _end_lead(job, "disqualified", text(source, "qualification_reason", f"grade {text(source, 'grade', 'D')}"))


@handlers.register("sales.nurture_lead")
def nurture_lead(job: Job) -> Mapping[str, Any]:
    """Too early, or never reached: marketing stays in touch."""
    reason = "not reached" if number(job.variables, "attempts") > 0 else f"grade {text(job.variables, 'grade', 'C')}"
    return _end_lead(job, "nurtured", reason)


def _end_lead(job: Job, status: str, reason: str) -> Mapping[str, Any]:
    """End the work on a lead; it leaves its outcome record here."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        lead_id = required_text(job.variables, "lead_id")
        close_lead(once.session, lead_id=lead_id, status=status, reason=reason, now=job.now)
        record_outcome(once.session, job, status, {"reason": reason, "qualified": False})
        return once.keep({"lead_outcome": status, "lead_closed_at": job.now, "lead_closing_reason": reason})


@handlers.register("sales.record_characteristics")
def record_needs(job: Job) -> Mapping[str, Any]:
    """The three kinds of characteristics and the requirements of a customer, as discovered in conversation."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, party_id = once.session, required_text(source, "party_id")
        kinds = {"descriptive": DESCRIPTIVE, "behavioural": BEHAVIOURAL, "external": EXTERNAL}
        for kind, names in kinds.items():
            values = {name: plain(source.get(name)) for name in names}
            record_characteristics(
                session, kind=kind, values=values, party_id=party_id, now=job.now, source="discovery"
            )
        changes = {name: source.get(name) for name in ("industry", "employees") if source.get(name) is not None}
        if "employees" in changes:
            changes["employees"] = int(number(source, "employees"))
        party = update_party(session, party_id=party_id, changes=changes, now=job.now)
        requirements = [plain(row) for row in items(source, "requirements")]
        if text(source, "opportunity_id"):
            plan_opportunity(
                session,
                opportunity_id=text(source, "opportunity_id"),
                changes={"requirements": requirements},
                stage="discovery",
            )
        return once.keep({"customer_name": party.name})


@handlers.register("sales.save_opportunity")
def save_opportunity(job: Job) -> Mapping[str, Any]:
    """Keep the plan of the deal, and look up what is to be offered.

    `offer_lines` are the wished lines with product facts; `configurable_lines` those that need a configuration.
    """
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        opportunity = plan_opportunity(
            session,
            opportunity_id=required_text(source, "opportunity_id"),
            stage=text(source, "stage") or None,
            changes=_plan_changes(source),
        )
        party = find(session, Party, opportunity.party_id)
        lines = offer_lines(session, items(source, "lines")) if source.get("pursue") is not False else []
        return once.keep(
            {
                "offer_lines": lines,
                "configurable_lines": [line for line in lines if line["configurable"]],
                "configurations": [],
                "opportunity_no": opportunity.number,
                "customer_name": party.name,
                "opportunity_reminders": 0,
                "offer_asked_at": source.get("offer_asked_at") or job.now,
            }
        )


def _plan_changes(source: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "close_on": day(source, "close_date"),
        "next_step": text(source, "next_step") or None,
        "next_step_on": day(source, "next_step_on"),
        "competitors": [name.strip() for name in text(source, "competitors").split(",") if name.strip()],
    }
    if source.get("amount") is not None:
        changes["amount"] = number(source, "amount")
    return changes


def offer_lines(session: Session, wished: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Wished lines with what the product master knows; a product that is unknown is named in an InvalidInput."""
    lines = []
    for position, wish in enumerate(wished, 1):
        product = product_by_sku(session, required_text(wish, "sku"))
        lines.append(
            {
                "position": position,
                "sku": product.sku,
                "name": product.name,
                "quantity": number(wish, "quantity", 1),
                "discount_percent": number(wish, "discount_percent"),
                "configurable": product.configurable,
            }
        )
    return lines


@handlers.register("sales.record_loss")
def record_loss(job: Job) -> Mapping[str, Any]:
    """Close the opportunity as lost, with what is learnt from it."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        opportunity: Opportunity = lose_opportunity(
            session,
            opportunity_id=required_text(source, "opportunity_id"),
            reason=text(source, "loss_reason", "other"),
            competitor=text(source, "loss_competitor") or None,
            now=job.now,
        )
        log_interaction(
            session,
            channel="internal",
            direction="in",
            subject=f"Deal {opportunity.number} lost",
            body=text(source, "loss_comment") or None,
            outcome=opportunity.loss_reason,
            party_id=opportunity.party_id,
            now=job.now,
        )
        gap = number(source, "price_gap") if source.get("price_gap") is not None else None
        record_outcome(
            session, job, "lost", {"deal": "lost", "loss_reason": opportunity.loss_reason, "price_gap_percent": gap}
        )
        return once.keep({"quote_decision": "lost", "deal_closed_at": job.now})
