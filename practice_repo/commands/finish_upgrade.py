"""Take a newer version over into a variant."""

from collections.abc import Collection
from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.package import Package, apply_to_package
from practice_repo.algebra.rebasing import Rebased
from practice_repo.commands.resolve_conflict import must_be_open
from practice_repo.contents import put_files
from practice_repo.errors import Conflicts
from practice_repo.tables import PracticeUpgrade, PracticeVersion
from practice_repo.upgrading import find_upgrade, rebased, sides, stored_resolutions
from practice_repo.workspace import commit, editable_candidate, must_be_committed


def finish_upgrade(
    work: Work,
    *,
    upgrade_id: str,
    actor: Actor,
    now: datetime,
    message: str = "",
    without: Collection[str] = (),
) -> str:
    """The id of the commit that holds the merged files; the candidate is a variant of the newer version from now on.

    `without` names operations of the newer version (by id, of those that come by themselves) to leave out: the variant
    differs there from now on. CannotApply names what was built on one of them.
    What was deployed keeps running: check the new commit and make it available, then move or leave running cases.
    Raises Conflicts while some are undecided, InvalidState while the draft has changes of its own.
    """
    found = find_upgrade(work, upgrade_id, actor)
    must_be_open(found)
    candidate = editable_candidate(work, found.candidate_id, actor)
    must_be_committed(candidate)
    resolutions, _ = stored_resolutions(work, found)
    packages = sides(work, found)
    outcome = rebased(packages, resolutions)
    if outcome.conflicts:
        count = len(outcome.conflicts)
        raise Conflicts(f"{count} conflicts of '{candidate.title}' are not decided yet.", outcome.conflicts)
    version = work.session.get(PracticeVersion, found.to_version_id)
    candidate.origin_version_id, candidate.licence, candidate.checksum = version.id, version.licence, version.digest
    candidate.origin = put_files(work, packages.released.files)
    words = message.strip() or f"Upgrade to {version.version}"
    kept = commit(
        work, candidate, _left_out(outcome, without), "upgrade", words, actor, now, other_parents=[version.id]
    )
    row = work.session.get(PracticeUpgrade, upgrade_id, with_for_update=True)
    row.state, row.commit_id, row.finished_at, row.finished_by = "finished", kept.id, now, actor.id
    return kept.id


def _left_out(outcome: Rebased[Package], without: Collection[str]) -> Package:
    """The merged practice without these operations of the newer version."""
    offered = {
        step.operation.id: step.operation
        for step in outcome.steps
        if step.side == "theirs" and step.state == "automatic"
    }
    unknown = sorted(set(without) - offered.keys())
    if unknown:
        raise InvalidInput(f"'{unknown[0]}' is no change of the newer version that comes by itself: reload the page.")
    chosen = [operation for identifier, operation in offered.items() if identifier in set(without)]
    return apply_to_package(outcome.result, [operation.inverse() for operation in reversed(chosen)])
