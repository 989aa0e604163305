"""What the practice repository remembers: the shared library, and every enterprise's own workspace.

Files are kept once, by their SHA-256 (`practice_blob`); versions, commits and drafts name them: {file name: digest}.
Rows of the library belong to everybody; rows with an `enterprise_id` are seen by that enterprise only.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.types import Base, Json, UtcDateTime, new_id

Id = String(36)
Key = String(255)
Digest = String(64)
Word = String(32)


def _of(target: str) -> ForeignKey:
    return ForeignKey(target, ondelete="CASCADE")


def _id() -> Any:
    return mapped_column(Id, primary_key=True, default=new_id)


# The library ----------------------------------------------------------------------------------------------------------


class PracticeBlob(Base):
    """The bytes of one file, kept once however many versions and drafts hold it."""

    __tablename__ = "practice_blob"

    digest: Mapped[str] = mapped_column(Digest, primary_key=True)  # sha-256 of the content, hexadecimal
    content: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]  # bytes


class PracticeItem(Base):
    """A practice of the library; what it says stands in its versions."""

    __tablename__ = "practice_item"

    id: Mapped[str] = mapped_column(Key, primary_key=True)  # the practice's id, the id of its main process
    latest_version_id: Mapped[str | None] = mapped_column(Id)
    search_text: Mapped[str] = mapped_column(Text, default="")  # lower case: names, summaries, KPIs, roles
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PracticeVersion(Base):
    """One released state of a practice; never changed but for its state."""

    __tablename__ = "practice_version"

    id: Mapped[str] = _id()
    item_id: Mapped[str] = mapped_column(_of("practice_item.id"))
    number: Mapped[int]  # 1, 2, …: the order of releasing
    version: Mapped[str] = mapped_column(Word)  # semantic: 1.2.0
    digest: Mapped[str] = mapped_column(Digest)  # of all files
    files: Mapped[Any] = mapped_column(Json)
    card: Mapped[Any] = mapped_column(Json)  # what lists show: see practice_repo.commands.publish
    operations: Mapped[Any] = mapped_column(Json, nullable=True)  # from the previous version; none for the first
    operation_count: Mapped[int] = mapped_column(default=0)
    bump: Mapped[str | None] = mapped_column(Word)  # major | minor | patch
    previous_id: Mapped[str | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(Word)  # released | deprecated | withdrawn
    state_reason: Mapped[str | None] = mapped_column(Text)
    licence: Mapped[str] = mapped_column(Key)
    evidence_level: Mapped[int]
    released_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_by: Mapped[str] = mapped_column(Key)
    notes: Mapped[str] = mapped_column(Text, default="")
    notes_zh: Mapped[str] = mapped_column(Text, default="")
    contributor: Mapped[str | None] = mapped_column(Key)  # pseudonym
    contribution_id: Mapped[str | None] = mapped_column(Id)

    __table_args__ = (
        UniqueConstraint("item_id", "version"),
        UniqueConstraint("item_id", "number"),
        Index(None, "contributor"),
    )


class PracticeFacet(Base):
    """What the newest version of an item can be found by."""

    __tablename__ = "practice_facet"

    item_id: Mapped[str] = mapped_column(_of("practice_item.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Word, primary_key=True)  # area | pcf | industry | kind | type | kpi | …
    value: Mapped[str] = mapped_column(Key, primary_key=True)
    label: Mapped[str] = mapped_column(Key)
    label_zh: Mapped[str] = mapped_column(Key)

    __table_args__ = (Index(None, "name", "value"),)


class PracticeLineage(Base):
    """A version that came out of another one."""

    __tablename__ = "practice_lineage"

    child_id: Mapped[str] = mapped_column(_of("practice_version.id"), primary_key=True)
    parent_id: Mapped[str] = mapped_column(_of("practice_version.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Word)  # next | patch | option | variant | new | scenario
    operation_count: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index(None, "parent_id"),)


class PracticeFollower(Base):
    """An enterprise that wants to hear of new versions."""

    __tablename__ = "practice_follower"

    item_id: Mapped[str] = mapped_column(_of("practice_item.id"), primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(Key, primary_key=True)
    followed_by: Mapped[str] = mapped_column(Key)
    followed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PracticePseudonym(Base):
    """The name under which an enterprise's contributions stand in the library."""

    __tablename__ = "practice_pseudonym"

    enterprise_id: Mapped[str] = mapped_column(Key, primary_key=True)
    pseudonym: Mapped[str] = mapped_column(Key, unique=True)


class PracticeNotice(Base):
    """Something that an enterprise is told."""

    __tablename__ = "practice_notice"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    kind: Mapped[str] = mapped_column(Word)
    item_id: Mapped[str | None] = mapped_column(Key)
    version_id: Mapped[str | None] = mapped_column(Id)
    candidate_id: Mapped[str | None] = mapped_column(Id)
    contribution_id: Mapped[str | None] = mapped_column(Id)
    details: Mapped[Any] = mapped_column(Json)  # the words that the text is made of
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "enterprise_id", "at"),
        Index(
            "ix_practice_notice_unmailed",
            "at",
            sqlite_where=text("mailed_at IS NULL"),
            postgresql_where=text("mailed_at IS NULL"),
        ),
    )


