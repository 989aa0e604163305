"""The variant being tailored: its files, its changes against the origin, saving, undoing. Thin over practice_repo."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from practice_repo.algebra.document import Document
from practice_repo.algebra.operations import Operation, describe
from practice_repo.algebra.package import Package, package_difference
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.save_draft import save_draft
from practice_repo.commands.undo_operation import undo_operation
from practice_repo.permissions import may_tailor
from practice_repo.queries.workspace import candidate, draft_package, origin_package
from webapp.access import actor, now, read, run

KINDS = {"add": "add", "remove": "remove", "set": "change"}


@dataclass(frozen=True)
class Variant:
    """One practice of the enterprise, opened for tailoring."""

    id: str
    title: str
    title_zh: str
    draft: Package
    origin: Package
    origin_version: str
    state: str
    may_edit: bool
    has_draft: bool

    @property
    def files(self) -> dict[str, bytes]:
        return dict(self.draft.files)


def open_variant(variant_id: str) -> Variant:
    """The variant as it stands. Raises NotFound."""

    def look(work):
        arguments = {"candidate_id": variant_id, "actor": actor()}
        return candidate(work, **arguments), draft_package(work, **arguments), origin_package(work, **arguments)

    detail, draft, origin = read(look)
    row = detail.row
    return Variant(
        id=row.id,
        title=row.title,
        title_zh=row.title_zh,
        draft=draft,
        origin=origin,
        origin_version=row.origin_version,
        state=row.state,
        may_edit=may_tailor(actor()),
        has_draft=row.has_draft,
    )


def save(variant_id: str, name: str, content: bytes | None, expected_digest: str | None) -> str | None:
    """Keep a file (None removes it); the new digest. Raises StaleDraft when somebody saved it in between."""
    saved = run(
        lambda work: save_draft(
            work,
            candidate_id=variant_id,
            name=name,
            content=content,
            expected_digest=expected_digest,
            actor=actor(),
            now=now(),
        )
    )
    return saved.digest


def undo(variant_id: str, operation_id: str) -> None:
    """Take one change back and keep the others. Raises CannotApply naming those that build on it, NotFound."""
    run(lambda work: undo_operation(work, candidate_id=variant_id, operation_id=operation_id, actor=actor(), now=now()))


def keep(variant_id: str, message: str) -> None:
    """Make a version of the draft."""
    run(lambda work: commit_draft(work, candidate_id=variant_id, message=message, actor=actor(), now=now()))


def changes(variant: Variant, language: str) -> list[dict[str, Any]]:
    """What the variant does differently from its origin, as sentences with the elements that they are about."""
    return [_change(operation, variant, language) for operation in _operations(_Pair(variant.origin, variant.draft))]


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two packages that are the same pair when their files are."""

    before: Package
    after: Package

    def __hash__(self) -> int:
        return hash((self.before.digest, self.after.digest))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and hash(self) == hash(other)


@lru_cache(maxsize=64)
def _operations(pair: _Pair) -> tuple[Operation, ...]:
    return package_difference(pair.before, pair.after)


def _change(operation: Operation, variant: Variant, language: str) -> dict[str, Any]:
    document = variant.draft.documents.get(operation.file)
    elements = list(_elements(operation, document))
    return {
        "id": operation.id,
        "type": operation.type,
        "file": operation.file,
        "text": describe(operation, language),
        "tags": sorted(operation.tags),
        "kind": _kind(operation),
        "element": _id_of(operation.target, document) or next((each["id"] for each in elements), None),
        "elements": elements,
    }


def _kind(operation: Operation) -> str:
    """add, remove or change: what happens to the element that the operation is about."""
    actions = {change.key: change.action for change in operation.changes}
    action = actions.get(operation.target) or next(iter(actions.values()), "set")
    return KINDS[action]


def _elements(operation: Operation, document: Document | None) -> Iterator[Mapping[str, str]]:
    """The elements of the draft that the operation made or changed, to be marked on the diagram."""
    kinds: dict[str, str] = {}
    for change in operation.changes:
        if kinds.get(change.key) != "add":
            kinds[change.key] = KINDS[change.action]
    for key, kind in kinds.items():
        element_id = _id_of(key, document)
        if element_id:
            yield {"id": element_id, "kind": kind}


def _id_of(key: str, document: Document | None) -> str | None:
    record = document.records.get(key) if document else None
    return record.id if record else None
