"""Changes that no pattern of control flow explains, as operations by subject: who, when, where, in which words.

What is added or removed takes along what lies inside of it, its place in ordered lists (rules, fields, flows) and the
cells that name it; so each operation can be applied or taken back for itself.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from practice_repo.algebra.document import KEYED_FIELDS, REFERENCE_TUPLES, Document, Record, is_reference
from practice_repo.algebra.operations import Change, Operation, spliced
from practice_repo.algebra.subjects import Subject, added_as, moved_as, removed_as, set_as

DRAWN_ANEW = frozenset({"source", "target", "attached_to", "parent"})


@dataclass
class _Draft:
    """One operation while its changes are collected."""

    subject: Subject
    target: str
    changes: list[Change] = field(default_factory=list)


def group(base: Document, changed: Document, changes: Sequence[Change]) -> tuple[Operation, ...]:
    """Operations whose changes together are exactly these: removals first, then additions, then single fields."""
    return _Grouping(base, changed, changes).operations() if changes else ()


class _Grouping:
    def __init__(self, base: Document, changed: Document, changes: Sequence[Change]):
        self.base = base
        self.changed = changed
        self.known = changed.with_records({**changed.records, **base.records})  # as people knew it, and what is new
        self.removed = {change.key: change for change in changes if change.action == "remove"}
        self.added = {change.key: change for change in changes if change.action == "add"}
        self.sets = [change for change in changes if change.action == "set"]
        self.drafts: dict[tuple[str, str], _Draft] = {}
        self.owner: dict[str, _Draft] = {}  # draft of what was added, removed or moved

    def operations(self) -> tuple[Operation, ...]:
        for key in self.removed:
            self.take_whole(key, self.removed, self.base, removed_as)
        for key in self.added:
            self.take_whole(key, self.added, self.changed, added_as)
        for change in self.sets:
            if change.field == "parent":
                record = self.changed.records[change.key]
                draft = self.draft(moved_as(self.base.kind, record), change.key)
                draft.changes.append(change)
                self.owner[change.key] = draft
        for change in self.sets:
            if change.field != "parent" and change.field not in REFERENCE_TUPLES:
                self.take_field(change)
        for change in self.sets:
            if change.field in REFERENCE_TUPLES:
                self.take_list(change)
        return tuple(self.operation(draft) for draft in self.drafts.values())

    def draft(self, subject: Subject, target: str) -> _Draft:
        return self.drafts.setdefault((target, subject.type), _Draft(subject, target))

    def take_whole(
        self, key: str, whole: Mapping[str, Change], document: Document, named: Callable[[str, Record], Subject]
    ) -> None:
        """The change of a record, with those of what lies in it."""
        outermost = key
        while (parent := document.records[outermost].parent) in whole:
            outermost = parent
        if outermost in self.owner and whole is self.added and outermost in self.removed:
            draft = self.owner[outermost]  # the same element as another kind
        else:
            draft = self.draft(named(document.kind, document.records[outermost]), outermost)
        draft.changes.append(whole[key])
        self.owner[key] = draft

    def take_field(self, change: Change) -> None:
        name = str(change.field)
        keyed = next((name.removeprefix(prefix) for prefix in KEYED_FIELDS if name.startswith(prefix)), None)
        if keyed in self.owner and keyed not in (self.base.records.keys() & self.changed.records.keys()):
            self.owner[keyed].changes.append(change)
            return
        record = self.changed.records[change.key]
        self.draft(set_as(self.base.kind, record, change), change.key).changes.append(change)

    def take_list(self, change: Change) -> None:
        """An ordered list step by step: every removal and addition with what it belongs to, the rest at its owner."""
        before, after = change.before or (), change.after or ()
        gone = [key for key in before if key not in after and key in self.owner]
        new = [key for key in after if key not in before and key in self.owner]
        wholly = gone + new
        unowned = [key for key in (*before, *after) if (key in before) != (key in after) and key not in self.owner]
        if wholly and unowned and not (before and after):
            self.owner[wholly[0]].changes.append(change)
            return
        current: tuple[str, ...] = tuple(before)
        for key in gone:
            current = self.step(change, key, current, tuple(each for each in current if each != key))
        for key in new:
            wanted = tuple(each for each in after if each in current or each == key)
            current = self.step(change, key, current, spliced(tuple(k for k in wanted if k != key), wanted, current))
        if current != tuple(after):
            record = self.changed.records[change.key]
            rest = Change("set", change.key, change.field, current or None, change.after)
            self.draft(set_as(self.base.kind, record, rest), change.key).changes.append(rest)

    def step(
        self, change: Change, key: str, current: tuple[str, ...], following: tuple[str, ...] | None
    ) -> tuple[str, ...]:
        following = (*current, key) if following is None else following
        self.owner[key].changes.append(Change("set", change.key, change.field, current or None, following or None))
        return following

    def operation(self, draft: _Draft) -> Operation:
        subject, changes = draft.subject, tuple(draft.changes)
        operation = Operation(subject.type, self.base.name, draft.target, changes, subject.tags, self.details(draft))
        return with_looks(operation, self.base, self.changed)

    # for people

    def details(self, draft: _Draft) -> dict[str, Any]:
        document = self.known
        record = document.records[draft.target]
        details: dict[str, Any] = {"name": name_of(record, document), "kind": record.kind}
        if chinese := record.get("extensionElements/praxis:property[name:zh]@value") or record.get("label:zh"):
            details["name:zh"] = chinese
        around = document.records.get(record.parent)
        if around is not None and around.parent:
            details["in"] = name_of(around, document)
        texts = [
            {
                "field": str(change.field),
                "before": self.text_of(change.before, str(change.field)),
                "after": self.text_of(change.after, str(change.field)),
            }
            for change in draft.changes
            if change.action == "set" and change.key == draft.target
        ]
        if texts:
            details["fields"] = texts
            main = next((each for each in texts if each["field"] in {"name", "label", "title"}), texts[0])
            details["before"], details["after"] = main["before"], main["after"]
        return details

    def text_of(self, value: Any, name: str) -> str:
        if value is None:
            return ""
        if isinstance(value, tuple):
            return ", ".join(self.text_of(each, name) for each in value)
        if is_reference(name) and (record := self.known.records.get(str(value))):
            return name_of(record, self.known)
        return str(value).removeprefix("?") if is_reference(name) else str(value)


def with_looks(operation: Operation, base: Document, changed: Document) -> Operation:
    """The operation with how what it adds, removes or reconnects is drawn, and how its texts were written."""
    details = dict(operation.details)
    before = {change.key for change in operation.changes if change.action == "remove" or change.field in DRAWN_ANEW}
    after = {change.key for change in operation.changes if change.action == "add" or change.field in DRAWN_ANEW}
    for name, document, keys in (("layout_before", base, before), ("layout", changed, after)):
        if name not in details and (layout := layout_of(document, keys)):
            details[name] = layout
    if "spelling" not in details and (spelling := _spelling(operation, changed)):
        details["spelling"] = spelling
    return replace(operation, details=details)


def layout_of(document: Document, keys: Collection[str]) -> dict[str, Any]:
    """How these elements, and what lies inside of them, are drawn."""
    return {key: place for key, place in document.layout.items() if key.partition("#")[0] in keys}


def _spelling(operation: Operation, changed: Document) -> dict[str, dict[str, str]]:
    """How texts were written whose white space has no meaning."""
    written = changed.extras.get("spelling") or {}
    found: dict[str, dict[str, str]] = {}
    for change in operation.changes:
        for name, text in written.get(change.key, {}).items():
            if change.action == "add" or change.field == name:
                found.setdefault(change.key, {})[name] = text
    return found


def name_of(record: Record, document: Document) -> str:
    """How people call the element: its name, the ends of a flow, the text of an annotation, at last its id.

    >>> flow = Record("f", "sequenceFlow", "f", {"parent": "", "source": "a", "target": "b"})
    >>> ends = {key: Record(key, "task", key, {"parent": "", "name": key.upper()}) for key in "ab"}
    >>> name_of(flow, Document("x.bpmn", "bpmn", {"f": flow, **ends}))
    'A → B'
    """
    for name in ("name", "label", "title", "annotation", "name/en", "text", "inputExpression/text", "figure"):
        found = record.fields.get(name)
        if isinstance(found, str) and found:
            return found if len(found) <= 60 else f"{found[:57]}…"
    if record.kind in {"sequenceFlow", "messageFlow", "association"}:
        ends = [document.records.get(str(record.get(end))) for end in ("source", "target")]
        return " → ".join(name_of(end, document) if end else "?" for end in ends)
    if record.kind == "decisionTable" and record.parent in document.records:
        return name_of(document.records[record.parent], document)
    if record.kind == "rule":
        cells = [str(value) for name, value in record.fields.items() if name.startswith("in:")]
        return ", ".join(cells)[:60] or record.id
    return record.id or record.key
