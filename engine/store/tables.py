"""The engine's tables: one class per thing that is remembered.

Live tables (`job`, `timer`, `message_subscription`, `start_subscription`, `message`) hold only what still waits and
stay small; `process_instance`, `element_instance`, `step`, `user_task`, `incident`, `audit` keep the history.
Ids of element instances, timers, subscriptions and incidents come from the execution: small integers, unique within
one process instance.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from engine.store.types import Base, Json, UtcDateTime, Variables, new_id

Id = String(36)
Key = String(255)
Digest = String(64)

SEARCHABLE_CHARACTERS = 255  # of a searchable variable's text: what filters compare
EVERYBODY = "*"  # the candidate group of a task that anybody may take
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


def _cascade(target: str) -> ForeignKey:
    return ForeignKey(target, ondelete="CASCADE")


def _index_where(condition: str, name: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that meet the condition only."""
    return Index(name, *columns, unique=unique, sqlite_where=text(condition), postgresql_where=text(condition))


class Resource(Base):
    """The bytes of a BPMN model, a DMN file or a form, kept once however many deployments use them."""

    __tablename__ = "resource"

    digest: Mapped[str] = mapped_column(Digest, primary_key=True)  # sha-256 of the content, hexadecimal
    kind: Mapped[str] = mapped_column(String(16))  # model | decision | form
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Deployment(Base):
    """One act of deploying files together."""

    __tablename__ = "deployment"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    name: Mapped[str] = mapped_column(Key)
    digest: Mapped[str] = mapped_column(Digest)
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deployed_by: Mapped[str] = mapped_column(Key)
    findings: Mapped[Any] = mapped_column(Json, nullable=True)  # warnings of the gate

    __table_args__ = (Index(None, "enterprise_id", "name", "deployed_at"),)


class ProcessDefinition(Base):
    """A deployed version of a BPMN process; `bundle` names every file that its instances run with."""

    __tablename__ = "process_definition"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    process_id: Mapped[str] = mapped_column(Key)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(Key)
    name_zh: Mapped[str | None] = mapped_column(Key)
    description: Mapped[str] = mapped_column(Text, default="")
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    digest: Mapped[str] = mapped_column(Digest)  # of everything: models, decisions, forms, pins
    bundle_digest: Mapped[str] = mapped_column(Digest)  # of what executes: models and decisions, with the pinned ones
    bundle: Mapped[Any] = mapped_column(Json)  # {models: [digest], decisions: [digest], forms: {key: digest}, pins: {}}
    candidate_starters: Mapped[Any] = mapped_column(Json)  # role keys; [] means everybody
    start_form_key: Mapped[str | None] = mapped_column(Key)
    startable: Mapped[bool]  # has a none start event and stands on its own
    is_latest: Mapped[bool]
    is_suspended: Mapped[bool] = mapped_column(default=False)
    route: Mapped[Any] = mapped_column(Json, nullable=True)  # of the newest: how versions share new cases (routes.py)
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("enterprise_id", "process_id", "version"),
        Index(None, "enterprise_id", "is_latest"),
        Index(None, "deployment_id"),
    )


class ProcessInstance(Base):
    """One run of a process: its present state in one compact snapshot, guarded by an optimistic revision."""

    __tablename__ = "process_instance"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"))
    process_id: Mapped[str] = mapped_column(Key)
    business_key: Mapped[str | None] = mapped_column(Key)
    title: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))  # active | suspended | completed | cancelled
    revision: Mapped[int]
    started_by: Mapped[str | None] = mapped_column(Key)
    started_by_instance_id: Mapped[str | None] = mapped_column(Id)  # the instance whose message or signal started it
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)  # the last step
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(Text)
    snapshot: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        _index_where(
            "state IN ('active', 'suspended') AND business_key IS NOT NULL",
            "uq_process_instance_live_business_key",
            "enterprise_id",
            "process_id",
            "business_key",
            unique=True,
        ),
        Index(None, "enterprise_id", "started_at"),
        Index(None, "enterprise_id", "process_id", "state", "started_at"),
        _index_where("business_key IS NOT NULL", "ix_process_instance_key", "enterprise_id", "business_key"),
        _index_where("started_by_instance_id IS NOT NULL", "ix_process_instance_parent", "started_by_instance_id"),
        _index_where("state IN ('active', 'suspended')", "ix_process_instance_live_starter", "started_by"),
    )


