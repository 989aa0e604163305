"""Handlers of the campaign lifecycle (D.2)."""

from engine.handlers import Handlers
from processes.handlers.marketing import planning, responding, results, sending

handlers = Handlers()
for part in (planning, sending, responding, results):
    handlers.include(part.handlers)
