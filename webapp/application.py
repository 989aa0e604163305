"""The application factory: puts settings, store, pages and guards together."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask_wtf import CSRFProtect

from webapp import access, assets, errors, languages, practice_view, presentation, security
from webapp.checking import CheckRuns
from webapp.importing import ImportRuns
from webapp.pages import blueprints
from webapp.settings import Settings
from webapp.wiring import Wiring, wire

csrf = CSRFProtect()


def create_app(settings: Settings | None = None, wiring: Wiring | None = None) -> Flask:
    """A Flask application for these settings (default: the environment's).

    Tests pass their own `wiring` with a virtual clock and a store of their own.
    """
    settings = settings or (wiring.settings if wiring else Settings.from_environment())
    app = Flask("webapp", static_folder="static", template_folder="templates")
    app.extensions["praxis"] = wiring or wire(settings)
    app.extensions["praxis_imports"] = ImportRuns()
    app.extensions["praxis_checks"] = CheckRuns()
    app.config.update(
        SECRET_KEY=settings.signing_key(),
        SESSION_COOKIE_NAME="praxis_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.cookie_secure and settings.address.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        # Else a late answer (a tab, the counts) would bring the old session back and lose the newer one's notices.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=settings.upload_megabytes * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=5000,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form may stay open over lunch
        BABEL_DEFAULT_LOCALE=settings.language,
        BABEL_DEFAULT_TIMEZONE=str(ZoneInfo(settings.time_zone)),
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    csrf.init_app(app)
    for part in (languages, security, access, errors, assets, presentation, practice_view):
        part.install(app)
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    return app
