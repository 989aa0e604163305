"""The files of a case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.errors import NotFound
from engine.store.tables import BlobChunk, Document
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class DocumentRow:
    id: str
    process_instance_id: str
    user_task_id: str | None
    name: str
    media_type: str
    size_bytes: int
    digest: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class StoredDocument:
    document: DocumentRow
    content: bytes


_COLUMNS = tuple(Document.__table__.c[name] for name in DocumentRow.__dataclass_fields__)


def documents(work: Work, *, process_instance_id: str) -> tuple[DocumentRow, ...]:
    """The case's files, the newest first."""
    found = work.execute(
        select(*_COLUMNS)
        .where(Document.process_instance_id == process_instance_id)
        .order_by(Document.created_at.desc(), Document.id.desc())
    ).all()
    return tuple(DocumentRow(*row) for row in found)


def document_content(work: Work, *, document_id: str, enterprise_id: str | None = None) -> StoredDocument:
    """A file with its bytes. Raises NotFound."""
    row = work.execute(select(*_COLUMNS, Document.enterprise_id).where(Document.id == document_id)).one_or_none()
    if row is None or (enterprise_id is not None and row.enterprise_id != enterprise_id):
        raise NotFound(f"The document {document_id} does not exist: look again.")
    chunks = work.execute(
        select(BlobChunk.content).where(BlobChunk.digest == row.digest).order_by(BlobChunk.number)
    ).scalars()
    return StoredDocument(DocumentRow(*row[:-1]), b"".join(bytes(chunk) for chunk in chunks))
