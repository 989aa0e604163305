"""Handlers of ticket to dispatch (D.3) and of the processes it calls."""

from engine.handlers import Handlers
from processes.handlers.service import clock, closing, complaints, intake, knowledge, notices, parts, planning, visiting

handlers = Handlers()
for part in (notices, intake, clock, parts, planning, visiting, closing, complaints, knowledge):
    handlers.include(part.handlers)
