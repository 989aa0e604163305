"""What people wrote about a case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.store.tables import Comment
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class CommentRow:
    id: str
    process_instance_id: str
    user_task_id: str | None
    author: str
    body: str
    mentions: tuple[str, ...]
    created_at: datetime


def comments(work: Work, *, process_instance_id: str) -> tuple[CommentRow, ...]:
    """The case's comments, oldest first."""
    found = work.execute(
        select(*(Comment.__table__.c[name] for name in CommentRow.__dataclass_fields__))
        .where(Comment.process_instance_id == process_instance_id)
        .order_by(Comment.created_at, Comment.id)
    ).all()
    return tuple(CommentRow(**{**row._mapping, "mentions": tuple(row.mentions or ())}) for row in found)
