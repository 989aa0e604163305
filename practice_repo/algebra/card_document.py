"""Practice cards and other TOML files as documents: one record per section, and one per entry of a list of sections."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from practice_repo.algebra.document import Document, Record, unreadable
from practice_repo.algebra.plain_fields import flatten, nest
from practice_repo.card_writer import write_toml

TOP = "top"  # entries before the first section
ENTRY_NAMES = ("key", "name", "id", "number", "figure")


def read(name: str, content: bytes) -> Document:
    try:
        source = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise unreadable(name, f"expected TOML in UTF-8: {error}.") from error
    records: dict[str, Record] = {}
    top: dict[str, Any] = {}
    lists: set[str] = set()
    for section, value in source.items():
        if isinstance(value, Mapping):
            records[section] = _record(section, section, value)
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            lists.add(section)
            for key, entry in zip(_keys(section, value), value, strict=True):
                records[key] = _record(key, section, entry)
        else:
            top[section] = value
    if top:
        records[TOP] = _record(TOP, TOP, top)
    extras = {"order": tuple(records), "lists": lists, "moments": set(_moments(source))}
    return Document(name, "card", records, {}, extras)


def _record(key: str, kind: str, content: Mapping[str, Any]) -> Record:
    return Record(key, kind, "", {"parent": "", **flatten(content)})


def _keys(section: str, entries: list[Mapping[str, Any]]) -> list[str]:
    """`role:sales_rep`; by number where nothing names the entries."""
    for name in ENTRY_NAMES:
        found = [entry.get(name) for entry in entries]
        if all(isinstance(each, (str, int)) for each in found) and len(set(map(str, found))) == len(found):
            return [f"{section}:{each}" for each in found]
    return [f"{section}:#{number}" for number, _entry in enumerate(entries, 1)]


def _moments(value: Any) -> Iterator[str]:
    """Dates and times, which are fields as texts and are written without quotes."""
    if isinstance(value, (date, datetime, time)):
        yield value.isoformat()
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _moments(each)
    elif isinstance(value, list):
        for each in value:
            yield from _moments(each)


def write(document: Document) -> bytes:
    records = document.records
    known = [key for key in document.extras.get("order") or () if key in records]
    ordered = list(dict.fromkeys([*known, *records]))
    lists = document.extras.get("lists") or set()
    moments = document.extras.get("moments") or set()
    content: dict[str, Any] = {}
    for key in ordered:
        record = records[key]
        entry = _with_moments(_content(record), moments)
        if record.kind == TOP:
            content = {**entry, **content}
        elif record.kind in lists or record.key != record.kind:
            content.setdefault(record.kind, []).append(entry)
        else:
            content[record.kind] = entry
    return write_toml(content).encode()


def _content(record: Record) -> dict[str, Any]:
    return nest({name: value for name, value in record.fields.items() if name != "parent"})


def _with_moments(value: Any, moments: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_moments(each, moments) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_moments(each, moments) for each in value]
    return _moment(value) if isinstance(value, str) and value in moments else value


def _moment(text: str) -> date | datetime | time:
    for kind in (date, datetime, time):
        try:
            return kind.fromisoformat(text)
        except ValueError:
            continue
    raise AssertionError(f"'{text}' was read as a date or time")
