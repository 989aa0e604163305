"""An enterprise's workspace: its variants, their files, changes and history."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from engine.errors import InvalidInput, NotFound
from engine.store.actor import Actor
from engine.store.tables import ProcessInstance
from engine.store.unit_of_work import Work
from practice_repo.algebra.operations import Operation
from practice_repo.algebra.package import Package, package_difference
from practice_repo.bindings import Bindings, roles_of, topics_of
from practice_repo.candidate_states import TRANSITIONS
from practice_repo.contents import get_files, get_trees, sizes
from practice_repo.practice import CARD, Text, read_card
from practice_repo.tables import (
    PracticeCandidate,
    PracticeCommit,
    PracticeDeployment,
    PracticeItem,
    PracticeMove,
    PracticeUpgrade,
    PracticeValidation,
    PracticeVersion,
)

CANDIDATE, COMMIT = PracticeCandidate.__table__.c, PracticeCommit.__table__.c
DEPLOYMENT, UPGRADE = PracticeDeployment.__table__.c, PracticeUpgrade.__table__.c
LIVE = ("active", "suspended")
KINDS = {".bpmn": "bpmn", ".dmn": "dmn", ".json": "form", ".toml": "card"}


@dataclass(frozen=True)
class Deployed:
    definition_id: str
    process_id: str
    version: int


@dataclass(frozen=True)
class CandidateRow:
    id: str
    item_id: str
    title: str
    title_zh: str
    state: str
    origin_version_id: str
    origin_version: str
    newest_version: str
    area: str
    kind: str
    is_component: bool
    head_commit_id: str
    has_draft: bool  # changes without a version note
    is_valid: bool  # the newest commit passed every check
    deployed: tuple[Deployed, ...]
    running_instances: int  # of every version that was deployed
    open_upgrade_id: str | None
    acquired_at: datetime
    acquired_by: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True)
class FileRow:
    name: str
    digest: str
    kind: str  # bpmn | dmn | form | card | text
    size: int  # bytes
    is_changed: bool  # against the origin
    is_draft: bool  # against the newest commit


@dataclass(frozen=True)
class Transition:
    from_state: str | None
    to_state: str
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True)
class CommitRow:
    id: str
    candidate_id: str
    number: int
    kind: str  # acquire | options | edit | bind | upgrade | restore | component
    parents: tuple[str, ...]
    message: str
    need_id: str | None
    author: str
    at: datetime
    digest: str
    operation_count: int
    is_head: bool
    checked: bool | None  # passed the checks, did not, was never checked


@dataclass(frozen=True)
class CandidateDetail:
    row: CandidateRow
    licence: str
    checksum: str
    source: str
    files: tuple[FileRow, ...]
    choices: Mapping[str, str]
    bindings: Bindings
    history: tuple[Transition, ...]
    next_states: tuple[str, ...]


@dataclass(frozen=True)
class DraftFile:
    name: str
    content: bytes
    digest: str
    origin_digest: str | None  # of the file in the origin; none when it is new


@dataclass(frozen=True)
class Side:
    reference: str
    title: str
    package: Package


@dataclass(frozen=True)
class Comparison:
    before: Side
    after: Side
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class RoleToBind:
    key: str
    name: Text
    bound_to: str
    is_known: bool  # the enterprise has the group
    element_ids: tuple[str, ...]


@dataclass(frozen=True)
class TopicToBind:
    topic: str
    bound_to: str
    is_known: bool  # a handler does the work
    element_ids: tuple[str, ...]


@dataclass(frozen=True)
class Bindable:
    roles: tuple[RoleToBind, ...]
    topics: tuple[TopicToBind, ...]
    fields: tuple[str, ...]  # data objects of the card
    bindings: Bindings


def candidates(
    work: Work, *, enterprise_id: str, state: str | None = None, item_id: str | None = None, text: str | None = None
) -> tuple[CandidateRow, ...]:
    """The variants of an enterprise, last changed first; given-up ones only when asked for by state."""
    where = [CANDIDATE.enterprise_id == enterprise_id]
    where.append(CANDIDATE.state == state if state else CANDIDATE.state != "aborted")
    if item_id is not None:
        where.append(CANDIDATE.item_id == item_id)
    if text:
        where.append(func.lower(CANDIDATE.title).contains(text.lower()) | CANDIDATE.title_zh.contains(text))
    return _candidate_rows(work, and_(*where))


def candidate(work: Work, *, candidate_id: str, actor: Actor) -> CandidateDetail:
    """One variant with its files and its life so far. Raises NotFound for other enterprises."""
    found = find_candidate(work, candidate_id, actor)
    head = work.execute(select(COMMIT.files).where(COMMIT.id == found.head_commit_id)).scalar_one()
    return CandidateDetail(
        row=_candidate_rows(work, CANDIDATE.id == candidate_id)[0],
        licence=found.licence,
        checksum=found.checksum,
        source=found.source,
        files=_file_rows(work, found, head),
        choices=found.choices,
        bindings=Bindings.of_json(found.bindings),
        history=_history(work, candidate_id),
        next_states=tuple(sorted(TRANSITIONS[found.state])),
    )


def draft_file(work: Work, *, candidate_id: str, name: str, actor: Actor) -> DraftFile:
    """A file as it stands now; its digest is what to expect when saving it. Raises NotFound."""
    found = find_candidate(work, candidate_id, actor)
    if name not in found.draft:
        raise NotFound(f"'{found.title}' has no file '{name}': it has {', '.join(found.draft)}.")
    content = get_files(work, {name: found.draft[name]})[name]
    return DraftFile(name, content, found.draft[name], found.origin.get(name))


def draft_package(work: Work, *, candidate_id: str, actor: Actor) -> Package:
    """The files as they stand now."""
    return Package(get_files(work, find_candidate(work, candidate_id, actor).draft))


def origin_package(work: Work, *, candidate_id: str, actor: Actor) -> Package:
    """What the variant came from, as it was copied: with its lineage."""
    return Package(get_files(work, find_candidate(work, candidate_id, actor).origin))


def commit_package(work: Work, *, commit_id: str, actor: Actor) -> Package:
    """The files of a commit. Raises NotFound for other enterprises."""
    return Package(get_files(work, _commit(work, commit_id, actor).files))


def operations(work: Work, *, candidate_id: str, actor: Actor, against: str = "origin") -> tuple[Operation, ...]:
    """What the draft changes, against the origin or against the newest commit (`head`)."""
    found = find_candidate(work, candidate_id, actor)
    if against == "origin":
        before = found.origin
    elif against == "head":
        before = work.execute(select(COMMIT.files).where(COMMIT.id == found.head_commit_id)).scalar_one()
    else:
        raise InvalidInput(f"Changes are counted against 'origin' or 'head', not '{against}'.")
    base, draft = get_trees(work, [before, found.draft])
    return package_difference(Package(base), Package(draft))


def commits(work: Work, *, candidate_id: str, actor: Actor) -> tuple[CommitRow, ...]:
    """The newest first."""
    find_candidate(work, candidate_id, actor)
    return commit_rows(work, COMMIT.candidate_id == candidate_id)


def commit_rows(work: Work, where: ColumnElement[bool]) -> tuple[CommitRow, ...]:
    """Commits with what the last check of their state said."""
    checks = PracticeValidation.__table__.c
    checked = (
        select(checks.passed)
        .where(checks.commit_id == COMMIT.id)
        .order_by(checks.at.desc(), checks.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = [COMMIT[name] for name in CommitRow.__dataclass_fields__ if name in COMMIT]
    statement = (
        select(*columns, (CANDIDATE.head_commit_id == COMMIT.id).label("is_head"), checked.label("checked"))
        .join(PracticeCandidate.__table__, CANDIDATE.id == COMMIT.candidate_id)
        .where(where)
        .order_by(COMMIT.at.desc(), COMMIT.number.desc())
    )
    return tuple(
        CommitRow(**{**row._mapping, "parents": tuple(row.parents), "is_head": bool(row.is_head)})
        for row in work.execute(statement)
    )


def compare(work: Work, *, before: str, after: str, actor: Actor) -> Comparison:
    """Two states and the operations that lead from one to the other.

    A state is "version:ID" of the library, "commit:ID", "draft:CANDIDATE" or "origin:CANDIDATE" of the workspace.
    """
    (first, first_tree), (second, second_tree) = (_state(work, each, actor) for each in (before, after))
    packages = [Package(files) for files in get_trees(work, [first_tree, second_tree])]
    return Comparison(Side(before, first, packages[0]), Side(after, second, packages[1]), package_difference(*packages))


def bindable(
    work: Work, *, candidate_id: str, actor: Actor, groups: Collection[str] = (), topics: Collection[str] = ()
) -> Bindable:
    """What can be bound, and what it is bound to; `groups` of the enterprise and `topics` with a handler are known."""
    found = find_candidate(work, candidate_id, actor)
    package = Package(get_files(work, found.draft))
    bindings = Bindings.of_json(found.bindings)
    card = read_card(package.files[CARD].decode()) if CARD in package.files else None
    names = {role.key: role.name for role in card.roles} if card else {}
    return Bindable(
        roles=tuple(
            RoleToBind(key, names.get(key, Text(key, key)), to, to in groups or key == "system", ids)
            for key, ids in roles_of(package.documents).items()
            for to in (bindings.roles.get(key, key),)
        ),
        topics=tuple(
            TopicToBind(topic, to, to in topics, ids)
            for topic, ids in topics_of(package.documents).items()
            for to in (bindings.topics.get(topic, topic),)
        ),
        fields=tuple(each.name for each in card.data_objects) if card else (),
        bindings=bindings,
    )


def find_candidate(work: Work, candidate_id: str, actor: Actor) -> Row[Any]:
    """The candidate's row. Raises NotFound when it is not there for this actor."""
    statement = select(PracticeCandidate.__table__).where(CANDIDATE.id == candidate_id)
    found = work.execute(statement).one_or_none()
    if found is None:
        raise NotFound(f"The workspace has no practice {candidate_id}: look again.")
    actor.must_see(found.enterprise_id, f"The practice {candidate_id}")
    return found


