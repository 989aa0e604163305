"""What the verbs of the workspace share: find a candidate, keep a commit, take a step of its life."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from engine.errors import InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.algebra.lineage import stamp_lineage
from practice_repo.algebra.operations import Operation
from practice_repo.algebra.package import Package, package_difference
from practice_repo.candidate_states import AVAILABLE, EDITABLE, must_allow
from practice_repo.contents import get_files, get_trees, put_files, tree_digest
from practice_repo.permissions import must_tailor
from practice_repo.stale import mark_stale
from practice_repo.tables import PracticeCandidate, PracticeCommit, PracticeMove, PracticeVersion


def own_candidate(work: Work, candidate_id: str, actor: Actor) -> PracticeCandidate:
    """The candidate, locked, for somebody who may tailor it. Raises NotFound, NotPermitted."""
    enterprise_id = must_tailor(actor)
    found = work.session.get(PracticeCandidate, candidate_id, with_for_update=True, populate_existing=True)
    if found is None or found.enterprise_id != enterprise_id:
        raise NotFound(f"The workspace has no practice {candidate_id}: look again.")
    return found


def editable_candidate(work: Work, candidate_id: str, actor: Actor) -> PracticeCandidate:
    """The same, when its files may change now."""
    found = own_candidate(work, candidate_id, actor)
    if found.state not in EDITABLE:
        raise InvalidState(
            f"'{found.title}' is {found.state}: it cannot be changed now. Finish or take back that first."
        )
    return found


def move(
    work: Work, candidate: PracticeCandidate, to_state: str, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Take one step of its life; staying where it is is none."""
    if candidate.state == to_state:
        return
    must_allow(candidate.title, candidate.state, to_state)
    note_move(work, candidate.id, candidate.state, to_state, actor, now, reason)
    if AVAILABLE in (candidate.state, to_state):  # what is ranked has changed
        mark_stale(work, [candidate.enterprise_id], "practices", now)
    candidate.state = to_state


def note_move(
    work: Work, candidate_id: str, from_state: str | None, to_state: str, actor: Actor, now: datetime, reason: str = ""
) -> None:
    work.session.add(
        PracticeMove(
            candidate_id=candidate_id, from_state=from_state, to_state=to_state, reason=reason, at=now, actor=actor.id
        )
    )


def set_draft(work: Work, candidate: PracticeCandidate, tree: Mapping[str, str], actor: Actor, now: datetime) -> None:
    """The files as they stand now; what was acquired or available becomes "being tailored" by it."""
    candidate.draft = dict(sorted(tree.items()))
    candidate.draft_digest = tree_digest(candidate.draft)
    touch(candidate, actor, now)
    if candidate.draft_digest != candidate.head_digest and candidate.state != "tailored":
        move(work, candidate, "tailored", actor, now)


def touch(candidate: PracticeCandidate, actor: Actor, now: datetime) -> None:
    candidate.changed_at, candidate.changed_by = now, actor.id


def draft_of(work: Work, candidate: PracticeCandidate) -> Package:
    return Package(get_files(work, candidate.draft))


def origin_files(work: Work, version_id: str) -> dict[str, str]:
    """The files of a version by digest."""
    columns = PracticeVersion.__table__.c
    return work.execute(select(columns.files).where(columns.id == version_id)).scalar_one()


def with_lineage(files: Mapping[str, bytes]) -> Package:
    """The files whose models say who is who, so that copies and renamed elements are still known."""
    return Package(
        {name: stamp_lineage(content) if name.endswith(".bpmn") else content for name, content in files.items()}
    )


def changes_since_origin(work: Work, candidate: PracticeCandidate) -> tuple[Operation, ...]:
    """The draft as operations against what was acquired."""
    origin, draft = get_trees(work, [candidate.origin, candidate.draft])
    return package_difference(Package(origin), Package(draft))


def must_be_committed(candidate: PracticeCandidate) -> None:
    if candidate.draft_digest != candidate.head_digest:
        raise InvalidState(f"'{candidate.title}' has changes without a version note: keep or discard them first.")


def commit(
    work: Work,
    candidate: PracticeCandidate,
    package: Package,
    kind: str,
    message: str,
    actor: Actor,
    now: datetime,
    *,
    need_id: str | None = None,
    other_parents: Sequence[str] = (),
) -> PracticeCommit:
    """Keep the package as the candidate's newest state; its draft is the same afterwards."""
    tree = put_files(work, package.files)
    head = work.session.get(PracticeCommit, candidate.head_commit_id) if candidate.head_commit_id else None
    operations: tuple[Operation, ...] = ()
    if head is not None:
        operations = package_difference(Package(get_files(work, head.files)), package)
    numbers = select(func.max(PracticeCommit.number)).where(PracticeCommit.candidate_id == candidate.id)
    kept = PracticeCommit(
        id=new_id(),
        candidate_id=candidate.id,
        number=(work.execute(numbers).scalar() or 0) + 1,
        kind=kind,
        parents=[*([head.id] if head else []), *other_parents],
        files=tree,
        digest=tree_digest(tree),
        operations=[operation.to_json() for operation in operations],
        operation_count=len(operations),
        origin_version_id=candidate.origin_version_id,
        choices=candidate.choices,
        bindings=candidate.bindings,
        message=message,
        need_id=need_id,
        author=actor.id,
        at=now,
    )
    work.session.add(kept)
    candidate.head_commit_id, candidate.head_digest = kept.id, kept.digest
    candidate.draft, candidate.draft_digest = tree, kept.digest
    touch(candidate, actor, now)
    if head is not None and kept.digest != head.digest and candidate.state != "tailored":
        move(work, candidate, "tailored", actor, now)
    return kept
