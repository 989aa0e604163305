"""Files of a case, in versions."""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.errors import NotFound
from processes.customer_base.scope import add, enterprise_of
from processes.customer_base.tables import Document

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def store_document(
    session: Session,
    *,
    subject_kind: str,
    subject_id: str,
    name: str,
    media_type: str,
    content: bytes,
    now: datetime,
    created_by: str | None = None,
) -> Document:
    """The next version of a file; the stored one when its content is the same."""
    digest = hashlib.sha256(content).hexdigest()
    latest = session.scalar(
        select(Document)
        .where(Document.subject_kind == subject_kind, Document.subject_id == subject_id, Document.name == name)
        .order_by(Document.version.desc())
        .limit(1)
    )
    if latest and latest.digest == digest:
        return latest
    return add(
        session,
        Document(
            subject_kind=subject_kind,
            subject_id=subject_id,
            name=name,
            media_type=media_type,
            content=content,
            size=len(content),
            digest=digest,
            version=latest.version + 1 if latest else 1,
            created_by=created_by,
            created_at=now,
        ),
    )


def documents_of(session: Session, *, subject_kind: str, subject_id: str) -> list[Document]:
    """The newest version of each file of a subject, by name, without contents."""
    rows = session.scalars(
        select(Document)
        .where(Document.subject_kind == subject_kind, Document.subject_id == subject_id)
        .order_by(Document.name, Document.version)
    )
    return list({row.name: row for row in rows}.values())


def read_document(session: Session, document_id: str) -> Document:
    """A file with its content."""
    document = session.scalar(select(Document).where(Document.id == document_id).options(undefer(Document.content)))
    if document is None or document.enterprise_id != enterprise_of(session):
        raise NotFound(f"There is no document with id '{document_id}': look it up again.")
    return document
