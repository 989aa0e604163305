"""Common handlers on the customer base (topics `crm.…`): contacts, duplicates, leads, behaviour, surveys, outcomes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.handlers import BpmnError, Handlers, Job
from engine.store.types import plain
from processes.customer_base.amounts import decimal_of
from processes.customer_base.characteristics import KINDS, record_behaviour, record_characteristics
from processes.customer_base.interactions import log_interaction
from processes.customer_base.leads import LEAD_FIELDS, attach_lead, convert_lead, update_lead
from processes.customer_base.mailing import Mail
from processes.customer_base.matching import Candidate, find_duplicates
from processes.customer_base.normalising import clean_contact
from processes.customer_base.parties import primary_contact
from processes.customer_base.records import answer_survey, record_outcome, request_survey
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, Lead, Opportunity, Party

handlers = Handlers()
CONTACT_FIELDS = ("company", "contact_name", "email", "phone", "country", "city", "tax_id")
UNUSABLE = "UNUSABLE_CONTACT"


@handlers.register("crm.normalise_contact")
def normalise_contact(job: Job) -> Mapping[str, Any]:
    """The contact variables in their one form, also in the lead (`lead_id`) when there is one.

    A field that cannot be read becomes null and is named in `contact_problem`. BpmnError `UNUSABLE_CONTACT` when
    nobody can be reached or named with what is left.
    """
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        raw = {name: job.variables.get(name) for name in CONTACT_FIELDS}
        cleaned = clean_contact({name: plain(value) for name, value in raw.items()})
        problem = " ".join(cleaned.problems.values())
        if not cleaned.is_usable:
            raise BpmnError(UNUSABLE, problem or _what_is_missing(cleaned.values), {"contact_problem": problem or None})
        lead_id = _text(job, "lead_id")
        if lead_id:
            changes = {name: plain(job.variables[name]) for name in LEAD_FIELDS & set(job.variables)}
            update_lead(once.session, lead_id=lead_id, changes={**changes, **_only_read(raw, cleaned.values)})
        result = {
            name: cleaned.values.get(name) for name in CONTACT_FIELDS if raw[name] is not None or name == "country"
        }
        return once.keep({**result, "contact_problem": problem or None})


@handlers.register("crm.find_duplicates")
def search_duplicates(job: Job) -> Mapping[str, Any]:
    """Who this may be already.

    `{duplicate_kind: exact|fuzzy|none, duplicate_candidates: [{kind, id, number, name, city, score, reason, status}],
    duplicate_subject_id, duplicate_subject_kind}`; the subject is the best exact match. `lead_id` never finds itself.
    """
    with job.resources.transaction(job) as session:
        candidates = find_duplicates(
            session,
            name=_text(job, "company") or _text(job, "contact_name"),
            city=_text(job, "city"),
            email=_text(job, "email"),
            phone=_text(job, "phone"),
            tax_id=_text(job, "tax_id"),
            except_ids=[_text(job, "lead_id") or ""],
        )
    exact = next((candidate for candidate in candidates if candidate.is_exact), None)
    return {
        "duplicate_kind": "exact" if exact else "fuzzy" if candidates else "none",
        "duplicate_candidates": [_as_variables(candidate) for candidate in candidates],
        "duplicate_subject_id": exact.id if exact else None,
        "duplicate_subject_kind": exact.kind if exact else None,
    }


@handlers.register("crm.attach")
def attach(job: Job) -> Mapping[str, Any]:
    """Attach the lead to `duplicate_subject_id` (else the best candidate), which is a party or an open lead.

    `{open_lead_exists, party_id, merged_into_lead_id, account_owner, customer_name}`. `keep_new_fields` names the
    fields for which the new value wins.
    """
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, lead_id = once.session, _needed(job, "lead_id")
        kind, subject_id = _subject(session, job)
        _take_over(session, lead_id, kind, subject_id, job)
        target = attach_lead(session, lead_id=lead_id, kind=kind, subject_id=subject_id, now=job.now)
        party = find(session, Party, target["party_id"]) if target["party_id"] else None
        return once.keep(
            {
                "open_lead_exists": target["action"] == "merged",
                "merged_into_lead_id": target["lead_id"] if target["action"] == "merged" else None,
                "party_id": party.id if party else None,
                "customer_name": party.name if party else None,
                "account_owner": party.owner if party and party.key_account else None,
            }
        )


handlers.register("crm.attach_interaction")(attach)


@handlers.register("crm.convert_lead")
def convert(job: Job) -> Mapping[str, Any]:
    """Party, contact and opportunity out of the lead.

    `{party_id, customer_id, customer_no, customer_name, contact_id, opportunity_id, opportunity_no, region}`.
    """
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        amount = job.variables.get("amount")
        done = convert_lead(
            once.session,
            lead_id=_needed(job, "lead_id"),
            amount=None if amount is None else decimal_of(amount, "amount"),
            now=job.now,
        )
        return once.keep(
            {
                "party_id": done.party.id,
                "customer_id": done.party.id,
                "customer_no": done.party.number,
                "customer_name": done.party.name,
                "contact_id": done.contact.id if done.contact else None,
                "opportunity_id": done.opportunity.id,
                "opportunity_no": done.opportunity.number,
                "region": done.party.region,
            }
        )


@handlers.register("crm.record_behaviour")
def note_behaviour(job: Job) -> Mapping[str, Any]:
    """One behavioural characteristic: `behaviour`, optional `behaviour_value`, of `party_id` or `lead_id`."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        row = record_behaviour(
            once.session,
            item=_needed(job, "behaviour"),
            value=job.variables.get("behaviour_value", 1),
            party_id=_text(job, "party_id"),
            lead_id=_text(job, "lead_id"),
            source=job.process_id or "process",
            now=job.now,
        )
        return once.keep({"characteristic_id": row.id})


