"""What the processes leave behind: surveys, outcomes, documents, mail, number series, and results of handlers."""

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from processes.customer_base.tables.columns import (
    Base,
    Code,
    Created,
    Details,
    Items,
    Key,
    Moment,
    Name,
    Owned,
    Prose,
    Result,
    reference,
)


class Survey(Created, Base):
    __tablename__ = "crm_survey"
    __table_args__ = (UniqueConstraint("enterprise_id", "case_reference", "kind"),)

    case_reference: Mapped[Key]
    kind: Mapped[Code] = mapped_column(default="satisfaction")  # satisfaction | effort | recommendation
    party_id: Mapped[str | None] = reference("crm_party", required=False)
    contact_id: Mapped[str | None] = reference("crm_contact", required=False)
    asked_at: Mapped[Moment]
    answered_at: Mapped[Moment | None]
    score: Mapped[int | None]
    comment: Mapped[Prose | None]


class OutcomeRecord(Created, Base):
    """What one case of a practice achieved: the raw material of evidence."""

    __tablename__ = "crm_outcome_record"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "practice", "case_reference"),
        Index(None, "enterprise_id", "practice", "ended_at"),
    )

    practice: Mapped[Key]
    case_reference: Mapped[Key]
    outcome: Mapped[Code]
    measures: Mapped[Details]
    started_at: Mapped[Moment | None]
    ended_at: Mapped[Moment]


class Document(Created, Base):
    """A file that a process made or somebody attached; the newest version of a name counts."""

    __tablename__ = "crm_document"
    __table_args__ = (Index(None, "enterprise_id", "subject_kind", "subject_id"),)

    subject_kind: Mapped[Code]  # quote | invoice | return | ticket | …
    subject_id: Mapped[Key]
    name: Mapped[Name]
    media_type: Mapped[Name]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    size: Mapped[int]
    digest: Mapped[Key]  # SHA-256, hexadecimal
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[Key | None]


class MailboxMessage(Created, Base):
    """A mail that left, or waits to leave: the embedded mailbox shows it on screen, and it is the outbox for SMTP."""

    __tablename__ = "crm_mailbox_message"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "message_key"),
        Index(None, "enterprise_id", "created_at"),
    )

    message_key: Mapped[Key]
    sender: Mapped[Name]
    recipient: Mapped[Name]
    subject: Mapped[Name]
    body: Mapped[Prose]
    document_ids: Mapped[Items]
    case_reference: Mapped[Key | None]
    sent_at: Mapped[Moment | None]  # None: still to be handed to the mail server
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[Prose | None]
    read_at: Mapped[Moment | None]


class NumberSeries(Owned, Base):
    """The last number given out in a series."""

    __tablename__ = "crm_number_series"
    __table_args__ = (UniqueConstraint("enterprise_id", "series"),)

    series: Mapped[Key]
    last: Mapped[int] = mapped_column(default=0)


class HandlerResult(Base):
    """What a job's effect gave, committed together with the effect: a repeated job returns it."""

    __tablename__ = "crm_handler_result"

    enterprise_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    idempotency_key: Mapped[Name] = mapped_column(primary_key=True)
    topic: Mapped[Name]
    result: Mapped[Result]
    at: Mapped[Moment]
