"""Go back to an older state of a variant, without forgetting what came after it."""

from datetime import datetime

from engine.errors import InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.package import Package
from practice_repo.contents import get_files
from practice_repo.tables import PracticeCommit
from practice_repo.workspace import commit, editable_candidate, must_be_committed


def restore_commit(work: Work, *, commit_id: str, actor: Actor, now: datetime, message: str = "") -> str:
    """The id of a new commit with the files, choices and bindings of the old one.

    Raises InvalidState while the draft has changes of its own, and for commits from before an upgrade, whose origin
    was another version.
    """
    old = work.session.get(PracticeCommit, commit_id)
    if old is None:
        raise NotFound(f"There is no commit {commit_id}: look again.")
    candidate = editable_candidate(work, old.candidate_id, actor)
    must_be_committed(candidate)
    if old.origin_version_id != candidate.origin_version_id:
        raise InvalidState(
            f"Commit {old.number} was made for another version of the practice: compare and edit instead."
        )
    candidate.choices, candidate.bindings = old.choices, old.bindings
    package = Package(get_files(work, old.files))
    words = message.strip() or f"Back to {old.number}: {old.message}"
    return commit(work, candidate, package, "restore", words, actor, now, other_parents=[old.id]).id
