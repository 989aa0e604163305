"""Any other file: one record with the whole text (or, where it is no text, the bytes in base64)."""

import base64

from practice_repo.algebra.document import Document, Record

KEY = "text"


def read(name: str, content: bytes) -> Document:
    try:
        fields = {"parent": "", "text": content.decode("utf-8")}
    except UnicodeDecodeError:
        fields = {"parent": "", "bytes": base64.b64encode(content).decode()}
    return Document(name, "text", {KEY: Record(KEY, "text", "", fields)})


def write(document: Document) -> bytes:
    record = document.records.get(KEY)
    return content(record) if record is not None else b""


def content(record: Record) -> bytes:
    """The bytes that a record of a whole file stands for."""
    if "bytes" in record.fields:
        return base64.b64decode(str(record.fields["bytes"]))
    return str(record.get("text")).encode()
