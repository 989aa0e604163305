"""Sign in, sign out, and the choice of language."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required, login_user, logout_user
from sqlalchemy import select

from webapp.access import now, person_of, read, safe_target, wiring
from webapp.languages import LANGUAGES
from webapp.passwords import is_password
from webapp.tables import User

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def show():
    if current_user.is_authenticated:
        return redirect(url_for("worklist.home"))
    return _page()


@blueprint.post("/sign-in")
def sign_in():
    name = request.form.get("name", "").strip().lower()
    keys = (f"name {name}", f"address {request.remote_addr}")
    throttle = wiring().throttle
    if seconds := throttle.seconds_to_wait(keys, now()):
        text = _("Too many tries. Please wait %(seconds)s seconds, then try again.", seconds=seconds)
        return _page(name, text), 429
    kept_hash = read(lambda work: work.session.scalar(select(User.password_hash).where(User.name == name)))
    person = read(lambda work: person_of(work, name))
    if not is_password(request.form.get("password", ""), kept_hash) or person is None:
        throttle.note_failure(keys, now())
        return _page(name, _("Name and password do not fit together. Please try again.")), 401
    throttle.forgive(keys)
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    login_user(person)
    return redirect(safe_target(request.args.get("next")))


@blueprint.post("/sign-out")
@login_required
def sign_out():
    language = session.get("language")
    logout_user()
    session.clear()
    if language:
        session["language"] = language
    flash(_("You are signed out."))
    return redirect(url_for("sign_in.show"))


@blueprint.post("/language/<language>")
def choose_language(language: str):
    if language in LANGUAGES:
        session["language"] = language
    return redirect(safe_target(request.form.get("next")))


def _page(name: str = "", problem: str | None = None):
    demo_people = read(_demo_people) if wiring().settings.demo else []
    return render_template("sign_in.html", name=name, problem=problem, demo_people=demo_people)


def _demo_people(work):
    names = select(User.name, User.full_name).order_by(User.enterprise_id != "demo", User.name)
    return work.execute(names).all()
