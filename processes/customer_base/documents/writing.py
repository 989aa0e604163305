"""Write a quote or an invoice in both formats and store them with their subject."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from processes.customer_base.documents.papers import Paper, invoice_paper, quote_paper
from processes.customer_base.documents.sheet import write_xlsx
from processes.customer_base.documents.storing import DOCX, XLSX, store_document
from processes.customer_base.documents.word import write_docx
from processes.customer_base.tables import Document


def write_quote(
    session: Session, *, quote_id: str, now: datetime, seller: Mapping[str, str] | None = None
) -> list[Document]:
    """The quote as .docx and .xlsx, stored; writing an unchanged quote again gives the stored files."""
    return _store(session, quote_paper(session, quote_id=quote_id, seller=seller), quote_id, now)


def write_invoice(
    session: Session, *, invoice_id: str, now: datetime, seller: Mapping[str, str] | None = None
) -> list[Document]:
    """The invoice as .docx and .xlsx, stored; writing an unchanged invoice again gives the stored files."""
    return _store(session, invoice_paper(session, invoice_id=invoice_id, seller=seller), invoice_id, now)


def _store(session: Session, paper: Paper, subject_id: str, now: datetime) -> list[Document]:
    files = ((f"{paper.file_stem}.docx", DOCX, write_docx(paper)), (f"{paper.file_stem}.xlsx", XLSX, write_xlsx(paper)))
    return [
        store_document(
            session,
            subject_kind=paper.kind,
            subject_id=subject_id,
            name=name,
            media_type=media_type,
            content=content,
            now=now,
        )
        for name, media_type, content in files
    ]
