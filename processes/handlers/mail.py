"""Handlers that send mail (topics `mail.…`): into the mailbox that one reads on screen, or out by SMTP."""

import re
from collections.abc import Mapping
from typing import Any

from engine.errors import InvalidInput
from engine.handlers import Handlers, Job
from processes.customer_base.characteristics import as_text
from processes.customer_base.interactions import log_interaction
from processes.customer_base.mailing import Mail
from processes.customer_base.parties import primary_contact
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact

handlers = Handlers()


@handlers.register("mail.send")
def send(job: Job) -> Mapping[str, Any]:
    """One mail: `mail_subject` and `mail_body` (`{name}` takes a variable), with the files `document_ids`.

    It goes to `mail_to`, else to the contact `contact_id`, else to the first contact of `party_id`.
    `{mail_sent_to, mail_sent_at}`.
    """
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session, variables = once.session, job.variables
        contact = None
        if not variables.get("mail_to"):
            if variables.get("contact_id"):
                contact = find(session, Contact, str(variables["contact_id"]))
            elif variables.get("party_id"):
                contact = primary_contact(session, str(variables["party_id"]))
        address = str(variables.get("mail_to") or (contact.email if contact else "") or "")
        if not address:
            raise InvalidInput(
                "A mail needs 'mail_to', or a contact or party with an e-mail address: complete the contact."
            )
        fields = {**variables, "contact_name": contact.name if contact else variables.get("contact_name")}
        mail = Mail(
            key=job.idempotency_key,
            to=address,
            subject=fill(str(variables.get("mail_subject") or job.business_key or job.process_id), fields),
            body=fill(str(variables.get("mail_body") or ""), fields),
            document_ids=[str(document_id) for document_id in variables.get("document_ids") or ()],
            case_reference=job.business_key or job.process_instance_id or None,
        )
        job.resources.send(session, mail, now=job.now)
        if contact:
            log_interaction(
                session,
                channel="email",
                direction="out",
                subject=mail.subject,
                body=mail.body,
                party_id=contact.party_id,
                contact_id=contact.id,
                now=job.now,
            )
        return once.keep({"mail_sent_to": address, "mail_sent_at": job.now})


def fill(text: str, variables: Mapping[str, Any]) -> str:
    """The text with `{name}` replaced by the variable's value; an unknown or empty one becomes a dash (pure)."""

    def value(match: re.Match[str]) -> str:
        known = variables.get(match[1])
        return "–" if known is None else as_text(known)

    return re.sub(r"\{(\w+)\}", value, text)
