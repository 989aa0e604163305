"""Start a process instance: at its none start event, or at the event that has happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, literal_column, select

from engine import feel, runtime
from engine.commands.form_values import checked
from engine.commands.progress import LoadedInstance, business_key_from, insert_instance
from engine.errors import InvalidInput, InvalidState, NotFound, NotPermitted, StaleInstance
from engine.queries.compiled import Compiled, compiled
from engine.store.actor import Actor
from engine.store.routes import Route
from engine.store.tables import ProcessDefinition, ProcessInstance, UserTask
from engine.store.types import new_id
from engine.store.unit_of_work import Work

LONGEST_BUSINESS_KEY = 255
_SELECT_DEFINITION = select(
    *(
        ProcessDefinition.__table__.c[name]
        for name in (
            "id",
            "process_id",
            "name",
            "bundle_digest",
            "bundle",
            "candidate_starters",
            "start_form_key",
            "is_suspended",
            "route",
        )
    )
)


@dataclass(frozen=True)
class Started:
    """`is_new` is false when the business key was already running: then the id is the first one's."""

    process_instance_id: str
    is_new: bool
    user_task_ids: tuple[str, ...] = ()


def start_process(
    work: Work,
    *,
    enterprise_id: str,
    process_id: str | None = None,
    variables: Mapping[str, Any] | None = None,
    form_values: Mapping[str, Any] | None = None,
    business_key: str | None = None,
    start_event_id: str | None = None,
    definition_id: str | None = None,
    is_routed: bool = False,
    started_by_instance_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Started:
    """Start the newest version of a process (or the one with `definition_id`) and let it move until it waits.

    Where versions share the new cases (`route_new_cases`), the case's business key decides between them, without one
    the id of its instance; a version chosen by `definition_id` stays, unless `is_routed` says otherwise.
    `form_values` are checked by the start form. While an instance of the process with the same business key is active
    or suspended, that first one is the answer. Raises NotFound, NotPermitted (candidate starters), InvalidForm.
    """
    definition = _definition(work, enterprise_id, process_id, definition_id, actor)
    found = compiled(work, definition.bundle_digest, definition.bundle)
    values = feel.normalise(dict(variables or {}))
    if form_values is not None:
        values |= checked(work, definition.bundle, definition.start_form_key, form_values, values, now)
    key = _business_key(business_key) or _business_key(business_key_from(found, definition.process_id, values, now))
    if key is not None:
        first = _live_instance(work, enterprise_id, definition.process_id, key)
        if first is not None:
            return Started(first, is_new=False)
    instance_id = new_id()
    if definition.route and (definition_id is None or is_routed):
        asked = found
        definition, found = _routed(work, definition, asked, key or instance_id)
        start_event_id = _same_start(asked, found, definition.process_id, start_event_id)
    instance = LoadedInstance(
        id=instance_id,
        enterprise_id=enterprise_id,
        definition_id=definition.id,
        process_id=definition.process_id,
        business_key=key,
        title=None,
        state="active",
        revision=0,
        compiled=found,
        execution=runtime.Execution.start(
            found.definition, definition.process_id, at=now, variables=values, start_event_id=start_event_id
        ),
    )
    changes = insert_instance(
        work,
        instance,
        now=now,
        cause="start_process",
        actor=actor,
        variables=values,
        started_by_instance_id=started_by_instance_id,
    )
    if changes is None:
        first = _live_instance(work, enterprise_id, definition.process_id, key or "")
        if first is None:  # it ended in this very moment
            raise StaleInstance(f"The case with the business key '{key}' has just ended: try again.")
        return Started(first, is_new=False)
    return Started(instance.id, is_new=True, user_task_ids=tuple(row["id"] for row in changes.rows(UserTask)))


def _definition(
    work: Work, enterprise_id: str, process_id: str | None, definition_id: str | None, actor: Actor
) -> Row[Any]:
    actor.must_see(enterprise_id, f"The process '{process_id or definition_id}'")
    columns = ProcessDefinition.__table__.c
    query = _SELECT_DEFINITION.where(columns.enterprise_id == enterprise_id)
    if definition_id is not None:
        query = query.where(columns.id == definition_id)
    elif process_id is not None:
        query = query.where(columns.process_id == process_id, columns.is_latest)
    else:
        raise InvalidInput("A process_id or a definition_id was expected, found neither: say which process to start.")
    row = work.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"The process '{process_id or definition_id}' is not deployed here: deploy it first.")
    _must_not_be_suspended(row)
    starters = set(row.candidate_starters)
    if starters and not actor.is_supervisor and not starters & actor.groups:
        raise NotPermitted(
            f"'{row.name}' is started by {', '.join(sorted(starters))}: ask one of them, or ask for the role."
        )
    return row


def _must_not_be_suspended(row: Row[Any]) -> None:
    if row.is_suspended:
        raise InvalidState(f"The process '{row.name}' is suspended: resume it before you start new cases.")


def _routed(work: Work, newest: Row[Any], found: Compiled, case_key: str) -> tuple[Row[Any], Compiled]:
    """The version that a case with this key goes to: at most one statement."""
    chosen = Route.of_json(newest.route).definition_for(case_key)
    if chosen == newest.id:
        return newest, found
    row = work.execute(_SELECT_DEFINITION.where(ProcessDefinition.id == chosen)).one()
    _must_not_be_suspended(row)
    return row, compiled(work, row.bundle_digest, row.bundle)


def _same_start(asked: Compiled, chosen: Compiled, process_id: str, start_event_id: str | None) -> str | None:
    """The start event of the chosen version that waits for the same."""
    if start_event_id is None or asked is chosen:
        return start_event_id
    starts = asked.definition.start_events(process_id)
    wanted = {(start.kind, start.name) for start in starts if start.element_id == start_event_id}
    alike = [s.element_id for s in chosen.definition.start_events(process_id) if (s.kind, s.name) in wanted]
    return start_event_id if start_event_id in alike or not alike else alike[0]


def _business_key(given: str | None) -> str | None:
    if given is None or not given.strip():
        return None
    if len(given) > LONGEST_BUSINESS_KEY:
        raise InvalidInput(f"A business key has at most {LONGEST_BUSINESS_KEY} characters, found {len(given)}.")
    return given.strip()


def _live_instance(work: Work, enterprise_id: str, process_id: str, business_key: str) -> str | None:
    return work.execute(
        select(ProcessInstance.id).where(
            ProcessInstance.enterprise_id == enterprise_id,
            ProcessInstance.process_id == process_id,
            ProcessInstance.business_key == business_key,
            ProcessInstance.state.in_((literal_column("'active'"), literal_column("'suspended'"))),
        )
    ).scalar_one_or_none()
