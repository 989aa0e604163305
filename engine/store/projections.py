"""What each event of an execution means for the tables: one function per event class, written in bulk.

However many events a step has, and however old the instance is, the number of SQL statements depends only on which
kinds of rows change.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, update

from engine import events
from engine.store.codec import pack, unpack
from engine.store.correlation import correlation_hash
from engine.store.prepared import Prepared
from engine.store.tables import (
    END_OF_TIME,
    EVERYBODY,
    ElementInstance,
    Incident,
    Job,
    MessageSubscription,
    Step,
    Timer,
    UserTask,
    UserTaskCandidate,
)
from engine.store.types import new_id
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class Notes:
    """What the model says about an element beyond its events."""

    name: str = ""
    four_eyes: str | None = None
    touchpoint: str | None = None


@dataclass
class Context:
    """The process instance that the events are about, and the step that they make."""

    process_instance_id: str
    enterprise_id: str
    definition_id: str
    process_id: str
    business_key: str | None
    title: str | None
    number: int  # the revision this step makes
    at: datetime
    cause: str
    actor: str | None
    notes: Callable[[str], Notes]
    detail: Mapping[str, Any] = field(default_factory=dict)
    completion: Mapping[str, Any] = field(default_factory=dict)  # completed_by … of `completed_element_instance_id`
    completed_element_instance_id: int | None = None


Key = int | str


class Changes:
    """The rows that a step adds, changes and removes; what appears and goes within the step is never written."""

    def __init__(self, context: Context):
        self.context = context
        self.added: dict[Table, dict[Key, dict[str, Any]]] = {}
        self.changed: dict[Table, dict[Key, dict[str, Any]]] = {}
        self.removed: dict[Table, set[Key]] = {}
        self.candidates: list[dict[str, Any]] = []
        self.flows: dict[str, None] = {}
        self.facts: list[list[Any]] = []
        self.thrown: list[events.MessageThrown | events.SignalThrown] = []
        self.variables: dict[str, Any] = {}  # process variables of the outermost scope that changed
        self.ended: str | None = None
        self.end_reason: str | None = None

    def add(self, mapped: type, key: Key, **row: Any) -> None:
        row["process_instance_id"] = self.context.process_instance_id
        self.added.setdefault(mapped.__table__, {})[key] = row

    def change(self, mapped: type, key: Key, **values: Any) -> None:
        """Change a row of this step in memory, an older one by a statement."""
        added = self.added.get(mapped.__table__, {}).get(key)
        if added is not None:
            added.update(values)
        else:
            new = {f"new_{name}": value for name, value in values.items()}
            self.changed.setdefault(mapped.__table__, {}).setdefault(key, {}).update(new)

    def remove(self, mapped: type, key: Key) -> None:
        if self.added.get(mapped.__table__, {}).pop(key, None) is None:
            self.removed.setdefault(mapped.__table__, set()).add(key)

    def fact(self, kind: str, event: events.ElementEvent | None, at: datetime, /, **values: Any) -> None:
        element = [event.element_instance_id, event.element_id] if event is not None else [None, None]
        self.facts.append([kind, at.isoformat(), *element, values])

    def rows(self, mapped: type) -> list[dict[str, Any]]:
        """The rows that the step adds to a table."""
        return list(self.added.get(mapped.__table__, {}).values())


def project(happened: Iterable[events.Event], context: Context) -> Changes:
    """What these events change."""
    changes = Changes(context)
    for event in happened:
        PROJECTIONS[type(event)](changes, event)
    return changes


def write(work: Work, changes: Changes) -> None:
    """Keep the changes: at most one statement per table and kind of change.

    What goes is removed first: a job that another handler takes over comes back under the same key.
    """
    context = changes.context
    for table, keys in changes.removed.items():
        _DELETE[table].run(work, [{"of_instance": context.process_instance_id, "of_key": key} for key in sorted(keys)])
    for table, rows in changes.added.items():
        if rows:
            _INSERT[table].run(work, list(rows.values()))
    if changes.candidates:
        _INSERT[UserTaskCandidate.__table__].run(work, changes.candidates)
    for table, rows in changes.changed.items():
        _UPDATE[table].run(
            work, [{"of_instance": context.process_instance_id, "of_key": key} | values for key, values in rows.items()]
        )
    ended_tasks = changes.changed.get(UserTask.__table__)
    if ended_tasks:
        _DELETE_CANDIDATES.run(
            work, [{"of_instance": context.process_instance_id, "of_key": key} for key in ended_tasks]
        )
    _INSERT[Step.__table__].run(
        work,
        {
            "process_instance_id": context.process_instance_id,
            "number": context.number,
            "at": context.at,
            "cause": context.cause,
            "actor": context.actor,
            "facts": pack_facts(changes),
        },
    )


def pack_facts(changes: Changes) -> bytes:
    content: dict[str, Any] = {}
    if changes.flows:
        content["flows"] = list(changes.flows)
    if changes.facts:
        content["facts"] = changes.facts
    if changes.context.detail:
        content["detail"] = dict(changes.context.detail)
    return pack(content)


@dataclass(frozen=True)
class Fact:
    """Something a step recorded: kind is the event's name in words with underscores (timer_fired …)."""

    kind: str
    at: datetime
    element_instance_id: int | None
    element_id: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """What `pack_facts` stored about a step."""

    flow_ids: tuple[str, ...]
    facts: tuple[Fact, ...]
    detail: Mapping[str, Any]


