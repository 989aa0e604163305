"""A family of variants as one model ("digest"): what all share, what some have, and the way back to one plain model.

After La Rosa, Dumas, Uba and Dijkman (Business process model merging, TOSEM 2013): the union of the variants' elements,
each annotated with the variants that hold it. Differences that touch each other form one choice, so that whatever is
chosen leaves no reference open.

    digest = merge_family({"prototype": prototype, "north": north, "south": south})
    digest.write()                                        # BPMN for the viewer, annotated with praxis:property
    configure(digest, "north")                            # the variant, exactly
    configure(digest, {digest.choices[0].key: "south"})   # the first variant, with one choice as "south" made it
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from engine.errors import InvalidInput
from practice_repo.algebra.alignment import Alignment, align, rekeyed
from practice_repo.algebra.document import Document, Record, read_document, same

VARIANTS = "extensionElements/praxis:property[digest:variants]@value"
FIELDS = "extensionElements/praxis:property[digest:fields]@value"
FAMILY = "extensionElements/praxis:property[digest:family]@value"
ANNOTATIONS = (VARIANTS, FIELDS, FAMILY)
ENDS = ("source", "target")  # a flow that leads elsewhere is another flow: the digest shows both
ID = "@id"


@dataclass(frozen=True)
class Choice:
    """Differences that belong together. `alternatives` groups the variants that decided alike, the base's first."""

    key: str
    elements: tuple[str, ...]  # keys of the records that differ
    alternatives: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]  # what the elements are called, for people


@dataclass(frozen=True)
class Digest:
    """A merged family. `holders`: record key → variant → its record there, under keys that are common to all."""

    variants: tuple[str, ...]  # the first one is the base
    holders: Mapping[str, Mapping[str, Record]]
    union: Document

    def held_by(self, key: str) -> tuple[str, ...]:
        """The variants that have this element, in the order of the family."""
        return tuple(variant for variant in self.variants if variant in self.holders[key])

    def differing(self, key: str) -> Mapping[str, Mapping[str, Any]]:
        """Field → variant → value, for the fields that the holders do not agree on; None where a field is absent."""
        records = self.holders[key]
        found = {}
        for name in sorted({name for record in records.values() for name in record.fields}):
            values = {variant: records[variant].fields.get(name) for variant in self.held_by(key)}
            first, *others = values.values()
            if any(not same(first, other) for other in others):
                found[name] = values
        return found

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """Every decision that the family does not make alike."""
        return tuple(sorted(self._choices(), key=lambda choice: choice.key))

    def _choices(self) -> Iterator[Choice]:
        differing = {key for key in self.holders if len(self.holders[key]) < len(self.variants) or self.differing(key)}
        for group in _connected(differing, self.holders, len(self.variants)):
            alternatives: dict[str, list[str]] = {}
            for variant in self.variants:
                alternatives.setdefault(self._decision(group, variant), []).append(variant)
            names = (next(iter(self.holders[key].values())).name for key in group)
            grouped = tuple(tuple(each) for each in alternatives.values())
            yield Choice(group[0], group, grouped, tuple(dict.fromkeys(name for name in names if name)))

    def _decision(self, keys: tuple[str, ...], variant: str) -> str:
        records = (self.holders[key].get(variant) for key in keys)
        return json.dumps(
            [[record.kind, sorted(_plain(record.fields).items())] if record else None for record in records],
            default=str,
        )

    def write(self) -> bytes:
        """The union as a file; praxis:property "digest:variants" and "digest:fields" say who has what."""
        records = {key: self._annotated(key, record) for key, record in self.union.records.items()}
        return self.union.with_records(records).write()

    def _annotated(self, key: str, record: Record) -> Record:
        notes: dict[str, Any] = {}
        if len(self.holders[key]) < len(self.variants):
            notes[VARIANTS] = json.dumps(self.held_by(key), ensure_ascii=False)
        differing: dict[str, Any] = dict(self.differing(key))
        ids = {variant: held.id for variant, held in self.holders[key].items()}
        if set(ids.values()) != {record.id}:
            differing[ID] = ids
        if differing:
            notes[FIELDS] = json.dumps(differing, ensure_ascii=False)
        if record.kind in ("process", "definitions") and key == _family_record(self.union):
            notes[FAMILY] = json.dumps(self.variants, ensure_ascii=False)
        return record.having(notes) if notes else record


def merge_family(variants: Mapping[str, Document]) -> Digest:
    """The digest of these variants (name → document of one file); the first one is the base of the drawing.

    Raises InvalidInput for no variants, or for files of different kinds.
    """
    if not variants:
        raise InvalidInput("A digest needs at least one variant, found none.")
    if len({document.kind for document in variants.values()}) > 1:
        kinds = ", ".join(f"{name}: {document.kind}" for name, document in variants.items())
        raise InvalidInput(f"A digest needs variants of one kind of file; found {kinds}.")
    names = tuple(variants)
    union = variants[names[0]]
    holders: dict[str, dict[str, Record]] = {}
    for name, document in variants.items():
        aligned = rekeyed(document, _strict(align(union, document), union, document))
        for key, record in aligned.records.items():
            holders.setdefault(key, {})[name] = record
        union = _with_new(union, aligned)
    return Digest(names, holders, union)


