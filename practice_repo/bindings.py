"""What ties a practice to an enterprise: its groups, services and data, its language, money and calendar (A08).

Bindings stand beside a variant, not in it: they are laid over its files when it is checked and deployed, so that what
is contributed to the library never holds them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import available_timezones

from engine.errors import InvalidInput
from practice_repo.algebra.document import Document, Record, read_document
from practice_repo.algebra.package import Package

LANGUAGES = ("en", "zh")
ROLE_FIELDS = ("praxis:role", "praxis:assignee")
GROUP_FIELDS = ("praxis:candidateGroups", "praxis:candidateStarters")
TOPIC_FIELD = "praxis:topic"
FACTS = ("language", "currency", "time_zone", "calendar")


@dataclass(frozen=True)
class Bindings:
    """Everything is optional; what is not bound keeps the practice's own key."""

    roles: Mapping[str, str] = field(default_factory=dict)  # role key → group of the enterprise
    topics: Mapping[str, str] = field(default_factory=dict)  # topic → topic whose handler does the work
    fields: Mapping[str, str] = field(default_factory=dict)  # variable → name in the enterprise's own schema
    language: str = ""
    currency: str = ""  # ISO 4217
    time_zone: str = ""  # IANA: Asia/Shanghai
    calendar: str = ""  # country or calendar key of the working days

    def __post_init__(self) -> None:
        for name in ("roles", "topics", "fields"):
            values = getattr(self, name)
            if not all(isinstance(key, str) and isinstance(value, str) and value for key, value in values.items()):
                raise InvalidInput(f"The {name} to bind must be pairs of texts; leave out what is not bound.")
        if self.language and self.language not in LANGUAGES:
            raise InvalidInput(f"The language must be one of {', '.join(LANGUAGES)}, found '{self.language}'.")
        if self.currency and not (len(self.currency) == 3 and self.currency.isalpha() and self.currency.isupper()):
            raise InvalidInput(f"The currency must be a code such as CNY or EUR, found '{self.currency}'.")
        if self.time_zone and self.time_zone not in available_timezones():
            raise InvalidInput(f"'{self.time_zone}' is no time zone: use a name such as Asia/Shanghai.")

    @classmethod
    def of_json(cls, content: Mapping[str, Any] | None) -> "Bindings":
        known = {name: value for name, value in (content or {}).items() if name in cls.__dataclass_fields__}
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_empty(self) -> bool:
        return self == Bindings()


def bound(package: Package, bindings: Bindings) -> Package:
    """The package as this enterprise runs it. Language, currency, time zone and calendar become process properties."""
    if bindings.is_empty:
        return package
    models = {name: content for name, content in package.files.items() if name.endswith(".bpmn")}
    changed = {name: _bound(read_document(name, content), bindings).write() for name, content in models.items()}
    return Package({**package.files, **changed})


def roles_of(documents: Mapping[str, Document]) -> dict[str, tuple[str, ...]]:
    """The role keys that lanes, tasks and starts name, with the ids of these elements."""
    found: dict[str, list[str]] = {}
    for record in _records(documents):
        for name in ("praxis:role", *GROUP_FIELDS):
            for key in listed(record.get(name)):
                found.setdefault(key, []).append(record.id)
    return {key: tuple(found[key]) for key in sorted(found)}


def topics_of(documents: Mapping[str, Document]) -> dict[str, tuple[str, ...]]:
    """The topics of service tasks, with the ids of the elements."""
    found: dict[str, list[str]] = {}
    for record in _records(documents):
        topic = record.get(TOPIC_FIELD)
        if isinstance(topic, str) and topic and not topic.startswith("="):
            found.setdefault(topic, []).append(record.id)
    return {topic: tuple(found[topic]) for topic in sorted(found)}


def listed(value: Any) -> list[str]:
    """The keys of a comma-separated list; an expression names none."""
    if not isinstance(value, str) or value.startswith("="):
        return []
    return [part.strip() for part in value.split(",") if part.strip()]


def _records(documents: Mapping[str, Document]) -> list[Record]:
    return [
        record for document in documents.values() if document.kind == "bpmn" for record in document.records.values()
    ]


def _bound(document: Document, bindings: Bindings) -> Document:
    records = {key: _bound_record(record, bindings) for key, record in document.records.items()}
    return document if records == document.records else document.with_records(records)


def _bound_record(record: Record, bindings: Bindings) -> Record:
    changes: dict[str, Any] = {}
    for name in ROLE_FIELDS:
        value = record.get(name)
        if value in bindings.roles:
            changes[name] = bindings.roles[value]
    for name in GROUP_FIELDS:
        keys = listed(record.get(name))
        if any(key in bindings.roles for key in keys):
            changes[name] = ", ".join(dict.fromkeys(bindings.roles.get(key, key) for key in keys))
    topic = record.get(TOPIC_FIELD)
    if topic in bindings.topics:
        changes[TOPIC_FIELD] = bindings.topics[topic]
    if record.kind == "process":
        facts = {name: getattr(bindings, name) for name in FACTS if getattr(bindings, name)}
        facts |= {f"field:{variable}": name for variable, name in bindings.fields.items()}
        for name, value in facts.items():
            changes[f"extensionElements/praxis:property[binding:{name}]@value"] = value
    return record.having(changes) if changes else record