def unpack_facts(stored: bytes) -> Facts:
    """The facts of a step, in order."""
    content = unpack(stored)
    return Facts(
        flow_ids=tuple(content.get("flows", ())),
        facts=tuple(
            Fact(kind, datetime.fromisoformat(at), None if number is None else int(number), element_id, values)
            for kind, at, number, element_id, values in content.get("facts", ())
        ),
        detail=content.get("detail", {}),
    )


# One function per event class -----------------------------------------------------------------------------------------


def _process_started(changes: Changes, event: events.ProcessStarted) -> None:
    changes.fact("process_started", None, event.at, start_event_id=event.start_event_id)


def _process_completed(changes: Changes, event: events.ProcessCompleted) -> None:
    changes.ended = "completed"
    changes.fact("process_completed", None, event.at)


def _process_cancelled(changes: Changes, event: events.ProcessCancelled) -> None:
    changes.ended = "cancelled"
    changes.end_reason = event.reason
    changes.fact("process_cancelled", None, event.at, reason=event.reason)


def _element_activated(changes: Changes, event: events.ElementActivated) -> None:
    changes.add(
        ElementInstance,
        event.element_instance_id,
        element_instance_id=event.element_instance_id,
        element_id=event.element_id,
        element_type=event.element_type,
        process_id=event.process_id,
        scope_id=event.scope_id,
        state="active",
        activated_at=event.at,
        ended_at=None,
    )


def _element_completed(changes: Changes, event: events.ElementCompleted) -> None:
    changes.change(ElementInstance, event.element_instance_id, state="completed", ended_at=event.at)


def _element_cancelled(changes: Changes, event: events.ElementCancelled) -> None:
    changes.change(ElementInstance, event.element_instance_id, state="cancelled", ended_at=event.at)


def _user_task_created(changes: Changes, event: events.UserTaskCreated) -> None:
    context = changes.context
    notes = context.notes(event.element_id)
    user_task_id = new_id()
    changes.add(
        UserTask,
        event.element_instance_id,
        id=user_task_id,
        enterprise_id=context.enterprise_id,
        definition_id=context.definition_id,
        process_id=context.process_id,
        element_instance_id=event.element_instance_id,
        element_id=event.element_id,
        name=event.name or event.element_id,
        role=role_of(event),
        assignee=event.assignee,
        owner=None,
        form_key=event.form_key,
        four_eyes=notes.four_eyes,
        touchpoint=notes.touchpoint,
        due_at=event.due_at,
        due_order=event.due_at or END_OF_TIME,
        follow_up_at=event.follow_up_at,
        priority=event.priority,
        state="open",
        is_suspended=False,
        business_key=context.business_key,
        title=context.title,
        created_at=event.at,
        claimed_at=event.at if event.assignee else None,
        ended_at=None,
        completed_by=None,
        completed_for=None,
        completion_key=None,
    )
    changes.candidates.extend(
        {"user_task_id": user_task_id, "kind": kind, "name": name} for kind, name in candidates_of(event)
    )


def role_of(event: events.UserTaskCreated) -> str | None:
    """Whose work it is, not where it is drawn."""
    return event.candidate_groups[0] if event.candidate_groups else event.role


def candidates_of(event: events.UserTaskCreated) -> list[tuple[str, str]]:
    """Kind (group or user) and name of everybody who may take the task."""
    groups = event.candidate_groups
    if not groups and not event.candidate_users:
        if event.role:
            groups = (event.role,)
        elif not event.assignee:
            groups = (EVERYBODY,)
    kinds = (("group", groups), ("user", event.candidate_users))
    return [(kind, name) for kind, names in kinds for name in dict.fromkeys(names)]


def _user_task_completed(changes: Changes, event: events.UserTaskCompleted) -> None:
    _end_user_task(changes, event, "completed")