def _commit(work: Work, commit_id: str, actor: Actor) -> Row[Any]:
    statement = select(COMMIT.files, COMMIT.number, CANDIDATE.title, CANDIDATE.enterprise_id).join(
        PracticeCandidate.__table__, CANDIDATE.id == COMMIT.candidate_id
    )
    found = work.execute(statement.where(COMMIT.id == commit_id)).one_or_none()
    if found is None:
        raise NotFound(f"There is no commit {commit_id}: look again.")
    actor.must_see(found.enterprise_id, f"The commit {commit_id}")
    return found


def _state(work: Work, reference: str, actor: Actor) -> tuple[str, Mapping[str, str]]:
    """The title and the files of a state."""
    kind, _, key = reference.partition(":")
    if kind == "version":
        columns = PracticeVersion.__table__.c
        row = work.execute(
            select(columns.item_id, columns.version, columns.files).where(columns.id == key)
        ).one_or_none()
        if row is None:
            raise NotFound(f"The library has no version {key}: look again.")
        return f"{row.item_id} {row.version}", row.files
    if kind == "commit":
        row = _commit(work, key, actor)
        return f"{row.title} {row.number}", row.files
    if kind == "draft":
        found = find_candidate(work, key, actor)
        return found.title, found.draft
    if kind == "origin":
        found = find_candidate(work, key, actor)
        return found.item_id, found.origin
    raise InvalidInput(f"'{reference}' names no state: use version:, commit:, draft: or origin: and an id.")


