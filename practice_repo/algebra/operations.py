"""Changes to records, and operations: changes that belong together and have a name for people."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from engine.errors import InvalidInput
from practice_repo.algebra.document import Record
from practice_repo.algebra.wording import describe

__all__ = [
    "TAGS",
    "CannotApply",
    "Change",
    "Operation",
    "describe",
    "in_file",
    "operations_from_json",
    "spliced",
]

TAGS = frozenset({"control", "data", "role", "rule", "form", "time", "integration", "doc"})


class CannotApply(InvalidInput):
    """An operation does not fit the document. `operation` is the one; `others` are those that stand in its way."""

    def __init__(self, message: str, operation: "Operation | None" = None, others: Sequence["Operation"] = ()):
        super().__init__(message)
        self.operation = operation
        self.others = tuple(others)


@dataclass(frozen=True)
class Change:
    """One record added or removed, or one field set.

    `add` has the record as mapping (kind, id, fields) in `after`, `remove` has it in `before`; both have field None.
    `set` has the field's values, None for absent.
    """

    action: str  # add | remove | set
    key: str
    field: str | None = None
    before: Any = None
    after: Any = None

    @classmethod
    def adding(cls, record: Record) -> "Change":
        return cls("add", record.key, None, None, record.as_mapping())

    @classmethod
    def removing(cls, record: Record) -> "Change":
        return cls("remove", record.key, None, record.as_mapping(), None)

    @property
    def record(self) -> Record:
        """The record that is added or removed."""
        return Record.from_mapping(self.key, self.after if self.action == "add" else self.before)

    def inverse(self) -> "Change":
        opposite = {"add": "remove", "remove": "add", "set": "set"}[self.action]
        return Change(opposite, self.key, self.field, self.after, self.before)

    def to_json(self) -> dict[str, Any]:
        content = {"action": self.action, "key": self.key}
        if self.field is not None:
            content["field"] = self.field
        if self.before is not None:
            content["before"] = _to_json(self.before)
        if self.after is not None:
            content["after"] = _to_json(self.after)
        return content

    @classmethod
    def from_json(cls, content: Any) -> "Change":
        """Raises InvalidInput for what is no change."""
        content = content if isinstance(content, Mapping) else {}
        action = content.get("action")
        if action not in {"add", "remove", "set"} or not isinstance(content.get("key"), str):
            raise InvalidInput(
                f"A change needs an 'action' (add, remove or set) and a 'key'; found {json.dumps(content)[:120]}."
            )
        whole = {"add": "after", "remove": "before"}.get(action)
        if whole and not _is_record(content.get(whole)):
            raise InvalidInput(
                f"To {action} the record '{content['key']}' the change needs it as '{whole}', with 'kind', 'id' and "
                "'fields' (texts, numbers, truth values or lists of texts)."
            )
        if action == "set" and not isinstance(content.get("field"), str):
            raise InvalidInput(f"To set something of '{content['key']}' the change needs the name of the 'field'.")
        if action == "set" and not all(_is_value(content.get(name)) for name in ("before", "after")):
            raise InvalidInput(f"A field of '{content['key']}' is a text, number, truth value or list of texts.")
        before, after = (_from_json(content.get(name)) for name in ("before", "after"))
        return cls(action, content["key"], content.get("field"), before, after)


@dataclass(frozen=True)
class Operation:
    """Changes that belong together. `details` is for people and for drawing: it is no part of what is compared.

    details: `name` (of the target), `kind`, `before` and `after` (texts), `between` ([name, name]), `layout`
    (key → bounds or waypoints of what is added; `layout_before` of what is removed or redrawn), `spelling`
    (key → field → text as it was written).
    """

    type: str
    file: str
    target: str
    changes: tuple[Change, ...]
    tags: frozenset[str] = frozenset()
    details: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Digest of what the operation does: the same change of the same place has the same id everywhere."""
        content = [self.type, self.file, self.target, [change.to_json() for change in self.changes]]
        if not self.changes:
            content.append(_to_json(self.details.get("layout")))
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def inverse(self) -> "Operation":
        """The operation that takes this one back. Its type is this one's; `details` say that it is one."""
        changes = tuple(change.inverse() for change in reversed(self.changes))
        details = {**self.details, "inverse": True}
        if self.details.get("inverse"):
            del details["inverse"]
        for before, after in (("before", "after"), ("layout_before", "layout")):
            if before in details or after in details:
                details[before], details[after] = self.details.get(after), self.details.get(before)
        return replace(self, changes=changes, details=details)

    @cached_property
    def writes(self) -> frozenset[tuple[str, str]]:
        """Key and field of all it sets; ("key", "") for a record that it adds or removes."""
        return frozenset((change.key, change.field or "") for change in self.changes)

    @cached_property
    def creates(self) -> frozenset[str]:
        return frozenset(change.key for change in self.changes if change.action == "add")

    @cached_property
    def removes(self) -> frozenset[str]:
        return frozenset(change.key for change in self.changes if change.action == "remove")

    @cached_property
    def requires(self) -> frozenset[str]:
        """Keys that must be there: what it sets or removes, and what its new values refer to."""
        needed: set[str] = set()
        for change in self.changes:
            if change.action != "add":
                needed.add(change.key)
            if change.action == "add":
                needed.update(key for _, key in change.record.references())
            elif change.action == "set" and change.field is not None and change.after is not None:
                probe = Record(change.key, "", "", {change.field: change.after})
                needed.update(key for _, key in probe.references())
        return frozenset(needed - self.creates)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": self.type,
            "file": self.file,
            "target": self.target,
            "tags": sorted(self.tags),
            "changes": [change.to_json() for change in self.changes],
            "details": _to_json(self.details),
        }

    @classmethod
    def from_json(cls, content: Any) -> "Operation":
        """Raises InvalidInput for what is no operation."""
        content = content if isinstance(content, Mapping) else {}
        for name in ("type", "file", "target"):
            if not isinstance(content.get(name), str):
                raise InvalidInput(f"An operation needs '{name}' as text; found {json.dumps(content)[:120]}.")
        if not isinstance(content.get("changes"), (list, tuple)):
            raise InvalidInput(f"The operation {content['type']} of '{content['target']}' needs a list of 'changes'.")
        changes = tuple(Change.from_json(each) for each in content["changes"])
        tags, details = content.get("tags") or (), content.get("details") or {}
        if not isinstance(details, Mapping) or not _is_value(tags) or isinstance(tags, str):
            raise InvalidInput(f"The operation {content['type']} needs 'tags' as a list and 'details' as an object.")
        return cls(content["type"], content["file"], content["target"], changes, frozenset(tags), dict(details))


