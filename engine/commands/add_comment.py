"""Write a comment on a case or one of its user tasks."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert

from engine.commands.cases import enterprise_of
from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.tables import Comment
from engine.store.types import new_id
from engine.store.unit_of_work import Work

LONGEST_COMMENT = 10_000


def add_comment(
    work: Work,
    *,
    process_instance_id: str,
    body: str,
    actor: Actor,
    now: datetime,
    user_task_id: str | None = None,
    mentions: Sequence[str] = (),
) -> str:
    """The new comment's id; `mentions` are the user ids that the text names."""
    text = body.strip()
    if not text:
        raise InvalidInput("A comment was expected, found nothing: write something first.")
    if len(text) > LONGEST_COMMENT:
        raise InvalidInput(f"A comment has at most {LONGEST_COMMENT} characters, found {len(text)}: shorten it.")
    enterprise_of(work, process_instance_id, actor)
    comment_id = new_id()
    work.execute(
        insert(Comment),
        {
            "id": comment_id,
            "process_instance_id": process_instance_id,
            "user_task_id": user_task_id,
            "author": actor.id,
            "body": text,
            "mentions": list(mentions),
            "created_at": now,
        },
    )
    return comment_id
