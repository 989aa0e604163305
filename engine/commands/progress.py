"""Load an execution, let it move, keep what happened: the three lines that every command shares.

instance = load_instance(work, process_instance_id)
instance.execution.fire_timer(timer_id, at=due_at)
save_instance(work, instance, now=now, cause="fire_timer")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import feel, runtime
from engine.commands.outbox import send, wake_buffered
from engine.errors import InvalidState, NotFound, StaleInstance
from engine.queries.compiled import Compiled, compiled
from engine.runtime.expressions import ElementFailure
from engine.store.actor import Actor
from engine.store.codec import expand, shrink
from engine.store.prepared import Prepared
from engine.store.projections import Changes, Context, project, write
from engine.store.tables import (
    SEARCHABLE_CHARACTERS,
    Incident,
    Job,
    MessageSubscription,
    ProcessDefinition,
    ProcessInstance,
    SearchVariable,
    Timer,
    UserTask,
)
from engine.store.unit_of_work import Work


@dataclass
class LoadedInstance:
    """A process instance's row together with its execution, able to move."""

    id: str
    enterprise_id: str
    definition_id: str
    process_id: str
    business_key: str | None
    title: str | None
    state: str
    revision: int
    compiled: Compiled
    execution: "runtime.Execution"
    detail: dict[str, Any] = field(default_factory=dict)

    def must_be_active(self) -> "LoadedInstance":
        """Refuse to move what is suspended or has ended."""
        if self.state == "suspended":
            raise InvalidState(f"The case {self.called} is suspended: resume it first.")
        if self.state != "active":
            raise InvalidState(f"The case {self.called} is already {self.state}: nothing in it can move any more.")
        return self

    @property
    def called(self) -> str:
        return f"'{self.title or self.business_key or self.id}'"


INSTANCE_COLUMNS = (
    ProcessInstance.id,
    ProcessInstance.enterprise_id,
    ProcessInstance.definition_id,
    ProcessInstance.process_id,
    ProcessInstance.business_key,
    ProcessInstance.title,
    ProcessInstance.state,
    ProcessInstance.revision,
    ProcessInstance.snapshot,
    ProcessDefinition.bundle_digest,
    ProcessDefinition.bundle,
)

_SELECT_INSTANCE = (
    select(*INSTANCE_COLUMNS)
    .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    .where(ProcessInstance.id == bindparam("wanted"))
    .with_for_update(of=ProcessInstance)
)


def load_instance(work: Work, process_instance_id: str, *, actor: Actor | None = None) -> LoadedInstance:
    """The process instance, locked against other writers; NotFound when the id (or the enterprise) is another's."""
    row = work.execute(_SELECT_INSTANCE, {"wanted": process_instance_id}).one_or_none()
    if row is None:
        raise NotFound(f"The case {process_instance_id} does not exist: look again.")
    if actor is not None:
        actor.must_see(row.enterprise_id, f"The case {process_instance_id}")
    return loaded_from(work, row)


def loaded_from(work: Work, row: Row[Any]) -> LoadedInstance:
    """The loaded instance from a row with INSTANCE_COLUMNS."""
    found = compiled(work, row.bundle_digest, row.bundle)
    return LoadedInstance(
        id=row.id,
        enterprise_id=row.enterprise_id,
        definition_id=row.definition_id,
        process_id=row.process_id,
        business_key=row.business_key,
        title=row.title,
        state=row.state,
        revision=row.revision,
        compiled=found,
        execution=runtime.Execution.load(found.definition, expand(row.snapshot)),
    )


def save_instance(
    work: Work,
    instance: LoadedInstance,
    *,
    now: datetime,
    cause: str,
    actor: Actor | None = None,
    completion: Mapping[str, Any] | None = None,
    completed_element_instance_id: int | None = None,
) -> Changes:
    """Keep what the execution did since it was loaded; StaleInstance when somebody else moved it meanwhile."""
    changes = _project(instance, now, cause, actor, completion or {}, completed_element_instance_id)
    if instance.state == "suspended":
        _rest(changes)
    title = _title(instance, changes, now)
    result = _UPDATE_INSTANCE.run(
        work,
        {
            "of_instance": instance.id,
            "of_revision": instance.revision,
            "new_revision": instance.revision + 1,
            "new_snapshot": shrink(instance.execution.dump()),
            "new_state": changes.ended or instance.state,
            "new_title": title,
            "new_moved_at": now,
            "new_ended_at": now if changes.ended else None,
            "new_end_reason": changes.end_reason,
        },
    )
    if result.rowcount != 1:
        raise StaleInstance(f"Somebody else moved the case {instance.called} first: try again.")
    write(work, changes)
    if title != instance.title:
        _UPDATE_TITLES.run(work, {"of_instance": instance.id, "new_title": title})
    _keep_searchable(work, instance, changes.variables)
    _follow_up(work, instance, changes, now)
    instance.revision += 1
    instance.title = title
    instance.state = changes.ended or instance.state
    return changes


