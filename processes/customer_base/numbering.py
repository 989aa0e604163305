"""Numbers for quotes, orders, tickets and the like: without gaps by commit, never given twice."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.store.types import new_id
from processes.customer_base.scope import enterprise_of
from processes.customer_base.tables import NumberSeries

PREFIXES = {
    "party": "C", "lead": "L", "opportunity": "OP", "quote": "Q", "order": "SO", "delivery": "DN", "invoice": "INV",
    "campaign": "MK", "ticket": "T", "work_order": "WO", "return": "RMA", "settlement": "CN", "claim": "SC",
    "nonconformity": "NC", "contract": "SV",
}  # fmt: skip


def next_number(session: Session, series: str, now: datetime) -> str:
    """The next number of a series, such as `Q-2026-00042`."""
    return next_numbers(session, series, now, count=1)[0]


def next_numbers(session: Session, series: str, now: datetime, *, count: int) -> list[str]:
    """`count` numbers in a row, taken with one statement."""
    if count < 1:
        return []
    year_series = f"{series}-{now.year}"
    last = _advance(session, year_series, count)
    prefix = PREFIXES.get(series, series.upper())
    return [f"{prefix}-{now.year}-{number:05d}" for number in range(last - count + 1, last + 1)]


def _advance(session: Session, series: str, count: int) -> int:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(NumberSeries).values(id=new_id(), enterprise_id=enterprise_of(session), series=series, last=count)
    statement = row.on_conflict_do_update(
        index_elements=["enterprise_id", "series"], set_={"last": NumberSeries.last + count}
    ).returning(NumberSeries.last)
    return session.execute(statement).scalar_one()
