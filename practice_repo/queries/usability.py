"""Usability and resistance (A42, Fjermestad and Romano 2003): what hurts in the work, and who does not join in."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import mean, median
from typing import Any

from sqlalchemy import Row, func, or_, select

from engine.commands.note_form_errors import FORM_REFUSED
from engine.queries.compiled import form_set
from engine.store.tables import Audit, ProcessDefinition, UserTask
from engine.store.unit_of_work import Work
from practice_repo.activities import Activity, activities_of
from practice_repo.nba_tables import NbaActivity, NbaEstimate, NbaRollout
from practice_repo.practice import Text

WEEKS = 12  # looked back
MOST_TASKS = 20_000  # the newest of them are looked at
ABANDONED_AFTER = timedelta(days=3)  # a draft of an open task that nobody has touched for so long; start value
LONG_FORM = 15  # fields: more than people fill in without a pause; start value
LONG_PENALTY = 0.2
WORRYING_RESISTANCE = 4  # of 1 (welcomes it) to 5 (refuses it), as the form of the rollout says
TASK, AUDIT = UserTask.__table__.c, Audit.__table__.c
GIVEN_BACK = "unclaim"


@dataclass(frozen=True)
class FormInUse:
    """A form and what became of its tasks in the last weeks; times in minutes, counts of tasks."""

    process_id: str
    process_name: Text
    form_key: str
    definition_id: str  # of a task with it, with element_id for its name
    element_id: str
    name: str
    tasks: int
    completed: int
    median_minutes: float | None
    given_back: int
    abandoned: int
    refused: int  # times that it was sent with entries that did not fit
    fields: int | None

    @property
    def is_long(self) -> bool:
        return (self.fields or 0) > LONG_FORM

    @property
    def pain(self) -> float:
        """Given back, abandoned and refused per task (at most 1 each), and something for a long form."""
        if not self.tasks:
            return 0.0
        troubles = (min(count / self.tasks, 1.0) for count in (self.given_back, self.abandoned, self.refused))
        return sum(troubles) + (LONG_PENALTY if self.is_long else 0.0)


@dataclass(frozen=True)
class RoleAdoption:
    """Whether the people of a role work with the processes. Shares are 0 to 1, None where there is nothing to share."""

    role: str
    people: int  # who have it
    active: int  # of them: who completed a task of the role
    completed: int
    open: int
    overdue: int
    resistance: float | None  # 1 to 5, mean of the newest survey of each rollout
    trained: int  # people, over all rollouts

    @property
    def adoption(self) -> float | None:
        return self.active / self.people if self.people and (self.completed or self.open) else None

    @property
    def overdue_share(self) -> float | None:
        return self.overdue / self.open if self.open else None

    @property
    def resists(self) -> bool:
        return self.resistance is not None and self.resistance >= WORRYING_RESISTANCE


@dataclass(frozen=True)
class Reserve:
    """What an activity's estimate sets aside for resistance, as a share of its cost, and its chance of success."""

    activity: Activity
    share: Decimal
    success: Decimal


@dataclass(frozen=True)
class Voice:
    """What people said in a rollout: before it, and when its adoption was checked."""

    activity: Activity
    doubts: str
    troubles: str


@dataclass(frozen=True)
class Usability:
    since: datetime
    forms: tuple[FormInUse, ...]  # what hurts most first
    roles: tuple[RoleAdoption, ...]
    reserves: tuple[Reserve, ...]  # highest first
    voices: tuple[Voice, ...]  # newest rollout first
    tasks: int
    is_cut: bool  # there were more than MOST_TASKS

    @property
    def without_reserve(self) -> int:
        return sum(1 for each in self.reserves if not each.share)


