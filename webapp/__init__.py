"""The web application: the only Flask. Thin views over commands and queries."""

from typing import Any


def create_app(*pieces: Any, **named_pieces: Any) -> Any:
    """The Flask application; see `webapp.application.create_app`.

    Imported on the first call only, so that `praxis play` and `praxis feel` start without Flask.
    """
    from webapp.application import create_app as create

    return create(*pieces, **named_pieces)


__all__ = ["create_app"]