def _candidate_rows(work: Work, where: ColumnElement[bool]) -> tuple[CandidateRow, ...]:
    rows = work.execute(_candidate_statement().where(where)).all()
    ids = [row.id for row in rows]
    deployed = _deployed(work, ids)
    running = _running(work, ids)
    names = set(CandidateRow.__dataclass_fields__)
    return tuple(
        CandidateRow(
            **{name: value for name, value in row._mapping.items() if name in names},
            area=row.card["area"],
            kind=row.card["kind"],
            is_component=row.component is not None,
            has_draft=row.draft_digest != row.head_digest,
            is_valid=row.valid_digest == row.head_digest,
            deployed=deployed.get(row.id, ()),
            running_instances=running.get(row.id, 0),
        )
        for row in rows
    )


def _candidate_statement() -> Select[Any]:
    origin, newest = PracticeVersion.__table__.alias("origin"), PracticeVersion.__table__.alias("newest")
    items = PracticeItem.__table__
    upgrade = select(UPGRADE.id).where(UPGRADE.candidate_id == CANDIDATE.id, UPGRADE.state == "open").limit(1)
    return (
        select(
            *(CANDIDATE[name] for name in CandidateRow.__dataclass_fields__ if name in CANDIDATE),
            CANDIDATE.component,
            CANDIDATE.draft_digest,
            CANDIDATE.head_digest,
            CANDIDATE.valid_digest,
            origin.c.version.label("origin_version"),
            origin.c.card,
            newest.c.version.label("newest_version"),
            upgrade.scalar_subquery().label("open_upgrade_id"),
        )
        .join_from(PracticeCandidate.__table__, origin, origin.c.id == CANDIDATE.origin_version_id)
        .join(items, items.c.id == CANDIDATE.item_id)
        .join(newest, newest.c.id == items.c.latest_version_id)
        .order_by(CANDIDATE.changed_at.desc(), CANDIDATE.id)
    )