def usability(
    work: Work, *, enterprise_id: str, people_by_role: Mapping[str, Iterable[str]], now: datetime
) -> Usability:
    """The last twelve weeks of an enterprise's work, in a constant number of statements.

    `people_by_role` names who has which role, by sign-in name.
    """
    since = now - timedelta(weeks=WEEKS)
    rows = _tasks(work, enterprise_id, since)
    tasks = rows[:MOST_TASKS]
    definitions = _definitions(work, enterprise_id)
    audited = _audited(work, enterprise_id, since)
    rollouts = _rollouts(work, enterprise_id)
    activities = {each.id: each for each in activities_of(work, enterprise_id)}
    return Usability(
        since=since,
        forms=_forms(work, tasks, definitions, audited, now),
        roles=_roles(tasks, people_by_role, [plan for _activity_id, plan in rollouts], now),
        reserves=_reserves(work, enterprise_id, activities.values()),
        voices=tuple(_voices(rollouts, activities)),
        tasks=len(tasks),
        is_cut=len(rows) > MOST_TASKS,
    )


def _tasks(work: Work, enterprise_id: str, since: datetime) -> list[Row[Any]]:
    """Tasks that came in the window, and those that are still open; the newest first."""
    names = (
        "id process_id definition_id element_id name role form_key state created_at claimed_at ended_at completed_by "
        "draft_saved_at due_order"
    )
    return list(
        work.execute(
            select(*(TASK[name] for name in names.split()))
            .where(TASK.enterprise_id == enterprise_id, or_(TASK.created_at >= since, TASK.state == "open"))
            .order_by(TASK.created_at.desc())
            .limit(MOST_TASKS + 1)
        )
    )


def _definitions(work: Work, enterprise_id: str) -> dict[str, Row[Any]]:
    columns = ProcessDefinition.__table__.c
    statement = select(columns.process_id, columns.name, columns.name_zh, columns.bundle).where(
        columns.enterprise_id == enterprise_id, columns.is_latest
    )
    return {row.process_id: row for row in work.execute(statement)}


def _audited(work: Work, enterprise_id: str, since: datetime) -> Counter[tuple[str, str]]:
    """How often each task was given back or refused, by (task id, verb)."""
    statement = (
        select(AUDIT.user_task_id, AUDIT.verb, func.count())
        .where(AUDIT.enterprise_id == enterprise_id, AUDIT.at >= since, AUDIT.verb.in_((GIVEN_BACK, FORM_REFUSED)))
        .group_by(AUDIT.user_task_id, AUDIT.verb)
    )
    return Counter({(row[0], row[1]): row[2] for row in work.execute(statement)})


def _forms(
    work: Work,
    tasks: Iterable[Row[Any]],
    definitions: Mapping[str, Row[Any]],
    audited: Counter[tuple[str, str]],
    now: datetime,
) -> tuple[FormInUse, ...]:
    by_form: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for task in tasks:
        if task.form_key:
            by_form[task.process_id, task.form_key].append(task)
    digests = {key: _digest(definitions.get(key[0]), key[1]) for key in by_form}
    read = form_set(work, sorted({digest for digest in digests.values() if digest}))
    found = []
    for key, rows in by_form.items():
        form = read.get(digests[key] or "")
        found.append(_form(key, rows, definitions.get(key[0]), audited, len(form.keys) if form else None, now))
    return tuple(sorted(found, key=lambda form: (-form.pain, -(form.median_minutes or 0) * form.completed)))


def _digest(definition: Row[Any] | None, form_key: str) -> str | None:
    return definition.bundle.get("forms", {}).get(form_key) if definition else None


def _form(
    key: tuple[str, str],
    rows: list[Row[Any]],
    definition: Row[Any] | None,
    audited: Counter[tuple[str, str]],
    fields: int | None,
    now: datetime,
) -> FormInUse:
    times = [
        (row.ended_at - row.claimed_at).total_seconds() / 60
        for row in rows
        if row.state == "completed" and row.claimed_at and row.ended_at
    ]
    newest = rows[0]
    name = Text(definition.name, definition.name_zh or definition.name) if definition else Text(key[0], key[0])
    return FormInUse(
        process_id=key[0],
        process_name=name,
        form_key=key[1],
        definition_id=newest.definition_id,
        element_id=newest.element_id,
        name=newest.name,
        tasks=len(rows),
        completed=sum(1 for row in rows if row.state == "completed"),
        median_minutes=median(times) if times else None,
        given_back=sum(1 for row in rows if audited[row.id, GIVEN_BACK]),
        abandoned=sum(1 for row in rows if _is_abandoned(row, now)),
        refused=sum(audited[row.id, FORM_REFUSED] for row in rows),
        fields=fields,
    )


