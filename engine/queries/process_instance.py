"""One case: where its tokens are, which way they came, what it waits for, and what happened when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine import feel, runtime
from engine.errors import NotFound
from engine.queries.compiled import Compiled, compiled
from engine.queries.former_versions import ElementNames, element_names
from engine.queries.process_instances import ROW_COLUMNS, InstanceRow, rows
from engine.store.codec import expand
from engine.store.projections import unpack_facts
from engine.store.tables import (
    Audit,
    Comment,
    ElementInstance,
    Incident,
    Job,
    MessageSubscription,
    ProcessDefinition,
    ProcessInstance,
    Step,
    UserTask,
)
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class ActiveElement:
    """A token on the diagram."""

    element_instance_id: int
    element_id: str
    element_name: str
    element_type: str
    process_id: str
    scope_id: int
    since: datetime


@dataclass(frozen=True)
class Waiting:
    """One reason why the case does not move. `key` names a sentence (see SENTENCES), `values` fill it."""

    kind: str  # user_task | message | signal | timer | job | condition | incident | suspended
    key: str
    element_id: str | None
    element_name: str
    values: Mapping[str, Any]
    since: datetime | None = None

    def sentence(self, language: str = "en") -> str:
        """The reason in one sentence, moments in UTC."""
        shown = {name: _shown(value) for name, value in self.values.items()}
        return SENTENCES[self.key][language].format(element=self.element_name, **shown)


SENTENCES: dict[str, dict[str, str]] = {
    "assigned_task": {"en": "'{element}' waits for {assignee}.", "zh": "“{element}”等待 {assignee} 处理。"},
    "assigned_task_due": {
        "en": "'{element}' waits for {assignee}, due {due_at}.",
        "zh": "“{element}”等待 {assignee} 处理，截止 {due_at}。",
    },
    "group_task": {
        "en": "'{element}' waits for somebody of {candidates} to take it.",
        "zh": "“{element}”等待 {candidates} 中的成员领取。",
    },
    "group_task_due": {
        "en": "'{element}' waits for somebody of {candidates} to take it, due {due_at}.",
        "zh": "“{element}”等待 {candidates} 中的成员领取，截止 {due_at}。",
    },
    "message": {
        "en": "'{element}' waits for the message '{message}'{keys} since {since}.",
        "zh": "“{element}”自 {since} 起等待消息“{message}”{keys}。",
    },
    "signal": {
        "en": "'{element}' waits for the signal '{signal}' since {since}.",
        "zh": "“{element}”自 {since} 起等待信号“{signal}”。",
    },
    "timer": {"en": "'{element}' is due at {due_at}.", "zh": "“{element}”将于 {due_at} 到期。"},
    "job": {
        "en": "'{element}' waits for the handler of '{topic}'.",
        "zh": "“{element}”等待处理程序“{topic}”。",
    },
    "job_running": {
        "en": "'{element}': the handler of '{topic}' is working.",
        "zh": "“{element}”：处理程序“{topic}”正在运行。",
    },
    "job_retry": {
        "en": "'{element}': '{topic}' failed ({error}); tried again at {due_at}, {retries_left} tries left.",
        "zh": "“{element}”：“{topic}”失败（{error}）；将于 {due_at} 重试，还剩 {retries_left} 次。",
    },
    "condition": {
        "en": "'{element}' waits until {condition}.",
        "zh": "“{element}”等待条件成立：{condition}。",
    },
    "incident": {
        "en": "'{element}' has stopped: {message}",
        "zh": "“{element}”已停止：{message}",
    },
    "suspended": {"en": "The case is suspended.", "zh": "该案例已暂停。"},
}


@dataclass(frozen=True)
class IncidentRow:
    id: str
    element_id: str
    element_name: str
    kind: str
    message: str
    state: str
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    assigned_to: str | None


@dataclass(frozen=True)
class RelatedCase:
    id: str
    process_id: str
    title: str | None
    business_key: str | None
    state: str


@dataclass(frozen=True)
class InstanceDetail:
    """A case with everything that its page shows."""

    row: InstanceRow
    active: tuple[ActiveElement, ...]
    done_element_ids: tuple[str, ...]
    taken_flow_ids: tuple[str, ...]
    waiting: tuple[Waiting, ...]
    variables: Mapping[str, Any]  # of the case
    local_variables: Mapping[int, Mapping[str, Any]]  # what a waiting element sees beyond them, by element instance
    incidents: tuple[IncidentRow, ...]
    parent: RelatedCase | None
    children: tuple[RelatedCase, ...]


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened: kind is a fact's kind, a cause (complete_user_task …) or an audited verb."""

    at: datetime
    kind: str
    actor: str | None = None
    acting_for: str | None = None
    element_id: str | None = None
    element_name: str = ""
    reason: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def process_instance(
    work: Work, *, process_instance_id: str, now: datetime, enterprise_id: str | None = None
) -> InstanceDetail:
    """The case as it is now. Raises NotFound."""
    found, execution = _loaded(work, process_instance_id, enterprise_id)
    visits = work.execute(
        select(ElementInstance.__table__).where(ElementInstance.process_instance_id == process_instance_id)
    ).all()
    shown = rows(work, [work.execute(_row_query(process_instance_id)).one()])[0]
    names = element_names(work, process_instance_id, found)
    children = _related(work, ProcessInstance.started_by_instance_id == process_instance_id)
    parent = _related(work, ProcessInstance.id == shown.started_by_instance_id) if shown.started_by_instance_id else ()
    return InstanceDetail(
        row=shown,
        active=tuple(
            ActiveElement(
                each.element_instance_id,
                each.element_id,
                found.element_name(each.element_id),
                each.element_type,
                each.process_id,
                each.scope_id,
                each.activated_at,
            )
            for each in visits
            if each.state == "active"
        ),
        done_element_ids=tuple(
            dict.fromkeys(names.present_id(each.element_id) for each in visits if each.state == "completed")
        ),
        taken_flow_ids=tuple(dict.fromkeys(flow for facts in _facts(work, process_instance_id) for flow in facts)),
        waiting=why_waiting(work, shown, found, execution, now),
        variables=execution.variables,
        local_variables=_locals(execution),
        incidents=_incidents(work, process_instance_id, found),
        parent=parent[0] if parent else None,
        children=children,
    )


