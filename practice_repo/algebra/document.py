"""What a file of a practice says, as records that can be compared, changed and written back.

A document is a flat set of records. A record has a key (its lineage: it survives renames, moves and merges), a kind
and fields; a field is a text, number, truth value or an ordered tuple of keys or texts. What has no meaning (ids,
drawing, prefixes, order of attributes) is no field: it stands beside the records, in `layout` and `extras`, so that
the file can be written again.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any

from engine.errors import InvalidModel

FieldValue = str | int | float | bool | None | tuple[str, ...]

KINDS = {".bpmn": "bpmn", ".dmn": "dmn", ".json": "form", ".toml": "card"}
XML_MARKS = {b"/BPMN/20100524/MODEL": "bpmn", b"omg.org/spec/DMN/": "dmn"}
OTHER_JSON = ("options/", "data/", "docs/", "templates/")  # folders of a practice whose JSON is no form
FORMATS = {
    "bpmn": "practice_repo.algebra.bpmn_document",
    "dmn": "practice_repo.algebra.dmn_document",
    "form": "practice_repo.algebra.form_document",
    "card": "practice_repo.algebra.card_document",
    "text": "practice_repo.algebra.text_document",
}

UNRESOLVED = "?"  # before a reference to something that the file does not hold
REFERENCE_FIELDS = frozenset({"parent", "source", "target", "default", "attached_to", "lane"})
REFERENCE_TUPLES = frozenset({"flows", "rules", "inputs", "outputs", "components"})
KEYED_FIELDS = ("in:", "out:", "requires:")  # field names that end with the key of another record
NO_REFERENCES = frozenset({"structureRef", "typeRef", "outputTypeRef"})


def is_reference(name: str) -> bool:
    """Whether the field holds a key (or, as a tuple, keys) of other records.

    >>> is_reference("source"), is_reference("messageEventDefinition@messageRef"), is_reference("camunda:decisionRef")
    (True, True, False)
    """
    if name in REFERENCE_FIELDS or name in REFERENCE_TUPLES:
        return True
    last = name.replace("@", "/").rpartition("/")[2].partition("[")[0]
    if ":" in last or last.startswith("{"):  # a vendor's own: names of decisions and forms, not ids of this file
        return False
    return last == "href" or (last.endswith(("Ref", "Refs")) and last not in NO_REFERENCES)


def owner_of(reference: str) -> str:
    """The key of the record that a reference leads to; `task#ioSpecification/dataInput` lies inside of `task`."""
    return reference.partition("#")[0]


def same(one: FieldValue, other: FieldValue) -> bool:
    """Equal, and of one type: True is not 1."""
    return one == other and type(one) is type(other)


@dataclass(frozen=True)
class Record:
    """One element. Empty fields are absent, but `parent` is always there ("" for roots)."""

    key: str
    kind: str
    id: str
    fields: Mapping[str, FieldValue]

    def get(self, name: str, default: Any = "") -> Any:
        return self.fields.get(name, default)

    @property
    def name(self) -> str:
        return str(self.fields.get("name") or "")

    @property
    def parent(self) -> str:
        return str(self.fields.get("parent") or "")

    def with_fields(self, **fields: FieldValue) -> "Record":
        """The record with these fields; None takes a field away. (For names that are no words use `having`.)"""
        return self.having(fields)

    def having(self, fields: Mapping[str, FieldValue]) -> "Record":
        changed = {**self.fields, **fields}
        return replace(self, fields={name: value for name, value in changed.items() if value is not None})

    def references(self) -> Iterator[tuple[str, str]]:
        """Field name and key of every other record that this one names."""
        for name, value in self.fields.items():
            prefix = next((prefix for prefix in KEYED_FIELDS if name.startswith(prefix)), None)
            if prefix:
                yield name, name.removeprefix(prefix)
            elif is_reference(name):
                for each in value if isinstance(value, tuple) else (value,):
                    if isinstance(each, str) and each and not each.startswith(UNRESOLVED):
                        yield name, owner_of(each)

    def as_mapping(self) -> dict[str, Any]:
        """Kind, id and fields, as they stand in a Change."""
        return {"kind": self.kind, "id": self.id, "fields": dict(self.fields)}

    @classmethod
    def from_mapping(cls, key: str, mapping: Mapping[str, Any]) -> "Record":
        return cls(key, mapping["kind"], mapping["id"], dict(mapping["fields"]))


@dataclass(frozen=True)
class Document:
    """One file. `layout` (key → bounds or waypoints) and `extras` are never compared."""

    name: str
    kind: str
    records: Mapping[str, Record]
    layout: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)

    def write(self) -> bytes:
        """The file. One that was only read comes back byte for byte."""
        source = self.extras.get("source")
        if source is not None and self.extras.get("read") is self.records:
            return source
        try:
            return import_module(FORMATS[self.kind]).write(self)
        except (ValueError, SyntaxError) as error:  # names or letters that XML does not know
            raise InvalidModel(f"'{self.name}' cannot be written: {error}. Take back the last change.") from error

    def with_records(
        self, records: Mapping[str, Record], *, layout: Mapping[str, Any] | None = None, **extras: Any
    ) -> "Document":
        """The document with other records (and layout, and extras by name)."""
        return Document(
            self.name,
            self.kind,
            dict(records),
            self.layout if layout is None else dict(layout),
            {**self.extras, **extras} if extras else self.extras,
        )

    def settled(self) -> "Document":
        """As it would be read from its file: what hangs in the air after changes by hand is gone."""
        return read_document(self.name, self.write())

    def children(self, parent: str) -> list[Record]:
        return [record for record in self.records.values() if record.parent == parent]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over keys, kinds and fields: equal when the same changes lead to both documents."""
        content = {record.key: [record.kind, _jsonable(record.fields)] for record in self.records.values()}
        return _sha(content)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the document means: no keys, no ids, no drawing.

        Every record is coloured by its kind and fields, then by the colours of what it refers to, until no more records
        can be told apart; the digest is that of all colours.
        """
        return _sha([self.kind, sorted(_colours(self.records).values())])


def read_document(name: str, content: bytes) -> Document:
    """The document in these bytes; the ending of its name says what it is.

    Raises InvalidModel for bytes that are no such file.
    """
    read: Callable[[str, bytes], Document] = import_module(FORMATS[_kind_of(name, content)]).read
    try:
        document = read(name, content)
    except RecursionError as error:
        raise unreadable(name, "it is nested too deeply.") from error
    return replace(document, extras={**document.extras, "source": content, "read": document.records})


def _kind_of(name: str, content: bytes) -> str:
    kind = next((kind for ending, kind in KINDS.items() if name.lower().endswith(ending)), "text")
    if kind == "form" and name.startswith(OTHER_JSON):
        return "text"
    if name.lower().endswith(".xml"):  # how some tools call their exports
        return next((kind for mark, kind in XML_MARKS.items() if mark in content), kind)
    return kind


def unreadable(name: str, reason: str) -> InvalidModel:
    return InvalidModel(f"'{name}' cannot be read: {reason}")


def _jsonable(fields: Mapping[str, FieldValue]) -> list[Any]:
    return sorted([name, list(value) if isinstance(value, tuple) else value] for name, value in fields.items())


def _sha(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _colours(records: Mapping[str, Record]) -> dict[str, str]:
    colours = dict.fromkeys(records, "")
    distinct = 0
    while True:
        colours = {key: _colour(record, colours) for key, record in records.items()}
        found = len(set(colours.values()))
        if found == distinct:
            return colours
        distinct = found


def _colour(record: Record, colours: Mapping[str, str]) -> str:
    content = [record.kind, colours[record.key]]
    for name, value in record.fields.items():
        prefix = next((prefix for prefix in KEYED_FIELDS if name.startswith(prefix)), None)
        if prefix:
            name = prefix + _coloured(name.removeprefix(prefix), colours)
        if is_reference(name):
            value = (
                tuple(_coloured(each, colours) for each in value)
                if isinstance(value, tuple)
                else _coloured(value, colours)
            )
        content.append(json.dumps([name, value], ensure_ascii=False))
    content[2:] = sorted(content[2:])
    return hashlib.blake2b("\0".join(content).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _coloured(reference: FieldValue, colours: Mapping[str, str]) -> str:
    """The colour of what a reference leads to."""
    text = str(reference)
    owner, hash_sign, path = text.partition("#")
    return f"{colours[owner]}{hash_sign}{path}" if owner in colours else text