def insert_instance(
    work: Work,
    instance: LoadedInstance,
    *,
    now: datetime,
    cause: str,
    actor: Actor | None,
    variables: Mapping[str, Any],
    started_by_instance_id: str | None = None,
) -> Changes | None:
    """Keep a fresh execution. None when another live instance of the process has the business key."""
    changes = _project(instance, now, cause, actor, {}, None)
    changes.variables = {**variables, **changes.variables}
    instance.title = _title(instance, changes, now)
    instance.state = changes.ended or "active"
    for row in changes.rows(UserTask):
        row["title"] = instance.title
    statement = _insert_ignoring_duplicates(work) if instance.business_key is not None else insert(ProcessInstance)
    result = work.execute(
        statement,
        {
            "id": instance.id,
            "enterprise_id": instance.enterprise_id,
            "definition_id": instance.definition_id,
            "process_id": instance.process_id,
            "business_key": instance.business_key,
            "title": instance.title,
            "state": instance.state,
            "revision": instance.revision + 1,
            "started_by": actor.id if actor else None,
            "started_by_instance_id": started_by_instance_id,
            "started_at": now,
            "moved_at": now,
            "ended_at": now if changes.ended else None,
            "end_reason": changes.end_reason,
            "snapshot": shrink(instance.execution.dump()),
        },
    )
    if instance.business_key is not None and result.first() is None:
        return None
    instance.revision += 1
    write(work, changes)
    _keep_searchable(work, instance, changes.variables)
    _follow_up(work, instance, changes, now)
    return changes


def _project(
    instance: LoadedInstance,
    now: datetime,
    cause: str,
    actor: Actor | None,
    completion: Mapping[str, Any],
    completed_element_instance_id: int | None,
) -> Changes:
    return project(
        instance.execution.take_events(),
        Context(
            process_instance_id=instance.id,
            enterprise_id=instance.enterprise_id,
            definition_id=instance.definition_id,
            process_id=instance.process_id,
            business_key=instance.business_key,
            title=instance.title,
            number=instance.revision + 1,
            at=now,
            cause=cause,
            actor=actor.id if actor else None,
            notes=instance.compiled.notes,
            detail=instance.detail,
            completion=completion,
            completed_element_instance_id=completed_element_instance_id,
        ),
    )


def _follow_up(work: Work, instance: LoadedInstance, changes: Changes, now: datetime) -> None:
    """What the step sets in motion elsewhere: messages to send, buffered ones that fit now, jobs to run."""
    if changes.thrown:
        send(work, changes.thrown, enterprise_id=instance.enterprise_id, source_instance_id=instance.id, now=now)
    opened = [row["correlation_hash"] for row in changes.rows(MessageSubscription) if row["kind"] == "message"]
    if opened:
        names = {row["name"] for row in changes.rows(MessageSubscription) if row["kind"] == "message"}
        wake_buffered(work, instance.enterprise_id, names, opened, now=now)
    if changes.rows(Job):
        work.after_commit(work.store.wake)
    if changes.ended == "cancelled":
        _clear(work, instance.id, now)


def _rest(changes: Changes) -> None:
    """What appears in a suspended instance (a running job still came back) rests as well."""
    for mapped in (Timer, Job, MessageSubscription, UserTask):
        for row in changes.rows(mapped):
            row["is_suspended"] = True


def _clear(work: Work, process_instance_id: str, now: datetime) -> None:
    """Nothing of a cancelled instance may stay due, whatever the execution reported."""
    for mapped in (Timer, MessageSubscription, Job):
        work.execute(delete(mapped).where(mapped.process_instance_id == process_instance_id))
    work.execute(
        update(Incident)
        .where(Incident.process_instance_id == process_instance_id, Incident.state == "open")
        .values(state="resolved", resolved_at=now)
    )


