"""Publish a message by hand: goods arrived, a payment came in, a supplier answered."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from engine.commands.publish_message import publish_message
from engine.errors import EngineError, InvalidInput
from engine.store.tables import MessageSubscription, ProcessInstance
from webapp.access import actor, enterprise_id, now, read, run, supervisors_only
from webapp.pages.cases import typed_value

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

OUTCOMES = {
    "delivered": lambda: _("Delivered: the case went on."),
    "started": lambda: _("A new case was started by it."),
    "buffered": lambda: _("Nobody waits for it yet: it is kept for a day and delivered as soon as somebody does."),
    "repeated": lambda: _("This message was published before: nothing happened twice."),
}


@blueprint.get("")
@supervisors_only
def show():
    return render_template("messages.html", waiting=read(_waiting), sent=request.args)


@blueprint.post("")
@supervisors_only
def publish():
    name = request.form.get("name", "").strip()
    try:
        if not name:
            raise InvalidInput(_("A message needs a name, as the process calls it."))
        published = run(
            lambda work: publish_message(
                work,
                enterprise_id=enterprise_id(),
                name=name,
                correlation=_pairs("correlation"),
                variables=_pairs("variables"),
                actor=actor(),
                now=now(),
            )
        )
    except EngineError as error:
        flash(str(error), "warning")
        return render_template("messages.html", waiting=read(_waiting), sent=request.form), 400
    flash(OUTCOMES[published.outcome](), "success")
    if published.process_instance_id:
        return redirect(url_for("cases.show", case_id=published.process_instance_id))
    return redirect(url_for("messages.show"))


def _pairs(field: str) -> dict[str, object]:
    """One `name = value` per line; a value is FEEL, or a text as it stands."""
    pairs: dict[str, object] = {}
    for number, line in enumerate(request.form.get(field, "").splitlines(), 1):
        if not line.strip():
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip():
            raise InvalidInput(
                _("Line %(number)s: “name = value” was expected, found “%(found)s”.", number=number, found=line.strip())
            )
        pairs[name.strip()] = typed_value(value.strip())
    return pairs


def _waiting(work):
    """Cases that wait for a message now, the oldest first."""
    subscription = MessageSubscription.__table__.c
    case = ProcessInstance.__table__.c
    return work.execute(
        select(
            subscription.name,
            subscription.correlation,
            subscription.element_id,
            case.id.label("case_id"),
            case.definition_id,
            case.title,
            case.business_key,
        )
        .join(ProcessInstance, case.id == subscription.process_instance_id)
        .where(subscription.enterprise_id == enterprise_id(), subscription.kind == "message")
        .order_by(case.started_at)
        .limit(100)
    ).all()
