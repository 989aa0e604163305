"""What an enterprise was told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.store.unit_of_work import Work
from practice_repo.notices import text_of_notice
from practice_repo.practice import Text
from practice_repo.tables import PracticeNotice

COLUMNS = PracticeNotice.__table__.c


@dataclass(frozen=True)
class Notice:
    id: str
    kind: str
    item_id: str | None
    version_id: str | None
    candidate_id: str | None
    contribution_id: str | None
    text: Text
    at: datetime
    is_read: bool


def notices(work: Work, *, enterprise_id: str, unread_only: bool = False, limit: int = 50) -> tuple[Notice, ...]:
    """The newest first."""
    statement = select(PracticeNotice.__table__).where(COLUMNS.enterprise_id == enterprise_id)
    if unread_only:
        statement = statement.where(COLUMNS.read_at.is_(None))
    rows = work.execute(statement.order_by(COLUMNS.at.desc(), COLUMNS.id.desc()).limit(limit))
    return tuple(
        Notice(
            id=row.id,
            kind=row.kind,
            item_id=row.item_id,
            version_id=row.version_id,
            candidate_id=row.candidate_id,
            contribution_id=row.contribution_id,
            text=text_of_notice(row.kind, row.details),
            at=row.at,
            is_read=row.read_at is not None,
        )
        for row in rows
    )


def unread_count(work: Work, *, enterprise_id: str) -> int:
    statement = select(func.count()).where(COLUMNS.enterprise_id == enterprise_id, COLUMNS.read_at.is_(None))
    return work.execute(statement).scalar_one()
