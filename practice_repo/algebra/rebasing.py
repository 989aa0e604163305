"""A variant on a newer version of what it came from: its own changes are kept, those of the new version come along."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic

from engine.errors import Finding
from practice_repo.algebra.conflicts import Conflict, Resolution
from practice_repo.algebra.merging import Merged, Version, merge
from practice_repo.algebra.operations import Operation


@dataclass(frozen=True)
class Step:
    """One operation and what becomes of it.

    side: ours (of the variant) | theirs (of the new version). state: automatic | needs_you (a question is open) |
    obsolete (of ours: the new version does the same, so it is no longer a change).
    """

    operation: Operation
    side: str
    state: str


@dataclass(frozen=True)
class Rebased(Generic[Version]):
    """`result` keeps ours where a question is open; `conflicts` are the open questions only."""

    result: Version
    steps: tuple[Step, ...]
    conflicts: tuple[Conflict, ...]
    findings: tuple[Finding, ...]


def rebase(
    old_base: Version, variant: Version, new_base: Version, *, resolutions: Iterable[Resolution] = ()
) -> Rebased[Version]:
    """The variant as if it had been made from the new version. Documents or packages, like `merging.merge`."""
    merged = merge(old_base, variant, new_base, resolutions=resolutions)
    steps = (*_steps(merged, "ours", merged.ours), *_steps(merged, "theirs", merged.theirs))
    return Rebased(merged.result, steps, merged.open, tuple(merged.findings))


def _steps(merged: Merged[Version], side: str, operations: Sequence[Operation]) -> Iterator[Step]:
    asked = {(each.file, each.id) for conflict in merged.open for each in getattr(conflict, side)}
    obsolete = {(each.file, each.id) for each in merged.obsolete}
    for operation in operations:
        place = (operation.file, operation.id)
        state = "obsolete" if place in obsolete else "needs_you" if place in asked else "automatic"
        yield Step(operation, side, state)
