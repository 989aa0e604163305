"""Who is asking: the signed-in person, what they may do, and the views' shorthand for store and clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_required
from sqlalchemy import select

from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from webapp.tables import Enterprise, Role, User
from webapp.wiring import Wiring

T = TypeVar("T")
login_manager = LoginManager()


@dataclass(frozen=True)
class Person:
    """The signed-in user, as Flask-Login and the templates see them."""

    name: str
    full_name: str
    email: str | None
    enterprise_id: str
    enterprise_name: str
    roles: frozenset[str]
    is_supervisor: bool
    language: str | None
    session_key: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return f"{self.name}:{self.session_key}"

    @property
    def initials(self) -> str:
        words = self.full_name.split()
        return "".join(word[0] for word in words[:2]).upper() or self.name[:1].upper()

    @property
    def actor(self) -> Actor:
        """This person as the engine's commands know them."""
        return Actor(
            id=self.name,
            groups=self.roles,
            is_supervisor=self.is_supervisor,
            stands_in_for=frozenset(),
            enterprise_id=self.enterprise_id,
        )


def wiring() -> Wiring:
    return current_app.extensions["praxis"]


def now() -> datetime:
    """The moment of this request: the same for everything that it does."""
    if "now" not in g:
        g.now = wiring().clock.now()
    return g.now


def actor() -> Actor:
    return current_user.actor


def enterprise_id() -> str:
    return current_user.enterprise_id


def run(function: Callable[[Work], T]) -> T:
    """A command's result; see `Wiring.run`."""
    return wiring().run(function)


def read(function: Callable[[Work], T]) -> T:
    """A query's result."""
    with wiring().store.reading() as work:
        return function(work)


def person_of(work: Work, name: str) -> Person | None:
    """The active person with this sign-in name."""
    user = work.session.scalar(select(User).where(User.name == name, User.is_active))
    if user is None:
        return None
    enterprise = work.session.get(Enterprise, user.enterprise_id)
    return Person(
        name=user.name,
        full_name=user.full_name,
        email=user.email,
        enterprise_id=user.enterprise_id,
        enterprise_name=enterprise.name if enterprise else user.enterprise_id,
        roles=frozenset(membership.role_key for membership in user.memberships),
        is_supervisor=user.is_supervisor,
        language=user.language,
        session_key=user.session_key,
    )


def people() -> dict[str, str]:
    """Full names by sign-in name, of the own enterprise; read once per request."""
    if "people" not in g:
        statement = select(User.name, User.full_name).where(User.enterprise_id == enterprise_id())
        g.people = dict(read(lambda work: work.execute(statement.order_by(User.full_name)).all()))
    return g.people


def role_names() -> dict[str, dict[str, str]]:
    """Names by role key, {"en": …, "zh": …}, of the own enterprise; read once per request."""
    if "role_names" not in g:
        statement = select(Role.key, Role.name, Role.name_zh).where(Role.enterprise_id == enterprise_id())
        rows = read(lambda work: work.execute(statement).all())
        g.role_names = {key: {"en": name, "zh": name_zh or name} for key, name, name_zh in rows}
    return g.role_names


def supervisors_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view is for people who look after everybody's work; others get 403."""

    @wraps(view)
    @login_required
    def guarded(*arguments: Any, **named: Any) -> Any:
        if not current_user.is_supervisor:
            abort(403)
        return view(*arguments, **named)

    return guarded


def safe_target(target: str | None) -> str:
    """Where to go after signing in: only to addresses of our own."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target:
        return target
    return url_for("worklist.home")


@login_manager.user_loader
def load_person(identity: str) -> Person | None:
    name, _, session_key = identity.rpartition(":")
    person = read(lambda work: person_of(work, name))
    return person if person and person.session_key == session_key else None


@login_manager.unauthorized_handler
def to_sign_in() -> Any:
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("sign_in.show")}
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        abort(401)
    return redirect(url_for("sign_in.show", next=request.full_path.rstrip("?")))


def install(app: Flask) -> None:
    login_manager.session_protection = "basic"
    login_manager.init_app(app)
    app.jinja_env.globals.update(people=people, role_names=role_names, now=now)

    @app.before_request
    def keep_session() -> None:
        if not session.permanent:  # setting it marks the session as changed, and a changed one is sent again
            session.permanent = True