def _row_query(process_instance_id: str) -> Any:
    return (
        select(*ROW_COLUMNS)
        .select_from(ProcessInstance)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(ProcessInstance.id == process_instance_id)
    )


def _loaded(work: Work, process_instance_id: str, enterprise_id: str | None) -> tuple[Compiled, "runtime.Execution"]:
    row = work.execute(
        select(
            ProcessInstance.id,
            ProcessInstance.enterprise_id,
            ProcessInstance.state,
            ProcessInstance.snapshot,
            ProcessDefinition.bundle_digest,
            ProcessDefinition.bundle,
        )
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(ProcessInstance.id == process_instance_id)
    ).one_or_none()
    if row is None or (enterprise_id is not None and row.enterprise_id != enterprise_id):
        raise NotFound(f"The case {process_instance_id} does not exist: look again.")
    found = compiled(work, row.bundle_digest, row.bundle)
    return found, runtime.Execution.load(found.definition, expand(row.snapshot))


def _facts(work: Work, process_instance_id: str) -> list[tuple[str, ...]]:
    stored = work.execute(
        select(Step.facts).where(Step.process_instance_id == process_instance_id).order_by(Step.number)
    ).scalars()
    return [unpack_facts(facts).flow_ids for facts in stored]


def _locals(execution: "runtime.Execution") -> dict[int, Mapping[str, Any]]:
    outer = execution.variables
    seen = {each.element_instance_id for each in execution.waiting() if each.element_instance_id}
    found = {}
    for element_instance_id in seen:
        own = {
            name: value
            for name, value in execution.variables_of(element_instance_id).items()
            if name not in outer or outer[name] != value
        }
        if own:
            found[element_instance_id] = own
    return found


def _incidents(work: Work, process_instance_id: str, found: Compiled) -> tuple[IncidentRow, ...]:
    stored = work.execute(
        select(Incident.__table__)
        .where(Incident.process_instance_id == process_instance_id)
        .order_by(Incident.raised_at.desc())
    ).all()
    return tuple(
        IncidentRow(
            each.id,
            each.element_id,
            found.element_name(each.element_id),
            each.kind,
            each.message,
            each.state,
            each.raised_at,
            each.resolved_at,
            each.resolved_by,
            each.assigned_to,
        )
        for each in stored
    )


