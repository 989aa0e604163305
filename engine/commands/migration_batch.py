"""Many cases go on in another version: a batch of items, each a unit of work of its own, worked off by the worker.

batch = create_migration_batch(work, …)      # the operator
next_items(work) → migrate_item(work, …)     # the worker, one transaction per item; note_failure when it broke
pause_migration_batch / resume_migration_batch / retry_migration_items
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, insert, literal, select, update

from engine.commands.migrate_instance import TAKE_OVER, CannotMigrate, migrate_instance
from engine.commands.user_tasks import audit
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.queries.versions import correspondence, must_be_versions_of_one_process, version
from engine.runtime.migration import CHANGED_TIMERS
from engine.store.actor import Actor
from engine.store.tables import MigrationBatch, MigrationItem, ProcessInstance
from engine.store.types import new_id
from engine.store.unit_of_work import Work

BATCH = MigrationBatch.__table__.c
ITEM = MigrationItem.__table__.c
CASE = ProcessInstance.__table__.c
NOT_DONE = ("refused", "failed")


def create_migration_batch(
    work: Work,
    *,
    from_definition_id: str,
    to_definition_id: str,
    mapping: Mapping[str, str | None] | None = None,
    changed_timers: str = "activation",
    take_over: Collection[str] = (),
    process_instance_ids: Sequence[str] | None = None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> str:
    """The id of a new batch that runs: every running case of the old version, or the named ones among them.

    Raises InvalidInput without a reason, without cases, or when versions and mapping do not fit together.
    """
    _check_options(reason, changed_timers, take_over)
    old = version(work, from_definition_id)
    actor.must_see(old.enterprise_id, f"The process definition {from_definition_id}")
    new = version(work, to_definition_id, old.enterprise_id)
    if old.id == new.id:
        raise InvalidInput("Two different versions were expected, found the same one twice: choose another one.")
    must_be_versions_of_one_process(old, new)
    correspondence(old, new, mapping)  # refuses ids that neither version has
    batch_id = new_id()
    work.execute(
        insert(MigrationBatch),
        {
            "id": batch_id,
            "enterprise_id": old.enterprise_id,
            "process_id": old.process_id,
            "from_definition_id": old.id,
            "to_definition_id": new.id,
            "mapping": dict(mapping or {}),
            "changed_timers": changed_timers,
            "take_over": sorted(take_over),
            "reason": reason.strip(),
            "state": "running",
            "created_by": actor.id,
            "created_at": now,
            "ended_at": None,
        },
    )
    count = _add_items(work, batch_id, old.id, process_instance_ids)
    if not count:
        raise InvalidInput(f"No running case of version {old.version} is left to migrate: look again.")
    detail = {"batch_id": batch_id, "from_version": old.version, "to_version": new.version, "cases": count}
    audit(work, actor, "migrate_batch", now, enterprise_id=old.enterprise_id, reason=reason, detail=detail)
    work.after_commit(work.store.wake)
    return batch_id


def _check_options(reason: str, changed_timers: str, take_over: Collection[str]) -> None:
    if not reason or not reason.strip():
        raise InvalidInput("A reason was expected, found nothing: say why the cases change their version.")
    if changed_timers not in CHANGED_TIMERS:
        raise InvalidInput(f"changed_timers should be one of {', '.join(CHANGED_TIMERS)}, but is '{changed_timers}'.")
    unknown = sorted(set(take_over) - set(TAKE_OVER))
    if unknown:
        raise InvalidInput(f"take_over knows {', '.join(TAKE_OVER)}, but not '{unknown[0]}': leave it out.")


def _add_items(work: Work, batch_id: str, definition_id: str, chosen: Sequence[str] | None) -> int:
    cases = select(literal(batch_id), CASE.id, literal("waiting")).where(
        CASE.definition_id == definition_id, CASE.state.in_(("active", "suspended"))
    )
    if chosen is not None:
        cases = cases.where(CASE.id.in_(list(chosen)))
    work.execute(insert(MigrationItem).from_select(["batch_id", "process_instance_id", "state"], cases))
    return work.execute(select(func.count()).select_from(MigrationItem).where(ITEM.batch_id == batch_id)).scalar_one()


# By the worker --------------------------------------------------------------------------------------------------------


def next_items(work: Work, *, limit: int = 20) -> list[tuple[str, str]]:
    """(batch id, process instance id) of waiting items, the oldest batch first."""
    rows = work.execute(
        select(ITEM.batch_id, ITEM.process_instance_id)
        .join(MigrationBatch, BATCH.id == ITEM.batch_id)
        .where(BATCH.state == "running", ITEM.state == "waiting")
        .order_by(BATCH.created_at, ITEM.process_instance_id)
        .limit(limit)
    ).all()
    return [(row.batch_id, row.process_instance_id) for row in rows]


def migrate_item(work: Work, *, batch_id: str, process_instance_id: str, now: datetime) -> bool:
    """Let one case of a batch change its version, and keep why it cannot. False: somebody else did, or it is paused."""
    item = work.execute(
        select(ITEM.state)
        .where(ITEM.batch_id == batch_id, ITEM.process_instance_id == process_instance_id)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    batch = work.execute(select(MigrationBatch.__table__).where(BATCH.id == batch_id)).one_or_none()
    if item is None or batch is None or item.state != "waiting" or batch.state != "running":
        return False
    actor = Actor(batch.created_by, is_supervisor=True, enterprise_id=batch.enterprise_id)
    try:
        _migrate(work, batch, process_instance_id, actor, now)
    except CannotMigrate as refusal:
        problems = [{"en": each.sentence("en"), "zh": each.sentence("zh")} for each in refusal.obstacles]
        _note(work, batch_id, process_instance_id, "refused", problems, now)
    else:
        _note(work, batch_id, process_instance_id, "migrated", None, now)
    return True


def _migrate(work: Work, batch: Row[Any], process_instance_id: str, actor: Actor, now: datetime) -> None:
    migrate_instance(
        work,
        process_instance_id=process_instance_id,
        to_definition_id=batch.to_definition_id,
        mapping=batch.mapping,
        changed_timers=batch.changed_timers,
        take_over=batch.take_over,
        actor=actor,
        now=now,
        reason=batch.reason,
    )


def note_failure(work: Work, *, batch_id: str, process_instance_id: str, problem: str, now: datetime) -> None:
    """Keep that an item broke off with an error, so that the batch goes on without it."""
    _note(work, batch_id, process_instance_id, "failed", [{"en": problem, "zh": problem}], now)


def _note(work: Work, batch_id: str, process_instance_id: str, state: str, problems: Any, now: datetime) -> None:
    work.execute(
        update(MigrationItem)
        .where(ITEM.batch_id == batch_id, ITEM.process_instance_id == process_instance_id)
        .values(state=state, problems=problems, tried_at=now)
    )
    # The last two items may end at the same time: whoever comes second here sees the other one's.
    work.execute(select(BATCH.id).where(BATCH.id == batch_id).with_for_update())
    is_waiting = exists().where(ITEM.batch_id == batch_id, ITEM.state == "waiting")
    work.execute(
        update(MigrationBatch)
        .where(BATCH.id == batch_id, BATCH.state == "running", ~is_waiting)
        .values(state="completed", ended_at=now)
    )


# By the operator ------------------------------------------------------------------------------------------------------


def pause_migration_batch(work: Work, *, batch_id: str, actor: Actor, now: datetime) -> None:
    """Let the rest of the batch wait; what has migrated stays so. Pausing twice does nothing."""
    _switch(work, batch_id, actor, now, "migrate_batch_pause", "running", "paused")


def resume_migration_batch(work: Work, *, batch_id: str, actor: Actor, now: datetime) -> None:
    """Let a paused batch go on."""
    _switch(work, batch_id, actor, now, "migrate_batch_resume", "paused", "running")
    work.after_commit(work.store.wake)


def retry_migration_items(work: Work, *, batch_id: str, actor: Actor, now: datetime) -> int:
    """Try again what was refused or failed, as cases move on. Answers how many; they wait if the batch is paused."""
    batch = _batch(work, batch_id, actor)
    count = work.execute(
        update(MigrationItem)
        .where(ITEM.batch_id == batch_id, ITEM.state.in_(NOT_DONE))
        .values(state="waiting", problems=None)
    ).rowcount
    if count and batch.state == "completed":
        work.execute(update(MigrationBatch).where(BATCH.id == batch_id).values(state="running", ended_at=None))
    if count:
        detail = {"batch_id": batch_id, "cases": count}
        audit(work, actor, "migrate_batch_retry", now, enterprise_id=batch.enterprise_id, detail=detail)
        work.after_commit(work.store.wake)
    return count


def _switch(work: Work, batch_id: str, actor: Actor, now: datetime, verb: str, before: str, after: str) -> None:
    batch = _batch(work, batch_id, actor)
    if batch.state == after:
        return
    if batch.state != before:
        raise InvalidState(f"The migration is already {batch.state}: reload the page.")
    work.execute(update(MigrationBatch).where(BATCH.id == batch_id).values(state=after))
    audit(work, actor, verb, now, enterprise_id=batch.enterprise_id, detail={"batch_id": batch_id})


def _batch(work: Work, batch_id: str, actor: Actor) -> Row[Any]:
    row = work.execute(select(MigrationBatch.__table__).where(BATCH.id == batch_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"The migration {batch_id} does not exist: look again.")
    actor.must_see(row.enterprise_id, f"The migration {batch_id}")
    return row
