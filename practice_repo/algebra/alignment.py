"""Which record of one document is which record of another."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from practice_repo.algebra.document import KEYED_FIELDS, Document, FieldValue, Record, is_reference


@dataclass(frozen=True)
class Alignment:
    """`pairs`: key in the changed document → key in the base; `scores`: how sure, 0 to 1."""

    pairs: Mapping[str, str]
    scores: Mapping[str, float] = field(default_factory=dict)


def align(base: Document, changed: Document) -> Alignment:
    pairs = {key: key for key, record in changed.records.items() if key in base.records}
    return Alignment(pairs, dict.fromkeys(pairs, 1.0))


def rekeyed(changed: Document, alignment: Alignment) -> Document:
    """The changed document with the keys of the base, its references too; what is new keeps or gets a free key."""
    keys = dict(alignment.pairs)
    taken = set(keys.values())
    for key in changed.records:
        if key not in keys:
            free, number = key, 2
            while free in taken:
                free, number = f"{key}.{number}", number + 1
            keys[key] = free
            taken.add(free)
    if all(key == new for key, new in keys.items()):
        return changed
    records = {keys[key]: rekeyed_record(record, keys) for key, record in changed.records.items()}
    layout = {_renamed(key, keys): place for key, place in changed.layout.items()}
    spelling = {keys.get(key, key): texts for key, texts in (changed.extras.get("spelling") or {}).items()}
    return changed.with_records(records, layout=layout, spelling=spelling)


def rekeyed_record(record: Record, keys: Mapping[str, str]) -> Record:
    fields = {_renamed_field(name, keys): _renamed_value(name, value, keys) for name, value in record.fields.items()}
    return replace(record, key=keys.get(record.key, record.key), fields=fields)


def _renamed_field(name: str, keys: Mapping[str, str]) -> str:
    for prefix in KEYED_FIELDS:
        if name.startswith(prefix):
            key = name.removeprefix(prefix)
            return prefix + keys.get(key, key)
    return name


def _renamed_value(name: str, value: FieldValue, keys: Mapping[str, str]) -> FieldValue:
    if not is_reference(name):
        return value
    if isinstance(value, tuple):
        return tuple(_renamed(each, keys) for each in value)
    return _renamed(value, keys) if isinstance(value, str) else value


def _renamed(reference: str, keys: Mapping[str, str]) -> str:
    owner, hash_sign, path = reference.partition("#")
    return f"{keys.get(owner, owner)}{hash_sign}{path}"