def _related(work: Work, condition: Any) -> tuple[RelatedCase, ...]:
    stored = work.execute(
        select(
            ProcessInstance.id,
            ProcessInstance.process_id,
            ProcessInstance.title,
            ProcessInstance.business_key,
            ProcessInstance.state,
        )
        .where(condition)
        .order_by(ProcessInstance.started_at)
        .limit(200)
    ).all()
    return tuple(RelatedCase(*each) for each in stored)


# Why is it waiting ----------------------------------------------------------------------------------------------------


def why_waiting(
    work: Work, shown: InstanceRow, found: Compiled, execution: "runtime.Execution", now: datetime
) -> tuple[Waiting, ...]:
    """One reason per thing that the case waits for; none when it has ended."""
    if shown.state not in ("active", "suspended"):
        return ()
    reasons: list[Waiting] = []
    if shown.state == "suspended":
        reasons.append(Waiting("suspended", "suspended", None, "", {}))
    tasks = _by_element_instance(work, UserTask, shown.id, UserTask.state == "open")
    jobs = _by_element_instance(work, Job, shown.id)
    subscriptions = {row.subscription_id: row for row in _stored(work, MessageSubscription, shown.id)}
    describe = {
        "userTask": lambda each: _task_reason(tasks.get(each.element_instance_id)),
        "job": lambda each: _job_reason(jobs.get(each.element_instance_id), now),
        "timer": lambda each: ("timer", {"due_at": each.due_at}, None),
        "message": lambda each: _message_reason(each, subscriptions.get(each.id)),
        "signal": lambda each: _signal_reason(each, subscriptions.get(each.id)),
        "condition": lambda each: ("condition", {"condition": each.name}, None),
        "incident": lambda each: ("incident", {"message": each.name}, None),
    }
    for each in execution.waiting():
        key, values, since = describe[each.kind](each)
        kind = "user_task" if each.kind == "userTask" else each.kind
        reasons.append(Waiting(kind, key, each.element_id, found.element_name(each.element_id), values, since))
    return tuple(reasons)


def _stored(work: Work, mapped: type, process_instance_id: str, *conditions: Any) -> list[Any]:
    return work.execute(
        select(mapped.__table__).where(mapped.process_instance_id == process_instance_id, *conditions)
    ).all()


def _by_element_instance(work: Work, mapped: type, process_instance_id: str, *conditions: Any) -> dict[int, Any]:
    return {row.element_instance_id: row for row in _stored(work, mapped, process_instance_id, *conditions)}


def _task_reason(task: Any) -> tuple[str, dict[str, Any], datetime | None]:
    if task is None:
        return "group_task", {"candidates": "–"}, None
    suffix = "_due" if task.due_at else ""
    values = {"due_at": task.due_at} if task.due_at else {}
    if task.assignee:
        return f"assigned_task{suffix}", values | {"assignee": task.assignee}, task.claimed_at
    return f"group_task{suffix}", values | {"candidates": task.role or "–"}, task.created_at


def _job_reason(job: Any, now: datetime) -> tuple[str, dict[str, Any], datetime | None]:
    if job is None:
        return "job", {"topic": "–"}, None
    if job.lock_until is not None and job.lock_until > now:
        return "job_running", {"topic": job.topic}, job.created_at
    if job.last_error and job.due_at > now:
        values = {"topic": job.topic, "error": job.last_error, "due_at": job.due_at, "retries_left": job.retries_left}
        return "job_retry", values, job.created_at
    return "job", {"topic": job.topic}, job.created_at


def _message_reason(each: Any, stored: Any) -> tuple[str, dict[str, Any], datetime | None]:
    keys = ", ".join(f"{name} = {feel.display(value)}" for name, value in (each.correlation or {}).items())
    since = stored.opened_at if stored is not None else None
    return "message", {"message": each.name, "keys": f" ({keys})" if keys else "", "since": since}, since