def _user_task_cancelled(changes: Changes, event: events.UserTaskCancelled) -> None:
    _end_user_task(changes, event, "cancelled")


def _end_user_task(changes: Changes, event: events.ElementEvent, state: str) -> None:
    created = changes.added.get(UserTask.__table__, {}).get(event.element_instance_id)
    if created is not None:  # cancelled in the step that created it: history keeps it, nobody can take it any more
        changes.candidates = [row for row in changes.candidates if row["user_task_id"] != created["id"]]
    ended = dict.fromkeys(("completed_by", "completed_for", "completion_key"))
    if state == "completed" and event.element_instance_id == changes.context.completed_element_instance_id:
        ended |= changes.context.completion
    changes.change(UserTask, event.element_instance_id, state=state, ended_at=event.at, **ended)


def _job_created(changes: Changes, event: events.JobCreated) -> None:
    context = changes.context
    changes.add(
        Job,
        event.element_instance_id,
        id=f"{context.process_instance_id}-{event.element_instance_id}",  # the same when it is tried again
        enterprise_id=context.enterprise_id,
        process_id=context.process_id,
        business_key=context.business_key,
        element_instance_id=event.element_instance_id,
        element_id=event.element_id,
        topic=event.topic,
        variables=dict(event.variables),
        state="ready",
        is_suspended=False,
        retries_left=event.retries,
        retry_backoff_seconds=list(event.retry_backoff_seconds),
        attempts=0,
        created_at=event.at,
        due_at=event.at,
        locked_by=None,
        lock_until=None,
        last_error=None,
    )


def _job_ended(changes: Changes, event: events.JobCompleted | events.JobCancelled) -> None:
    changes.remove(Job, event.element_instance_id)


def _timer_scheduled(changes: Changes, event: events.TimerScheduled) -> None:
    changes.add(
        Timer,
        event.timer_id,
        timer_id=event.timer_id,
        enterprise_id=changes.context.enterprise_id,
        element_instance_id=event.element_instance_id,
        element_id=event.element_id,
        due_at=event.due_at,
        is_suspended=False,
        attempts=0,
        try_at=event.due_at,
        last_error=None,
    )


def _timer_fired(changes: Changes, event: events.TimerFired) -> None:
    changes.remove(Timer, event.timer_id)
    changes.fact("timer_fired", event, event.at)


def _timer_cancelled(changes: Changes, event: events.TimerCancelled) -> None:
    changes.remove(Timer, event.timer_id)


def _subscription_opened(changes: Changes, event: events.SubscriptionOpened) -> None:
    enterprise_id = changes.context.enterprise_id
    changes.add(
        MessageSubscription,
        event.subscription_id,
        subscription_id=event.subscription_id,
        enterprise_id=enterprise_id,
        element_instance_id=event.element_instance_id,
        element_id=event.element_id,
        kind=event.kind,
        name=event.name,
        correlation=dict(event.correlation),
        correlation_hash=correlation_hash(enterprise_id, event.name, event.correlation),
        opened_at=event.at,
        is_suspended=False,
    )


def _subscription_closed(changes: Changes, event: events.SubscriptionClosed) -> None:
    changes.remove(MessageSubscription, event.subscription_id)


def _message_thrown(changes: Changes, event: events.MessageThrown) -> None:
    changes.thrown.append(event)
    changes.fact("message_thrown", event, event.at, name=event.name, correlation=dict(event.correlation))


def _signal_thrown(changes: Changes, event: events.SignalThrown) -> None:
    changes.thrown.append(event)
    changes.fact("signal_thrown", event, event.at, name=event.name)


def _escalation_uncaught(changes: Changes, event: events.EscalationUncaught) -> None:
    changes.fact("escalation_uncaught", event, event.at, code=event.code)


def _incident_raised(changes: Changes, event: events.IncidentRaised) -> None:
    context = changes.context
    changes.add(
        Incident,
        event.incident_id,
        id=f"{context.process_instance_id}-{event.incident_id}",
        incident_id=event.incident_id,
        enterprise_id=context.enterprise_id,
        process_id=context.process_id,
        element_id=event.element_id,
        element_instance_id=event.element_instance_id,
        kind=event.kind,
        message=event.message,
        signature=signature(event.message),
        state="open",
        assigned_to=None,
        raised_at=event.at,
        resolved_at=None,
        resolved_by=None,
    )
    changes.fact("incident_raised", event, event.at, kind=event.kind, message=event.message)


def _incident_resolved(changes: Changes, event: events.IncidentResolved) -> None:
    changes.change(
        Incident, event.incident_id, state="resolved", resolved_at=event.at, resolved_by=changes.context.actor
    )
    changes.fact("incident_resolved", event, event.at)


