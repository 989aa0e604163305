"""A variant moves to a newer version of what it comes from: a merge, told operation by operation."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic

from practice_repo.algebra.conflicts import Conflict, Resolution
from practice_repo.algebra.merge_checks import Worsened
from practice_repo.algebra.merging import Merged, Version, merge
from practice_repo.algebra.operations import Operation

AUTOMATIC, NEEDS_YOU, OBSOLETE = "automatic", "needs_you", "obsolete"


@dataclass(frozen=True)
class RebaseStep:
    """One operation on its way: `ours` are the variant's own, `theirs` what is new upstream.

    automatic: it is in the result. needs_you: an open conflict holds it. obsolete: upstream has it too (the variant's
    own idea became part of the prototype), or an answer took the other side.
    """

    operation: Operation
    side: str  # ours | theirs
    state: str  # automatic | needs_you | obsolete


@dataclass(frozen=True)
class Rebased(Generic[Version]):
    """The variant on the new base. `conflicts` are the open ones; while there are any, the result keeps ours there."""

    result: Version
    steps: tuple[RebaseStep, ...]
    merged: Merged[Version]

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return self.merged.conflicts

    @property
    def findings(self) -> tuple[Worsened, ...]:
        return self.merged.findings

    def counted(self, state: str, side: str = "ours") -> int:
        return sum(step.state == state and step.side == side for step in self.steps)


def rebase(
    old_base: Version, variant: Version, new_base: Version, *, resolutions: Iterable[Resolution] = ()
) -> Rebased[Version]:
    """The variant of the old base as a variant of the new one. Documents or packages."""
    merged = merge(old_base, variant, new_base, resolutions=resolutions)
    held = {(each.file, each.id) for conflict in merged.conflicts for each in (*conflict.ours, *conflict.theirs)}
    applied = {(each.file, each.id) for each in merged.applied}
    upstream_has = {(each.file, each.id) for each in merged.obsolete}
    steps = []
    for side, operations in (("ours", merged.ours), ("theirs", merged.theirs)):
        for operation in operations:
            place = (operation.file, operation.id)
            if place in held:
                state = NEEDS_YOU
            elif place not in applied or (side == "ours" and place in upstream_has):
                state = OBSOLETE
            else:
                state = AUTOMATIC
            steps.append(RebaseStep(operation, side, state))
    return Rebased(merged.result, tuple(steps), merged)
