"""Customers: search, and everything about one of them on one page."""

from flask import Blueprint, render_template, request
from flask_login import login_required
from sqlalchemy import select

from engine.queries.process_instances import process_instances
from processes.customer_base import tables as crm
from processes.customer_base.characteristics import current_characteristics
from processes.customer_base.interactions import timeline
from processes.customer_base.invoicing import revenue
from processes.customer_base.parties import contacts_of, search_parties
from processes.customer_base.scope import find, in_enterprise
from webapp.access import enterprise_id, read

blueprint = Blueprint("customers", __name__, url_prefix="/customers")
ROWS = 50
RECENT_ROWS = 20


@blueprint.get("")
@login_required
def index():
    text = request.args.get("q", "").strip()
    offset = max(0, request.args.get("offset", 0, type=int))

    def question(work):
        session = in_enterprise(work.session, enterprise_id())
        if text:
            return search_parties(session, text=text, limit=ROWS + 1)
        newest = select(crm.Party).where(crm.Party.status != "merged").order_by(crm.Party.name, crm.Party.id)
        return list(session.scalars(newest.limit(ROWS + 1).offset(offset)))

    found = read(question)
    return render_template(
        "customers/list.html",
        parties=found[:ROWS],
        has_more=len(found) > ROWS and not text,
        text=text,
        offset=offset,
        rows=ROWS,
    )


@blueprint.get("/<party_id>")
@login_required
def show(party_id: str):
    """The customer's 360° page."""

    def questions(work):
        session = in_enterprise(work.session, enterprise_id())
        party = find(session, crm.Party, party_id, "customer")
        return {
            "party": party,
            "contacts": contacts_of(session, party_id),
            "sites": _of(session, crm.Site, party_id),
            "characteristics": current_characteristics(session, party_id=party_id),
            "interactions": timeline(session, party_id=party_id, limit=30),
            "leads": _of(session, crm.Lead, party_id),
            "opportunities": _of(session, crm.Opportunity, party_id),
            "quotes": _of(session, crm.Quote, party_id),
            "orders": _of(session, crm.Order, party_id),
            "invoices": _of(session, crm.Invoice, party_id),
            "tickets": _of(session, crm.Ticket, party_id),
            "returns": _of(session, crm.ReturnOrder, party_id),
            "machines": _of(session, crm.InstalledProduct, party_id),
            "revenue": revenue(session, party_id=party_id),
            "credit": session.scalar(select(crm.CreditProfile).where(crm.CreditProfile.party_id == party_id)),
            "cases": process_instances(
                work, enterprise_id=enterprise_id(), attributes={"party_id": party_id}, limit=RECENT_ROWS
            ).rows,
        }

    return render_template("customers/page.html", **read(questions))


def _of(session, table, party_id: str) -> list:
    """The party's rows of a table, the newest first."""
    newest_first = table.created_at.desc() if hasattr(table, "created_at") else table.id.desc()
    return list(
        session.scalars(select(table).where(table.party_id == party_id).order_by(newest_first).limit(RECENT_ROWS))
    )
