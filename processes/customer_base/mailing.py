"""Mail out of the house: an outbox in the customer base that one can read on screen, and SMTP when it is configured."""

import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.scope import add, find
from processes.customer_base.tables import Document, MailboxMessage

TRIES = 12
OUR_ADDRESS = "praxis@localhost"


@dataclass(frozen=True)
class Mail:
    """One mail; `key` is the same for every attempt to send it, so that it leaves once."""

    key: str
    to: str
    subject: str
    body: str
    sender: str = OUR_ADDRESS
    document_ids: Sequence[str] = ()
    case_reference: str | None = None


class MailAdapter(Protocol):
    """Where mail goes."""

    delivers: bool  # whether waiting mails have to be handed over after the commit

    def accept(self, session: Session, mail: Mail, *, now: datetime) -> MailboxMessage: ...

    def waiting(self, session: Session) -> Sequence["Envelope"]: ...

    def hand_over(self, envelope: "Envelope") -> str | None: ...

    def note(self, session: Session, envelope: "Envelope", error: str | None, *, now: datetime) -> None: ...


@dataclass(frozen=True)
class Envelope:
    """A waiting mail, complete with its attachments, to be sent outside any transaction."""

    message_id: str
    message: EmailMessage = field(compare=False)


class Mailbox:
    """The embedded default: every mail stays in the mailbox, where one reads it on screen."""

    delivers = False

    def accept(self, session: Session, mail: Mail, *, now: datetime) -> MailboxMessage:
        """The stored mail; the first one when the key was used before."""
        return _accept(session, mail, now=now, sent_at=now)

    def waiting(self, session: Session) -> Sequence[Envelope]:
        return ()

    def hand_over(self, envelope: Envelope) -> str | None:
        return None

    def note(self, session: Session, envelope: Envelope, error: str | None, *, now: datetime) -> None:
        return None


@dataclass
class Smtp:
    """A mail server; mails wait in the mailbox until it took them, at most `TRIES` times."""

    host: str
    port: int = 587
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str = OUR_ADDRESS
    starttls: bool = True
    timeout_seconds: float = 20
    delivers: bool = True

    def accept(self, session: Session, mail: Mail, *, now: datetime) -> MailboxMessage:
        """The stored mail, waiting for the server; the first one when the key was used before."""
        sender = self.sender if mail.sender == OUR_ADDRESS else mail.sender
        return _accept(session, mail, now=now, sent_at=None, sender=sender)

    def waiting(self, session: Session) -> list[Envelope]:
        messages = session.scalars(
            select(MailboxMessage)
            .where(MailboxMessage.sent_at.is_(None), MailboxMessage.attempts < TRIES)
            .order_by(MailboxMessage.created_at)
            .limit(50)
        )
        return [Envelope(message.id, _compose(session, message)) for message in messages]

    def hand_over(self, envelope: Envelope) -> str | None:
        """None when the server took the mail, else why not."""
        try:
            with smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds) as server:
                if self.starttls:
                    server.starttls()
                if self.username:
                    server.login(self.username, self.password or "")
                server.send_message(envelope.message)
        except (OSError, smtplib.SMTPException) as error:
            return f"{type(error).__name__}: {error}"
        return None

    def note(self, session: Session, envelope: Envelope, error: str | None, *, now: datetime) -> None:
        message = find(session, MailboxMessage, envelope.message_id)
        message.attempts += 1
        message.last_error = error
        message.sent_at = None if error else now


def mails_for(session: Session, case_reference: str) -> list[MailboxMessage]:
    """The mails of a case, oldest first."""
    return list(
        session.scalars(
            select(MailboxMessage)
            .where(MailboxMessage.case_reference == case_reference)
            .order_by(MailboxMessage.created_at, MailboxMessage.id)
        )
    )


def mailbox(session: Session, *, limit: int = 100, offset: int = 0) -> list[MailboxMessage]:
    """All mails, newest first."""
    newest_first = select(MailboxMessage).order_by(MailboxMessage.created_at.desc(), MailboxMessage.id.desc())
    return list(session.scalars(newest_first.limit(limit).offset(offset)))


def _accept(
    session: Session, mail: Mail, *, now: datetime, sent_at: datetime | None, sender: str | None = None
) -> MailboxMessage:
    if "@" not in mail.to:
        raise InvalidInput(f"A mail needs an address to go to, found '{mail.to}': complete the contact first.")
    known = session.scalar(select(MailboxMessage).where(MailboxMessage.message_key == mail.key))
    if known:
        return known
    return add(
        session,
        MailboxMessage(
            message_key=mail.key,
            sender=sender or mail.sender,
            recipient=mail.to,
            subject=" ".join(mail.subject.split()),
            body=mail.body,
            document_ids=list(mail.document_ids),
            case_reference=mail.case_reference,
            sent_at=sent_at,
            created_at=now,
        ),
    )


def _compose(session: Session, stored: MailboxMessage) -> EmailMessage:
    message = EmailMessage()
    message["From"] = stored.sender
    message["To"] = stored.recipient
    message["Subject"] = stored.subject
    message["Date"] = stored.created_at
    message["Message-ID"] = f"<{stored.id}@praxis>"  # the same for every attempt: receivers drop a second copy
    message.set_content(stored.body)
    for document_id in stored.document_ids:
        document = find(session, Document, document_id)
        main, _, sub = document.media_type.partition("/")
        message.add_attachment(document.content, maintype=main, subtype=sub, filename=document.name)
    return message