def _decision_evaluated(changes: Changes, event: events.DecisionEvaluated) -> None:
    changes.fact(
        "decision_evaluated",
        event,
        event.at,
        decision_id=event.decision_id,
        result=event.result,
        audit=[dict(entry) for entry in event.audit],
    )


def _flow_taken(changes: Changes, event: events.FlowTaken) -> None:
    changes.flows[event.flow_id] = None


def _variables_changed(changes: Changes, event: events.VariablesChanged) -> None:
    if event.scope_id == 0:
        changes.variables.update(event.variables)
    changes.fact(
        "variables_changed",
        None,
        event.at,
        scope_id=event.scope_id,
        source=event.source,
        variables=dict(event.variables),
    )


PROJECTIONS: dict[type[events.Event], Callable[[Changes, Any], None]] = {
    events.ProcessStarted: _process_started,
    events.ProcessCompleted: _process_completed,
    events.ProcessCancelled: _process_cancelled,
    events.ElementActivated: _element_activated,
    events.ElementCompleted: _element_completed,
    events.ElementCancelled: _element_cancelled,
    events.UserTaskCreated: _user_task_created,
    events.UserTaskCompleted: _user_task_completed,
    events.UserTaskCancelled: _user_task_cancelled,
    events.JobCreated: _job_created,
    events.JobCompleted: _job_ended,
    events.JobCancelled: _job_ended,
    events.TimerScheduled: _timer_scheduled,
    events.TimerFired: _timer_fired,
    events.TimerCancelled: _timer_cancelled,
    events.SubscriptionOpened: _subscription_opened,
    events.SubscriptionClosed: _subscription_closed,
    events.MessageThrown: _message_thrown,
    events.SignalThrown: _signal_thrown,
    events.EscalationUncaught: _escalation_uncaught,
    events.IncidentRaised: _incident_raised,
    events.IncidentResolved: _incident_resolved,
    events.DecisionEvaluated: _decision_evaluated,
    events.FlowTaken: _flow_taken,
    events.VariablesChanged: _variables_changed,
}


def signature(message: str) -> str:
    """The message without what differs from case to case (numbers, quoted values), so that equal causes meet."""
    without_values = re.sub(r"'[^']*'|\"[^\"]*\"|“[^”]*”", "'…'", message)
    return re.sub(r"\d+([.,:]\d+)*", "#", without_values)[:255]


# Statements, built once ---------------------------------------------------------------------------------------------


def _insert(mapped: type, *left_out: str) -> Prepared:
    columns = [column.name for column in mapped.__table__.columns if column.name not in left_out]
    return Prepared(insert(mapped.__table__), columns)


def _update(mapped: type, key: str, *names: str) -> Prepared:
    table = mapped.__table__
    return Prepared(
        update(table)
        .where(table.c.process_instance_id == bindparam("of_instance"), table.c[key] == bindparam("of_key"))
        .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})
    )


def _delete(mapped: type, key: str) -> Prepared:
    table = mapped.__table__
    return Prepared(
        delete(table).where(
            table.c.process_instance_id == bindparam("of_instance"), table.c[key] == bindparam("of_key")
        )
    )


_INSERT = {
    ElementInstance.__table__: _insert(ElementInstance),
    UserTask.__table__: _insert(UserTask, "draft", "draft_saved_at"),
    UserTaskCandidate.__table__: _insert(UserTaskCandidate),
    Job.__table__: _insert(Job),
    Timer.__table__: _insert(Timer),
    MessageSubscription.__table__: _insert(MessageSubscription),
    Incident.__table__: _insert(Incident),
    Step.__table__: _insert(Step),
}
_UPDATE = {
    ElementInstance.__table__: _update(ElementInstance, "element_instance_id", "state", "ended_at"),
    UserTask.__table__: _update(
        UserTask, "element_instance_id", "state", "ended_at", "completed_by", "completed_for", "completion_key"
    ),
    Incident.__table__: _update(Incident, "incident_id", "state", "resolved_at", "resolved_by"),
}
_DELETE = {
    Job.__table__: _delete(Job, "element_instance_id"),
    Timer.__table__: _delete(Timer, "timer_id"),
    MessageSubscription.__table__: _delete(MessageSubscription, "subscription_id"),
}
_DELETE_CANDIDATES = Prepared(
    delete(UserTaskCandidate.__table__).where(
        UserTaskCandidate.__table__.c.user_task_id.in_(
            select(UserTask.__table__.c.id).where(
                UserTask.__table__.c.process_instance_id == bindparam("of_instance"),
                UserTask.__table__.c.element_instance_id == bindparam("of_key"),
            )
        )
    )
)
