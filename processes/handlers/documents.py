"""Handlers that write documents (topics `documents.…`)."""

from collections.abc import Mapping
from typing import Any

from engine.errors import InvalidInput
from engine.handlers import BpmnError, Handlers, Job
from processes.customer_base.documents.writing import write_invoice, write_quote
from processes.customer_base.tables import Document

handlers = Handlers()
FAILED = "DOCUMENT_FAILED"


@handlers.register("documents.quote")
def quote(job: Job) -> Mapping[str, Any]:
    """The quote `quote_id` as .docx and .xlsx: `{document_ids, document_names}`. BpmnError `DOCUMENT_FAILED`."""
    return _write(job, "quote_id", write_quote)


@handlers.register("documents.invoice")
def invoice(job: Job) -> Mapping[str, Any]:
    """The invoice `invoice_id` as .docx and .xlsx: `{document_ids, document_names}`. BpmnError `DOCUMENT_FAILED`."""
    return _write(job, "invoice_id", write_invoice)


def _write(job: Job, subject: str, write: Any) -> Mapping[str, Any]:
    subject_id = job.variables.get(subject)
    if not subject_id:
        raise InvalidInput(f"The topic '{job.topic}' needs the variable '{subject}': set it before {job.element_id}.")
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        try:
            documents: list[Document] = write(
                once.session, **{subject: str(subject_id)}, now=job.now, seller=job.resources.settings.get("seller")
            )
        except (OSError, ValueError) as error:  # a template is missing, or somebody broke it
            raise BpmnError(FAILED, f"The document could not be written: {error}") from error
        return once.keep(
            {
                "document_ids": [document.id for document in documents],
                "document_names": [document.name for document in documents],
            }
        )