def _signal_reason(each: Any, stored: Any) -> tuple[str, dict[str, Any], datetime | None]:
    since = stored.opened_at if stored is not None else None
    return "signal", {"signal": each.name, "since": since}, since


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else "–" if value is None else str(value)


# Timeline -------------------------------------------------------------------------------------------------------------


def timeline(work: Work, *, process_instance_id: str, enterprise_id: str | None = None) -> tuple[TimelineEntry, ...]:
    """What happened, oldest first: steps with their facts, element visits, and what people did."""
    found, _ = _loaded(work, process_instance_id, enterprise_id)
    names = element_names(work, process_instance_id, found)
    entries = [
        *_visits(work, process_instance_id, names),
        *_steps(work, process_instance_id, names),
        *_audits(work, process_instance_id, names),
        *_comments(work, process_instance_id),
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _visits(work: Work, process_instance_id: str, found: ElementNames) -> list[TimelineEntry]:
    tasks = _by_element_instance(work, UserTask, process_instance_id)
    entries = []
    for visit in sorted(_stored(work, ElementInstance, process_instance_id), key=lambda row: row.element_instance_id):
        name = found.element_name(visit.element_id)
        base = {"element_id": visit.element_id, "element_name": name}
        about = {"element_instance_id": visit.element_instance_id, "element_type": visit.element_type}
        entries.append(TimelineEntry(visit.activated_at, "element_activated", **base, values=about))
        if visit.ended_at is not None:
            task = tasks.get(visit.element_instance_id)
            seconds = (visit.ended_at - visit.activated_at).total_seconds()
            entries.append(
                TimelineEntry(
                    visit.ended_at,
                    f"element_{visit.state}",
                    actor=task.completed_by if task else None,
                    acting_for=task.completed_for if task else None,
                    **base,
                    values=about | {"duration_seconds": seconds},
                )
            )
    return entries


def _steps(work: Work, process_instance_id: str, found: ElementNames) -> list[TimelineEntry]:
    entries = []
    for step in sorted(_stored(work, Step, process_instance_id), key=lambda row: row.number):
        facts = unpack_facts(step.facts)
        if facts.detail:
            element_id = facts.detail.get("element_id")
            entries.append(
                TimelineEntry(
                    step.at,
                    step.cause,
                    actor=step.actor,
                    element_id=element_id,
                    element_name=found.element_name(element_id),
                    values=facts.detail,
                )
            )
        entries.extend(
            TimelineEntry(
                fact.at,
                fact.kind,
                actor=step.actor,
                element_id=fact.element_id,
                element_name=found.element_name(fact.element_id),
                values=fact.values,
            )
            for fact in facts.facts
        )
    return entries


def _audits(work: Work, process_instance_id: str, found: ElementNames) -> list[TimelineEntry]:
    stored = work.execute(
        select(Audit.__table__, UserTask.element_id, UserTask.name.label("task_name"))
        .outerjoin(UserTask, UserTask.id == Audit.user_task_id)
        .where(Audit.process_instance_id == process_instance_id)
        .order_by(Audit.at, Audit.id)
    ).all()
    return [
        TimelineEntry(
            row.at,
            row.verb,
            actor=row.actor,
            acting_for=row.acting_for,
            element_id=row.element_id or (row.detail or {}).get("element_id"),
            element_name=row.task_name or found.element_name((row.detail or {}).get("element_id")),
            reason=row.reason,
            values=row.detail or {},
        )
        for row in stored
    ]


def _comments(work: Work, process_instance_id: str) -> list[TimelineEntry]:
    return [
        TimelineEntry(row.created_at, "comment", actor=row.author, values={"body": row.body, "id": row.id})
        for row in _stored(work, Comment, process_instance_id)
    ]


def variable_history(work: Work, *, process_instance_id: str) -> tuple[TimelineEntry, ...]:
    """Every change of the case's variables, oldest first: values holds source, scope_id and variables."""
    found: list[TimelineEntry] = []
    for step in sorted(_stored(work, Step, process_instance_id), key=lambda row: row.number):
        found.extend(
            TimelineEntry(fact.at, fact.kind, actor=step.actor, values=fact.values)
            for fact in unpack_facts(step.facts).facts
            if fact.kind == "variables_changed"
        )
    return tuple(found)
