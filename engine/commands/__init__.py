"""One verb per module; the caller opens the unit of work, a command never commits."""

from engine.commands import route_message  # tells the outbox what routes its rows

__all__ = ["route_message"]