@handlers.register("crm.record_characteristics")
def note_characteristics(job: Job) -> Mapping[str, Any]:
    """The contexts `descriptive`, `behavioural` and `external` (item → value) of `party_id` or `lead_id`."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        recorded = 0
        for kind in KINDS:
            values = job.variables.get(kind)
            if isinstance(values, Mapping):
                recorded += record_characteristics(
                    once.session,
                    kind=kind,
                    values=values,
                    party_id=_text(job, "party_id"),
                    lead_id=_text(job, "lead_id"),
                    source=job.process_id or "process",
                    now=job.now,
                )
        return once.keep({"characteristics_recorded": recorded})


@handlers.register("crm.log_interaction")
def note_interaction(job: Job) -> Mapping[str, Any]:
    """One interaction: `interaction_channel`, `interaction_direction` (in, out), `interaction_subject`, `…_body`,
    `…_outcome`, of `party_id`, `contact_id` or `lead_id`."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        row = log_interaction(
            once.session,
            channel=_text(job, "interaction_channel") or _text(job, "channel") or "other",
            direction=_text(job, "interaction_direction") or "out",
            subject=_text(job, "interaction_subject") or job.business_key or job.process_id,
            body=_text(job, "interaction_body"),
            outcome=_text(job, "interaction_outcome"),
            agent=_text(job, "interaction_agent"),
            party_id=_text(job, "party_id"),
            contact_id=_text(job, "contact_id"),
            lead_id=_text(job, "lead_id"),
            references={"process_instance_id": job.process_instance_id},
            now=job.now,
        )
        return once.keep({"interaction_id": row.id})


@handlers.register("crm.survey_request")
def ask_survey(job: Job) -> Mapping[str, Any]:
    """Ask the customer once per case how it went, by mail when there is an address. `{survey_id, survey_reference}`."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, reference = once.session, case_reference(job)
        contact = _contact(session, job)
        survey = request_survey(
            session,
            case_reference=reference,
            kind=_text(job, "survey_kind") or "satisfaction",
            party_id=contact.party_id if contact else _text(job, "party_id"),
            contact_id=contact.id if contact else None,
            now=job.now,
        )
        if contact and contact.email:
            chinese = (contact.language or "").startswith("zh")
            job.resources.send(
                session,
                Mail(
                    key=f"survey:{survey.id}",
                    to=contact.email,
                    subject=f"请您评价：{reference}" if chinese else f"How did we do? {reference}",
                    body=(
                        f"{contact.name} 您好：\n\n请用 1（差）到 5（好）为我们的服务打分，直接回复本邮件即可。"
                        if chinese
                        else f"Dear {contact.name},\n\nplease reply with a grade from 1 (bad) to 5 (good)."
                    ),
                    case_reference=reference,
                ),
                now=job.now,
            )
        return once.keep({"survey_id": survey.id, "survey_reference": reference})


@handlers.register("crm.survey_answer")
def keep_survey_answer(job: Job) -> Mapping[str, Any]:
    """Keep the customer's answer: `score`, `comment`, for `survey_reference` or the case."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        survey = answer_survey(
            once.session,
            case_reference=_text(job, "survey_reference") or case_reference(job),
            score=int(decimal_of(job.variables.get("score"), "score")),
            comment=_text(job, "comment"),
            kind=_text(job, "survey_kind") or "satisfaction",
            now=job.now,
        )
        return once.keep({"survey_id": survey.id, "score": survey.score})