class OfInstance:
    """What every row about one process instance has."""

    @declared_attr
    def process_instance_id(cls) -> Mapped[str]:
        return mapped_column(_cascade("process_instance.id"), index=cls.__tablename__ != "user_task")


class ElementInstance(Base):
    """One visit of a BPMN element (history and present)."""

    __tablename__ = "element_instance"

    process_instance_id: Mapped[str] = mapped_column(_cascade("process_instance.id"), primary_key=True)
    element_instance_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    element_id: Mapped[str] = mapped_column(Key)
    element_type: Mapped[str] = mapped_column(String(40))
    process_id: Mapped[str] = mapped_column(Key)  # differs from the instance's own inside a call activity
    scope_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))  # active | completed | cancelled
    activated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        _index_where("state = 'active'", "ix_element_instance_active", "process_id", "element_id"),
        {"sqlite_with_rowid": False},
    )


class Step(Base):
    """One unit of progress of a process instance: who or what caused it and the packed facts beside element instances.

    Facts: flows taken, variables changed, decisions, messages, signals, timers, incidents (see projections.unpack).
    """

    __tablename__ = "step"

    process_instance_id: Mapped[str] = mapped_column(_cascade("process_instance.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the revision that it made
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    cause: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str | None] = mapped_column(Key)
    facts: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = ({"sqlite_with_rowid": False},)


class UserTask(OfInstance, Base):
    """Work for a person: the worklist's row, written in the same transaction as the engine's state."""

    __tablename__ = "user_task"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"))
    process_id: Mapped[str] = mapped_column(Key)  # of the process instance
    element_instance_id: Mapped[int]
    element_id: Mapped[str] = mapped_column(Key)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(Key)
    assignee: Mapped[str | None] = mapped_column(Key)
    owner: Mapped[str | None] = mapped_column(Key)  # who delegated it and gets it back
    form_key: Mapped[str | None] = mapped_column(Key)
    four_eyes: Mapped[str | None] = mapped_column(Key)  # element whose completer may not complete this one
    touchpoint: Mapped[str | None] = mapped_column(Key)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_order: Mapped[datetime] = mapped_column(UtcDateTime)  # due_at, or the end of time: what lists sort by
    follow_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    priority: Mapped[int] = mapped_column(default=50)
    state: Mapped[str] = mapped_column(String(12))  # open | completed | cancelled
    is_suspended: Mapped[bool] = mapped_column(default=False)
    business_key: Mapped[str | None] = mapped_column(Key)
    title: Mapped[str | None] = mapped_column(Text)
    draft: Mapped[Any] = mapped_column(Json, nullable=True)
    draft_saved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_by: Mapped[str | None] = mapped_column(Key)
    completed_for: Mapped[str | None] = mapped_column(Key)  # whom the completer stood in for
    completion_key: Mapped[str | None] = mapped_column(Key)

    __table_args__ = (
        UniqueConstraint("process_instance_id", "element_instance_id"),
        # What lists of open tasks need; ended tasks leave these indexes, so that they stay small.
        _index_where("state = 'open'", "ix_user_task_open_due", "enterprise_id", "due_order", "id"),
        _index_where("state = 'open'", "ix_user_task_open_process", "enterprise_id", "process_id", "due_order", "id"),
        _index_where("state = 'open'", "ix_user_task_open_role", "enterprise_id", "role", "due_order", "id"),
        _index_where("state = 'open'", "ix_user_task_open_priority", "enterprise_id", "priority", "id"),
        _index_where(
            "state = 'open' AND assignee IS NOT NULL",
            "ix_user_task_open_assignee",
            "enterprise_id",
            "assignee",
            "due_order",
            "id",
        ),
        _index_where("owner IS NOT NULL", "ix_user_task_owner", "owner"),
        _index_where("completed_by IS NOT NULL", "ix_user_task_done", "enterprise_id", "completed_by", "ended_at"),
    )


class UserTaskCandidate(Base):
    """Who may take an open user task: a group (role key) or a person. Gone when the task ends."""

    __tablename__ = "user_task_candidate"

    user_task_id: Mapped[str] = mapped_column(_cascade("user_task.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(5), primary_key=True)  # group | user
    name: Mapped[str] = mapped_column(Key, primary_key=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class Comment(OfInstance, Base):
    __tablename__ = "comment"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_task_id: Mapped[str | None] = mapped_column(ForeignKey("user_task.id", ondelete="SET NULL"), index=True)
    author: Mapped[str] = mapped_column(Key)
    body: Mapped[str] = mapped_column(Text)
    mentions: Mapped[Any] = mapped_column(Json)  # list of user ids
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Document(OfInstance, Base):
    """A file that belongs to a case; its bytes stand in `blob_chunk`, once per digest."""

    __tablename__ = "document"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    user_task_id: Mapped[str | None] = mapped_column(ForeignKey("user_task.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Key)
    size_bytes: Mapped[int]
    digest: Mapped[str] = mapped_column(Digest, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(Key)


class BlobChunk(Base):
    """A piece of a document's content, at most one mebibyte."""

    __tablename__ = "blob_chunk"

    digest: Mapped[str] = mapped_column(Digest, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Job(OfInstance, Base):
    """Work for a handler. The row goes when the element goes on.

    Its id, "<process instance id>-<element instance id>", is the handler's idempotency key: the same for every retry,
    also after an incident.
    """

    __tablename__ = "job"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(Key)
    process_id: Mapped[str] = mapped_column(Key)
    business_key: Mapped[str | None] = mapped_column(Key)
    element_instance_id: Mapped[int]
    element_id: Mapped[str] = mapped_column(Key)
    topic: Mapped[str] = mapped_column(Key)
    variables: Mapped[Any] = mapped_column(Variables)
    state: Mapped[str] = mapped_column(String(12))  # ready | failed (an incident waits for an operator)
    is_suspended: Mapped[bool] = mapped_column(default=False)
    retries_left: Mapped[int]
    retry_backoff_seconds: Mapped[Any] = mapped_column(Json)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)  # not before
    locked_by: Mapped[str | None] = mapped_column(Key)
    lock_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(None, "state", "is_suspended", "due_at"),
        Index(None, "topic", "state", "due_at"),
    )


class Timer(Base):
    """A timer that runs; gone when it fired or its element ended."""

    __tablename__ = "timer"

    process_instance_id: Mapped[str] = mapped_column(_cascade("process_instance.id"), primary_key=True)
    timer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enterprise_id: Mapped[str] = mapped_column(Key)
    element_instance_id: Mapped[int]
    element_id: Mapped[str] = mapped_column(Key)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_suspended: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)  # times that firing failed
    try_at: Mapped[datetime] = mapped_column(UtcDateTime)  # due_at, later after a failure
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index(None, "is_suspended", "try_at"),)


class MessageSubscription(Base):
    """An element instance waits for a message or a signal."""

    __tablename__ = "message_subscription"

    process_instance_id: Mapped[str] = mapped_column(_cascade("process_instance.id"), primary_key=True)
    subscription_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enterprise_id: Mapped[str] = mapped_column(Key)
    element_instance_id: Mapped[int]
    element_id: Mapped[str] = mapped_column(Key)
    kind: Mapped[str] = mapped_column(String(8))  # message | signal
    name: Mapped[str] = mapped_column(Key)
    correlation: Mapped[Any] = mapped_column(Variables)  # key name → value that a message must carry
    correlation_hash: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_suspended: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index(None, "correlation_hash"),
        Index(None, "enterprise_id", "kind", "name"),
    )


class StartSubscription(Base):
    """A message, signal or timer start event of the newest version of a process."""

    __tablename__ = "start_subscription"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    definition_id: Mapped[str] = mapped_column(_cascade("process_definition.id"), index=True)
    process_id: Mapped[str] = mapped_column(Key)
    element_id: Mapped[str] = mapped_column(Key)
    kind: Mapped[str] = mapped_column(String(8))  # message | signal | timer
    name: Mapped[str | None] = mapped_column(Key)
    armed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # timers: when the process was deployed
    repetition: Mapped[int] = mapped_column(default=0)  # timers: which occurrence `due_at` is, from 0
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(None, "enterprise_id", "kind", "name"),
        Index(None, "kind", "try_at"),
    )


class Message(Base):
    """A message or signal on its way: outbox, buffer and memory of message ids in one table.

    sent: to be routed by a follow-up unit of work · buffered: nobody waits yet · held: its receiver is suspended ·
    delivered: kept only for its message id, so that publishing it again does nothing.
    """

    __tablename__ = "message"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    kind: Mapped[str] = mapped_column(String(8))  # message | signal
    name: Mapped[str] = mapped_column(Key)
    correlation: Mapped[Any] = mapped_column(Variables)
    variables: Mapped[Any] = mapped_column(Variables)
    message_id: Mapped[str | None] = mapped_column(Key)
    state: Mapped[str] = mapped_column(String(12))  # sent | buffered | held | delivered
    source_instance_id: Mapped[str | None] = mapped_column(Id)
    target_instance_id: Mapped[str | None] = mapped_column(Id)  # signals: one row per receiver
    target_start_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("enterprise_id", "name", "message_id"),
        Index(None, "state", "try_at"),
        Index(None, "state", "expires_at"),
        Index(None, "target_instance_id"),
    )


class MessageMatch(Base):
    """Which correlations a buffered message satisfies: one hash per subset of its keys."""

    __tablename__ = "message_match"

    hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    message_row_id: Mapped[str] = mapped_column(_cascade("message.id"), primary_key=True)

    __table_args__ = (Index(None, "message_row_id"), {"sqlite_with_rowid": False})


class Incident(OfInstance, Base):
    """An element cannot go on until somebody repairs the cause."""

    __tablename__ = "incident"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)  # "<process instance id>-<incident id>"
    incident_id: Mapped[int]
    enterprise_id: Mapped[str] = mapped_column(Key)
    process_id: Mapped[str] = mapped_column(Key)
    element_id: Mapped[str] = mapped_column(Key)
    element_instance_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(Key)  # the message without what differs from case to case
    state: Mapped[str] = mapped_column(String(8))  # open | resolved
    assigned_to: Mapped[str | None] = mapped_column(Key)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str | None] = mapped_column(Key)

    __table_args__ = (
        Index(None, "enterprise_id", "state", "signature"),
        Index(None, "enterprise_id", "state", "process_id", "element_id"),
    )


