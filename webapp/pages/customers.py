"""Customers: search, and everything about one of them on one page."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_login import login_required
from sqlalchemy import select

from engine.queries.process_instances import process_instances
from processes.customer_base import tables as crm
from processes.customer_base.parties import search_parties
from processes.customer_base.profiles import profile
from processes.customer_base.scope import in_enterprise
from webapp.access import enterprise_id, now, read

blueprint = Blueprint("customers", __name__, url_prefix="/customers")
ROWS = 50
RECENT_ROWS = 20
CUSTOMER_ATTRIBUTES = ("party_id", "customer_id")


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
        found = profile(in_enterprise(work.session, enterprise_id()), party_id, now=now())
        return found, _cases_of(work, found.party.id)

    found, cases = read(questions)
    return render_template("customers/page.html", profile=found, party=found.party, cases=cases)


def _cases_of(work, party_id: str) -> list[Any]:
    """The customer's cases, the newest first, whichever way their process names the customer."""
    found = {
        row.id: row
        for name in CUSTOMER_ATTRIBUTES
        for row in process_instances(
            work, enterprise_id=enterprise_id(), attributes={name: party_id}, limit=RECENT_ROWS
        ).rows
    }
    return sorted(found.values(), key=lambda row: row.started_at, reverse=True)[:RECENT_ROWS]