def _deployed(work: Work, candidate_ids: list[str]) -> dict[str, tuple[Deployed, ...]]:
    statement = select(DEPLOYMENT.candidate_id, DEPLOYMENT.definition_id, DEPLOYMENT.process_id, DEPLOYMENT.version)
    found: dict[str, tuple[Deployed, ...]] = {}
    wanted = statement.where(DEPLOYMENT.candidate_id.in_(candidate_ids), DEPLOYMENT.is_current)
    for candidate_id, *definition in work.execute(wanted.order_by(DEPLOYMENT.process_id)):
        found[candidate_id] = (*found.get(candidate_id, ()), Deployed(*definition))
    return found


def _running(work: Work, candidate_ids: list[str]) -> dict[str, int]:
    instances = ProcessInstance.__table__.c
    statement = (
        select(DEPLOYMENT.candidate_id, func.count())
        .join(ProcessInstance.__table__, instances.definition_id == DEPLOYMENT.definition_id)
        .where(DEPLOYMENT.candidate_id.in_(candidate_ids), or_(*(instances.state == state for state in LIVE)))
        .group_by(DEPLOYMENT.candidate_id)
    )
    return dict(work.execute(statement).all())


def _file_rows(work: Work, found: Row[Any], head: Mapping[str, str]) -> tuple[FileRow, ...]:
    size = sizes(work, found.draft)
    return tuple(
        FileRow(
            name=name,
            digest=digest,
            kind=next((kind for ending, kind in KINDS.items() if name.endswith(ending)), "text"),
            size=size[digest],
            is_changed=found.origin.get(name) != digest,
            is_draft=head.get(name) != digest,
        )
        for name, digest in sorted(found.draft.items())
    )


def _history(work: Work, candidate_id: str) -> tuple[Transition, ...]:
    columns = PracticeMove.__table__.c
    statement = (
        select(columns.from_state, columns.to_state, columns.at, columns.actor, columns.reason)
        .where(columns.candidate_id == candidate_id)
        .order_by(columns.at, columns.id)
    )
    return tuple(Transition(*row) for row in work.execute(statement))
