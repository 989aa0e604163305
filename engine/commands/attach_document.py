"""Attach a file to a case or one of its user tasks."""

import hashlib
from datetime import datetime

from sqlalchemy import insert, select

from engine.commands.cases import enterprise_of
from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.tables import BlobChunk, Document
from engine.store.types import new_id
from engine.store.unit_of_work import Work

CHUNK_BYTES = 1024 * 1024
LARGEST_DOCUMENT_BYTES = 50 * CHUNK_BYTES


def attach_document(
    work: Work,
    *,
    process_instance_id: str,
    name: str,
    media_type: str,
    content: bytes,
    actor: Actor,
    now: datetime,
    user_task_id: str | None = None,
) -> str:
    """The new document's id. Equal content is kept once; at most 50 MiB."""
    if not name.strip():
        raise InvalidInput("A file name was expected, found nothing.")
    if len(content) > LARGEST_DOCUMENT_BYTES:
        raise InvalidInput(
            f"A file of at most {LARGEST_DOCUMENT_BYTES // CHUNK_BYTES} MiB was expected, "
            f"'{name}' has {len(content) / CHUNK_BYTES:.1f} MiB: attach a smaller one."
        )
    enterprise_id = enterprise_of(work, process_instance_id, actor)
    digest = hashlib.sha256(content).hexdigest()
    _keep(work, digest, content)
    document_id = new_id()
    work.execute(
        insert(Document),
        {
            "id": document_id,
            "enterprise_id": enterprise_id,
            "process_instance_id": process_instance_id,
            "user_task_id": user_task_id,
            "name": name.strip(),
            "media_type": media_type or "application/octet-stream",
            "size_bytes": len(content),
            "digest": digest,
            "created_at": now,
            "created_by": actor.id,
        },
    )
    return document_id


def _keep(work: Work, digest: str, content: bytes) -> None:
    known = work.execute(select(BlobChunk.number).where(BlobChunk.digest == digest).limit(1)).first()
    if known is not None or not content:
        return
    work.execute(
        insert(BlobChunk),
        [
            {"digest": digest, "number": number, "content": content[start : start + CHUNK_BYTES]}
            for number, start in enumerate(range(0, len(content), CHUNK_BYTES))
        ],
    )
