"""The customer's view of a quote, through a signed link: accept, decline, or ask for a change."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from engine.commands.publish_message import publish_message
from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from processes.customer_base.scope import find, in_enterprise
from processes.customer_base.tables import Document, Party, Quote, Site
from webapp.access import now, read, run, wiring
from webapp.links import read_token
from webapp.pages.mailbox import download

blueprint = Blueprint("quotes", __name__, url_prefix="/quote")
DECISIONS = ("accept", "reject", "change")
ORDER_FIELDS = ("signed_by", "po_no", "ship_to_street", "ship_to_city", "ship_to_country")  # what an acceptance brings
LONGEST_ENTRY = 200
OPEN = ("sent", "approved", "draft")


def _subject(token: str) -> tuple[str, str]:
    return read_token(wiring().settings.signing_key(), "quote", token)


@blueprint.get("/<token>")
def show(token: str):
    enterprise_id, quote_id = _subject(token)

    def questions(work):
        session = in_enterprise(work.session, enterprise_id)
        quote = find(session, Quote, quote_id, "quote")
        documents = select(Document.id, Document.name).where(
            Document.subject_kind == "quote", Document.subject_id.in_((quote.id, quote.number))
        )
        return {
            "quote": quote,
            "lines": list(quote.lines),
            "party": find(session, Party, quote.party_id),
            "documents": session.execute(documents).all(),
            "site": _delivery_site(session, quote),
        }

    found = read(questions)
    quote = found["quote"]
    is_open = quote.status in OPEN and quote.decision is None and now().date() <= quote.valid_to
    return render_template("quotes/page.html", token=token, is_open=is_open, today=now().date(), **found)


@blueprint.get("/<token>/documents/<document_id>")
def document(token: str, document_id: str):
    enterprise_id, quote_id = _subject(token)

    def question(work):
        session = in_enterprise(work.session, enterprise_id)
        quote = find(session, Quote, quote_id, "quote")
        found = find(session, Document, document_id, "document")
        if found.subject_kind != "quote" or found.subject_id not in (quote.id, quote.number):
            raise InvalidInput(_("This document does not belong to the quote."))
        return found.name, found.content

    name, content = read(question)
    return download(name, content)


@blueprint.post("/<token>/decision")
def decide(token: str):
    """Tells the process what the customer decided; the same decision twice counts once."""
    enterprise_id, quote_id = _subject(token)
    decision = request.form.get("decision", "")
    comment = request.form.get("comment", "").strip()
    if decision not in DECISIONS:
        raise InvalidInput(_("Please accept, decline or ask for a change."))
    if decision == "change" and not comment:
        raise InvalidInput(_("Please tell us what should change."))

    entries = {name: request.form.get(name, "").strip()[:LONGEST_ENTRY] for name in ORDER_FIELDS}
    order = {name: text for name, text in entries.items() if text and decision == "accept"}

    def command(work):
        session = in_enterprise(work.session, enterprise_id)
        quote = find(session, Quote, quote_id, "quote")
        if quote.decision is not None or quote.status not in OPEN:
            raise InvalidState(_("This quote was already decided, or a newer version replaced it."))
        if now().date() > quote.valid_to:
            raise InvalidState(_("This quote was valid until %(day)s: ask for a new one.", day=quote.valid_to))
        return publish_message(
            work,
            enterprise_id=enterprise_id,
            name="QuoteDecision",
            correlation={"quote_id": quote.id, "version": quote.version},
            variables={"quote_decision": decision, "decision": decision, "quote_comment": comment or None} | order,
            message_id=f"quote {quote.id} {quote.version} {decision}",
            actor=Actor(id="customer", is_supervisor=True, enterprise_id=enterprise_id),
            now=now(),
        )

    run(command)
    thanks = {
        "accept": _("Thank you for your order. We confirm it shortly."),
        "reject": _("Thank you for telling us."),
        "change": _("Thank you. You get a new version of the quote."),
    }
    flash(thanks[decision], "success")
    return redirect(url_for("quotes.show", token=token, sent=decision))


def _delivery_site(session, quote: Quote) -> dict[str, str | None]:
    """Where the customer's goods go, as far as it is known."""
    newest_first = select(Site).where(Site.party_id == quote.party_id).order_by(Site.created_at.desc())
    site = session.scalar(newest_first.limit(1))
    if site is None:
        return {}
    return {"ship_to_street": site.street, "ship_to_city": site.city, "ship_to_country": site.country}
