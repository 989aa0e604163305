"""Let several versions of a process share its new cases, or give them all to the newest again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from engine.commands.user_tasks import audit
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.queries.start_agreement import disagreements
from engine.store.actor import Actor
from engine.store.routes import Route
from engine.store.tables import ProcessDefinition
from engine.store.unit_of_work import Work


def route_new_cases(
    work: Work,
    *,
    enterprise_id: str,
    process_id: str,
    route: Route | None,
    expected_key: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """From now on new cases of the process go as the route says; without one they all start with the newest version.

    What is started by `definition_id` and running cases keep their version; deploying a new version ends the route.
    Versions that could not start alike (events, starters, form) are refused with InvalidInput. InvalidState when
    another route is in force than the one with `expected_key` (none: no route).
    """
    actor.must_see(enterprise_id, f"The process '{process_id}'")
    newest = newest_version(work, enterprise_id, process_id)
    if newest is None:
        raise NotFound(f"The process '{process_id}' is not deployed here: deploy it first.")
    if (newest.route or {}).get("key") != expected_key:
        raise InvalidState(
            f"The new cases of '{newest.name}' are shared in another way than was expected: reload and look again."
        )
    if route is not None:
        _must_agree(work, newest, route)
    content = route.to_json() if route else None
    work.execute(update(ProcessDefinition).where(ProcessDefinition.id == newest.id).values(route=content))
    detail: Mapping[str, Any] = {"process_id": process_id, "route": content}
    audit(work, actor, "route_new_cases", now, enterprise_id=enterprise_id, detail=detail)


def newest_version(work: Work, enterprise_id: str, process_id: str) -> Row[Any] | None:
    """The row of the newest version, locked."""
    columns = ProcessDefinition.__table__.c
    return work.execute(
        select(ProcessDefinition.__table__)
        .where(columns.enterprise_id == enterprise_id, columns.process_id == process_id, columns.is_latest)
        .with_for_update()
    ).one_or_none()


def _must_agree(work: Work, newest: Row[Any], route: Route) -> None:
    columns = ProcessDefinition.__table__.c
    rows = work.execute(select(ProcessDefinition.__table__).where(columns.id.in_(list(route.shares)))).all()
    own = {row.id: row for row in rows if row.process_id == newest.process_id}
    for definition_id in route.shares:
        if definition_id not in own or own[definition_id].enterprise_id != newest.enterprise_id:
            raise InvalidInput(f"Versions of '{newest.name}' were expected, {definition_id} is none: choose another.")
    problems = [text for row in own.values() if row.id != newest.id for text in disagreements(work, newest, row)]
    if problems:
        raise InvalidInput(f"These versions of '{newest.name}' cannot share new cases: {'; '.join(problems)}.")
