"""How far migrations of cases have come, and what held single cases back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from engine.errors import NotFound
from engine.store.tables import MigrationBatch, MigrationItem, ProcessDefinition, ProcessInstance
from engine.store.unit_of_work import Work

BATCH = MigrationBatch.__table__.c
ITEM = MigrationItem.__table__.c
CASE = ProcessInstance.__table__.c
OLD, NEW = aliased(ProcessDefinition), aliased(ProcessDefinition)


@dataclass(frozen=True)
class BatchRow:
    """One batch with its counts of items."""

    id: str
    enterprise_id: str
    process_id: str
    process_name: str
    process_name_zh: str | None
    from_definition_id: str
    to_definition_id: str
    from_version: int
    to_version: int
    mapping: Mapping[str, str | None]
    changed_timers: str
    take_over: tuple[str, ...]
    reason: str
    state: str  # running | paused | completed
    created_by: str
    created_at: datetime
    ended_at: datetime | None
    waiting: int = 0
    migrated: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.done

    @property
    def done(self) -> int:
        return self.migrated + self.refused + self.failed

    @property
    def percent(self) -> int:
        """How much of it has been worked off, 0 to 100."""
        return 100 * self.done // self.total if self.total else 100


@dataclass(frozen=True)
class ItemRow:
    """One case of a batch. `problems`: reasons as {"en": …, "zh": …}."""

    process_instance_id: str
    title: str | None
    business_key: str | None
    state: str  # waiting | migrated | refused | failed
    problems: tuple[Mapping[str, str], ...]
    tried_at: datetime | None


_COLUMNS = (
    *(BATCH[name] for name in MigrationBatch.__table__.c.keys()),  # noqa: SIM118  a column collection
    NEW.name.label("process_name"),
    NEW.name_zh.label("process_name_zh"),
    OLD.version.label("from_version"),
    NEW.version.label("to_version"),
)


def migration_batches(
    work: Work, *, enterprise_id: str, process_id: str | None = None, limit: int = 20
) -> tuple[BatchRow, ...]:
    """The newest batches first."""
    query = _query().where(BATCH.enterprise_id == enterprise_id)
    if process_id is not None:
        query = query.where(BATCH.process_id == process_id)
    return _rows(work, work.execute(query.order_by(BATCH.created_at.desc(), BATCH.id).limit(limit)).all())


def migration_batch(work: Work, *, batch_id: str, enterprise_id: str | None = None) -> BatchRow:
    """One batch. Raises NotFound."""
    found = _rows(work, work.execute(_query().where(BATCH.id == batch_id)).all())
    if not found or (enterprise_id is not None and found[0].enterprise_id != enterprise_id):
        raise NotFound(f"The migration {batch_id} does not exist: look again.")
    return found[0]


def migration_items(
    work: Work, *, batch_id: str, states: Sequence[str] = ("refused", "failed"), limit: int = 100, offset: int = 0
) -> tuple[ItemRow, ...]:
    """Cases of a batch in these states, the last tried first."""
    rows = work.execute(
        select(ITEM.process_instance_id, CASE.title, CASE.business_key, ITEM.state, ITEM.problems, ITEM.tried_at)
        .join(ProcessInstance, CASE.id == ITEM.process_instance_id)
        .where(ITEM.batch_id == batch_id, ITEM.state.in_(list(states)))
        .order_by(ITEM.tried_at.desc(), ITEM.process_instance_id)
        .limit(limit)
        .offset(offset)
    ).all()
    return tuple(ItemRow(**row._asdict() | {"problems": tuple(row.problems or ())}) for row in rows)


def _query() -> Any:
    return select(*_COLUMNS).join(OLD, OLD.id == BATCH.from_definition_id).join(NEW, NEW.id == BATCH.to_definition_id)


def _rows(work: Work, batches: Sequence[Any]) -> tuple[BatchRow, ...]:
    counted = work.execute(
        select(ITEM.batch_id, ITEM.state, func.count())
        .where(ITEM.batch_id.in_([batch.id for batch in batches]))
        .group_by(ITEM.batch_id, ITEM.state)
    ).all()
    counts: dict[str, dict[str, int]] = {}
    for batch_id, state, count in counted:
        counts.setdefault(batch_id, {})[state] = count
    return tuple(
        BatchRow(**batch._asdict() | {"take_over": tuple(batch.take_over)} | counts.get(batch.id, {}))
        for batch in batches
    )
