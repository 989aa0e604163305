"""Changes that no pattern explains, as one operation per element and subject."""

from collections.abc import Sequence

from practice_repo.algebra.document import Document
from practice_repo.algebra.operations import Change, Operation


def group(base: Document, changed: Document, changes: Sequence[Change]) -> tuple[Operation, ...]:
    """Operations whose changes are exactly these."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.key, []).append(change)
    actions = {"add": "AddElement", "remove": "RemoveElement", "set": "ChangeElement"}
    return tuple(
        Operation(actions[each[0].action], base.name, key, tuple(each), frozenset({"control"}))
        for key, each in found.items()
    )