@handlers.register("crm.outcome_record")
def keep_outcome(job: Job) -> Mapping[str, Any]:
    """What the case achieved: `outcome`, `measures` (a context), `case_started_at`, for `practice` or the process."""
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        measures = job.variables.get("measures")
        started_at = job.variables.get("case_started_at")
        record = record_outcome(
            once.session,
            practice=_text(job, "practice") or job.process_id,
            case_reference=case_reference(job),
            outcome=_text(job, "outcome") or "done",
            measures=measures if isinstance(measures, Mapping) else {},
            started_at=started_at if hasattr(started_at, "tzinfo") else None,
            ended_at=job.now,
        )
        return once.keep({"outcome_record_id": record.id})


def case_reference(job: Job) -> str:
    """What people call the case: its variable `case_ref`, else the business key, else the instance's id."""
    return _text(job, "case_ref") or job.business_key or job.process_instance_id or job.idempotency_key


def _subject(session: Session, job: Job) -> tuple[str, str]:
    """Whom to attach to: the chosen one, else the best candidate."""
    candidates = [item for item in job.variables.get("duplicate_candidates") or () if isinstance(item, Mapping)]
    subject_id = _text(job, "duplicate_subject_id") or (str(candidates[0]["id"]) if candidates else "")
    known = {str(item["id"]): str(item["kind"]) for item in candidates}
    if subject_id in known:
        return known[subject_id], subject_id
    if session.scalar(select(Party.id).where(Party.id == subject_id)):
        return "party", subject_id
    if session.scalar(select(Lead.id).where(Lead.id == subject_id)):
        return "lead", subject_id
    raise InvalidInput("There is nobody to attach the lead to: choose a customer or an open lead.")


def _take_over(session: Session, lead_id: str, kind: str, subject_id: str, job: Job) -> None:
    """The fields for which the enquiry's value wins."""
    fields = [str(name) for name in job.variables.get("keep_new_fields") or ()]
    if not fields:
        return
    lead = find(session, Lead, lead_id)
    values = {name: getattr(lead, name) for name in fields if name in CONTACT_FIELDS and getattr(lead, name)}
    if kind == "lead":
        update_lead(session, lead_id=subject_id, changes=values)
        return
    party, contact = find(session, Party, subject_id), primary_contact(session, subject_id)
    party.name = values.get("company", party.name)
    party.city = values.get("city", party.city)
    if contact:
        contact.name = values.get("contact_name", contact.name)
        contact.email = values.get("email", contact.email)
        contact.phone = values.get("phone", contact.phone)


def _contact(session: Session, job: Job) -> Contact | None:
    """The case's contact: named itself, of its opportunity, or the first of its party."""
    if _text(job, "contact_id"):
        return find(session, Contact, _text(job, "contact_id"))
    if _text(job, "opportunity_id"):
        opportunity = find(session, Opportunity, _text(job, "opportunity_id"))
        if opportunity.contact_id:
            return find(session, Contact, opportunity.contact_id)
    party_id = _text(job, "party_id") or _text(job, "customer_id")
    known = party_id and session.scalar(select(Party.id).where(Party.id == party_id))
    return primary_contact(session, known) if known else None


def _as_variables(candidate: Candidate) -> dict[str, Any]:
    return {**candidate.__dict__, "score": decimal_of(str(candidate.score))}


def _only_read(raw: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The contact values that came and could be read; the others are left as the lead has them."""
    return {name: values.get(name) for name, value in raw.items() if value is not None}


def _what_is_missing(values: Mapping[str, Any]) -> str:
    if not (values.get("company") or values.get("contact_name")):
        return "Neither a company nor a person is named: add one of them."
    return "Neither an e-mail address nor a phone number is known: add one of them."


def _needed(job: Job, name: str) -> str:
    value = _text(job, name)
    if not value:
        raise InvalidInput(f"The topic '{job.topic}' needs the variable '{name}': set it before {job.element_id}.")
    return value


def _text(job: Job, name: str) -> str | None:
    value = job.variables.get(name)
    return (str(value).strip() or None) if value is not None else None
