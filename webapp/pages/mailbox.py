"""The mailbox: every mail that Praxis sent, to read on screen where no mail server is set up."""

import re

from flask import Blueprint, Response, render_template, request
from flask_login import login_required
from markupsafe import Markup, escape

from processes.customer_base.mailing import mailbox
from processes.customer_base.scope import find, in_enterprise
from processes.customer_base.tables import Document, MailboxMessage
from webapp.access import enterprise_id, read

blueprint = Blueprint("mailbox", __name__, url_prefix="/mailbox")
ROWS = 50
ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?，。)]")


@blueprint.get("")
@login_required
def show():
    offset = max(0, request.args.get("offset", 0, type=int))
    mails = read(lambda work: mailbox(in_enterprise(work.session, enterprise_id()), limit=ROWS + 1, offset=offset))
    return render_template(
        "mailbox/list.html", mails=mails[:ROWS], has_more=len(mails) > ROWS, offset=offset, rows=ROWS
    )


@blueprint.get("/<mail_id>")
@login_required
def mail(mail_id: str):
    def questions(work):
        session = in_enterprise(work.session, enterprise_id())
        found = find(session, MailboxMessage, mail_id, "mail")
        documents = [session.get(Document, each) for each in found.document_ids or ()]
        return {"mail": found, "documents": [each for each in documents if each is not None]}

    found = read(questions)
    return render_template("mailbox/page.html", body=linked(found["mail"].body), **found)


@blueprint.get("/documents/<document_id>")
@login_required
def document(document_id: str):
    """A file that a process made: quote, invoice, label."""

    def question(work):
        found = find(in_enterprise(work.session, enterprise_id()), Document, document_id, "document")
        return found.name, found.content

    name, content = read(question)
    return download(name, content)


def download(name: str, content: bytes) -> Response:
    """The file as a download, whatever it contains."""
    response = Response(content, content_type="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def linked(text: str) -> Markup:
    """The text with its web addresses as links."""
    parts = []
    end = 0
    for match in ADDRESS.finditer(text):
        address = escape(match[0])
        parts += [
            escape(text[end : match.start()]),
            Markup(f'<a class="text-decoration-underline" href="{address}" rel="noopener">{address}</a>'),
        ]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])