def configure(digest: Digest, choices: str | Mapping[str, str]) -> Document:
    """One plain model out of the digest: a variant by its name, or the base with some choices made as in a variant.

    `choices` maps keys of `digest.choices` to names of variants. Raises InvalidInput for names that are not there.
    """
    known = {choice.key: choice for choice in digest.choices}
    if isinstance(choices, str):
        choices = dict.fromkeys(known, choices) or {"": choices}
        base = next(iter(choices.values()))
        choices.pop("", None)
    else:
        base = digest.variants[0]
    for name in (base, *choices.values()):
        if name not in digest.variants:
            raise InvalidInput(f"There is no variant '{name}'; the digest has {', '.join(digest.variants)}.")
    for key in choices:
        if key not in known:
            raise InvalidInput(f"There is no choice '{key}'; the digest has {', '.join(known) or 'none'}.")
    decided = {element: name for key, name in choices.items() for element in known[key].elements}
    chosen: dict[str, Record] = {}
    for key, held in digest.holders.items():
        record = held.get(decided.get(key, base))
        if record is not None:
            chosen[key] = record
    return digest.union.with_records(chosen, layout=_layout_of(chosen, digest.union.layout))


def read_digest(name: str, content: bytes) -> Digest:
    """The digest that `Digest.write` wrote. Raises InvalidInput for a model that is none."""
    document = read_document(name, content)
    family = document.records.get(_family_record(document))
    if family is None or FAMILY not in family.fields:
        raise InvalidInput(f"'{name}' is no digest of a family: its process has no property digest:family.")
    variants = tuple(json.loads(family.fields[FAMILY]))
    holders = {key: _holders(record, variants) for key, record in document.records.items()}
    plain = {key: _without_annotations(record) for key, record in document.records.items()}
    return Digest(variants, holders, document.with_records(plain))


def _strict(alignment: Alignment, base: Document, changed: Document) -> Alignment:
    """Only pairs that may share one element of the diagram: one kind, and for flows the same ends."""
    pairs = dict(alignment.pairs)
    for key, other in alignment.pairs.items():
        ours, theirs = changed.records[key], base.records[other]
        if ours.kind != theirs.kind:
            del pairs[key]
    for key, other in tuple(pairs.items()):
        ours, theirs = changed.records[key], base.records[other]
        if any(pairs.get(ours.get(end), ours.get(end)) != theirs.get(end) for end in ENDS):
            del pairs[key]
    return Alignment(pairs, {key: alignment.scores.get(key, 1.0) for key in pairs})


def _with_new(union: Document, aligned: Document) -> Document:
    taken = {record.id for record in union.records.values()}
    records = dict(union.records)
    for key, record in aligned.records.items():
        if key not in records:
            records[key] = replace(record, id=_free(record.id, taken))
            taken.add(records[key].id)
    spelling = {**(aligned.extras.get("spelling") or {}), **(union.extras.get("spelling") or {})}
    return union.with_records(records, layout={**aligned.layout, **union.layout}, spelling=spelling)


def _free(identifier: str, taken: set[str]) -> str:
    free, number = identifier, 2
    while free and free in taken:
        free, number = f"{identifier}_{number}", number + 1
    return free


def _connected(
    keys: set[str], holders: Mapping[str, Mapping[str, Record]], everybody: int
) -> Iterator[tuple[str, ...]]:
    """The keys in groups: who refers to something that not all variants have must be chosen together with it."""
    group_of = {key: key for key in keys}

    def root(key: str) -> str:
        while group_of[key] != key:
            key = group_of[key]
        return key

    for key in keys:
        for record in holders[key].values():
            for _, other in record.references():
                if other in keys and len(holders[other]) < everybody:
                    one, two = sorted((root(key), root(other)))
                    group_of[two] = one
    groups: dict[str, list[str]] = {}
    for key in sorted(keys):
        groups.setdefault(root(key), []).append(key)
    yield from (tuple(group) for group in groups.values())


def _family_record(document: Document) -> str:
    """The record that the names of the variants are written at."""
    return next((key for key, record in document.records.items() if record.kind == "process"), "")


def _holders(record: Record, variants: tuple[str, ...]) -> dict[str, Record]:
    plain = _without_annotations(record)
    names = json.loads(record.fields[VARIANTS]) if VARIANTS in record.fields else variants
    differing = json.loads(record.fields[FIELDS]) if FIELDS in record.fields else {}
    ids = differing.pop(ID, {})
    held = {}
    for name in names:
        own = plain.having({field: _value(values.get(name)) for field, values in differing.items()})
        held[name] = replace(own, id=ids.get(name, own.id))
    return held


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _without_annotations(record: Record) -> Record:
    return record.having(dict.fromkeys(ANNOTATIONS)) if any(name in record.fields for name in ANNOTATIONS) else record


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _layout_of(records: Mapping[str, Record], layout: Mapping[str, Any]) -> dict[str, Any]:
    return {key: place for key, place in layout.items() if key.partition("#")[0] in records}