# Needs ----------------------------------------------------------------------------------------------------------------


class PracticeNeed(Base):
    """What an enterprise wants of its customer relationship management (A09)."""

    __tablename__ = "practice_need"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    number: Mapped[int]
    title: Mapped[str] = mapped_column(Key)
    goal: Mapped[str] = mapped_column(Text, default="")
    kpi: Mapped[str | None] = mapped_column(Key)
    area: Mapped[str | None] = mapped_column(Key)
    pcf: Mapped[int | None]
    priority: Mapped[str] = mapped_column(Word)  # must | should | could
    state: Mapped[str] = mapped_column(Word)  # open | in_work | met | dropped
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(Key)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("enterprise_id", "number"),)


class PracticeNeedCover(Base):
    """How far a practice of the library, or an own variant, meets a need."""

    __tablename__ = "practice_need_cover"

    need_id: Mapped[str] = mapped_column(_of("practice_need.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Word, primary_key=True)  # item | candidate
    target_id: Mapped[str] = mapped_column(Key, primary_key=True)
    degree: Mapped[str] = mapped_column(Word)  # full | partial | no
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(Key)


# The workspace --------------------------------------------------------------------------------------------------------


class PracticeCandidate(Base):
    """A practice in an enterprise's workspace: its variant of an item, from acquiring to what was measured (A10)."""

    __tablename__ = "practice_candidate"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    item_id: Mapped[str] = mapped_column(ForeignKey("practice_item.id"))
    origin_version_id: Mapped[str] = mapped_column(ForeignKey("practice_version.id"))  # moves with every upgrade
    title: Mapped[str] = mapped_column(Key)
    title_zh: Mapped[str] = mapped_column(Key)
    state: Mapped[str] = mapped_column(Word)
    licence: Mapped[str] = mapped_column(Key)
    checksum: Mapped[str] = mapped_column(Digest)  # of the acquired files
    source: Mapped[str] = mapped_column(Key)  # where they came from: library
    component: Mapped[Any] = mapped_column(Json, nullable=True)  # file names, when only a part was taken
    head_commit_id: Mapped[str | None] = mapped_column(Id)
    origin: Mapped[Any] = mapped_column(Json)  # the files that it came from, with their lineage written into them
    draft: Mapped[Any] = mapped_column(Json)  # the files as they stand now
    draft_digest: Mapped[str] = mapped_column(Digest)
    head_digest: Mapped[str] = mapped_column(Digest)
    valid_digest: Mapped[str | None] = mapped_column(Digest)  # the state that passed every check last
    choices: Mapped[Any] = mapped_column(Json)  # variation point → option
    bindings: Mapped[Any] = mapped_column(Json)
    acquired_at: Mapped[datetime] = mapped_column(UtcDateTime)
    acquired_by: Mapped[str] = mapped_column(Key)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(Key)

    __table_args__ = (Index(None, "enterprise_id", "state"), Index(None, "item_id", "enterprise_id"))


class PracticeMove(Base):
    """A candidate's step from one state of its life to the next."""

    __tablename__ = "practice_move"

    id: Mapped[str] = _id()
    candidate_id: Mapped[str] = mapped_column(_of("practice_candidate.id"), index=True)
    from_state: Mapped[str | None] = mapped_column(Word)
    to_state: Mapped[str] = mapped_column(Word)
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Key)


class PracticeCommit(Base):
    """A state of a candidate that somebody gave a message; its files never change."""

    __tablename__ = "practice_commit"

    id: Mapped[str] = _id()
    candidate_id: Mapped[str] = mapped_column(_of("practice_candidate.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(Word)  # acquire options edit bind upgrade restore component
    parents: Mapped[Any] = mapped_column(Json)  # commit ids; an upgrade's second parent is a version id
    files: Mapped[Any] = mapped_column(Json)
    digest: Mapped[str] = mapped_column(Digest)
    operations: Mapped[Any] = mapped_column(Json)  # from the first parent
    operation_count: Mapped[int]
    origin_version_id: Mapped[str] = mapped_column(Id)  # what the candidate was a variant of at that time
    choices: Mapped[Any] = mapped_column(Json)
    bindings: Mapped[Any] = mapped_column(Json)
    message: Mapped[str] = mapped_column(Text)
    need_id: Mapped[str | None] = mapped_column(Id, index=True)
    author: Mapped[str] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("candidate_id", "number"),)


class PracticeValidation(Base):
    """What the checks said of one state of a candidate (A23)."""

    __tablename__ = "practice_validation"

    id: Mapped[str] = _id()
    candidate_id: Mapped[str] = mapped_column(_of("practice_candidate.id"), index=True)
    commit_id: Mapped[str | None] = mapped_column(Id)
    digest: Mapped[str] = mapped_column(Digest)  # of files and bindings
    passed: Mapped[bool]
    report: Mapped[Any] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(Key)


class PracticeDeployment(Base):
    """A process definition that a candidate was deployed as."""

    __tablename__ = "practice_deployment"

    definition_id: Mapped[str] = mapped_column(Id, primary_key=True)
    candidate_id: Mapped[str] = mapped_column(_of("practice_candidate.id"), primary_key=True)
    commit_id: Mapped[str] = mapped_column(Id)
    process_id: Mapped[str] = mapped_column(Key)
    version: Mapped[int]
    is_current: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "candidate_id", "is_current"),)


