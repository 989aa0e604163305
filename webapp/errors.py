"""What went wrong, told kindly: a page for people, a problem document (RFC 9457) for programs. Never a stack trace."""

import logging
import uuid

from flask import Flask, Response, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine.errors import (
    AlreadyExists,
    EngineError,
    InvalidInput,
    InvalidModel,
    InvalidState,
    NotFound,
    NotPermitted,
)

log = logging.getLogger(__name__)

STATUS = {  # the first that fits
    InvalidModel: 422,
    InvalidInput: 400,
    NotFound: 404,
    NotPermitted: 403,
    AlreadyExists: 409,
    InvalidState: 409,
    EngineError: 400,
}
TITLES = {
    400: _l("This does not fit"),
    401: _l("Please sign in"),
    403: _l("This is somebody else's work"),
    404: _l("Nothing here"),
    405: _l("This cannot be done here"),
    409: _l("Somebody was faster"),
    413: _l("Too large"),
    422: _l("The model cannot be run"),
    429: _l("Please wait a moment"),
    500: _l("Something went wrong on our side"),
}


def status_of(error: EngineError) -> int:
    """The HTTP status that says the same as the error's category."""
    return next(status for category, status in STATUS.items() if isinstance(error, category))


def wants_json() -> bool:
    """Whether a program asks rather than a person."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def problem(status: int, detail: str, **more: object) -> Response:
    """A problem document (RFC 9457)."""
    response = jsonify(
        {"type": "about:blank", "title": str(TITLES.get(status, TITLES[400])), "status": status, "detail": detail}
        | more
    )
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def answer(status: int, detail: str, **more: object) -> Response | tuple[str, int]:
    """The error in the form that the caller asked for: problem document, small notice for htmx, or page."""
    if wants_json():
        return problem(status, detail, **more)
    title = str(TITLES.get(status, TITLES[400]))
    template = "errors/notice.html" if request.headers.get("HX-Request") else "errors/page.html"
    return render_template(template, status=status, title=title, detail=detail, **more), status


def install(app: Flask) -> None:
    @app.errorhandler(EngineError)
    def engine_error(error: EngineError):
        more = {}
        if isinstance(error, InvalidModel) and error.findings:
            more["findings"] = [str(finding) for finding in error.findings]
        return answer(status_of(error), str(error), **more)

    @app.errorhandler(CSRFError)
    def expired_form(_error: CSRFError):
        return answer(400, _("This page was open for too long, or you signed in again elsewhere. Reload it and retry."))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException):
        if error.code is None or error.code < 400:
            return error
        return answer(error.code, _describe(error))

    @app.errorhandler(Exception)
    def unexpected(error: Exception):
        number = uuid.uuid4().hex[:8]
        log.error("Unexpected error %s on %s %s", number, request.method, request.path, exc_info=error)
        text = _(
            "Nothing was lost: what you did last was not kept. Try again; if it stays, tell %(number)s to support."
        )
        return answer(500, text % {"number": number}, number=number)


def _describe(error: HTTPException) -> str:
    texts = {
        404: _("The address leads nowhere, or what it named is gone. Go back to the worklist and look again."),
        405: _("This address exists, but not for this kind of request. Go back and use the buttons of the page."),
        413: _("The upload is larger than this installation accepts. Choose a smaller file."),
    }
    return texts.get(error.code) or error.description or _("The request could not be understood.")
