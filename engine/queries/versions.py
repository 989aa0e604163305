"""Two versions of a process side by side: what carries on what."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import orjson
from sqlalchemy import Row, func, select

from engine.errors import InvalidInput, NotFound
from engine.queries.compiled import Compiled, compiled
from engine.runtime.correspondence import Correspondence
from engine.store.tables import ProcessDefinition, ProcessInstance
from engine.store.unit_of_work import Work

KEPT = 64


@dataclass(frozen=True)
class Version:
    """A deployed version with what it executes."""

    id: str
    enterprise_id: str
    process_id: str
    version: int
    name: str
    name_zh: str | None
    bundle: Mapping[str, Any]
    bundle_digest: str
    compiled: Compiled


_COLUMNS = tuple(ProcessDefinition.__table__.c[name] for name in Version.__dataclass_fields__ if name != "compiled")


def version(work: Work, definition_id: str, enterprise_id: str | None = None) -> Version:
    """The version with this id. Raises NotFound."""
    row = work.execute(select(*_COLUMNS).where(ProcessDefinition.id == definition_id)).one_or_none()
    if row is None or (enterprise_id is not None and row.enterprise_id != enterprise_id):
        raise NotFound(f"The process definition {definition_id} does not exist: look again.")
    return _version(work, row)


def _version(work: Work, row: Row[Any]) -> Version:
    return Version(**row._asdict(), compiled=compiled(work, row.bundle_digest, row.bundle))


def must_be_versions_of_one_process(old: Version, new: Version) -> None:
    """Refuse to go from one process or enterprise to another."""
    if (old.enterprise_id, old.process_id) != (new.enterprise_id, new.process_id):
        raise InvalidInput(
            f"Two versions of one process were expected, found '{old.process_id}' and '{new.process_id}'"
            f"{'' if old.enterprise_id == new.enterprise_id else ' of another enterprise'}: choose a version of"
            f" '{old.process_id}'."
        )


_kept: OrderedDict[tuple[str, str, bytes, bool], Correspondence] = OrderedDict()
_lock = Lock()


def correspondence(
    old: Version, new: Version, mapping: Mapping[str, str | None] | None = None, *, by_name: bool = False
) -> Correspondence:
    """Which element carries on which; computed once per pair of versions and mapping. Raises InvalidInput."""
    key = (
        old.bundle_digest,
        new.bundle_digest,
        orjson.dumps(dict(mapping or {}), option=orjson.OPT_SORT_KEYS),
        by_name,
    )
    with _lock:
        found = _kept.get(key)
    if found is None:
        found = Correspondence(old.compiled.definition, new.compiled.definition, mapping, by_name=by_name)
        with _lock:
            _kept[key] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
    return found


@dataclass(frozen=True)
class VersionRow:
    """A deployed version with the number of cases that run in it (active or suspended)."""

    id: str
    version: int
    name: str
    name_zh: str | None
    deployed_at: datetime
    is_latest: bool
    running: int


def versions(work: Work, *, enterprise_id: str, process_id: str) -> tuple[VersionRow, ...]:
    """Every version of a process, the newest first."""
    definition, case = ProcessDefinition.__table__.c, ProcessInstance.__table__.c
    running = (
        select(func.count())
        .select_from(ProcessInstance)
        .where(case.definition_id == definition.id, case.state.in_(("active", "suspended")))
        .correlate(ProcessDefinition)
        .scalar_subquery()
    )
    columns = (definition[name] for name in VersionRow.__dataclass_fields__ if name != "running")
    rows = work.execute(
        select(*columns, running.label("running"))
        .where(definition.enterprise_id == enterprise_id, definition.process_id == process_id)
        .order_by(definition.version.desc())
    ).all()
    return tuple(VersionRow(**row._asdict()) for row in rows)