def operations_from_json(content: Any) -> tuple[Operation, ...]:
    """Operations out of a list, or of an object with `operations` (what `praxis diff --json` prints)."""
    found = content.get("operations") if isinstance(content, Mapping) else content
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise InvalidInput("Expected a list of operations, or an object with 'operations'.")
    return tuple(Operation.from_json(each) for each in found)


def spliced(before: Sequence[str], after: Sequence[str], current: Sequence[str]) -> tuple[str, ...] | None:
    """What the change of an ordered list from before to after does to the list as it is now; None: they clash.

    Elements that were taken out go, new ones come behind the neighbour that they had. A change of the order itself
    needs the list as it was.

    >>> spliced(("a", "b"), ("a", "x", "b"), ("a", "b", "c"))
    ('a', 'x', 'b', 'c')
    """
    if tuple(before) == tuple(current):
        return tuple(after)
    kept = [key for key in before if key in set(after)]
    if kept != [key for key in after if key in set(before)]:
        return None
    gone = set(before) - set(after)
    result = [key for key in current if key not in gone]
    for position, key in enumerate(after):
        if key in set(before) or key in result:
            continue
        ahead = next((each for each in reversed(after[:position]) if each in result), None)
        behind = next((each for each in after[position + 1 :] if each in result), None)
        if ahead is not None:
            result.insert(result.index(ahead) + 1, key)
        elif behind is not None:
            result.insert(result.index(behind), key)
        else:
            result.append(key)
    return tuple(result)


def _is_value(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(isinstance(each, str) for each in value)
    return value is None or isinstance(value, (str, int, float, bool))


def _is_record(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("fields"), Mapping):
        return False
    texts = [value.get("kind"), value.get("id"), *value["fields"]]
    return all(isinstance(each, str) for each in texts) and all(map(_is_value, value["fields"].values()))


def _to_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _to_json(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_to_json(each) for each in value]
    return value


def _from_json(value: Any) -> Any:
    """Lists of texts become tuples; the fields of records, too."""
    if isinstance(value, Mapping):
        return {key: _from_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(value)
    return value


def in_file(operations: Iterable[Operation], name: str) -> list[Operation]:
    return [operation for operation in operations if operation.file == name]
