"""Make a former version of a process the newest again, for new cases."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from engine.commands.deploy import DeployedProcess, register_starts
from engine.commands.route_new_cases import newest_version
from engine.commands.user_tasks import audit
from engine.errors import InvalidState, NotFound
from engine.queries.compiled import compiled
from engine.store.actor import Actor
from engine.store.tables import ProcessDefinition
from engine.store.types import new_id
from engine.store.unit_of_work import Work


def reinstate_version(work: Work, *, definition_id: str, actor: Actor, now: datetime) -> DeployedProcess:
    """The version that all new cases get from now on: the one with this id, as a new version with the same files.

    Where it is the newest already it only stops to share (`is_new` is false). Running cases keep their version.
    Raises NotFound.
    """
    wanted = _row(work, definition_id, actor)
    newest = newest_version(work, wanted.enterprise_id, wanted.process_id)
    if newest is None:
        raise InvalidState(f"The process '{wanted.name}' has no newest version: deploy it.")
    columns = ProcessDefinition.__table__.c
    is_new = newest.id != wanted.id
    work.execute(update(ProcessDefinition).where(columns.id == newest.id).values(route=None, is_latest=not is_new))
    if not is_new:
        return DeployedProcess(wanted.id, wanted.process_id, wanted.version, is_new=False)
    values = wanted._asdict() | {"id": new_id(), "version": newest.version + 1, "is_latest": True}
    values |= {"is_suspended": False, "route": None, "deployed_at": now}
    work.execute(insert(ProcessDefinition), values)
    register_starts(
        work,
        wanted.enterprise_id,
        values["id"],
        wanted.process_id,
        compiled(work, wanted.bundle_digest, wanted.bundle),
        now,
        is_first=False,
    )
    detail = {"process_id": wanted.process_id, "version": wanted.version, "as": values["version"]}
    audit(work, actor, "reinstate_version", now, enterprise_id=wanted.enterprise_id, detail=detail)
    return DeployedProcess(values["id"], wanted.process_id, values["version"], is_new=True)


def _row(work: Work, definition_id: str, actor: Actor) -> Row[Any]:
    row = work.execute(select(ProcessDefinition.__table__).where(ProcessDefinition.id == definition_id)).one_or_none()
    if row is None:
        raise NotFound(f"The process definition {definition_id} does not exist: look again.")
    actor.must_see(row.enterprise_id, f"The process definition {definition_id}")
    return row