class SearchVariable(Base):
    """A variable that the model declares searchable, by its kind of value."""

    __tablename__ = "search_variable"

    process_instance_id: Mapped[str] = mapped_column(_cascade("process_instance.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Key, primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(Key)
    text: Mapped[str | None] = mapped_column(Key)  # as people read it, its first SEARCHABLE_CHARACTERS
    number: Mapped[float | None] = mapped_column(Float(53))
    moment: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "enterprise_id", "name", "text"),
        Index(None, "enterprise_id", "name", "number"),
    )


class Audit(Base):
    """What a person did: claim, reassign, modify, retry … with the reason and the person stood in for."""

    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    process_instance_id: Mapped[str | None] = mapped_column(_cascade("process_instance.id"))
    user_task_id: Mapped[str | None] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Key)
    acting_for: Mapped[str | None] = mapped_column(Key)
    verb: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[Any] = mapped_column(Json, nullable=True)

    __table_args__ = (
        Index(None, "process_instance_id", "at"),
        Index(None, "enterprise_id", "at"),
    )


class InstanceMigration(Base):
    """A case went on in another version of its process; history before it keeps the former element ids."""

    __tablename__ = "instance_migration"

    process_instance_id: Mapped[str] = mapped_column(_cascade("process_instance.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the revision that it made
    from_definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"))
    to_definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"))
    renamed: Mapped[Any] = mapped_column(Json)  # element id → element id in the new version, where they differ
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Key)


class MigrationBatch(Base):
    """Many cases that are to go on in another version, one unit of work each, worked off by the worker."""

    __tablename__ = "migration_batch"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(Key)
    process_id: Mapped[str] = mapped_column(Key)
    from_definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"))
    to_definition_id: Mapped[str] = mapped_column(ForeignKey("process_definition.id"))
    mapping: Mapped[Any] = mapped_column(Json)  # element id → element id or null, as chosen
    changed_timers: Mapped[str] = mapped_column(String(12))  # activation | now | keep
    take_over: Mapped[Any] = mapped_column(Json)  # what open user tasks take over: name, form, people, due
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12))  # running | paused | completed
    created_by: Mapped[str] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "enterprise_id", "process_id", "created_at"),
        _index_where("state = 'running'", "ix_migration_batch_running", "created_at"),
    )


class MigrationItem(Base):
    """One case of a batch and what became of it."""

    __tablename__ = "migration_item"

    batch_id: Mapped[str] = mapped_column(_cascade("migration_batch.id"), primary_key=True)
    process_instance_id: Mapped[str] = mapped_column(_cascade("process_instance.id"), primary_key=True, index=True)
    state: Mapped[str] = mapped_column(String(12))  # waiting | migrated | refused (it may not) | failed (an error)
    problems: Mapped[Any] = mapped_column(Json, nullable=True)  # [{"en": …, "zh": …}]
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "batch_id", "state"),)
