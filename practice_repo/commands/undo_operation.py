"""Take back one change of a variant and keep the others."""

from datetime import datetime

from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.difference import undo
from practice_repo.algebra.document import read_document
from practice_repo.algebra.operations import Operation, in_file
from practice_repo.algebra.package import FILE, Package, apply_to_package, package_difference
from practice_repo.contents import get_trees, put_files
from practice_repo.workspace import editable_candidate, set_draft


def undo_operation(
    work: Work, *, candidate_id: str, operation_id: str, actor: Actor, now: datetime
) -> tuple[Operation, ...]:
    """The operations that are left, against the origin. The draft changes, nothing is committed.

    Raises CannotApply naming the operations that build on it, NotFound for an operation that is not among them.
    """
    candidate = editable_candidate(work, candidate_id, actor)
    origin, draft = (Package(files) for files in get_trees(work, [candidate.origin, candidate.draft]))
    operations = package_difference(origin, draft)
    operation = next((each for each in operations if each.id == operation_id), None)
    if operation is None:
        raise NotFound(f"'{candidate.title}' has no such change any more: reload the list.")
    left = _without(draft, operations, operation)
    set_draft(work, candidate, put_files(work, left.files), actor, now)
    return package_difference(origin, left)


def _without(draft: Package, operations: tuple[Operation, ...], operation: Operation) -> Package:
    """The draft without the operation; a file that was added or removed as a whole goes or comes back."""
    if operation.target == FILE:
        return apply_to_package(draft, [operation.inverse()])
    document = read_document(operation.file, draft.files[operation.file])
    undone = undo(document, in_file(operations, operation.file), operation.id)
    return Package({**draft.files, operation.file: undone.write()})
