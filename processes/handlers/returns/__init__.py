"""Handlers of reverse logistics (D.4)."""

from engine.handlers import Handlers
from processes.handlers.returns import goods, intake, notices, quality, settling

handlers = Handlers()
for part in (intake, goods, settling, quality, notices):
    handlers.include(part.handlers)
