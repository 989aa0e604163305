"""Two documents that grew from one: what both added alike gets one key, what only looks alike by its key gets two."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from practice_repo.algebra.alignment import Alignment, rekeyed
from practice_repo.algebra.document import KEYED_FIELDS, Document, Record, is_reference

ROUNDS = 8  # how far away a difference between two additions is looked for


def unified(base: Document, ours: Document, theirs: Document) -> Document:
    """Theirs, with the keys of ours for what both added alike, and free keys where the same key means two things.

    All three have common keys for what is in the base.
    """
    names = {key: key for key in theirs.records}
    names.update(_added_alike(base, ours, theirs))
    taken = set(ours.records) | set(base.records) | set(names.values())
    for key, record in theirs.records.items():
        is_new = key not in base.records and names[key] == key
        if is_new and key in ours.records and _is_another(record, ours.records[key], theirs.kind):
            number = 2
            while f"{key}.{number}" in taken:
                number += 1
            names[key] = f"{key}.{number}"
            taken.add(names[key])
    return theirs if all(key == name for key, name in names.items()) else rekeyed(theirs, Alignment(names))


def _is_another(one: Record, other: Record, kind: str) -> bool:
    """Tools number new BPMN elements alike, so that a key is no proof; in forms and tables the key is what counts."""
    if kind != "bpmn" or one.fields == other.fields:
        return False
    return one.kind != other.kind or one.name != other.name or not one.name


def _added_alike(base: Document, ours: Document, theirs: Document) -> dict[str, str]:
    """Key of theirs → key of ours, for additions that cannot be told apart but by their keys."""
    new_ours = {key: record for key, record in ours.records.items() if key not in base.records}
    new_theirs = {key: record for key, record in theirs.records.items() if key not in base.records}
    if not new_ours or not new_theirs:
        return {}
    ours_by_look = _by_colour(content_colours(new_ours, ours.records))
    pairs = {}
    for colour, keys in _by_colour(content_colours(new_theirs, theirs.records)).items():
        alike = ours_by_look.get(colour, [])
        if len(alike) == len(keys):
            remaining = [key for key in alike if key not in keys]
            pairs.update({key: key if key in alike else remaining.pop(0) for key in keys})
    return pairs


def content_colours(records: Mapping[str, Record], around: Mapping[str, Record] | None = None) -> dict[str, str]:
    """A digest of what each record says and, some steps on, of what it refers to; other keys count as they are.

    With the records `around` (all of the document) it also tells who refers to it: two joins without names look alike
    until one sees what leads to them.
    """
    referring = _referring(records, around or {})
    colours = dict.fromkeys(records, "")
    distinct = 0
    for _ in range(ROUNDS):
        colours = {key: _colour(record, colours, referring.get(key, ())) for key, record in records.items()}
        if len(set(colours.values())) == distinct:
            break
        distinct = len(set(colours.values()))
    return colours


def _referring(records: Mapping[str, Record], around: Mapping[str, Record]) -> dict[str, list[tuple[str, str]]]:
    """New key → field and key of what refers to it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in around.values():
        for name, key in each.references():
            if key in records:
                found.setdefault(key, []).append((name, each.key))
    return found


def _colour(record: Record, colours: Mapping[str, str], referring: Sequence[tuple[str, str]]) -> str:
    fields: list[list[object]] = [["<", sorted((name, _coloured(key, colours)) for name, key in referring)]]
    for name, value in record.fields.items():
        prefix = next((prefix for prefix in KEYED_FIELDS if name.startswith(prefix)), "")
        shown = prefix + _coloured(name.removeprefix(prefix), colours) if prefix else name
        if is_reference(name):
            value = [_coloured(each, colours) for each in (value if isinstance(value, tuple) else (value,))]
        fields.append([shown, value])
    text = json.dumps([record.kind, sorted(fields, key=repr)], ensure_ascii=False, default=list)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _coloured(reference: object, colours: Mapping[str, str]) -> str:
    owner, hash_sign, path = str(reference).partition("#")
    return f"{colours.get(owner, owner)}{hash_sign}{path}"


def _by_colour(colours: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, colour in colours.items():
        found.setdefault(colour, []).append(key)
    return found
