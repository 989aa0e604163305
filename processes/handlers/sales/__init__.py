"""Handlers of lead to order (topics `sales.…`), by the part of the flow they serve."""

from engine.handlers import Handlers
from processes.handlers.sales import changing, checks, configuring, fulfilment, leads, notices, offers, orders, payments

handlers = Handlers()
for part in (leads, notices, configuring, offers, orders, checks, fulfilment, changing, payments):
    handlers.include(part.handlers)
