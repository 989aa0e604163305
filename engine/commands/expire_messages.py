"""Forget buffered messages that nobody wanted in time, and message ids that are old enough."""

from datetime import datetime

from sqlalchemy import delete

from engine.store.tables import Message
from engine.store.unit_of_work import Work


def expire_messages(work: Work, *, now: datetime) -> int:
    """The number of messages whose time to live has ended."""
    expired = delete(Message).where(Message.state.in_(("buffered", "delivered")), Message.expires_at <= now)
    return work.execute(expired).rowcount