# Title, business key and searchable variables -------------------------------------------------------------------------


def business_key_from(found: Compiled, process_id: str, variables: Mapping[str, Any], now: datetime) -> str | None:
    """The business key that the process gives itself (praxis:businessKey)."""
    return _text(found.definition.business_keys.get(process_id), variables, now)


def _title(instance: LoadedInstance, changes: Changes, now: datetime) -> str | None:
    if not changes.variables:
        return instance.title
    title = instance.compiled.definition.titles.get(instance.process_id)
    return _text(title, instance.execution.variables, now) or instance.title


def describe_again(work: Work, instance: LoadedInstance, former: Compiled, *, now: datetime) -> None:
    """Title and searchable variables as the definition now says, where the former one said something else."""
    before, after = former.process(instance.process_id), instance.compiled.process(instance.process_id)
    variables = instance.execution.variables
    if before.title != after.title:
        evaluator = instance.compiled.definition.titles.get(instance.process_id)
        instance.title = _text(evaluator, variables, now) or instance.title
        work.execute(update(ProcessInstance).where(ProcessInstance.id == instance.id).values(title=instance.title))
        _UPDATE_TITLES.run(work, {"of_instance": instance.id, "new_title": instance.title})
    if before.searchable != after.searchable:
        work.execute(delete(SearchVariable).where(SearchVariable.process_instance_id == instance.id))
        _keep_searchable(work, instance, variables)


def _text(evaluator: Any, variables: Mapping[str, Any], now: datetime) -> str | None:
    """What the expression gives, or none: a title that cannot be made yet is no reason to stop a case."""
    if evaluator is None:
        return None
    try:
        value = evaluator.value(variables, now)
    except ElementFailure:
        return None
    return None if value is None else feel.display(value)


def _keep_searchable(work: Work, instance: LoadedInstance, changed: Mapping[str, Any]) -> None:
    names = [name for name in instance.compiled.process(instance.process_id).searchable if name in changed]
    if not names:
        return
    work.execute(
        delete(SearchVariable).where(SearchVariable.process_instance_id == instance.id, SearchVariable.name.in_(names))
    )
    work.execute(
        insert(SearchVariable),
        [
            {"process_instance_id": instance.id, "enterprise_id": instance.enterprise_id, "name": name}
            | searchable_value(changed[name])
            for name in names
        ],
    )


def searchable_value(value: Any) -> dict[str, Any]:
    """The columns of a searchable variable: as text, and as number or moment where it is one."""
    number = moment = None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, datetime) and value.tzinfo is not None:
        moment = value
    elif isinstance(value, date) and not isinstance(value, datetime):
        moment = datetime.fromisoformat(f"{value.isoformat()}T00:00:00+00:00")
    text = None if value is None else feel.display(value)[:SEARCHABLE_CHARACTERS]
    return {"text": text, "number": number, "moment": moment}


# Statements -----------------------------------------------------------------------------------------------------------

_CASE = ProcessInstance.__table__.c
_UPDATE_INSTANCE = Prepared(
    update(ProcessInstance.__table__)
    .where(_CASE.id == bindparam("of_instance"), _CASE.revision == bindparam("of_revision"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=_CASE[name].type)
            for name in ("revision", "snapshot", "state", "title", "moved_at", "ended_at", "end_reason")
        }
    )
)
_TASK = UserTask.__table__.c
_UPDATE_TITLES = Prepared(
    update(UserTask.__table__)
    .where(_TASK.process_instance_id == bindparam("of_instance"), _TASK.state == literal_column("'open'"))
    .values(title=bindparam("new_title", type_=_TASK.title.type))
)


def _insert_ignoring_duplicates(work: Work) -> Any:
    dialect = postgresql if work.on_postgresql else sqlite
    return dialect.insert(ProcessInstance).on_conflict_do_nothing().returning(ProcessInstance.id)


__all__ = [
    "INSTANCE_COLUMNS",
    "LoadedInstance",
    "business_key_from",
    "describe_again",
    "insert_instance",
    "load_instance",
    "loaded_from",
    "save_instance",
    "searchable_value",
]