def _is_abandoned(task: Row[Any], now: datetime) -> bool:
    """Somebody began to fill it in, and nothing came of it."""
    if task.draft_saved_at is None or task.state == "completed":
        return False
    return task.state == "cancelled" or now - task.draft_saved_at > ABANDONED_AFTER


def _rollouts(work: Work, enterprise_id: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The activity and the plan of every rollout, oldest first."""
    rollouts = NbaRollout.__table__.c
    statement = select(rollouts.activity_id, rollouts.plan).where(rollouts.enterprise_id == enterprise_id)
    return [(row.activity_id, row.plan or {}) for row in work.execute(statement.order_by(rollouts.started_at))]


def _voices(rollouts: Iterable[tuple[str, Mapping[str, Any]]], activities: Mapping[str, Activity]) -> Iterable[Voice]:
    for activity_id, plan in reversed(list(rollouts)):
        said = [str(plan.get(name) or "").strip() for name in ("resistance_note", "usability")]
        if any(said) and activity_id in activities:
            yield Voice(activities[activity_id], *said)


def _roles(
    tasks: Iterable[Row[Any]],
    people_by_role: Mapping[str, Iterable[str]],
    plans: Iterable[Mapping[str, Any]],
    now: datetime,
) -> tuple[RoleAdoption, ...]:
    """Roles with work or a survey; where least people join in first."""
    by_role: dict[str, list[Row[Any]]] = defaultdict(list)
    for task in tasks:
        if task.role:
            by_role[task.role].append(task)
    plans = list(plans)
    surveyed = {role for plan in plans for role in (*plan.get("resistance", {}), *plan.get("trained", {}))}
    found = (
        _role(role, by_role.get(role, []), frozenset(people_by_role.get(role, ())), plans, now)
        for role in sorted({*by_role, *surveyed})
    )
    return tuple(sorted(found, key=lambda role: (role.adoption is None, role.adoption or 0.0, role.role)))


def _role(
    role: str, tasks: list[Row[Any]], people: frozenset[str], plans: Iterable[Mapping[str, Any]], now: datetime
) -> RoleAdoption:
    done = [task for task in tasks if task.state == "completed"]
    waiting = [task for task in tasks if task.state == "open"]
    answers = [answer for plan in plans if (answer := _number(plan.get("resistance", {}).get(role))) is not None]
    return RoleAdoption(
        role=role,
        people=len(people),
        active=len({task.completed_by for task in done} & people),
        completed=len(done),
        open=len(waiting),
        overdue=sum(1 for task in waiting if task.due_order < now),
        resistance=mean(answers) if answers else None,
        trained=int(sum(_number(plan.get("trained", {}).get(role)) or 0 for plan in plans)),
    )


def _number(value: Any) -> float | None:
    """What a form left there: a number, or its text."""
    try:
        return None if value in (None, "") else float(value)
    except (TypeError, ValueError):
        return None


def _reserves(work: Work, enterprise_id: str, known: Iterable[Activity]) -> tuple[Reserve, ...]:
    """Activities that can be chosen or run, with what their current estimate says; without an estimate they are not
    here."""
    estimates, activities = NbaEstimate.__table__.c, NbaActivity.__table__.c
    statement = (
        select(estimates.activity_id, estimates.content)
        .join(NbaActivity.__table__, activities.id == estimates.activity_id)
        .where(activities.enterprise_id == enterprise_id, estimates.is_current)
    )
    content = {row.activity_id: row.content for row in work.execute(statement)}
    found = (
        Reserve(
            activity,
            Decimal(str(content[activity.id].get("resistance_share", 0))),
            Decimal(str(content[activity.id].get("success", 1))),
        )
        for activity in known
        if activity.id in content and activity.state in ("available", "selected", "executing")
    )
    return tuple(sorted(found, key=lambda each: (-each.share, each.activity.key)))