class PracticeUpgrade(Base):
    """A newer version of the practice that a candidate comes from, waiting to be taken over."""

    __tablename__ = "practice_upgrade"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key)
    candidate_id: Mapped[str] = mapped_column(_of("practice_candidate.id"), index=True)
    from_version_id: Mapped[str] = mapped_column(Id)
    to_version_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(Word)  # open | finished | declined | superseded
    reason: Mapped[str] = mapped_column(Text, default="")
    resolutions: Mapped[Any] = mapped_column(Json)  # conflict id → resolution
    commit_id: Mapped[str | None] = mapped_column(Id)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_by: Mapped[str | None] = mapped_column(Key)

    __table_args__ = (Index(None, "enterprise_id", "state"),)


class PracticeResolution(Base):
    """How an enterprise decided a conflict; the same conflict later is decided alike."""

    __tablename__ = "practice_resolution"

    enterprise_id: Mapped[str] = mapped_column(Key, primary_key=True)
    conflict_id: Mapped[str] = mapped_column(Key, primary_key=True)
    resolution: Mapped[Any] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(Key)


# Contributions --------------------------------------------------------------------------------------------------------


class PracticeContribution(Base):
    """A variant on its way into the library (A19)."""

    __tablename__ = "practice_contribution"

    id: Mapped[str] = _id()
    enterprise_id: Mapped[str] = mapped_column(Key, index=True)
    candidate_id: Mapped[str] = mapped_column(ForeignKey("practice_candidate.id"))
    commit_id: Mapped[str] = mapped_column(Id)
    item_id: Mapped[str] = mapped_column(Key)
    origin_version_id: Mapped[str] = mapped_column(Id)
    pseudonym: Mapped[str] = mapped_column(Key)
    title: Mapped[str] = mapped_column(Key)
    title_zh: Mapped[str] = mapped_column(Key)
    summary: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Word)
    known_names: Mapped[Any] = mapped_column(Json)  # never leaves the enterprise
    round: Mapped[int] = mapped_column(default=1)  # of reviewing: one more after changes
    files: Mapped[Any] = mapped_column(Json)  # what leaves: screened
    operations: Mapped[Any] = mapped_column(Json)  # against the origin: what is new
    screen_decisions: Mapped[Any] = mapped_column(Json)  # what the contributor said to what was found
    screening: Mapped[Any] = mapped_column(Json, nullable=True)
    checks: Mapped[Any] = mapped_column(Json, nullable=True)
    novelty: Mapped[Any] = mapped_column(Json, nullable=True)
    merged: Mapped[Any] = mapped_column(Json, nullable=True)  # the files as they will be released
    conflicts: Mapped[Any] = mapped_column(Json, nullable=True)
    resolutions: Mapped[Any] = mapped_column(Json)
    evidence_level: Mapped[int] = mapped_column(default=0)
    consent: Mapped[Any] = mapped_column(Json, nullable=True)  # licence, agreed_by, agreed_at
    accepted_class: Mapped[str | None] = mapped_column(Word)  # patch | option | variant | new | scenario
    process_instance_id: Mapped[str | None] = mapped_column(Id)
    version_id: Mapped[str | None] = mapped_column(Id)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str] = mapped_column(Key)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "state"),)


class PracticeReview(Base):
    """What one reviewer says of a contribution."""

    __tablename__ = "practice_review"

    id: Mapped[str] = _id()
    contribution_id: Mapped[str] = mapped_column(_of("practice_contribution.id"), index=True)
    round: Mapped[int]
    number: Mapped[int]  # 1 | 2
    reviewer: Mapped[str] = mapped_column(Key)
    reviewer_enterprise_id: Mapped[str] = mapped_column(Key)
    decision: Mapped[str] = mapped_column(Word)  # accept | changes | reject
    accepted_class: Mapped[str | None] = mapped_column(Word)
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("contribution_id", "round", "number"),)


class PracticeContributionEvent(Base):
    """What happened to a contribution, for its history."""

    __tablename__ = "practice_contribution_event"

    id: Mapped[str] = _id()
    contribution_id: Mapped[str] = mapped_column(_of("practice_contribution.id"), index=True)
    kind: Mapped[str] = mapped_column(Word)
    details: Mapped[Any] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
