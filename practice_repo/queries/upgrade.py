"""One upgrade, tried out: what goes by itself, what is obsolete, and what somebody must decide."""

from dataclasses import dataclass
from typing import Any

from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.conflicts import Conflict, Resolution
from practice_repo.algebra.package import Package
from practice_repo.queries.upgrades import UPGRADE, UpgradeRow, upgrade_rows
from practice_repo.upgrading import find_upgrade, rebased, sides, stored_resolutions


@dataclass(frozen=True)
class OpenConflict:
    """A conflict with its resolution, if there is one; `is_remembered`: it was decided alike before."""

    conflict: Conflict
    resolution: Resolution | None
    is_remembered: bool


@dataclass(frozen=True)
class UpgradePreview:
    row: UpgradeRow
    base: Package
    variant: Package
    new_base: Package
    result: Package  # as far as conflicts are decided; undecided ones keep ours
    steps: tuple[Any, ...]  # practice_repo.algebra.rebasing: operation, side, state
    conflicts: tuple[OpenConflict, ...]
    findings: tuple[Any, ...]
    may_finish: bool


def upgrade(work: Work, *, upgrade_id: str, actor: Actor) -> UpgradePreview:
    """Lay the variant onto the newer version, with the resolutions so far. Nothing is kept."""
    found = find_upgrade(work, upgrade_id, actor)
    packages = sides(work, found)
    resolutions, remembered = stored_resolutions(work, found)
    undecided = rebased(packages, {})
    outcome = rebased(packages, resolutions) if resolutions else undecided
    return UpgradePreview(
        row=upgrade_rows(work, UPGRADE.id == upgrade_id)[0],
        base=packages.base,
        variant=packages.variant,
        new_base=packages.new_base,
        result=outcome.result,
        steps=outcome.steps,
        conflicts=_conflicts(undecided, outcome, resolutions, remembered),
        findings=outcome.findings,
        may_finish=found.state == "open" and not outcome.conflicts,
    )


def _conflicts(undecided, outcome, resolutions, remembered) -> tuple[OpenConflict, ...]:
    """All conflicts, decided ones too; deciding one can bring up another."""
    every = {conflict.id: conflict for conflict in (*undecided.conflicts, *outcome.conflicts)}
    return tuple(
        OpenConflict(conflict, resolutions.get(conflict.id), conflict.id in remembered) for conflict in every.values()
    )
